//! Rules that the two sides added or changed and that cannot both hold, and what they are about. It changes no rule.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::unit::{Sheet, What};
use super::weave::Trio;
use crate::domain::kb::Polarity;
use crate::domain::kb::facts::{self, Facts, Tables};
use crate::domain::kb::relation::{self, Relation};

/// Beyond so many pairs only rules that answer the same decision are compared.
const MOST_PAIRS: usize = 20_000;

/// The pairs that cannot both hold, by the unit of ours at whose place they are shown.
#[derive(Debug, Default)]
pub struct Rivals {
    at: HashMap<usize, Rival>,
    /// Units of ours that are shown at another one's place.
    taken: HashSet<usize>,
}

#[derive(Debug, Default)]
struct Rival {
    topic: String,
    ours: Vec<usize>,
    theirs: Vec<usize>,
}

struct Change {
    at: usize,
    base: Option<usize>,
    facts: Facts,
}

impl Rivals {
    /// Compares all that ours added or changed with all that theirs did.
    pub fn find(trio: &Trio) -> Self {
        let added_by_both: HashSet<usize> = trio.shared.values().copied().collect();
        let ours = changes(trio.tables, &trio.ours, |at| {
            (trio.ours_changed(at) && !added_by_both.contains(&at)).then(|| trio.to_ours.old_of(at))
        });
        let theirs = changes(trio.tables, &trio.theirs, |at| {
            (trio.theirs_changed(at) && !trio.shared.contains_key(&at)).then(|| trio.to_theirs.old_of(at))
        });
        let few = ours.len().saturating_mul(theirs.len()) <= MOST_PAIRS;
        let mut rivals = Self::default();
        let mut placed = HashSet::new();
        for we in &ours {
            for they in &theirs {
                let same_rule = we.base.is_some() && we.base == they.base;
                let comparable = few || !slots_of(&we.facts).is_disjoint(&slots_of(&they.facts));
                if same_rule || !comparable || placed.contains(&they.at) || rivals.taken.contains(&we.at) {
                    continue;
                }
                if let Some(topic) = rival_topic(trio.tables, &we.facts, &they.facts)
                    && rivals.add(trio, we, they, topic)
                {
                    placed.insert(they.at);
                }
            }
        }
        rivals
    }

    /// Whether ours' unit is shown at another one's place.
    pub fn is_taken(&self, ours: usize) -> bool {
        self.taken.contains(&ours)
    }

    /// Topic and units of the conflict that is shown at ours' unit.
    pub fn at(&self, ours: usize) -> Option<(String, Vec<usize>, Vec<usize>)> {
        self.at.get(&ours).map(|rival| (rival.topic.clone(), rival.ours.clone(), rival.theirs.clone()))
    }

    /// Notes a pair; false when it cannot be shown as one.
    fn add(&mut self, trio: &Trio, we: &Change, they: &Change, topic: String) -> bool {
        let run = |sheet: &Sheet, at: usize| -> Vec<usize> {
            (at..=sheet.get(at).map_or(at, |unit| unit.last)).collect()
        };
        let Some(base) = they.base else {
            // Theirs is new: it is shown beside ours.
            let rival = self.at.entry(we.at).or_insert_with(|| Rival {
                topic,
                ours: vec![we.at],
                theirs: Vec::new(),
            });
            rival.theirs.extend(run(&trio.theirs, they.at));
            return true;
        };
        // Theirs changed a line that ours kept: ours' new rule is shown beside that line.
        let Some(kept) = trio.to_ours.new_of(base).filter(|kept| !trio.ours_changed(*kept)) else {
            return false;
        };
        if self.at.contains_key(&kept) || self.at.contains_key(&we.at) || we.base.is_some() {
            return false;
        }
        let moved = run(&trio.ours, we.at);
        self.taken.extend(moved.iter().copied());
        let mut ours = vec![kept];
        ours.extend(moved);
        self.at.insert(kept, Rival { topic, ours, theirs: vec![they.at] });
        true
    }
}

fn changes(tables: &Tables, sheet: &Sheet, was: impl Fn(usize) -> Option<Option<usize>>) -> Vec<Change> {
    sheet
        .units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.what.is_entry())
        .filter_map(|(at, unit)| Some(Change { at, base: was(at)?, facts: Facts::of(tables, &unit.said) }))
        .collect()
}

fn slots_of(facts: &Facts) -> BTreeSet<&str> {
    facts.values.iter().map(|stated| stated.value.slot.as_str()).collect()
}

/// What two rules disagree on: they give one decision two answers, or one rules out what the other wants. `None` when both can hold.
pub fn rival_topic(tables: &Tables, a: &Facts, b: &Facts) -> Option<String> {
    let found = relation::compare(tables, a, b)?;
    if found.relation != Relation::Changes {
        return None;
    }
    if let Some(slot) = slots_of(a).intersection(&slots_of(b)).next() {
        let name = tables.slots.slot(slot).and_then(|slot| slot.names.first()).cloned();
        return Some(name.unwrap_or_else(|| (*slot).to_string()));
    }
    let flipped = a.polarity != b.polarity && a.meanings == b.meanings && a.marks == b.marks;
    flipped.then(|| subject(a))
}

fn subject(facts: &Facts) -> String {
    let words: Vec<&str> =
        facts.tokens.iter().filter_map(|token| facts.text.get(token.range.clone())).collect();
    words.join(" ")
}

/// What a unit is about, in a few words: the decision that it answers, its label, or its heading.
pub fn topic(tables: &Tables, sheet: &Sheet, at: usize) -> String {
    let Some(unit) = sheet.get(at) else { return String::new() };
    let heading = || {
        let home = sheet.get(unit.home).filter(|home| matches!(home.what, What::Heading { .. }));
        home.map(|home| short(home.text.lines().next().unwrap_or("")))
    };
    if !unit.what.is_entry() {
        let own =
            matches!(unit.what, What::Heading { .. }).then(|| short(unit.text.lines().next().unwrap_or("")));
        return own.or_else(heading).unwrap_or_else(|| "other text".to_string());
    }
    let facts = Facts::of(tables, &unit.said);
    let wanted =
        facts.values.iter().find(|stated| stated.stance == Polarity::Require).or(facts.values.first());
    wanted
        .and_then(|stated| tables.slots.slot(&stated.value.slot)?.names.first().cloned())
        .or_else(|| facts::label_of(&unit.said).map(short))
        .or_else(heading)
        .unwrap_or_else(|| short(&unit.said))
}

/// The first words of a text without Markdown marks.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(6).collect();
    words.join(" ").trim_matches(['#', '*', '_', ' ', ':', '`']).chars().take(60).collect()
}
