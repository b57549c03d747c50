//! What can be told of a directive and a line of KB.md side by side, each thing a number with a name. It weighs nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::kb::Polarity;
use crate::domain::kb::facts::{self, Facts, Tables};
use crate::domain::kb::frame;
use crate::domain::kb::matter;
use crate::domain::kb::relation::{self, Match, Relation};

use super::gist::{Gists, Named};
use super::turns::{self, Turns};

/// A sign and its value.
pub type Sign = (&'static str, f32);

/// A sentence with what it means beyond its facts.
pub struct Read<'a> {
    pub facts: &'a Facts,
    gists: BTreeSet<String>,
    named: Vec<Named>,
    turns: Vec<Sign>,
}

impl<'a> Read<'a> {
    pub fn new(tables: &Tables, gists: &Gists, turns: &Turns, facts: &'a Facts) -> Self {
        Self {
            facts,
            gists: gists.gists(&tables.words, facts).into_iter().collect(),
            named: gists.named(&facts.text),
            turns: turns.of(&facts.text),
        }
    }
}

/// How many lines of KB.md hold each meaning and each gist.
pub struct Rarity {
    lines: usize,
    meanings: BTreeMap<String, usize>,
    gists: BTreeMap<String, usize>,
}

impl Rarity {
    pub fn of(lines: &[Read<'_>]) -> Self {
        let mut rarity = Self { lines: lines.len(), meanings: BTreeMap::new(), gists: BTreeMap::new() };
        for line in lines {
            for meaning in line.facts.meanings.iter().chain(&line.facts.marks) {
                *rarity.meanings.entry(meaning.clone()).or_default() += 1;
            }
            for gist in &line.gists {
                *rarity.gists.entry(gist.clone()).or_default() += 1;
            }
        }
        rarity
    }

    fn weight(&self, counts: &BTreeMap<String, usize>, word: &str) -> f32 {
        let lines = count(self.lines) + 1.0;
        (lines / (count(counts.get(word).copied().unwrap_or(0)) + 0.5)).ln()
    }
}

/// What stands around the pair.
pub struct Around<'a> {
    pub rarity: &'a Rarity,
    /// What the words around the directive's sentence are to the line.
    pub quoted: Option<Match>,
    /// What the rules of layer three make of the directive when this line is the one they choose.
    pub chosen: Option<Relation>,
    /// The meanings of the line's heading.
    pub heading: &'a BTreeSet<String>,
}

fn count(n: usize) -> f32 {
    f32::from(u16::try_from(n).unwrap_or(u16::MAX))
}

fn flag(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}

/// All signs of a directive and a line, always the same ones in the same order.
pub fn signs(tables: &Tables, new: &Read<'_>, old: &Read<'_>, around: &Around<'_>) -> Vec<Sign> {
    let mut found = Vec::with_capacity(100);
    words(&mut found, new, old, around.rarity);
    names(&mut found, new, old);
    decisions(&mut found, tables, new.facts, old.facts);
    stance(&mut found, new, old);
    build(&mut found, new.facts, old.facts);
    rules(&mut found, tables, new.facts, old.facts, around);
    found
}

/// Meanings, gists and numbers that the two share.
fn words(found: &mut Vec<Sign>, new: &Read<'_>, old: &Read<'_>, rarity: &Rarity) {
    let all = |facts: &Facts| -> BTreeSet<String> { facts.meanings.union(&facts.marks).cloned().collect() };
    let (a, b) = (all(new.facts), all(old.facts));
    let weigh = |word: &str| rarity.weight(&rarity.meanings, word);
    let [shared, either, of_new, of_old, weighty, rare_new, rare_old] = overlap(&a, &b, weigh);
    found.extend([
        ("shared", shared),
        ("either", either),
        ("of-new", of_new),
        ("of-old", of_old),
        ("weighty", weighty),
        ("rare-new", rare_new),
        ("rare-old", rare_old),
        ("new-words", count(a.len())),
        ("old-words", count(b.len())),
    ]);
    let alone = |word: &&String| rarity.meanings.get(*word) == Some(&1);
    found.push(("alone", count(a.intersection(&b).filter(alone).count())));
    let weigh = |word: &str| rarity.weight(&rarity.gists, word);
    let [shared, either, of_new, of_old, weighty, rare_new, rare_old] =
        overlap(&new.gists, &old.gists, weigh);
    found.extend([
        ("gist-shared", shared),
        ("gist-either", either),
        ("gist-of-new", of_new),
        ("gist-of-old", of_old),
        ("gist-weighty", weighty),
        ("gist-rare-new", rare_new),
        ("gist-rare-old", rare_old),
    ]);
    let alone = |word: &&String| rarity.gists.get(*word) == Some(&1);
    found.push(("gist-alone", count(new.gists.intersection(&old.gists).filter(alone).count())));
    let (ours, theirs) = (&new.facts.marks, &old.facts.marks);
    found.extend([
        ("marks-shared", count(ours.intersection(theirs).count())),
        ("marks-new", count(ours.difference(theirs).count())),
        ("marks-old", count(theirs.difference(ours).count())),
    ]);
}

fn overlap(a: &BTreeSet<String>, b: &BTreeSet<String>, weigh: impl Fn(&str) -> f32) -> [f32; 7] {
    let shared: Vec<&String> = a.intersection(b).collect();
    let sum = |set: &BTreeSet<String>| set.iter().map(|word| weigh(word)).sum::<f32>();
    let weighty = shared.iter().map(|word| weigh(word)).sum::<f32>();
    let part = |of: f32, all: f32| if all > 0.0 { of / all } else { 0.0 };
    let n = count(shared.len());
    [
        n,
        part(n, count(a.union(b).count())),
        part(n, count(a.len())),
        part(n, count(b.len())),
        weighty,
        part(weighty, sum(a)),
        part(weighty, sum(b)),
    ]
}

/// Names of one kind on both sides.
fn names(found: &mut Vec<Sign>, new: &Read<'_>, old: &Read<'_>) {
    let (mut strict, mut loose, mut same) = (0, 0, 0);
    for ours in &new.named {
        let kin = |theirs: &&Named| theirs.kind == ours.kind;
        if old.named.iter().filter(kin).any(|theirs| theirs.name == ours.name) {
            same += 1;
        } else if old.named.iter().filter(kin).any(|theirs| !theirs.common && !ours.common) {
            strict += 1;
        } else if old.named.iter().any(|theirs| kin(&theirs)) {
            loose += 1;
        }
    }
    let spare = |facts: &Facts, other: &Facts| {
        let named = |token: &&crate::domain::kb::words::Token| {
            !other.meanings.contains(&token.meaning) && frame::is_name(&facts.text, &token.range)
        };
        count(facts.tokens.iter().filter(named).count())
    };
    found.extend([
        ("kin", count(strict)),
        ("kin-common", count(loose)),
        ("kin-same", count(same)),
        ("kinds-new", count(new.named.len())),
        ("kinds-old", count(old.named.len())),
        ("names-new", spare(new.facts, old.facts)),
        ("names-old", spare(old.facts, new.facts)),
    ]);
}

/// Answers to known decisions, and amounts.
fn decisions(found: &mut Vec<Sign>, tables: &Tables, new: &Facts, old: &Facts) {
    let answers = |facts: &Facts| -> BTreeSet<(String, String)> {
        facts.values.iter().map(|stated| (stated.value.slot.clone(), stated.value.value.clone())).collect()
    };
    let (a, b) = (answers(new), answers(old));
    let slots = |answers: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        answers.iter().map(|(slot, _)| slot.clone()).collect()
    };
    let (ours, theirs) = (slots(&a), slots(&b));
    let alike = |slot: &&String| a.iter().any(|answer| answer.0 == **slot && b.contains(answer));
    // The line need not answer it: its label may name the decision ("Test runner: the usual one").
    let called = |slot: &&String| {
        tables.slots.slot(slot).is_some_and(|row| {
            row.names.iter().any(|name| {
                let name = tables.words.meanings(name);
                !name.is_empty() && name.is_subset(&old.meanings)
            })
        })
    };
    found.extend([
        ("answers-same", count(a.intersection(&b).count())),
        ("answers-other", count(ours.intersection(&theirs).filter(|slot| !alike(slot)).count())),
        ("slots-new", count(ours.len())),
        ("slots-old", count(theirs.len())),
        ("apart", flag(matter::is_apart(tables, new, old))),
        ("slots-called", count(ours.difference(&theirs).filter(called).count())),
    ]);
    let (mut equal, mut other, mut near) = (0, 0, 0);
    for ours in &new.measures {
        for theirs in old.measures.iter().filter(|theirs| ours.kind == theirs.kind) {
            equal += usize::from(ours.amount == theirs.amount);
            other += usize::from(ours.amount != theirs.amount);
            near += usize::from(ours.is_like(theirs) && ours.amount != theirs.amount);
        }
    }
    found.extend([
        ("amount-equal", count(equal)),
        ("amount-other", count(other)),
        ("amount-like", count(near)),
        ("amounts-new", count(new.measures.len())),
        ("amounts-old", count(old.measures.len())),
    ]);
}

/// Wanting, forbidding, allowing, and what is said to have ended.
fn stance(found: &mut Vec<Sign>, new: &Read<'_>, old: &Read<'_>) {
    let (a, b) = (new.facts, old.facts);
    let forbids = |facts: &Facts| facts.polarity == Polarity::Forbid;
    let toward = a.polarity_toward(&b.meanings) != b.polarity_toward(&a.meanings);
    let held = |set: &BTreeSet<String>, other: &Facts| count(set.intersection(&other.meanings).count());
    found.extend([
        ("forbids-new", flag(forbids(a))),
        ("forbids-old", flag(forbids(b))),
        ("forbids-one", flag(forbids(a) != forbids(b))),
        ("turned", flag(toward)),
        ("ruled-new", held(&a.ruled, b)),
        ("ruled-old", held(&b.ruled, a)),
        ("dropped", held(&a.dropped, b)),
        ("lifts", flag(a.lifts)),
        ("ends", flag(a.ends)),
        ("exception", flag(a.exception.is_some())),
        ("exception-old", flag(b.exception.is_some())),
        ("has-one", flag(a.has != b.has)),
    ]);
    found.extend(new.turns.iter().copied());
    let pairs = new.turns.iter().zip(&old.turns);
    for (((_, ours), (_, theirs)), (of_old, of_one)) in pairs.zip(turns::OLD.iter().zip(&turns::ONE)) {
        found.push((of_old, *theirs));
        found.push((of_one, flag(ours != theirs)));
    }
}

/// How the two are built: label, frame, first and last words, place.
fn build(found: &mut Vec<Sign>, new: &Facts, old: &Facts) {
    let within = |facts: &Facts, token: Option<&crate::domain::kb::words::Token>| {
        flag(token.is_some_and(|token| {
            facts.meanings.contains(&token.meaning) || facts.marks.contains(&token.meaning)
        }))
    };
    let framed = |of: fn(&frame::Frame) -> &BTreeSet<String>| match (&new.frame, &old.frame) {
        (Some(a), Some(b)) => {
            let shared = count(of(a).intersection(of(b)).count());
            shared / count(of(a).len()).max(1.0)
        }
        (Some(_) | None, _) => -1.0,
    };
    let elsewhere = |place: &Option<String>, other: &Facts| {
        flag(place.as_ref().is_some_and(|place| !other.text.to_lowercase().contains(&place.to_lowercase())))
    };
    let opens = |facts: &Facts| facts.tokens.first().map(|token| token.meaning.clone());
    found.extend([
        ("label", count(old.label.len())),
        ("label-shared", count(old.label.intersection(&new.meanings).count())),
        ("label-whole", flag(!old.label.is_empty() && old.label.is_subset(&new.meanings))),
        ("first-new", within(old, new.tokens.first())),
        ("first-old", within(new, old.tokens.first())),
        ("first-both", flag(opens(new).is_some() && opens(new) == opens(old))),
        ("last-new", within(old, new.tokens.last())),
        ("last-old", within(new, old.tokens.last())),
        ("subject", framed(|frame| &frame.subject)),
        ("value", framed(|frame| &frame.value)),
        ("tie", flag(new.frame.as_ref().map(|f| f.tie) == old.frame.as_ref().map(|f| f.tie))),
        ("place-new", elsewhere(&new.place, old)),
        ("place-old", elsewhere(&old.place, new)),
        ("place-both", flag(new.place.is_some() && new.place == old.place)),
        ("parts", count(new.parts.len())),
        ("path-new", count(new.marks.iter().filter(|mark| facts::is_path(mark)).count())),
    ]);
}

/// What the rules of layer three say of the pair.
fn rules(found: &mut Vec<Sign>, tables: &Tables, new: &Facts, old: &Facts, around: &Around<'_>) {
    let heading = around.heading.intersection(&new.meanings).count();
    let told = relation::compare(tables, new, old);
    let is = |of: Option<Relation>, relation: Relation| flag(of == Some(relation));
    let relation = told.map(|found| found.relation);
    let quoted = |relation: Relation| {
        around.quoted.filter(|found| found.relation == relation).map_or(0.0, |found| found.score)
    };
    found.extend([
        ("heading", count(heading)),
        ("rule-same", is(relation, Relation::Same)),
        ("rule-changes", is(relation, Relation::Changes)),
        ("rule-extends", is(relation, Relation::Extends)),
        ("rule-excepts", is(relation, Relation::Excepts)),
        ("rule-narrows", is(relation, Relation::Narrows)),
        ("rule-score", told.map_or(0.0, |found| found.score)),
        ("quote-changes", quoted(Relation::Changes)),
        ("quote-same", quoted(Relation::Same)),
        ("chosen-changes", is(around.chosen, Relation::Changes)),
        ("chosen-same", is(around.chosen, Relation::Same)),
    ]);
}

/// Signs whose standing among all lines tells more than their value.
const RANKED: [(&str, &str); 6] = [
    ("weighty", "best-weighty"),
    ("either", "best-either"),
    ("gist-weighty", "best-gist-weighty"),
    ("gist-either", "best-gist-either"),
    ("kin", "best-kin"),
    ("rule-score", "best-rule-score"),
];

/// Adds to the signs of all lines how far each stands above the next best line, or below the best.
pub fn rank(all: &mut [Vec<Sign>]) {
    let lines = count(all.len());
    for (name, ranked) in RANKED {
        let values: Vec<f32> = all
            .iter()
            .map(|signs| signs.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, value)| *value))
            .collect();
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        let best = sorted.last().copied().unwrap_or(0.0);
        let second = sorted.iter().rev().nth(1).copied().unwrap_or(0.0);
        for (signs, value) in all.iter_mut().zip(values) {
            signs.push((ranked, if value < best { value - best } else { value - second }));
        }
    }
    for signs in all {
        signs.push(("lines", lines));
    }
}
