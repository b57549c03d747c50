//! Events (what happened, past tense) and effects (what shall happen, imperative). It never performs one.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::mark::Mark;
use crate::domain::attach::mention::Mention;
use crate::domain::attach::refusal;
use crate::domain::exchange::{Endpoint, Outcome, ReplyEvent, Request};
use crate::domain::kb::Span;
use crate::domain::kb::detect::Detector;
use crate::domain::kb::journal::Provenance;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::state::Snapshot;
use crate::domain::key::Hidden;
use crate::domain::notes::Notes;
use crate::domain::paths::Paths;
use crate::domain::persona::Library;
use crate::domain::roster::Found;
use crate::domain::settings::Settings;
use crate::domain::stack::Stack;
use crate::domain::trust::{Item, Trusted};
use crate::protocol::sessions::{Ask, Export, Exported, Told};

/// Milliseconds since the program started; monotonic.
pub type Millis = u64;

/// Identifies a piece of work in `io`. An answer with an unknown id is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u64);

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Event {
    /// Time passed; comes before every batch of input, and when `next_tick` asked for it.
    Tick(Millis),
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    Resized {
        columns: u16,
        rows: u16,
    },
    /// A frame was drawn: where the transcript really stands now.
    Drawn(Drawn),
    /// KB.md was read for `task`.
    KbRead {
        task: TaskId,
        snapshot: Snapshot,
    },
    /// What a message mentions was read for `task`, one answer for each mention.
    MentionsRead {
        task: TaskId,
        found: Vec<refusal::Found>,
    },
    /// The body of a request as it would be sent, safe to show.
    BodyMade {
        text: String,
    },
    /// KB.md changed on disk, or its state did.
    KbChanged(Snapshot),
    /// Watching is not available, and why; KB.md is still read before each task.
    WatchDegraded(String),
    PersonasLoaded(Library),
    /// A settings file changed, and all of them were read again.
    SettingsRead(Box<Reread>),
    /// A settings file changed and cannot be read, and why; what was read before goes on to hold.
    SettingsBroken(String),
    /// What finds directives in a message is made.
    DetectorMade(Box<Detector>),
    /// What compares them with KB.md is made.
    ReconcilerMade(Box<Reconciler>),
    /// A provider was asked for its models.
    ModelsListed {
        provider: String,
        found: Found,
    },
    /// A key was entered line by line, unseen.
    KeyTyped(Hidden),
    /// A key that was pasted was tried at its provider.
    KeyTried {
        endpoint: Box<Endpoint>,
        tried: Tried,
    },
    /// The key in use of a provider was to be kept in the file.
    KeyKept {
        provider: String,
        kept: Kept,
    },
    /// The search for a local server ended; `None` leaves the provider as it is.
    Discovered(Option<Endpoint>),
    Replied {
        task: TaskId,
        event: ReplyEvent,
    },
    ReplyEnded {
        task: TaskId,
        outcome: Outcome,
    },
    KbSaved {
        task: TaskId,
        snapshot: Snapshot,
    },
    /// KB.md was not what the edit was made on; nothing was written.
    KbMoved {
        task: TaskId,
        snapshot: Snapshot,
    },
    KbSaveFailed {
        task: TaskId,
        cause: String,
    },
    /// KB.md is a link to a file outside the project; nothing was written before the user agrees.
    KbIsOutside {
        task: TaskId,
        target: String,
    },
    KbUndone {
        snapshot: Snapshot,
        summary: String,
    },
    /// Undo would overwrite a later change, so it was not done; both texts for a diff.
    KbUndoRefused {
        current: String,
        would_restore: String,
    },
    KbUndoFailed {
        cause: String,
    },
    /// What the user has looked at in this project was read, and which of the files are just as Git wrote them.
    TrustRead {
        /// Else why it is not known.
        trusted: Result<Trusted, String>,
        from_git: Vec<String>,
    },
    /// What the user has looked at could not be kept, and why.
    TrustFailed {
        cause: String,
    },
    /// The notes of other tools were read.
    NotesRead(Notes),
    /// The hashes of what this project is never asked about were read.
    NeverRead {
        hashes: Vec<String>,
    },
    /// They could not be read or written, and why.
    NeverFailed {
        cause: String,
    },
    /// What the prompt of this project held in earlier sessions was read.
    PromptsRead(Prompts),
    /// What the project is made of was read.
    StackRead(Stack),
    /// The files of the project were listed.
    FilesListed(Arc<Paths>),
    /// The store of sessions tells something.
    Stored(Told),
    /// A conversation was written to a file of its own, or was not.
    Exported(Exported),
    /// The external editor was left with this text, or failed.
    Edited {
        task: TaskId,
        result: Result<String, String>,
    },
    /// The text was handed to the clipboard in this way, or was not, and why.
    Copied {
        what: String,
        way: Result<String, String>,
    },
    /// The terminal told its background.
    BackgroundTold(Background),
    /// A message, or the answer to a question, was entered line by line.
    Entered(Vec<Span>),
    /// The user pressed Ctrl+C where it comes as a signal.
    Interrupted,
    /// Something did not go as it should; the work itself was done.
    Warned(String),
    /// A sentence for the status line, from a part of `io` with nothing else to say.
    Noted(String),
}

/// What came of a pasted key.
#[derive(Clone, Debug, PartialEq)]
pub enum Tried {
    /// The provider does not accept it, in words; it was dropped.
    Refused { what: String },
    /// It is in use, with the models that it opens, and kept or not.
    Accepted { found: Found, kept: Kept },
}

/// What came of keeping a key. One that is not kept is in use until dictum ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The place, as it may be shown.
    In(String),
    /// The system keyring could not, and why.
    NotInKeyring(String),
    /// Why not.
    Nowhere(String),
}

/// The settings before and after a change of their files, without the keys of providers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reread {
    pub before: Settings,
    pub after: Settings,
    /// What is wrong in the files and was not told before, one sentence each.
    pub warnings: Vec<String>,
}

/// What the terminal's background is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    Dark,
    Light,
}

/// A line of the transcript that is found again at another width by the letters before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// Position of the entry in the log.
    pub entry: usize,
    /// The part of the entry, and its line at the width in columns that it was drawn at.
    pub part: usize,
    pub line: usize,
    pub width: u16,
    /// Letters and digits of the part before that line: they are the same at every width.
    pub letters: usize,
}

/// Where the transcript stands after drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The first visible line; `None` while following the end.
    pub top: Option<Anchor>,
    /// Position of the first visible entry, and whether its first line is seen.
    pub first: (usize, bool),
    /// The first visible line, for what is pointed at in this frame; it is found again at this width only.
    pub shown: Option<Anchor>,
    /// What is marked; `None` also where its text is not what it was any more.
    pub mark: Option<Mark>,
    /// Where the conversation ended when it was followed last; `None` while it is.
    pub left: Option<Anchor>,
    /// Lines after that which were not seen yet.
    pub fresh: usize,
    /// Whether there is more below the visible lines.
    pub more: bool,
}

/// What shall happen outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read the notes of other tools, what was looked at, and KB.md, and answer with `NotesRead`, `TrustRead` and `KbRead`, in this order.
    ReadKb {
        task: TaskId,
    },
    /// Read what a message mentions now and answer with `MentionsRead`.
    ReadMentions {
        task: TaskId,
        mentions: Vec<Mention>,
        agreed: Agreed,
    },
    /// Send the request and answer with `Replied` and one `ReplyEnded`.
    Ask {
        task: TaskId,
        request: Box<Request>,
    },
    /// Ask a provider for its models and answer with `ModelsListed`.
    ListModels {
        endpoint: Box<Endpoint>,
    },
    /// Make the body of a request without sending it, and answer with `BodyMade`.
    MakeBody {
        request: Box<Request>,
    },
    /// Ask a provider whether it accepts a key, keep the key if it does, and answer with `KeyTried`.
    TryKey {
        endpoint: Box<Endpoint>,
        key: Hidden,
    },
    /// Keep the key in use of a provider in the file of keys, and answer with `KeyKept`.
    KeepKey {
        provider: String,
    },
    /// Drop the work; its connection closes at once.
    Cancel {
        task: TaskId,
    },
    /// Write `text` to KB.md if it still holds `expected` (`None`: if it still does not exist).
    SaveKb {
        task: TaskId,
        expected: Option<String>,
        text: String,
        outside: OutsideFile,
        /// What the journal tells of it.
        provenance: Provenance,
    },
    /// Give back the bytes before the last accepted edit.
    UndoKb,
    /// Remember for later sessions that these hashes are never asked about; answers only when that fails.
    NeverAsk {
        hashes: Vec<String>,
    },
    /// Remember for later sessions that the user has looked at these; answers only when that fails.
    Trust {
        items: Vec<Item>,
    },
    LoadPersonas,
    /// Read the notes of other tools and answer with `NotesRead`.
    ReadNotes,
    /// Read what the project is made of and answer with `StackRead`.
    ReadStack,
    /// List the files of the project and answer with `FilesListed`.
    ListFiles,
    /// Add messages to the history of this project.
    Remember {
        messages: Vec<Vec<Span>>,
    },
    /// Keep drafts and queue for the next start in this project in place of what was kept before; nothing at all when both are empty.
    KeepDraft {
        drafts: Vec<Vec<Span>>,
        queue: Vec<Vec<Span>>,
    },
    /// Ask the store of sessions for something; it answers with `Stored`, or with nothing where all went well.
    Store(Box<Ask>),
    /// Write a conversation to a file of its own and answer with `Exported`.
    Export(Box<Export>),
    /// Open `$VISUAL` or `$EDITOR` on a text and answer with `Edited`.
    EditExternally {
        task: TaskId,
        text: String,
    },
    /// Put text on the clipboard and answer with `Copied`.
    Copy(Clip),
    /// Hand the mouse to the terminal, or take it back.
    Mouse(Capture),
    /// Stop like any job; everything is redrawn on return.
    Suspend,
    /// Draw everything anew.
    Redraw,
    Quit,
}

/// Text for the clipboard, and what it is, for people: "the last reply".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    pub what: String,
    pub text: String,
}

/// What the prompt of a project held in earlier sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompts {
    /// Messages, oldest first.
    pub history: Vec<Vec<Span>>,
    /// Drafts of sessions that are over; the last one is the newest.
    pub drafts: Vec<Vec<Span>>,
    /// Messages that were queued and not sent.
    pub queue: Vec<Vec<Span>>,
}

/// Whether a KB.md that is a link out of the project may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideFile {
    Ask,
    Allow,
}

/// How the caret looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaretShape {
    Bar,
    Block,
}

/// Whether the user agreed to send what lies outside the project or looks like a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreed {
    No,
    Yes,
}

/// Who gets the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    App,
    Terminal,
}
