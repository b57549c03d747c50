//! From the hunks of a patch to edits of the rules in KB.md as it is now. A patch that does anything else than change rules is refused.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Hunk, PatchError, Row, clean};
use crate::base::text;
use crate::domain::kb::document::{Document, Entry};
use crate::domain::kb::{Edit, LineRef, Op, edit};

/// The edits that do to the rules of `kb` what the patch does. Where a hunk has its lines, their places are those of the patch; where KB.md
/// has changed around it, a rule that it takes out is found by its words, and one that it adds has its section alone. What KB.md is
/// already as the patch makes it gives none.
pub fn edits(hunks: &[Hunk], kb: &Document) -> Result<Vec<Edit>, PatchError> {
    match placed(hunks, &kb.source) {
        Some(after) => {
            let wanted = Document::parse(&after);
            let edits = between(kb, &wanted);
            let made =
                edit::apply(&kb.source, &edits).map_err(|error| PatchError::NoRules(error.to_string()))?;
            if words(&made) == words(&after) {
                Ok(edits)
            } else {
                Err(PatchError::NoRules("a heading, or words beside the rules".to_string()))
            }
        }
        None => {
            let found: Result<Vec<Vec<Edit>>, PatchError> =
                hunks.iter().map(|hunk| loose(hunk, kb)).collect();
            Ok(found?.concat())
        }
    }
}

/// All words in no order: whatever wraps or stands elsewhere is the same.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

/// The text after the patch; `None` when a hunk does not find its lines.
fn placed(hunks: &[Hunk], source: &str) -> Option<String> {
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let read: Vec<String> = lines.iter().map(|line| clean(line.trim_end_matches(['\n', '\r']))).collect();
    let end = if source.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = String::new();
    let mut at = 0;
    for hunk in hunks {
        let old: Vec<&str> = hunk.rows.iter().filter_map(old_line).collect();
        let begin = find(&read, &old, at, hunk.line)?;
        out.extend(lines.get(at..begin)?.iter().copied());
        at = begin;
        for row in &hunk.rows {
            if !(out.is_empty() || out.ends_with('\n')) {
                out.push_str(end);
            }
            match row {
                Row::Context(_) => {
                    out.push_str(lines.get(at)?);
                    at += 1;
                }
                Row::Removed(_) => at += 1,
                Row::Added(line) => {
                    out.push_str(line);
                    out.push_str(end);
                }
            }
        }
    }
    out.extend(lines.get(at..)?.iter().copied());
    Some(out)
}

fn old_line(row: &Row) -> Option<&str> {
    match row {
        Row::Context(line) | Row::Removed(line) => Some(line),
        Row::Added(_) => None,
    }
}

/// Where these lines stand from `from` on, nearest to the line that the patch names.
fn find(read: &[String], old: &[&str], from: usize, line: usize) -> Option<usize> {
    if old.is_empty() {
        // A new file, or lines for an empty one.
        return read.iter().all(|line| line.trim().is_empty()).then_some(from.max(read.len()));
    }
    let last = read.len().checked_sub(old.len())?;
    let stands =
        |at: &usize| read.iter().skip(*at).zip(old).all(|(here, there)| here.trim_end() == there.trim_end());
    (from..=last).filter(stands).min_by_key(|at| at.abs_diff(line.saturating_sub(1)))
}

/// What became of the rules between two texts.
fn between(before: &Document, after: &Document) -> Vec<Edit> {
    let texts =
        |kb: &Document| kb.entries.iter().map(|entry| text::one_line(&entry.text)).collect::<Vec<_>>();
    let (old, new) = (texts(before), texts(after));
    let mut edits = Vec::new();
    let mut gone: Vec<usize> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (went, came) = (op.old_range(), op.new_range());
        let places: Vec<usize> = went.clone().collect();
        let (went, came) =
            (before.entries.get(went).unwrap_or_default(), after.entries.get(came).unwrap_or_default());
        let follower = followers((before, went), (after, came));
        for ((was, follower), place) in went.iter().zip(&follower).zip(places) {
            match follower.and_then(|at| came.get(at)) {
                Some(is) => edits.push(changed(before, was, Op::Replace, &is.text)),
                None => {
                    gone.push(place);
                    // What is nested below a rule goes with it.
                    if was.parent.is_none_or(|parent| !gone.contains(&parent)) {
                        edits.push(changed(before, was, Op::Remove, ""));
                    }
                }
            }
        }
        let fresh = came.iter().enumerate().filter(|(at, _)| !follower.contains(&Some(*at)));
        edits.extend(fresh.map(|(_, is)| Edit {
            op: Op::Add,
            text: text::one_line(&is.text),
            supersedes: None,
            section: after.heading_of(is).map(str::to_string),
        }));
    }
    edits
}

/// For each rule that went, the one that came for it: the one in its section that shares most words with it, else the next that is left.
fn followers(
    (before, went): (&Document, &[Entry]),
    (after, came): (&Document, &[Entry]),
) -> Vec<Option<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; went.len()];
    for least in [1, 0] {
        for (at, was) in went.iter().enumerate() {
            if taken.get(at).is_some_and(Option::is_some) {
                continue;
            }
            let there = before.heading_of(was);
            let free = came.iter().enumerate().filter(|(at, is)| {
                !taken.contains(&Some(*at))
                    && after.heading_of(is) == there
                    && shared(&was.text, &is.text) >= least
            });
            // Of equals the first.
            let best = free.rev().max_by_key(|(_, is)| shared(&was.text, &is.text)).map(|(at, _)| at);
            if let Some(place) = taken.get_mut(at) {
                *place = best;
            }
        }
    }
    taken
}

/// How many words of one text are in the other.
fn shared(one: &str, other: &str) -> usize {
    let other: Vec<&str> = other.split_whitespace().collect();
    one.split_whitespace().filter(|word| other.contains(word)).count()
}

fn changed(kb: &Document, was: &Entry, op: Op, words: &str) -> Edit {
    Edit {
        op,
        text: text::one_line(words),
        supersedes: Some(LineRef { line: was.line, text: was.text.clone() }),
        section: kb.heading_of(was).map(str::to_string),
    }
}

/// The edits of a hunk whose surroundings have changed.
fn loose(hunk: &Hunk, kb: &Document) -> Result<Vec<Edit>, PatchError> {
    let joined = |wanted: &dyn Fn(&Row) -> Option<&str>| {
        Document::parse(
            &hunk.rows.iter().filter_map(wanted).map(|line| format!("{line}\n")).collect::<String>(),
        )
    };
    let before = joined(&old_line);
    let after = joined(&|row| match row {
        Row::Context(line) | Row::Added(line) => Some(line),
        Row::Removed(_) => None,
    });
    let changes = between(&before, &after);
    if changes.is_empty() {
        return Err(PatchError::NoRules("none of them".to_string()));
    }
    let mut found = Vec::new();
    for edit in changes {
        let Some(old) = &edit.supersedes else {
            found.push(edit);
            continue;
        };
        let line = LineRef { line: hunk.line.saturating_sub(1) + old.line, text: old.text.clone() };
        let wanted = Edit { supersedes: Some(line), ..edit.clone() };
        match edit::rebase(&wanted, kb) {
            Ok(edit) => found.push(edit),
            Err(_) if is_done(&edit, kb) => {}
            Err(_) => return Err(PatchError::Gone(text::one_line(&old.text))),
        }
    }
    Ok(found)
}

/// Whether KB.md, which does not hold the old rule, is what the edit would make it.
fn is_done(edit: &Edit, kb: &Document) -> bool {
    edit.op == Op::Remove || kb.entries.iter().any(|entry| text::one_line(&entry.text) == edit.text)
}
