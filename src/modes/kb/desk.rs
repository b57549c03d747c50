//! The review's file and keyboard as they really are: the KB.md of a folder, and the terminal that the program was started in. It
//! decides nothing.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::review::{self, Answers, KbFile, Outcome};
use crate::domain::kb::journal::{How, Provenance};
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::state::Snapshot;
use crate::io::kbfile::{self, Keep, Outside, SaveError, Saved};
use crate::io::{files, terminal};

/// The KB.md of a folder.
pub struct OnDisk {
    pub directory: PathBuf,
    pub keep: Keep,
}

impl OnDisk {
    /// The KB.md of `directory`, with a session of its own in the journal. Fails where no state folder can be had.
    pub fn begin(directory: &Path) -> Result<Self> {
        Ok(Self { directory: directory.to_path_buf(), keep: Keep::below(&files::state_dir()?) })
    }
}

impl KbFile for OnDisk {
    fn save(
        &mut self,
        expected: Option<&str>,
        new: &str,
        outside: Outside,
        provenance: &Provenance,
    ) -> Result<Saved, SaveError> {
        kbfile::save(&self.directory, expected, new, &self.keep, outside, provenance)
    }
}

/// The user at the terminal.
pub struct Keyboard;

impl Keyboard {
    /// The keyboard, where the program reads from and writes to a terminal; `None` in a script.
    pub fn here() -> Option<Self> {
        (io::stdin().is_terminal() && io::stdout().is_terminal()).then_some(Self)
    }
}

impl Answers for Keyboard {
    fn forget(&mut self) {
        terminal::forget_typed();
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        Answers::line(&mut io::stdin().lock())
    }
}

/// Reviews proposals that were made on the KB.md `made_on` of `directory` with whoever sits at the terminal; in a script, prints them.
pub fn review_here(
    directory: &Path,
    proposals: Vec<Proposal>,
    how: How,
    made_on: &Snapshot,
) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    match Keyboard::here() {
        Some(mut keyboard) => {
            let mut file = OnDisk::begin(directory)?;
            review::review(proposals, how, made_on, &mut file, &mut keyboard, &mut out)
        }
        None => review::print_only(&proposals, made_on, &mut out),
    }
}
