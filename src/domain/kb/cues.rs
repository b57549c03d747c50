//! The detector's tables as a value: word classes, cue patterns and their weights. It never looks at a whole message.

mod slip;

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use super::clause::{Kind, Token, fold};
use super::detect::pattern::{Element, Index, Pattern, Set, run};
use slip::slip;

const CUES: &str = include_str!("../../../assets/kb/cues.txt");
const SLOTS: &str = include_str!("../../../assets/kb/slots.toml");
const WORDS: &str = include_str!("../../../assets/kb/words.txt");

/// What a feature does to a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Adds its weight.
    Cue,
    /// Speaks against the clause: a model's proposal may not rest on it, and the evidence weighs it.
    Veto,
    /// Only opens a clause ("ok", "btw"); says nothing.
    Lead,
    /// Looked up by name where the code needs it.
    Note,
}

/// Whether the words of a feature stay in the sentence that goes to KB.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Keep,
    Drop,
    /// Stays, but the clause proper begins after it ("for all services: ...").
    Scope,
}

/// One feature: a header line of `cues.txt`.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    pub name: String,
    pub weight: f32,
    pub effect: Effect,
    pub words: Words,
    /// Shown to the user as the reason.
    pub reason: String,
}

/// A place where a feature's pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Index into `Lexicon::features`.
    pub feature: usize,
    pub tokens: Range<usize>,
}

/// Languages in the order of their bits.
const LANGS: [&str; 6] = ["en", "it", "es", "fr", "de", "pt"];

/// The languages of some words as bits: all that have a say, and those that have most to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tongue {
    pub any: u8,
    pub main: u8,
}

impl Tongue {
    /// Whether English is the only main language, or one of several that the message settles for English.
    pub fn english(self, message: Self) -> bool {
        self.main == 1 || (self.main & 1 == 1 && message.main & 1 == 1)
    }
}

/// A set with every language.
pub const ALL_LANGS: u8 = 0b11_1111;

/// What the tables know of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Its number; 0 stands for every word that the tables do not hold.
    pub id: u32,
    /// Word classes, one bit each.
    pub classes: u64,
    /// The languages that it speaks for.
    pub votes: u8,
}

/// All tables, parsed.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    pub features: Vec<Feature>,
    patterns: Vec<Pattern>,
    /// Patterns that begin a clause, and those that stand anywhere in it.
    anchored: Index,
    free: Index,
    /// The lead-ins and cue phrases that are taken off, wherever they stand.
    leading: Index,
    words: HashMap<String, Word, FixedState>,
    class_names: Vec<String>,
    /// By their first byte.
    class_prefixes: HashMap<u8, Vec<(String, u64)>, FixedState>,
    spellings: HashMap<String, String, FixedState>,
    /// Cue words whose slips of the finger are put right, by their first byte.
    fragile: HashMap<u8, Vec<String>, FixedState>,
    /// The bits of the classes that say what a word is about, and not how it works in a sentence.
    topics: u64,
}

/// Classes of words by what they are about.
const TOPICS: [&str; 7] = ["devkinds", "devkind", "bizkinds", "bizkind", "acts", "act", "tool"];

impl Lexicon {
    /// The tables that dictum ships with.
    pub fn new() -> Self {
        let mut lexicon = Self::parse(CUES, WORDS);
        lexicon.read_tools(SLOTS);
        lexicon
    }

    /// Parses the two tables; a row that cannot be read is left out.
    pub fn parse(cues: &str, words: &str) -> Self {
        let mut lexicon = Self::default();
        lexicon.read_words(words);
        for name in TOPICS {
            lexicon.topics |= lexicon.claim(name);
        }
        lexicon.read_cues(cues);
        lexicon.index();
        lexicon
    }

    /// The one-word answers of the decisions (`values = ["npm = npm", ...]`), as far as no table holds them yet.
    fn read_tools(&mut self, slots: &str) {
        let tool = self.class("tool");
        let lines = slots.lines().filter_map(|line| line.strip_prefix("values = ["));
        for answer in lines.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            let aliases = answer.split_once(" = ").map_or(answer, |(_, aliases)| aliases);
            for alias in
                aliases.split(", ").filter(|alias| alias.chars().all(|c| c.is_alphanumeric() || c == '-'))
            {
                self.words.entry(fold(alias)).or_insert(Word { id: 0, classes: tool, votes: 0 });
            }
        }
    }

    /// The classes that say how a word works in a sentence.
    pub fn grammar(&self, classes: u64) -> u64 {
        classes & !self.topics
    }

    fn read_words(&mut self, words: &str) {
        let mut section = String::new();
        for line in rows(words) {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name.trim().to_string();
                continue;
            }
            let Some((lang, list)) = line.split_once('\t') else { continue };
            match section.as_str() {
                "votes" => {
                    for word in list.split_whitespace() {
                        self.word(&fold(word)).votes |= lang_bits(lang);
                    }
                }
                "spelling" => {
                    self.spellings.insert(lang.to_string(), list.trim().to_string());
                }
                "fragile" => {
                    for word in list.split_whitespace() {
                        self.fragile.entry(first(word)).or_default().push(word.to_string());
                    }
                }
                class => self.read_class(class, list),
            }
        }
    }

    fn read_class(&mut self, class: &str, list: &str) {
        let bit = self.claim(class);
        for word in list.split_whitespace() {
            match word.strip_suffix('~') {
                Some(prefix) => {
                    let prefix = fold(prefix);
                    self.class_prefixes.entry(first(&prefix)).or_default().push((prefix, bit));
                }
                None => self.word(&fold(word)).classes |= bit,
            }
        }
    }

    /// The entry of a folded word, made on first mention.
    fn word(&mut self, folded: &str) -> &mut Word {
        let id = u32::try_from(self.words.len() + 1).unwrap_or(0);
        self.words.entry(folded.to_string()).or_insert(Word { id, ..Word::default() })
    }

    /// The bit of a class, made on first mention. Past 64 classes a name gets no bit and so never matches.
    fn claim(&mut self, class: &str) -> u64 {
        let at = self.class_names.iter().position(|name| name == class).unwrap_or_else(|| {
            self.class_names.push(class.to_string());
            self.class_names.len() - 1
        });
        u32::try_from(at).ok().and_then(|at| 1u64.checked_shl(at)).unwrap_or(0)
    }

    fn read_cues(&mut self, cues: &str) {
        let mut heard: HashMap<u32, u8> = HashMap::new();
        for line in rows(cues) {
            if let Some(header) = line.strip_prefix('[') {
                self.features.extend(feature(header));
                continue;
            }
            let Some((lang, pattern)) = line.split_once('\t') else { continue };
            let Some(feature) = self.features.len().checked_sub(1) else { continue };
            let elements: Vec<Element> = pattern.split_whitespace().map(|word| self.element(word)).collect();
            let langs = lang_bits(lang);
            for element in &elements {
                let (Element::One(set) | Element::Maybe(set)) = element else { continue };
                for word in &set.exact {
                    *heard.entry(*word).or_default() |= langs;
                }
            }
            if !elements.is_empty() {
                self.patterns.push(Pattern::new(feature, langs, elements));
            }
        }
        // A long cue word of one language alone speaks for that language.
        for (word, entry) in
            self.words.iter_mut().filter(|(word, entry)| entry.votes == 0 && word.chars().count() >= 5)
        {
            entry.votes = heard.get(&entry.id).copied().filter(|langs| langs.count_ones() == 1).unwrap_or(0);
            debug_assert!(!word.is_empty());
        }
    }

    fn element(&mut self, word: &str) -> Element {
        match word {
            "^" => Element::Start,
            "$" => Element::End,
            ".." => Element::Gap(4),
            "..." => Element::Gap(12),
            _ => {
                if let Some(rest) = word.strip_prefix('?').filter(|rest| !rest.is_empty()) {
                    Element::Maybe(self.set(rest))
                } else if let Some(rest) = word.strip_prefix('!').filter(|rest| !rest.is_empty()) {
                    Element::Not(self.set(rest))
                } else {
                    Element::One(self.set(word))
                }
            }
        }
    }

    fn set(&mut self, alternatives: &str) -> Set {
        let mut set = Set::default();
        for word in alternatives.split('|') {
            match word {
                "_" => set.any = true,
                "@code" => set.code = true,
                "@num" => set.number = true,
                _ => {
                    if let Some(class) = word.strip_prefix('@').filter(|class| !class.is_empty()) {
                        set.classes |= self.claim(class);
                    } else if let Some(suffix) = word.strip_prefix('~').filter(|suffix| !suffix.is_empty()) {
                        set.suffix.push(fold(suffix));
                    } else if let Some(prefix) = word.strip_suffix('~').filter(|prefix| !prefix.is_empty()) {
                        set.prefix.push(fold(prefix));
                    } else {
                        set.exact.push(self.word(&fold(word)).id);
                    }
                }
            }
        }
        set.exact.sort_unstable();
        set
    }

    fn index(&mut self) {
        let room = self.words.len() + 1;
        (self.anchored, self.free, self.leading) = (Index::new(room), Index::new(room), Index::new(room));
        for (id, pattern) in self.patterns.iter().enumerate() {
            let anchored = pattern.elements.first() == Some(&Element::Start);
            if anchored {
                self.anchored.enter(id, pattern)
            } else {
                self.free.enter(id, pattern)
            }
            let leads = self.features.get(pattern.feature).is_some_and(|feature| {
                feature.effect == Effect::Lead
                    || (feature.words != Words::Keep && feature.effect == Effect::Cue)
            });
            if leads {
                self.leading.enter(id, pattern);
            }
        }
    }

    /// What the tables know of a folded word.
    pub fn look(&self, norm: &str) -> Word {
        let mut word = self.words.get(norm).copied().unwrap_or_default();
        for (prefix, bit) in self.class_prefixes.get(&first(norm)).into_iter().flatten() {
            if norm.starts_with(prefix.as_str()) {
                word.classes |= bit;
            }
        }
        word
    }

    /// The bit of a class by its name; 0 when the tables do not hold it.
    pub fn class(&self, name: &str) -> u64 {
        self.class_names
            .iter()
            .position(|known| known == name)
            .and_then(|at| u32::try_from(at).ok())
            .and_then(|at| 1u64.checked_shl(at))
            .unwrap_or(0)
    }

    /// The name of the first class among the bits.
    pub fn class_of(&self, classes: u64) -> Option<&str> {
        let first = usize::try_from(classes.trailing_zeros()).ok()?;
        self.class_names.get(first).map(String::as_str)
    }

    /// The whole words of a class.
    pub fn words(&self, class: &str) -> Vec<String> {
        let bit = self.class(class);
        self.words
            .iter()
            .filter(|(_, entry)| entry.classes & bit != 0)
            .map(|(word, _)| word.clone())
            .collect()
    }

    /// What a chat spelling stands for.
    pub fn spelling(&self, piece: &str) -> Option<&str> {
        self.spellings.get(piece).map(String::as_str)
    }

    /// Puts one slip of the finger right in a cue word ("alwyas"); other words pass.
    pub fn corrected(&self, piece: String) -> String {
        if piece.len() < 5 || self.words.contains_key(&piece) {
            return piece;
        }
        let near = |cue: &&String| cue.len().abs_diff(piece.len()) <= 1;
        let mut alike = self.fragile.get(&first(&piece)).into_iter().flatten().filter(near);
        alike.find(|cue| slip(&piece, cue)).cloned().unwrap_or(piece)
    }

    /// Whether the typed word is a slip of the cue word that it was read as.
    pub fn slipped(&self, norm: &str, typed: &str) -> bool {
        let mut alike = self.fragile.get(&first(norm)).into_iter().flatten();
        alike.any(|cue| cue == norm) && slip(&fold(typed), norm)
    }

    /// The languages that the words speak for, and the one they speak for most; none when no word does.
    pub fn langs(&self, tokens: &[Token]) -> Tongue {
        let mut count = [0usize; LANGS.len()];
        for token in tokens.iter().filter(|token| token.kind == Kind::Word) {
            for (bit, count) in count.iter_mut().enumerate() {
                *count += usize::from(token.votes >> bit & 1);
            }
        }
        let best = count.iter().copied().max().unwrap_or(0);
        if best == 0 {
            return Tongue::default();
        }
        let share = |least: usize| {
            count.iter().enumerate().filter(|(_, n)| **n >= least).fold(0, |set, (bit, _)| set | 1 << bit)
        };
        Tongue { any: share(best.div_ceil(3).max(1)), main: share(best) }
    }

    /// The longest lead-in or cue phrase that begins at `at`, for taking it off.
    pub fn leads_at(&self, tokens: &[Token], at: usize, langs: u8) -> Option<Hit> {
        let mut best: Option<Hit> = None;
        let here = &|position| position == at;
        self.leading.may_begin(tokens, at, &mut |id| {
            let Some(pattern) = self.patterns.get(id).filter(|pattern| pattern.langs & langs != 0) else {
                return;
            };
            let longer = |end: &usize| best.as_ref().map_or(at, |best| best.tokens.end) < *end;
            if let Some(end) = run(&pattern.elements, tokens, at, here).filter(longer) {
                best = Some(Hit { feature: pattern.feature, tokens: at..end });
            }
        });
        best
    }

    /// One bit for each word of the lexicon: whether it is among the tokens.
    fn present<'t>(&self, tokens: impl IntoIterator<Item = &'t Token>) -> Vec<u64> {
        let mut present = vec![0u64; self.words.len() / 64 + 1];
        for token in tokens {
            let word = usize::try_from(token.word).unwrap_or(0);
            if let Some(bits) = present.get_mut(word / 64) {
                *bits |= 1 << (word % 64);
            }
        }
        present
    }

    /// Which of the stretches of tokens hold the words that some pattern of the feature needs; the others cannot show it.
    pub fn may_show(&self, feature: &str, stretches: &[&[Token]]) -> Vec<bool> {
        let all = self.present(stretches.iter().copied().flatten());
        let named = |pattern: &&Pattern| {
            self.features.get(pattern.feature).is_some_and(|f| f.name == feature) && pattern.can_match(&all)
        };
        let patterns: Vec<&Pattern> = self.patterns.iter().filter(named).collect();
        let holds = |tokens: &&[Token]| {
            let present = self.present(*tokens);
            patterns.iter().any(|pattern| pattern.can_match(&present))
        };
        stretches.iter().map(holds).collect()
    }

    /// All matches that begin in the range and end before its end, where `heads` tells at which positions a clause begins.
    pub fn hits(
        &self,
        tokens: &[Token],
        range: Range<usize>,
        langs: u8,
        heads: &dyn Fn(usize) -> bool,
    ) -> Vec<Hit> {
        let mut found = Vec::new();
        let window = tokens.get(..range.end).unwrap_or(tokens);
        // Most patterns name a word that the sentence does not hold; they are told apart without a walk over the tokens.
        let present = self.present(window.get(range.start..).unwrap_or(&[]));
        let mut asked: Vec<Option<bool>> = vec![None; self.patterns.len()];
        for at in range {
            let mut each = |id: usize| {
                let (Some(pattern), Some(asked)) = (self.patterns.get(id), asked.get_mut(id)) else { return };
                let wanted =
                    *asked.get_or_insert_with(|| pattern.langs & langs != 0 && pattern.can_match(&present));
                if !wanted {
                    return;
                }
                if let Some(end) = run(&pattern.elements, window, at, heads).filter(|end| *end > at) {
                    found.push(Hit { feature: pattern.feature, tokens: at..end });
                }
            };
            self.free.may_begin(window, at, &mut each);
            if heads(at) {
                self.anchored.may_begin(window, at, &mut each);
            }
        }
        found
    }
}

/// What a word is filed under.
fn first(word: &str) -> u8 {
    word.as_bytes().first().copied().unwrap_or(0)
}

fn rows(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with("//"))
}

/// Reads `name weight effect words] reason`.
fn feature(header: &str) -> Option<Feature> {
    let (head, reason) = header.split_once(']')?;
    let mut words = head.split_whitespace();
    let name = words.next()?.to_string();
    let weight = words.next()?.parse().ok()?;
    let effect = match words.next()? {
        "cue" => Effect::Cue,
        "veto" => Effect::Veto,
        "lead" => Effect::Lead,
        _ => Effect::Note,
    };
    let words = match words.next()? {
        "drop" => Words::Drop,
        "scope" => Words::Scope,
        _ => Words::Keep,
    };
    Some(Feature { name, weight, effect, words, reason: reason.trim().to_string() })
}

fn lang_bits(lang: &str) -> u8 {
    if lang == "*" {
        return ALL_LANGS;
    }
    lang.split(',')
        .filter_map(|lang| LANGS.iter().position(|known| *known == lang))
        .fold(0, |set, bit| set | 1 << bit)
}
