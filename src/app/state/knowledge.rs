//! What is known of the project: KB.md, its other notes, what it is made of, and what of that the user has looked at. It reads no file.

use crate::app::trust::Trusting;
use crate::domain::kb::document::Document;
use crate::domain::kb::state::Snapshot;
use crate::domain::notes::Notes;
use crate::domain::stack::Stack;

/// KB.md as it was read last.
#[derive(Clone, Debug)]
pub struct Knowledge {
    pub snapshot: Snapshot,
    pub document: Document,
    /// Why the file is not watched, if so.
    pub degraded: Option<String>,
    /// What the project is made of, as its other files tell.
    pub stack: Stack,
    /// The notes of other tools, as they were read last.
    pub notes: Notes,
    /// What the user has looked at of all that.
    pub trust: Trusting,
}

impl Knowledge {
    /// What the first look at KB.md tells; nothing else was read yet.
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self {
            document: Document::parse(snapshot.text().unwrap_or_default()),
            snapshot,
            degraded: None,
            stack: Stack::default(),
            notes: Notes::default(),
            trust: Trusting::default(),
        }
    }

    /// The text that edits are made on; empty when there is none.
    pub fn text(&self) -> &str {
        self.snapshot.text().unwrap_or_default()
    }

    /// Takes over a new look at the file.
    pub fn set(&mut self, snapshot: Snapshot) {
        self.document = Document::parse(snapshot.text().unwrap_or_default());
        self.snapshot = snapshot;
    }
}
