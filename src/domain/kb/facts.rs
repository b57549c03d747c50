//! What one sentence says, in a form that can be compared: meanings, decisions, numbers and paths, polarity, place. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::frame::{Frame, Ties};
use super::measure::{self, Measure};
use super::slots::{Slots, Value};
use super::stance::Stances;
use super::warnings::Alarms;
use super::words::{Token, Words};
use super::{Polarity, prose};

/// The tables that understanding needs. Built once and passed along.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub slots: Slots,
    pub words: Words,
    pub stances: Stances,
    pub ties: Ties,
    pub alarms: Alarms,
    /// The meanings of each topic's words, in the order of the topics.
    pub topic_words: Vec<BTreeSet<String>>,
}

impl Tables {
    /// Reads all embedded tables; takes a few milliseconds.
    pub fn new() -> Self {
        let (slots, words) = (Slots::new(), Words::new());
        let meanings = |list: &str| list.split_whitespace().map(|word| words.meaning(word)).collect();
        let topic_words = slots.topics().iter().map(|topic| meanings(&topic.words)).collect();
        Self { slots, words, stances: Stances::new(), ties: Ties::new(), alarms: Alarms::new(), topic_words }
    }
}

/// A decision that a sentence takes, and whether it wants or rules out the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub value: Value,
    pub stance: Polarity,
}

/// A part of a sentence between commas, and whether it asks or forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub polarity: Polarity,
    pub meanings: BTreeSet<String>,
    /// Where it ends, in bytes of the sentence.
    pub end: usize,
}

/// One sentence understood.
#[derive(Clone, Debug)]
pub struct Facts {
    pub text: String,
    pub tokens: Vec<Token>,
    /// All meanings without numbers and paths.
    pub meanings: BTreeSet<String>,
    /// Numbers, versions and paths, as written.
    pub marks: BTreeSet<String>,
    pub values: Vec<Stated>,
    pub measures: Vec<Measure>,
    /// Whether it says what a thing has, and not what it is or does.
    pub has: bool,
    /// Whether it says of a rule that it no longer holds.
    pub lifts: bool,
    /// Whether it says that something ends that was so before.
    pub ends: bool,
    pub polarity: Polarity,
    /// The parts that say anything, in order.
    pub parts: Vec<Part>,
    /// The place that it is limited to.
    pub place: Option<String>,
    /// Byte where an exception starts.
    pub exception: Option<usize>,
    /// Meanings that it rules out.
    pub ruled: BTreeSet<String>,
    /// Meanings that it turns away from: "airflow is out, ...".
    pub dropped: BTreeSet<String>,
    pub frame: Option<Frame>,
    /// The meanings of its label when it is written `Label: value`.
    pub label: BTreeSet<String>,
}

/// Meanings that stand for others where the lexicon knows neither: a new sentence's word and KB.md's.
pub type Aliases = BTreeMap<String, String>;

impl Facts {
    /// Reads a sentence.
    pub fn of(tables: &Tables, text: &str) -> Self {
        Self::aliased(tables, text, &Aliases::new())
    }

    /// Reads a sentence with some of its words taken for others.
    pub fn aliased(tables: &Tables, text: &str, aliases: &Aliases) -> Self {
        let mut tokens = tables.words.tokens(text);
        for token in &mut tokens {
            if let Some(other) = aliases.get(&token.meaning) {
                token.meaning.clone_from(other);
            }
        }
        let (marked, plain): (Vec<&Token>, Vec<&Token>) =
            tokens.iter().partition(|token| is_mark(&token.meaning));
        let meanings = plain.iter().map(|token| token.meaning.clone()).collect();
        let marks = marked.iter().map(|token| token.meaning.clone()).collect();
        let values = tables.slots.values(text);
        let ranges: Vec<_> = values.iter().map(|value| value.range.clone()).collect();
        let heard = tables.stances.hear(text);
        let stances = tables.stances.of(&heard, &ranges);
        let label = label_of(text).map(|label| tables.words.meanings(label)).unwrap_or_default();
        let places: Vec<_> = tokens.iter().map(|token| token.range.clone()).collect();
        let ruled = tokens.iter().zip(tables.stances.of(&heard, &places));
        let dropped = tables.stances.dropped(&heard, &tokens);
        let dropped =
            dropped.iter().filter_map(|at| tokens.get(*at)).map(|token| token.meaning.clone()).collect();
        Self {
            text: text.to_string(),
            ruled: ruled
                .filter(|(_, stance)| *stance == Polarity::Forbid)
                .map(|(token, _)| token.meaning.clone())
                .collect(),
            dropped,
            meanings,
            marks,
            values: values.into_iter().zip(stances).map(|(value, stance)| Stated { value, stance }).collect(),
            parts: tables.stances.parts(&heard, &tokens, &tables.words),
            measures: measure::measures(text, &tokens, &tables.words),
            has: says_has(text),
            lifts: tables.stances.lifts(&heard),
            ends: tables.stances.ends(&heard),
            polarity: tables.stances.polarity(&heard, &tables.words),
            place: tables.stances.place(&heard, &tables.words),
            exception: tables.stances.exception(&heard),
            frame: tables.ties.frame(text, &tokens, &tables.words, label_end(text)),
            tokens,
            label,
        }
    }

    /// Whether it asks or forbids where it speaks of what `other` speaks of.
    pub fn polarity_toward(&self, other: &BTreeSet<String>) -> Polarity {
        let shared = |part: &Part| part.meanings.intersection(other).count();
        let most = self.parts.iter().map(shared).max().unwrap_or(0);
        let mut best = self.parts.iter().filter(|part| shared(part) == most);
        match (most, best.next(), best.next()) {
            (1.., Some(only), None) => only.polarity,
            _ => self.polarity,
        }
    }

    /// The answers that it wants, or rules out, in a slot.
    pub fn answers<'a>(&'a self, slot: &'a str, stance: Polarity) -> impl Iterator<Item = &'a Value> {
        self.values.iter().filter(move |s| s.stance == stance && s.value.slot == slot).map(|s| &s.value)
    }

    /// Whether what stands at these bytes is ruled out.
    pub fn ruled_at(&self, range: &Range<usize>) -> bool {
        let here = |token: &&Token| {
            range.start <= token.range.start && token.range.start < range.end.max(range.start + 1)
        };
        self.tokens.iter().filter(here).any(|token| self.ruled.contains(&token.meaning))
    }

    /// What the sentence is about: its meanings without the answers and without the words that name the slot.
    pub fn subject(&self, tables: &Tables, slot: &str) -> BTreeSet<String> {
        let names: BTreeSet<String> = tables
            .slots
            .slot(slot)
            .map(|slot| slot.names.iter().flat_map(|name| tables.words.meanings(name)).collect())
            .unwrap_or_default();
        self.tokens
            .iter()
            .filter(|token| !self.values.iter().any(|s| s.value.range.contains(&token.range.start)))
            .filter(|token| !is_mark(&token.meaning) && !names.contains(&token.meaning))
            .map(|token| token.meaning.clone())
            .collect()
    }
}

/// Whether the verb is one of having: what a thing has can stand beside what it is.
fn says_has(text: &str) -> bool {
    const HAS: &[&str] = &[
        "have",
        "has",
        "carry",
        "carries",
        "contain",
        "contains",
        "include",
        "includes",
        "ha",
        "hanno",
        "contiene",
        "contengono",
        "tiene",
        "tienen",
        "lleva",
        "llevan",
        "ont",
        "comporte",
        "comportent",
        "hat",
        "haben",
        "tem",
        "levam",
    ];
    text.split(|c: char| !c.is_alphanumeric()).any(|word| HAS.contains(&word.to_lowercase().as_str()))
}

/// Endings of file names; ".js" also ends names of libraries and says nothing.
const EXTENSIONS: &[&str] = &[
    "ts", "tsx", "jsx", "json", "yaml", "yml", "md", "toml", "xml", "py", "rs", "go", "sql", "css", "scss",
    "html", "txt", "csv", "lock", "mjs", "cjs", "sh", "ini", "conf", "kt", "java", "rb", "php", "proto",
    "graphql",
];

/// Whether a meaning is a number, a version, a path or a file: two rules that differ in one are two rules.
pub fn is_mark(meaning: &str) -> bool {
    meaning.chars().any(|c| c.is_ascii_digit()) || is_path(meaning)
}

/// Whether a meaning is a path or a file name.
pub fn is_path(meaning: &str) -> bool {
    const FOLDERS: &[&str] =
        &["src", "test", "tests", "lib", "packages", "apps", "docs", "config", "scripts"];
    let inner = meaning.contains('/') && (meaning.contains('.') || !meaning.chars().all(char::is_alphabetic));
    let folder =
        meaning.split_once('/').is_some_and(|(head, tail)| tail.is_empty() || FOLDERS.contains(&head));
    let named = inner && !meaning.chars().all(|c| c.is_alphabetic() || c == '/');
    let file = meaning
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && EXTENSIONS.contains(&ending));
    named || folder || file
}

/// Where the label ends; 0 when there is none.
fn label_end(text: &str) -> usize {
    let open = label_of(text).and_then(|label| text.find(label).map(|at| at + label.len()));
    open.unwrap_or(0)
}

/// The label of `Label: value`, or of a table row's first cell.
pub fn label_of(text: &str) -> Option<&str> {
    prose::label(text)
        .map(|(label, _)| label)
        .or_else(|| text.split_once(" | ").map(|(cell, _)| cell.trim_matches(['*', '_', ' '])))
}
