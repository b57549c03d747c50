//! Work outside that answers later, apart from the turn. It starts none of it.

use crate::domain::attach::Attachment;
use crate::domain::attach::mention::Mention;
use crate::domain::chat::EntryId;
use crate::domain::exchange::Outcome;
use crate::domain::inquiry::Inquiry;
use crate::domain::kb::state::Snapshot;
use crate::domain::kb::{Candidate, Span};
use crate::protocol::message::{Agreed, Millis, TaskId};

/// Work outside that answers later, apart from the turn.
#[derive(Clone, Debug, Default)]
pub struct Errands {
    next_task: u64,
    /// KB.md as it was read for these before the tables were there to look at it.
    pub early: Vec<(TaskId, Snapshot)>,
    /// A reply that was asked for without the tables, and ended before they were there.
    pub late: Option<(TaskId, Outcome)>,
    /// KB.md is being read to remember these.
    pub remember: Vec<(TaskId, String)>,
    /// The model is asked once more about the last message.
    pub asking: Option<Box<Asking>>,
    /// KB.md is being written.
    pub saving: Option<Saving>,
    /// What the message of the turn mentions is being read.
    pub gathering: Option<Gathering>,
    /// What the next request holds is to be shown.
    pub looking: Option<Looking>,
    /// This message was not sent because of what it mentions.
    pub doubted: Option<Doubted>,
    /// A message that was said before is in the prompt: sending it branches off there.
    pub revising: Option<Revising>,
    /// The editor is open for this.
    pub editing: Option<(TaskId, EditingWhat)>,
}

impl Errands {
    /// A new task id.
    pub fn task(&mut self) -> TaskId {
        self.next_task += 1;
        TaskId(self.next_task)
    }
}

/// The small extra call on its way.
#[derive(Clone, Debug)]
pub struct Asking {
    pub task: TaskId,
    pub inquiry: Inquiry,
    pub answer: String,
    /// What it was asked about, and the turn that it comes from.
    pub unsure: Vec<Candidate>,
    pub message: Vec<Span>,
    pub earlier: Vec<String>,
}

/// What a message mentions is being read, before anything is sent.
#[derive(Clone, Debug)]
pub struct Gathering {
    /// That of the turn.
    pub task: TaskId,
    /// The message in the conversation.
    pub entry: EntryId,
    pub mentions: Vec<Mention>,
    pub agreed: Agreed,
}

/// What the next request holds is to be shown, once files and KB.md are read.
#[derive(Clone, Debug)]
pub struct Looking {
    pub task: TaskId,
    pub what: What,
    /// The draft.
    pub message: Vec<Span>,
    pub attached: Vec<Attachment>,
    /// What cannot go along with it, a sentence each.
    pub told: Vec<String>,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Parts,
    /// The request's body as it is sent.
    Bytes,
}

/// A message that was not sent because of what it mentions; the same once more is the user's answer.
#[derive(Clone, Debug)]
pub struct Doubted {
    pub message: String,
    pub since: Millis,
}

/// An accepted edit on its way to the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    pub task: TaskId,
    pub proposal: u64,
    /// KB.md as the edit was made on it. The watcher may tell of the new text before the write is answered.
    pub before: String,
}

/// A message that was said before and is said anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revising {
    pub message: EntryId,
    /// What stood in the prompt.
    pub draft: Vec<Span>,
}

/// What the external editor was opened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditingWhat {
    Draft,
    Proposal(u64),
    /// A message, only to be looked at.
    Nothing,
}
