//! What the core and the store of sessions say to each other. It never stores anything.

use std::collections::HashSet;

use crate::domain::chat::{Body, EntryId, Presence};
use crate::domain::export::{self, Form};
use crate::domain::kb::Span;
use crate::domain::session::{Kept, SessionId, Summary};
use crate::protocol::message::Anchor;

/// A conversation of this run; each new one has a number of its own, whether it is stored or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Conversation(pub u64);

/// What changed in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An entry is new, or is like this now.
    Put { entry: EntryId, body: Body },
    /// A reply that streams has more.
    Grow { entry: EntryId, text: String, thinking: String },
    /// An entry is gone.
    Drop { entry: EntryId },
    /// An entry takes part in the conversation like this now. One that came back from the store has the number of its row.
    Mark { entry: EntryId, row: Option<i64>, presence: Presence },
}

/// Whether the model was named by the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Named {
    #[default]
    No,
    ByUser,
}

/// How things stand in a conversation beside what was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub persona: String,
    pub provider: String,
    pub model: String,
    /// Scheme, host and port of the server that it spoke with last; empty for none.
    pub host: String,
    pub named: Named,
    pub draft: Vec<Span>,
    /// The rules for this session only.
    pub rules: Vec<String>,
    /// The first visible line; its entry is counted among those that are stored. `None` while the end is followed.
    pub scroll: Option<Anchor>,
}

/// What is to be stored of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub conversation: Conversation,
    /// The session that the conversation goes on with; `None` begins one.
    pub session: Option<SessionId>,
    /// The session that a new one branches off from.
    pub parent: Option<SessionId>,
    pub changes: Vec<Change>,
    /// `None` where it is as it was.
    pub standing: Option<Standing>,
}

/// Which session is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this folder that changed last.
    Last,
    Numbered(SessionId),
}

/// What the store is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    Record(Box<Record>),
    /// The newest sessions of this folder, or those that hold these words.
    List {
        query: String,
    },
    Open {
        which: Which,
    },
    /// A conversation is over; its session may be opened in another dictum.
    Close {
        conversation: Conversation,
        session: Option<SessionId>,
    },
    Rename {
        session: SessionId,
        title: String,
    },
    Delete {
        session: SessionId,
    },
}

/// What the store tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A conversation has a session now.
    Begun {
        conversation: Conversation,
        session: SessionId,
    },
    /// Something cannot be stored, and why; said once until it can be again.
    Failing {
        cause: String,
    },
    /// It can be again, and nothing is lost.
    Mended,
    /// The program ends before everything is stored.
    Late,
    /// Nothing of this run will be stored, and why.
    Unusable {
        cause: String,
    },
    /// The file was damaged; a new one is in its place and holds nothing yet.
    Renewed {
        cause: String,
    },
    /// The session of this conversation was deleted from outside.
    Gone {
        conversation: Conversation,
    },
    Listed {
        query: String,
        sessions: Vec<Summary>,
    },
    Opened(Box<Opened>),
    NotOpened {
        cause: String,
    },
    Renamed {
        session: SessionId,
        title: String,
    },
    Deleted {
        session: SessionId,
        /// Messages of it that no other session here says.
        unsaid: HashSet<String>,
    },
    /// Old sessions could not be deleted, and why.
    NotExpired {
        cause: String,
    },
    /// What was asked was not done, and why.
    Refused {
        cause: String,
    },
}

/// A session as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    pub summary: Summary,
    pub standing: Standing,
    pub entries: Vec<Kept>,
    pub elsewhere: Elsewhere,
}

/// What is open in another dictum that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Elsewhere {
    #[default]
    Nothing,
    /// A newer session of this folder, which was passed over.
    Newer(SessionId),
    /// This session itself: only a copy of it can go on here.
    This,
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    Never,
    Agreed,
}

/// A conversation that goes to a file of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    pub conversation: export::Conversation,
    pub form: Form,
    /// The file; `None` takes a name that is free.
    pub name: Option<String>,
    pub overwrite: Overwrite,
    /// The words that asked for it, to know them again.
    pub command: String,
}

/// What came of it. Paths are safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exported {
    Done {
        path: String,
    },
    /// Something of that name is there.
    Exists {
        path: String,
        command: String,
    },
    Failed {
        cause: String,
    },
}
