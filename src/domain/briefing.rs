//! What one request holds: persona, KB.md verbatim, notes, conduct, conversation. It never cuts KB.md and never sends.

use super::chat::{Body, Entry, Log, Presence, Reply, ToolResult};
use super::exchange::{Endpoint, Message, Outcome, Protocol, Request, SystemPart};
use super::kb::gate::{self, Channel};
use super::kb::proposal::Proposal;
use super::kb::session::SessionRules;
use super::kb::state::Snapshot;
use super::kb::warnings::Warning;
use super::kb::{Band, Candidate};
use super::notes::Notes;
use super::persona::Persona;
use crate::base::text;

/// First word of the label of the system part that holds the persona; its name follows.
pub const PERSONA: &str = "persona";
/// Label of the system part that holds KB.md.
pub const KB: &str = "KB.md";
/// Label of the system part that holds the notes of other tools.
pub const NOTES: &str = "notes";
/// Label of the system part that says how KB.md edits are proposed.
pub const CONDUCT: &str = "conduct";
/// Label of the system part that holds the rules of this session.
pub const SESSION: &str = "session rules";
/// Label of the system part that lists what the detector found in the user's message.
pub const HINTS: &str = "hints";
/// Label of the system part that lists the edits that wait for review.
pub const PENDING: &str = "pending";

/// What a request is made from.
#[derive(Clone, Copy, Debug)]
pub struct Briefing<'a> {
    pub endpoint: &'a Endpoint,
    pub persona: &'a Persona,
    pub kb: &'a Snapshot,
    /// What the project keeps for other tools.
    pub notes: &'a Notes,
    pub log: &'a Log,
    /// Edits that wait for review: the user's words win over KB.md already in this task.
    pub pending: &'a [Proposal],
    /// What the user set for this session only.
    pub session: &'a SessionRules,
    /// What the detector found in this turn's message.
    pub hints: &'a [Candidate],
    pub channel: Channel,
    pub max_tokens: u32,
}

impl Briefing<'_> {
    /// The request, complete.
    pub fn request(&self) -> Request {
        let offline = self.endpoint.protocol == Protocol::Offline;
        let block = part(CONDUCT, gate::BLOCK_CONDUCT.trim_end().to_string());
        let mut request = Request {
            endpoint: self.endpoint.clone(),
            system: self.system(),
            messages: messages(self.log, &self.persona.name),
            tools: if offline { Vec::new() } else { vec![gate::tool()] },
            without_tools: (!offline).then_some(block),
            max_tokens: self.max_tokens,
        };
        match self.channel {
            Channel::Tool => {}
            Channel::Block => request.give_up_tools(),
        }
        request
    }

    /// The system prompt in parts: exactly one persona, then KB.md, then the conduct.
    fn system(&self) -> Vec<SystemPart> {
        let mut parts = vec![
            part(&format!("{PERSONA} {}", self.persona.name), self.persona.body.trim_end().to_string()),
            part(KB, knowledge(self.kb)),
        ];
        parts.extend(self.notes.briefing().map(|notes| part(NOTES, notes)));
        parts.push(part(CONDUCT, gate::CONDUCT.trim_end().to_string()));
        // Apart from the rest, so that what stays the same can be cached by the provider.
        if let Some(rules) = self.session_rules() {
            parts.push(part(SESSION, rules));
        }
        if let Some(hints) = hints(self.hints).filter(|_| self.endpoint.protocol != Protocol::Offline) {
            parts.push(part(HINTS, hints));
        }
        if let Some(waiting) = self.waiting() {
            parts.push(part(PENDING, waiting));
        }
        parts
    }

    /// What holds in this session, one line each.
    fn session_rules(&self) -> Option<String> {
        let list: String = self.session.all().iter().map(|rule| format!("\n- {}", rule.text)).collect();
        let head = "# Session rules\n\nThe user set these for this session only. They win over KB.md where the two differ; do not \
                    propose them for KB.md.\n";
        (!list.is_empty()).then(|| format!("{head}{list}"))
    }

    /// What waits for review. An edit that seems to hold a secret stays here: only the user's own accept may pass it on.
    fn waiting(&self) -> Option<String> {
        let secret = |warning: &Warning| matches!(warning, Warning::Secret(_));
        let told = self.pending.iter().filter(|proposal| !proposal.warnings.iter().any(secret));
        let list: String =
            told.map(|proposal| format!("\n- {}: {}", proposal.title(), proposal.gist())).collect();
        let head = "# Pending KB.md edits\n\nThese wait for the user's review. The user's words win over KB.md in this \
                    task already; do not propose them again and do not edit KB.md yourself.\n";
        (!list.is_empty()).then(|| format!("{head}{list}"))
    }
}

fn part(label: &str, text: String) -> SystemPart {
    SystemPart { label: label.to_string(), text }
}

/// What the detector found, one line each, for the model to confirm or to ignore.
fn hints(found: &[Candidate]) -> Option<String> {
    const LONGEST: usize = 200;
    let list: String = found
        .iter()
        .enumerate()
        .map(|(at, candidate)| {
            let quote: String = text::one_line(&candidate.quote).chars().take(LONGEST).collect();
            let state = match candidate.band {
                Band::Weak => "unsure",
                Band::Strong => "waits for review already",
            };
            format!("\n- H{}: \"{quote}\" ({state})", at + 1)
        })
        .collect();
    let head = "# Hints\n\nThe program took these words of the user's newest message for standing rules. Confirm one by \
                proposing it, if it should hold in later tasks too; else ignore it. Do not speak of the hints.\n";
    (!list.is_empty()).then(|| format!("{head}{list}"))
}

/// The part of the system prompt that carries KB.md: verbatim, fenced and named; or one sentence that says why not.
pub fn knowledge(kb: &Snapshot) -> String {
    let Some(text) = kb.text() else {
        let why = kb.explanation().unwrap_or_else(|| "There is no KB.md in this project yet.".to_string());
        return format!("# KB.md\n\n{why} Work by the user's words and good judgement.");
    };
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!(
        "# KB.md\n\nThe project's guidelines, conventions and requirements, as the file KB.md holds them now. They bind \
         every task; where they and the user's newest words differ, the user's words win.\n\n\
         {fence}markdown KB.md\n{text}{end}{fence}"
    )
}

fn longest_run(text: &str, mark: char) -> usize {
    text.split(|letter| letter != mark).map(|run| run.len() / mark.len_utf8()).max().unwrap_or(0)
}

/// The conversation as messages: what takes part in it. A message that another voice answers than the one before says so; `next` answers the last one.
fn messages(log: &Log, next: &str) -> Vec<Message> {
    let mut messages = Vec::new();
    // Who spoke last, and who was announced since.
    let (mut spoke, mut announced): (Option<&str>, Option<&str>) = (None, None);
    let (first, mut lead) = begins(log);
    let places = log.entries().iter().enumerate().skip(first);
    let (places, entries): (Vec<usize>, Vec<&Entry>) =
        places.filter(|(_, entry)| entry.presence == Presence::Current).unzip();
    for (at, entry) in entries.iter().enumerate() {
        let place = places.get(at).copied().unwrap_or_default();
        match &entry.body {
            Body::User { text, attached, .. } => {
                if !attached.is_empty() {
                    messages.push(Message::Attached(attached.clone()));
                }
                let later = entries.get(at + 1..).unwrap_or_default();
                let answers = answering(later, next);
                let text = match (spoke, answers) {
                    (Some(before), Some(voice)) if announced.unwrap_or(before) != voice => {
                        announced = Some(voice);
                        format!(
                            "[From here on the persona {voice} answers. The replies above were given by {before}.]\n\n{text}"
                        )
                    }
                    _ => text.clone(),
                };
                let text = lead.take().unwrap_or_default() + &text;
                messages.push(Message::User { text });
            }
            // What broke and was tried again is no part of the conversation.
            Body::Reply(_) if is_superseded(log.entries(), place) => {}
            Body::Reply(reply) => {
                if !reply.text.trim().is_empty() || !reply.calls.is_empty() {
                    (spoke, announced) = (Some(reply.voice.name.as_str()), None);
                    messages.push(Message::Assistant {
                        text: reply.text.clone(),
                        calls: reply.calls.clone(),
                        opaque: reply.opaque.clone(),
                    });
                }
                if !reply.calls.is_empty() {
                    messages.push(Message::Results(answered(reply)));
                }
            }
            Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {}
        }
    }
    messages
}

/// Where what is sent begins, and what stands before it in place of what is not sent.
fn begins(log: &Log) -> (usize, Option<String>) {
    let compactions = log.entries().iter().enumerate().rev();
    let found = compactions.filter_map(|(at, entry)| match &entry.body {
        Body::Compaction { summary, kept, .. } => Some((at, summary, *kept)),
        Body::User { .. }
        | Body::Reply(_)
        | Body::Divider { .. }
        | Body::Notice { .. }
        | Body::Decision { .. } => None,
    });
    let Some((at, summary, kept)) = found.into_iter().next() else { return (0, None) };
    let first = kept_from(log, at, kept);
    let lead = if summary.is_empty() {
        "[The beginning of this conversation was left out to save room.]\n\n".to_string()
    } else {
        format!("[What was said before this, in short:]\n\n{summary}\n\n[The conversation goes on:]\n\n")
    };
    (first, Some(lead))
}

/// The position from which on a compaction at a position keeps what was said word for word, where it keeps so many messages of the user.
pub fn kept_from(log: &Log, at: usize, kept: usize) -> usize {
    let before = log.entries().get(..at).unwrap_or_default();
    let said = before.iter().enumerate().filter(|(_, entry)| matches!(entry.body, Body::User { .. }));
    let users: Vec<usize> = said.map(|(at, _)| at).collect();
    let first = users.len().checked_sub(kept).and_then(|skipped| users.get(skipped).copied());
    if kept == 0 { at } else { first.unwrap_or(0) }
}

/// How many messages of the user are sent.
pub fn sent_messages(log: &Log) -> usize {
    let (first, _) = begins(log);
    log.entries().iter().skip(first).filter(|entry| matches!(entry.body, Body::User { .. })).count()
}

/// Whether a reply broke off and no message of the user followed: the turn is tried again.
fn is_superseded(entries: &[Entry], at: usize) -> bool {
    let broken = |entry: &Entry| match &entry.body {
        Body::Reply(reply) => {
            matches!(reply.outcome, Some(Outcome::Failed(_) | Outcome::Truncated | Outcome::Cancelled))
        }
        Body::User { .. }
        | Body::Divider { .. }
        | Body::Notice { .. }
        | Body::Decision { .. }
        | Body::Compaction { .. } => false,
    };
    let later = entries.get(at + 1..).unwrap_or_default();
    let next = later.iter().find(|entry| matches!(entry.body, Body::User { .. } | Body::Reply(_)));
    entries.get(at).is_some_and(broken) && !next.is_some_and(|next| matches!(next.body, Body::User { .. }))
}

/// Who answers a message, seen from the entries after it: whoever replied, or whoever is asked now. `None` when nobody did and the
/// user went on.
fn answering<'a>(later: &[&'a Entry], next: &'a str) -> Option<&'a str> {
    for entry in later {
        match &entry.body {
            Body::Reply(reply) => return Some(&reply.voice.name),
            Body::User { .. } => return None,
            Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {}
        }
    }
    Some(next)
}

/// One result for every call; a call that was cut off gets one too, since providers refuse a call without an answer.
fn answered(reply: &Reply) -> Vec<ToolResult> {
    let missing = |id: &str| ToolResult { id: id.to_string(), text: "Not done.".to_string(), failed: true };
    reply
        .calls
        .iter()
        .map(|call| {
            let found = reply.results.iter().find(|result| result.id == call.id);
            found.cloned().unwrap_or_else(|| missing(&call.id))
        })
        .collect()
}
