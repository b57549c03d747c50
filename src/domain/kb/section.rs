//! Under which heading a new rule belongs: by topic, by the heading's words and by the rules that stand there. It never edits.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Kind};
use super::facts::{Facts, Tables};
use super::slots::Topic;
use super::words::{Overlap, ratio};

/// What a heading that names the rule's matter counts.
const NAMED: f32 = 0.6;

/// What the words that a rule shares with a section count.
const KINSHIP: f32 = 1.5;

/// How much a rule belongs to each topic, 0 to 1.
type Weights = BTreeMap<String, f32>;

/// The section for a new rule: a heading of KB.md, or a new one when KB.md has no rules; `None` when KB.md has rules but no heading.
pub fn choose(tables: &Tables, kb: &Document, facts: &Facts, hint: Option<&str>) -> Option<String> {
    let wanted = topics_of(tables, facts);
    if kb.entries.is_empty() && kb.sections.is_empty() {
        return Some(new_heading(tables, &wanted, facts));
    }
    let profile = Profile::new(tables, kb, facts, wanted, hint);
    (0..kb.sections.len())
        .filter(|at| profile.may_hold(*at))
        .map(|at| (at, profile.score(at)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .and_then(|(at, _)| kb.sections.get(at))
        .map(|section| section.heading.clone())
}

struct Profile<'a> {
    tables: &'a Tables,
    kb: &'a Document,
    facts: &'a Facts,
    wanted: Weights,
    hint: Option<&'a str>,
    /// The rules of each section, understood.
    rules: Vec<Vec<Facts>>,
    /// What each section's heading and rules speak of.
    words: Vec<BTreeSet<String>>,
}

impl<'a> Profile<'a> {
    fn new(
        tables: &'a Tables,
        kb: &'a Document,
        facts: &'a Facts,
        wanted: Weights,
        hint: Option<&'a str>,
    ) -> Self {
        let mut profile = Self { tables, kb, facts, wanted, hint, rules: Vec::new(), words: Vec::new() };
        for (at, section) in kb.sections.iter().enumerate() {
            let rules: Vec<Facts> = profile.texts(at).map(|rule| Facts::of(tables, rule)).collect();
            let mut words = tables.words.meanings(&section.heading);
            words.extend(rules.iter().flat_map(|rule| rule.meanings.iter().cloned()));
            profile.rules.push(rules);
            profile.words.push(words);
        }
        profile
    }

    /// How much of the rule is spoken of in this section, a word that several sections share counting less.
    fn kinship(&self, at: usize) -> f32 {
        let Some(own) = self.words.get(at) else { return 0.0 };
        let share = |meaning: &String| {
            let holders = self.words.iter().filter(|words| words.contains(meaning)).count();
            if own.contains(meaning) { 1.0 / ratio(holders.max(1), 1) } else { 0.0 }
        };
        let all: f32 = self.facts.meanings.iter().map(share).sum();
        all / (1.0 + ratio(self.facts.meanings.len(), 1))
    }

    /// Whether the heading itself names what the rule speaks of.
    fn named(&self, heading: &str) -> bool {
        !self.tables.words.meanings(heading).is_disjoint(&self.facts.meanings)
    }

    /// A title above other headings holds no rules unless it already does.
    fn may_hold(&self, at: usize) -> bool {
        let Some(section) = self.kb.sections.get(at) else { return false };
        let holds = self.texts(at).next().is_some();
        let parent = self.kb.sections.get(at + 1).is_some_and(|next| next.level > section.level);
        holds || !parent
    }

    fn texts(&self, at: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let listed = self.kb.entries.iter().any(|entry| !matches!(entry.kind, Kind::Sentence));
        let kb = self.kb;
        kb.entries
            .iter()
            .filter(move |entry| entry.section == Some(at))
            .filter(move |entry| !listed || !matches!(entry.kind, Kind::Sentence))
            .map(|entry| entry.text.as_str())
    }

    fn score(&self, at: usize) -> f32 {
        let Some(section) = self.kb.sections.get(at) else { return 0.0 };
        let heading = heading_topics(self.tables, &section.heading);
        let mut score = 0.0;
        for (id, weight) in &self.wanted {
            score += weight * affinity(self.tables.slots.topics(), id, &heading);
        }
        let rules = self.rules.get(at).map_or(&[][..], Vec::as_slice);
        let (mut alike, mut closest) = (0.0, 0.0_f32);
        for other in rules {
            let topics = topics_of(self.tables, other);
            alike +=
                self.wanted.iter().map(|(id, w)| w * topics.get(id).copied().unwrap_or(0.0)).sum::<f32>();
            closest = closest.max(Overlap::of(&self.facts.meanings, &other.meanings).jaccard());
        }
        let general = if heading.contains("general") { 0.15 } else { 0.0 };
        let hinted = self.hint.is_some_and(|hint| hint.eq_ignore_ascii_case(&section.heading));
        let hint = if hinted { 0.2 } else { 0.0 };
        let share = alike / (1.0 + ratio(rules.len(), 1));
        let named = if self.named(&section.heading) { NAMED } else { 0.0 };
        let kinship = KINSHIP * self.kinship(at);
        score
            + 0.6 * share
            + 0.3 * closest
            + named
            + kinship
            + general
            + hint
            + 0.01 * ratio(rules.len().min(10), 1)
    }
}

/// 1 when the heading names the topic, less when it names a topic whose section will do.
fn affinity(topics: &[Topic], id: &str, heading: &BTreeSet<String>) -> f32 {
    if heading.contains(id) {
        return 1.0;
    }
    let Some(topic) = topics.iter().find(|topic| topic.id == id) else { return 0.0 };
    let near = topic.near.iter().position(|near| heading.contains(near));
    near.map_or(0.0, |rank| 0.6 - 0.1 * ratio(rank, 1))
}

/// The topics that a heading's words name.
fn heading_topics(tables: &Tables, heading: &str) -> BTreeSet<String> {
    let folded = super::words::fold(heading).text;
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    tables
        .slots
        .topics()
        .iter()
        .filter(|topic| topic.headings.split_whitespace().any(|name| words.contains(&name)))
        .map(|topic| topic.id.clone())
        .collect()
}

/// The topics of a rule: those of its decisions count fully, those of its words by number.
fn topics_of(tables: &Tables, facts: &Facts) -> Weights {
    let mut weights = Weights::new();
    for stated in &facts.values {
        if let Some(slot) = tables.slots.slot(&stated.value.slot) {
            // Which language something is written in belongs where its subject does: commits in English to the commits.
            let by_subject = slot.keyed && slot.topic == "talk";
            weights.insert(slot.topic.clone(), if by_subject { 0.3 } else { 1.0 });
        }
    }
    for (topic, names) in tables.slots.topics().iter().zip(&tables.topic_words) {
        let hits = facts.tokens.iter().filter(|token| names.contains(&token.meaning)).count();
        if hits > 0 {
            let weight = weights.entry(topic.id.clone()).or_insert(0.0);
            *weight = (*weight + 0.4 * ratio(hits, 1)).min(1.5);
        }
    }
    weights
}

fn new_heading(tables: &Tables, wanted: &Weights, facts: &Facts) -> String {
    let best = wanted.iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
    let id = best.map_or("general", |(id, _)| id.as_str());
    let topic = tables.slots.topics().iter().find(|topic| topic.id == id);
    topic.map_or_else(
        || "Conventions".to_string(),
        |topic| match language(&facts.text) {
            Language::English => topic.names.en.clone(),
            Language::Italian => topic.names.it.clone(),
            Language::Spanish => topic.names.es.clone(),
            Language::French => topic.names.fr.clone(),
            Language::German => topic.names.de.clone(),
            Language::Portuguese => topic.names.pt.clone(),
        },
    )
}

/// The languages that headings are known in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Italian,
    Spanish,
    French,
    German,
    Portuguese,
}

/// Function words that hardly occur in the other languages.
const VOTES: &[(Language, &str)] = &[
    (
        Language::English,
        "the is are and of to in with use never always must not should every our we from only for on it",
    ),
    (
        Language::Italian,
        "il gli della nel sono che si non per con sempre mai niente solo della ogni i dei nei alle usa le va vanno dobbiamo usiamo",
    ),
    (
        Language::Spanish,
        "el los las siempre nunca con una usamos usar en del y nada junto van es se codigo debe",
    ),
    (
        Language::French,
        "les des une est sont toujours jamais avec dans on pour ne pas du et nous utilise desormais",
    ),
    (Language::German, "der die das und ist sind immer nie nur mit kein keine wir nicht im verwende ab"),
    (Language::Portuguese, "os as sao sempre nunca com uma em nao do da dos ficam e pra usamos um"),
];

/// The language of a sentence by its function words; English when nothing speaks for another.
pub fn language(text: &str) -> Language {
    language_of(&super::words::fold(text).text)
}

/// As [`language`], on folded text.
pub fn language_of(folded: &str) -> Language {
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).collect();
    let votes = |list: &str| words.iter().filter(|word| list.split(' ').any(|known| known == **word)).count();
    VOTES
        .iter()
        .map(|(language, list)| (*language, votes(list)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map_or(Language::English, |(language, _)| language)
}
