//! The journal of KB.md: one record for each change that dictum wrote, and which record set a line. It never reads a clock or a disk,
//! and holds no secret.

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::document::{Document, Entry};
use super::proposal::{Proposal, Source};
use super::warnings;
use super::{LineRef, Op};
use crate::base::text;

/// What stands for a secret: the journal outlives the line.
const MASK: &str = "‹secret›";

/// A key in PEM form has lines behind the one that tells it.
const PEM: &str = "-----BEGIN";

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
        Self {
            when: stamp.when,
            session: stamp.session,
            who: stamp.who,
            how: provenance.how,
            op: change.op,
            line: change.line,
            section: change.section.as_deref().map(kept),
            text: joined(&change.came),
            old: joined(&change.went),
            quote: kept(&provenance.quote),
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
        let wanted = kept(&line.text);
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
        let texts = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>();
        let (old, new) = (texts(before), texts(after));
        let (mut went, mut came) = (Vec::new(), Vec::new());
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            match op {
                DiffOp::Equal { .. } => {}
                DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                    went.extend(before.get(op.old_range()).unwrap_or_default());
                    came.extend(after.get(op.new_range()).unwrap_or_default());
                }
            }
        }
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

fn joined(texts: &[String]) -> String {
    texts.iter().map(|text| kept(text)).collect::<Vec<_>>().join("\n")
}

/// A text as the journal keeps it: harmless, on one line, no secret, not endless.
fn kept(words: &str) -> String {
    text::truncate(&masked(&text::one_line(words)), LONGEST)
}

/// The text with a mark where a secret stands.
fn masked(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut at = 0;
    for secret in warnings::secrets(words) {
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
