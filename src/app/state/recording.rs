//! What of the conversation goes to the store, and what is there already. It never stores anything itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::chat::{Body, EntryId};
use crate::domain::kb::Span;
use crate::domain::session::SessionId;
use crate::protocol::message::Millis;
use crate::protocol::sessions::{Conversation, Named, Standing};

/// Whether the conversation is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storing {
    On,
    /// The user keeps this conversation out of the store.
    Private,
    /// No conversation of this run is stored: the settings or the command line say so.
    #[default]
    Off,
    /// It cannot be; that was said.
    Unusable,
}

/// Whether a message was said, with which a session begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    #[default]
    Waiting,
    Begun,
}

/// What was stored of a reply that streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Bytes of its text and of its thinking.
    pub text: usize,
    pub thinking: usize,
    /// What of its head is stored; a change stores the reply anew.
    pub model: String,
    pub calls: usize,
}

/// What is asked of the user before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The session is deleted when it is asked for once more.
    Delete(SessionId),
    /// The file that this command names is replaced when it is given once more.
    Overwrite(String),
}

/// Whom a session spoke with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    pub provider: String,
    pub model: String,
    /// Scheme, host and port; empty where that was not kept.
    pub host: String,
    pub named: Named,
}

/// What the command line says, so that no session brings back another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    pub persona: Named,
    pub model: Named,
}

/// The conversation as the store knows it.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub storing: Storing,
    pub conversation: Conversation,
    pub stage: Stage,
    /// The session of the conversation, once there is one.
    pub session: Option<SessionId>,
    /// The session that it branched off from.
    pub parent: Option<SessionId>,
    /// Entries that are not stored as they are now.
    pub open: BTreeSet<EntryId>,
    /// Entries of which it is not stored how they take part now.
    pub moved: BTreeSet<EntryId>,
    /// The rows in the store of the entries that came back from there.
    pub rows: BTreeMap<EntryId, i64>,
    /// Entries that belong to the start of the program and not to the conversation.
    pub left_out: BTreeSet<EntryId>,
    /// Replies that came while the rest became private: stored as they were then, however they went on.
    pub sealed: BTreeMap<EntryId, Body>,
    /// The last entry that came back from an earlier run.
    pub back: Option<EntryId>,
    pub given: BTreeMap<EntryId, Given>,
    /// How things stand, as it was stored last.
    pub standing: Option<Standing>,
    /// When what streams is stored.
    pub due: Option<Millis>,
    /// When something was given to the store last.
    pub stored: Millis,
    /// A session is being opened; messages that are sent meanwhile wait here.
    pub opening: Option<Vec<Vec<Span>>>,
    /// The list of sessions was asked for with these words and is shown when it comes.
    pub picking: Option<String>,
    pub fixed: Fixed,
    /// Whom a resumed session spoke with, until it is known whether they can be had.
    pub wanted: Option<Spoken>,
    /// Whom it spoke with, while nobody answers: the one who could is no server of this network, as that was.
    pub apart: Option<Spoken>,
    /// Why the session does not go on here, where nobody can choose another model.
    pub refused: Option<String>,
    pub doubt: Option<Doubt>,
}

impl Recording {
    /// Another conversation begins; what is private ends with the old one.
    pub fn next(&mut self) {
        let storing = match self.storing {
            Storing::Private => Storing::On,
            storing @ (Storing::On | Storing::Off | Storing::Unusable) => storing,
        };
        let conversation = Conversation(self.conversation.0 + 1);
        *self = Self { storing, conversation, ..Self::default() };
    }

    /// All of the conversation is stored anew, as a session of its own.
    pub fn anew(&mut self, entries: impl Iterator<Item = EntryId>) {
        self.conversation = Conversation(self.conversation.0 + 1);
        self.session = None;
        self.given.clear();
        self.moved.clear();
        self.rows.clear();
        self.standing = None;
        self.open = entries.filter(|id| !self.left_out.contains(id)).collect();
    }

    /// The session was deleted: nothing of what was said so far is stored again, and what follows is a session of its own, where it is.
    pub fn gone(&mut self, entries: impl Iterator<Item = EntryId>) {
        self.left_out.extend(entries);
        self.anew(std::iter::empty());
        self.sealed.clear();
        self.parent = None;
        self.stage = Stage::Waiting;
        self.due = None;
    }
}
