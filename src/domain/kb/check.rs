//! What is wrong with a KB.md: rules said twice, rules that cannot both hold, dead and vague ones, secrets, hidden characters, size. It
//! mends nothing: a mend is an edit that goes through the review. A doubt is no finding: false alarms teach people to look away.

mod dead;
mod pairs;
mod vague;

use std::collections::BTreeSet;

pub use dead::named_paths;
pub use pairs::same_rule;
pub use vague::is_vague;

use super::document::{Document, Entry, Kind as Form};
use super::facts::{Facts, Tables};
use super::ground::Ground;
use super::line;
use super::secret::Secrets;
use super::state;
use super::warnings;
use super::{Edit, LineRef, Op};

/// More lines than this dilute what each of them says.
pub const MOST_LINES: usize = 200;

/// The same for bytes.
pub const MOST_BYTES: usize = 25 * 1024;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Conflict,
    Secret,
    Hidden,
    Contradiction,
    Dead,
    Duplicate,
    Vague,
    Empty,
    Size,
}

impl Kind {
    /// The word in the output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Secret => "secret",
            Self::Hidden => "hidden",
            Self::Contradiction => "contradiction",
            Self::Dead => "dead",
            Self::Duplicate => "duplicate",
            Self::Vague => "vague",
            Self::Empty => "empty",
            Self::Size => "size",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// 1-based.
    pub line: usize,
    pub kind: Kind,
    /// For the user; it never repeats a secret, and quotes KB.md, so that it must be sanitised before it is shown.
    pub sentence: String,
    /// The smallest edit that mends it, where there is one.
    pub fix: Option<Edit>,
}

/// A rule with what it says.
struct Rule<'a> {
    entry: &'a Entry,
    at: usize,
    facts: Facts,
}

/// Looks for all that is wrong, by line. `ground` is what the project's files state.
pub fn check(tables: &Tables, kb: &Document, ground: &Ground) -> Vec<Finding> {
    if let Some(line) = kb.conflict_line() {
        let sentence = "merge-conflict markers stand here; resolve them before anything else".to_string();
        return vec![Finding { line, kind: Kind::Conflict, sentence, fix: None }];
    }
    let rules: Vec<Rule> = kb
        .entries
        .iter()
        .enumerate()
        .map(|(at, entry)| Rule { entry, at, facts: Facts::of(tables, &entry.text) })
        .collect();
    let mut findings = characters(kb);
    findings.extend(pairs::find(tables, kb, &rules));
    findings.extend(dead::find(tables, kb, &rules, ground));
    let vague = rules.iter().filter(|rule| vague::is_vague(&rule.entry.text));
    findings.extend(vague.map(|rule| Finding {
        line: rule.entry.line,
        kind: Kind::Vague,
        sentence: format!(
            "\u{201c}{}\u{201d} cannot be checked; say what to do, or drop it",
            rule.entry.text
        ),
        fix: stands_alone(kb, rule).then(|| removal(kb, rule.entry)),
    }));
    findings.extend(empty_sections(kb));
    findings.extend(size(kb));
    findings.sort_by_key(|finding| (finding.line, finding.kind));
    findings
}

/// The mends, each line mended once; with the finding that each one answers.
pub fn fixes(findings: &[Finding]) -> Vec<(&Finding, &Edit)> {
    let mut lines = BTreeSet::new();
    findings
        .iter()
        .filter_map(|finding| Some((finding, finding.fix.as_ref()?)))
        .filter(|(finding, edit)| {
            lines.insert(edit.supersedes.as_ref().map_or(finding.line, |line| line.line))
        })
        .collect()
}

/// An edit that removes a rule with all that is nested below it.
fn removal(kb: &Document, entry: &Entry) -> Edit {
    Edit {
        op: Op::Remove,
        text: String::new(),
        supersedes: Some(LineRef { line: entry.line, text: entry.text.clone() }),
        section: kb.heading_of(entry).map(str::to_string),
    }
}

fn replacement(kb: &Document, entry: &Entry, text: String) -> Edit {
    Edit { op: Op::Replace, text, ..removal(kb, entry) }
}

/// Whether nothing is nested below a rule, so that it can go alone.
fn stands_alone(kb: &Document, rule: &Rule) -> bool {
    !kb.entries.iter().any(|other| other.parent == Some(rule.at))
}

/// Secrets and hidden characters, in all lines: the whole file is sent with each task.
fn characters(kb: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    let shapes = Secrets::new();
    for (at, line) in line::lines(&kb.source).iter().enumerate() {
        let text = line.text(&kb.source);
        let entry = kb.entries.iter().find(|entry| {
            let own = !matches!(entry.kind, Form::Row);
            own && entry.span.start <= line.end && line.start < entry.span.end
        });
        if shapes.found(text) {
            let fix = entry.map(|entry| replacement(kb, entry, without_secrets(&shapes, &entry.text)));
            findings.push(Finding {
                line: at + 1,
                kind: Kind::Secret,
                sentence: "this looks like a secret, and KB.md is sent with every task; keep it in the \
                           environment, and renew it, since the history still holds it"
                    .to_string(),
                fix: fix.filter(|edit| !shapes.found(&edit.text)),
            });
        }
        let hidden = warnings::hidden(text);
        if let Some((_, first)) = hidden.first() {
            let plain: String = entry.map_or_else(String::new, |entry| without_hidden(&entry.text));
            let fix = entry.filter(|_| !plain.is_empty()).map(|entry| replacement(kb, entry, plain));
            findings.push(Finding {
                line: at + 1,
                kind: Kind::Hidden,
                sentence: format!(
                    "holds {}, which is not seen but is read by the model; delete it",
                    match hidden.len() {
                        1 => format!("an invisible character, {}", warnings::marked(*first)),
                        count => format!("{count} invisible characters, the first is {}", warnings::marked(*first)),
                    }
                ),
                fix,
            });
        }
    }
    findings
}

fn without_secrets(shapes: &Secrets, text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for range in shapes.ranges(text) {
        out.push_str(text.get(at..range.start).unwrap_or(""));
        out.push_str("<from the environment>");
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

fn without_hidden(text: &str) -> String {
    let hidden: BTreeSet<usize> = warnings::hidden(text).into_iter().map(|(range, _)| range.start).collect();
    text.char_indices().filter(|(at, _)| !hidden.contains(at)).map(|(_, c)| c).collect()
}

/// Headings with nothing below them, not even a deeper heading.
fn empty_sections(kb: &Document) -> Vec<Finding> {
    let empty = kb.sections.iter().enumerate().filter(|(at, section)| {
        let next = kb.sections.get(at + 1);
        let end = next.map_or(kb.source.len(), |next| next.span.start);
        let blank = kb.source.get(section.span.end..end).is_some_and(|text| text.trim().is_empty());
        blank && next.is_none_or(|next| next.level <= section.level)
    });
    empty
        .map(|(_, section)| Finding {
            line: section.line,
            kind: Kind::Empty,
            sentence: format!(
                "nothing stands below \u{201c}{}\u{201d}; fill it or delete the heading",
                section.heading
            ),
            fix: None,
        })
        .collect()
}

fn size(kb: &Document) -> Option<Finding> {
    let (lines, bytes) = (line::lines(&kb.source).len(), kb.source.len());
    (lines > MOST_LINES || bytes > MOST_BYTES).then(|| Finding {
        line: 1,
        kind: Kind::Size,
        sentence: format!(
            "KB.md has {lines} lines and {}; over {MOST_LINES} lines or {} each rule weighs less, so move what is no rule \
             elsewhere",
            state::size(bytes as u64),
            state::size(MOST_BYTES as u64)
        ),
        fix: None,
    })
}
