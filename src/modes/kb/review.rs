//! The review in a plain terminal: each edit of KB.md is shown as a diff, and written only on an answer that was typed for it. It is
//! line by line and append-only, has no way to skip a question, and writes nothing where nobody can be asked.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::mem;

use anyhow::{Context, Result, bail};

use crate::app::review::without_marker;
use crate::base::text;
use crate::domain::kb::Op;
use crate::domain::kb::document::Document;
use crate::domain::kb::edit::{self, EditError};
use crate::domain::kb::journal::{How, Provenance};
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::state::{self, Snapshot};
use crate::domain::kb::warnings::Warning;
use crate::draw::patch;
use crate::io::files;
use crate::io::kbfile::{Outside, SaveError, Saved};

/// Said where nobody can be asked.
pub const NOBODY: &str =
    "Nothing was written: only at a terminal, for input and output, can an edit be accepted.\n";

/// Unchanged lines around a change.
const CONTEXT: usize = 2;

/// Who answers the questions.
pub trait Answers {
    /// Called before a question is put: what was typed earlier is no answer to it.
    fn forget(&mut self) {}

    /// The next line that is typed, without its end; `None` when there are no more.
    fn line(&mut self) -> io::Result<Option<String>>;
}

impl<R: BufRead> Answers for R {
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_string()))
    }
}

/// The KB.md under review.
pub trait KbFile {
    /// Writes `new` if it still holds `expected` (`None`: if there is still no file); see [`crate::io::kbfile::save`].
    fn save(
        &mut self,
        expected: Option<&str>,
        new: &str,
        outside: Outside,
        provenance: &Provenance,
    ) -> Result<Saved, SaveError>;
}

/// What came of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Edits that are on disk.
    pub written: usize,
    pub rejected: usize,
    /// Edits that KB.md settled by itself meanwhile.
    pub settled: usize,
    /// Edits that cannot be made; the reason was printed.
    pub failed: usize,
    /// Edits that were shown or not, and not decided: the user stopped, or nobody could be asked.
    pub undecided: usize,
}

impl Outcome {
    /// The exit code of a subcommand that ends with this review.
    pub fn exit_code(self) -> u8 {
        u8::from(self.failed > 0)
    }
}

/// Shows each proposal, which was made on the KB.md of `made_on`, and writes those that the user accepts, one by one. An error is one
/// of the terminal or the disk; what was written before it stays written.
pub fn review<A: Answers, O: Write, F: KbFile>(
    proposals: Vec<Proposal>,
    how: How,
    made_on: &Snapshot,
    file: &mut F,
    answers: &mut A,
    out: &mut O,
) -> Result<Outcome> {
    usable(made_on)?;
    let mut review = Review {
        of: proposals.len(),
        waiting: proposals.into(),
        how,
        kb: made_on.clone(),
        reconciler: Reconciler::new(),
        file,
        answers,
        out,
        outcome: Outcome::default(),
    };
    review.run()?;
    Ok(review.outcome)
}

/// The review where nobody can be asked, since input or output is no terminal: the patches are printed and nothing is written.
pub fn print_only(proposals: &[Proposal], made_on: &Snapshot, out: &mut impl Write) -> Result<Outcome> {
    usable(made_on)?;
    let mut outcome = Outcome::default();
    for (at, proposal) in proposals.iter().enumerate() {
        match edit::apply(made_on.text().unwrap_or_default(), std::slice::from_ref(&proposal.edit)) {
            Ok(after) => {
                write(out, &shown(proposal, (at + 1, proposals.len()), made_on, &after))?;
                outcome.undecided += 1;
            }
            Err(error) => {
                write(out, &refused(proposal, &error))?;
                outcome.failed += 1;
            }
        }
    }
    write(out, NOBODY)?;
    Ok(outcome)
}

/// Fails, with the reason, where KB.md cannot be edited at all.
pub fn usable(kb: &Snapshot) -> Result<()> {
    if let Some(why) = kb.explanation() {
        bail!(why);
    }
    match Document::parse(kb.text().unwrap_or_default()).conflict_line() {
        Some(line) => Err(EditError::Conflict(line).into()),
        None => Ok(()),
    }
}

/// A review at work.
struct Review<'a, A, O, F> {
    waiting: VecDeque<Proposal>,
    /// How many there were.
    of: usize,
    how: How,
    /// What KB.md was at the last look; every waiting proposal is made on it.
    kb: Snapshot,
    reconciler: Reconciler,
    file: &'a mut F,
    answers: &'a mut A,
    out: &'a mut O,
    outcome: Outcome,
}

/// What became of the edit on the screen.
enum Decision {
    Written,
    /// KB.md had changed, so there is a new diff to look at.
    Moved,
    /// The user wants other words.
    Edit,
    Rejected,
    Stopped,
}

impl<A: Answers, O: Write, F: KbFile> Review<'_, A, O, F> {
    fn run(&mut self) -> Result<()> {
        while let Some(proposal) = self.waiting.pop_front() {
            self.decide(proposal)?;
        }
        Ok(())
    }

    /// Shows an edit until it is decided.
    fn decide(&mut self, mut proposal: Proposal) -> Result<()> {
        loop {
            let before = self.kb.text().unwrap_or_default();
            let after = match edit::apply(before, std::slice::from_ref(&proposal.edit)) {
                Ok(after) if after == before => {
                    self.outcome.settled += 1;
                    return self.say("KB.md would stay as it is, so there is nothing to accept.\n");
                }
                Ok(after) => after,
                Err(error) => {
                    self.outcome.failed += 1;
                    return self.say(&refused(&proposal, &error));
                }
            };
            let place = (self.of.saturating_sub(self.waiting.len()), self.of);
            let card = shown(&proposal, place, &self.kb, &after);
            self.say(&card)?;
            match self.answer(&proposal, &after)? {
                Decision::Written => {
                    self.outcome.written += 1;
                    return self.rebase_waiting();
                }
                Decision::Moved => {
                    self.rebase_waiting()?;
                    let Some(moved) = self.rebased(proposal)? else { return Ok(()) };
                    proposal = moved;
                }
                Decision::Edit => self.reword(&mut proposal)?,
                Decision::Rejected => {
                    self.outcome.rejected += 1;
                    return self.say("Rejected; KB.md stays as it is.\n");
                }
                Decision::Stopped => {
                    self.outcome.undecided += self.waiting.len() + 1;
                    self.waiting.clear();
                    return self.say("Stopped; nothing further was written.\n");
                }
            }
        }
    }

    /// Asks until the answer decides something.
    fn answer(&mut self, proposal: &Proposal, after: &str) -> Result<Decision> {
        let has_words = proposal.edit.op != Op::Remove;
        let keys =
            if has_words { "a accept, e edit, r reject, q stop" } else { "a accept, r reject, q stop" };
        loop {
            let Some(line) = self.ask(&format!("{keys} > "))? else { return Ok(Decision::Stopped) };
            match line.trim().to_lowercase().as_str() {
                "a" | "accept" => {
                    if let Some(decision) = self.accept(proposal, after)? {
                        return Ok(decision);
                    }
                }
                "e" | "edit" if has_words => return Ok(Decision::Edit),
                "r" | "reject" => return Ok(Decision::Rejected),
                "q" | "stop" | "quit" => return Ok(Decision::Stopped),
                _ => self.say("Type one of these letters, then Enter.\n")?,
            }
        }
    }

    /// Writes the edit, once what speaks against it was read; `None` when the user thought better of it.
    fn accept(&mut self, proposal: &Proposal, after: &str) -> Result<Option<Decision>> {
        if !proposal.warnings.is_empty() && !self.confirms("Read the warning above")? {
            return Ok(None);
        }
        let mut outside = Outside::Ask;
        loop {
            let provenance = Provenance { how: self.how, quote: proposal.candidate.quote.clone() };
            match self.file.save(self.kb.text(), after, outside, &provenance) {
                Ok(saved) => {
                    self.kb = saved.snapshot;
                    self.say("Saved to KB.md; `dictum kb undo` takes it back.\n")?;
                    if let Some(why) = saved.unrecorded {
                        self.say(&format!("{why}\n"))?;
                    }
                    return Ok(Some(Decision::Written));
                }
                Err(SaveError::Changed(snapshot)) => {
                    self.kb = snapshot;
                    self.say("KB.md had changed on disk; nothing was written. This is the new diff.\n")?;
                    return Ok(Some(Decision::Moved));
                }
                Err(SaveError::OutsideProject { target }) => {
                    let target = files::shown(&target);
                    if !self.confirms(&format!("KB.md is a link to {target}, outside this project"))? {
                        return Ok(None);
                    }
                    outside = Outside::Allow;
                }
                Err(
                    error @ (SaveError::NotUsable(_)
                    | SaveError::NoFolder { .. }
                    | SaveError::NoUndo { .. }
                    | SaveError::Lock(_)
                    | SaveError::Write(_)
                    | SaveError::Overwritten(_)),
                ) => return Err(error.into()),
            }
        }
    }

    /// Whether the user writes the word out: a letter is typed too easily.
    fn confirms(&mut self, why: &str) -> Result<bool> {
        let answer = self.ask(&format!("{why}; type accept in full to write it all the same > "))?;
        let agreed = answer.is_some_and(|line| line.trim() == "accept");
        if !agreed {
            self.say("Not written.\n")?;
        }
        Ok(agreed)
    }

    /// Asks for other words; none leave the edit as it is.
    fn reword(&mut self, proposal: &mut Proposal) -> Result<()> {
        self.say(&format!("Now: {}\n", text::one_line(&proposal.edit.text)))?;
        let line = self.ask("New words (Enter alone keeps them) > ")?.unwrap_or_default();
        let words = text::one_line(&line);
        let words = without_marker(&words);
        if !words.is_empty() {
            proposal.reword(words.to_string());
        }
        Ok(())
    }

    /// Puts the edits that wait onto KB.md as it is now.
    fn rebase_waiting(&mut self) -> Result<()> {
        for proposal in mem::take(&mut self.waiting) {
            let rebased = self.rebased(proposal)?;
            self.waiting.extend(rebased);
        }
        Ok(())
    }

    /// The edit on KB.md as it is now; what that settled already is told and goes.
    fn rebased(&mut self, proposal: Proposal) -> Result<Option<Proposal>> {
        let gist = text::one_line(proposal.gist());
        let kb = Document::parse(self.kb.text().unwrap_or_default());
        let rebased = match proposal.edit.op {
            // A line that is gone is no reason to remove another.
            Op::Remove => edit::rebase(&proposal.edit, &kb).ok().map(|edit| Proposal { edit, ..proposal }),
            Op::Replace => proposal.rebased(&kb, &self.reconciler),
            // Place and words of a line to add stay as offered, unless the new text says something of the same.
            Op::Add => proposal.clone().rebased(&kb, &self.reconciler).map(|fresh| match fresh.edit.op {
                Op::Add => proposal,
                Op::Replace | Op::Remove => fresh,
            }),
        };
        if rebased.is_none() {
            self.outcome.settled += 1;
            self.say(&format!("KB.md now settles this by itself, so it is no longer offered: {gist}\n"))?;
        }
        Ok(rebased)
    }

    fn say(&mut self, words: &str) -> Result<()> {
        write(self.out, words)
    }

    fn ask(&mut self, question: &str) -> Result<Option<String>> {
        ask(self.answers, self.out, question)
    }
}

/// Puts a question and waits for a line; `None` at the end of the input.
pub fn ask(answers: &mut impl Answers, out: &mut impl Write, question: &str) -> Result<Option<String>> {
    answers.forget();
    write(out, question)?;
    let line = answers.line().context("the terminal cannot be read any further")?;
    if line.is_none() {
        write(out, "\n")?;
    }
    Ok(line)
}

/// Prints at once; a reader that goes away (`| head`) is no error.
pub fn write(out: &mut impl Write, words: &str) -> Result<()> {
    match out.write_all(words.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the output cannot be written any further")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// An edit as the user judges it: what it does and why, the diff, and what wants a second look.
fn shown(proposal: &Proposal, (at, of): (usize, usize), kb: &Snapshot, after: &str) -> String {
    let mut card = String::from("\n");
    let place = if of > 1 { format!(" {at} of {of}") } else { String::new() };
    card.push_str(&format!("KB.md edit{place}: {}\n", text::one_line(&proposal.title())));
    let mut told = |label: &str, words: &str| {
        let words = text::one_line(words);
        if !words.is_empty() {
            card.push_str(&format!("  {label}: {words}\n"));
        }
    };
    told("because", &proposal.candidate.reasons.join("; "));
    if !proposal.candidate.quote.trim().is_empty() {
        told("you said", &format!("\u{201c}{}\u{201d}", proposal.candidate.quote));
    }
    told("note", proposal.note.as_deref().unwrap_or_default());
    let before = kb.text().unwrap_or_default();
    card.push_str(&patch::text(&patch::unified(before, after, CONTEXT)));
    let size = |text: &str| state::size(text.len() as u64);
    let now = kb.text().map_or_else(|| "none".to_string(), size);
    card.push_str(&format!("KB.md: {now} now, {} after\n", size(after)));
    if let Some(lost) = proposal.loses() {
        card.push_str(&format!("! The old line also says: {}\n", text::one_line(&lost)));
    }
    if after.len() as u64 > state::LIMIT {
        let limit = state::size(state::LIMIT);
        card.push_str(&format!("! KB.md would be over the limit of {limit}, and then none of it is sent.\n"));
    }
    let mut warnings: Vec<String> = proposal.warnings.iter().map(Warning::sentence).collect();
    warnings.dedup();
    card.extend(warnings.iter().map(|warning| format!("! {warning}\n")));
    card
}

fn refused(proposal: &Proposal, error: &EditError) -> String {
    text::one_line(&format!("{}: {} ({error})", proposal.title(), proposal.gist())) + "\n"
}
