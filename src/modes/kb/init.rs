//! `dictum kb init`: a first KB.md from the project's files. The whole is printed first; then each line is a question of its own, as any
//! edit of KB.md is. In a script it prints the file and writes nothing.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::desk::{self, Keyboard};
use super::review::{usable, write};
use crate::app::plain::card::NOBODY;
use crate::base::text;
use crate::domain::kb::Candidate;
use crate::domain::kb::document::Document;
use crate::domain::kb::facts::Tables;
use crate::domain::kb::init::{self, Offer, Plan};
use crate::domain::kb::journal::How;
use crate::domain::kb::proposal::{self, Proposal, Source};
use crate::domain::kb::state::LIMIT;
use crate::domain::kb::warnings::Alarms;
use crate::io::{ground, kbfile};

/// Offers what the project's files state and KB.md does not hold.
pub fn run(directory: &Path) -> Result<u8> {
    let kb = kbfile::read(directory, LIMIT);
    usable(&kb)?;
    let before = kb.text().unwrap_or_default();
    let tables = Tables::new();
    let plan = init::propose(&tables, &ground::read(directory, &[]), &Document::parse(before));
    let mut out = io::stdout().lock();
    if plan.offers.is_empty() {
        tell_notes(&plan, &mut io::stderr().lock())?;
        write(
            &mut out,
            "The project's files state no rule that KB.md does not hold; state one in dictum to begin.\n",
        )?;
        return Ok(0);
    }
    let draft = init::draft(before, &plan).context("the lines cannot be put into KB.md")?;
    match Keyboard::here() {
        Some(_) => {
            write(&mut out, &format!("KB.md with all of them would be:\n\n{}\n", text::sanitise(&draft)))?;
            tell_sources(&plan, &mut out)?;
            tell_notes(&plan, &mut out)?;
            drop(out);
            let proposals =
                plan.offers.into_iter().zip(1..).map(|(offer, id)| proposed(id, offer, &tables.alarms));
            Ok(desk::review_here(directory, proposals.collect(), How::Init, &kb)?.exit_code())
        }
        None => {
            write(&mut out, &text::sanitise(&draft))?;
            let mut aside = io::stderr().lock();
            tell_sources(&plan, &mut aside)?;
            tell_notes(&plan, &mut aside)?;
            write(&mut aside, NOBODY)?;
            Ok(0)
        }
    }
}

fn tell_sources(plan: &Plan, out: &mut impl Write) -> Result<()> {
    let rows = plan.offers.iter().map(|offer| {
        format!("  {}: {}\n", text::one_line(&offer.origin()), text::one_line(&offer.stated.text))
    });
    write(out, &format!("Where the lines come from:\n{}", rows.collect::<String>()))
}

fn tell_notes(plan: &Plan, out: &mut impl Write) -> Result<()> {
    let rows: String = plan.notes.iter().map(|note| format!("! {}\n", text::one_line(note))).collect();
    write(out, &rows)
}

/// The offer as an edit to review. The words are a file's and no one's; so there is no quote, and the source speaks for it.
fn proposed(id: u64, offer: Offer, alarms: &Alarms) -> Proposal {
    let candidate = Candidate {
        quote: String::new(),
        text: offer.stated.text.clone(),
        reasons: vec![format!("stated by {}", offer.origin())],
        ..proposal::remembered("")
    };
    let note = (!offer.against.is_empty()).then(|| format!("but {}", offer.against.join("; ")));
    Proposal { note, ..Proposal::new(id, candidate, offer.edit, Source::Remembered, alarms) }
}
