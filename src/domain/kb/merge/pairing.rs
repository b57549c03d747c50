//! Which unit of one version became which unit of another: kept, moved or reworded. It decides nothing about a third version.

use std::collections::{HashMap, HashSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::unit::{Sheet, Unit};
use crate::domain::kb::facts::{Facts, Tables};
use crate::domain::kb::relation::{self, Relation};
use crate::domain::kb::words::Overlap;

/// Two rules that share so much of their words are one rule reworded.
const ALIKE: f32 = 0.5;

/// Stretches with more pairs than this are not searched for rewordings.
const MOST_PAIRS: usize = 4_000;

/// The units of an old sheet and what became of them in a new one.
#[derive(Clone, Debug, Default)]
pub struct Pairing {
    to: Vec<Option<usize>>,
    from: Vec<Option<usize>>,
    moved: HashSet<usize>,
    /// New rules that merely stand where an unlike old one stood.
    unlike: HashSet<usize>,
}

impl Pairing {
    /// Pairs two versions. Each unit has one partner at most.
    pub fn of(tables: &Tables, old: &Sheet, new: &Sheet) -> Self {
        let mut pairing = Self {
            to: vec![None; old.units.len()],
            from: vec![None; new.units.len()],
            moved: HashSet::new(),
            unlike: HashSet::new(),
        };
        let mut hunks = Vec::new();
        for op in capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new)) {
            match op {
                DiffOp::Equal { old_index, new_index, len } => {
                    (0..len).for_each(|step| pairing.join(old_index + step, new_index + step));
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    hunks.push((old_index..old_index + old_len, new_index..new_index + new_len));
                }
                DiffOp::Delete { .. } | DiffOp::Insert { .. } => {}
            }
        }
        pairing.find_moved(old, new);
        for (olds, news) in hunks {
            let olds: Vec<usize> = olds.filter(|at| pairing.new_of(*at).is_none()).collect();
            let news: Vec<usize> = news.filter(|at| pairing.old_of(*at).is_none()).collect();
            pairing.find_reworded(tables, old, new, &olds, &news);
        }
        pairing
    }

    /// What the old unit became.
    pub fn new_of(&self, old: usize) -> Option<usize> {
        self.to.get(old).copied().flatten()
    }

    /// What the new unit was.
    pub fn old_of(&self, new: usize) -> Option<usize> {
        self.from.get(new).copied().flatten()
    }

    /// Whether the new unit stands elsewhere than the old one did.
    pub fn is_moved(&self, new: usize) -> bool {
        self.moved.contains(&new)
    }

    /// Whether the new rule has nothing of the old one but its place, so that it may as well be new.
    pub fn is_unlike(&self, new: usize) -> bool {
        self.unlike.contains(&new)
    }

    /// Parts a new rule from the old one whose place it took.
    pub fn part(&mut self, new: usize) {
        let old = self.from.get_mut(new).and_then(Option::take);
        if let Some(to) = old.and_then(|old| self.to.get_mut(old)) {
            *to = None;
        }
        self.unlike.remove(&new);
    }

    fn join(&mut self, old: usize, new: usize) {
        if let (Some(to), Some(from)) = (self.to.get_mut(old), self.from.get_mut(new)) {
            (*to, *from) = (Some(new), Some(old));
        }
    }

    /// Rules that vanished here and stand there, letter for letter, and only once.
    fn find_moved(&mut self, old: &Sheet, new: &Sheet) {
        let lone = |sheet: &Sheet, taken: &[Option<usize>]| {
            let mut places: HashMap<String, Option<usize>> = HashMap::new();
            for (at, unit) in sheet.units.iter().enumerate() {
                if unit.what.is_entry() && taken.get(at).is_some_and(Option::is_none) {
                    places.entry(unit.key.clone()).and_modify(|place| *place = None).or_insert(Some(at));
                }
            }
            places
        };
        let (gone, fresh) = (lone(old, &self.to), lone(new, &self.from));
        for (key, at) in gone {
            if let (Some(old), Some(new)) = (at, fresh.get(&key).copied().flatten()) {
                self.join(old, new);
                self.moved.insert(new);
            }
        }
    }

    /// Pairs what is left of a stretch: the most alike first, then a lone one with a lone one.
    fn find_reworded(&mut self, tables: &Tables, old: &Sheet, new: &Sheet, olds: &[usize], news: &[usize]) {
        if olds.len() * news.len() <= MOST_PAIRS {
            let facts = |sheet: &Sheet, all: &[usize]| -> Vec<Facts> {
                all.iter()
                    .map(|at| Facts::of(tables, sheet.get(*at).map_or("", |unit| unit.said.as_str())))
                    .collect()
            };
            let (old_facts, new_facts) = (facts(old, olds), facts(new, news));
            let mut scores = Vec::new();
            for (a, was) in olds.iter().zip(&old_facts) {
                for (b, is) in news.iter().zip(&new_facts) {
                    let (Some(left), Some(right)) = (old.get(*a), new.get(*b)) else { continue };
                    let score = likeness(tables, left, right, was, is);
                    if score >= ALIKE {
                        scores.push((score, *a, *b));
                    }
                }
            }
            scores.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
            for (_, a, b) in scores {
                if self.new_of(a).is_none() && self.old_of(b).is_none() {
                    self.join(a, b);
                }
            }
        }
        self.pair_lone(old, new, olds, news);
    }

    fn pair_lone(&mut self, old: &Sheet, new: &Sheet, olds: &[usize], news: &[usize]) {
        let mut olds = olds.iter().filter(|at| self.new_of(**at).is_none());
        let mut news = news.iter().filter(|at| self.old_of(**at).is_none());
        let (Some(a), None, Some(b), None) = (olds.next(), olds.next(), news.next(), news.next()) else {
            return;
        };
        let (a, b) = (*a, *b);
        if let (Some(left), Some(right)) = (old.get(a), new.get(b))
            && left.what.resembles(right.what)
        {
            self.join(a, b);
            if left.what.is_entry() {
                self.unlike.insert(b);
            }
        }
    }
}

fn keys(sheet: &Sheet) -> Vec<&str> {
    sheet.units.iter().map(|unit| unit.key.as_str()).collect()
}

/// How sure it is that the right unit is the left one reworded.
fn likeness(tables: &Tables, left: &Unit, right: &Unit, was: &Facts, is: &Facts) -> f32 {
    if !(left.what.is_entry() && right.what.is_entry()) {
        return 0.0;
    }
    let related = relation::compare(tables, is, was).map_or(0.0, |found| match found.relation {
        Relation::Same | Relation::Changes | Relation::Extends | Relation::Excepts => found.score,
        Relation::Narrows => 0.0,
    });
    related.max(Overlap::of(&is.meanings, &was.meanings).jaccard())
}
