//! One turn: read KB.md, look for directives, ask, stream, check the model's proposals. It never waits and never writes KB.md.

use super::review::{self, Offer};
use super::state::{ModelChoice, Replying, State, Turn};
use crate::domain::briefing::Briefing;
use crate::domain::chat::{Body, Level, Reply, ToolResult, Voice};
use crate::domain::exchange::{Outcome, Protocol, ReplyEvent, StopReason};
use crate::domain::kb::proposal::{self, Source};
use crate::domain::kb::state::Snapshot;
use crate::domain::kb::{Band, Candidate, Origin, Span, Verdict, gate};
use crate::domain::persona::Persona;
use crate::domain::settings;
use crate::protocol::message::{Effect, TaskId};

/// How often the model is asked in one turn when it goes on calling tools.
const ROUNDS: u32 = 4;

/// Takes a message: starts its turn, or queues it while another runs.
pub fn submit(state: &mut State, message: Vec<Span>) -> Vec<Effect> {
    match state.turn {
        Turn::Idle => {
            state.transcript.follow();
            start(state, message)
        }
        Turn::Reading { .. } | Turn::Replying(_) => {
            state.queue.push(message);
            Vec::new()
        }
    }
}

fn start(state: &mut State, message: Vec<Span>) -> Vec<Effect> {
    state.log.push(Body::User { text: joined(&message) });
    let typed = state.tools.detector.typed_unmasked(&message);
    state.decided.said(typed.clone());
    review::taken_back(state, &typed);
    let task = state.errands.task();
    state.turn = Turn::Reading { task, message };
    vec![Effect::ReadKb { task }]
}

/// The text of a message.
pub fn joined(message: &[Span]) -> String {
    message.iter().map(|span| span.text.as_str()).collect()
}

/// KB.md was read: for the turn, or to remember something.
pub fn kb_read(state: &mut State, task: TaskId, snapshot: Snapshot) -> Vec<Effect> {
    let wanted = matches!(&state.turn, Turn::Reading { task: waiting, .. } if *waiting == task);
    let place = state.errands.remember.iter().position(|(waiting, _)| *waiting == task);
    let remember = place.map(|place| state.errands.remember.remove(place));
    if wanted || remember.is_some() {
        review::kb_changed(state, snapshot);
    }
    if let Some((_, text)) = remember {
        remember_now(state, &text);
    }
    if !wanted {
        return Vec::new();
    }
    let Turn::Reading { message, .. } = std::mem::take(&mut state.turn) else { return Vec::new() };
    let weak = detect(state, &message);
    let persona = state.personas.active.clone();
    ask(state, persona, message, weak, 1)
}

/// Layer one and three on the user's message: strong candidates become proposals, weak ones are kept for the model.
fn detect(state: &mut State, message: &[Span]) -> Vec<Candidate> {
    let found = state.tools.detector.detect(message, &state.kb.document).candidates;
    let (strong, weak): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|candidate| candidate.band == Band::Strong);
    for settled in state.tools.reconciler.settle(&state.kb.document, &strong) {
        if let Some(candidate) = strong.get(settled.candidate) {
            settle_verdict(state, candidate.clone(), settled.verdict, Source::Told);
        }
    }
    weak
}

fn settle_verdict(state: &mut State, candidate: Candidate, verdict: Verdict, source: Source) {
    match verdict {
        Verdict::Change(edit) => {
            if let Some(words) = review::offer(state, candidate, edit, source).to_user() {
                state.note(words);
            }
        }
        Verdict::Known(line) => {
            state.note(format!("KB.md line {} already says it: {}", line.line, line.text))
        }
        Verdict::NoSuchRule if review::revoked(state, &candidate) => {}
        Verdict::NoSuchRule => state.note("KB.md has no such rule"),
    }
}

/// `/remember`: always an offer, unless KB.md says it already.
fn remember_now(state: &mut State, text: &str) {
    let candidate = proposal::remembered(text);
    let verdict = state.tools.reconciler.reconcile(&state.kb.document, &candidate);
    if let Verdict::Known(line) = &verdict {
        let text = format!("KB.md already says so at line {}: {}", line.line, line.text);
        state.notice(Level::Info, text);
        return;
    }
    settle_verdict(state, candidate, verdict, Source::Remembered);
}

/// Sends the conversation as it stands and opens the reply.
fn ask(
    state: &mut State,
    persona: Persona,
    message: Vec<Span>,
    weak: Vec<Candidate>,
    round: u32,
) -> Vec<Effect> {
    if round == 1
        && let Some(why) = state.kb.snapshot.explanation()
    {
        state.notice(Level::Warning, why);
    }
    let model = speaking_model(state, &persona);
    let mut endpoint = state.connection.endpoint.clone();
    endpoint.model = model;
    let request = Briefing {
        endpoint: &endpoint,
        persona: &persona,
        kb: &state.kb.snapshot,
        log: &state.log,
        pending: &state.review.pending,
        session: &state.decided.session,
        max_tokens: state.connection.max_tokens,
    }
    .request();
    let reply = Reply { voice: Voice::of(&persona), ..Reply::default() };
    let entry = state.log.push(Body::Reply(Box::new(reply)));
    let task = state.errands.task();
    let now = state.screen.now;
    state.turn = Turn::Replying(Box::new(Replying {
        task,
        entry,
        persona: Box::new(persona),
        message,
        weak,
        round,
        started: now,
        last_byte: now,
        retry: None,
    }));
    vec![Effect::Ask { task, request: Box::new(request) }]
}

/// The persona's own model where the endpoint has it; else the model in use, noted once.
fn speaking_model(state: &mut State, persona: &Persona) -> String {
    let endpoint = &state.connection.endpoint;
    let in_use = endpoint.model.clone();
    let Some(wanted) = persona.model.clone() else { return in_use };
    if endpoint.protocol == Protocol::Offline || state.connection.model == ModelChoice::User {
        return in_use;
    }
    if let Some(model) = settings::resolve_model(endpoint, &wanted) {
        return model;
    }
    let name = &persona.name;
    let key = format!("{name}\n{wanted}\n{}", endpoint.provider);
    if state.personas.noted.insert(key) {
        let text = format!(
            "{name} asks for the model {wanted}, which {} does not offer; {in_use} answers instead.",
            endpoint.provider
        );
        state.notice(Level::Info, text);
    }
    in_use
}

/// A piece of the reply came.
pub fn replied(state: &mut State, task: TaskId, event: ReplyEvent) -> Vec<Effect> {
    let now = state.screen.now;
    let Turn::Replying(replying) = &mut state.turn else { return Vec::new() };
    if replying.task != task {
        return Vec::new();
    }
    replying.last_byte = now;
    replying.retry = None;
    let entry = replying.entry;
    if let ReplyEvent::Retry { attempt, seconds, cause } = event {
        replying.retry = Some(format!("{cause}; try {} in {seconds} s", attempt + 1));
        return Vec::new();
    }
    state.log.amend(entry, |reply| match event {
        ReplyEvent::Start { model, .. } => reply.model = model,
        ReplyEvent::Text(text) => reply.text.push_str(&text),
        ReplyEvent::Thinking(text) => reply.thinking.push_str(&text),
        ReplyEvent::Call(call) => reply.calls.push(call),
        ReplyEvent::Usage(usage) => reply.usage.merge(usage),
        ReplyEvent::Retry { .. } => {}
    });
    Vec::new()
}

/// The reply ended: its tool calls are answered, and the model goes on, or the next message gets its turn.
pub fn ended(state: &mut State, task: TaskId, outcome: Outcome) -> Vec<Effect> {
    let replying = match std::mem::take(&mut state.turn) {
        Turn::Replying(replying) if replying.task == task => replying,
        // The end of a reply that was stopped may come when the next turn has begun; it must not end that one.
        other @ (Turn::Idle | Turn::Reading { .. } | Turn::Replying(_)) => {
            state.turn = other;
            return Vec::new();
        }
    };
    let complete = matches!(outcome, Outcome::Complete(_));
    let broken = matches!(outcome, Outcome::Failed(_) | Outcome::Truncated);
    let cut = matches!(outcome, Outcome::Complete(StopReason::MaxTokens));
    state.log.amend(replying.entry, |reply| {
        reply.outcome = Some(outcome);
    });
    let called = answer_calls(state, &replying, complete && !cut);
    if called && complete && !cut && replying.round < ROUNDS {
        // The voice that began the turn ends it: a switch meanwhile is for the next message.
        return ask(state, *replying.persona, replying.message, replying.weak, replying.round + 1);
    }
    // What waits was written for an answer that did not come; it would likely fail too, and use up every message.
    if broken && !state.queue.is_empty() {
        state.note("the queue waits; Enter on an empty prompt sends it");
        return Vec::new();
    }
    next_in_queue(state)
}

/// Starts the turn of the message that waits longest.
fn next_in_queue(state: &mut State) -> Vec<Effect> {
    if state.queue.is_empty() {
        return Vec::new();
    }
    let message = state.queue.remove(0);
    start(state, message)
}

/// Gives every tool call its result. True when there was one.
fn answer_calls(state: &mut State, replying: &Replying, whole: bool) -> bool {
    let calls = state.log.reply(replying.entry).map(|reply| reply.calls.clone()).unwrap_or_default();
    let mut results = Vec::new();
    for call in &calls {
        let (text, failed) = if !whole {
            ("The reply was cut before this call was complete; nothing was done.".to_string(), true)
        } else if call.name == gate::TOOL {
            propose(state, replying, &call.arguments)
        } else {
            (format!("There is no tool {}.", call.name), true)
        };
        results.push(ToolResult { id: call.id.clone(), text, failed });
    }
    state.log.amend(replying.entry, |reply| reply.results = results);
    !calls.is_empty()
}

/// Layer two: the model's proposal through the gate, merged with what is pending. The text is the tool's result.
fn propose(state: &mut State, replying: &Replying, arguments: &str) -> (String, bool) {
    let checked = gate::check_with(
        &state.tools.detector,
        &state.tools.reconciler,
        arguments,
        &replying.message,
        state.decided.earlier(),
        &state.kb.document,
    );
    let merged = proposal::merge(
        &mut state.review.pending,
        &replying.weak,
        &checked.admitted,
        &state.kb.document,
        &state.tools.reconciler,
    );
    let mut said = Vec::new();
    let offered: Vec<Offer> = merged
        .fresh
        .into_iter()
        .map(|(candidate, edit, source)| review::offer(state, candidate, edit, source))
        .collect();
    if offered.contains(&Offer::Waits) || checked.admitted.len() > offered.len() + merged.known.len() {
        said.push("The user will review the edit; go on with the task and do not repeat it.".to_string());
    }
    let mut declined: Vec<&str> = offered.iter().filter_map(|offer| offer.to_model()).collect();
    declined.dedup();
    said.extend(declined.into_iter().map(str::to_string));
    said.extend(merged.known.iter().map(|line| format!("KB.md line {} already says it.", line.line)));
    if let Some(why) = checked.refused.first() {
        state.notice(Level::Info, format!("A KB.md edit by the model was not offered: {why}"));
    }
    let failed = checked.admitted.is_empty() && !checked.refused.is_empty();
    said.extend(checked.refused);
    (said.join("\n"), failed)
}

/// Stops the reply at once and keeps what came; true when there was one to stop.
pub fn stop(state: &mut State) -> Option<Vec<Effect>> {
    match std::mem::take(&mut state.turn) {
        Turn::Idle => None,
        Turn::Reading { task, .. } => Some(vec![Effect::Cancel { task }]),
        Turn::Replying(replying) => {
            state.log.amend(replying.entry, |reply| {
                reply.outcome = Some(Outcome::Cancelled);
            });
            answer_calls(state, &replying, false);
            Some(vec![Effect::Cancel { task: replying.task }])
        }
    }
}

/// Sends the next queued message by hand, after a stop.
pub fn resume_queue(state: &mut State) -> Vec<Effect> {
    match state.turn {
        Turn::Idle => {
            state.transcript.follow();
            next_in_queue(state)
        }
        Turn::Reading { .. } | Turn::Replying(_) => Vec::new(),
    }
}

/// Reads KB.md and then offers to remember a text.
pub fn remember(state: &mut State, text: String) -> Vec<Effect> {
    let task = state.errands.task();
    state.errands.remember.push((task, text));
    vec![Effect::ReadKb { task }]
}

/// A message's text marked as pasted where it stands in one of the pasted spans of `before`, so that a round through an
/// editor does not turn a paste into typed words.
pub fn origins_kept(before: &[Span], after: &str) -> Vec<Span> {
    let mut spans = vec![Span::typed(after)];
    for pasted in before.iter().filter(|span| span.origin == Origin::Pasted) {
        let mut next = Vec::new();
        for span in spans {
            match span.text.split_once(pasted.text.as_str()) {
                Some((left, right)) if span.origin == Origin::Typed && !pasted.text.trim().is_empty() => {
                    next.extend([Span::typed(left), pasted.clone(), Span::typed(right)]);
                }
                Some(_) | None => next.push(span),
            }
        }
        spans = next;
    }
    spans.retain(|span| !span.text.is_empty());
    spans
}
