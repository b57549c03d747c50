//! `dictum kb apply`: the edits of a patch, each reviewed like any other. It takes patches of KB.md alone, and writes nothing where nobody
//! can be asked.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::desk::{self, Keyboard};
use super::review::{usable, write};
use crate::base::text;
use crate::domain::kb::document::Document;
use crate::domain::kb::journal::How;
use crate::domain::kb::patch::{self, PatchError};
use crate::domain::kb::proposal::{self, Proposal, Source};
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::state::LIMIT;
use crate::domain::kb::{Candidate, Edit, Op};
use crate::io::{files, kbfile, root};

/// The exit code for what cannot be used.
const USAGE: u8 = 2;

/// A patch of rules is small. Bytes.
const LARGEST: u64 = 1024 * 1024;

/// Offers the edits of the patch. 0: each was decided; 1: an edit could not be made, or nobody could be asked; 2: it is no such patch.
pub fn run(directory: &Path, file: Option<&Path>) -> Result<u8> {
    let kb = kbfile::read(directory, LIMIT);
    usable(&kb)?;
    let file = file.filter(|path| *path != Path::new("-"));
    let name = file.map_or_else(|| "standard input".to_string(), files::shown);
    if file.is_none() && io::stdin().is_terminal() {
        eprintln!("dictum: name a file with the patch, or pipe it in");
        return Ok(USAGE);
    }
    let patch = bytes(file).with_context(|| format!("the patch cannot be read from {name}"))?;
    let document = Document::parse(kb.text().unwrap_or_default());
    let found = patch::read(&patch, &below_root(directory)).and_then(|hunks| patch::edits(&hunks, &document));
    let edits = match found {
        Ok(edits) => edits,
        Err(error @ PatchError::Gone(_)) => bail!("the patch of {name} cannot be applied: {error}"),
        Err(error) => {
            eprintln!("dictum: the patch of {name} is not taken: {error}");
            return Ok(USAGE);
        }
    };
    if edits.is_empty() {
        write(&mut io::stdout(), "KB.md is already as the patch makes it.\n")?;
        return Ok(0);
    }
    let reconciler = Reconciler::new();
    let offered = edits.into_iter().zip(1..).map(|(edit, id)| proposed(id, edit, &name, &reconciler));
    let (proposals, settled) = gate(offered, &document, &reconciler);
    let mut out = io::stdout();
    for words in &settled {
        write(&mut out, &format!("KB.md says it already, or has no such rule: {}\n", text::one_line(words)))?;
    }
    if proposals.is_empty() {
        return Ok(0);
    }
    let keyboard = Keyboard::beside_the_input();
    let asked = keyboard.is_some();
    let outcome = desk::review_with(keyboard, directory, proposals, How::Cli, &kb)?;
    Ok(if asked { outcome.exit_code() } else { 1 })
}

/// Where the folder lies in its repository, as git writes it.
fn below_root(directory: &Path) -> String {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    let below = directory.strip_prefix(root::of(&directory)).map(Path::to_path_buf).unwrap_or_default();
    below.iter().map(|name| format!("{}/", name.to_string_lossy())).collect()
}

fn bytes(file: Option<&Path>) -> Result<String> {
    let mut bytes = Vec::new();
    match file {
        Some(path) => File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?,
        None => io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > LARGEST {
        bail!("it is larger than 1 MiB");
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The words are the patch's and no one's; so there is no quote.
fn proposed(id: u64, edit: Edit, name: &str, reconciler: &Reconciler) -> Proposal {
    let candidate = Candidate {
        quote: String::new(),
        text: edit.text.clone(),
        revokes: edit.op == Op::Remove,
        reasons: vec![format!("it stands in the patch of {name}")],
        ..proposal::remembered(&edit.text)
    };
    Proposal::new(id, candidate, edit, Source::Remembered, &reconciler.tables().alarms)
}

/// What any rule passes before it is offered: what KB.md says already is not, and what speaks against a line of it takes that line's
/// place. Gives what is left, and the words of what is not.
fn gate(
    offered: impl Iterator<Item = Proposal>,
    kb: &Document,
    reconciler: &Reconciler,
) -> (Vec<Proposal>, Vec<String>) {
    let (mut left, mut settled) = (Vec::new(), Vec::new());
    for proposal in offered {
        if proposal.edit.op != Op::Add {
            left.push(proposal);
            continue;
        }
        let words = proposal.gist().to_string();
        match proposal.clone().rebased(kb, reconciler) {
            // The place and the words of the patch stay, unless the rule means a line that is there.
            Some(fresh) if fresh.edit.op == Op::Add => left.push(proposal),
            Some(fresh) => left.push(fresh),
            None => settled.push(words),
        }
    }
    (left, settled)
}
