//! The journal of KB.md: one record for each change that dictum wrote, and which record set a line. It never reads a clock or a disk,
//! and holds no secret.

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::document::{Document, Entry};
use super::proposal::{Proposal, Source};
use super::warnings::Secrets;
use super::{LineRef, Op};
use crate::base::text;

/// What stands for a secret: the journal outlives the line.
const MASK: &str = "‹secret›";

/// A key in PEM form has lines behind the one that tells it.
const PEM: &str = "-----BEGIN";

/// Of a write that changes more rules than this at once, the rest is not told.
const MOST: usize = 100;

/// More of a rule or a quote than so many cells is not kept; it is there to be recognised.
const LONGEST: usize = 2_000;

/// How an edit came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The detector saw it in the user's words.
    Told,
    /// The model proposed it, quoting the user.
    Model,
    /// The detector and the model.
    Both,
    /// The user said `/remember`.
    Remembered,
    /// `dictum kb add` or `dictum kb remove`.
    Cli,
    /// `dictum kb init`.
    Init,
    /// `dictum kb check`.
    Check,
    /// An earlier edit was taken back.
    Undo,
}

impl How {
    /// The word in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Model => "model",
            Self::Both => "both",
            Self::Remembered => "remembered",
            Self::Cli => "cli",
            Self::Init => "init",
            Self::Check => "check",
            Self::Undo => "undo",
        }
    }
}

/// How an edit came about, and in which words the user asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub how: How,
    /// Empty where the user said nothing.
    pub quote: String,
}

impl From<&Proposal> for Provenance {
    fn from(proposal: &Proposal) -> Self {
        let how = match proposal.source {
            Source::Told => How::Told,
            Source::Model => How::Model,
            Source::Both => How::Both,
            Source::Remembered => How::Remembered,
        };
        Self { how, quote: proposal.candidate.quote.clone() }
    }
}

/// When, in which session and by whom something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// RFC 3339, local time with its offset.
    pub when: String,
    /// One for each start of the program.
    pub session: String,
    /// The user's name on the machine.
    pub who: String,
}

/// One change of KB.md. Its texts are clean, on one line each, and without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// RFC 3339, local time with its offset.
    pub when: String,
    pub session: String,
    pub who: String,
    pub how: How,
    pub op: Op,
    /// 1-based line of the new text, or of the old one where nothing came for it.
    pub line: Option<usize>,
    pub section: Option<String>,
    /// The rules that came, one a line; as they stand in the file.
    #[serde(default)]
    pub text: String,
    /// The rules that went, one a line.
    #[serde(default)]
    pub old: String,
    /// The user's words.
    #[serde(default)]
    pub quote: String,
    /// First eight digits of the SHA-256 of KB.md before; `None` where there was no file.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
}

impl Record {
    /// The record of a write that turned the text `before` into `after`. The hashes are the caller's to fill in.
    pub fn new(stamp: Stamp, provenance: &Provenance, before: &str, after: &str) -> Self {
        let change = Change::between(before, after);
        let secrets = Secrets::new();
        let joined = |texts: &[String]| {
            texts.iter().take(MOST).map(|text| kept(text, &secrets)).collect::<Vec<_>>().join("\n")
        };
        Self {
            when: stamp.when,
            session: stamp.session,
            who: stamp.who,
            how: provenance.how,
            op: change.op,
            line: change.line,
            section: change.section.as_deref().map(|section| kept(section, &secrets)),
            text: joined(&change.came),
            old: joined(&change.went),
            quote: kept(&provenance.quote, &secrets),
            before: None,
            after: None,
        }
    }

    /// The record as one line of the journal, with its line end.
    pub fn line_of_json(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// The record as read back: what another program may have put into it is made harmless.
    fn cleaned(mut self) -> Self {
        for field in [&mut self.when, &mut self.session, &mut self.who, &mut self.quote] {
            *field = text::one_line(field);
        }
        for field in [&mut self.text, &mut self.old] {
            *field = field.lines().map(text::one_line).collect::<Vec<_>>().join("\n");
        }
        for field in [&mut self.section, &mut self.before, &mut self.after].into_iter().flatten() {
            *field = text::one_line(field);
        }
        self
    }
}

/// A journal as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Oldest first.
    pub records: Vec<Record>,
    /// Lines that are no record: torn by a crash, or of another make.
    pub skipped: usize,
}

impl Journal {
    /// Reads the lines of a journal. What is no record is counted and left out.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut journal = Self::default();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice::<Record>(line) {
                Ok(record) => journal.records.push(record.cleaned()),
                Err(_) => journal.skipped += 1,
            }
        }
        journal
    }

    /// The records that made a line of KB.md what it is, newest first; none when dictum did not write it. The line is found by its
    /// text, wherever it stands by now; of several equal ones the nearest.
    pub fn blame(&self, line: &LineRef) -> Vec<&Record> {
        let mut owned: Vec<Owned> = Vec::new();
        for (record, taken_back) in self.records.iter().zip(self.taken_back()) {
            if !taken_back {
                follow(&mut owned, record);
            }
        }
        let wanted = kept(&line.text, &Secrets::new());
        owned
            .into_iter()
            .filter(|owned| owned.text == wanted)
            .min_by_key(|owned| owned.line.abs_diff(line.line))
            .map(|owned| owned.history.into_iter().rev().collect())
            .unwrap_or_default()
    }

    /// For each record whether it counts no more: it was undone, or is the undoing of another.
    fn taken_back(&self) -> Vec<bool> {
        let mut gone = vec![false; self.records.len()];
        for (at, undo) in self.records.iter().enumerate().filter(|(_, record)| record.how == How::Undo) {
            let undone = self.records.iter().take(at).enumerate().rposition(|(earlier, record)| {
                gone.get(earlier) == Some(&false)
                    && record.how != How::Undo
                    && (&record.before, &record.after) == (&undo.after, &undo.before)
            });
            // An undone record that is not there leaves the undo to stand for what it wrote.
            if let Some(undone) = undone {
                for at in [undone, at] {
                    if let Some(gone) = gone.get_mut(at) {
                        *gone = true;
                    }
                }
            }
        }
        gone
    }
}

/// A line that dictum wrote, as it stood after the last record that names it.
struct Owned<'a> {
    text: String,
    line: usize,
    /// Oldest first.
    history: Vec<&'a Record>,
}

/// Does to the owned lines what the record did to the file.
fn follow<'a>(owned: &mut Vec<Owned<'a>>, record: &'a Record) {
    let line = record.line.unwrap_or_default();
    let (went, came): (Vec<&str>, Vec<&str>) = (record.old.lines().collect(), record.text.lines().collect());
    let paired = went.len() == came.len();
    let mut histories = Vec::new();
    for (place, old) in went.iter().enumerate() {
        // A line that only moved was not set anew.
        if paired && came.get(place) == Some(old) {
            histories.push(None);
            continue;
        }
        let found = owned
            .iter()
            .enumerate()
            .filter(|(_, owned)| owned.text == *old)
            .min_by_key(|(_, owned)| owned.line.abs_diff(line + place))
            .map(|(at, _)| at);
        histories.push(Some(found.map(|at| owned.remove(at).history).unwrap_or_default()));
    }
    for (place, text) in came.iter().enumerate() {
        let mut history = match histories.get_mut(place).filter(|_| paired) {
            Some(None) => continue,
            Some(Some(history)) => std::mem::take(history),
            None => Vec::new(),
        };
        history.push(record);
        owned.push(Owned { text: text.to_string(), line: line + place, history });
    }
}

/// What differs between two texts of KB.md.
struct Change {
    op: Op,
    line: Option<usize>,
    section: Option<String>,
    came: Vec<String>,
    went: Vec<String>,
}

/// A rule or, where no rule changed, a line of the file.
struct Piece {
    line: usize,
    section: Option<String>,
    text: String,
}

impl Change {
    fn between(before: &str, after: &str) -> Self {
        let rules = |text: &str| {
            let kb = Document::parse(text);
            let piece = |entry: &Entry| Piece {
                line: entry.line,
                section: kb.heading_of(entry).map(str::to_string),
                text: text::one_line(&entry.text),
            };
            kb.entries.iter().map(piece).collect::<Vec<_>>()
        };
        let change = Self::of(&rules(before), &rules(after));
        if !change.came.is_empty() || !change.went.is_empty() {
            return change;
        }
        let lines = |text: &str| {
            let numbered = text.lines().enumerate();
            numbered
                .map(|(at, line)| Piece { line: at + 1, section: None, text: text::one_line(line) })
                .filter(|piece| !piece.text.is_empty())
                .collect::<Vec<_>>()
        };
        Self::of(&lines(before), &lines(after))
    }

    fn of(before: &[Piece], after: &[Piece]) -> Self {
        let same = |(old, new): &(&Piece, &Piece)| old.text == new.text;
        let head = before.iter().zip(after).take_while(same).count();
        let (old, new) = (before.get(head..).unwrap_or_default(), after.get(head..).unwrap_or_default());
        let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
        let old = old.get(..old.len() - tail).unwrap_or_default();
        let new = new.get(..new.len() - tail).unwrap_or_default();
        let (went, came) =
            if old.len().max(new.len()) > MOST { (every(old), every(new)) } else { compared(old, new) };
        let first = came.first().or(went.first());
        let op = match (went.is_empty(), came.is_empty()) {
            (true, false) => Op::Add,
            (false, true) => Op::Remove,
            (true, true) | (false, false) => Op::Replace,
        };
        Self {
            op,
            line: first.map(|piece| piece.line),
            section: first.and_then(|piece| piece.section.clone()),
            came: came.iter().map(|piece| piece.text.clone()).collect(),
            went: went.iter().map(|piece| piece.text.clone()).collect(),
        }
    }
}

fn every(pieces: &[Piece]) -> Vec<&Piece> {
    pieces.iter().collect()
}

/// The pieces that went and those that came. Takes time that grows with the square of their number.
fn compared<'a>(before: &'a [Piece], after: &'a [Piece]) -> (Vec<&'a Piece>, Vec<&'a Piece>) {
    let texts = |pieces: &'a [Piece]| pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>();
    let (mut went, mut came) = (Vec::new(), Vec::new());
    for op in capture_diff_slices(Algorithm::Myers, &texts(before), &texts(after)) {
        match op {
            DiffOp::Equal { .. } => {}
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                went.extend(before.get(op.old_range()).unwrap_or_default());
                came.extend(after.get(op.new_range()).unwrap_or_default());
            }
        }
    }
    (went, came)
}

/// A text as the journal keeps it: harmless, on one line, no secret, not endless.
fn kept(words: &str, secrets: &Secrets) -> String {
    text::truncate(&masked(&text::one_line(words), secrets), LONGEST)
}

/// The text with a mark where a secret stands.
fn masked(words: &str, secrets: &Secrets) -> String {
    let mut out = String::with_capacity(words.len());
    let mut at = 0;
    for secret in secrets.find(words) {
        out.push_str(words.get(at..secret.start).unwrap_or_default());
        out.push_str(MASK);
        let pem = words.get(secret.clone()).is_some_and(|found| found.starts_with(PEM));
        at = if pem { words.len() } else { secret.end };
        if pem {
            break;
        }
    }
    out.push_str(words.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The journal of a file that held these texts one after the other; each is told with how it came.
    fn written(texts: &[(How, &str)]) -> Journal {
        let mut journal = Journal::default();
        for (at, pair) in texts.windows(2).enumerate() {
            let [(_, before), (how, after)] = pair else { continue };
            let stamp =
                Stamp { when: format!("moment {at}"), session: "s".to_string(), who: "me".to_string() };
            let provenance = Provenance { how: *how, quote: String::new() };
            let record = Record::new(stamp, &provenance, before, after);
            // The text itself is as good as its hash here.
            let (before, after) = (Some(before.to_string()), Some(after.to_string()));
            journal.records.push(Record { before, after, ..record });
        }
        journal
    }

    /// The moments that made the line of the last text what it is.
    #[track_caller]
    fn blame(journal: &Journal, line: usize, text: &str, expect: &[&str]) {
        let found = journal.blame(&LineRef { line, text: text.to_string() });
        let found: Vec<&str> = found.iter().map(|record| record.when.as_str()).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[track_caller]
    fn change(before: &str, after: &str, expect: (Op, Option<usize>, Option<&str>, &str, &str)) {
        let stamp = Stamp { when: String::new(), session: String::new(), who: String::new() };
        let record = Record::new(stamp, &Provenance { how: How::Cli, quote: String::new() }, before, after);
        let Record { op, line, section, text, old, .. } = &record;
        assert_eq!((*op, *line, section.as_deref(), text.as_str(), old.as_str()), expect);
    }

    #[test]
    fn a_record_tells_the_line_as_it_stands_in_the_file() {
        let kb = "# KB\n\n## Tooling\n- Use npm.\n- Node 22.\n  - No older.\n";
        let added = kb.replace("- Node", "- Use  Biome.\n- Node");
        change(kb, &added, (Op::Add, Some(5), Some("Tooling"), "Use Biome.", ""));
        let replaced = kb.replace("npm", "pnpm");
        change(kb, &replaced, (Op::Replace, Some(4), Some("Tooling"), "Use pnpm.", "Use npm."));
        let removed = "# KB\n\n## Tooling\n- Use npm.\n";
        change(kb, removed, (Op::Remove, Some(5), Some("Tooling"), "", "Node 22.\nNo older."));
        change("", "# KB\n\n- One.\n", (Op::Add, Some(3), Some("KB"), "One.", ""));
        change("# A\n- One.\n", "# B\n- One.\n", (Op::Replace, Some(1), None, "# B", "# A"));
        change("- One.\n", "- One.\r\n", (Op::Replace, None, None, "", ""));
    }

    #[test]
    fn a_record_comes_back_from_its_line_and_what_is_none_is_counted() {
        let journal = written(&[(How::Cli, "- a\n"), (How::Told, "- a\n- b \u{201c}c\u{201d}\n")]);
        let line = journal.records[0].line_of_json();
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("\"how\":\"told\",\"op\":\"add\",\"line\":2"), "{line}");
        let (torn, _) = line.split_at(40);
        let foreign = "{\"level\":\"info\"}\nnot JSON\n\n";
        let bytes = [line.as_bytes(), foreign.as_bytes(), b"\xff\xfe\n", line.as_bytes(), torn.as_bytes()];
        let read = Journal::parse(&bytes.concat());
        assert_eq!((read.records.len(), read.skipped), (2, 4));
        assert_eq!(read.records[0].text, "b \u{201c}c\u{201d}");
    }

    #[test]
    fn what_another_program_put_into_a_record_is_made_harmless() {
        let mut record = written(&[(How::Cli, ""), (How::Cli, "- a\n")]).records.remove(0);
        record.who = "me\u{1b}]0;x\u{7}\u{202e}".to_string();
        record.text = "a\u{1b}[2J\nb\rc".to_string();
        let read = Journal::parse(record.line_of_json().as_bytes()).records.remove(0);
        assert_eq!((read.who.as_str(), read.text.as_str()), ("me‹U+202E›", "a\nb c"));
    }

    #[test]
    fn no_secret_is_kept() {
        let stamp = Stamp { when: String::new(), session: String::new(), who: String::new() };
        let quote = "the key is\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n".to_string();
        let after = "- The admin password is Tr0ub4dor, ask Eve.\n";
        let record = Record::new(stamp, &Provenance { how: How::Told, quote }, "", after);
        let line = record.line_of_json();
        assert!(!line.contains("Tr0ub4dor") && !line.contains("MIIEow"), "{line}");
        assert_eq!(record.text, "The admin password is ‹secret›, ask Eve.");
        let journal = Journal { records: vec![record], skipped: 0 };
        let line = LineRef { line: 1, text: "The admin password is Tr0ub4dor, ask Eve.".to_string() };
        assert_eq!(journal.blame(&line).len(), 1, "the line is still found");
    }

    #[test]
    fn blame_follows_replaces_and_moves() {
        let journal = written(&[
            (How::Cli, "- Old.\n"),
            (How::Told, "- Old.\n- Use npm.\n"),
            (How::Both, "- Old.\n- Use pnpm.\n"),
            (How::Cli, "- Old.\n- Use pnpm.\n- Dates are UTC.\n"),
        ]);
        blame(&journal, 2, "Use pnpm.", &["moment 1", "moment 0"]);
        blame(&journal, 40, "Use pnpm.", &["moment 1", "moment 0"]);
        blame(&journal, 3, "Dates are\n  UTC.", &["moment 2"]);
        blame(&journal, 1, "Old.", &[]);
        blame(&journal, 2, "Use npm.", &[]);
        blame(&journal, 2, "Use pnpm, please.", &[]);
    }

    #[test]
    fn blame_tells_a_replaced_line_of_the_users_own() {
        let journal = written(&[(How::Cli, "- Mine.\n"), (How::Told, "- Theirs.\n")]);
        blame(&journal, 1, "Theirs.", &["moment 0"]);
        assert_eq!(journal.records[0].old, "Mine.");
    }

    #[test]
    fn blame_knows_what_was_taken_back() {
        let (mine, npm, pnpm) = ("- Mine.\n", "- Mine.\n- Use npm.\n", "- Mine.\n- Use pnpm.\n");
        let mut texts = vec![(How::Cli, mine), (How::Told, npm), (How::Told, pnpm), (How::Undo, npm)];
        let journal = written(&texts);
        blame(&journal, 2, "Use npm.", &["moment 0"]);
        blame(&journal, 2, "Use pnpm.", &[]);
        // Said again, and taken back to the beginning.
        texts.extend([(How::Told, pnpm), (How::Undo, npm), (How::Undo, mine)]);
        let journal = written(&texts);
        blame(&journal, 2, "Use npm.", &[]);
        blame(&journal, 1, "Mine.", &[]);
        // A line of the user's that was removed and came back is still the user's.
        let journal = written(&[(How::Cli, mine), (How::Cli, ""), (How::Undo, mine)]);
        blame(&journal, 1, "Mine.", &[]);
        // Without the record of what was undone, the undo itself wrote the line.
        let mut journal = written(&[(How::Cli, mine), (How::Cli, ""), (How::Undo, mine)]);
        journal.records.remove(0);
        blame(&journal, 1, "Mine.", &["moment 1"]);
    }

    #[test]
    fn of_two_equal_lines_the_nearest_is_meant() {
        let journal = written(&[
            (How::Cli, "# A\n\n# B\n"),
            (How::Cli, "# A\n- Same.\n\n# B\n"),
            (How::Cli, "# A\n- Same.\n\n# B\n- Same.\n"),
        ]);
        blame(&journal, 2, "Same.", &["moment 0"]);
        blame(&journal, 5, "Same.", &["moment 1"]);
        blame(&journal, 9, "Same.", &["moment 1"]);
    }
}
