//! The conversation as a log of entries: who said what, in which voice, with which outcome. It never draws and never sends.

mod answers;

use std::collections::BTreeSet;

use super::attach::Attachment;
pub use answers::{Presence, Version, versions};

use super::exchange::{Opaque, Outcome, Usage};
use super::kb::origins::Origins;
use super::persona::Persona;

/// Identifies an entry of the log; increases with time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub u64);

/// Who speaks: the persona's name and colour, kept with each reply so that a later switch does not relabel it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voice {
    pub name: String,
    /// The colour as written in the persona file.
    pub color: String,
}

impl Voice {
    /// A persona's label.
    pub fn of(persona: &Persona) -> Self {
        Self { name: persona.name.clone(), color: persona.color.clone() }
    }
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Good,
    Warning,
    Error,
}

/// A tool call that the model made, kept so that the history can be replayed to the same protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// JSON text, as streamed; empty means `{}`.
    pub arguments: String,
}

/// The answer to a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolResult {
    pub id: String,
    pub text: String,
    pub failed: bool,
}

/// A reply of the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub voice: Voice,
    pub text: String,
    pub thinking: String,
    pub calls: Vec<ToolCall>,
    pub results: Vec<ToolResult>,
    /// What the model's provider wants back with the history.
    pub opaque: Vec<Opaque>,
    /// `None` while it streams.
    pub outcome: Option<Outcome>,
    pub usage: Usage,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// Who was asked; empty where that was not recorded.
    pub provider: String,
    /// The first digits of the SHA-256 of the KB.md that it was given; empty when it was given none.
    pub kb: String,
    /// Which version of the answer it belongs to: 0 is the first one. A round that called a tool and the one after it are one version.
    pub version: u32,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    User {
        text: String,
        /// What went along with it.
        attached: Vec<Attachment>,
        /// Where its words came from.
        origins: Origins,
    },
    Reply(Box<Reply>),
    /// The voice changes here.
    Divider {
        voice: Voice,
    },
    Notice {
        level: Level,
        text: String,
    },
    /// A decided proposal: what was decided, and its diff, folded.
    Decision {
        level: Level,
        summary: String,
        diff: String,
    },
    /// From here on less of what stands before is sent: the last `kept` messages of the user with what followed them, and of what is
    /// older only the summary, which may be empty.
    Compaction {
        /// What the user is told, in one line.
        text: String,
        summary: String,
        kept: usize,
        /// What the summary used, and the model that wrote it; nothing where older turns were just left out.
        usage: Usage,
        model: String,
    },
}

impl Body {
    /// What the user said; `None` for anything else.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::User { text, .. } => Some(text),
            Self::Reply(_)
            | Self::Divider { .. }
            | Self::Notice { .. }
            | Self::Decision { .. }
            | Self::Compaction { .. } => None,
        }
    }

    /// The reply; `None` for anything else.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Reply(reply) => Some(reply),
            Self::User { .. }
            | Self::Divider { .. }
            | Self::Notice { .. }
            | Self::Decision { .. }
            | Self::Compaction { .. } => None,
        }
    }
}

/// Whether an entry shows all of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fold {
    #[default]
    Open,
    /// Its first line alone.
    Folded,
}

/// An entry with its identity; `revision` grows with every change, so that drawn lines can be cached.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: EntryId,
    pub revision: u64,
    pub fold: Fold,
    pub presence: Presence,
    /// Which one of how many versions of its answer a reply is; not told of other entries.
    pub version: Version,
    pub body: Body,
}

/// The whole conversation, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    next: u64,
    /// What was added, changed or dropped, but for folds, which are only looks.
    touched: BTreeSet<EntryId>,
    /// What takes part in the conversation in another way than before.
    moved: BTreeSet<EntryId>,
    /// The version of the answer that is given to the newest message.
    version: u32,
}

impl Log {
    /// The entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry `id`, if it is there.
    pub fn get(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(self.position(id)?)
    }

    /// Where the entry `id` stands, if it is there.
    pub fn position(&self, id: EntryId) -> Option<usize> {
        self.entries.binary_search_by_key(&id, |entry| entry.id).ok()
    }

    /// Which entries were added, changed or dropped since this was asked last.
    pub fn take_touched(&mut self) -> BTreeSet<EntryId> {
        std::mem::take(&mut self.touched)
    }

    /// Keeps only so many of the oldest entries.
    pub fn truncate(&mut self, count: usize) {
        let gone = self.entries.drain(count.min(self.entries.len())..);
        self.touched.extend(gone.map(|entry| entry.id));
        self.number_all();
    }

    /// Appends an entry and tells its id.
    pub fn push(&mut self, mut body: Body) -> EntryId {
        match &mut body {
            Body::User { .. } => self.version = 0,
            Body::Reply(reply) => reply.version = self.version,
            Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {}
        }
        let id = self.append(body);
        self.touched.insert(id);
        if self.version > 0 {
            self.number_newest();
        }
        id
    }

    /// Appends an entry as it is; an answer's versions are numbered by whoever asks for it.
    fn append(&mut self, body: Body) -> EntryId {
        self.next += 1;
        let id = EntryId(self.next);
        // The thinking of a reply is folded until it is asked for.
        let fold = match body {
            Body::Reply(_) => Fold::Folded,
            Body::User { .. }
            | Body::Divider { .. }
            | Body::Notice { .. }
            | Body::Decision { .. }
            | Body::Compaction { .. } => Fold::Open,
        };
        let (presence, version) = (Presence::Current, Version::default());
        self.entries.push(Entry { id, revision: 0, fold, presence, version, body });
        id
    }

    /// Appends an entry that shows its first line until it is unfolded.
    pub fn push_folded(&mut self, body: Body) -> EntryId {
        let id = self.push(body);
        if let Some(entry) = self.entries.last_mut() {
            entry.fold = Fold::Folded;
        }
        id
    }

    /// Opens the decided edits and the thinking if one of them is folded, else folds all; gives how they are now, `None` when there are
    /// none.
    pub fn toggle_folds(&mut self) -> Option<Fold> {
        let mut found: Vec<&mut Entry> = self.entries.iter_mut().filter(|entry| folds(entry)).collect();
        let hidden = found.iter().any(|entry| entry.fold == Fold::Folded);
        let next = if hidden { Fold::Open } else { Fold::Folded };
        for entry in &mut found {
            if entry.fold != next {
                entry.fold = next;
                entry.revision += 1;
            }
        }
        (!found.is_empty()).then_some(next)
    }

    /// Folds or unfolds the entry at a position; false when nothing of it can be folded.
    pub fn toggle_fold(&mut self, position: usize) -> bool {
        let Some(entry) = self.entries.get_mut(position).filter(|entry| folds(entry)) else { return false };
        entry.fold = match entry.fold {
            Fold::Open => Fold::Folded,
            Fold::Folded => Fold::Open,
        };
        entry.revision += 1;
        true
    }

    /// Appends an informational notice.
    pub fn push_notice(&mut self, text: impl Into<String>) {
        self.push(Body::Notice { level: Level::Info, text: text.into() });
    }

    /// Removes an entry, such as a reply that brought nothing but an error and is tried again.
    pub fn remove(&mut self, id: EntryId) {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id != id);
        if self.entries.len() < before {
            self.touched.insert(id);
        }
    }

    /// Gives a compaction the line that the user is told.
    pub fn amend_compaction(&mut self, id: EntryId, told: String) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id)
            && let Body::Compaction { text, .. } = &mut entry.body
        {
            *text = told;
            entry.revision += 1;
            self.touched.insert(id);
        }
    }

    /// The summary that is sent in place of older turns; empty where they are just left out, `None` where everything is sent.
    pub fn summary(&self) -> Option<&str> {
        self.entries.iter().rev().find_map(|entry| match &entry.body {
            Body::Compaction { summary, .. } => Some(summary.as_str()),
            Body::User { .. }
            | Body::Reply(_)
            | Body::Divider { .. }
            | Body::Notice { .. }
            | Body::Decision { .. } => None,
        })
    }

    /// Changes the reply `id` through `change`; does nothing when there is no such reply.
    pub fn amend(&mut self, id: EntryId, change: impl FnOnce(&mut Reply)) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id)
            && let Body::Reply(reply) = &mut entry.body
        {
            change(reply);
            entry.revision += 1;
            self.touched.insert(id);
        }
    }

    /// Adds to the message `id` what goes along with it.
    pub fn attach(&mut self, id: EntryId, more: Vec<Attachment>) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id)
            && let Body::User { attached, .. } = &mut entry.body
            && !more.is_empty()
        {
            attached.extend(more);
            entry.revision += 1;
            self.touched.insert(id);
        }
    }

    /// The reply `id`, if it is there.
    pub fn reply(&self, id: EntryId) -> Option<&Reply> {
        self.entries.iter().rev().find(|entry| entry.id == id).and_then(|entry| entry.body.reply())
    }

    /// The text of the newest reply that has one.
    pub fn last_reply(&self) -> Option<String> {
        let mut replies = self.current().rev().filter_map(|entry| entry.body.reply());
        replies.find(|reply| !reply.text.is_empty()).map(|reply| reply.text.clone())
    }

    /// What was replied last before the newest message of the user; empty when nothing was.
    pub fn reply_before(&self) -> &str {
        let before = self.entries.get(..self.newest_said().unwrap_or(0)).unwrap_or_default();
        let current = before.iter().filter(|entry| entry.presence == Presence::Current);
        let mut replies = current.rev().filter_map(|entry| entry.body.reply());
        replies.find(|reply| !reply.text.is_empty()).map_or("", |reply| &reply.text)
    }

    /// Who spoke last, or was announced last; `None` while nobody did.
    pub fn last_voice(&self) -> Option<&Voice> {
        self.current().rev().find_map(|entry| match &entry.body {
            Body::Reply(reply) => Some(&reply.voice),
            Body::Divider { voice } => Some(voice),
            Body::User { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => None,
        })
    }

    /// Drops a divider that nothing followed.
    pub fn drop_trailing_divider(&mut self) {
        if self.entries.last().is_some_and(|entry| matches!(entry.body, Body::Divider { .. })) {
            self.touched.extend(self.entries.pop().map(|entry| entry.id));
        }
    }

    /// Removes everything; ids go on counting, so that no cache can confuse old with new.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.touched.clear();
        self.moved.clear();
        self.version = 0;
    }
}

/// Whether something of the entry can be folded: the diff of a decided edit, the thinking of a reply, or what was taken back.
fn folds(entry: &Entry) -> bool {
    match entry.presence {
        Presence::Current => {}
        Presence::OtherVersion => return false,
        Presence::TakenBack => return true,
    }
    match &entry.body {
        Body::Decision { diff, .. } => !diff.is_empty(),
        Body::Compaction { summary, .. } => !summary.is_empty(),
        Body::Reply(reply) => !reply.thinking.is_empty(),
        Body::User { .. } | Body::Divider { .. } | Body::Notice { .. } => false,
    }
}
