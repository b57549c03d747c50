//! One turn: read KB.md, look for directives, ask, stream, check the model's proposals. It never waits and never writes KB.md.

use super::attaching;
use super::context;
use super::plain::Form;
use super::proposing::{self, Whole};
use super::request::{request_to, speaking};
use super::review;
use super::sessions;
use super::side;
use super::state::{Heard, Readiness, Replying, Retry, State, Tally, Tries, Turn};
use super::tables::{asks_first, heard_alone, needs_tables};
use super::trust::{self, Next};
use super::versions::Wish;
use super::{compact, usage};
use crate::domain::chat::{Body, Level, Reply, Voice};
use crate::domain::exchange::{Endpoint, Outcome, ReplyEvent, StopReason};
use crate::domain::kb::fence::Fence;
use crate::domain::kb::gate::Channel;
use crate::domain::kb::origins::Origins;
use crate::domain::kb::proposal::{self, Source};
use crate::domain::kb::state::Snapshot;
use crate::domain::kb::{Band, Candidate, Origin, Span, Verdict, joined};
use crate::domain::notes::Notes;
use crate::domain::persona::Persona;
use crate::domain::usage::{Sent, tokens};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, TaskId};

/// How often the model is asked in one turn when it goes on calling tools.
const ROUNDS: u32 = 4;

/// Takes a message: starts its turn, or queues it while another runs.
pub fn submit(state: &mut State, message: Vec<Span>) -> Vec<Effect> {
    let Some(message) = sessions::held(state, message) else { return Vec::new() };
    if attaching::is_too_soon(state, &message) {
        attaching::back_to_draft(state, &message);
        return Vec::new();
    }
    match state.turn {
        Turn::Idle => {
            state.queue.forget_edited();
            state.transcript.follow();
            start(state, message)
        }
        Turn::Reading { .. } | Turn::Compacting(_) | Turn::Replying(_) => {
            state.queue.put(message);
            Vec::new()
        }
    }
}

fn start(state: &mut State, message: Vec<Span>) -> Vec<Effect> {
    let entry = state.log.push(Body::User {
        text: joined(&message),
        attached: Vec::new(),
        origins: Origins::of(&message),
    });
    state.decided.unsure = None;
    let mut effects = proposing::stop_asking(state);
    let task = state.errands.task();
    let gathering = attaching::begin(state, task, entry, &message);
    state.turn = Turn::Reading { task, message, again: None, tries: Tries::First };
    // KB.md is read last, so that nothing is newer than what is known of it.
    if gathering.is_empty() {
        effects.push(Effect::ReadKb { task });
    }
    effects.extend(gathering);
    // Dependencies change under way; only the panel shows them.
    if side::width(state) > 0 {
        effects.push(Effect::ReadStack);
    }
    effects
}

/// Asks for another answer to the newest message, after a new look at KB.md.
pub fn again(state: &mut State, message: Vec<Span>, wish: Wish) -> Vec<Effect> {
    let mut effects = proposing::stop_asking(state);
    let task = state.errands.task();
    state.turn = Turn::Reading { task, message, again: Some(Box::new(wish)), tries: Tries::First };
    effects.push(Effect::ReadKb { task });
    effects
}

/// The notes of other tools were read. What is not sent of them is said when it comes up.
pub fn notes_read(state: &mut State, notes: Notes) {
    let before = std::mem::replace(&mut state.kb.notes, notes);
    let news = state.kb.notes.left_out.iter().filter(|why| !before.left_out.contains(why));
    for why in news.cloned().collect::<Vec<_>>() {
        state.notice(Level::Warning, why);
    }
}

/// KB.md was read: for the turn, or to remember something.
pub fn kb_read(state: &mut State, task: TaskId, snapshot: Snapshot) -> Vec<Effect> {
    let coming = state.tools.readiness != Readiness::Ready;
    if coming && !asks_first(state) {
        state.errands.early.push((task, snapshot));
        return Vec::new();
    }
    if state.errands.looking.as_ref().is_some_and(|looking| looking.task == task) {
        return context::kb_read(state, task, &snapshot);
    }
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
    let (mut effects, next) = trust::ask(state);
    if next == Next::Wait {
        return effects;
    }
    let Turn::Reading { message, again, tries, .. } = std::mem::take(&mut state.turn) else {
        return effects;
    };
    if let Some(wish) = again {
        // What the words ask of KB.md was offered when they were said; the model is told only of what nobody was sure of.
        let mut candidates =
            state.tools.reconciler.heard(&state.tools.detector, &message, &state.kb.document);
        candidates.retain(|candidate| candidate.band == Band::Weak);
        state.log.begin_version();
        let Wish { persona, model } = *wish;
        let persona = persona.unwrap_or_else(|| state.personas.active.clone());
        effects.extend(ask(state, Round { model, ..Round::first(persona, message, candidates) }));
        return effects;
    }
    let persona = state.personas.active.clone();
    if tries == Tries::Again {
        effects.extend(ask(state, Round::first(persona, message, Vec::new())));
        return effects;
    }
    let candidates = if coming { Vec::new() } else { hear(state, &message) };
    effects.extend(ask(state, Round::first(persona, message, candidates)));
    if coming && let Turn::Replying(replying) = &mut state.turn {
        replying.heard = Heard::NotYet;
    }
    if state.tools.readiness == Readiness::DetectorAlone {
        // Nothing has ended yet, so nothing follows from it.
        heard_alone(state);
    }
    effects
}

/// Takes in what the user said: what it takes back, and what it states.
pub fn hear(state: &mut State, message: &[Span]) -> Vec<Candidate> {
    let typed = state.tools.detector.typed_unmasked(message);
    state.decided.said(typed.clone());
    review::taken_back(state, &typed);
    detect(state, message)
}

/// Layer one and three on the user's message: strong candidates become proposals, and the model is told of all.
fn detect(state: &mut State, message: &[Span]) -> Vec<Candidate> {
    let found = state.tools.reconciler.heard(&state.tools.detector, message, &state.kb.document);
    let strong: Vec<Candidate> =
        found.iter().filter(|candidate| candidate.band == Band::Strong).cloned().collect();
    for settled in state.tools.reconciler.settle(&state.kb.document, &strong) {
        if let Some(candidate) = strong.get(settled.candidate) {
            settle_verdict(state, candidate.clone(), settled.verdict, Source::Told);
        }
    }
    found
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

/// What a turn carries from one question to the model to the next.
#[derive(Clone, Debug)]
pub struct Round {
    persona: Persona,
    /// Asked for by name, for this turn alone.
    model: Option<String>,
    message: Vec<Span>,
    candidates: Vec<Candidate>,
    number: u32,
    tally: Tally,
    room: Room,
}

/// Whether room was made for a turn; once is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    AsItIs,
    Made,
}

impl Round {
    fn first(persona: Persona, message: Vec<Span>, candidates: Vec<Candidate>) -> Self {
        Self {
            persona,
            model: None,
            message,
            candidates,
            number: 1,
            tally: Tally::default(),
            room: Room::AsItIs,
        }
    }
}

/// Sends the conversation as it stands and opens the reply.
pub fn ask(state: &mut State, round: Round) -> Vec<Effect> {
    let Round { persona, model: named, message, candidates, number, tally, room } = round;
    let endpoint = match named.clone() {
        Some(model) => Endpoint { model, ..state.connection.endpoint.clone() },
        None => speaking(state, &persona),
    };
    let channel = proposing::channel(state, &endpoint);
    let (request, shares) =
        request_to(state, trust::passed(state), endpoint.clone(), &persona, &candidates, None);
    if number == 1 && room == Room::AsItIs && compact::is_wanted(state, &request, &shares) {
        let round = Round { persona, model: named, message, candidates, number, tally, room: Room::Made };
        return compact::begin(state, &request, Some(round));
    }
    if number == 1
        && let Some(why) = state.kb.snapshot.explanation()
    {
        state.notice(Level::Warning, why);
    }
    let sent = Sent { shares, ..Sent::default() };
    state.connection.sent = Some((state.recording.conversation, sent));
    let kb = trust::passed(state).hash().unwrap_or_default().to_string();
    let provider = endpoint.provider.clone();
    let reply = Reply { voice: Voice::of(&persona), provider, kb, ..Reply::default() };
    let entry = state.log.push(Body::Reply(Box::new(reply)));
    let task = state.errands.task();
    let now = state.screen.now;
    state.turn = Turn::Replying(Box::new(Replying {
        task,
        entry,
        persona: Box::new(persona),
        message,
        endpoint,
        candidates,
        heard: Heard::All,
        tally,
        model: named,
        fence: (channel == Channel::Block).then(Fence::default),
        round: number,
        started: now,
        last_byte: now,
        retry: None,
    }));
    vec![Effect::Ask { task, request: Box::new(request) }]
}

/// A piece of the reply came.
pub fn replied(state: &mut State, task: TaskId, event: ReplyEvent) -> Vec<Effect> {
    if proposing::extra_replied(state, task, &event) || compact::replied(state, task, &event) {
        return Vec::new();
    }
    let now = state.screen.now;
    let Turn::Replying(replying) = &mut state.turn else { return Vec::new() };
    if replying.task != task {
        return Vec::new();
    }
    if matches!(event, ReplyEvent::Retry { .. }) {
        // Nothing was shown of the try before; what else it brought belongs to no answer.
        state.log.amend(replying.entry, |reply| {
            reply.model.clear();
            reply.opaque.clear();
            reply.usage = Default::default();
        });
    }
    replying.last_byte = now;
    replying.retry = None;
    let entry = replying.entry;
    if let ReplyEvent::Retry { attempt, seconds, cause } = event {
        let retry = Retry::new(cause, attempt, seconds, now);
        // Nothing can come before it is sent.
        replying.last_byte = retry.at;
        replying.retry = Some(retry);
        state.end_note();
        return Vec::new();
    }
    let event = match (event, &mut replying.fence) {
        (ReplyEvent::Context(tokens), _) => {
            state.connection.contexts.insert(replying.endpoint.maker(), tokens);
            return Vec::new();
        }
        (ReplyEvent::NoTools, fence) => {
            fence.get_or_insert_default();
            let endpoint = replying.endpoint.clone();
            proposing::without_tools(state, &endpoint);
            return Vec::new();
        }
        (ReplyEvent::Text(text), Some(fence)) => ReplyEvent::Text(fence.feed(&text)),
        (event, _) => event,
    };
    state.log.amend(entry, |reply| match event {
        ReplyEvent::Start { model, .. } => reply.model = model,
        ReplyEvent::Text(text) => reply.text.push_str(&text),
        ReplyEvent::Thinking(text) => reply.thinking.push_str(&text),
        ReplyEvent::Call(call) => reply.calls.push(call),
        ReplyEvent::Opaque(opaque) => reply.opaque.push(opaque),
        ReplyEvent::Usage(usage) => reply.usage.merge(usage),
        ReplyEvent::Context(_) | ReplyEvent::NoTools | ReplyEvent::Retry { .. } => {}
    });
    Vec::new()
}

/// The reply ended: its tool calls are answered, and the model goes on, or the next message gets its turn.
pub fn ended(state: &mut State, task: TaskId, outcome: Outcome) -> Vec<Effect> {
    if proposing::extra_ended(state, task, &outcome) {
        return Vec::new();
    }
    if let Some(effects) = compact::ended(state, task, &outcome) {
        return effects;
    }
    if needs_tables(state) {
        state.errands.late = Some((task, outcome));
        return Vec::new();
    }
    let Some(mut replying) = proposing::take_turn(state, task) else { return Vec::new() };
    let outcome = match outcome {
        Outcome::Failed(failure) => Outcome::Failed(compact::offer(state, &replying, failure)),
        outcome @ (Outcome::Complete(_) | Outcome::Truncated | Outcome::Cancelled) => outcome,
    };
    let broken = matches!(outcome, Outcome::Failed(_) | Outcome::Truncated);
    let whole = match outcome {
        Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse | StopReason::Other(_)) => Whole::Yes,
        Outcome::Complete(StopReason::MaxTokens | StopReason::Refusal)
        | Outcome::Truncated
        | Outcome::Failed(_)
        | Outcome::Cancelled => Whole::No,
    };
    state.log.amend(replying.entry, |reply| {
        reply.outcome = Some(outcome);
    });
    if let Some(reply) = state.log.reply(replying.entry) {
        let (reported, length) = (reply.usage, tokens(&reply.text));
        usage::replied(state, &replying.endpoint, reported, length);
    }
    let called = proposing::answer_calls(state, &mut replying, whole);
    let by_block = proposing::take_blocks(state, &mut replying, whole);
    if called && whole == Whole::Yes && replying.round < ROUNDS {
        // The voice that began the turn ends it: a switch meanwhile is for the next message.
        let Replying { persona, model, message, candidates, tally, round, .. } = *replying;
        let room = Room::Made;
        let number = round + 1;
        return ask(state, Round { persona: *persona, model, message, candidates, number, tally, room });
    }
    if broken || state.connection.is_offline() {
        proposing::hint(state, &replying.candidates);
    }
    let tells = state.screen.form != Form::Once && state.queue.is_empty() && state.screen.note.is_none();
    if broken && tells {
        state.note(format!("{} tries it again", compact::how_to_try_again(state)));
    }
    // What waits was written for an answer that did not come; it would likely fail too, and use up every message.
    if broken && !state.queue.is_empty() {
        let send =
            state.tools.keymap.told("; ", Context::Prompt, Action::Submit, "on an empty prompt sends it");
        state.note(format!("the queue waits{send}"));
        return Vec::new();
    }
    if whole == Whole::Yes && !by_block && replying.fence.is_some() {
        // With a message in the queue there is nothing to ask, so one of the two is empty.
        let mut effects = proposing::inquire(state, &replying);
        effects.extend(next_in_queue(state));
        return effects;
    }
    next_in_queue(state)
}

/// Starts the turn of the message that waits longest.
pub fn next_in_queue(state: &mut State) -> Vec<Effect> {
    match state.queue.take_first() {
        Some(message) => start(state, message),
        None => Vec::new(),
    }
}

/// Stops the reply at once and keeps what came; true when there was one to stop.
pub fn stop(state: &mut State) -> Option<Vec<Effect>> {
    // What was not sent yet is the draft again.
    if let (Turn::Reading { task, .. }, Some(gathering)) = (&state.turn, &state.errands.gathering) {
        let (task, entry) = (*task, gathering.entry);
        attaching::take_back(state, entry);
        return Some(vec![Effect::Cancel { task }]);
    }
    match std::mem::take(&mut state.turn) {
        Turn::Idle => None,
        Turn::Reading { task, .. } => Some(vec![Effect::Cancel { task }]),
        Turn::Compacting(compacting) => Some(vec![Effect::Cancel { task: compacting.task }]),
        Turn::Replying(mut replying) => {
            state.log.amend(replying.entry, |reply| {
                reply.outcome = Some(Outcome::Cancelled);
            });
            proposing::answer_calls(state, &mut replying, Whole::No);
            proposing::take_blocks(state, &mut replying, Whole::No);
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
        Turn::Reading { .. } | Turn::Compacting(_) | Turn::Replying(_) => Vec::new(),
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
        // Editors add and drop line ends at the end of a file.
        let words = pasted.text.trim_matches('\n');
        for span in spans {
            match span.text.split_once(words) {
                Some((left, right)) if span.origin == Origin::Typed && !words.trim().is_empty() => {
                    next.extend([Span::typed(left), Span::pasted(words), Span::typed(right)]);
                }
                Some(_) | None => next.push(span),
            }
        }
        spans = next;
    }
    spans.retain(|span| !span.text.is_empty());
    spans
}
