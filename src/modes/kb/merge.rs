//! `dictum kb merge`: git's merge driver for KB.md. It writes the file that git hands it for the result, and never the project's KB.md.

use std::path::Path;

use anyhow::{Result, anyhow};

use crate::base::text;
use crate::cli::MergeArguments;
use crate::domain::kb::merge::{self, Conflict, Markers, Merged};
use crate::domain::kb::state::{self, LIMIT};
use crate::io::files::{self, Content};

/// The exit code for texts that cannot be merged. Git takes any up to 128 for a conflict and keeps the file as it is.
const UNREADABLE: u8 = 2;

/// Shorter markers could not be told from text.
const SHORTEST_MARKER: usize = 3;

/// How git is told to use it.
const HOW: &str = "\
Two lines let git merge KB.md rule by rule. The first one is run once in each clone, the second one stands in .gitattributes:

  git config merge.dictum.driver \"dictum kb merge %O %A %B\"
  echo 'KB.md merge=dictum' >> .gitattributes
";

/// Merges as git asks, or tells how git is made to ask.
pub fn run(directory: &Path, arguments: &MergeArguments) -> Result<u8> {
    let files = (&arguments.base, &arguments.ours, &arguments.theirs);
    let ((Some(base), Some(ours), Some(theirs)), false) = (files, arguments.how) else {
        super::review::write(&mut std::io::stdout().lock(), HOW)?;
        return Ok(0);
    };
    let at = |path: &Path| directory.join(path);
    let (base, ours, theirs) = (at(base), at(ours), at(theirs));
    let markers = Markers { size: arguments.marker_size.clamp(SHORTEST_MARKER, 200) };
    let merged = match merged(&base, &ours, &theirs, markers) {
        Ok(merged) => merged,
        Err(why) => {
            eprintln!("dictum: {why:#}; KB.md was not merged and is left as it was on your side");
            return Ok(UNREADABLE);
        }
    };
    for conflict in &merged.conflicts {
        eprintln!("{}", told(conflict));
    }
    Ok(u8::from(!merged.conflicts.is_empty()))
}

/// Merges three files into the second.
fn merged(base: &Path, ours: &Path, theirs: &Path, markers: Markers) -> Result<Merged> {
    let texts = (read(base)?, read(ours)?, read(theirs)?);
    let merged = merge::merge_marked(&texts.0, &texts.1, &texts.2, markers);
    if merged.text != texts.1 {
        // A link is followed, or it would be replaced by a file.
        let target = ours.canonicalize().unwrap_or_else(|_| ours.to_path_buf());
        files::replace(&target, merged.text.as_bytes(), || true)?;
    }
    Ok(merged)
}

fn read(path: &Path) -> Result<String> {
    let shown = files::shown(path);
    match files::read_bounded(path, LIMIT) {
        Ok(Content::Whole(bytes)) => String::from_utf8(bytes).map_err(|_| anyhow!("{shown} is not UTF-8")),
        Ok(Content::TooLarge(bytes)) => {
            let (size, limit) = (state::size(bytes), state::size(LIMIT));
            Err(anyhow!("{shown} has {size}, over the limit of {limit}"))
        }
        Err(error) => Err(anyhow!("{shown} cannot be read ({error})")),
    }
}

/// A conflict in one line.
fn told(conflict: &Conflict) -> String {
    let side = |words: &str| {
        if words.is_empty() {
            "removed it".to_string()
        } else {
            format!("\u{201c}{}\u{201d}", text::truncate(words, 100))
        }
    };
    let said =
        format!("{}: ours {}, theirs {}", conflict.topic, side(&conflict.ours), side(&conflict.theirs));
    format!("KB.md: conflict about {}", text::one_line(&said))
}
