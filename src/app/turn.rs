//! One turn: read KB.md, look for directives, ask, stream, check the model's proposals. It never waits and never writes KB.md.

use super::plain::Form;
use super::proposing::{self, Whole};
use super::review;
use super::sessions;
use super::side;
use super::state::{Heard, ModelChoice, Readiness, Replying, State, Tally, Turn};
use crate::domain::briefing::Briefing;
use crate::domain::chat::{Body, Level, Reply, Voice};
use crate::domain::exchange::{Outcome, Protocol, ReplyEvent, StopReason};
use crate::domain::kb::detect::Detector;
use crate::domain::kb::fence::Fence;
use crate::domain::kb::gate::Channel;
use crate::domain::kb::proposal::{self, Source};
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::state::Snapshot;
use crate::domain::kb::{Band, Candidate, Origin, Span, Verdict};
use crate::domain::persona::Persona;
use crate::domain::settings;
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, TaskId};

/// How often the model is asked in one turn when it goes on calling tools.
const ROUNDS: u32 = 4;

/// Takes a message: starts its turn, or queues it while another runs.
pub fn submit(state: &mut State, message: Vec<Span>) -> Vec<Effect> {
    let Some(message) = sessions::held(state, message) else { return Vec::new() };
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
    state.decided.unsure = None;
    let mut effects = proposing::stop_asking(state);
    let task = state.errands.task();
    state.turn = Turn::Reading { task, message };
    effects.push(Effect::ReadKb { task });
    // Dependencies change under way; only the panel shows them.
    if side::width(state) > 0 {
        effects.push(Effect::ReadStack);
    }
    effects
}

/// The text of a message.
pub fn joined(message: &[Span]) -> String {
    message.iter().map(|span| span.text.as_str()).collect()
}

/// The detector is here.
pub fn detector_made(state: &mut State, detector: Detector) -> Vec<Effect> {
    state.tools.detector = detector;
    match state.tools.readiness {
        Readiness::Coming | Readiness::DetectorAlone => {
            state.tools.readiness = Readiness::DetectorAlone;
            heard_alone(state)
        }
        Readiness::ReconcilerAlone | Readiness::Ready => tables_made(state),
    }
}

/// The reconciler is here.
pub fn reconciler_made(state: &mut State, reconciler: Reconciler) -> Vec<Effect> {
    state.tools.reconciler = reconciler;
    match state.tools.readiness {
        Readiness::Coming | Readiness::ReconcilerAlone => {
            state.tools.readiness = Readiness::ReconcilerAlone;
            Vec::new()
        }
        Readiness::DetectorAlone | Readiness::Ready => tables_made(state),
    }
}

/// Both are here: what was read before goes on.
fn tables_made(state: &mut State) -> Vec<Effect> {
    state.tools.readiness = Readiness::Ready;
    let mut effects = heard_late(state);
    let early = std::mem::take(&mut state.errands.early);
    effects.extend(early.into_iter().flat_map(|(task, snapshot)| kb_read(state, task, snapshot)));
    effects
}

/// The detector alone looks at a message that was sent before it was there: of most it finds nothing, and then nothing waits for the
/// reconciler.
fn heard_alone(state: &mut State) -> Vec<Effect> {
    let found = match &state.turn {
        Turn::Replying(replying) => {
            let detection = state.tools.detector.detect(&replying.message, &state.kb.document);
            if detection.candidates.is_empty() { Heard::Nothing } else { Heard::Something }
        }
        Turn::Idle | Turn::Reading { .. } => return Vec::new(),
    };
    if let Turn::Replying(replying) = &mut state.turn {
        replying.heard = found;
    }
    match state.errands.late.take() {
        Some((task, outcome)) => ended(state, task, outcome),
        None => Vec::new(),
    }
}

/// Looks for directives in a message that was sent before the tables were there, and takes the end of its reply if that came.
fn heard_late(state: &mut State) -> Vec<Effect> {
    let message = match &state.turn {
        Turn::Replying(replying) if replying.heard != Heard::All => replying.message.clone(),
        Turn::Replying(_) | Turn::Idle | Turn::Reading { .. } => return Vec::new(),
    };
    let candidates = hear(state, &message);
    if let Turn::Replying(replying) = &mut state.turn {
        replying.candidates = candidates;
        replying.heard = Heard::All;
    }
    match state.errands.late.take() {
        Some((task, outcome)) => ended(state, task, outcome),
        None => Vec::new(),
    }
}

/// Whether the end of the running reply has to wait for the tables: something was said, or the model proposed something.
fn needs_tables(state: &State) -> bool {
    let Turn::Replying(replying) = &state.turn else { return false };
    let proposed = || {
        let mut fence = replying.fence.clone().unwrap_or_default();
        fence.finish();
        let calls = state.log.reply(replying.entry).is_some_and(|reply| !reply.calls.is_empty());
        calls || !fence.blocks().is_empty()
    };
    match replying.heard {
        Heard::All => false,
        Heard::NotYet | Heard::Something => true,
        Heard::Nothing => proposed(),
    }
}

/// Whether something waits for the reconciler, which is made only then where making it would hold up the reply.
pub fn wants_reconciler(state: &State) -> bool {
    let missing = matches!(state.tools.readiness, Readiness::Coming | Readiness::DetectorAlone);
    let heard = match &state.turn {
        Turn::Replying(replying) => match replying.heard {
            Heard::Something => true,
            Heard::Nothing => needs_tables(state),
            Heard::NotYet | Heard::All => false,
        },
        Turn::Idle | Turn::Reading { .. } => false,
    };
    missing && (heard || !asks_first(state))
}

/// Whether a message is sent before it was looked at: nobody waits for a card, so the reply need not wait for the tables. Without a model
/// the answer tells what was heard.
fn asks_first(state: &State) -> bool {
    state.screen.form == Form::Once && !state.connection.is_offline()
}

/// KB.md was read: for the turn, or to remember something.
pub fn kb_read(state: &mut State, task: TaskId, snapshot: Snapshot) -> Vec<Effect> {
    let coming = state.tools.readiness != Readiness::Ready;
    if coming && !asks_first(state) {
        state.errands.early.push((task, snapshot));
        return Vec::new();
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
    let Turn::Reading { message, .. } = std::mem::take(&mut state.turn) else { return Vec::new() };
    let candidates = if coming { Vec::new() } else { hear(state, &message) };
    let persona = state.personas.active.clone();
    let effects = ask(state, Round { persona, message, candidates, number: 1, tally: Tally::default() });
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
fn hear(state: &mut State, message: &[Span]) -> Vec<Candidate> {
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
struct Round {
    persona: Persona,
    message: Vec<Span>,
    candidates: Vec<Candidate>,
    number: u32,
    tally: Tally,
}

/// Sends the conversation as it stands and opens the reply.
fn ask(state: &mut State, round: Round) -> Vec<Effect> {
    let Round { persona, message, candidates, number, tally } = round;
    if number == 1
        && let Some(why) = state.kb.snapshot.explanation()
    {
        state.notice(Level::Warning, why);
    }
    let model = speaking_model(state, &persona);
    let mut endpoint = state.connection.endpoint.clone();
    endpoint.model = model;
    let channel = proposing::channel(state);
    let request = Briefing {
        endpoint: &endpoint,
        persona: &persona,
        kb: &state.kb.snapshot,
        log: &state.log,
        pending: &state.review.pending,
        session: &state.decided.session,
        hints: &candidates,
        channel,
        max_tokens: state.connection.max_tokens,
    }
    .request();
    let kb = state.kb.snapshot.hash().unwrap_or_default().to_string();
    let reply = Reply { voice: Voice::of(&persona), kb, ..Reply::default() };
    let entry = state.log.push(Body::Reply(Box::new(reply)));
    let task = state.errands.task();
    let now = state.screen.now;
    state.turn = Turn::Replying(Box::new(Replying {
        task,
        entry,
        persona: Box::new(persona),
        message,
        candidates,
        heard: Heard::All,
        tally,
        fence: (channel == Channel::Block).then(Fence::default),
        round: number,
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
    if proposing::extra_replied(state, task, &event) {
        return Vec::new();
    }
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
    let event = match (event, &mut replying.fence) {
        (ReplyEvent::NoTools, fence) => {
            fence.get_or_insert_default();
            proposing::without_tools(state);
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
        ReplyEvent::NoTools | ReplyEvent::Retry { .. } => {}
    });
    Vec::new()
}

/// The reply ended: its tool calls are answered, and the model goes on, or the next message gets its turn.
pub fn ended(state: &mut State, task: TaskId, outcome: Outcome) -> Vec<Effect> {
    if proposing::extra_ended(state, task, &outcome) {
        return Vec::new();
    }
    if needs_tables(state) {
        state.errands.late = Some((task, outcome));
        return Vec::new();
    }
    let Some(mut replying) = proposing::take_turn(state, task) else { return Vec::new() };
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
    let called = proposing::answer_calls(state, &mut replying, whole);
    let by_block = proposing::take_blocks(state, &mut replying, whole);
    if called && whole == Whole::Yes && replying.round < ROUNDS {
        // The voice that began the turn ends it: a switch meanwhile is for the next message.
        let Replying { persona, message, candidates, tally, round, .. } = *replying;
        return ask(state, Round { persona: *persona, message, candidates, number: round + 1, tally });
    }
    if broken || state.connection.is_offline() {
        proposing::hint(state, &replying.candidates);
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
fn next_in_queue(state: &mut State) -> Vec<Effect> {
    match state.queue.take_first() {
        Some(message) => start(state, message),
        None => Vec::new(),
    }
}

/// Stops the reply at once and keeps what came; true when there was one to stop.
pub fn stop(state: &mut State) -> Option<Vec<Effect>> {
    match std::mem::take(&mut state.turn) {
        Turn::Idle => None,
        Turn::Reading { task, .. } => Some(vec![Effect::Cancel { task }]),
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
