//! How a directive stands to one line of KB.md: says the same, changes it, narrows it, or has nothing to do with it. It never edits.

use std::collections::BTreeSet;

use super::facts::{self, Facts, Tables};

use super::words::ratio;
use super::{answers, contrast, likeness};

/// What a directive is to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The line already says it.
    Same,
    /// It repeats the line and says more.
    Extends,
    /// Both cannot hold.
    Changes,
    /// It takes a case out of the line.
    Excepts,
    /// It holds for a narrower place than the line.
    Narrows,
}

/// A relation and how sure it is, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    pub relation: Relation,
    pub score: f32,
}

/// Compares a directive with a line; `None` when they have nothing to do with each other.
pub fn compare(tables: &Tables, new: &Facts, old: &Facts) -> Option<Match> {
    let found = by_exception(new, old)
        .or_else(|| answers::by_slot(tables, new, old))
        .or_else(|| answers::by_measure(new, old))
        .or_else(|| contrast::by_dropped_word(new, old))
        .or_else(|| contrast::by_complaint(new, old))
        .or_else(|| contrast::by_grievance(new, old))
        .or_else(|| contrast::by_permission(new, old))
        .or_else(|| contrast::by_absence(new, old))
        .or_else(|| likeness::by_frame(new, old))
        .or_else(|| likeness::by_text(tables, new, old))?;
    placed(found, new, old)
}

/// What a relation becomes when one of the two holds for one place only.
pub fn placed(found: Match, new: &Facts, old: &Facts) -> Option<Match> {
    let narrowed = match (&new.place, &old.place) {
        (Some(ours), Some(theirs)) => ours != theirs && !is_answer(new, ours),
        (Some(place), None) => !old.text.to_lowercase().contains(place.as_str()) && !is_answer(new, place),
        (None, Some(place)) => return found_elsewhere(found, new, old, place),
        (None, None) => false,
    };
    match found.relation {
        Relation::Changes | Relation::Extends | Relation::Same if narrowed => {
            Some(Match { relation: Relation::Narrows, ..found })
        }
        Relation::Same | Relation::Extends | Relation::Changes | Relation::Excepts | Relation::Narrows => {
            Some(found)
        }
    }
}

/// A line that holds for one place is not touched by a directive for the whole project, unless the two say the same.
fn found_elsewhere(found: Match, new: &Facts, old: &Facts, place: &str) -> Option<Match> {
    match found.relation {
        Relation::Changes | Relation::Extends
            if !is_answer(old, place) && !is_other_version(new, old, place) =>
        {
            None
        }
        Relation::Same | Relation::Extends | Relation::Changes | Relation::Excepts | Relation::Narrows => {
            Some(found)
        }
    }
}

/// Another version of what is used on one side of the project anyway: "Vue 3" and "Vue 2 in the frontend".
fn is_other_version(new: &Facts, old: &Facts, place: &str) -> bool {
    let side = ["frontend", "front-end", "backend", "back-end"].iter().any(|side| place.ends_with(side));
    let same = |ours: &facts::Stated| {
        let versions =
            |theirs: &&facts::Stated| ours.value.version.is_some() && theirs.value.version.is_some();
        old.values.iter().filter(versions).any(|theirs| theirs.value.value == ours.value.value)
    };
    side && new.place.is_none() && new.values.iter().any(same)
}

/// Whether the place is the very thing that the sentence decides ("tests go in test/unit"), not its scope.
fn is_answer(facts: &Facts, place: &str) -> bool {
    let bare = place.trim_matches('/');
    let decided = facts
        .values
        .iter()
        .any(|stated| bare.contains(stated.value.value.trim_matches('/').to_lowercase().as_str()));
    let verbs = [" in ", " under ", " nel", " sotto ", " dans ", " sous ", " en "];
    let text = super::words::fold(&facts.text).text;
    let located = [
        "put",
        "kept",
        "store",
        "metti",
        "live",
        "go in",
        "goes in",
        "belong",
        "are in",
        "is in",
        "stored in",
        "stanno",
        "vanno",
        "va in",
        "sta in",
        "read",
        "from",
    ];
    let at_end =
        text.trim_end_matches(['.', '\'']).ends_with(bare) && verbs.iter().any(|verb| text.contains(verb));
    decided || (at_end && located.iter().any(|verb| text.contains(verb)))
}

fn by_exception(new: &Facts, old: &Facts) -> Option<Match> {
    let at = new.exception?;
    let main: BTreeSet<&String> =
        new.tokens.iter().filter(|token| token.range.start < at).map(|token| &token.meaning).collect();
    let shared = main.iter().filter(|meaning| old.meanings.contains(**meaning)).count();
    let named = old.values.iter().any(|o| new.values.iter().any(|n| n.value.value == o.value.value));
    let known = old.exception.is_some() && new.meanings.is_subset(&old.meanings);
    let score = ratio(shared, main.len());
    if shared == 0 || (score < 0.6 && !named) {
        return None;
    }
    let relation = if known { Relation::Same } else { Relation::Excepts };
    Some(Match { relation, score: 0.6 + 0.3 * score })
}
