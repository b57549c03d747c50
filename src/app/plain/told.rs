//! What is new in the state since it was told last, as whole lines. It never tells a thing twice, and never half a line of a reply.

use std::collections::BTreeSet;

use super::{Asked, Form, card, printable};
use crate::app::screen;
use crate::app::state::{Focus, MenuOf, Overlay, Retry, State, Turn};
use crate::app::status;
use crate::base::text;
use crate::domain::chat::{Body, Entry, EntryId, Fold, Level, Presence, Reply};
use crate::domain::exchange::{Outcome, StopReason};
use crate::domain::kb::edit;
use crate::domain::kb::joined;
use crate::domain::kb::proposal::Proposal;
use crate::panels::menu::Menu;
use crate::panels::pager::Pager;
use crate::panels::review::{Confirmation, Mode};
use crate::protocol::message::{Millis, TaskId};
use crate::protocol::sessions::Conversation;

/// Silence of a server that is told, in seconds; after the last of them, each minute.
const SILENCE: [u64; 3] = [10, 30, 60];

/// What was told so far.
#[derive(Clone, Debug, Default)]
pub struct Told {
    persona: Option<String>,
    kb: String,
    connection: String,
    /// The newest entry of the log that was begun, and how many there were.
    last: EntryId,
    entries: usize,
    conversation: Conversation,
    /// The reply that goes on.
    reply: Option<Open>,
    notes: String,
    note: Option<(String, Millis)>,
    queued: usize,
    /// The edits that were announced.
    pending: BTreeSet<u64>,
    shown: Shown,
    message: Option<String>,
    retry: Option<Retry>,
    silence: (TaskId, u64),
}

/// A reply that is told line by line.
#[derive(Clone, Copy, Debug)]
struct Open {
    entry: EntryId,
    /// Bytes of it that were told.
    bytes: usize,
    headed: Headed,
}

/// Whether it was told who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Headed {
    No,
    Yes,
}

/// What has the focus, as it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Nothing,
    Edit(String),
    List(String),
    Question(String),
    Text(String),
}

impl Told {
    /// The user entered something: what is told next answers it, also when the same was told before.
    pub fn answered(&mut self) {
        self.message = None;
        if matches!(self.shown, Shown::Text(_)) {
            self.shown = Shown::Nothing;
        }
    }

    /// The lines that are new.
    pub fn news(&mut self, state: &State) -> Vec<String> {
        let mut lines = Vec::new();
        let begins = self.persona.is_none();
        if begins {
            self.standing(state, &mut lines);
        }
        self.log(state, &mut lines);
        self.turn(state, &mut lines);
        if !begins {
            self.standing(state, &mut lines);
        }
        self.note(state, &mut lines);
        self.announced(state, &mut lines);
        self.focus(state, &mut lines);
        lines.iter().map(|line| printable(line)).collect()
    }

    /// Who speaks, what KB.md is, and which model answers: at the start, and when it changes.
    fn standing(&mut self, state: &State, lines: &mut Vec<String>) {
        let persona = &state.personas.active;
        if self.persona.is_none() {
            lines.push("dictum, line by line. /help says what can be typed; Ctrl+D quits.".to_string());
        }
        if self.persona.as_ref() != Some(&persona.name) {
            let does = text::one_line(&persona.description);
            lines.push(format!("Persona: {}. {does}", text::one_line(&persona.name)).trim_end().to_string());
            self.persona = Some(persona.name.clone());
        }
        let snapshot = &state.kb.snapshot;
        let directives = state.kb.document.directives();
        // The same text, read again, is no news.
        let content = format!("{} {}", snapshot.brief(directives), snapshot.hash().unwrap_or_default());
        if self.kb != content {
            lines.push(format!("{}.", snapshot.badge(directives)));
            // A request is not sent without these words; before the first one they are said here.
            lines.extend(snapshot.explanation().filter(|_| self.kb.is_empty()));
            self.kb = content;
        }
        let notes = state.kb.notes.badge();
        if self.notes != notes {
            lines.push(match notes.as_str() {
                "" => "No notes of other tools are read any more.".to_string(),
                notes => format!("Also read: {notes}."),
            });
            self.notes = notes;
        }
        let connection = status::connection(state);
        if self.connection != connection {
            lines.push(format!("Model: {connection}."));
            self.connection = connection;
        }
    }

    /// What was said and decided.
    fn log(&mut self, state: &State, lines: &mut Vec<String>) {
        let entries = state.log.entries();
        let before = std::mem::replace(&mut self.conversation, state.recording.conversation);
        if entries.is_empty() && self.entries > 0 && before != self.conversation {
            lines.push("A new conversation begins.".to_string());
        }
        self.entries = entries.len();
        if let Some(open) = self.reply {
            match state.log.reply(open.entry) {
                Some(reply) => self.reply = told_reply(reply, open, lines),
                None => self.reply = None,
            }
        }
        let first = entries.iter().rposition(|entry| entry.id <= self.last).map_or(0, |at| at + 1);
        for entry in entries.get(first..).unwrap_or_default() {
            self.last = entry.id;
            self.entry(entry, state, lines);
        }
    }

    fn entry(&mut self, entry: &Entry, state: &State, lines: &mut Vec<String>) {
        match (entry.presence, &entry.body) {
            (Presence::Current, _) => {}
            (Presence::TakenBack, Body::User { text, .. }) => {
                lines.extend(prefixed("Taken back: ", text).into_iter().take(1));
                return;
            }
            (Presence::TakenBack | Presence::OtherVersion, _) => return,
        }
        match &entry.body {
            Body::User { text, attached, .. } => {
                // What was just typed stands there; what waited does not.
                let back = state.recording.back.is_some_and(|last| entry.id <= last);
                let typed = state.screen.form == Form::Linear(Asked::Person);
                if back || !typed || state.queue.len() < self.queued {
                    lines.extend(prefixed("You: ", text));
                }
                lines.extend(attached.iter().map(|attached| format!("Sent along: {}", attached.label())));
                self.queued = state.queue.len();
            }
            Body::Reply(reply) => {
                let open = Open { entry: entry.id, bytes: 0, headed: Headed::No };
                self.reply = told_reply(reply, open, lines);
            }
            // Who speaks is told where it changes.
            Body::Divider { .. } => {}
            Body::Notice { level, text } => lines.extend(prefixed(word(*level), text)),
            Body::Compaction { text, .. } => lines.extend(prefixed(word(Level::Info), text)),
            Body::Decision { summary, diff, .. } => {
                lines.extend(prefixed("", summary));
                if entry.fold == Fold::Open {
                    lines.extend(diff.lines().filter(|line| !line.starts_with("@@")).map(str::to_string));
                }
            }
        }
    }

    /// A server that keeps still, or is asked again.
    fn turn(&mut self, state: &State, lines: &mut Vec<String>) {
        let now = state.screen.now;
        let retry = match &state.turn {
            Turn::Replying(replying) => &replying.retry,
            Turn::Compacting(compacting) => &compacting.retry,
            Turn::Idle | Turn::Reading { .. } => &None,
        };
        if self.retry != *retry {
            self.retry.clone_from(retry);
            let told =
                retry.iter().map(|retry| format!("Trying again: {}", text::one_line(&retry.told(now))));
            lines.extend(told);
        }
        let Turn::Replying(replying) = &state.turn else { return };
        let step = silence(state.screen.now.saturating_sub(replying.last_byte));
        if step == 0 {
            self.silence = (replying.task, 0);
        } else if self.silence != (replying.task, step) {
            self.silence = (replying.task, step);
            lines.push(format!("{step} seconds without a byte; Ctrl+C stops it."));
        }
    }

    fn note(&mut self, state: &State, lines: &mut Vec<String>) {
        if state.screen.note.is_some() && self.note != state.screen.note {
            let said = state.screen.note.iter().map(|(note, _)| text::one_line(note));
            // A decision that was just told in full needs no short form.
            let fresh: Vec<String> =
                said.filter(|note| !lines.iter().any(|line| line.starts_with(note.as_str()))).collect();
            lines.extend(fresh);
        }
        self.note.clone_from(&state.screen.note);
    }

    /// What waits: messages for the reply, edits for the review.
    fn announced(&mut self, state: &State, lines: &mut Vec<String>) {
        if state.queue.len() > self.queued {
            let last = state
                .queue
                .iter()
                .last()
                .map(|waiting| text::one_line(&joined(&waiting.message)))
                .unwrap_or_default();
            // Nothing ends where nothing runs; then the question says how many wait.
            if !matches!(state.turn, Turn::Idle) {
                lines.push(format!("Queued until the reply ends: {last}"));
            }
        }
        self.queued = state.queue.len();
        let review = &state.review;
        let opened = matches!(state.focus, Focus::Review);
        for (at, proposal) in review.pending.iter().enumerate() {
            if !self.pending.insert(proposal.id) || opened {
                continue;
            }
            if state.screen.form == Form::Linear(Asked::Nobody) {
                lines.extend(card_lines(state, proposal, (at + 1, review.pending.len())));
                lines.push(card::NOBODY.trim_end().to_string());
            } else {
                let (title, gist) = (proposal.title(), text::one_line(proposal.gist()));
                lines.push(format!("KB.md? {}: {gist} (/review decides)", text::one_line(&title)));
            }
        }
        self.pending.retain(|id| review.pending.iter().any(|proposal| proposal.id == *id));
    }

    /// What has the focus: an edit to decide on, a list to choose from, a text to read.
    fn focus(&mut self, state: &State, lines: &mut Vec<String>) {
        let shown = match &state.focus {
            // Here the two are one text.
            Focus::Prompt | Focus::Reading(_) | Focus::Overlay(Overlay::Compare(_)) => Shown::Nothing,
            Focus::Review => match (state.review.current(), &state.review.mode) {
                (Some(_), Mode::Saving) | (None, _) => self.shown.clone(),
                (Some(proposal), Mode::Looking | Mode::Editing(_) | Mode::Reason(_)) => {
                    let mut words = card_lines(state, proposal, state.review.place()).join("\n");
                    words.push('\n');
                    words.push_str(&card::choices(proposal));
                    Shown::Edit(words)
                }
            },
            Focus::Overlay(Overlay::Menu(of, menu)) => Shown::List(listed(*of, menu)),
            // Its question says all.
            Focus::Overlay(Overlay::Key(_)) => Shown::Nothing,
            Focus::Overlay(Overlay::Trust(pager)) => Shown::Question(whole(pager)),
            Focus::Overlay(Overlay::Pager(pager)) => match &self.shown {
                // A text that changes while it is open is not told again.
                Shown::Text(title) if title.starts_with(&pager.title) => self.shown.clone(),
                Shown::Nothing | Shown::Edit(_) | Shown::List(_) | Shown::Question(_) | Shown::Text(_) => {
                    Shown::Text(whole(pager))
                }
            },
        };
        if shown != self.shown {
            match &shown {
                Shown::Nothing => {}
                Shown::Edit(words) | Shown::List(words) | Shown::Question(words) | Shown::Text(words) => {
                    lines.extend(words.trim_end().lines().map(str::to_string));
                }
            }
            self.shown = shown;
        }
        // The question says by itself what confirms.
        let message =
            state.review.message.as_ref().filter(|_| state.review.confirmation == Confirmation::Open);
        if matches!(state.focus, Focus::Review) {
            if message != self.message.as_ref() {
                lines.extend(message.cloned());
            }
            self.message = message.cloned();
        }
    }
}

/// How much of a silence is told, in seconds; 0 where it is short.
pub fn silence(time: Millis) -> u64 {
    let seconds = time / 1_000;
    let last = SILENCE.last().copied().unwrap_or(1);
    let step = SILENCE.iter().rev().find(|step| **step <= seconds).copied().unwrap_or(0);
    if step == last { seconds / last * last } else { step }
}

/// Tells what is new of a reply; gives it back while it goes on.
fn told_reply(reply: &Reply, mut open: Open, lines: &mut Vec<String>) -> Option<Open> {
    let rest = reply.text.get(open.bytes..).unwrap_or_default();
    let whole = match &reply.outcome {
        None => rest.rfind('\n').map_or(0, |end| end + 1),
        Some(_) => rest.len(),
    };
    let remarks = reply.outcome.as_ref().map(remarks).unwrap_or_default();
    let fresh = rest.get(..whole).unwrap_or_default();
    let mut said = clean_lines(fresh);
    if open.headed == Headed::No && !(said.iter().all(String::is_empty) && remarks.is_empty()) {
        let model = text::one_line(&reply.model);
        let model = if model.is_empty() { String::new() } else { format!(" ({model})") };
        lines.push(format!("{}{model}:", text::one_line(&reply.voice.name)));
        if !reply.thinking.is_empty() {
            lines.push(format!("(thought about it in {} words)", reply.thinking.split_whitespace().count()));
        }
        // Empty lines before the first word may have come, and were not told, before.
        let first = said.iter().position(|line| !line.is_empty()).unwrap_or(said.len());
        said.drain(..first);
        open.headed = Headed::Yes;
    }
    if open.headed == Headed::Yes {
        lines.extend(said);
        lines.extend(remarks);
        lines.extend(reply.outcome.as_ref().map(|_| String::new()));
    }
    open.bytes += whole;
    reply.outcome.is_none().then_some(open)
}

/// Cleaned line by line, so that it does not matter in which pieces the lines came.
fn clean_lines(said: &str) -> Vec<String> {
    let clean = |line: &str| text::sanitise(line.trim_end_matches('\r')).trim_end().to_string();
    said.split_terminator('\n')
        .map(clean)
        .flat_map(|line| line.split('\n').map(str::to_string).collect::<Vec<_>>())
        .collect()
}

/// How a reply ended, where it is not as it should be.
fn remarks(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse) => Vec::new(),
        Outcome::Complete(StopReason::MaxTokens) => {
            vec![
                "Warning: cut at the token limit; say \u{201c}continue\u{201d}, or raise max_tokens"
                    .to_string(),
            ]
        }
        Outcome::Complete(StopReason::Refusal) => {
            vec!["Warning: the provider declined to answer".to_string()]
        }
        Outcome::Complete(StopReason::Other(reason)) => vec![format!("Ended: {}", text::one_line(reason))],
        Outcome::Cancelled => vec!["Stopped.".to_string()],
        Outcome::Truncated => {
            vec![
                "Warning: the connection ended before the reply did; say \u{201c}continue\u{201d}"
                    .to_string(),
            ]
        }
        Outcome::Failed(failure) => {
            vec![format!("Error: {}", text::one_line(&failure.what)), text::one_line(&failure.next)]
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "Note: ",
        Level::Good => "Done: ",
        Level::Warning => "Warning: ",
        Level::Error => "Error: ",
    }
}

/// The lines of a text, a word before the first.
fn prefixed(word: &str, words: &str) -> Vec<String> {
    let clean = text::sanitise(words);
    let label = |(at, line)| if at == 0 { format!("{word}{line}") } else { String::from(line) };
    clean.lines().enumerate().map(label).collect()
}

fn card_lines(state: &State, proposal: &Proposal, place: (usize, usize)) -> Vec<String> {
    let before = screen::reviewed(state);
    match edit::apply(before, &proposal.edits()) {
        Ok(after) => {
            let before = state.kb.snapshot.text().map(|_| before);
            card::of(proposal, place, before, &after).lines().map(str::to_string).collect()
        }
        Err(error) => {
            vec![text::one_line(&format!("{}: {} ({error})", proposal.title(), proposal.gist()))]
        }
    }
}

/// A menu as numbered lines.
fn listed(of: MenuOf, menu: &Menu) -> String {
    let mut words = format!("{}:\n", menu.title);
    let selected = match of {
        MenuOf::Personas | MenuOf::Models => menu.selected(),
        // Of these none is in use, or it says so itself.
        MenuOf::Sessions | MenuOf::Palette | MenuOf::History | MenuOf::Queue | MenuOf::Setup => None,
    };
    for (at, item) in menu.shown().enumerate() {
        let now = if selected == Some(item) { ", the one in use" } else { "" };
        let tag = if item.tag.is_empty() { String::new() } else { format!(" ({}{now})", item.tag) };
        let tag = if tag.is_empty() && !now.is_empty() { " (the one in use)".to_string() } else { tag };
        let detail = if item.detail.is_empty() { String::new() } else { format!(": {}", item.detail) };
        words.push_str(&format!("  {}. {}{}{tag}{detail}\n", at + 1, item.group, item.label));
    }
    words
}

/// A long text with its title.
fn whole(pager: &Pager) -> String {
    format!("{}:\n{}", pager.title, pager.content.words())
}
