//! What the conversation fills and costs: `/usage`, the short form in the status line, and the warning before the room is full. It never
//! guesses a price.

use super::compact;
use super::request;
use super::state::{Overlay, State};
use super::update::open;
use crate::base::count::{dollars, short, whole};
use crate::domain::chat::Level;
use crate::domain::exchange::{Endpoint, Usage};
use crate::domain::models;
use crate::domain::usage::{Counted, Sent, Spent};
use crate::panels::pager::{Content, Pager};
use crate::protocol::message::Effect;

/// Of what can be read, so much is full enough to be told, and so much to make room. In percent.
const TOLD: u64 = 80;
pub const FULL: u64 = 90;

/// The most that the model in use can read, in tokens.
pub fn context(state: &State, endpoint: &Endpoint) -> Option<u64> {
    let connection = &state.connection;
    connection.told_context(endpoint).or_else(|| connection.roster.context(endpoint, &connection.models))
}

/// What of that a request may fill, so that the reply has room, too.
pub fn room(state: &State, endpoint: &Endpoint) -> Option<u64> {
    let context = context(state, endpoint)?;
    Some(context - longest(state, endpoint).min(context / 4))
}

/// The longest reply that is asked for, in tokens: as it is set, but no longer than the model writes at once.
fn longest(state: &State, endpoint: &Endpoint) -> u64 {
    let connection = &state.connection;
    let most = connection.models.find(&endpoint.model).and_then(|model| model.output).unwrap_or(u64::MAX);
    u64::from(connection.max_tokens).min(most)
}

/// The limit of the reply to a request: the longest one that fits behind what is sent. Most servers refuse a request whose prompt and
/// limit together are more than the model can hold.
pub fn limit(state: &State, endpoint: &Endpoint, prompt: u64) -> u32 {
    /// A shorter reply is of no use, so that the server may say that the prompt is too long.
    const SHORTEST: u64 = 1_024;
    let longest = longest(state, endpoint);
    let left = context(state, endpoint).map_or(longest, |context| {
        let (expected, counted) = expected(state, prompt);
        let margin = match counted {
            Counted::Exactly => expected / 32,
            Counted::Roughly => expected / 8,
        };
        context.saturating_sub(expected + margin)
    });
    u32::try_from(longest.min(left.max(SHORTEST))).unwrap_or(u32::MAX)
}

/// An estimate of a request, mended by what the last one of this conversation turned out to be; and whether it was.
pub fn expected(state: &State, estimate: u64) -> (u64, Counted) {
    match sent(state) {
        Some(sent) if sent.usage.input.is_some() => (sent.corrected(estimate), Counted::Exactly),
        Some(_) | None => (estimate, Counted::Roughly),
    }
}

/// What a reply or summary cost, in US dollars, where the price is known: by the table, else by the list of who was asked.
fn cost(state: &State, usage: Usage, provider: &str, model: &str) -> Option<f64> {
    let connection = &state.connection;
    // An old recording may lack them.
    let now = &connection.endpoint;
    let model = if model.is_empty() { &now.model } else { model };
    let provider = if provider.is_empty() { &now.provider } else { provider };
    connection.models.cost(usage, model).or_else(|| {
        let seat = connection.roster.of(provider)?;
        let listed = seat.models().into_iter().find(|listed| listed.id == *model)?;
        models::cost_at(usage, listed.price)
    })
}

/// What all replies and summaries of this conversation used.
pub fn spent(state: &State) -> Spent {
    Spent::of(&state.log, |usage, provider, model| cost(state, usage, provider, model))
}

/// What was sent last in this conversation.
fn sent(state: &State) -> Option<&Sent> {
    let (conversation, sent) = state.connection.sent.as_ref()?;
    (*conversation == state.recording.conversation).then_some(sent)
}

/// The short form for the status line: how much is filled, and what the session cost. Nothing while nothing is known for sure.
pub fn brief(state: &State) -> String {
    let Some(sent) = sent(state) else { return String::new() };
    let (used, counted) = sent.used();
    let mark = counted.mark();
    let filled = match context(state, &request::in_use(state)) {
        Some(context) => {
            format!(" · {mark}{} of {} ({} %)", short(used), short(context), used * 100 / context.max(1))
        }
        None if counted == Counted::Exactly => format!(" · {} tokens", short(used)),
        None => String::new(),
    };
    let cost = state.connection.spent;
    let cost = if cost > 0.0 { format!(" · {}", dollars(cost)) } else { String::new() };
    format!("{filled}{cost}")
}

/// A reply ended: what it used is remembered, and told once when the room gets narrow.
pub fn replied(state: &mut State, endpoint: &Endpoint, usage: Usage, text: u64) {
    let conversation = state.recording.conversation;
    if let Some((_, sent)) = state.connection.sent.as_mut().filter(|(known, _)| *known == conversation) {
        sent.usage = usage;
        sent.reply = text;
    }
    state.connection.spent = spent(state).cost;
    warn(state, endpoint);
}

fn warn(state: &mut State, endpoint: &Endpoint) {
    let (Some(room), Some(sent)) = (room(state, endpoint), sent(state)) else { return };
    let (used, counted) = sent.used();
    if used * 100 < room * TOLD {
        state.connection.warned = None;
        return;
    }
    let now = state.recording.conversation;
    if state.connection.warned.replace(now) == Some(now) {
        return;
    }
    let context = context(state, endpoint).unwrap_or(room);
    let text = format!(
        "The conversation fills {}{} of the {} tokens that {} can read. /compact makes room now; from {FULL} % on dictum does it by \
         itself. KB.md and the persona stay whole.",
        counted.mark(),
        short(used),
        short(context),
        endpoint.model
    );
    state.notice(Level::Warning, text);
}

/// `/usage`.
pub fn show(state: &mut State, _: &str) -> Vec<Effect> {
    let text = told(state);
    open(state, Overlay::Pager(Pager::new("Usage", Content::Verbatim(text))));
    Vec::new()
}

fn told(state: &State) -> String {
    let mut out = format!("{}\n\n", super::status::connection(state));
    let fresh = || Sent { shares: compact::shares(state), ..Sent::default() };
    let sent = sent(state).copied().unwrap_or_else(fresh);
    let (used, counted) = sent.used();
    let mark = counted.mark();
    out.push_str(&match context(state, &request::in_use(state)) {
        Some(context) => format!(
            "The conversation holds {mark}{} of {} tokens ({} %).\n",
            whole(used),
            whole(context),
            used * 100 / context.max(1)
        ),
        None => format!(
            "The conversation holds {mark}{} tokens. How many the model can read is not known; [models] in config.toml sets it.\n",
            whole(used)
        ),
    });
    let shares = sent.shares;
    let persona = format!("persona {}", state.personas.active.name);
    for (label, tokens) in [
        (persona.as_str(), shares.persona),
        ("KB.md", shares.kb),
        ("conduct, session rules, tools", shares.conduct),
        ("conversation", shares.history),
    ] {
        let part = tokens * 100 / shares.total().max(1);
        out.push_str(&format!("  {label:<36}  {:>10}  {part:>3} %\n", format!("~{}", whole(tokens))));
    }
    out.push_str(&last_reply(state));
    out.push_str(&session(state));
    out.push_str("\nNumbers are the provider's own; ~ marks an estimate.\n");
    out
}

/// The tokens of some usage in words.
fn tokens(usage: Usage) -> String {
    let part = |label: &str, count: Option<u64>| count.map(|count| format!("{label} {}", whole(count)));
    let parts = [
        part("in", usage.input),
        part("of it from the cache", usage.cached.filter(|count| *count > 0)),
        part("written to the cache", usage.written.filter(|count| *count > 0)),
        part("out", usage.output),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn last_reply(state: &State) -> String {
    let found = state.log.entries().iter().rev().find_map(|entry| state.log.reply(entry.id));
    let Some(reply) = found else { return String::new() };
    let used = match tokens(reply.usage) {
        used if used.is_empty() => "the provider reported nothing".to_string(),
        used => used,
    };
    let price = cost(state, reply.usage, &reply.provider, &reply.model);
    let price = price.map(|price| format!("  {}", dollars(price))).unwrap_or_default();
    format!("\nLast reply\n  {used}{price}\n")
}

fn session(state: &State) -> String {
    let spent = spent(state);
    let all = spent.replies + spent.summaries;
    if all == 0 {
        return String::new();
    }
    let replies = if spent.replies == 1 { "reply" } else { "replies" };
    let summaries = match spent.summaries {
        0 => String::new(),
        1 => ", 1 summary".to_string(),
        count => format!(", {count} summaries"),
    };
    let mut out = format!("\nSession: {} {replies}{summaries}\n", spent.replies);
    match tokens(spent.usage) {
        used if used.is_empty() => {}
        used => out.push_str(&format!("  {used}\n")),
    }
    let reported = all - spent.unreported;
    out.push_str(&match spent.priced {
        0 => "  cost: no price is known for this model; [models] in config.toml sets one\n".to_string(),
        priced if priced < reported => {
            format!("  cost: {}, of {priced} with a known price\n", dollars(spent.cost))
        }
        _ => format!("  cost: {}\n", dollars(spent.cost)),
    });
    if spent.unreported > 0 {
        out.push_str(&format!("  not reported by the provider: {}\n", spent.unreported));
    }
    out
}
