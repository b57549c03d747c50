//! What was said is said in other words: the last message comes back into the prompt, an earlier one is edited and branches off. Nothing
//! that was said is removed: it stays in the store.

use super::plain::Form;
use super::state::{Focus, Revising, State};
use super::{proposing, reading, review, sessions, turn};
use crate::base::text;
use crate::domain::chat::{Body, Level, Presence};
use crate::domain::kb::{Span, joined};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::Effect;

/// The words of what the user said with their origins, as they were kept with it, else as the history knows them; what nobody knows
/// counts as pasted. Nothing for anything else.
pub fn spans_of(state: &State, body: &Body) -> Vec<Span> {
    let Body::User { text, origins, .. } = body else { return Vec::new() };
    let kept = origins.spans(text).or_else(|| state.prompt.history.spans_of(text));
    kept.unwrap_or_else(|| vec![Span::pasted(text.clone())])
}

/// Takes the newest message back into the prompt; a reply that runs is stopped first. The conversation goes on as if neither had been:
/// both stay in the chat as one line each, and in the store. It is no session of its own: that would copy the whole conversation for
/// each slip of the hand, and fill the list with sessions that differ in one message.
pub fn take_back(state: &mut State) -> Vec<Effect> {
    if state.log.newest_said().is_none() {
        state.note("there is no message of yours to take back");
        return Vec::new();
    }
    let mut effects = turn::stop(state).unwrap_or_default();
    effects.extend(proposing::stop_asking(state));
    let Some(entry) = state.log.take_back().and_then(|at| state.log.entries().get(at)) else {
        return effects;
    };
    let spans = spans_of(state, &entry.body);
    let message = joined(&spans);
    let typed = state.tools.detector.typed_unmasked(&spans);
    state.decided.unsaid(&typed);
    review::unsaid(state, &message);
    state.focus = Focus::Prompt;
    state.transcript.marking.clear();
    state.transcript.follow();
    if state.screen.form != Form::Screen {
        let words: String = text::one_line(message.trim()).chars().take(200).collect();
        state.note(format!("taken back; send it as you want it: {words}"));
        return effects;
    }
    let kept = if state.prompt.editor.is_empty() {
        String::new()
    } else {
        state.tools.keymap.told("; ", Context::Prompt, Action::Previous, "brings your draft back")
    };
    state.prompt.exchange(&spans);
    state.note(format!("taken back{kept}"));
    effects
}

/// Puts the marked message of the user into the prompt, to be sent in other words; another entry is copied.
pub fn revise(state: &mut State) -> Vec<Effect> {
    let Focus::Reading(reading) = &state.focus else { return Vec::new() };
    let marked = reading.marked.and_then(|at| state.log.entries().get(at));
    let Some(entry) = marked.filter(|entry| entry.body.said().is_some()) else {
        return reading::copy_message(state);
    };
    let (message, presence) = (entry.id, entry.presence);
    let spans = spans_of(state, &entry.body);
    let draft = state.prompt.editor.spans();
    state.prompt.exchange(&spans);
    state.focus = Focus::Prompt;
    // What was taken back has no place any more to branch off from: it is a draft like another.
    if presence == Presence::Current {
        state.errands.revising = Some(Revising { message, draft });
        let stop = state.tools.keymap.told("; ", Context::Prompt, Action::Stop, "leaves it");
        state.note(format!("sending this branches off where it was said{stop}"));
    }
    Vec::new()
}

/// Where the message that is edited stands, while it does.
pub fn revised(state: &State) -> Option<usize> {
    let revising = state.errands.revising.as_ref()?;
    let at = state.log.position(revising.message)?;
    state.log.entries().get(at).filter(|entry| entry.presence == Presence::Current).map(|_| at)
}

/// Sends a message. One that was said before in other words branches off: what followed stays as it was, in a session of its own.
pub fn submit(state: &mut State, message: Vec<Span>) -> Vec<Effect> {
    let at = revised(state);
    state.errands.revising = None;
    let Some(at) = at else { return turn::submit(state, message) };
    let before = state.recording.session;
    let mut effects = sessions::fork_at(state, at);
    let kept = match before {
        Some(session) => format!("What followed stays as session {session}: /sessions."),
        None => "What followed was not saved.".to_string(),
    };
    state.notice(Level::Info, format!("Branched off here with other words. {kept}"));
    effects.extend(turn::submit(state, message));
    effects
}

/// The edited message is left as it was; the draft that stood in the prompt is there again. False when none was edited.
pub fn leave_revising(state: &mut State) -> bool {
    let Some(revising) = state.errands.revising.take() else { return false };
    state.prompt.exchange(&revising.draft);
    let back = state.tools.keymap.told("; ", Context::Prompt, Action::Previous, "brings your edit back");
    state.note(format!("your message stays as it was{back}"));
    true
}
