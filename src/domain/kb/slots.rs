//! What a project decides once (package manager, indentation, ...), as data: which decisions a text names and how it answers them.
//! It compares nothing and never looks at KB.md as a whole.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use regex::Regex;
use serde::Deserialize;

use super::words::{self, Folded};

const DATA: &str = include_str!("../../../assets/kb/slots.toml");

/// No spelling in the table is longer, in bytes.
const LONGEST: usize = 64;

/// One answer found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Name of the decision, as in `slots.toml`.
    pub slot: String,
    /// The answer in its usual spelling; the same in every language.
    pub value: String,
    /// A version written behind the answer: `22` in "Node 22".
    pub version: Option<String>,
    /// Bytes in the text, without the version.
    pub range: Range<usize>,
    /// Bytes of the version.
    pub version_range: Option<Range<usize>>,
}

/// One decision.
#[derive(Clone, Debug, Deserialize)]
pub struct Slot {
    pub id: String,
    /// Name of the topic whose section holds it.
    pub topic: String,
    /// What people call it.
    pub names: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    loose: Vec<String>,
    /// Taken once per subject.
    #[serde(default)]
    pub keyed: bool,
    /// Several answers may stand side by side.
    #[serde(default)]
    pub many: bool,
    #[serde(default)]
    pattern: Option<String>,
}

/// Where rules of a kind belong.
#[derive(Clone, Debug, Deserialize)]
pub struct Topic {
    pub id: String,
    pub names: TopicNames,
    /// Words of headings.
    pub headings: String,
    /// Words of rules.
    pub words: String,
    /// Topics whose section will do as well, best first.
    pub near: Vec<String>,
}

/// A topic's heading in each language.
#[derive(Clone, Debug, Deserialize)]
pub struct TopicNames {
    pub en: String,
    pub it: String,
    pub es: String,
    pub fr: String,
    pub de: String,
    pub pt: String,
}

#[derive(Deserialize, Default)]
struct Data {
    slot: Vec<Slot>,
    topic: Vec<Topic>,
}

/// All decisions, ready to be looked for. Built once and passed along.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    slots: Vec<Slot>,
    topics: Vec<Topic>,
    aliases: Vec<Alias>,
    finder: Option<AhoCorasick>,
    patterns: Vec<(usize, Regex)>,
}

#[derive(Clone, Debug)]
struct Alias {
    slot: usize,
    /// `None` for a name of the slot.
    value: Option<String>,
    loose: bool,
}

impl Slots {
    /// Reads the embedded table. A broken table leaves it empty; a test keeps that from happening.
    pub fn new() -> Self {
        let data: Data = toml::from_str(DATA).unwrap_or_default();
        let (mut aliases, mut spellings) = (Vec::new(), Vec::new());
        for (at, slot) in data.slot.iter().enumerate() {
            for name in &slot.names {
                aliases.push(Alias { slot: at, value: None, loose: false });
                spellings.push(folded(name));
            }
            for line in &slot.values {
                let (value, spelled) = line.split_once(" = ").unwrap_or((line, line));
                for spelling in spelled.split(", ") {
                    let loose = slot.loose.iter().any(|word| word == spelling);
                    aliases.push(Alias { slot: at, value: Some(value.to_string()), loose });
                    spellings.push(folded(spelling));
                }
            }
        }
        let finder = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            // Built in half the time of the default, and texts are short.
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .prefilter(false)
            .dense_depth(1)
            .build(&spellings)
            .ok();
        let patterns = data
            .slot
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| Some((at, Regex::new(slot.pattern.as_deref()?).ok()?)))
            .collect();
        Self { slots: data.slot, topics: data.topic, aliases, finder, patterns }
    }

    /// The row of a decision.
    pub fn slot(&self, id: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// The topics in the order of the table.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// The answers that a text gives, in order. Where two spellings overlap the longer one counts; a word that answers two decisions
    /// ("bun") is given for both.
    pub fn values(&self, text: &str) -> Vec<Value> {
        let folded = words::fold(text);
        let hits = self.hits(&folded, text);
        let mut found: Vec<Value> = Vec::new();
        for (at, hit) in hits.iter().enumerate() {
            let Some(alias) = self.aliases.get(hit.alias) else { continue };
            let Some(value) = &alias.value else { continue };
            let covered = self.is_covered(at, &hits);
            let version = version_after(&folded.text, hit.range.end);
            // A common word with a version behind it is a name: "go 1.23".
            let versioned =
                version.clone().and_then(|at| folded.text.get(at)).is_some_and(|v| v.contains('.'));
            let named = !alias.loose || versioned || self.is_named(alias.slot, hit, &hits, text, &folded);
            if covered || !named {
                continue;
            }
            if let Some(slot) = self.slots.get(alias.slot) {
                found.push(Value {
                    slot: slot.id.clone(),
                    value: value.clone(),
                    version: version.clone().and_then(|range| folded.text.get(range)).map(str::to_string),
                    range: folded.source(hit.range.clone()),
                    version_range: version.map(|range| folded.source(range)),
                });
            }
        }
        self.pattern_values(&folded, &mut found);
        found.sort_by_key(|value| value.range.start);
        found
    }

    /// The decisions that a text names without answering them.
    pub fn named(&self, text: &str) -> Vec<&str> {
        let folded = words::fold(text);
        let mut found: Vec<&str> = self
            .hits(&folded, text)
            .iter()
            .filter_map(|hit| self.aliases.get(hit.alias).filter(|alias| alias.value.is_none()))
            .filter_map(|alias| self.slots.get(alias.slot))
            .map(|slot| slot.id.as_str())
            .collect();
        found.dedup();
        found
    }

    fn pattern_values(&self, folded: &Folded, found: &mut Vec<Value>) {
        for (at, pattern) in &self.patterns {
            for captures in pattern.captures_iter(&folded.text) {
                let group = captures.iter().skip(1).flatten().next();
                if let (Some(group), Some(slot)) = (group, self.slots.get(*at)) {
                    found.push(Value {
                        slot: slot.id.clone(),
                        value: group.as_str().trim_end_matches('/').to_string(),
                        version: None,
                        range: folded.source(group.range()),
                        version_range: None,
                    });
                }
            }
        }
    }

    fn hits(&self, folded: &Folded, text: &str) -> Vec<Hit> {
        let Some(finder) = &self.finder else { return Vec::new() };
        finder
            .find_overlapping_iter(&folded.text)
            .map(|found| Hit { alias: found.pattern().as_usize(), range: found.range() })
            .filter(|hit| stands_alone(folded, text, &hit.range))
            .collect()
    }

    /// Whether a longer spelling of an answer lies over this hit. Hits come by their ends, so that only neighbours can.
    fn is_covered(&self, at: usize, hits: &[Hit]) -> bool {
        let Some(hit) = hits.get(at) else { return false };
        let near = |other: &&Hit| other.range.end <= hit.range.end + LONGEST;
        let from = hits.partition_point(|other| other.range.end < hit.range.end);
        hits.get(from..).unwrap_or(&[]).iter().take_while(near).any(|other| {
            let wider = other.range.len() > hit.range.len() && other.range.start <= hit.range.start;
            wider && self.aliases.get(other.alias).is_some_and(|alias| alias.value.is_some())
        })
    }

    /// Whether a loose word is meant as an answer: its slot is named elsewhere in the text, or it stands in backticks.
    fn is_named(&self, slot: usize, hit: &Hit, hits: &[Hit], text: &str, folded: &Folded) -> bool {
        let source = folded.source(hit.range.clone());
        let quoted = text.get(..source.start).is_some_and(|before| before.ends_with('`'));
        quoted
            || hits.iter().any(|other| {
                let names =
                    self.aliases.get(other.alias).is_some_and(|a| a.slot == slot && a.value.is_none());
                let apart = other.range.end <= hit.range.start || hit.range.end <= other.range.start;
                names && apart
            })
    }
}

/// A spelling of the table folded; nearly all are written so already.
fn folded(spelling: &str) -> String {
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase() && byte != b'`';
    if spelling.bytes().all(plain) { spelling.to_string() } else { words::fold(spelling).text }
}

struct Hit {
    alias: usize,
    range: Range<usize>,
}

/// Whether a match is a word of its own and no part of a longer name, path or file. A hyphen before a capital joins a German compound
/// ("Node-Version") and parts words here.
fn stands_alone(folded: &Folded, text: &str, range: &Range<usize>) -> bool {
    let before = folded.text.get(..range.start).and_then(|before| before.chars().next_back());
    let mut after = folded.text.get(range.end..).unwrap_or("").chars();
    let (next, second) = (after.next(), after.next());
    let ends_in_slash = folded.text.get(range.clone()).is_some_and(|word| word.ends_with('/'));
    let joined = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '@');
    let open = before.is_some_and(|c| joined(c) || (c == '-' && range.start > 1) || c == '.')
        && !folded.text.get(range.clone()).is_some_and(|word| word.starts_with(['*', '.', '/']));
    let close = match next {
        Some('-') => {
            let source = folded.source(range.end..range.end + 1);
            let capital =
                text.get(source.end..).and_then(|rest| rest.chars().next()).is_some_and(char::is_uppercase);
            second.is_some_and(char::is_alphanumeric) && !capital
        }
        Some('.') => second.is_some_and(char::is_alphanumeric),
        Some('/') => !ends_in_slash && second.is_some_and(char::is_alphanumeric),
        Some(c) => joined(c) && !ends_in_slash,
        None => false,
    };
    !open && !close
}

/// The bytes of a version right behind a word: "Node 22", "Express v4.18", "PostgreSQL version 16".
fn version_after(text: &str, end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let mut at = rest.len() - rest.trim_start_matches([' ', '-']).len();
    for word in ["version ", "versione ", "v. ", "v", ">= ", ">=", "^", "~"] {
        if rest.get(at..)?.starts_with(word) {
            at += word.len();
            break;
        }
    }
    let digits = rest.get(at..)?;
    let length = digits.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let version = digits.get(..length)?.trim_end_matches('.');
    let next = digits.get(version.len()..)?.chars().next();
    let counts = next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '%' | ':'));
    let apart = at > 0 && rest.starts_with([' ', '-', 'v', '^', '~', '>']);
    (!version.is_empty() && apart && !counts).then(|| end + at..end + at + version.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, &str)]) {
        let slots = Slots::new();
        let found: Vec<_> = slots
            .values(text)
            .into_iter()
            .map(|v| (v.slot, v.version.map_or(v.value.clone(), |version| format!("{} {version}", v.value))))
            .collect();
        let expect: Vec<_> = expect.iter().map(|(s, v)| (s.to_string(), v.to_string())).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn the_embedded_table_is_read() {
        let data: Data = toml::from_str(DATA).expect("slots.toml is valid");
        assert!(data.slot.len() > 150);
        assert!(
            data.slot
                .iter()
                .flat_map(|slot| &slot.values)
                .flat_map(|line| line.split(", "))
                .all(|word| word.len() < LONGEST)
        );
        for slot in &data.slot {
            assert!(data.topic.iter().any(|topic| topic.id == slot.topic), "{} has a topic", slot.id);
            if let Some(pattern) = &slot.pattern {
                Regex::new(pattern).unwrap_or_else(|error| panic!("{}: {error}", slot.id));
            }
        }
    }

    #[test]
    fn answers_are_found_as_words() {
        check("Package manager: npm", &[("package-manager", "npm")]);
        check("use pnpm, not npm", &[("package-manager", "pnpm"), ("package-manager", "npm")]);
        check("Runtime: Node 20", &[("runtime", "Node 20")]);
        check("HTTP framework: Express 4", &[("http-framework", "Express 4")]);
        check("see jest.config.ts and src/pino/x", &[]);
        check("I got it at this moment", &[]);
        check("HTTP client: got", &[("http-client", "got")]);
        check("use `got` here", &[("http-client", "got")]);
        check("gli id sono uuid v7", &[("id-type", "UUID v7")]);
        check("the dev server listens on port 3000", &[("port", "3000")]);
        check("Coverage must stay at 100%", &[("coverage", "100")]);
        check("All routes are under /api/v1", &[("base-path", "/api/v1")]);
    }
}
