//! The keys of vi in the prompt, where the settings ask for them: which keys go there, and how the mode is told. It knows no command.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{Focus, State};
use super::{mentions, screen};
use crate::panels::prompt::vi::{Key, Mode, Taken};
use crate::protocol::message::{CaretShape, Effect};

/// Handles a key that vi has a meaning for; `typed` is the letter that the key types. `None` where it means what it does without vi.
pub fn key(state: &mut State, key: KeyEvent, typed: Option<char>) -> Option<Vec<Effect>> {
    let mode = state.prompt.vi.as_ref()?.mode();
    let key = match (key.code, key.modifiers, typed) {
        (KeyCode::Esc, KeyModifiers::NONE, _) => Key::Escape,
        (KeyCode::Char('r'), KeyModifiers::CONTROL, _) => Key::Redo,
        (KeyCode::Backspace, KeyModifiers::NONE, _) if mode != Mode::Insert => Key::Letter('h'),
        (KeyCode::Delete, KeyModifiers::NONE, _) if mode != Mode::Insert => Key::Letter('x'),
        (_, _, Some(letter)) => Key::Letter(letter),
        (_, _, None) => return None,
    };
    let width = screen::prompt_width(state);
    match state.prompt.press_vi(key, width) {
        Taken::Yes => Some(Vec::new()),
        Taken::No => None,
    }
}

/// A letter that goes to the prompt: a command where vi takes it, else text.
pub fn type_letter(state: &mut State, letter: char) -> Vec<Effect> {
    let width = screen::prompt_width(state);
    match state.prompt.press_vi(Key::Letter(letter), width) {
        Taken::Yes => Vec::new(),
        Taken::No => mentions::type_letter(state, letter),
    }
}

/// The mode in words, with the keys of a command that is not complete; `None` without vi.
pub fn words(state: &State) -> Option<String> {
    let vi = state.prompt.vi.as_ref()?;
    let pending = vi.pending();
    let gap = if pending.is_empty() { "" } else { " " };
    Some(format!("{}{gap}{pending}", vi.mode().word()))
}

/// The shape that the caret has; `None` where the terminal's own one stays.
pub fn caret_shape(state: &State) -> Option<CaretShape> {
    let vi = state.prompt.vi.as_ref()?;
    Some(match (vi.mode(), &state.focus) {
        (Mode::Normal | Mode::Visual | Mode::VisualLines, Focus::Prompt) => CaretShape::Block,
        (Mode::Insert, _) | (_, Focus::Reading(_) | Focus::Review | Focus::Overlay(_)) => CaretShape::Bar,
    })
}
