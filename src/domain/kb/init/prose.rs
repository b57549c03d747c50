//! Rules that people wrote down for other readers: list items and imperative sentences of README, AGENTS.md and the like, word for word.
//! It takes no secrets, no headings, and nothing that is about another tool.

use super::Stated;
use crate::domain::kb::check::is_vague;
use crate::domain::kb::detect::Detector;
use crate::domain::kb::document::{Document, Entry, Kind};
use crate::domain::kb::facts::Tables;
use crate::domain::kb::ground::{Ground, RULES_FOLDER};
use crate::domain::kb::slots::Slots;
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
pub fn stated(tables: &Tables, ground: &Ground) -> Vec<Stated> {
    let rules_folder = format!("{RULES_FOLDER}/");
    let rules = ground.files.keys().map(String::as_str).filter(|name| name.starts_with(&rules_folder));
    let mut found = Vec::new();
    let reader = Reader { slots: &tables.slots, detector: Detector::new() };
    for name in SOURCES.iter().copied().chain(rules) {
        found.extend(reader.of_file(ground, name, |_, _| true));
    }
    for name in MIXED {
        found.extend(reader.of_file(ground, name, on_conventions));
    }
    found
}

/// What tells a rule from other text.
struct Reader<'a> {
    slots: &'a Slots,
    detector: Detector,
}

impl Reader<'_> {
    fn of_file(
        &self,
        ground: &Ground,
        name: &str,
        belongs: impl Fn(&Document, &Entry) -> bool,
    ) -> Vec<Stated> {
        let Some(text) = ground.file(name) else { return Vec::new() };
        let document = Document::parse(text);
        document
            .entries
            .iter()
            .filter(|entry| belongs(&document, entry) && self.is_rule(entry))
            .map(|entry| Stated { text: entry.text.clone(), source: format!("{name}:{}", entry.line) })
            .collect()
    }

    fn is_rule(&self, entry: &Entry) -> bool {
        let text = entry.text.trim();
        let folded = words::fold(text).text;
        let link = text.starts_with(['[', '<', '!', '@']) || folded.contains("http");
        let fits = LENGTHS.contains(&text.chars().count()) && !text.ends_with([':', '?']);
        let others = OTHER_TOOLS.iter().any(|word| holds(&folded, word));
        if !fits || link || others || is_vague(text) {
            return false;
        }
        match entry.kind {
            Kind::Item { .. } | Kind::Label => {
                let mut parts = folded.split(|c: char| !(c.is_alphanumeric() || c == '\''));
                let first = parts.find(|word| !word.is_empty()).unwrap_or("");
                // "`src/`: the sources" explains a name.
                let explains = text.starts_with(['`', '*', '_']);
                let opens = !explains && OPENERS.contains(&first);
                let decides = !explains && !self.slots.values(text).is_empty();
                opens || decides || MODALS.iter().any(|word| holds(&folded, word))
            }
            Kind::Sentence => {
                let found = self.detector.detect(&[Span::typed(text)], &Document::default());
                !found.candidates.is_empty()
            }
            Kind::Row => false,
        }
    }
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

/// Whether a word or phrase stands in a folded text by itself.
fn holds(folded: &str, phrase: &str) -> bool {
    folded.match_indices(phrase).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '\'';
        let before = folded.get(..at).and_then(|text| text.chars().next_back()).is_some_and(part);
        let after = folded.get(at + phrase.len()..).and_then(|text| text.chars().next()).is_some_and(part);
        !before && !after
    })
}
