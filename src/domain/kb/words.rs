//! The words of a rule: folding, tokens, stems and meanings shared across languages. It knows nothing of slots or of KB.md's lines.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use serde::Deserialize;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::section::{self, Language};

const DATA: &str = include_str!("../../../assets/kb/words.toml");

const LEXICON: &str = include_str!("../../../assets/kb/lexicon.txt");

/// Stems up to this length stand for no meaning of the lexicon.
const LEAST_STEM: usize = 4;

/// Text in lower case without accents and with plain quotes, and the byte of the source that each of its bytes stands for.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    pub text: String,
    origin: Vec<usize>,
}

impl Folded {
    /// The bytes of the source that a range of the folded text stands for.
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        let at = |index: usize| self.origin.get(index).copied().unwrap_or(0);
        at(range.start)..at(range.end)
    }
}

/// Folds case, accents and typographic quotes and dashes.
pub fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    for (at, c) in text.char_indices() {
        let plain = match c {
            '’' | '‘' | '´' | '`' => '\'',
            '“' | '”' | '«' | '»' => '"',
            '–' | '—' | '‑' => '-',
            '\u{a0}' | '\u{202f}' => ' ',
            other => other,
        };
        decompose_canonical(plain, |part| {
            if !is_combining_mark(part) {
                folded.text.extend(part.to_lowercase());
            }
        });
        folded.origin.resize(folded.text.len(), at);
    }
    folded.origin.push(text.len());
    folded
}

/// A word that carries meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its meaning: the name of its group, or its stem.
    pub meaning: String,
    /// Folded, as written.
    pub word: String,
    /// Bytes in the source text.
    pub range: Range<usize>,
}

#[derive(Deserialize, Default)]
struct Data {
    stop: String,
    revoke: String,
    antonyms: Vec<String>,
}

/// The word lists, ready for use. Built once and passed along.
#[derive(Clone, Debug, Default)]
pub struct Words {
    stop: HashSet<String>,
    revoke: HashSet<String>,
    meanings: HashMap<&'static str, &'static str>,
    stems: HashMap<String, &'static str>,
    antonyms: HashSet<(String, String)>,
}

impl Words {
    /// Reads the embedded lists. A broken list leaves them empty; a test keeps that from happening.
    pub fn new() -> Self {
        let data: Data = toml::from_str(DATA).unwrap_or_default();
        let mut words = Self {
            stop: data.stop.split_whitespace().map(str::to_string).collect(),
            revoke: data.revoke.split_whitespace().map(str::to_string).collect(),
            ..Self::default()
        };
        words.learn(LEXICON);
        for pair in &data.antonyms {
            if let Some((a, b)) = pair.split_once(' ') {
                let (a, b) = (words.meaning(a), words.meaning(b));
                words.antonyms.insert((a.clone(), b.clone()));
                words.antonyms.insert((b, a));
            }
        }
        words
    }

    /// Reads the meanings, one a line, the first word being the name.
    fn learn(&mut self, lexicon: &'static str) {
        for line in lexicon.lines().filter(|line| !line.starts_with('#')) {
            let mut group = line.split(' ').filter(|word| !word.is_empty());
            let Some(name) = group.clone().next() else { continue };
            for word in group.by_ref() {
                self.meanings.entry(word).or_insert(name);
                // A short stem would draw strangers of other languages in ("rotate" to "rotta", "place" to "placa").
                let stem = stem(word);
                if stem.len() > LEAST_STEM {
                    self.stems.entry(stem).or_insert(name);
                }
            }
        }
    }

    /// The meaning of a folded word.
    pub fn meaning(&self, word: &str) -> String {
        if let Some(name) = self.meanings.get(word) {
            return (*name).to_string();
        }
        if let Some(name) = self.meanings.get(singular(word)) {
            return (*name).to_string();
        }
        let stem = stem(word);
        let whole = || self.meanings.get(stem.as_str()).filter(|_| stem.len() > 3);
        let known = self.stems.get(&stem).or_else(whole);
        known.map_or(stem, |name| (*name).to_string())
    }

    /// Whether a folded word carries no meaning of its own.
    pub fn is_stop(&self, word: &str) -> bool {
        self.stop.contains(word)
    }

    /// Whether a folded word speaks of taking a rule back.
    pub fn is_revoking(&self, word: &str) -> bool {
        self.revoke.contains(word)
    }

    /// Whether two meanings exclude each other.
    pub fn opposed(&self, a: &str, b: &str) -> bool {
        self.antonyms.contains(&(a.to_string(), b.to_string()))
    }

    /// The words that carry meaning, in order.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let folded = fold(text);
        let mut found: Vec<Token> = Vec::new();
        for range in pieces(&folded.text) {
            let Some(word) = folded.text.get(range.clone()) else { continue };
            let bare = strip_elision(word);
            if let Some(last) = found.last_mut()
                && matches!(last.word.as_str(), "pull" | "merge")
                && matches!(bare, "request" | "requests")
            {
                // Two words with one meaning, and neither means it alone.
                last.meaning = self.meaning("pr");
                last.range.end = folded.source(range).end;
                continue;
            }
            let short = bare.len() < 2 && !bare.bytes().all(|byte| byte.is_ascii_digit());
            // A quoted word is named and not used ("shall", `any`), and so is an acronym ("CI", which is no Italian "ci").
            let quoted = is_quoted(&folded.text, range.clone());
            let range = folded.source(range);
            // Spanish counts with it, Portuguese joins with it.
            let counted = bare == "dos" && section::language_of(&folded.text) == Language::Spanish;
            let named = counted || quoted || is_acronym(text.get(range.clone()).unwrap_or(""), text);
            if named && !bare.is_empty()
                || !(short || bare.is_empty() || self.is_stop(bare) || self.is_stop(word))
            {
                found.push(Token { meaning: self.meaning(bare), word: bare.to_string(), range });
            }
        }
        found
    }

    /// The meanings of a text as a set.
    pub fn meanings(&self, text: &str) -> BTreeSet<String> {
        self.tokens(text).into_iter().map(|token| token.meaning).collect()
    }
}

/// Whether a word of folded text stands alone between quotation marks or backticks.
fn is_quoted(text: &str, range: Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|head| head.chars().next_back());
    let after = text.get(range.end..).and_then(|rest| rest.chars().next());
    matches!((before, after), (Some('\''), Some('\'')) | (Some('"'), Some('"')))
}

/// Whether a word is written in capitals where the text around it is not.
fn is_acronym(word: &str, text: &str) -> bool {
    let capitals = |word: &str| word.len() > 1 && word.chars().all(char::is_uppercase);
    capitals(word)
        && text.chars().any(char::is_lowercase)
        && !matches!(
            word,
            "NOT"
                | "NO"
                | "NEVER"
                | "ALWAYS"
                | "MUST"
                | "ONLY"
                | "ALL"
                | "DO"
                | "NON"
                | "MAI"
                | "SEMPRE"
                | "AND"
                | "OR"
        )
}

/// `l'utente` → `utente`, `d'ora` → `ora`.
fn strip_elision(word: &str) -> &str {
    match word.split_once('\'') {
        Some((head, tail)) if head.len() <= 5 && tail.len() > 2 => tail,
        Some((head, _)) => head,
        None => word,
    }
}

/// Byte ranges of words in folded text. Names with dots, slashes and underscores stay whole; hyphens part words.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let joins = match c {
            '_' => true,
            '/' => open.is_some() || next.is_some_and(char::is_alphanumeric),
            '.' => next.is_some_and(|next| next.is_alphanumeric() || next == '_'),
            '\'' => open.is_some() && next.is_some_and(char::is_alphanumeric),
            '%' | '*' => open.is_some(),
            other => other.is_alphanumeric(),
        };
        match (joins, open) {
            (true, None) => open = Some(at),
            (false, Some(start)) => {
                found.push(start..at);
                open = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    if let Some(start) = open {
        found.push(start..text.len());
    }
    found
}

/// Endings cut off a word, longest first; they serve English and the Romance languages alike, since only equality of stems matters.
const ENDINGS: &[&str] = &[
    "ically", "amente", "azioni", "azione", "ations", "ation", "iamoci", "iamolo", "ament", "mente",
    "aciones", "acion", "tions", "tion", "sions", "sion", "iamo", "amo", "emo", "imo", "ando", "endo",
    "eremo", "ings", "ing", "ami", "imi", "ati", "ato", "ata", "ate", "ito", "iti", "ita", "uti", "uto",
    "uta", "ano", "ono", "are", "ere", "ire", "ons", "ez", "ent", "able", "ical", "ic", "ies", "ied", "ed",
    "es", "er", "ar", "ir", "en", "s", "ly", "y", "e", "i", "o", "a",
];

/// A word without the ending of its plural, so that both numbers lose the same endings afterwards.
fn singular(word: &str) -> &str {
    let kept = ["ss", "us", "is"];
    if !word.ends_with('s') || kept.iter().any(|ending| word.ends_with(ending)) {
        return word;
    }
    let doubled = ["sses", "xes", "ches", "shes", "zes"].iter().any(|ending| word.ends_with(ending));
    let cut = if doubled { 2 } else { 1 };
    word.get(..word.len() - cut).filter(|rest| rest.chars().count() > 2).unwrap_or(word)
}

/// A word's stem; words with digits, dots, slashes or underscores are names and stay as they are.
pub fn stem(word: &str) -> String {
    let named = word.chars().any(|c| c.is_numeric() || matches!(c, '.' | '/' | '_'));
    if named || word.chars().count() < 4 {
        return word.to_string();
    }
    let mut kept = singular(word);
    for pass in 0..4 {
        // The first cut of one letter may leave three ("note" → "not"); more would make strangers alike ("apply", "app").
        let least = |ending: &str| {
            let short = ending.len() == 1 || matches!(ending, "io" | "ia" | "ie");
            if pass == 0 && short { 3 } else { 4 }
        };
        let cut = ENDINGS
            .iter()
            .filter_map(|ending| Some((ending, kept.strip_suffix(ending)?)))
            .find(|(ending, rest)| rest.chars().count() >= least(ending))
            .map(|(_, rest)| rest);
        match cut {
            Some(rest) if kept.chars().count() >= 4 => kept = rest,
            Some(_) | None => break,
        }
    }
    let mut chars = kept.chars().rev();
    if let (Some(a), Some(b)) = (chars.next(), chars.next())
        && a == b
        && kept.chars().count() > 3
    {
        kept = kept.get(..kept.len() - a.len_utf8()).unwrap_or(kept);
    }
    kept.to_string()
}

/// What two sets of meanings share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    pub shared: usize,
    pub left: usize,
    pub right: usize,
}

impl Overlap {
    /// Counts what is shared.
    pub fn of(left: &BTreeSet<String>, right: &BTreeSet<String>) -> Self {
        Self { shared: left.intersection(right).count(), left: left.len(), right: right.len() }
    }

    /// Shared over all, 0 to 1.
    pub fn jaccard(self) -> f32 {
        ratio(self.shared, self.left + self.right - self.shared)
    }

    /// How much of the left set the right one holds, 0 to 1.
    pub fn of_left(self) -> f32 {
        ratio(self.shared, self.left)
    }

    /// How much of the right set the left one holds, 0 to 1.
    pub fn of_right(self) -> f32 {
        ratio(self.shared, self.right)
    }
}

/// A share between 0 and 1; nothing of nothing is 0.
pub fn ratio(part: usize, whole: usize) -> f32 {
    let small = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    if whole == 0 { 0.0 } else { small(part) / small(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_lists_are_read() {
        let data: Data = toml::from_str(DATA).expect("words.toml is valid");
        assert!(data.stop.len() > 1000);
        assert!(LEXICON.lines().count() > 300);
    }

    #[test]
    fn words_of_one_meaning_meet_across_languages_and_forms() {
        let words = Words::new();
        let same = |a: &str, b: &str| assert_eq!(words.meaning(a), words.meaning(b), "{a} {b}");
        same("tabella", "tables");
        same("salvano", "salvati");
        same("rispondimi", "rispondi");
        same("validates", "validate");
        same("imports", "imported");
        same("chiedere", "chiedi");
        assert_ne!(words.meaning("comment"), words.meaning("commit"));
    }

    #[test]
    fn folding_keeps_the_way_back() {
        let folded = fold("Perché «Così»");
        assert_eq!(folded.text, "perche \"cosi\"");
        let at = folded.text.find("cosi").expect("folded");
        assert_eq!(folded.source(at..at + 4), "Perché «".len().."Perché «Così".len());
    }

    #[test]
    fn names_stay_whole_and_hyphens_part() {
        let words: Vec<_> = Words::new()
            .tokens("put the two-space rule in src/config.ts")
            .into_iter()
            .map(|t| t.word)
            .collect();
        assert_eq!(words, ["two", "space", "src/config.ts"]);
    }
}
