//! The two keys that stop: what each of them ends, in which order, and what only two presses in a row do. A draft is never lost by one.

use super::state::{Focus, State, Turn};
use super::{again, mouse, turn};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, Millis};

/// A second press within this time is meant. Milliseconds.
const TWICE: Millis = 2_000;

/// Which of the two keys was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    Stop,
    Interrupt,
}

/// The key that was pressed last, if it was one of them and waits for a second press.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressed(Option<(Press, Millis)>);

impl Pressed {
    /// Whether this is the second press in a row; else it is the first one.
    fn again(&mut self, press: Press, now: Millis) -> bool {
        let again =
            self.0.take_if(|(before, then)| *before == press && now.saturating_sub(*then) < TWICE).is_some();
        if !again {
            self.0 = Some((press, now));
        }
        again
    }

    /// Something else was done in between.
    pub fn forget(&mut self) {
        self.0 = None;
    }
}

/// Before a key does what it does: only two presses in a row are a wish for more.
pub fn pressed(state: &mut State, action: Option<Action>) {
    match (state.screen.pressed.0, action) {
        (Some((Press::Interrupt, _)), Some(Action::Interrupt))
        | (Some((Press::Stop, _)), Some(Action::Stop)) => {}
        (Some(_) | None, _) => state.screen.pressed.forget(),
    }
}

/// Esc: stops the reply. On an empty prompt where nothing runs, twice takes the last message back.
pub fn stop(state: &mut State) -> Vec<Effect> {
    if let Some(effects) = turn::stop(state) {
        if !state.queue.is_empty() {
            let words = "on an empty prompt sends what waits";
            let send = state.tools.keymap.told("; ", Context::Prompt, Action::Submit, words);
            state.note(format!("stopped{send}"));
        }
        return effects;
    }
    if again::leave_revising(state) {
        return Vec::new();
    }
    if !state.prompt.is_unused() || state.log.newest_said().is_none() {
        return Vec::new();
    }
    if state.screen.pressed.again(Press::Stop, state.screen.now) {
        return again::take_back(state);
    }
    let words = "again takes your last message back";
    let again = state.tools.keymap.told("", Context::Prompt, Action::Stop, words);
    state.note(again);
    Vec::new()
}

/// Ctrl+C: ends what lies over the prompt, then the reply, then puts the draft aside, and twice quits.
pub fn interrupt(state: &mut State) -> Vec<Effect> {
    // What lies over the chat goes first; the draft below it is not touched.
    if !matches!(state.focus, Focus::Prompt) {
        state.focus = Focus::Prompt;
        return Vec::new();
    }
    // Whoever selected something means that.
    if let Some(copied) = mouse::copy_selection(state) {
        return copied;
    }
    if !matches!(state.turn, Turn::Idle) {
        return stop(state);
    }
    if !state.prompt.editor.is_empty() {
        state.prompt.put_aside();
        state.queue.forget_edited();
        state.errands.revising = None;
        let back = state.tools.keymap.told("; ", Context::Prompt, Action::Previous, "brings it back");
        state.note(format!("draft put aside{back}"));
        return Vec::new();
    }
    if state.screen.pressed.again(Press::Interrupt, state.screen.now) {
        return vec![Effect::Quit];
    }
    let quits = state.tools.keymap.told("", Context::Everywhere, Action::Interrupt, "again quits");
    match state.review.pending.len() {
        0 => state.note(quits),
        count => state.note(format!("{quits} and drops {count} undecided KB.md edit(s)")),
    }
    Vec::new()
}
