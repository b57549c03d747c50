//! What the prompt holds goes to the disk and comes back at the next start. It never sends what comes back.

use super::recording;
use super::state::{State, Storing, Turn};
use crate::domain::kb::{Span, joined};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, Prompts};

/// Looks whether something changed that is kept.
pub fn look(state: &mut State) {
    if stays_out(state) {
        // It stays out, also when the rest is kept again.
        state.prompt.leave_out();
    }
    state.prompt.look();
    let revision = state.prompt.revision() + state.queue.revision();
    state.prompt.keeping.look(revision, state.screen.now);
}

/// What is to be written now.
pub fn when_due(state: &mut State) -> Vec<Effect> {
    match state.prompt.keeping.due() {
        Some(due) if due <= state.screen.now => now(state),
        Some(_) | None => Vec::new(),
    }
}

/// What is to be written before the program ends, whether it is due or not.
pub fn now(state: &mut State) -> Vec<Effect> {
    if !state.prompt.keeping.take() {
        return Vec::new();
    }
    let mut effects = kept(state);
    effects.extend(recording::now(state));
    effects
}

/// What follows is private: what was written before is kept once more, since it is not.
pub fn begin_private(state: &mut State) -> Vec<Effect> {
    state.prompt.begin_private();
    kept(state)
}

/// What the prompt holds.
fn kept(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    let messages = state.prompt.take_unsaved();
    if !messages.is_empty() {
        effects.push(Effect::Remember { messages });
    }
    match state.recording.storing {
        // What an earlier run left was not taken: it waits for one that keeps anything.
        Storing::Off => {}
        // What was there before stays.
        Storing::Private => {
            let drafts = state.prompt.before_private().to_vec();
            effects.push(Effect::KeepDraft { drafts, queue: queue(state) });
        }
        // A store that fails is no wish of the user's.
        Storing::On | Storing::Unusable => {
            effects.push(Effect::KeepDraft { drafts: state.prompt.drafts(), queue: queue(state) });
        }
    }
    effects
}

/// What waits and was not sent in private.
fn queue(state: &State) -> Vec<Vec<Span>> {
    let waiting = state.queue.iter().map(|waiting| &waiting.message);
    waiting.filter(|message| !state.prompt.history.is_apart(&joined(message))).cloned().collect()
}

/// Whether the user wants nothing of this conversation on the disk.
fn stays_out(state: &State) -> bool {
    match state.recording.storing {
        Storing::Off | Storing::Private => true,
        Storing::On | Storing::Unusable => false,
    }
}

/// The history comes back, and what an earlier session left in its prompt. What is being typed already is not touched.
pub fn read(state: &mut State, prompts: Prompts) {
    let Prompts { history, mut drafts, queue } = prompts;
    // A resumed session may have brought it back already.
    let shown = joined(&state.prompt.editor.spans());
    drafts.retain(|draft| shown.is_empty() || joined(draft) != shown);
    state.prompt.history.begin_with(history);
    let shown = if state.prompt.is_unused() { drafts.pop() } else { None };
    let mut aside = drafts.len();
    for draft in drafts {
        state.prompt.remember(draft);
    }
    // A message of last week shall not go out because another one is answered now.
    let waits = match state.turn {
        Turn::Idle => queue.len(),
        Turn::Reading { .. } | Turn::Compacting(_) | Turn::Replying(_) => 0,
    };
    for message in queue {
        if waits > 0 {
            state.queue.push(message);
        } else {
            state.prompt.remember(message);
            aside += 1;
        }
    }
    let mut told = Vec::new();
    if let Some(draft) = &shown {
        state.prompt.editor.set(draft);
        told.push(format!("your draft is back{}", lines(draft)));
    }
    if waits > 0 {
        let words = "on an empty prompt sends them";
        let send = state.tools.keymap.told("; ", Context::Prompt, Action::Submit, words);
        told.push(format!("{waits} queued message(s) wait{send}"));
    }
    if aside > 0 {
        let back = state.tools.keymap.told("; ", Context::Prompt, Action::Previous, "brings them back");
        told.push(format!("{aside} more unsent message(s){back}"));
    }
    if !told.is_empty() {
        state.note(told.join(" · "));
    }
}

fn lines(draft: &[Span]) -> String {
    match joined(draft).lines().count() {
        0 | 1 => String::new(),
        lines => format!(" ({lines} lines)"),
    }
}
