//! `dictum kb add`, `remove` and `undo`: each is shown and asked about before KB.md changes. It never writes in a script.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Result, bail};

use super::desk::{self, Keyboard, OnDisk};
use super::review::{self, Answers, usable, write};
use crate::app::plain::card::NOBODY;
use crate::base::text;
use crate::domain::kb::document::{Document, Entry};
use crate::domain::kb::find;
use crate::domain::kb::journal::How;
use crate::domain::kb::proposal::{self, Proposal, Source};
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::state::LIMIT;
use crate::domain::kb::warnings::Alarms;
use crate::domain::kb::{Candidate, Edit, LineRef, Op, Verdict};
use crate::draw::patch;
use crate::io::kbfile::{self, Plan, UndoError, Undoing};

/// The exit code for what cannot be understood.
const USAGE: u8 = 2;

/// Unchanged lines around what an undo changes.
const CONTEXT: usize = 2;

/// Offers a rule, unless KB.md says it already.
pub fn add(directory: &Path, rule: &str) -> Result<u8> {
    if rule.trim().is_empty() {
        eprintln!("dictum: say what to add, for example: dictum kb add \"Use pnpm for installs\"");
        return Ok(USAGE);
    }
    let kb = kbfile::read(directory, LIMIT);
    usable(&kb)?;
    let candidate = proposal::remembered(rule);
    let document = Document::parse(kb.text().unwrap_or_default());
    let reconciler = Reconciler::new();
    match reconciler.reconcile(&document, &candidate) {
        Verdict::Known(line) => {
            let said = text::one_line(&line.text);
            say(&format!("KB.md line {} already says it: {said}\n", line.line))
        }
        Verdict::NoSuchRule => say("KB.md has no such rule.\n"),
        Verdict::Change(edit) => {
            let alarms = &reconciler.tables().alarms;
            let proposal = Proposal::new(1, candidate, edit, Source::Remembered, alarms);
            Ok(desk::review_here(directory, vec![proposal], How::Cli, &kb)?.exit_code())
        }
    }
}

/// Offers to remove the line that a number or some words name.
pub fn remove(directory: &Path, what: &str) -> Result<u8> {
    let kb = kbfile::read(directory, LIMIT);
    usable(&kb)?;
    let document = Document::parse(kb.text().unwrap_or_default());
    let found = find::named(&document, what);
    let picked = match (found.as_slice(), Keyboard::here()) {
        ([], _) => {
            let what = text::one_line(what);
            eprintln!(
                "dictum: no line of KB.md is meant by \u{201c}{what}\u{201d}; `dictum kb show` lists them"
            );
            return Ok(USAGE);
        }
        ([one], _) => Some(*one),
        (several, Some(mut keyboard)) => pick(several, &mut keyboard, &mut io::stdout().lock())?,
        (several, None) => {
            say(&list(several))?;
            eprintln!("dictum: several lines are meant; give the number of the line, or more of its words");
            return Ok(USAGE);
        }
    };
    let Some(entry) = picked else { return say("Nothing was removed.\n") };
    let proposal = removal(&document, entry, what);
    Ok(desk::review_here(directory, vec![proposal], How::Cli, &kb)?.exit_code())
}

/// The lines that may be meant.
fn list(entries: &[&Entry]) -> String {
    let rows = entries
        .iter()
        .enumerate()
        .map(|(at, entry)| format!("{:>3}  line {}: {}\n", at + 1, entry.line, text::one_line(&entry.text)));
    format!("Several lines of KB.md are meant:\n{}", rows.collect::<String>())
}

/// Asks which line is meant; `None` when none of them is.
fn pick<'a>(
    entries: &[&'a Entry],
    answers: &mut impl Answers,
    out: &mut impl Write,
) -> Result<Option<&'a Entry>> {
    write(out, &list(entries))?;
    loop {
        let question = format!("Which one? 1 to {}, q stop > ", entries.len());
        let Some(line) = review::ask(answers, out, &question)? else { return Ok(None) };
        let line = line.trim().to_lowercase();
        if matches!(line.as_str(), "q" | "stop" | "quit") {
            return Ok(None);
        }
        let place = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        if let Some(entry) = place.and_then(|place| entries.get(place)) {
            return Ok(Some(entry));
        }
    }
}

fn removal(kb: &Document, entry: &Entry, what: &str) -> Proposal {
    let nested = kb.entries.iter().filter(|other| {
        other.span.start > entry.span.start && other.span.start < entry.extent.end && other.parent.is_some()
    });
    let mut reasons = vec!["you asked to remove it".to_string()];
    match nested.count() {
        0 => {}
        1 => reasons.push("the line nested below it goes, too".to_string()),
        count => reasons.push(format!("the {count} lines nested below it go, too")),
    }
    // A number is no words of the user's.
    let quote = if what.trim().parse::<usize>().is_ok() { "" } else { what.trim() };
    let candidate = Candidate {
        text: String::new(),
        revokes: true,
        reasons,
        quote: quote.to_string(),
        ..proposal::remembered(quote)
    };
    let edit = Edit {
        op: Op::Remove,
        text: String::new(),
        supersedes: Some(LineRef { line: entry.line, text: entry.text.clone() }),
        section: kb.heading_of(entry).map(str::to_string),
    };
    // A line that goes raises no alarm.
    Proposal::new(1, candidate, edit, Source::Remembered, &Alarms::default())
}

/// Offers to take back the last edit that dictum wrote.
pub fn undo(directory: &Path) -> Result<u8> {
    let keep = OnDisk::begin(directory)?.keep;
    let plan = match kbfile::preview(directory, &keep) {
        Ok(plan) => plan,
        Err(UndoError::Nothing) => return say("There is no further edit of KB.md to undo here.\n"),
        Err(error) => return not_undone(error, &mut io::stdout().lock()),
    };
    let mut out = io::stdout().lock();
    write(&mut out, &planned(&plan))?;
    match Keyboard::here() {
        Some(mut keyboard) => {
            confirm_undo(&mut keyboard, &mut out, || kbfile::undo_as_seen(directory, &keep, &plan))
        }
        None => {
            write(&mut out, NOBODY)?;
            Ok(0)
        }
    }
}

fn planned(plan: &Plan) -> String {
    let what = match &plan.restores {
        Some(_) => "Undoing the last edit changes KB.md like this:",
        None => "Undoing the last edit removes KB.md, which it made:",
    };
    format!("{what}\n{}", diff(plan.current.text(), plan.restores.as_deref()))
}

fn diff(before: Option<&str>, after: Option<&str>) -> String {
    patch::text(&patch::unified(before.unwrap_or_default(), after.unwrap_or_default(), CONTEXT))
}

fn confirm_undo(
    answers: &mut impl Answers,
    out: &mut impl Write,
    undo: impl FnOnce() -> Result<Undoing, UndoError>,
) -> Result<u8> {
    loop {
        let answer =
            review::ask(answers, out, "a undo it, q leave it > ")?.unwrap_or_else(|| "q".to_string());
        match answer.trim().to_lowercase().as_str() {
            "a" | "accept" => break,
            "q" | "stop" | "quit" | "r" | "reject" => {
                write(out, "Nothing was undone.\n")?;
                return Ok(0);
            }
            _ => write(out, "Type one of these letters, then Enter.\n")?,
        }
    }
    match undo() {
        Ok(undoing) => {
            write(out, &format!("{}\n", undoing.undone.sentence()))?;
            if let Some(why) = undoing.unrecorded {
                write(out, &format!("{why}\n"))?;
            }
            Ok(0)
        }
        Err(error) => not_undone(error, out),
    }
}

/// Why nothing was undone; where KB.md was changed since, with what undo would have done.
fn not_undone(error: UndoError, out: &mut impl Write) -> Result<u8> {
    let UndoError::ChangedSince { current, would_restore } = error else { bail!(error) };
    if let Some(why) = current.explanation() {
        bail!("{why} Nothing was undone.");
    }
    let what = "KB.md was changed after dictum wrote it, so nothing was undone. What undo would have done:";
    write(out, &format!("{what}\n{}", diff(current.text(), would_restore.as_deref())))?;
    Ok(1)
}

fn say(words: &str) -> Result<u8> {
    write(&mut io::stdout().lock(), words)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::state::{KbState, Snapshot};
    use crate::io::kbfile::Undone;

    const KB: &str = "- Use pnpm.\n- Use pnpm in CI, too.\n  - And cache it.\n";

    #[test]
    fn one_of_several_lines_is_picked_by_its_number() {
        let kb = Document::parse(KB);
        let found = find::named(&kb, "use");
        for (typed, expect) in
            [("2\n", Some(2)), ("x\n0\n9\n1\n", Some(1)), ("q\n", None), ("", None), ("\n", None)]
        {
            let mut out = Vec::new();
            let picked = pick(&found, &mut typed.as_bytes(), &mut out).unwrap();
            assert_eq!(picked.map(|entry| entry.line), expect, "{typed:?}");
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains("  1  line 1: Use pnpm.\n  2  line 2: Use pnpm in CI, too.\n"), "{out}");
        }
    }

    #[test]
    fn a_removal_tells_what_goes_with_the_line() {
        let kb = Document::parse(KB);
        let [entry] = find::named(&kb, "2")[..] else { panic!("one line") };
        let proposal = removal(&kb, entry, "2");
        assert_eq!(proposal.title(), "remove line 2");
        assert!(proposal.candidate.reasons.contains(&"the line nested below it goes, too".to_string()));
        assert_eq!(proposal.candidate.quote, "");
        assert_eq!(removal(&kb, entry, "pnpm ci").candidate.quote, "pnpm ci");
    }

    #[test]
    fn an_undo_wants_an_answer() {
        let undone = || Ok(Undoing { undone: Undone::Removed, unrecorded: Some("Not told.".to_string()) });
        let mut out = Vec::new();
        assert_eq!(confirm_undo(&mut &b"x\na\n"[..], &mut out, undone).unwrap(), 0);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("removed again.\nNot told.\n"), "{out}");
        for typed in ["", "q\n", "y\nr\n"] {
            let never = || -> Result<Undoing, UndoError> { panic!("not asked for") };
            assert_eq!(confirm_undo(&mut typed.as_bytes(), &mut Vec::new(), never).unwrap(), 0);
        }
    }

    #[test]
    fn a_refused_undo_tells_what_it_would_have_done() {
        let (text, read_at) = ("- Mine.\n".to_string(), String::new());
        let current = Snapshot { state: KbState::Read { text, bytes: 8, hash: String::new(), read_at } };
        let refused =
            || Err(UndoError::ChangedSince { current, would_restore: Some("- Old.\n".to_string()) });
        let mut out = Vec::new();
        assert_eq!(confirm_undo(&mut &b"a\n"[..], &mut out, refused).unwrap(), 1);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("nothing was undone") && out.ends_with("-- Mine.\n+- Old.\n"), "{out}");
    }
}
