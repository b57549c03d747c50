//! What is written for good: KB.md, its way back, and what a project is never asked about. It never decides what is written.

use super::Workplace;
use crate::domain::kb::journal::Provenance;
use crate::domain::kb::state::{KbState, Snapshot};
use crate::io::kbfile::{self, Outside, SaveError, UndoError, Undone};
use crate::io::{files, never};
use crate::protocol::message::{Event, OutsideFile, TaskId};

/// Writes KB.md; behind the event comes what kept it out of the journal.
pub(super) fn save(
    place: &Workplace,
    task: TaskId,
    expected: Option<&str>,
    text: &str,
    outside: OutsideFile,
    provenance: &Provenance,
) -> Vec<Event> {
    let Some(keep) = &place.keep else {
        let cause = "There is no folder for undo copies, so KB.md was not written; set XDG_STATE_HOME to a folder you may write.";
        return vec![Event::KbSaveFailed { task, cause: cause.to_string() }];
    };
    let outside = match outside {
        OutsideFile::Ask => Outside::Ask,
        OutsideFile::Allow => Outside::Allow,
    };
    let event = match kbfile::save(&place.project, expected, text, keep, outside, provenance) {
        Ok(saved) => return recorded(Event::KbSaved { task, snapshot: saved.snapshot }, saved.unrecorded),
        Err(SaveError::Changed(snapshot)) => Event::KbMoved { task, snapshot },
        Err(SaveError::OutsideProject { target }) => {
            Event::KbIsOutside { task, target: files::shown(&target) }
        }
        Err(
            // Overwritten: something was written, so it is not the same as moved. The watcher tells what is there now.
            error @ (SaveError::NotUsable(_)
            | SaveError::Overwritten(_)
            | SaveError::NoFolder { .. }
            | SaveError::NoUndo { .. }
            | SaveError::Lock(_)
            | SaveError::Write(_)),
        ) => Event::KbSaveFailed { task, cause: error.to_string() },
    };
    vec![event]
}

fn recorded(event: Event, unrecorded: Option<String>) -> Vec<Event> {
    std::iter::once(event).chain(unrecorded.map(Event::Warned)).collect()
}

/// Remembers what this project is never asked about; the answer when it cannot be remembered.
pub(super) fn never_ask(place: &Workplace, hashes: &[String]) -> Option<Event> {
    let failed = |cause: String| Some(Event::NeverFailed { cause });
    let Some(folder) = &place.never else {
        let cause = "it holds for this session only: there is no folder for dictum's state; set XDG_STATE_HOME to a folder you may write";
        return failed(cause.to_string());
    };
    never::add(folder, &place.project, hashes).err().and_then(|error| failed(error.to_string()))
}

/// Takes the last edit of KB.md back, as [`save`] writes one.
pub(super) fn undo(place: &Workplace) -> Vec<Event> {
    let Some(keep) = &place.keep else {
        let cause = "There is no folder for undo copies, so nothing can be undone.".to_string();
        return vec![Event::KbUndoFailed { cause }];
    };
    match kbfile::undo(&place.project, keep) {
        Ok(undoing) => {
            let summary = undoing.undone.sentence().to_string();
            let snapshot = match undoing.undone {
                Undone::Restored(snapshot) => snapshot,
                Undone::Removed => Snapshot { state: KbState::Missing },
            };
            recorded(Event::KbUndone { snapshot, summary }, undoing.unrecorded)
        }
        Err(UndoError::ChangedSince { current, would_restore }) => {
            let current = current.text().unwrap_or_default().to_string();
            vec![Event::KbUndoRefused { current, would_restore: would_restore.unwrap_or_default() }]
        }
        Err(error) => vec![Event::KbUndoFailed { cause: error.to_string() }],
    }
}
