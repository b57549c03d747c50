//! Layer two at work: what the model proposes goes through the gate and joins what waits for review. It never writes KB.md, and its
//! failure takes nothing away.

use super::plain::Form;
use super::review::{self, Offer};
use super::state::{Asking, Replying, State, Tally, Turn};
use super::trust;
use crate::domain::chat::{Level, ToolResult};
use crate::domain::exchange::{Endpoint, Outcome, Protocol, ReplyEvent};
use crate::domain::inquiry::Inquiry;
use crate::domain::kb::arguments::{self, Proposed};
use crate::domain::kb::fence::{Block, End};
use crate::domain::kb::gate::{self, Channel, Checked, Heard};
use crate::domain::kb::proposal::{self, Merged};
use crate::domain::kb::{Band, Candidate, Span};
use crate::domain::settings::{Switch, endpoints};
use crate::protocol::message::{Effect, TaskId};

/// After so many failing calls in a turn nothing more of the model is looked at in it: one call and one retry.
const TRIES: u32 = 2;

/// Gives every tool call its result. True when there was one.
pub fn answer_calls(state: &mut State, replying: &mut Replying, whole: Whole) -> bool {
    let calls = state.log.reply(replying.entry).map(|reply| reply.calls.clone()).unwrap_or_default();
    let mut results = Vec::new();
    for call in &calls {
        let (text, failed) = match whole {
            Whole::No => {
                ("The reply was cut before this call was complete; nothing was done.".to_string(), true)
            }
            Whole::Yes if call.name == gate::TOOL => {
                propose(state, replying, arguments::read(&call.arguments))
            }
            Whole::Yes => (format!("There is no tool {}.", call.name), true),
        };
        results.push(ToolResult { id: call.id.clone(), text, failed });
    }
    state.log.amend(replying.entry, |reply| reply.results = results);
    !calls.is_empty()
}

/// Whether a reply came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    Yes,
    No,
}

/// Takes what the model wrote in its blocks; the reply keeps nothing of them: they are no part of the answer, and a model that read
/// its old blocks again would repeat them. True when there was a block.
pub fn take_blocks(state: &mut State, replying: &mut Replying, whole: Whole) -> bool {
    let Some(fence) = &mut replying.fence else { return false };
    let rest = fence.finish();
    let blocks: Vec<Block> = fence.blocks().to_vec();
    state.log.amend(replying.entry, |reply| {
        reply.text.push_str(&rest);
        if !blocks.is_empty() {
            reply.text.truncate(reply.text.trim_end().len());
        }
    });
    for block in blocks.iter().filter(|block| whole == Whole::Yes || block.end == End::Closed) {
        // An empty block says that there is nothing to propose.
        if block.text.contains('{') {
            propose(state, replying, arguments::read(&block.text));
        }
    }
    !blocks.is_empty()
}

/// The gate, then the merge with what is pending. The text is the tool's result.
fn propose(
    state: &mut State,
    replying: &mut Replying,
    edits: Vec<Result<Proposed, String>>,
) -> (String, bool) {
    if state.decided.is_wary() {
        let text = "The user wants no more proposals of yours in this session; go on with the task.";
        return (text.to_string(), true);
    }
    if replying.tally.failures >= TRIES {
        return ("Dropped; go on with the task, and propose nothing more in this turn.".to_string(), true);
    }
    let room = gate::MOST.saturating_sub(replying.tally.admitted);
    let checked =
        check(state, edits, &replying.message, state.decided.earlier(), state.log.reply_before(), room);
    replying.tally.admitted += checked.admitted.len();
    let (merged, offered) = join(state, &replying.candidates, &checked);
    let mut said = Vec::new();
    if offered.contains(&Offer::Waits) || checked.admitted.len() > offered.len() + merged.known.len() {
        said.push("The user will review the edit; go on with the task and do not repeat it.".to_string());
    }
    let mut declined: Vec<&str> = offered.iter().filter_map(|offer| offer.to_model()).collect();
    declined.dedup();
    said.extend(declined.into_iter().map(str::to_string));
    said.extend(merged.known.iter().map(|line| format!("KB.md line {} already says it.", line.line)));
    if !checked.refused.is_empty() {
        tell(state, replying.tally, &checked);
        replying.tally.failures += 1;
        if replying.tally.failures >= TRIES {
            said.push("Dropped; go on with the task, and propose nothing more in this turn.".to_string());
        } else {
            said.extend(checked.refused.iter().cloned());
            said.push("You may call once more in this turn.".to_string());
        }
    }
    (said.join("\n"), checked.admitted.is_empty() && !checked.refused.is_empty())
}

fn check(
    state: &State,
    edits: Vec<Result<Proposed, String>>,
    turn: &[Span],
    earlier: &[String],
    reply: &str,
    room: usize,
) -> Checked {
    let tools = &state.tools;
    let heard = Heard { turn, earlier, reply };
    gate::check_edits(&tools.detector, &tools.reconciler, edits, heard, &state.kb.document, room)
}

/// Offers what passed. One line tells the user of the first refusal of a turn, and no more.
fn tell(state: &mut State, tally: Tally, checked: &Checked) {
    if tally.failures > 0 {
        return;
    }
    match (checked.foreign, checked.refused.first()) {
        (0, Some(why)) => {
            state.notice(Level::Info, format!("A KB.md edit by the model was not offered: {why}"));
        }
        (0, None) => {}
        (count, _) => {
            let edits = if count == 1 { "an edit".to_string() } else { format!("{count} edits") };
            let text = format!(
                "Text that you did not type tried to change KB.md: {edits} resting on pasted or quoted words, a file or the \
                 model's own reply was not offered."
            );
            state.notice(Level::Warning, text);
        }
    }
}

/// Merges what passed with what waits, and offers the rest.
fn join(state: &mut State, candidates: &[Candidate], checked: &Checked) -> (Merged, Vec<Offer>) {
    let weak: Vec<Candidate> =
        candidates.iter().filter(|candidate| candidate.band == Band::Weak).cloned().collect();
    let mut merged = proposal::merge(
        &mut state.review.pending,
        &weak,
        &checked.admitted,
        &state.kb.document,
        &state.tools.reconciler,
    );
    for (id, text) in std::mem::take(&mut merged.reworded) {
        review::reworded_by_model(state, id, text);
    }
    let offered = std::mem::take(&mut merged.fresh)
        .into_iter()
        .map(|(candidate, edit, source)| review::offer(state, candidate, edit, source))
        .collect();
    (merged, offered)
}

/// How the model of an endpoint hands in its proposals.
pub fn channel(state: &State, endpoint: &Endpoint) -> Channel {
    let proposing = &state.connection.proposing;
    let known = proposing.toolless.contains(&server(endpoint));
    if proposing.tools == Switch::Off || known { Channel::Block } else { Channel::Tool }
}

/// The server and its model: one takes tools where another does not.
fn server(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.base_url, endpoint.model)
}

/// The server takes no tools: remembered for the session, so that each request asks for a block at once.
pub fn without_tools(state: &mut State, endpoint: &Endpoint) {
    state.connection.proposing.toolless.insert(server(endpoint));
}

/// The small extra call, when a whole reply without tools proposed nothing and there is something to ask about. It is work of its
/// own: nothing waits for it.
pub fn inquire(state: &mut State, replying: &Replying) -> Vec<Effect> {
    let endpoint = &replying.endpoint;
    let wanted = match state.connection.proposing.extra_call {
        Switch::Auto => endpoints::is_near(&endpoint.base_url),
        Switch::On => true,
        Switch::Off => false,
    };
    let unsure: Vec<Candidate> =
        replying.candidates.iter().filter(|candidate| candidate.band == Band::Weak).cloned().collect();
    let busy = !state.queue.is_empty() || state.decided.is_wary() || trust::is_newer(state);
    if !wanted || busy || endpoint.protocol == Protocol::Offline || unsure.is_empty() {
        return Vec::new();
    }
    let words = &state.tools.reconciler.tables().words;
    let Some(inquiry) = Inquiry::about(&unsure, &state.kb.document, words, endpoint) else {
        return Vec::new();
    };
    let task = state.errands.task();
    let request = Box::new(inquiry.request.clone());
    let earlier = state.decided.earlier().to_vec();
    let message = replying.message.clone();
    state.errands.asking =
        Some(Box::new(Asking { task, inquiry, answer: String::new(), unsure, message, earlier }));
    vec![Effect::Ask { task, request }]
}

/// A piece of an extra call's answer; false when the task is another's.
pub fn extra_replied(state: &mut State, task: TaskId, event: &ReplyEvent) -> bool {
    let Some(asking) = state.errands.asking.as_mut().filter(|asking| asking.task == task) else {
        return false;
    };
    if let ReplyEvent::Text(text) = event {
        asking.answer.push_str(text);
    }
    true
}

/// The extra call ended. Whatever failed, nothing is said: the turn is long over.
pub fn extra_ended(state: &mut State, task: TaskId, outcome: &Outcome) -> bool {
    let Some(asking) = state.errands.asking.take_if(|asking| asking.task == task) else { return false };
    if !matches!(outcome, Outcome::Complete(_)) {
        return true;
    }
    let edits = asking.inquiry.edits(&asking.answer);
    let mut checked = check(state, edits, &asking.message, &asking.earlier, "", gate::MOST);
    // It was asked about these words, so it may speak of no others.
    let asked = |quote: &str| asking.unsure.iter().any(|weak| proposal::overlaps(&weak.quote, quote));
    checked.admitted.retain(|admitted| asked(&admitted.quote));
    join(state, &asking.unsure, &checked);
    true
}

/// Drops an extra call that still runs: a server that does one thing at a time must be free for the user.
pub fn stop_asking(state: &mut State) -> Vec<Effect> {
    state.errands.asking.take().map(|asking| Effect::Cancel { task: asking.task }).into_iter().collect()
}

/// Says where no model judged it that the message may hold a rule, and how to keep it.
pub fn hint(state: &mut State, candidates: &[Candidate]) {
    let unsure = candidates.iter().find(|found| found.band == Band::Weak && !found.text.is_empty());
    if let Some(unsure) = unsure {
        let text = unsure.text.clone();
        let offers = match state.screen.form {
            Form::Screen | Form::Linear(_) => "/remember alone",
            Form::Once => "`dictum kb add`",
        };
        state.note(format!("a standing rule? {offers} offers it: {text}"));
        state.decided.unsure = Some(text);
    }
}

/// The turn that a reply belongs to, taken out; another turn stays where it is.
pub fn take_turn(state: &mut State, task: TaskId) -> Option<Box<Replying>> {
    match std::mem::take(&mut state.turn) {
        Turn::Replying(replying) if replying.task == task => Some(replying),
        // The end of a reply that was stopped may come when the next turn has begun; it must not end that one.
        other @ (Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) | Turn::Replying(_)) => {
            state.turn = other;
            None
        }
    }
}
