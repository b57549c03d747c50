//! One message and its reply, told as it comes: what is new in the state since it was told last. It never tells a thing twice, and writes
//! nowhere.

pub mod json;

use super::plain::told;
use super::state::{State, Turn};
use crate::domain::attach::Attachment;
use crate::domain::chat::{Body, EntryId, Level, Reply};
use crate::domain::exchange::{Outcome, StopReason, Usage};
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::{edit, patch};
use crate::protocol::message::{Millis, TaskId};

/// Something that is told.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The reply begins.
    Start {
        persona: String,
        provider: String,
        model: String,
        /// The first digits of the SHA-256 of the KB.md that was sent; empty when none was.
        kb: String,
    },
    Text(String),
    Thinking(String),
    /// What one request took, once its reply has ended.
    Usage(Usage),
    /// A request is tried again: attempt number, seconds until then, and why.
    Retry {
        attempt: u32,
        seconds: u32,
        cause: String,
    },
    /// So many seconds without a byte.
    Silence(u64),
    Notice(Level, String),
    /// What went along with the message, without its contents.
    Attached(Attachment),
    Failed {
        what: String,
        next: String,
    },
}

/// How it all ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    /// The reply is not whole: the connection broke, or the bound of its length was reached.
    Cut,
    /// There is no answer: the request failed, or the provider declined.
    Failed,
    Interrupted,
}

impl End {
    /// The word in the JSON events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Cut => 3,
            Self::Interrupted => 130,
        }
    }
}

/// How the last reply ended; one that has not ended was interrupted.
pub fn end(state: &State) -> End {
    let back = state.recording.back;
    let own = |id: EntryId| back.is_none_or(|back| id > back);
    let mut replies = state.log.entries().iter().rev().filter(|entry| own(entry.id));
    let last = replies.find_map(|entry| state.log.reply(entry.id));
    match last.map(|reply| &reply.outcome) {
        Some(Some(Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse | StopReason::Other(_)))) => {
            End::Complete
        }
        Some(Some(Outcome::Complete(StopReason::MaxTokens) | Outcome::Truncated)) => End::Cut,
        Some(Some(Outcome::Complete(StopReason::Refusal) | Outcome::Failed(_))) => End::Failed,
        Some(Some(Outcome::Cancelled) | None) => End::Interrupted,
        None => End::Failed,
    }
}

/// What was told so far.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The newest entry that was begun.
    last: EntryId,
    /// The message, until it is told what went along with it.
    asked: Option<EntryId>,
    open: Option<Open>,
    begun: Stage,
    note: Option<(String, Millis)>,
    silence: (TaskId, u64),
}

/// A reply that is being told.
#[derive(Clone, Copy, Debug)]
struct Open {
    entry: EntryId,
    /// Bytes of it that were told.
    text: usize,
    thinking: usize,
}

/// How far the replies have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    Started,
    Text,
}

impl Told {
    /// What is new.
    pub fn news(&mut self, state: &State) -> Vec<News> {
        let mut news = Vec::new();
        self.attached(state, &mut news);
        if let Some(open) = self.open {
            self.open = self.reply(state, open, &mut news);
        }
        let from = self.last.max(state.recording.back.unwrap_or_default());
        for entry in state.log.entries().iter().filter(|entry| entry.id > from) {
            self.last = entry.id;
            match &entry.body {
                Body::Reply(_) => {
                    let open = Open { entry: entry.id, text: 0, thinking: 0 };
                    self.open = self.reply(state, open, &mut news);
                }
                Body::Notice { level, text } => news.push(News::Notice(*level, text.clone())),
                // The user knows what was asked, and nothing is decided here.
                Body::Compaction { text, usage, .. } => {
                    if *usage != Usage::default() {
                        news.push(News::Usage(*usage));
                    }
                    news.push(News::Notice(Level::Info, text.clone()));
                }
                Body::User { .. } => {
                    self.asked = Some(entry.id);
                    self.attached(state, &mut news);
                }
                Body::Divider { .. } | Body::Decision { .. } => {}
            }
        }
        if self.note != state.screen.note {
            self.note.clone_from(&state.screen.note);
            news.extend(self.note.iter().map(|(note, _)| News::Notice(Level::Info, note.clone())));
        }
        self.silence(state, &mut news);
        news
    }

    /// The files are read after the message is in the chat.
    fn attached(&mut self, state: &State, news: &mut Vec<News>) {
        let Some(entry) = self.asked.and_then(|asked| state.log.get(asked)) else { return };
        if let Body::User { attached, .. } = &entry.body
            && !attached.is_empty()
        {
            news.extend(attached.iter().map(|one| News::Attached(one.without_content())));
            self.asked = None;
        }
    }

    /// Tells what is new of a reply; gives it back while it goes on.
    fn reply(&mut self, state: &State, mut open: Open, news: &mut Vec<News>) -> Option<Open> {
        let reply = state.log.reply(open.entry)?;
        let heard = !(reply.model.is_empty() && reply.text.is_empty() && reply.thinking.is_empty());
        if self.begun == Stage::Nothing && heard {
            self.begun = Stage::Started;
            news.push(News::Start {
                persona: reply.voice.name.clone(),
                provider: state.connection.endpoint.provider.clone(),
                model: reply.model.clone(),
                kb: reply.kb.clone(),
            });
        }
        let thinking = reply.thinking.get(open.thinking..).unwrap_or_default();
        if !thinking.is_empty() {
            news.push(News::Thinking(thinking.to_string()));
            open.thinking = reply.thinking.len();
        }
        let text = reply.text.get(open.text..).unwrap_or_default();
        if !text.is_empty() {
            // The model went on after its tools were answered: that is another paragraph.
            let gap = if open.text == 0 && self.begun == Stage::Text { "\n\n" } else { "" };
            news.push(News::Text(format!("{gap}{text}")));
            (open.text, self.begun) = (reply.text.len(), Stage::Text);
        }
        let Some(outcome) = &reply.outcome else { return Some(open) };
        ended(reply, outcome, news);
        None
    }

    /// A server that keeps still.
    fn silence(&mut self, state: &State, news: &mut Vec<News>) {
        let Turn::Replying(replying) = &state.turn else { return };
        // A reply that has ended and waits for the tables is not silent.
        if state.errands.late.is_some() {
            return;
        }
        let step = told::silence(state.screen.now.saturating_sub(replying.last_byte));
        if self.silence != (replying.task, step) {
            self.silence = (replying.task, step);
            news.extend((step > 0).then_some(News::Silence(step)));
        }
    }
}

fn ended(reply: &Reply, outcome: &Outcome, news: &mut Vec<News>) {
    if reply.usage != Usage::default() {
        news.push(News::Usage(reply.usage));
    }
    let mut warn = |words: String| news.push(News::Notice(Level::Warning, words));
    match outcome {
        Outcome::Failed(failure) => {
            news.push(News::Failed { what: failure.what.clone(), next: failure.next.clone() });
        }
        Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse) | Outcome::Cancelled => {}
        Outcome::Complete(StopReason::MaxTokens) => {
            warn("the reply was cut at the token limit; raise max_tokens, or ask for less".to_string());
        }
        Outcome::Complete(StopReason::Refusal) => warn("the provider declined to answer".to_string()),
        Outcome::Complete(StopReason::Other(reason)) => warn(format!("the reply ended with: {reason}")),
        Outcome::Truncated => {
            warn("the connection ended before the reply did; ask once more".to_string());
        }
    }
}

/// The edits of KB.md that follow from the message, as one patch that `dictum kb apply` takes; the reason where there can be none.
pub fn patch(state: &State) -> Result<String, String> {
    if let Some(why) = state.kb.snapshot.explanation() {
        return Err(why);
    }
    let edits: Vec<_> = state.review.pending.iter().flat_map(Proposal::edits).collect();
    let after = edit::apply(state.kb.text(), &edits).map_err(|error| error.to_string())?;
    Ok(patch::write(state.kb.snapshot.text(), &after))
}
