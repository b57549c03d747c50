//! What KB.md already says about a clause: shared words and changed values. It reads entries only and decides no edit.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::domain::kb::clause::fold;
use crate::domain::kb::document::Document;

/// Words without content for the comparison, folded and in order.
const STOP: &[&str] = &[
    "after", "all", "always", "and", "any", "are", "before", "com", "con", "das", "degli", "dei", "del",
    "della", "delle", "der", "des", "die", "every", "for", "from", "gli", "has", "have", "into", "kb", "las",
    "les", "los", "mai", "must", "nel", "nella", "never", "nicht", "non", "not", "ogni", "one", "only",
    "our", "para", "pas", "per", "que", "regola", "regole", "rule", "rules", "sempre", "should", "solo",
    "sono", "than", "that", "the", "this", "tutti", "una", "und", "uno", "usa", "usare", "use", "used",
    "uses", "using", "when", "with", "you", "your",
];

/// What KB.md holds, ready to be compared.
#[derive(Clone, Debug, Default)]
pub struct Known {
    entries: Vec<Vec<String>>,
    /// The entries that hold a word.
    by_word: HashMap<String, Vec<usize>, FixedState>,
}

impl Known {
    /// Indexes the entries by their words.
    pub fn new(kb: &Document) -> Self {
        let entries: Vec<Vec<String>> = kb.entries.iter().map(|entry| content(&entry.text)).collect();
        let mut by_word: HashMap<String, Vec<usize>, FixedState> = HashMap::default();
        for (at, entry) in entries.iter().enumerate() {
            for word in entry {
                by_word.entry(word.clone()).or_default().push(at);
            }
        }
        Self { entries, by_word }
    }

    /// The largest share of the smaller side's content words that an entry and the clause have in common.
    pub fn overlap(&self, clause: &str) -> f32 {
        if self.entries.is_empty() {
            return 0.0;
        }
        let words = content(clause);
        let mut common: HashMap<usize, usize> = HashMap::new();
        for at in words.iter().filter_map(|word| self.by_word.get(word)).flatten() {
            *common.entry(*at).or_default() += 1;
        }
        let share = |(at, common): (&usize, &usize)| {
            let held = self.entries.get(*at).map_or(0, Vec::len);
            ratio(*common, held.min(words.len()).max(2))
        };
        common.iter().map(share).fold(0.0, f32::max)
    }

    /// Whether the clause gives another value to something that an entry fixes: a shared word, and a number, version or path that
    /// differs.
    pub fn slot_hit(&self, clause: &str) -> bool {
        if self.entries.is_empty() || !valued(clause) {
            return false;
        }
        let words = content(clause);
        let values: HashSet<&String> = words.iter().filter(|word| valued(word)).collect();
        words.iter().filter(|word| !valued(word)).filter_map(|word| self.by_word.get(word)).flatten().any(
            |at| {
                let fixed: Vec<&String> =
                    self.entries.get(*at).into_iter().flatten().filter(|word| valued(word)).collect();
                !fixed.is_empty() && values.iter().any(|value| !fixed.contains(value))
            },
        )
    }
}

fn valued(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit())
}

fn ratio(part: usize, whole: usize) -> f32 {
    let part = u16::try_from(part).unwrap_or(u16::MAX);
    let whole = u16::try_from(whole.max(1)).unwrap_or(u16::MAX);
    f32::from(part) / f32::from(whole)
}

/// Content words, folded and cut to their stem, each once.
fn content(text: &str) -> Vec<String> {
    let words = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '"' | '\''))
        .map(|word| fold(word.trim_matches(|c: char| !c.is_alphanumeric())))
        .filter(|word| {
            (word.chars().nth(2).is_some() || valued(word)) && STOP.binary_search(&word.as_str()).is_err()
        })
        .map(stem);
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn stem(mut word: String) -> String {
    const ENDINGS: &[&str] =
        &["ations", "ation", "ments", "ment", "ings", "ing", "ies", "es", "ed", "s", "i", "e", "o", "a"];
    let kept = if valued(&word) || word.chars().nth(4).is_none() {
        word.trim_end_matches('s').len()
    } else {
        let ending = ENDINGS.iter().find(|ending| word.ends_with(**ending) && word.len() > ending.len() + 3);
        ending.map_or(word.len(), |ending| word.len() - ending.len())
    };
    word.truncate(kept);
    word
}
