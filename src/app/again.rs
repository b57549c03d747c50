//! What was said is taken back, to be said in other words. Nothing that was said is removed: it stays in the chat and in the store.

use super::plain::Form;
use super::state::{Focus, State};
use super::{proposing, review, turn};
use crate::base::text;
use crate::domain::kb::Span;
use crate::protocol::action::{Action, Context};
use crate::protocol::message::Effect;

/// The words of a message with their origins, as far as the history knows them; what nobody knows counts as pasted.
pub fn spans_of(state: &State, text: String) -> Vec<Span> {
    state.prompt.history.spans_of(&text).unwrap_or_else(|| vec![Span::pasted(text)])
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
    let Some(message) = state.log.take_back() else { return effects };
    let spans = spans_of(state, message.clone());
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
