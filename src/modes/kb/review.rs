//! The review in a plain terminal: each edit of KB.md is shown as a diff, and written only on an answer that was typed for it. It is
//! line by line and append-only, has no way to skip a question, and writes nothing where nobody can be asked.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::mem;

use anyhow::{Context, Result, bail};

use crate::app::plain::card::{self, NOBODY};
use crate::app::review::without_marker;
use crate::base::text;
use crate::domain::kb::Op;
use crate::domain::kb::document::Document;
use crate::domain::kb::edit::{self, EditError};
use crate::domain::kb::journal::{How, Provenance};
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::state::Snapshot;
use crate::io::files;
use crate::io::kbfile::{Outside, SaveError, Saved};

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
        reconciler: None,
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
        match edit::apply(made_on.text().unwrap_or_default(), &proposal.edits()) {
            Ok(after) => {
                write(out, &card::of(proposal, (at + 1, proposals.len()), made_on.text(), &after))?;
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
    /// Made when it is needed, which is seldom.
    reconciler: Option<Reconciler>,
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
            let after = match edit::apply(before, &proposal.edits()) {
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
            let card = card::of(&proposal, place, self.kb.text(), &after);
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
            let reconciler = self.reconciler.get_or_insert_default();
            proposal.reword(words.to_string(), &reconciler.tables().alarms);
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
            Op::Replace => proposal.rebased(&kb, self.reconciler.get_or_insert_default()),
            // The lines of a first KB.md were weighed against each other before: only its own words settle one.
            Op::Add if self.how == How::Init => {
                let words = proposal.edit.text.trim_end_matches('.').to_lowercase();
                let held = |said: &str| said.trim_end_matches('.').to_lowercase() == words;
                (!kb.entries.iter().any(|entry| held(&entry.text))).then_some(proposal)
            }
            // Place and words of a line to add stay as offered, unless the new text says something of the same.
            Op::Add => {
                proposal.clone().rebased(&kb, self.reconciler.get_or_insert_default()).map(
                    |fresh| match fresh.edit.op {
                        Op::Add => proposal,
                        Op::Replace | Op::Remove => fresh,
                    },
                )
            }
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

fn refused(proposal: &Proposal, error: &EditError) -> String {
    text::one_line(&format!("{}: {} ({error})", proposal.title(), proposal.gist())) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::proposal::{Source, remembered};
    use crate::domain::kb::state::KbState;
    use crate::domain::kb::warnings::Alarms;
    use crate::domain::kb::{Edit, LineRef};
    use std::path::PathBuf;

    const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

    fn read(text: &str) -> Snapshot {
        let (text, bytes) = (text.to_string(), text.len() as u64);
        let (hash, read_at) = ("00000000".to_string(), "09:00:00".to_string());
        Snapshot { state: KbState::Read { text, bytes, hash, read_at } }
    }

    /// A KB.md in memory, with what another program writes before the first save.
    struct Memory {
        text: String,
        theirs: Option<String>,
        outside: bool,
        trouble: bool,
        told: Vec<Provenance>,
    }

    impl KbFile for Memory {
        fn save(
            &mut self,
            expected: Option<&str>,
            new: &str,
            outside: Outside,
            provenance: &Provenance,
        ) -> Result<Saved, SaveError> {
            self.text = self.theirs.take().unwrap_or_else(|| self.text.clone());
            let target = PathBuf::from("/elsewhere/KB.md");
            if self.trouble {
                return Err(SaveError::NoUndo { dir: target, cause: "no".to_string() });
            }
            if self.outside && outside == Outside::Ask {
                return Err(SaveError::OutsideProject { target });
            }
            if expected != Some(self.text.as_str()) {
                return Err(SaveError::Changed(read(&self.text)));
            }
            self.text = new.to_string();
            self.told.push(provenance.clone());
            Ok(Saved { snapshot: read(new), target, unrecorded: None })
        }
    }

    fn memory() -> Memory {
        Memory { text: KB.to_string(), theirs: None, outside: false, trouble: false, told: Vec::new() }
    }

    /// What `/remember` would offer on KB.
    fn offer(rule: &str) -> Proposal {
        let replaces = rule.contains("pnpm").then(|| LineRef { line: 3, text: "Use npm.".to_string() });
        let op = if replaces.is_some() { Op::Replace } else { Op::Add };
        let candidate = remembered(rule);
        let edit =
            Edit { op, text: candidate.text.clone(), supersedes: replaces, section: Some("KB".to_string()) };
        Proposal::new(1, candidate, edit, Source::Remembered, &Alarms::new())
    }

    fn removal(line: usize, text: &str) -> Proposal {
        let supersedes = Some(LineRef { line, text: text.to_string() });
        let edit = Edit { op: Op::Remove, text: String::new(), supersedes, section: None };
        Proposal::new(1, remembered("forget it"), edit, Source::Remembered, &Alarms::new())
    }

    fn run(file: &mut Memory, proposals: Vec<Proposal>, typed: &str) -> (String, Result<Outcome>) {
        let mut out = Vec::new();
        let made_on = read(KB);
        let outcome = review(proposals, How::Cli, &made_on, file, &mut typed.as_bytes(), &mut out);
        (String::from_utf8(out).unwrap(), outcome)
    }

    #[track_caller]
    fn check(proposals: Vec<Proposal>, typed: &str, after: &str, expect: Outcome) -> String {
        let mut file = memory();
        let (out, outcome) = run(&mut file, proposals, typed);
        assert_eq!(file.text, after, "{out}");
        assert_eq!(outcome.unwrap(), expect, "{out}");
        out
    }

    const NONE: Outcome = Outcome { written: 0, rejected: 0, settled: 0, failed: 0, undecided: 0 };

    #[test]
    fn an_accepted_edit_is_written_as_it_was_shown() {
        let after = "# KB\n\n- Use pnpm.\n- Dates are in UTC.\n";
        let out = check(vec![offer("use pnpm")], "a\n", after, Outcome { written: 1, ..NONE });
        let card = "\nKB.md edit: replace line 3\n  because: you asked to remember it\n  you said: \u{201c}use pnpm\u{201d}\n # KB\n \n-- Use npm.\n+- Use pnpm.\n - Dates are in UTC.\nKB.md: 37 bytes now, 38 bytes after\na accept, e edit, r reject, q stop > Saved";
        assert!(out.starts_with(card), "{out}");
    }

    #[test]
    fn the_record_tells_how_and_in_which_words() {
        let mut file = memory();
        let (_, outcome) = run(&mut file, vec![offer("use pnpm")], "a\n");
        assert_eq!(outcome.unwrap().exit_code(), 0);
        assert_eq!(file.told, [Provenance { how: How::Cli, quote: "use pnpm".to_string() }]);
    }

    #[test]
    fn nothing_but_an_accept_writes() {
        for typed in ["r\n", "reject\n", "\n y\nyes\n1\nr\n"] {
            check(vec![offer("use pnpm")], typed, KB, Outcome { rejected: 1, ..NONE });
        }
        for typed in ["q\n", "stop\n", "", "x", "e\n", "e\nother words\n"] {
            check(vec![offer("use pnpm")], typed, KB, Outcome { undecided: 1, ..NONE });
        }
    }

    #[test]
    fn other_words_are_shown_as_a_new_diff_and_asked_about_again() {
        let after = "# KB\n\n- Use bun.\n- Dates are in UTC.\n";
        let out = check(vec![offer("use pnpm")], "e\n- Use bun.\na\n", after, Outcome { written: 1, ..NONE });
        assert!(
            out.contains("Now: Use pnpm.") && out.contains("+- Use bun.") && out.contains("in your wording")
        );
        let kept = "# KB\n\n- Use pnpm.\n- Dates are in UTC.\n";
        check(vec![offer("use pnpm")], "e\n\na\n", kept, Outcome { written: 1, ..NONE });
        // A line that goes has no words.
        let out = check(vec![removal(3, "Use npm.")], "e\nr\n", KB, Outcome { rejected: 1, ..NONE });
        assert!(out.contains("\na accept, r reject, q stop > "), "{out}");
    }

    #[test]
    fn a12_a_warning_wants_the_whole_word() {
        let rule = "the admin password is Tr0ub4dor";
        let out = check(vec![offer(rule)], "a\na\naccept\nr\nr\n", KB, Outcome { rejected: 1, ..NONE });
        assert!(out.contains("! This looks like a secret"), "{out}");
        assert_eq!(out.matches("type accept in full").count(), 2, "{out}");
        let after = format!("{KB}- The admin password is Tr0ub4dor.\n");
        check(vec![offer(rule)], "a\naccept\n", &after, Outcome { written: 1, ..NONE });
        let out = check(vec![offer("use \u{202e}tabs")], "a\n\nq\n", KB, Outcome { undecided: 1, ..NONE });
        assert!(out.contains("‹U+202E›") && !out.contains('\u{202e}'), "{out}");
    }

    #[test]
    fn a09_a_change_meanwhile_is_kept_and_the_new_diff_comes_first() {
        let theirs = "# KB\n\n- Node 22.\n- Use npm.\n- Dates are in UTC.\n";
        let mut file = Memory { theirs: Some(theirs.to_string()), ..memory() };
        let (out, outcome) = run(&mut file, vec![offer("use pnpm")], "a\na\n");
        assert_eq!(outcome.unwrap(), Outcome { written: 1, ..NONE });
        assert_eq!(file.text, theirs.replace("npm", "pnpm"));
        assert!(out.contains("This is the new diff.\n\nKB.md edit: replace line 4\n"), "{out}");

        let mut file = Memory { theirs: Some(KB.replace("npm", "pnpm")), ..memory() };
        let (out, outcome) = run(&mut file, vec![offer("use pnpm")], "a\n");
        assert_eq!(outcome.unwrap(), Outcome { settled: 1, ..NONE });
        assert!(out.contains("settles this by itself"), "{out}");

        // A line that is gone takes no other with it.
        let mut file = Memory { theirs: Some(KB.replace("Use npm.", "Use npm only.")), ..memory() };
        let (_, outcome) = run(&mut file, vec![removal(3, "Use npm.")], "a\na\n");
        assert_eq!(outcome.unwrap(), Outcome { settled: 1, ..NONE });
        assert_eq!(file.text, KB.replace("Use npm.", "Use npm only."));
    }

    #[test]
    fn each_edit_stands_on_those_before() {
        let proposals = || vec![removal(3, "Use npm."), removal(4, "Dates are in UTC.")];
        let out = check(proposals(), "a\na\n", "# KB\n", Outcome { written: 2, ..NONE });
        assert!(
            out.contains("edit 1 of 2: remove line 3") && out.contains("edit 2 of 2: remove line 3"),
            "{out}"
        );
        check(proposals(), "r\na\n", "# KB\n\n- Use npm.\n", Outcome { written: 1, rejected: 1, ..NONE });
        check(
            proposals(),
            "a\nq\n",
            "# KB\n\n- Dates are in UTC.\n",
            Outcome { written: 1, undecided: 1, ..NONE },
        );
        check(proposals(), "q\n", KB, Outcome { undecided: 2, ..NONE });
    }

    #[test]
    fn a_file_outside_the_project_is_asked_about() {
        for (typed, written) in [("a\naccept\n", 1), ("a\na\n", 0)] {
            let mut file = Memory { outside: true, ..memory() };
            let (out, outcome) = run(&mut file, vec![offer("use pnpm")], typed);
            assert_eq!(outcome.unwrap().written, written, "{out}");
            assert!(out.contains("/elsewhere/KB.md, outside this project"), "{out}");
        }
    }

    #[test]
    fn trouble_is_an_error_and_an_edit_that_cannot_be_made_is_told() {
        let mut file = Memory { trouble: true, ..memory() };
        let (_, outcome) = run(&mut file, vec![offer("use pnpm")], "a\n");
        assert!(outcome.unwrap_err().to_string().contains("could not be made undoable"));
        let gone = removal(3, "No such line.");
        let out =
            check(vec![gone, removal(3, "Use npm.")], "r\n", KB, Outcome { failed: 1, rejected: 1, ..NONE });
        assert!(out.contains("no longer in KB.md: No such line."), "{out}");
        assert_eq!(Outcome { failed: 1, ..NONE }.exit_code(), 1);
    }

    #[test]
    fn nobody_to_ask_means_nothing_written() {
        let mut out = Vec::new();
        let outcome = print_only(&[offer("use pnpm")], &read(KB), &mut out).unwrap();
        assert_eq!((outcome, outcome.exit_code()), (Outcome { undecided: 1, ..NONE }, 0));
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("\n-- Use npm.\n+- Use pnpm.\n") && out.ends_with(NOBODY), "{out}");
    }

    #[test]
    fn a_kb_md_that_cannot_be_edited_says_why() {
        let made_on = Snapshot { state: KbState::NotUtf8 { line: 3 } };
        let error = print_only(&[offer("use pnpm")], &made_on, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("line 3 that are not UTF-8"));
        let conflict = read("<<<<<<< ours\n- a\n=======\n- b\n>>>>>>> theirs\n");
        let error = print_only(&[offer("use pnpm")], &conflict, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("conflict markers at line 1"));
    }
}
