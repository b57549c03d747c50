//! Files that are mentioned in the draft with `@`: when they are listed, and the keys of the open list. It never reads a file.

use super::screen::Areas;
use super::state::{Focus, State};
use crate::panels::complete::{self, Choice};
use crate::panels::prompt::mention::{Shown, Wanted};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::Effect;
use ratatui::buffer::Buffer;

/// Rows of files that are shown at once.
const ROWS: usize = 8;

/// Types a letter into the draft; an `@` at the start of a word opens the list of files.
pub fn type_letter(state: &mut State, letter: char) -> Vec<Effect> {
    state.prompt.type_text(letter.encode_utf8(&mut [0; 4]));
    match state.prompt.mentions.typed(&state.prompt.editor, state.screen.now) {
        Wanted::Listing => vec![Effect::ListFiles],
        Wanted::Nothing => Vec::new(),
    }
}

/// What the open list does with an action of the prompt; false when it leaves it to the prompt.
pub fn act(state: &mut State, action: Action) -> bool {
    let prompt = &mut state.prompt;
    match (prompt.mentions.shown(), action) {
        (Shown::Closed, _) => return false,
        (Shown::Choices | Shown::Waiting | Shown::NoMatch, Action::Stop) => prompt.mentions.close(),
        (Shown::Choices, Action::Previous) => prompt.mentions.step(-1),
        (Shown::Choices, Action::Next) => prompt.mentions.step(1),
        (Shown::Choices, Action::Complete | Action::Submit) => prompt.mentions.complete(&mut prompt.editor),
        // Nothing can be completed, and blanks are not what is meant.
        (Shown::Waiting | Shown::NoMatch, Action::Complete) => {}
        (Shown::Choices | Shown::Waiting | Shown::NoMatch, _) => return false,
    }
    true
}

/// After every event: the list goes where its mention goes.
pub fn look(state: &mut State) {
    match state.focus {
        Focus::Prompt => state.prompt.mentions.look(&state.prompt.editor),
        Focus::Reading(_) | Focus::Review | Focus::Overlay(_) => state.prompt.mentions.close(),
    }
}

/// Draws the list, if it is open.
pub fn view(state: &State, areas: Areas, buffer: &mut Buffer) {
    let (prompt, theme) = (areas.prompt, &state.screen.theme);
    match state.prompt.mentions.shown() {
        Shown::Closed => {}
        Shown::Waiting => complete::say("looking for files…", prompt, theme, buffer),
        Shown::NoMatch => complete::say("no file or folder is like this", prompt, theme, buffer),
        Shown::Choices => {
            let (paths, chosen) = state.prompt.mentions.choices();
            let first = (chosen + 1).saturating_sub(ROWS.min(complete::room(prompt)).max(1));
            let choices: Vec<Choice> = paths.into_iter().skip(first).take(ROWS).map(choice).collect();
            let key = state.tools.keymap.hint(Context::Prompt, Action::Complete);
            complete::view(&choices, chosen - first, &key, prompt, theme, buffer);
        }
    }
}

fn choice(path: &str) -> Choice {
    let inner = path.trim_end_matches('/');
    let (before, word) = path.split_at_checked(inner.rfind('/').map_or(0, |at| at + 1)).unwrap_or(("", path));
    Choice { before: before.to_string(), word: word.to_string(), detail: String::new() }
}
