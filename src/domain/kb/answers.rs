//! Whether two sentences answer the same decision, or give an amount of the same thing, and whether alike. It knows no other likeness.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Polarity;
use super::facts::{Facts, Tables};
use super::matter;
use super::relation::{Match, Relation};
use super::words::{Overlap, fold, ratio};

/// What comparing the answers of all shared decisions gives.
#[derive(Default)]
struct Tally {
    same: usize,
    changed: usize,
    /// Answers of the directive that the line does not speak of.
    open: usize,
}

pub fn by_slot(tables: &Tables, new: &Facts, old: &Facts) -> Option<Match> {
    let mut tally = Tally::default();
    for stated in &new.values {
        match stated.stance {
            Polarity::Require => wanted(tables, new, old, &stated.value, &mut tally),
            Polarity::Forbid => ruled_out(new, old, &stated.value, &mut tally),
        }
    }
    let closeness = Overlap::of(&new.meanings, &old.meanings).jaccard();
    if tally.changed > 0 {
        return Some(Match { relation: Relation::Changes, score: 0.85 + 0.1 * closeness });
    }
    if tally.same == 0 || tally.open > 0 {
        return moved_version(tables, new, old);
    }
    let fresh = new.meanings.difference(&old.meanings).count();
    let marks = new.marks.difference(&old.marks).any(|mark| !mark.starts_with("src"));
    let slots: Vec<&str> = new.values.iter().map(|stated| stated.value.slot.as_str()).collect();
    let named: BTreeSet<String> = slots
        .iter()
        .filter_map(|slot| tables.slots.slot(slot))
        .flat_map(|slot| slot.names.iter().flat_map(|name| tables.words.meanings(name)))
        .collect();
    let novel = new.meanings.difference(&old.meanings).filter(|meaning| !named.contains(*meaning)).count();
    let keyed = slots.iter().all(|slot| tables.slots.slot(slot).is_some_and(|row| row.keyed));
    let covered = if keyed {
        novel == 0 || (novel == 1 && new.meanings.len() >= 4)
    } else {
        novel <= 2 || (fresh > 0 && ratio(novel, new.meanings.len()) <= 0.4)
    };
    let both_say_more = novel > 0 && !old.marks.is_subset(&new.marks);
    (covered && !marks && !both_say_more)
        .then_some(Match { relation: Relation::Same, score: 0.9 + 0.05 * closeness })
}

fn wanted(tables: &Tables, new: &Facts, old: &Facts, value: &super::slots::Value, tally: &mut Tally) {
    let row = tables.slots.slot(&value.slot);
    let keyed = row.is_some_and(|row| row.keyed);
    let many = row.is_some_and(|row| row.many);
    let mut theirs = old.answers(&value.slot, Polarity::Require).peekable();
    if old.answers(&value.slot, Polarity::Forbid).any(|other| other.value == value.value) {
        tally.changed += 1;
        return;
    }
    if theirs.peek().is_none() || (keyed && !matter::is_same(tables, new, old, &value.slot)) {
        tally.open += 1;
        return;
    }
    let theirs: Vec<_> = theirs.collect();
    match theirs.iter().find(|other| answers_alike(&other.value, &value.value)) {
        Some(other) => match (&other.version, &value.version) {
            (Some(a), Some(b)) if !versions_alike(a, b) => tally.changed += 1,
            (None, Some(_)) => tally.open += 1,
            (Some(_) | None, Some(_) | None) => tally.same += 1,
        },
        None if many => tally.open += 1,
        None => tally.changed += 1,
    }
}

fn ruled_out(new: &Facts, old: &Facts, value: &super::slots::Value, tally: &mut Tally) {
    let replaced = new.answers(&value.slot, Polarity::Require).next().is_some();
    let theirs = old.answers(&value.slot, Polarity::Require).any(|other| {
        // "no Express 4" rules out that version alone.
        other.value == value.value && (value.version.is_none() || other.version == value.version)
    });
    if theirs {
        tally.changed += 1;
    } else if old.answers(&value.slot, Polarity::Forbid).any(|other| other.value == value.value) {
        tally.same += 1;
    } else if !replaced {
        tally.open += 1;
    }
}

/// "node 20 is old: the minimum is 22" — the old answer named with its version, and a lone new number beside it.
fn moved_version(tables: &Tables, new: &Facts, old: &Facts) -> Option<Match> {
    let named = old.values.iter().any(|theirs| {
        theirs.value.version.is_some()
            && new
                .values
                .iter()
                .any(|ours| ours.value.value == theirs.value.value && ours.stance == Polarity::Forbid)
    });
    let moved =
        named && super::wording::lone_number(old, new).is_some() && tables.slots.slot("runtime").is_some();
    moved.then_some(Match { relation: Relation::Changes, score: 0.8 })
}

fn versions_alike(a: &str, b: &str) -> bool {
    a == b
        || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'))
        || b.strip_prefix(a).is_some_and(|rest| rest.starts_with(".0"))
}

/// The less exact answer agrees with the more exact one: "UUID" with "UUID v7", "spaces" with "two spaces".
fn answers_alike(theirs: &str, ours: &str) -> bool {
    theirs == ours
        || theirs.strip_prefix(ours).is_some_and(|rest| rest.starts_with(' '))
        || theirs.strip_suffix(ours).is_some_and(|rest| rest.ends_with(' '))
}

/// Whether an amount only tells which things are meant: "exposures longer than 5 minutes need guiding".
fn is_condition(new: &Facts, old: &Facts, amount: &Range<usize>) -> bool {
    const COMPARING: &[&str] = &[
        "than",
        "over",
        "above",
        "beyond",
        "exceeding",
        "under",
        "below",
        "oltre",
        "di",
        "sopra",
        "sotto",
        "superiori",
        "superiore",
        "de",
        "als",
        "uber",
        "plus",
        "mas",
    ];
    let before = fold(new.text.get(..amount.start).unwrap_or("").trim_end()).text;
    let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    let first = new.parts.first().map_or(new.text.len(), |part| part.end);
    let told = new.tokens.iter().filter(|token| token.range.start >= amount.end && token.range.end <= first);
    let fresh = told
        .filter(|token| !old.meanings.contains(&token.meaning) && !matter::is_measuring(&token.meaning))
        .count();
    COMPARING.contains(&last) && fresh > 0
}

/// Both give an amount of the same thing, and not the same amount.
pub fn by_measure(new: &Facts, old: &Facts) -> Option<Match> {
    let wanted = new
        .measures
        .iter()
        .filter(|ours| !new.ruled_at(&ours.number) && !is_condition(new, old, &ours.whole()));
    let changed = wanted.clone().any(|ours| {
        let mut like = old.measures.iter().filter(|theirs| ours.is_like(theirs)).peekable();
        like.peek().is_some()
            && like.clone().all(|theirs| theirs.amount != ours.amount)
            && like.any(|theirs| matter::is_measured(new, old, ours, theirs))
    });
    let closeness = Overlap::of(&new.meanings, &old.meanings).jaccard();
    changed.then_some(Match { relation: Relation::Changes, score: 0.75 + 0.2 * closeness })
}
