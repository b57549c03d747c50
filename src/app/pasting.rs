//! Where a paste goes. It never decides anything, and never sends.

use super::state::{Focus, MenuOf, Overlay, State};
use super::{overlay, reading, sessions};
use crate::panels::review::Mode;
use crate::protocol::message::Effect;

/// A paste goes where typing goes, as one piece, and never decides anything.
pub fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    match &mut state.focus {
        Focus::Prompt => state.prompt.paste(text),
        Focus::Reading(reading) => match &mut reading.typing {
            Some(field) => {
                field.insert(&crate::base::text::one_line(text), crate::domain::kb::Origin::Pasted);
                reading::typed(state);
            }
            None => {
                state.focus = Focus::Prompt;
                state.prompt.paste(text);
            }
        },
        Focus::Review => match &mut state.review.mode {
            Mode::Editing(editor) | Mode::Reason(editor) => {
                editor.insert(&crate::base::text::one_line(text), crate::domain::kb::Origin::Pasted);
            }
            Mode::Looking | Mode::Saving => {
                state.focus = Focus::Prompt;
                state.prompt.paste(text);
            }
        },
        Focus::Overlay(Overlay::Key(field)) => field.push(text),
        Focus::Overlay(Overlay::Menu(MenuOf::Setup, _)) => {
            state.focus = Focus::Prompt;
            state.prompt.paste(text);
        }
        // It waits below the question, which is no less a question for it.
        Focus::Overlay(Overlay::Trust(_)) => state.prompt.paste(text),
        Focus::Overlay(over) => match overlay::menu(over) {
            Some(menu) => {
                menu.type_text(text);
                return sessions::filter_changed(state);
            }
            None => {
                state.focus = Focus::Prompt;
                state.prompt.paste(text);
            }
        },
    }
    Vec::new()
}
