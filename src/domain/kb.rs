//! KB.md understood: what a directive is, how one is found, reconciled and spliced in. It never reads or writes a file.
//!
//! The path of a directive: typed words → [`detect`] → [`Candidate`]s → [`reconcile`] → [`Verdict`]s → [`edit`] → new bytes, shown as
//! a diff and written only after review. A model's proposal joins at [`gate`], which checks it against the user's own words.

pub mod aim;
pub mod answers;
pub mod arguments;
pub mod check;
pub mod clause;
pub mod cognate;
pub mod confirm;
pub mod contrast;
pub mod cues;
pub mod detect;
pub mod document;
pub mod edit;
pub mod facts;
pub mod fence;
pub mod find;
pub mod frame;
pub mod gate;
pub mod ground;
pub mod init;
pub mod insert;
pub mod journal;
pub mod label;
pub mod likeness;
pub mod line;
pub mod mask;
pub mod matter;
pub mod measure;
pub mod merge;
pub mod nearest;
pub mod never;
pub mod options;
pub mod ordinal;
pub mod origins;
pub mod patch;
pub mod proposal;
pub mod prose;
pub mod quote;
pub mod reconcile;
pub mod related;
pub mod relation;
pub mod retract;
pub mod revocation;
pub mod secret;
pub mod section;
pub mod session;
pub mod slots;
pub mod stance;
pub mod state;
pub mod style;
pub mod table;
pub mod warnings;
pub mod wording;
pub mod words;
pub mod wrap;

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Where a piece of a message came from. Only typed words can become a directive by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Keyed in by the user.
    Typed,
    /// Pasted by the user.
    Pasted,
    /// The content of a file that the user mentioned.
    FileMention,
    /// The result of a tool.
    Tool,
    /// Written by the model.
    Model,
    /// What a slash command expanded to.
    SlashExpansion,
}

/// A piece of a message with its origin. A message is the concatenation of its spans' texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub origin: Origin,
}

impl Span {
    /// A span that the user typed.
    pub fn typed(text: impl Into<String>) -> Self {
        Self { text: text.into(), origin: Origin::Typed }
    }

    /// A span that the user pasted.
    pub fn pasted(text: impl Into<String>) -> Self {
        Self { text: text.into(), origin: Origin::Pasted }
    }
}

/// The text of a message.
pub fn joined(message: &[Span]) -> String {
    message.iter().map(|span| span.text.as_str()).collect()
}

/// What an edit does to KB.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    Add,
    Replace,
    Remove,
}

impl Op {
    /// The word used in the tool call, in `--jsonl` and in the review.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}

/// Whether a directive asks for something or rules it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Polarity {
    Require,
    Forbid,
}

/// How sure the detector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Band {
    /// Needs the model's agreement.
    Weak,
    /// Offered even when the model is silent.
    Strong,
}

/// A directive that the detector found in the user's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The user's own words that state it, as typed.
    pub quote: String,
    /// Byte range of `quote` in the joined message.
    pub range: Range<usize>,
    /// One imperative sentence in the user's words; empty when the directive only revokes.
    pub text: String,
    pub polarity: Polarity,
    /// Whether the user takes a rule back ("drop the rule on mocha").
    pub revokes: bool,
    /// Whether the user named the KB ("add to KB: ..."), which also lifts most vetoes.
    pub kb_command: bool,
    pub band: Band,
    /// Log-odds that the words state a directive.
    pub score: f32,
    /// Why, in words the review shows ("says \"from now on\"").
    pub reasons: Vec<String>,
}

/// A line of KB.md that an edit names: its 1-based line number and its text without marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRef {
    pub line: usize,
    pub text: String,
}

/// The smallest change of KB.md that follows from one directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub op: Op,
    /// One sentence without marker; empty for `Remove`.
    pub text: String,
    /// The entry that a `Replace` or `Remove` acts on.
    pub supersedes: Option<LineRef>,
    /// The heading text under which an `Add` goes; `None` lets [`edit`] use the end of the main list. A heading that the file does not
    /// hold is created.
    pub section: Option<String>,
}

/// What reconciliation makes of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Change(Edit),
    /// KB.md already says it, there.
    Known(LineRef),
    /// The user revokes a rule that KB.md does not hold.
    NoSuchRule,
}
