//! What words mean beyond the lexicon: foreign words by their English headword, names by the kinds of things that they are. It compares no
//! sentences.

use std::collections::HashMap;

use crate::domain::kb::facts::Facts;
use crate::domain::kb::words::{Token, Words, fold, stem};

const GLOSSARY: &str = include_str!("../../../../assets/kb/glossary.txt");

const KINDS: &str = include_str!("../../../../assets/kb/kinds.txt");

/// More words than this make no name.
const LONGEST: usize = 3;

/// A name of a kind: which one, and whether its word also stands in sentences that name nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    kind: u16,
    common: bool,
}

/// The glossary and the kinds. Built once and passed along.
#[derive(Clone, Debug, Default)]
pub struct Gists {
    kinds: HashMap<String, Vec<Member>>,
}

/// A name in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The words of the name, folded.
    pub name: String,
    pub kind: u16,
    pub common: bool,
}

impl Gists {
    /// Reads the embedded kinds: `kind: name, name`, where `?` behind a name says that it is a common word too.
    pub fn new() -> Self {
        let mut kinds: HashMap<String, Vec<Member>> = HashMap::new();
        let rows = KINDS.lines().filter(|row| !row.starts_with('#')).filter_map(|row| row.split_once(':'));
        for (kind, (_, names)) in rows.enumerate() {
            let kind = u16::try_from(kind).unwrap_or(u16::MAX);
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let (name, common) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
                kinds.entry(pieces(name).join(" ")).or_default().push(Member { kind, common });
            }
        }
        Self { kinds }
    }

    /// The names of a sentence with each of their kinds; the longest name at a place counts.
    pub fn named(&self, text: &str) -> Vec<Named> {
        let folded = fold(text);
        let words = pieces(&folded.text);
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let longest = (1..=LONGEST).rev().find_map(|length| {
                let name = words.get(at..at + length)?.join(" ");
                let members = self.kinds.get(&name)?;
                Some((length, name, members))
            });
            let Some((length, name, members)) = longest else {
                at += 1;
                continue;
            };
            let named =
                |member: &Member| Named { name: name.clone(), kind: member.kind, common: member.common };
            found.extend(members.iter().map(named));
            at += length;
        }
        found
    }

    /// What a word means: by the lexicon, or by the glossary where the lexicon does not know it.
    pub fn gist(&self, words: &Words, token: &Token) -> String {
        if token.meaning != stem(&token.word) {
            return token.meaning.clone();
        }
        let headword = headword(&token.word).or_else(|| headword(&token.meaning));
        headword.map_or_else(|| token.meaning.clone(), |headword| words.meaning(headword))
    }

    /// The gists of a sentence's words, in order.
    pub fn gists(&self, words: &Words, facts: &Facts) -> Vec<String> {
        facts.tokens.iter().map(|token| self.gist(words, token)).collect()
    }
}

/// The words that names are made of; dots, pluses, hashes, hyphens, slashes and underscores are letters of theirs.
fn pieces(text: &str) -> Vec<&str> {
    let part = |c: char| !(c.is_alphanumeric() || "._+#-/&@*".contains(c));
    let inner = |word: &str| !word.is_empty();
    text.split(part)
        .map(|word| word.trim_matches(['.', '-', '/', '_', '*']))
        .filter(|word| inner(word))
        .collect()
}

/// The English headword of a foreign word or stem, found by halving in the sorted glossary.
fn headword(word: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, GLOSSARY.len());
    while low < high {
        let middle = line_start(low + (high - low) / 2, low)?;
        let line = GLOSSARY.get(middle..)?.lines().next()?;
        let (known, headword) = line.split_once(' ')?;
        match known.cmp(word) {
            std::cmp::Ordering::Equal => return Some(headword),
            std::cmp::Ordering::Less => low = middle + line.len() + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// Where the line at a byte starts; the glossary is ASCII, as a test holds.
fn line_start(at: usize, least: usize) -> Option<usize> {
    let before = GLOSSARY.get(least..at)?;
    Some(before.rfind('\n').map_or(least, |end| least + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_glossary_is_sorted_ascii() {
        assert!(GLOSSARY.is_ascii());
        let words: Vec<&str> =
            GLOSSARY.lines().filter_map(|line| line.split_once(' ')).map(|(word, _)| word).collect();
        assert_eq!(words.len(), GLOSSARY.lines().count());
        let unsorted = words.windows(2).find(|pair| pair[0] >= pair[1]);
        assert_eq!(unsorted, None);
        assert!(words.iter().all(|word| headword(word).is_some()));
    }

    #[test]
    fn a_foreign_word_has_the_gist_of_its_headword() {
        let (words, gists) = (Words::new(), Gists::new());
        let gist = |word: &str| words.tokens(word).first().map(|token| gists.gist(&words, token));
        assert_eq!(gist("cifrate"), gist("encrypt"));
        assert_eq!(gist("zzyzx"), Some("zzyzx".to_string()));
    }

    #[test]
    fn names_are_found_with_their_kinds() {
        let gists = Gists::new();
        let kinds =
            |text: &str| -> Vec<u16> { gists.named(text).into_iter().map(|named| named.kind).collect() };
        let shared = |a: &str, b: &str| kinds(a).iter().any(|kind| kinds(b).contains(kind));
        assert!(shared("we're on OpenTofu now", "Infrastructure is described in Terraform."));
        assert!(!shared("we're on OpenTofu now", "Unit tests use Jest."));
        assert!(kinds("nothing of note").is_empty());
    }
}
