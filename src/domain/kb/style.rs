//! The manners of a KB.md: line end, marker, initial, final stop, heading marks. It copies them from the siblings and never edits.

use std::collections::BTreeMap;
use std::ops::Range;

use super::document::{Document, Entry, HeadingStyle, Kind, Marker, Section};
use super::line::{self, Shape};

/// The line end to use at byte `at`: that of the line there, of the nearest line above, or of the first line.
pub fn eol_near(source: &str, at: usize) -> &str {
    let lines = line::lines(source);
    let here = lines.partition_point(|line| line.next <= at).min(lines.len().saturating_sub(1));
    let above = lines.get(..=here).unwrap_or(&[]).iter().rev();
    above.chain(lines.iter()).map(|line| line.eol(source)).find(|eol| !eol.is_empty()).unwrap_or("\n")
}

/// How a text ends, where that shows a habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Stop,
    /// The full stop of Chinese and Japanese.
    WideStop,
    Semicolon,
    Bare,
}

impl Ending {
    fn mark(self) -> &'static str {
        match self {
            Self::Stop => ".",
            Self::WideStop => "。",
            Self::Semicolon => ";",
            Self::Bare => "",
        }
    }
}

/// How a text begins, where that shows a habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Initial {
    Capital,
    Small,
}

/// Tools that write their own names small, also at the start of a sentence.
const SMALL_NAMES: &[&str] = &[
    "actionlint",
    "axios",
    "biome",
    "bun",
    "cargo",
    "clippy",
    "cspell",
    "curl",
    "dayjs",
    "docker",
    "esbuild",
    "eslint",
    "fastify",
    "git",
    "gofmt",
    "golangci-lint",
    "gradle",
    "husky",
    "isort",
    "jest",
    "jq",
    "kubectl",
    "lefthook",
    "lodash",
    "luxon",
    "mocha",
    "mypy",
    "nginx",
    "nodemon",
    "npm",
    "npx",
    "numpy",
    "nvm",
    "oxlint",
    "pandas",
    "pino",
    "pip",
    "pnpm",
    "prettier",
    "psql",
    "pyright",
    "pytest",
    "ripgrep",
    "rollup",
    "ruff",
    "rustc",
    "rustfmt",
    "semver",
    "shfmt",
    "sqlx",
    "swc",
    "terraform",
    "tsc",
    "tsx",
    "uv",
    "vim",
    "vite",
    "vitest",
    "webpack",
    "winston",
    "yarn",
    "zod",
];

/// Words that are no names, so that a capital at the start of a sentence says nothing about them.
const COMMON: &[&str] = &[
    // Requests.
    "add", "always", "answer", "avoid", "build", "call", "cap", "catch", "check", "commit", "cover", "create",
    "define", "deploy", "do", "document", "don't", "each", "end", "every", "export", "files", "follow",
    "format", "give", "handle", "import", "indent", "install", "keep", "leave", "limit", "log", "mark",
    "merge", "mock", "money", "name", "never", "no", "open", "pass", "pin", "prefer", "put", "read",
    "rebase", "reject", "release", "remove", "require", "return", "review", "round", "run", "save", "send",
    "set", "sort", "squash", "start", "stop", "store", "tag", "test", "tests", "throw", "treat", "update",
    "use", "validate", "wrap", "write", // Function words.
    "a", "all", "an", "and", "any", "as", "at", "before", "by", "for", "from", "if", "in", "it", "nobody",
    "not", "nothing", "of", "on", "only", "or", "our", "the", "there", "these", "this", "to", "unless", "we",
    "when", "whenever", "where", "with", "without", "you", // Other languages.
    "cada", "chaque", "con", "d'ora", "de", "der", "des", "die", "el", "en", "evita", "gli", "i", "il",
    "immer", "in", "jamais", "keine", "la", "le", "les", "lo", "los", "mai", "nessun", "nessuna", "nie",
    "niente", "no", "non", "nunca", "ogni", "os", "per", "sempre", "siempre", "solo", "toujours", "tous",
    "tutte", "tutti", "un", "una", "une", "usa", "usar", "usare", "usiamo", "utilise", "utiliser",
];

/// The habit that a text's end shows; other marks, and abbreviations, show none.
pub fn ending(text: &str) -> Option<Ending> {
    let text = text.trim_end();
    if let Some(before) = text.strip_suffix('.') {
        let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
        let short = ["etc", "ecc", "usw"].contains(&word.to_lowercase().as_str());
        return (!before.ends_with('.') && !short).then_some(Ending::Stop);
    }
    match text.chars().next_back()? {
        '。' => Some(Ending::WideStop),
        ';' => Some(Ending::Semicolon),
        last => {
            (last.is_alphanumeric() || matches!(last, '`' | '"' | ')' | '/' | '*')).then_some(Ending::Bare)
        }
    }
}

/// The habit that a text's start shows; names, code and digits show none.
pub fn initial(text: &str) -> Option<Initial> {
    let word = text.split_whitespace().next()?.trim_end_matches(['.', '!', '?', ';']);
    let mut chars = word.chars();
    let first = chars.next()?;
    let plain = chars.as_str().chars().all(|c| c.is_lowercase() || matches!(c, ',' | ':' | '\'' | '’' | '-'));
    if !plain || (first.is_lowercase() && listed(SMALL_NAMES, word)) {
        return None;
    }
    if first.is_uppercase() { Some(Initial::Capital) } else { first.is_lowercase().then_some(Initial::Small) }
}

fn listed(list: &[&str], word: &str) -> bool {
    let word = word.trim_end_matches([',', ':']).replace('’', "'").to_lowercase();
    list.contains(&word.as_str())
}

/// The text with its end and start as the siblings have theirs; a habit counts when three of four who show one share it.
pub fn adapted<'a>(text: &str, siblings: impl Iterator<Item = &'a str>) -> String {
    let siblings: Vec<&str> = siblings.collect();
    let ends = shared(siblings.iter().filter_map(|text| ending(text)));
    let mut text = one_line(text);
    if let (Some(theirs), Some(ours)) = (ends, ending(&text))
        && theirs != ours
    {
        text.truncate(text.len() - ours.mark().len());
        text.push_str(theirs.mark());
    }
    begun(&text, siblings.into_iter())
}

/// The text on one line with single blanks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with a capital or small letter at its start as the siblings have. Names stay as they are written.
pub fn begun<'a>(text: &str, siblings: impl Iterator<Item = &'a str>) -> String {
    let first = text.split_whitespace().next().unwrap_or("");
    match (shared(siblings.filter_map(initial)), initial(text)) {
        (Some(Initial::Capital), Some(Initial::Small)) => with_first(text, |c| c.to_uppercase().collect()),
        (Some(Initial::Small), Some(Initial::Capital)) if listed(COMMON, first) && first != "I" => {
            with_first(text, |c| c.to_lowercase().collect())
        }
        (Some(_) | None, Some(_) | None) => text.to_string(),
    }
}

/// The emphasis or code marks that stand around all of these texts.
pub fn marks_around<'a>(texts: impl Iterator<Item = &'a str>) -> &'static str {
    let texts: Vec<&str> = texts.collect();
    let inside = |text: &str, mark: &str| {
        text.strip_prefix(mark)
            .and_then(|rest| rest.strip_suffix(mark))
            .is_some_and(|inner| !inner.contains(mark))
    };
    let found = ["**", "__", "`"].into_iter().find(|mark| texts.iter().all(|text| inside(text, mark)));
    found.filter(|_| texts.len() > 1).unwrap_or("")
}

/// The text with a capital at its start unless it opens with a name.
pub fn capital(text: &str) -> String {
    begun(&one_line(text), std::iter::once("Capital"))
}

fn with_first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut chars = text.chars();
    chars.next().map(change).unwrap_or_default() + chars.as_str()
}

/// The habit that at least three of four share.
fn shared<T: Ord + Copy>(habits: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    habits.for_each(|habit| *counts.entry(habit).or_default() += 1);
    let all: usize = counts.values().sum();
    counts.into_iter().find(|(_, count)| count * 4 >= all * 3).map(|(habit, _)| habit)
}

/// The text without backticks that open or close nothing: they would pair with one further on.
pub fn balanced(text: &str) -> String {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            Some(_) | None => runs.push(at..at + 1),
        }
    }
    let mut kept = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    while let Some(run) = runs.get(at).cloned() {
        let closing = runs.iter().skip(at + 1).position(|other| other.len() == run.len());
        match closing {
            Some(offset) => at += offset + 2,
            None => {
                kept.push_str(text.get(from..run.start).unwrap_or(""));
                from = run.end;
                at += 1;
            }
        }
    }
    kept.push_str(text.get(from..).unwrap_or(""));
    kept
}

/// What stands before the text of a new item below `elders`, the items of its list in order.
pub fn item_prefix(source: &str, elders: &[&Entry]) -> String {
    let Some(last) = elders.last() else { return "- ".to_string() };
    let Kind::Item { marker, mark, checkbox, .. } = &last.kind else { return "- ".to_string() };
    let part = |from: usize, to: usize| source.get(from..to).unwrap_or("");
    let number = match marker {
        Marker::Bullet(_) => part(mark.start, mark.end).to_string(),
        Marker::Number { value, .. } => numeral(next_number(elders, *value), part(mark.start, mark.end)),
    };
    let mut after = part(mark.end, last.body.start).to_string();
    if let Some(state) = checkbox {
        let ticked =
            elders.iter().all(|elder| matches!(&elder.kind, Kind::Item { checkbox: Some('x' | 'X'), .. }));
        let fresh = if ticked { *state } else { ' ' };
        after = after.replacen(&format!("[{state}]"), &format!("[{fresh}]"), 1);
    }
    if after.trim_start_matches(['.', ')']).is_empty() {
        after.push(' ');
    }
    format!("{}{number}{after}", part(last.span.start, mark.start))
}

/// One more than the last; the same when all elders carry the same number.
fn next_number(elders: &[&Entry], last: u64) -> u64 {
    let same = elders.len() > 1 && elders.iter().all(|elder| number(elder) == Some(last));
    if same { last } else { last.saturating_add(1) }
}

/// A number with the leading zeros of another.
pub fn numeral(value: u64, like: &str) -> String {
    let width = if like.starts_with('0') { like.len() } else { 1 };
    format!("{value:0width$}")
}

/// The number of an ordered item.
pub fn number(entry: &Entry) -> Option<u64> {
    match &entry.kind {
        Kind::Item { marker: Marker::Number { value, .. }, .. } => Some(*value),
        Kind::Item { marker: Marker::Bullet(_), .. } | Kind::Row | Kind::Label | Kind::Sentence => None,
    }
}

/// The lines of a new heading, in the manner of the last heading of its level, with what parts the sections.
pub fn heading(kb: &Document, title: &str, eol: &str) -> String {
    let level = new_level(kb);
    let model = kb.sections.iter().rev().find(|section| section.level == level);
    let source = model.and_then(|section| kb.source.get(section.span.clone())).unwrap_or("").trim();
    let lines = match model.map(|section| section.style) {
        Some(HeadingStyle::Setext) => {
            let mark = if level == 1 { "=" } else { "-" };
            format!("{title}{eol}{}", mark.repeat(crate::base::text::width(title).max(3)))
        }
        Some(HeadingStyle::Bold) => {
            let mark = if source.starts_with("__") { "__" } else { "**" };
            let inside = source.trim_end_matches(mark).ends_with(':') && !source.ends_with(':');
            let outside = if source.ends_with(':') { ":" } else { "" };
            format!("{mark}{title}{}{mark}{outside}", if inside { ":" } else { "" })
        }
        Some(HeadingStyle::Atx) | None => {
            let marks = "#".repeat(level);
            let closed = source.trim_start_matches('#').ends_with('#');
            if closed { format!("{marks} {title} {marks}") } else { format!("{marks} {title}") }
        }
    };
    match parting(kb, level) {
        Some(line) => format!("{line}{eol}{eol}{lines}"),
        None => lines,
    }
}

/// The line of dashes that stands above every section of this level but the first, unless the file ends with one.
fn parting(kb: &Document, level: usize) -> Option<&str> {
    let lines = line::lines(&kb.source);
    let above = |end: usize| {
        let before = lines.partition_point(|line| line.start < end);
        let text = |line: &line::Line| line.text(&kb.source);
        let last = lines.get(..before)?.iter().rev().map(text).find(|text| !text.trim().is_empty())?;
        matches!(line::shape(last, 0), Shape::Break { .. }).then_some(last)
    };
    let starts: Vec<&Section> = kb.sections.iter().filter(|section| section.level == level).collect();
    let parted: Vec<Option<&str>> = starts.iter().skip(1).map(|section| above(section.span.start)).collect();
    let all = !parted.is_empty() && parted.iter().all(Option::is_some);
    let ends = above(kb.source.len()).is_some();
    if all && !ends { parted.into_iter().flatten().last() } else { None }
}

/// The level of the headings that hold rules; below a lone title, the next one.
fn new_level(kb: &Document) -> usize {
    let holding = kb.entries.iter().filter_map(|entry| kb.sections.get(entry.section?)).next_back();
    let tops = kb.sections.iter().filter(|section| section.level == 1).count();
    match (holding.or(kb.sections.last()), tops) {
        (Some(section), 1) if section.level == 1 => 2,
        (Some(section), _) => section.level,
        (None, _) => 2,
    }
}

/// Whether a blank line stands between headings and what follows them.
pub fn blank_below_headings(kb: &Document) -> bool {
    let lines = line::lines(&kb.source);
    kb.sections.iter().all(|section| {
        let after = lines.partition_point(|line| line.start < section.span.end.max(1));
        lines.get(after).is_none_or(|line| line.text(&kb.source).trim().is_empty())
    })
}
