//! What a clause shows beyond the cue tables: its build, its words, their letters, what stands around it, each with a fitted weight. It
//! holds no message and no sentence, and gives no reason of its own.

use std::ops::Range;

use crate::domain::kb::clause::{End, Item, Kind, Sentence, Token};
use crate::domain::kb::cues::{Lexicon, Tongue};

use super::frame::Mood;
use super::judge::{Group, Setting};
use super::rows::Rows;

const WEIGHTS: &str = include_str!("../../../../assets/kb/evidence.txt");

/// What a piece of evidence is about. Each block counts as one, however many pieces it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// What the rules made of it, and where it stands.
    Build,
    /// Its words, alone and in pairs.
    Words,
    /// Runs of letters of its words, which carry endings of any language.
    Letters,
    /// The words of the whole message.
    Message,
    /// What the clauses before and after it are.
    Beside,
}

/// All blocks in the order of the table.
pub const BLOCKS: [Block; 5] = [Block::Build, Block::Words, Block::Letters, Block::Message, Block::Beside];

impl Block {
    /// The header in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Words => "words",
            Self::Letters => "letters",
            Self::Message => "message",
            Self::Beside => "beside",
        }
    }
}

/// The fitted table: for every piece of evidence how rare it is and how much it speaks for a directive.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    bias: f32,
    blocks: [Rows; BLOCKS.len()],
}

impl Weights {
    /// The table that dictum ships with.
    pub fn new() -> Self {
        Self::parse(WEIGHTS)
    }

    /// Reads `[block]` headers and rows of `name <tab> rarity <tab> weight`; a row that cannot be read is left out.
    pub fn parse(table: &str) -> Self {
        let mut weights = Self::default();
        let mut at = 0;
        for line in table.lines().filter(|line| !line.starts_with("//")) {
            if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                at = BLOCKS.iter().position(|block| block.word() == header).unwrap_or(BLOCKS.len());
                continue;
            }
            let mut columns = line.split('\t');
            let (Some(name), Some(rarity), Some(weight)) = (columns.next(), columns.next(), columns.next())
            else {
                continue;
            };
            let (Ok(rarity), Ok(weight)) = (rarity.parse::<f32>(), weight.parse::<f32>()) else { continue };
            if name == "bias" {
                weights.bias = weight;
            } else if let Some(rows) = weights.blocks.get_mut(at) {
                rows.enter(name, rarity, weight);
            }
        }
        weights
    }

    /// The part of the message as a whole, the same for all its groups.
    pub fn of_message(&self, scene: &Scene<'_>) -> f32 {
        self.bias + self.sum(Block::Message, &mut |visit| scene.message(visit))
    }

    /// The log-odds that the group states a directive, without the part of the message.
    pub fn of_group(&self, scene: &Scene<'_>, groups: &[Group], at: usize) -> f32 {
        let Some(group) = groups.get(at) else { return 0.0 };
        self.sum(Block::Build, &mut |visit| scene.build(group, visit))
            + self.sum(Block::Words, &mut |visit| scene.words(group, visit))
            + self.letters(scene, group)
            + self.sum(Block::Beside, &mut |visit| scene.beside(groups, at, visit))
    }

    /// The two neighbouring words of the group that speak most for a directive, as a range of tokens.
    pub fn telling(&self, scene: &Scene<'_>, group: &Group) -> Option<Range<usize>> {
        let rows = self.rows(Block::Words)?;
        let spoken = |at: &usize| {
            let token = scene
                .tokens
                .get(*at)
                .filter(|token| matches!(token.kind, Kind::Word | Kind::Code | Kind::Number));
            token.map(spelled)
        };
        let places: Vec<usize> = group.tokens.clone().filter(|at| spoken(at).is_some()).collect();
        let pairs = places.windows(2).filter_map(|pair| {
            let (from, to) = (pair.first()?, pair.last()?);
            let (one, other) = (spoken(from)?, spoken(to)?);
            let beside = if to - from == 1 { rows.weight(&[one, " ", other]) } else { 0.0 };
            Some((*from..to + 1, rows.weight(&[one]) + rows.weight(&[other]) + beside))
        });
        pairs
            .filter(|(_, weight)| *weight > 0.0)
            .max_by(|one, other| one.1.total_cmp(&other.1))
            .map(|(range, _)| range)
    }

    fn rows(&self, block: Block) -> Option<&Rows> {
        BLOCKS.iter().position(|known| *known == block).and_then(|at| self.blocks.get(at))
    }

    fn sum(&self, block: Block, shows: &mut dyn FnMut(Visit<'_>)) -> f32 {
        let Some(mut sum) = self.rows(block).map(Rows::sum) else { return 0.0 };
        shows(&mut |parts| sum.add(parts));
        sum.of_length_one()
    }

    /// As [`Self::sum`] of the letters, which are too many to be visited one by one.
    fn letters(&self, scene: &Scene<'_>, group: &Group) -> f32 {
        let Some(mut sum) = self.rows(Block::Letters).map(Rows::sum) else { return 0.0 };
        let mut framed = String::new();
        for token in scene.tokens.get(group.tokens.clone()).unwrap_or(&[]) {
            framed.clear();
            framed.extend(["^", spelled(token), "$"]);
            sum.add_runs(&framed);
        }
        sum.of_length_one()
    }
}

/// What stands around a group.
pub struct Scene<'a> {
    pub lexicon: &'a Lexicon,
    pub tokens: &'a [Token],
    pub sentences: &'a [Sentence],
    pub setting: Setting,
    pub tongue: Tongue,
    /// Whether the message holds a block that is not the user's own: a log, a fence.
    pub material: bool,
}

/// Takes the name, in parts, of a piece of evidence. One may come twice.
pub type Visit<'v> = &'v mut dyn FnMut(&[&str]);

impl Scene<'_> {
    /// The pieces of one block.
    pub fn shows(&self, block: Block, groups: &[Group], at: usize, visit: Visit<'_>) {
        let Some(group) = groups.get(at) else { return };
        match block {
            Block::Build => self.build(group, visit),
            Block::Words => self.words(group, visit),
            Block::Letters => self.letters(group, visit),
            Block::Message => self.message(visit),
            Block::Beside => self.beside(groups, at, visit),
        }
    }

    fn build(&self, group: &Group, visit: Visit<'_>) {
        self.rules(group, visit);
        self.place(group, visit);
        self.classes(group, visit);
    }

    /// What the rules made of it.
    fn rules(&self, group: &Group, visit: Visit<'_>) {
        steps("s", group.score, &[-0.5, 0.01, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0], visit);
        let shape = group.pieces.iter().map(|(_, frame)| frame.score).fold(0.0, f32::max);
        steps("f", shape, &[0.01, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9], visit);
        steps("kb", group.overlap, &[0.3, 0.5, 0.7, 0.9], visit);
        if group.slot {
            visit(&["slot"]);
        }
        for name in &group.against {
            visit(&["v:", name]);
        }
        if group.against.is_empty() {
            visit(&["v-"]);
        }
        if group.bare {
            visit(&["bare"]);
        }
        let first = group.tokens.start;
        for hit in &group.hits {
            let Some(feature) = self.lexicon.features.get(hit.feature) else { continue };
            visit(&["h:", &feature.name]);
            if hit.tokens.start <= first + 1 {
                visit(&["h0:", &feature.name]);
            }
        }
        let mut before = "";
        for (at, (_, frame)) in group.pieces.iter().enumerate() {
            let mood = mood(frame.mood);
            visit(&["m:", mood]);
            if at == 0 {
                visit(&["m0:", mood]);
            }
            visit(&["mm:", before, "+", mood]);
            before = mood;
            let flags = [
                (frame.trouble, "trouble"),
                (frame.target, "target"),
                (frame.single, "single"),
                (frame.modal, "modal"),
            ];
            for (_, flag) in flags.iter().filter(|(on, _)| *on) {
                visit(&["is:", flag]);
            }
        }
        visit(&["mm:", before, "+"]);
    }

    /// Where it stands in the message.
    fn place(&self, group: &Group, visit: Visit<'_>) {
        visit(&["in:", setting(self.setting)]);
        if group.item == Item::Listed {
            visit(&["listed"]);
        }
        visit(&["end:", self.end(group)]);
        let last = self.sentences.len().saturating_sub(1);
        let whole = self
            .sentences
            .get(group.sentence)
            .is_some_and(|s| s.tokens.start >= group.tokens.start && s.tokens.end <= group.tokens.end);
        let place = match (group.sentence, last) {
            (0, 0) if whole => "all",
            (0, 0) => "part",
            (0, _) => "first",
            (at, last) if at >= last => "last",
            _ => "middle",
        };
        visit(&["at:", place]);
        if self.material {
            visit(&["material"]);
        }
        let length = match group.tokens.len() {
            0..=2 => "2",
            3..=4 => "4",
            5..=7 => "7",
            8..=12 => "12",
            13..=20 => "20",
            21..=32 => "32",
            _ => "more",
        };
        visit(&["len:", length]);
        visit(&["tongue:", if self.tongue.main & 1 == 1 { "en" } else { "other" }]);
    }

    fn end(&self, group: &Group) -> &'static str {
        self.sentences.get(group.sentence).map_or("line", |sentence| match sentence.end {
            End::Stop => "stop",
            End::Question => "question",
            End::Colon => "colon",
            End::Line => "line",
        })
    }

    /// The classes of its words and how they follow each other, and the words at its head.
    fn classes(&self, group: &Group, visit: Visit<'_>) {
        let head = group.pieces.first().map_or(group.tokens.start, |(piece, _)| piece.head);
        let mut before = "^";
        for i in group.tokens.clone() {
            let Some(token) = self.tokens.get(i) else { break };
            let class = self.class(token);
            visit(&["c:", class]);
            visit(&["cb:", before, " ", class]);
            let place = i.checked_sub(head).and_then(|behind| ["0", "1", "2"].get(behind)).copied();
            if let Some(place) = place {
                visit(&["w", place, ":", self.form(token)]);
                visit(&["k", place, ":", class]);
            }
            before = class;
        }
        visit(&["cb:", before, " $"]);
    }

    fn words(&self, group: &Group, visit: Visit<'_>) {
        let (mut last, mut before) = ("", "^");
        for token in self.tokens.get(group.tokens.clone()).unwrap_or(&[]) {
            let word = spelled(token);
            visit(&[word]);
            visit(&[before, " ", word]);
            if !last.is_empty() {
                visit(&[last, "_", word]);
            }
            (last, before) = (before, word);
        }
        visit(&[before, " $"]);
    }

    fn letters(&self, group: &Group, visit: Visit<'_>) {
        for token in self.tokens.get(group.tokens.clone()).unwrap_or(&[]) {
            letters_of(spelled(token), visit);
        }
    }

    fn message(&self, visit: Visit<'_>) {
        for token in self.tokens {
            visit(&[spelled(token)]);
        }
    }

    fn beside(&self, groups: &[Group], at: usize, visit: Visit<'_>) {
        let neighbours = [("<", at.checked_sub(1)), (">", Some(at + 1))];
        for (side, neighbour) in neighbours {
            let Some(group) = neighbour.and_then(|at| groups.get(at)) else {
                visit(&[side, "none"]);
                continue;
            };
            visit(&[side, "end:", self.end(group)]);
            if let Some((_, frame)) = group.pieces.first() {
                visit(&[side, "m0:", mood(frame.mood)]);
            }
            for name in &group.against {
                visit(&[side, "v:", name]);
            }
            steps(side, group.score, &[0.01, 0.45, 0.8, 1.3], visit);
            for hit in &group.hits {
                if let Some(feature) = self.lexicon.features.get(hit.feature) {
                    visit(&[side, "h:", &feature.name]);
                }
            }
        }
    }

    /// A word that a table knows, or the build of one that none knows.
    fn form<'t>(&self, token: &'t Token) -> &'t str {
        match token.kind {
            Kind::Word if token.word == 0 => build(&token.norm),
            Kind::Word | Kind::Mark | Kind::Code | Kind::Number | Kind::Break | Kind::Masked(_) => {
                spelled(token)
            }
        }
    }

    /// The first class of a word, which is shared by the languages.
    fn class<'s>(&'s self, token: &'s Token) -> &'s str {
        match token.kind {
            Kind::Word => self.lexicon.class_of(token.classes).unwrap_or_else(|| build(&token.norm)),
            Kind::Mark | Kind::Code | Kind::Number | Kind::Break | Kind::Masked(_) => self.form(token),
        }
    }
}

/// The runs of three to five characters of a word between its marks, `^` before it and `$` behind it.
fn letters_of(word: &str, visit: Visit<'_>) {
    let framed = format!("^{word}$");
    let starts: Vec<usize> = framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
    for length in 3..=5 {
        for window in starts.windows(length + 1) {
            if let (Some(from), Some(to)) = (window.first(), window.last()) {
                visit(&[framed.get(*from..*to).unwrap_or("")]);
            }
        }
    }
}

/// A word as it is; anything else by its kind.
fn spelled(token: &Token) -> &str {
    match token.kind {
        Kind::Word | Kind::Mark => &token.norm,
        Kind::Code => "@code",
        Kind::Number => "@num",
        Kind::Break => "@line",
        Kind::Masked(hidden) if hidden.is_block() => "@block",
        Kind::Masked(_) => "@quote",
    }
}

/// A word by its ending.
fn build(word: &str) -> &'static str {
    if word.ends_with("ing") {
        "@ing"
    } else if word.ends_with("ed") {
        "@ed"
    } else if word.ends_with('s') && !word.ends_with("ss") {
        "@s"
    } else {
        "@x"
    }
}

fn steps(name: &str, value: f32, edges: &[f32], visit: Visit<'_>) {
    const MARKS: [&str; 10] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    for (edge, mark) in edges.iter().zip(MARKS) {
        if value >= *edge - 0.001 {
            visit(&[name, ">", mark]);
        }
    }
}

fn mood(mood: Mood) -> &'static str {
    match mood {
        Mood::Task => "task",
        Mood::Order => "order",
        Mood::Statement => "statement",
        Mood::Condition => "condition",
        Mood::Fragment => "fragment",
        Mood::Empty => "empty",
    }
}

fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Plain => "plain",
        Setting::Work => "work",
        Setting::Trouble => "trouble",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::domain::kb::Span;
    use crate::domain::kb::clause::tokens;
    use crate::domain::kb::detect::Detector;
    use crate::domain::kb::document::Document;

    use super::*;
    use crate::domain::kb::detect::rows::{each_run, hashed};

    #[test]
    fn letters_hashed_in_runs_are_the_letters_that_are_named() {
        let lexicon = Lexicon::new();
        let tokens = tokens("perché a `code` 🙂🙂 ok, straße", &[], &lexicon);
        for token in &tokens {
            let word = spelled(token);
            let (mut named, mut run) = (Vec::new(), Vec::new());
            letters_of(word, &mut |parts| named.push(hashed(parts)));
            each_run(&format!("^{word}$"), &mut |hash| run.push(hash));
            named.sort_unstable();
            run.sort_unstable();
            assert_eq!(named, run, "{word}");
        }
    }

    /// The rows of a table, each with its block; a line that is none stops the test.
    fn rows(table: &str) -> Vec<(Block, &str, f32, f32)> {
        let mut block = None;
        let mut rows = Vec::new();
        for (at, line) in table.lines().enumerate().filter(|(_, line)| !line.starts_with("// ")) {
            if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                block = Some(BLOCKS.into_iter().find(|known| known.word() == header));
                assert!(block.flatten().is_some(), "line {}: no block is called {header:?}", at + 1);
                continue;
            }
            let columns: Vec<&str> = line.split('\t').collect();
            let read = match columns.as_slice() {
                [name, rarity, weight] => rarity.parse().ok().zip(weight.parse().ok()).map(|of| (*name, of)),
                _ => None,
            };
            let (Some(block), Some((name, (rarity, weight)))) = (block.flatten(), read) else {
                panic!("line {} is no row of a block: {line:?}", at + 1);
            };
            rows.push((block, name, rarity, weight));
        }
        rows
    }

    /// The shipped table with another weight in one row.
    fn with(block: Block, name: &str, weight: &str) -> Weights {
        let mut header = "";
        let mut changed = 0;
        let table: Vec<String> = WEIGHTS
            .lines()
            .map(|line| {
                if line.starts_with('[') && line.ends_with(']') {
                    header = line;
                }
                match line.split_once('\t') {
                    Some((found, rest)) if found == name && header == format!("[{}]", block.word()) => {
                        changed += 1;
                        let rarity = rest.split('\t').next().unwrap_or("1");
                        format!("{name}\t{rarity}\t{weight}")
                    }
                    Some(_) | None => line.to_string(),
                }
            })
            .collect();
        assert!(changed > 0, "no row {name:?} under {}", block.word());
        Weights::parse(&table.join("\n"))
    }

    #[test]
    fn every_row_of_the_table_can_be_read_and_is_kept() {
        let rows = rows(WEIGHTS);
        let biases: Vec<_> = rows.iter().filter(|(_, name, ..)| *name == "bias").collect();
        assert!(
            matches!(biases.as_slice(), [(Block::Build, _, rarity, weight)] if *rarity == 1.0 && *weight < 0.0)
        );
        for (block, name, rarity, weight) in &rows {
            assert!(weight.is_finite() && *rarity >= 1.0, "{} {name:?}: {rarity} {weight}", block.word());
        }
        let unlike: BTreeSet<(&str, &str)> =
            rows.iter().map(|(block, name, ..)| (block.word(), *name)).collect();
        assert_eq!(unlike.len(), rows.len(), "a name stands twice in its block");
        // What is kept by hash, too: no two names of a block may share one.
        let weights = Weights::new();
        let kept: usize = weights.blocks.iter().map(Rows::len).sum();
        assert_eq!(kept + 1, rows.len());
        assert!(weights.blocks.iter().all(|rows| rows.len() > 0), "a block has no row");
        assert!(weights.bias < 0.0, "most clauses state no rule, so the bias speaks against one");
    }

    #[test]
    fn the_weights_decide() {
        let says = |weights: Weights, message: &str| {
            let detector = Detector { weights, ..Detector::new() };
            detector.detect(&[Span::typed(message)], &Document::default()).durable
        };
        let (rule, task) = ("from now on use tabs", "add a login page to the shop");
        assert!(says(Weights::new(), rule) && !says(Weights::new(), task));
        assert!(!says(with(Block::Build, "bias", "-99"), rule));
        assert!(says(with(Block::Build, "bias", "99"), task));
        assert!(!says(with(Block::Build, "h:durable", "-99"), rule));
        assert!(says(with(Block::Words, "add", "99"), task));
        assert!(!says(with(Block::Message, "now", "-99"), rule));
        // A row that the message does not show changes nothing.
        assert!(says(with(Block::Words, "add", "-99"), rule));
    }
}
