//! Layer one: finds directives in the user's own words, offline and fast. It never edits and never asks a model.
//!
//! Mask what is not the user's own statement, cut the rest into clauses, read each by the cue tables and by its shape, weigh all that it
//! shows by fitted evidence, what speaks against it too, and say what is left as one sentence in the user's words.

mod adopt;
mod doubt;
mod evidence;
mod frame;
mod group;
mod join;
mod judge;
mod known;
pub(super) mod pattern;
mod phrase;
mod question;
mod rows;

use std::ops::Range;

use super::clause::{self, End, Item, Sentence, Token};
use super::cues::{ALL_LANGS, Hit, Lexicon, Tongue};
use super::mask::{self, Hidden, Masker, Signals};
use super::secret::Secrets;
use super::{Band, Candidate, Span, document::Document};
use adopt::Seen;
pub use evidence::Block;
use evidence::{BLOCKS, Scene, Weights};
use frame::Mood;
use group::Bits;
use judge::{Followed, Group, Inherited, Judge, Names, Setting};
use known::Known;
use phrase::Phrases;

/// From these log-odds on a candidate is offered even when the model is silent.
const STRONG: f32 = 0.2;
/// From these log-odds on a candidate needs the model's agreement.
const WEAK: f32 = -1.5;
/// Added to the threshold for a message that is one paste, since it may not be the user's own prompt.
const PASTE_CAUTION: f32 = 0.5;
/// By the rules alone, before the fitted evidence: a statement that nothing else needs to confirm.
const PLAIN: f32 = 0.8;

/// What the detector makes of one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// Whether the message states a durable directive, even one that KB.md already holds.
    pub durable: bool,
    /// Strong and weak candidates in the order of the message.
    pub candidates: Vec<Candidate>,
}

/// The detector with its tables compiled. Build it once and keep it; every call is independent. The default has no tables and finds
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    lexicon: Lexicon,
    masker: Masker,
    bits: Bits,
    names: Names,
    secrets: Secrets,
    phrases: Phrases,
    weights: Weights,
}

/// What a clause shows, block by block, and what the rules alone make of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub evidence: Vec<(Block, Vec<String>)>,
    pub score: f32,
    /// Where the clause stands in the joined message.
    pub bytes: Range<usize>,
}

/// Whether a token stands for a whole block that is not the user's own: a log, a fence.
fn block(token: &Token) -> bool {
    matches!(token.kind, clause::Kind::Masked(hidden) if hidden.is_block())
}

/// A message read: its text, tokens, hidden regions and weighed groups.
struct Reading {
    text: String,
    tokens: Vec<Token>,
    sentences: Vec<Sentence>,
    setting: Setting,
    tongue: Tongue,
    groups: Vec<Group>,
    adopted: Option<Range<usize>>,
}

impl Detector {
    /// Parses the tables and compiles the shapes.
    pub fn new() -> Self {
        Self::with_weights(Weights::new())
    }

    /// A detector that weighs its evidence by another table than the one that dictum ships with (the rows of `assets/kb/evidence.txt`).
    pub fn weighed_by(table: &str) -> Self {
        Self::with_weights(Weights::parse(table))
    }

    fn with_weights(weights: Weights) -> Self {
        let lexicon = Lexicon::new();
        let signals = Signals {
            handles: lexicon.words("handles"),
            reports: lexicon.words("reports"),
            rules: lexicon.words("rules"),
        };
        let bits = Bits::new(&lexicon);
        let names = Names::new(&lexicon);
        Self {
            masker: Masker::new(signals),
            bits,
            names,
            secrets: Secrets::new(),
            phrases: Phrases::new(),
            weights,
            lexicon,
        }
    }

    /// Finds the directives of a message against the KB.md that it meets.
    pub fn detect(&self, spans: &[Span], kb: &Document) -> Detection {
        let caution = if mask::own_paste(spans) { PASTE_CAUTION } else { 0.0 };
        let reading = self.read(spans, &Known::new(kb));
        let mut candidates: Vec<Candidate> = Vec::new();
        let scene = self.scene(&reading);
        let groups = self.merged(&reading);
        let message = self.weights.of_message(&scene);
        for (at, group) in groups.iter().enumerate() {
            let odds = message + self.weights.of_group(&scene, &groups, at);
            let band = match odds - caution {
                s if s >= STRONG && self.is_snippet(&groups, group) => Band::Weak,
                s if s >= STRONG => Band::Strong,
                s if s >= WEAK => Band::Weak,
                _ => continue,
            };
            let writer = phrase::Writer {
                lexicon: &self.lexicon,
                bits: &self.bits,
                names: &self.names,
                phrases: &self.phrases,
                text: &reading.text,
                tokens: &reading.tokens,
            };
            for mut candidate in writer.candidates(group, band, odds) {
                if candidate.reasons.is_empty() {
                    candidate.reasons.push(self.reading_of(&reading, &scene, group));
                }
                let again = candidates
                    .iter()
                    .any(|known| known.text == candidate.text && known.revokes == candidate.revokes);
                if !self.secrets.found(doubt::around(&reading.text, &candidate))
                    && !again
                    && !doubt::unwanted(&candidate)
                {
                    candidates.push(candidate);
                }
            }
        }
        Detection { durable: candidates.iter().any(|candidate| candidate.band == Band::Strong), candidates }
    }

    /// Whether a message is a few words that may as well name a task ("code review", "npm run lint"): nothing in them says that they are to
    /// hold from now on, so they count only where the model agrees.
    fn is_snippet(&self, groups: &[Group], group: &Group) -> bool {
        const FEW: usize = 6;
        /// By the rules alone: a word such as "everywhere" or a style speaks for a rule from here on.
        const SPEAKS: f32 = 0.5;
        let says_little = |hit: &Hit| self.names.is(hit, "talk") || self.names.is(hit, "allot");
        groups.len() == 1
            && group.tokens.len() <= FEW
            && group.score < SPEAKS
            && group.hits.iter().all(says_little)
    }

    /// The joined message, byte for byte as long, with everything that is not the user's own statement blanked by spaces: pastes, quotes,
    /// code, logs. Words that the user adopts ("treat it as a rule") stay.
    pub fn typed_unmasked(&self, spans: &[Span]) -> String {
        let Seen { mut text, regions, .. } = self.seen(spans);
        for region in regions.iter().rev().filter(|region| region.hidden != Hidden::Named) {
            let blank = " ".repeat(region.range.len());
            if text.is_char_boundary(region.range.start) && text.is_char_boundary(region.range.end) {
                text.replace_range(region.range.clone(), &blank);
            }
        }
        text
    }

    /// Why no directive may come from these words by themselves: a question, a plan, "for now", a secret. `None` when nothing speaks
    /// against them.
    pub fn vetoed(&self, quote: &str) -> Option<String> {
        if self.secrets.found(quote) {
            return Some("holds something that looks like a secret".into());
        }
        let reading = self.read(&[Span::typed(quote)], &Known::default());
        let mut vetoes = reading.groups.iter().filter(|group| !group.bare);
        let open = vetoes.clone().any(|group| group.veto.is_none() && group.score >= PLAIN);
        if open { None } else { vetoes.find_map(|group| group.veto.clone()) }
    }

    /// Why the clause of the message that holds these bytes may not become a directive. Unlike [`Self::vetoed`] it sees what stands
    /// around the words, such as the question mark at the end of their sentence.
    pub fn vetoed_in(&self, spans: &[Span], range: &Range<usize>) -> Option<String> {
        let reading = self.read(spans, &Known::default());
        if reading.text.get(range.clone()).is_some_and(|words| self.secrets.found(words)) {
            return Some("holds something that looks like a secret".into());
        }
        reading
            .groups
            .iter()
            .filter(|group| {
                let bytes = phrase::bytes(&reading.tokens, &group.tokens);
                bytes.start < range.end && range.start < bytes.end && !group.bare
            })
            .find_map(|group| group.veto.clone())
    }

    /// What each clause of a message shows, for those who fit the weights.
    pub fn study(&self, spans: &[Span], kb: &Document) -> Vec<Shown> {
        let reading = self.read(spans, &Known::new(kb));
        let scene = self.scene(&reading);
        let groups = self.merged(&reading);
        let shown = |at: usize, group: &Group| {
            let mut evidence = Vec::new();
            for block in BLOCKS {
                let mut names: Vec<String> = Vec::new();
                scene.shows(block, &groups, at, &mut |parts| names.push(parts.concat()));
                names.sort_unstable();
                names.dedup();
                evidence.push((block, names));
            }
            Shown { evidence, score: group.score, bytes: phrase::bytes(&reading.tokens, &group.tokens) }
        };
        groups.iter().enumerate().map(|(at, group)| shown(at, group)).collect()
    }

    /// The reason of a candidate that no cue speaks for: the words that weigh most.
    fn reading_of(&self, reading: &Reading, scene: &Scene<'_>, group: &Group) -> String {
        let words = self.weights.telling(scene, group).map(|range| phrase::bytes(&reading.tokens, &range));
        match words.and_then(|bytes| reading.text.get(bytes)).filter(|words| !words.is_empty()) {
            Some(words) => format!("reads like a standing rule: \"{}\"", words.replace('\n', " ")),
            None => "reads like a standing rule".to_string(),
        }
    }

    fn scene<'a>(&'a self, reading: &'a Reading) -> Scene<'a> {
        Scene {
            lexicon: &self.lexicon,
            tokens: &reading.tokens,
            sentences: &reading.sentences,
            setting: reading.setting,
            tongue: reading.tongue,
            material: reading.tokens.iter().any(block),
        }
    }

    /// One line for each clause: its score, its veto if any, its features, its words. For tests and for "why was this not offered?".
    pub fn explain(&self, spans: &[Span], kb: &Document) -> Vec<String> {
        let reading = self.read(spans, &Known::new(kb));
        reading
            .groups
            .iter()
            .map(|group| {
                let names: Vec<&str> = group
                    .hits
                    .iter()
                    .filter_map(|hit| self.lexicon.features.get(hit.feature))
                    .map(|feature| feature.name.as_str())
                    .collect();
                let names: Vec<String> = names
                    .iter()
                    .zip(&group.hits)
                    .map(|(name, hit)| {
                        format!(
                            "{name}={}",
                            reading.text.get(phrase::bytes(&reading.tokens, &hit.tokens)).unwrap_or("")
                        )
                    })
                    .collect();
                let moods: Vec<String> = group
                    .pieces
                    .iter()
                    .map(|(_, frame)| format!("{:?} {:.2}", frame.mood, frame.score))
                    .collect();
                let words = reading.text.get(phrase::bytes(&reading.tokens, &group.tokens)).unwrap_or("");
                let veto = group.veto.as_deref().unwrap_or("-");
                let kind = if group.bare { "bare" } else { "says" };
                format!("{:.2} veto: {veto} {kind} {moods:?} {names:?} {words:?}", group.score)
            })
            .collect()
    }

    fn judge<'a>(&'a self, text: &'a str, tokens: &'a [Token]) -> Judge<'a> {
        let heard = self.lexicon.langs(tokens);
        let tongue = if heard.any == 0 { Tongue { any: ALL_LANGS, main: ALL_LANGS } } else { heard };
        Judge { lexicon: &self.lexicon, bits: &self.bits, names: &self.names, text, tokens, tongue }
    }

    fn read(&self, spans: &[Span], known: &Known) -> Reading {
        let Seen { text, tokens, adopted, .. } = self.seen(spans);
        let sentences = clause::sentences(&text, &tokens);
        let (groups, setting, tongue) = {
            let judge = self.judge(&text, &tokens);
            let mut all: Vec<Vec<Group>> =
                sentences.iter().enumerate().map(|(i, s)| judge.groups(i, s)).collect();
            let setting = self.setting(&judge, &sentences, &all);
            let mut inherited = Inherited::Nothing;
            let mut listed = false;
            for (sentence, groups) in sentences.iter().zip(&mut all) {
                let in_list = sentence.item == Item::Listed;
                if listed && !in_list {
                    inherited = Inherited::Nothing;
                }
                listed = in_list;
                let bytes = phrase::bytes(&tokens, &sentence.tokens);
                let own = adopted
                    .as_ref()
                    .is_some_and(|range| range.start <= bytes.start && bytes.end <= range.end);
                let from =
                    if own { Inherited::Rule("adopted in your own words".into()) } else { inherited.clone() };
                let tasks: Vec<bool> =
                    groups.iter().map(|g| g.pieces.iter().any(|(_, f)| f.mood == Mood::Task)).collect();
                let mut carried = from;
                for (at, group) in groups.iter_mut().enumerate() {
                    let followed =
                        if tasks.get(at + 1) == Some(&true) { Followed::ByTask } else { Followed::ByNothing };
                    judge.weigh(group, sentence, setting, followed, &carried, known);
                    // What an artefact or a report introduces with a colon is its content.
                    let content = judge.introduces(group);
                    if let Some(reason) = group.veto.clone().filter(|_| content) {
                        carried = Inherited::Veto(reason);
                    }
                }
                if sentence.end == End::Colon {
                    inherited = self.inherit(groups);
                } else if !in_list {
                    inherited = Inherited::Nothing;
                }
            }
            (all.into_iter().flatten().collect(), setting, judge.tongue)
        };
        Reading { text, tokens, sentences, setting, tongue, groups, adopted }
    }

    /// What a lead-in with a colon says about the list below it.
    fn inherit(&self, groups: &[Group]) -> Inherited {
        if let Some(reason) = groups.iter().find_map(|group| group.veto.clone()) {
            return Inherited::Veto(reason);
        }
        let rule =
            groups.iter().any(|group| self.names.any(&group.hits, &["durable", "kbcmd", "memory", "adopt"]));
        if rule {
            Inherited::Rule("stands under a lead-in that announces rules".into())
        } else {
            Inherited::Nothing
        }
    }

    fn setting(&self, judge: &Judge<'_>, sentences: &[clause::Sentence], groups: &[Vec<Group>]) -> Setting {
        let mut setting = Setting::Plain;
        for (sentence, groups) in sentences.iter().zip(groups) {
            let asks = sentence.end == End::Question
                || groups
                    .first()
                    .and_then(|g| g.pieces.first())
                    .is_some_and(|(piece, _)| judge.question_head(piece) && sentence.end == End::Question);
            let fault = groups.iter().flat_map(|g| &g.pieces).any(|(_, frame)| frame.trouble);
            if asks || fault {
                return Setting::Trouble;
            }
            let works = groups.iter().flat_map(|g| &g.pieces).any(|(_, frame)| frame.mood == Mood::Task);
            if works {
                setting = Setting::Work;
            }
        }
        setting
    }
}
