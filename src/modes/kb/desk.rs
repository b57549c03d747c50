//! The review's file and keyboard as they really are: the KB.md of a folder, and the terminal that the program was started in. It
//! decides nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
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
pub enum Keyboard {
    Stdin,
    /// The terminal itself, where something else was piped in.
    Terminal(BufReader<File>),
}

impl Keyboard {
    /// The keyboard, where the program reads from and writes to a terminal; `None` in a script.
    pub fn here() -> Option<Self> {
        (io::stdin().is_terminal() && io::stdout().is_terminal()).then_some(Self::Stdin)
    }

    /// The keyboard, where the program writes to a terminal, whatever it reads from.
    pub fn beside_the_input() -> Option<Self> {
        Self::here().or_else(|| {
            if !io::stdout().is_terminal() {
                return None;
            }
            let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
            Some(Self::Terminal(BufReader::new(terminal)))
        })
    }
}

impl Answers for Keyboard {
    fn forget(&mut self) {
        match self {
            Self::Stdin => terminal::forget_typed(),
            Self::Terminal(terminal) => {
                // What was read ahead was typed before the question, too.
                let ahead = terminal.buffer().len();
                terminal.consume(ahead);
                terminal::forget_typed_at(terminal.get_ref());
            }
        }
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        match self {
            Self::Stdin => Answers::line(&mut io::stdin().lock()),
            Self::Terminal(terminal) => Answers::line(terminal),
        }
    }
}

/// Reviews proposals that were made on the KB.md `made_on` of `directory` with whoever sits at the terminal; in a script, prints them.
pub fn review_here(
    directory: &Path,
    proposals: Vec<Proposal>,
    how: How,
    made_on: &Snapshot,
) -> Result<Outcome> {
    review_with(Keyboard::here(), directory, proposals, how, made_on)
}

/// As [`review_here`], with this keyboard or none.
pub fn review_with(
    keyboard: Option<Keyboard>,
    directory: &Path,
    proposals: Vec<Proposal>,
    how: How,
    made_on: &Snapshot,
) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    match keyboard {
        Some(mut keyboard) => {
            let mut file = OnDisk::begin(directory)?;
            review::review(proposals, how, made_on, &mut file, &mut keyboard, &mut out)
        }
        None => review::print_only(&proposals, made_on, &mut out),
    }
}
