//! One pattern of the cue table and how it matches tokens. It knows no table and no weight.

use crate::domain::kb::clause::{Kind, Token};

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    One(Set),
    Maybe(Set),
    Not(Set),
    /// Up to so many words, no marks.
    Gap(usize),
    Start,
    End,
}

/// What one token may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// Word numbers of the lexicon, in order.
    pub exact: Vec<u32>,
    pub prefix: Vec<String>,
    pub suffix: Vec<String>,
    pub classes: u64,
    pub any: bool,
    pub code: bool,
    pub number: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub feature: usize,
    pub langs: u8,
    pub elements: Vec<Element>,
    /// Sets of words of each of which the sentence must hold one.
    needs: Vec<Vec<u32>>,
}

impl Pattern {
    /// A pattern with what it needs worked out.
    pub fn new(feature: usize, langs: u8, elements: Vec<Element>) -> Self {
        let needs = elements.iter().filter_map(|element| match element {
            Element::One(set) if !set.open() && set.classes == 0 => Some(set.exact.clone()),
            Element::One(_)
            | Element::Maybe(_)
            | Element::Not(_)
            | Element::Gap(_)
            | Element::Start
            | Element::End => None,
        });
        Self { feature, langs, needs: needs.collect(), elements }
    }

    /// Whether the words that it needs are there; `present` holds one bit for each word of the lexicon.
    pub fn can_match(&self, present: &[u64]) -> bool {
        let held = |word: &u32| {
            let word = usize::try_from(*word).unwrap_or(usize::MAX);
            present.get(word / 64).is_some_and(|bits| bits >> (word % 64) & 1 == 1)
        };
        self.needs.iter().all(|words| words.iter().any(held))
    }
}

/// Matches the elements from `at`; gives where the match ends.
pub fn run(
    elements: &[Element],
    tokens: &[Token],
    at: usize,
    heads: &dyn Fn(usize) -> bool,
) -> Option<usize> {
    let Some((first, rest)) = elements.split_first() else { return Some(at) };
    match first {
        Element::Start => heads(at).then(|| run(rest, tokens, at, heads)).flatten(),
        Element::End => {
            let over = tokens.get(at).is_none_or(|token| token.kind == Kind::Mark);
            over.then(|| run(rest, tokens, at, heads)).flatten()
        }
        Element::Not(set) => {
            let clear = !tokens.get(at).is_some_and(|token| set.holds(token));
            clear.then(|| run(rest, tokens, at, heads)).flatten()
        }
        Element::One(set) => {
            tokens.get(at).filter(|token| set.holds(token)).and_then(|_| run(rest, tokens, at + 1, heads))
        }
        Element::Maybe(set) => tokens
            .get(at)
            .filter(|token| set.holds(token))
            .and_then(|_| run(rest, tokens, at + 1, heads))
            .or_else(|| run(rest, tokens, at, heads)),
        Element::Gap(most) => {
            for skipped in 0..=*most {
                if let Some(end) = run(rest, tokens, at + skipped, heads) {
                    return Some(end);
                }
                if tokens.get(at + skipped).is_none_or(|token| token.kind == Kind::Mark) {
                    return None;
                }
            }
            None
        }
    }
}

impl Set {
    /// Whether more than listed words and classes fit it.
    fn open(&self) -> bool {
        self.any || self.code || self.number || !self.prefix.is_empty() || !self.suffix.is_empty()
    }

    fn holds(&self, token: &Token) -> bool {
        let kind = match token.kind {
            Kind::Code => self.code || self.any,
            Kind::Number => self.number || self.any,
            Kind::Word => self.any,
            Kind::Masked(_) => self.any || self.code,
            Kind::Mark | Kind::Break => false,
        };
        kind || token.classes & self.classes != 0
            || self.exact.binary_search(&token.word).is_ok()
            || self.prefix.iter().any(|prefix| token.norm.starts_with(prefix.as_str()))
            || (token.kind == Kind::Word
                && self.suffix.iter().any(|suffix| token.norm.ends_with(suffix.as_str())))
    }
}

/// Patterns by what they can begin with, so that few are tried at each token.
#[derive(Clone, Debug, Default)]
pub struct Index {
    by_word: Vec<Vec<usize>>,
    by_class: Vec<Vec<usize>>,
    /// Those that begin with any word and go on with this one.
    by_next: Vec<Vec<usize>>,
    anywhere: Vec<usize>,
}

impl Index {
    /// Room for so many words.
    pub fn new(words: usize) -> Self {
        Self {
            by_word: vec![Vec::new(); words],
            by_class: vec![Vec::new(); 64],
            by_next: vec![Vec::new(); words],
            anywhere: Vec::new(),
        }
    }

    /// Enters a pattern under its number.
    pub fn enter(&mut self, id: usize, pattern: &Pattern) {
        let elements = pattern.elements.iter().filter(|e| !matches!(e, Element::Start | Element::Not(_)));
        let mut elements = elements.peekable();
        while let Some(element) = elements.next() {
            let (set, optional) = match element {
                Element::One(set) => (set, false),
                Element::Maybe(set) => (set, true),
                Element::Gap(_) | Element::End | Element::Start | Element::Not(_) => {
                    self.anywhere.push(id);
                    return;
                }
            };
            if set.open() {
                match elements.peek() {
                    Some(Element::One(next)) if !next.open() && next.classes == 0 && !optional => {
                        put(&mut self.by_next, &next.exact, id);
                    }
                    _ => self.anywhere.push(id),
                }
                return;
            }
            put(&mut self.by_word, &set.exact, id);
            for (bit, list) in self.by_class.iter_mut().enumerate() {
                if set.classes >> bit & 1 == 1 {
                    list.push(id);
                }
            }
            if !optional {
                return;
            }
        }
    }

    /// Calls `each` with the number of every pattern that may begin at `at`.
    pub fn may_begin(&self, tokens: &[Token], at: usize, each: &mut dyn FnMut(usize)) {
        let Some(token) = tokens.get(at) else { return };
        let mut all = |ids: Option<&Vec<usize>>| ids.into_iter().flatten().for_each(|id| each(*id));
        let place = |word: u32| usize::try_from(word).unwrap_or(usize::MAX);
        all(self.by_word.get(place(token.word)));
        let mut bits = token.classes;
        while bits != 0 {
            all(self.by_class.get(place(bits.trailing_zeros())));
            bits &= bits - 1;
        }
        if let Some(next) = tokens.get(at + 1) {
            all(self.by_next.get(place(next.word)));
        }
        all(Some(&self.anywhere));
    }
}

fn put(lists: &mut [Vec<usize>], words: &[u32], id: usize) {
    for word in words {
        if let Some(list) = usize::try_from(*word).ok().and_then(|word| lists.get_mut(word)) {
            list.push(id);
        }
    }
}
