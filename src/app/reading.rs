//! What the user asks of the conversation while reading it: marking, searching, copying, opening. It never sends and never edits.

use super::state::{EditingWhat, Focus, Overlay, State};
use super::update::open;
use super::{again, sessions, versions};
use crate::base::text;
use crate::domain::chat::{Body, Entry, Level, Presence};
use crate::draw::markdown;
use crate::panels::pager::{Content, Pager};
use crate::panels::prompt::editor::Editor;
use crate::panels::transcript::Wish;
use crate::panels::transcript::reading::{Reading, can_be_marked, words};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Clip, Effect};

/// Goes to the conversation, with the newest reply marked; back to the prompt from there.
pub fn toggle(state: &mut State) {
    if matches!(state.focus, Focus::Reading(_)) {
        state.focus = Focus::Prompt;
        return;
    }
    let current = |entry: &Entry| entry.presence == Presence::Current && can_be_marked(entry);
    let reply = |entry: &Entry| matches!(&entry.body, Body::Reply(_)) && current(entry);
    let entries = state.log.entries();
    let marked = entries.iter().rposition(reply).or_else(|| entries.iter().rposition(can_be_marked));
    if marked.is_none() {
        state.note("there is nothing to read yet");
        return;
    }
    state.focus = Focus::Reading(Reading::at(marked));
}

/// Opens the line for the words of a search.
pub fn begin_search(state: &mut State) {
    state.end_note();
    if !matches!(state.focus, Focus::Reading(_)) {
        toggle(state);
    }
    if let Focus::Reading(reading) = &mut state.focus {
        reading.typing = Some(Editor::default());
    }
}

/// The words of a search changed: its newest match comes into sight.
pub fn typed(state: &mut State) {
    let Focus::Reading(reading) = &mut state.focus else { return };
    let Some(words) = reading.typing.as_ref().map(|field| field.text().to_string()) else { return };
    if let Some(found) = reading.search(&words, state.log.entries()) {
        reading.marked = Some(found.entry);
        state.transcript.scroll(Wish::Match(found));
    }
}

/// Something was folded or unfolded: only what is seen is found.
pub fn search_again(state: &mut State) {
    if let Focus::Reading(reading) = &mut state.focus {
        reading.search_again(state.log.entries());
    }
}

/// Enter in the line for the words: they are kept, and keys move between the matches.
pub fn end_search(state: &mut State) {
    let Focus::Reading(reading) = &mut state.focus else { return };
    reading.typing = None;
    match reading.count() {
        Some((0, _)) => {
            reading.forget();
            state.note("nothing in the chat says that");
        }
        Some(_) => {}
        None => reading.forget(),
    }
}

/// Goes to a message of the user before (-1) or after the first visible one.
pub fn jump(state: &mut State, by: isize) {
    let entries = state.log.entries();
    let is_said = |at: &usize| entries.get(*at).is_some_and(|entry| matches!(entry.body, Body::User { .. }));
    let (first, whole) = state.transcript.first();
    let found = if by < 0 {
        (0..first + usize::from(!whole)).rev().find(is_said)
    } else {
        (first + 1..entries.len()).find(is_said)
    };
    match found {
        Some(entry) => {
            if let Focus::Reading(reading) = &mut state.focus {
                reading.marked = Some(entry);
            }
            state.transcript.scroll(Wish::Entry(entry));
        }
        None if by > 0 => state.transcript.follow(),
        None => state.note("there is no message of yours before"),
    }
}

/// Marks the message before or after the marked one.
fn mark(state: &mut State, by: isize) {
    let Focus::Reading(reading) = &mut state.focus else { return };
    let entries = state.log.entries();
    let may = |at: &usize| entries.get(*at).is_some_and(can_be_marked);
    let here = reading.marked.unwrap_or(entries.len());
    let found = if by < 0 { (0..here).rev().find(may) } else { (here + 1..entries.len()).find(may) };
    if let Some(entry) = found {
        reading.marked = Some(entry);
        state.transcript.scroll(Wish::Entry(entry));
    }
}

/// Does what a key asks while the chat is read.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::ReadDown => state.transcript.scroll(Wish::Lines(1)),
        Action::ReadUp => state.transcript.scroll(Wish::Lines(-1)),
        Action::ReadPageDown => state.transcript.scroll(Wish::Pages(1)),
        Action::ReadPageUp => state.transcript.scroll(Wish::Pages(-1)),
        Action::ReadTop => state.transcript.scroll(Wish::Top),
        Action::ReadEnd => state.transcript.follow(),
        Action::ReadEarlier => mark(state, -1),
        Action::ReadLater => mark(state, 1),
        Action::NextMatch => step(state, 1),
        Action::PreviousMatch => step(state, -1),
        Action::CopyMessage => return copy_message(state),
        Action::FoldMessage => fold(state),
        Action::OpenMessage => show(state),
        Action::EditMessage => return edit(state),
        Action::Revise => return again::revise(state),
        Action::Retry => {
            state.end_note();
            return versions::retry_marked(state);
        }
        Action::Fork => return sessions::fork_at_marked(state),
        Action::LeaveReading => leave(state),
        _ => {}
    }
    Vec::new()
}

/// Back to the prompt. The view stays where it was read.
pub fn leave(state: &mut State) {
    state.focus = Focus::Prompt;
}

fn step(state: &mut State, by: isize) {
    let Focus::Reading(reading) = &mut state.focus else { return };
    match reading.step(by) {
        Some(found) => {
            reading.marked = Some(found.entry);
            state.transcript.scroll(Wish::Match(found));
            state.end_note();
        }
        None => {
            let key = state.tools.keymap.told(": ", Context::Reading, Action::Search, "and some words");
            state.note(format!("search first{key}"));
        }
    }
}

fn marked(state: &State) -> Option<&Entry> {
    let Focus::Reading(reading) = &state.focus else { return None };
    state.log.entries().get(reading.marked?)
}

/// The words of an entry as they were said.
fn said(entry: &Entry) -> String {
    match &entry.body {
        Body::Decision { summary, diff, .. } => format!("{summary}\n{diff}"),
        Body::Compaction { text, summary, .. } => format!("{text}\n{summary}"),
        Body::User { .. } | Body::Reply(_) | Body::Divider { .. } | Body::Notice { .. } => {
            words(entry).to_string()
        }
    }
}

/// Text for the clipboard: byte for byte, but for what a shell would take as keys when it is pasted there.
fn harmless(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t' | '\r')).collect()
}

/// The effect that puts text on the clipboard; `what` names it for people.
pub fn clip(what: impl Into<String>, text: &str) -> Vec<Effect> {
    vec![Effect::Copy(Clip { what: what.into(), text: harmless(text) })]
}

/// Copies the marked message.
pub fn copy_message(state: &State) -> Vec<Effect> {
    let Some(entry) = marked(state) else { return Vec::new() };
    let what = match &entry.body {
        Body::Reply(_) => "the reply",
        Body::User { .. } => "your message",
        Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {
            "the entry"
        }
    };
    clip(what, &said(entry))
}

/// Copies a code block of the marked message, or of the last reply where none is marked. Numbers count from 1.
pub fn copy_code(state: &mut State, number: usize) -> Vec<Effect> {
    let source = match marked(state) {
        Some(entry) => Some(words(entry).to_string()),
        None => state.log.last_reply(),
    };
    let blocks = source.as_deref().map(markdown::code_blocks).unwrap_or_default();
    if let Some(code) = number.checked_sub(1).and_then(|at| blocks.get(at)) {
        return clip(format!("code block {number}"), code);
    }
    state.note(match blocks.len() {
        0 => "there is no code block in it".to_string(),
        1 => "it has one code block: 1".to_string(),
        count => format!("its code blocks are 1 to {count}"),
    });
    Vec::new()
}

/// `/copy` and `/copy N`.
pub fn copy_last(state: &mut State, number: &str) -> Vec<Effect> {
    match (number, number.parse::<usize>()) {
        ("", _) => {
            if let Some(reply) = state.log.last_reply() {
                return clip("the last reply", &reply);
            }
            state.note("there is no reply to copy yet");
        }
        (_, Ok(number)) => return copy_code(state, number),
        (_, Err(_)) => {
            state.note("name a code block by its number: /copy 2; /copy alone takes the whole reply");
        }
    }
    Vec::new()
}

fn fold(state: &mut State) {
    let Focus::Reading(reading) = &state.focus else { return };
    let Some(marked) = reading.marked else { return };
    // What is folded or unfolded moves the text that a mark stands on.
    state.transcript.marking.clear();
    if !state.log.toggle_fold(marked) {
        state.note("there is nothing folded in it");
    }
    search_again(state);
}

fn show(state: &mut State) {
    let Some(words) = marked(state).map(said) else { return };
    let content = Content::Verbatim(text::sanitise(&words));
    open(state, Overlay::Pager(Pager::new("As it was written", content)));
}

fn edit(state: &mut State) -> Vec<Effect> {
    let Some(words) = marked(state).map(said) else { return Vec::new() };
    let task = state.errands.task();
    state.errands.editing = Some((task, EditingWhat::Nothing));
    vec![Effect::EditExternally { task, text: harmless(&words) }]
}

/// The copy was made, or was not, and why.
pub fn copied(state: &mut State, what: &str, way: Result<String, String>) {
    match way {
        Ok(way) => state.note(format!("copied {what} ({way})")),
        Err(why) => {
            let verb = if what.contains(" lines") { "were" } else { "was" };
            state.notice(Level::Warning, format!("{what} {verb} not copied: {why}"));
        }
    }
}
