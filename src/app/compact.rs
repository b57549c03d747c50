//! Making room: older turns are sent as a summary, or not at all, when the model's room gets narrow; and trying a turn again. KB.md, the persona
//! and the newest message are never touched, and what is on the screen stays whole.

use super::request::{in_use, request_to};
use super::state::{Compacting, Replying, Retry, State, Tries, Turn};
use super::turn::{self, Round};
use super::{again, plain, trust, usage};
use crate::base::count::short;
use crate::domain::briefing;
use crate::domain::chat::{Body, Presence};
use crate::domain::exchange::{
    Failure, FailureKind, Message, Outcome, ReplyEvent, Request, SystemPart, Usage,
};
use crate::domain::usage::{Shares, of_message, tokens};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, TaskId};

/// How a summary is asked for.
const QUESTION: &str = include_str!("../../assets/prompts/compact.md");

/// The most that a summary may be long, in tokens.
const SUMMARY: u32 = 1_500;

/// The newest turns stay word for word up to so much, of the room or of the conversation. In percent.
const KEPT: u64 = 25;

/// The request as it would be sent now, and what it is made of.
fn request(state: &State) -> (Request, Shares) {
    let endpoint = in_use(state).into_owned();
    request_to(state, &state.kb.snapshot, endpoint, &state.personas.active, &[], None)
}

/// What the request would be made of.
pub fn shares(state: &State) -> Shares {
    request(state).1
}

/// What is sent of the conversation, turn by turn: a message of the user with what followed it.
fn turns(messages: &[Message]) -> Vec<&[Message]> {
    let starts: Vec<usize> = messages
        .iter()
        .enumerate()
        .filter(|(_, message)| matches!(message, Message::User { .. }))
        .map(|(at, _)| at)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([messages.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| messages.get(*start..end)).collect()
}

fn size(turn: &[Message]) -> u64 {
    turn.iter().map(of_message).sum()
}

/// How many of the newest turns fit into so many tokens; the newest always does, the oldest never.
fn fitting(turns: &[&[Message]], room: u64) -> usize {
    let mut sum = 0;
    let fits = turns.iter().rev().take_while(|turn| {
        sum += size(turn);
        sum <= room
    });
    fits.count().clamp(1, turns.len().saturating_sub(1).max(1))
}

/// Whether a request fills so much of the model's room that something must go first.
pub fn is_wanted(state: &State, request: &Request, shares: &Shares) -> bool {
    let Some(room) = usage::room(state, &request.endpoint) else { return false };
    let (expected, _) = usage::expected(state, shares.total());
    expected * 100 >= room * usage::FULL && turns(&request.messages).len() > 1
}

/// `/compact`.
pub fn by_hand(state: &mut State, _: &str) -> Vec<Effect> {
    if !matches!(state.turn, Turn::Idle) {
        state.note("a reply is under way; /compact works when it has ended");
        return Vec::new();
    }
    let (request, _) = request(state);
    if turns(&request.messages).len() < 2 {
        state.note("there is nothing older to make room from");
        return Vec::new();
    }
    begin(state, &request, None)
}

/// Begins to make room for a request; what waits for it goes on afterwards.
pub fn begin(state: &mut State, request: &Request, then: Option<Round>) -> Vec<Effect> {
    let turns = turns(&request.messages);
    let room = usage::room(state, &request.endpoint);
    // Whoever asks for room wants much of it; what is made by itself is no more than is needed.
    let whole = if then.is_some() { room } else { None }.unwrap_or_else(|| Shares::of(request).history);
    let kept = fitting(&turns, whole * KEPT / 100);
    let older = turns.get(..turns.len().saturating_sub(kept)).unwrap_or_default();
    if state.connection.is_offline() || older.is_empty() {
        trim_to(state, kept, Used::default());
        return go_on(state, then);
    }
    let text = written(older, room.map_or(u64::MAX, |room| room.saturating_mul(3) / 4));
    let question = Request {
        endpoint: request.endpoint.clone(),
        system: vec![SystemPart { label: "summary".to_string(), text: QUESTION.trim_end().to_string() }],
        messages: vec![Message::User { text }],
        tools: Vec::new(),
        without_tools: None,
        max_tokens: SUMMARY.min(state.connection.max_tokens),
    };
    let task = state.errands.task();
    let endpoint = request.endpoint.clone();
    state.turn = Turn::Compacting(Box::new(Compacting {
        task,
        model: endpoint.model.clone(),
        endpoint,
        kept,
        summary: String::new(),
        usage: Usage::default(),
        retry: None,
        then,
    }));
    vec![Effect::Ask { task, request: Box::new(question) }]
}

/// The older turns as a text; of one that would itself be too long the beginning goes.
fn written(turns: &[&[Message]], room: u64) -> String {
    let line = |message: &Message| match message {
        Message::User { text } => format!("USER: {text}\n\n"),
        Message::Assistant { text, .. } if text.trim().is_empty() => String::new(),
        Message::Assistant { text, .. } => format!("ASSISTANT: {text}\n\n"),
        Message::Attached(_) | Message::Results(_) => String::new(),
    };
    let pieces: Vec<String> = turns.iter().flat_map(|turn| turn.iter()).map(line).collect();
    let mut sum = 0;
    let fits = pieces.iter().rev().take_while(|piece| {
        sum += tokens(piece);
        sum <= room
    });
    let first = pieces.len() - fits.count();
    pieces.get(first..).unwrap_or_default().concat()
}

/// A piece of the summary; false when the task is another's.
pub fn replied(state: &mut State, task: TaskId, event: &ReplyEvent) -> bool {
    let now = state.screen.now;
    let Turn::Compacting(compacting) = &mut state.turn else { return false };
    if compacting.task != task {
        return false;
    }
    compacting.retry = None;
    match event {
        ReplyEvent::Text(text) => compacting.summary.push_str(text),
        ReplyEvent::Start { model, .. } if !model.is_empty() => compacting.model.clone_from(model),
        ReplyEvent::Usage(usage) => compacting.usage.merge(*usage),
        ReplyEvent::Context(tokens) => {
            state.connection.contexts.insert(compacting.endpoint.maker(), *tokens);
        }
        ReplyEvent::Start { .. }
        | ReplyEvent::Thinking(_)
        | ReplyEvent::Call(_)
        | ReplyEvent::Opaque(_)
        | ReplyEvent::NoTools => {}
        ReplyEvent::Retry { attempt, seconds, cause } => {
            compacting.retry = Some(Retry::new(cause.clone(), *attempt, *seconds, now));
            compacting.usage = Usage::default();
        }
    }
    true
}

/// The summary ended: it takes the place of the older turns, or, where it failed, nothing does.
pub fn ended(state: &mut State, task: TaskId, outcome: &Outcome) -> Option<Vec<Effect>> {
    match std::mem::take(&mut state.turn) {
        Turn::Compacting(compacting) if compacting.task == task => {
            let Compacting { kept, summary, usage, model, then, .. } = *compacting;
            let summary = summary.trim().to_string();
            // What failed before anything was counted cost nothing that could be told.
            let is_nothing = usage == Usage::default() && summary.is_empty();
            let used = if is_nothing { Used::default() } else { Used { usage, model } };
            match outcome {
                Outcome::Complete(_) if !summary.is_empty() => put(state, kept, summary, used),
                // A summary that came to nothing was paid for all the same.
                Outcome::Complete(_) | Outcome::Truncated | Outcome::Failed(_) | Outcome::Cancelled => {
                    trim_to(state, kept, used);
                }
            }
            Some(go_on(state, then))
        }
        other @ (Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) | Turn::Replying(_)) => {
            state.turn = other;
            None
        }
    }
}

fn go_on(state: &mut State, then: Option<Round>) -> Vec<Effect> {
    match then {
        Some(round) => turn::ask(state, round),
        None => turn::next_in_queue(state),
    }
}

/// What a summary used; nothing where none was asked for.
#[derive(Clone, Debug, Default)]
struct Used {
    usage: Usage,
    model: String,
}

/// Notes in the log that only the newest turns are sent from here on, and tells so in one line.
fn put(state: &mut State, kept: usize, summary: String, used: Used) {
    let before = shares(state).history;
    let count = briefing::sent_messages(&state.log).saturating_sub(kept);
    let whole = summary.is_empty();
    let Used { usage, model } = used;
    let id = state.log.push_folded(Body::Compaction { text: String::new(), summary, kept, usage, model });
    let after = shares(state).history;
    let saved = short(before.saturating_sub(after));
    let messages = match count {
        1 => "your oldest message and its reply".to_string(),
        count => format!("your {count} oldest messages and their replies"),
    };
    let how = if whole { "not sent any more" } else { "sent as a summary" };
    let stays = "They stay here; KB.md and the persona are sent whole.";
    let text = match count {
        0 => format!("From here on the summary of the older turns is not sent any more. {stays}"),
        _ => format!("From here on {messages} are {how} (~{saved} tokens less). {stays}"),
    };
    state.log.amend_compaction(id, text);
    state.connection.sent = None;
    state.connection.warned = None;
    state.connection.spent = usage::spent(state).cost;
}

/// Leaves out all but the newest turns, without a model. A summary that there is stays, unless it is all that is left to go.
fn trim_to(state: &mut State, kept: usize, used: Used) {
    let summary = state.log.summary().map(str::to_string).unwrap_or_default();
    let summary = if briefing::sent_messages(&state.log) > 1 { summary } else { String::new() };
    put(state, kept, summary, used);
}

/// Whether there is something left that could be left out.
fn can_trim(state: &State) -> bool {
    briefing::sent_messages(&state.log) > 1 || state.log.summary().is_some_and(|summary| !summary.is_empty())
}

/// The key that tries again; the command where there is none, or no keys.
pub fn how_to_try_again(state: &State) -> String {
    let key = match state.screen.form {
        plain::Form::Screen => state.tools.keymap.hint(Context::Prompt, Action::TryAgain),
        plain::Form::Linear(_) | plain::Form::Once => String::new(),
    };
    if key.is_empty() { "/retry".to_string() } else { key }
}

/// The model's room was too small: less is sent, and the user is offered that at once, in place of what the provider's error says.
pub fn offer(state: &State, replying: &Replying, failure: Failure) -> Failure {
    if failure.kind != FailureKind::Overflow {
        return failure;
    }
    let next = if can_trim(state) {
        format!(
            "{} leaves out the oldest turns and sends it again; KB.md, the persona and your last message stay.",
            how_to_try_again(state)
        )
    } else {
        let Replying { endpoint, persona, .. } = replying;
        let (_, shares) = request_to(state, trust::passed(state), endpoint.clone(), persona, &[], None);
        format!(
            "There is nothing older to leave out: KB.md is ~{} tokens, the persona ~{}, your message ~{}. Shorten one of them, or \
             choose a model with more room with /model.",
            short(shares.kb),
            short(shares.persona),
            short(shares.history)
        )
    };
    Failure { next, ..failure }
}

/// Whether the newest message has no whole answer: it broke off, or there is none.
pub fn broke_off(state: &State) -> bool {
    let Some(said) = state.log.newest_said().filter(|said| !state.log.version_at(*said).has_others()) else {
        return false;
    };
    let later = state.log.entries().iter().skip(said + 1).rev();
    let mut current = later.filter(|entry| entry.presence == Presence::Current);
    let last = current.find_map(|entry| entry.body.reply()).map(|reply| &reply.outcome);
    matches!(state.turn, Turn::Idle) && !matches!(last, Some(Some(Outcome::Complete(_))))
}

/// Tries the last turn again. What failed is no part of what is sent; after an overflow less of the beginning is, too.
pub fn retry(state: &mut State) -> Vec<Effect> {
    if !matches!(state.turn, Turn::Idle) {
        state.note("a reply is under way");
        return Vec::new();
    }
    let entries = state.log.entries();
    let said = state.log.newest_said();
    let said = said.and_then(|at| Some((at, again::spans_of(state, &entries.get(at)?.body))));
    let Some((at, message)) = said else {
        state.note("nothing was said yet that could be tried again");
        return Vec::new();
    };
    let mut later = entries.iter().skip(at).rev();
    let last = later.find_map(|entry| entry.body.reply().map(|reply| (entry.id, reply.clone())));
    if let Some((_, reply)) = &last
        && matches!(reply.outcome, Some(Outcome::Complete(_)))
    {
        state.note("the last reply is whole; /retry asks for another");
        return Vec::new();
    }
    if let Some((id, reply)) = last {
        if reply.text.trim().is_empty() && reply.thinking.is_empty() && reply.calls.is_empty() {
            state.log.remove(id);
        }
        if matches!(&reply.outcome, Some(Outcome::Failed(failure)) if failure.kind == FailureKind::Overflow) {
            if !can_trim(state) {
                state.note("there is nothing older to leave out; /model chooses a model with more room");
            } else {
                trim(state);
            }
        }
    }
    state.transcript.follow();
    let task = state.errands.task();
    state.turn = Turn::Reading { task, message, again: None, tries: Tries::Again };
    vec![Effect::ReadKb { task }]
}

/// Leaves out the older half of what is sent, or what goes beyond half of the room where that is known.
fn trim(state: &mut State) {
    let (request, shares) = request(state);
    let turns = turns(&request.messages);
    let half = usage::room(state, &request.endpoint)
        .map(|room| (room / 2).saturating_sub(shares.total() - shares.history))
        .filter(|room| *room < shares.history)
        .unwrap_or(shares.history / 2);
    trim_to(state, fitting(&turns, half), Used::default());
}
