//! Rules that people wrote down for other readers: list items and imperative sentences of README, AGENTS.md and the like, word for word.
//! It takes no secrets, no headings, and nothing that is about another tool.

use super::Stated;
use crate::domain::kb::check::is_vague;
use crate::domain::kb::detect::Detector;
use crate::domain::kb::document::{Document, Entry, Kind};
use crate::domain::kb::ground::{Ground, RULES_FOLDER};
use crate::domain::kb::{Span, words};

/// The files, those that are written as rules first.
const SOURCES: &[&str] = &["AGENTS.md", "CLAUDE.md", ".cursorrules"];

/// The files of which only the sections on conventions are read.
const MIXED: &[&str] = &["CONTRIBUTING.md", "README.md"];

/// Words of headings below which such files state conventions.
const HEADINGS: &[&str] = &[
    "convention",
    "conventions",
    "contributing",
    "contribution",
    "guideline",
    "guidelines",
    "rules",
    "style",
    "standards",
    "convenzioni",
    "contribuire",
    "contributi",
    "linee",
    "regole",
    "stile",
];

/// Words that show that a line is about another program and not about the project.
const OTHER_TOOLS: &[&str] = &[
    "claude",
    "cursor",
    "copilot",
    "windsurf",
    "codex",
    "gemini",
    "chatgpt",
    "agents.md",
    "claude.md",
    "subagent",
    "subagents",
    "mcp",
    "slash command",
    "tool call",
    "tool calls",
    "context window",
    "todowrite",
    "composer",
];

/// Shorter lines say too little, longer ones are no rule.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=240;

/// Verbs and words with which rules begin.
const OPENERS: &[&str] = &[
    "use",
    "always",
    "never",
    "do",
    "don't",
    "avoid",
    "prefer",
    "write",
    "run",
    "keep",
    "add",
    "put",
    "name",
    "test",
    "follow",
    "make",
    "ensure",
    "no",
    "only",
    "each",
    "every",
    "all",
    "return",
    "throw",
    "log",
    "commit",
    "create",
    "import",
    "export",
    "place",
    "store",
    "validate",
    "handle",
    "document",
    "include",
    "update",
    "check",
    "format",
    "lint",
    "read",
    "must",
    "should",
    "when",
    "if",
    "new",
    "tests",
    "squash",
    "rebase",
    "open",
    "mock",
    "wrap",
    "limit",
    "group",
    "define",
    "declare",
    "require",
    "treat",
    "leave",
    "move",
    "set",
    "stick",
    "build",
    "install",
    "start",
    "pass",
    "call",
    "raise",
    "usa",
    "usare",
    "sempre",
    "mai",
    "non",
    "evita",
    "evitare",
    "preferisci",
    "scrivi",
    "scrivere",
    "esegui",
    "mantieni",
    "aggiungi",
    "metti",
    "ogni",
    "tutti",
    "tutte",
    "i",
    "gli",
    "le",
    "niente",
    "solo",
    "quando",
    "se",
    "nuovi",
    "nuove",
];

/// Words that make a statement a rule wherever they stand.
const MODALS: &[&str] = &[
    "must",
    "should",
    "never",
    "always",
    "only",
    "required",
    "mandatory",
    "forbidden",
    "not",
    "don't",
    "prefer",
    "deve",
    "devono",
    "sempre",
    "mai",
    "vanno",
    "va",
    "obbligatorio",
    "vietato",
    "non",
];

/// The rules of all such files, in the order of their standing.
pub fn stated(ground: &Ground) -> Vec<Stated> {
    let rules_folder = format!("{RULES_FOLDER}/");
    let rules = ground.files.keys().map(String::as_str).filter(|name| name.starts_with(&rules_folder));
    let mut found = Vec::new();
    let detector = Detector::new();
    for name in SOURCES.iter().copied().chain(rules) {
        found.extend(of_file(ground, name, &detector, |_, _| true));
    }
    for name in MIXED {
        found.extend(of_file(ground, name, &detector, on_conventions));
    }
    found
}

fn of_file(
    ground: &Ground,
    name: &str,
    detector: &Detector,
    belongs: impl Fn(&Document, &Entry) -> bool,
) -> Vec<Stated> {
    let Some(text) = ground.file(name) else { return Vec::new() };
    let document = Document::parse(text);
    document
        .entries
        .iter()
        .filter(|entry| belongs(&document, entry) && is_rule(entry, detector))
        .map(|entry| Stated { text: entry.text.clone(), source: format!("{name}:{}", entry.line) })
        .collect()
}

/// Whether an entry stands below a heading on conventions, or below a heading below such a one.
fn on_conventions(document: &Document, entry: &Entry) -> bool {
    let Some(own) = entry.section else { return false };
    let mut level = usize::MAX;
    document.sections.iter().take(own + 1).rev().any(|section| {
        if section.level >= level {
            return false;
        }
        level = section.level;
        let heading = words::fold(&section.heading).text;
        heading.split(|c: char| !c.is_alphanumeric()).any(|word| HEADINGS.contains(&word))
    })
}

fn is_rule(entry: &Entry, detector: &Detector) -> bool {
    let text = entry.text.trim();
    let folded = words::fold(text).text;
    let link = text.starts_with(['[', '<', '!']) || folded.contains("http");
    let fits = LENGTHS.contains(&text.chars().count()) && !text.ends_with([':', '?']);
    let others = OTHER_TOOLS.iter().any(|word| holds(&folded, word));
    if !fits || link || others || is_vague(text) || text.starts_with('@') {
        return false;
    }
    match entry.kind {
        Kind::Item { .. } | Kind::Label => {
            let first =
                folded.split(|c: char| !(c.is_alphanumeric() || c == '\'')).find(|word| !word.is_empty());
            first.is_some_and(|word| OPENERS.contains(&word)) && !text.starts_with('`')
                || MODALS.iter().any(|word| holds(&folded, word))
        }
        Kind::Sentence => !detector.detect(&[Span::typed(text)], &Document::default()).candidates.is_empty(),
        Kind::Row => false,
    }
}

/// Whether a word or phrase stands in a folded text by itself.
fn holds(folded: &str, phrase: &str) -> bool {
    folded.match_indices(phrase).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '\'';
        let before = folded.get(..at).and_then(|text| text.chars().next_back()).is_some_and(part);
        let after = folded.get(at + phrase.len()..).and_then(|text| text.chars().next()).is_some_and(part);
        !before && !after
    })
}
