//! Whether two sentences are built alike and of which words they differ. It knows no decisions but to keep apart what they tell apart.

use std::collections::BTreeSet;

use super::Polarity;
use super::facts::{self, Facts, Tables};
use super::frame::{self, Tie};
use super::matter;
use super::relation::{Match, Relation};
use super::words::{Overlap, ratio};

/// Both say of the same thing what it is, where it goes or by what it is done, and they name different values.
pub fn by_frame(new: &Facts, old: &Facts) -> Option<Match> {
    let (ours, theirs) = (new.frame.as_ref()?, old.frame.as_ref()?);
    let within = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
        !a.is_empty() && a.is_subset(b) && b.len() - a.len() <= 1
    };
    // "we store readings as double" says the same kind of thing as "readings are written as float": the verb adds nothing.
    let formed = ours.tie == Tie::Form || theirs.tie == Tie::Form;
    let about = within(&ours.subject, &theirs.subject) || (formed && within(&theirs.subject, &ours.subject));
    let apart = !theirs.value.is_empty() && ours.value.is_disjoint(&theirs.value) && ours.value.len() <= 4;
    let wanted = new.polarity == Polarity::Require && old.polarity == Polarity::Require && new.has == old.has;
    let sort = |facts: &Facts, frame: &frame::Frame| frame::sort(&facts.text, &frame.range);
    let names = sort(new, ours).is_some() && sort(new, ours) == sort(old, theirs);
    let tied = match (ours.tie, theirs.tie) {
        (Tie::Place, Tie::Label) => names && !answers_known(old),
        (Tie::Means, Tie::Label) => true,
        (Tie::Form, Tie::Place) | (Tie::Place, Tie::Form) | (Tie::Time, _) | (_, Tie::Time) => {
            ours.tie == theirs.tie
        }
        (Tie::Is, Tie::Is) => names,
        (ours, theirs) => ours == theirs || names,
    };
    let slots =
        |facts: &Facts| facts.values.iter().map(|stated| stated.value.slot.clone()).collect::<BTreeSet<_>>();
    let (a, b) = (slots(new), slots(old));
    let alike = ours.tie == theirs.tie && ours.subject == theirs.subject;
    let other = !a.is_empty() && !b.is_empty() && a.is_disjoint(&b) && !alike;
    (about && apart && wanted && tied && !other).then_some(Match { relation: Relation::Changes, score: 0.75 })
}

/// Whether the line answers a decision that the table knows.
fn answers_known(facts: &Facts) -> bool {
    !facts.values.is_empty()
}

pub fn by_text(tables: &Tables, new: &Facts, old: &Facts) -> Option<Match> {
    let overlap = Overlap::of(&new.meanings, &old.meanings);
    let jaccard = overlap.jaccard();
    let contained = overlap.of_left().max(overlap.of_right());
    let alone = overlap.left == 1 && overlap.right == 1 && new.marks.is_empty() && old.marks.is_empty();
    let enough = overlap.shared >= 2 || (overlap.shared == 1 && alone);
    let alike = enough && (jaccard >= 0.6 || contained >= 0.8);
    let near = enough && (jaccard >= 0.6 || contained >= 0.75);
    let score = 0.5 + 0.3 * jaccard + 0.1 * contained;
    let changes = Some(Match { relation: Relation::Changes, score });
    if near && new.polarity_toward(&old.meanings) != old.polarity_toward(&new.meanings) {
        return changes;
    }
    if opposed(tables, new, old) || turned_round(new, old) || ends_otherwise(new, old) {
        return changes;
    }
    let one = overlap.shared == 1 && overlap.left == 1 && overlap.right == 1;
    // Half the words and another number of the same thing ("last 20 minutes", "are 30 minutes long").
    let measured = !amounts_apart(new, old)
        && overlap.shared >= 2
        && jaccard >= 0.5
        && new.polarity == old.polarity
        && marks_conflict(new, old);
    if measured || relabels(new, old) || (one && new.polarity == old.polarity && marks_conflict(new, old)) {
        return changes;
    }
    if alike {
        return when_alike(new, old, overlap, score);
    }
    one_word_apart(new, old).then_some(Match { relation: Relation::Changes, score })
}

/// What a directive is to a line of nearly the same words.
fn when_alike(new: &Facts, old: &Facts, overlap: Overlap, score: f32) -> Option<Match> {
    let changes = || Some(Match { relation: Relation::Changes, score });
    if amounts_apart(new, old) {
        return None;
    }
    if marks_conflict(new, old) {
        return changes();
    }
    // "call variants with X" says no more than "variants are called with X".
    let mut spare = new.meanings.difference(&old.meanings);
    let verb = new.tokens.first().map(|token| &token.meaning);
    let bare = match (spare.next(), spare.next()) {
        (None, _) => true,
        (Some(only), None) => overlap.shared >= 2 && verb == Some(only),
        (Some(_), Some(_)) => false,
    };
    let says_less = bare && new.marks.is_subset(&old.marks);
    // Each says something that the other does not: they share a subject and no more.
    if !old.marks.is_subset(&new.marks) && !says_less {
        return None;
    }
    if !new.marks.is_subset(&old.marks) && overlap.of_right() < 0.8 {
        return None;
    }
    let repeated = |meaning: &String| repeats_amount(new, old, meaning);
    let fresh = new.meanings.difference(&old.meanings).filter(|meaning| !repeated(meaning)).count()
        + new.marks.difference(&old.marks).filter(|mark| !repeated(mark)).count();
    let says_more = overlap.of_right() >= 0.8 && fresh >= 2;
    let unlike = overlap.of_right() < 0.5 && overlap.right - overlap.shared >= 3 && overlap.shared < 3;
    if unlike {
        return None;
    }
    if one_word_apart(new, old) || detail_apart(new, old) {
        return changes();
    }
    if says_more && overlap.right + old.marks.len() < 3 {
        return None;
    }
    let relation = if says_more { Relation::Extends } else { Relation::Same };
    Some(Match { relation, score })
}

/// Both hold numbers or paths of the same kind, and none of the old ones is kept.
fn marks_conflict(new: &Facts, old: &Facts) -> bool {
    let is_path = |mark: &&String| facts::is_path(mark);
    let differ = |paths: bool| {
        let ours: BTreeSet<_> = new.marks.iter().filter(|mark| is_path(mark) == paths).collect();
        let theirs: BTreeSet<_> = old.marks.iter().filter(|mark| is_path(mark) == paths).collect();
        !ours.is_empty() && !theirs.is_empty() && !theirs.is_subset(&ours) && !ours.is_subset(&theirs)
    };
    differ(true) || differ(false)
}

/// Both give an amount of one kind, but not of the same matter ("held for 10 minutes", "cached for 15 minutes").
fn amounts_apart(new: &Facts, old: &Facts) -> bool {
    let mut pairs = new
        .measures
        .iter()
        .flat_map(|ours| old.measures.iter().map(move |theirs| (ours, theirs)))
        .filter(|(ours, theirs)| ours.is_like(theirs))
        .peekable();
    pairs.peek().is_some() && !pairs.any(|(ours, theirs)| matter::is_measured(new, old, ours, theirs))
}

/// The rest is alike, and one holds the opposite of a word of the other ("before"/"after").
fn opposed(tables: &Tables, new: &Facts, old: &Facts) -> bool {
    let (ours, theirs) = (&new.meanings, &old.meanings);
    let pair = ours.difference(theirs).find(|a| theirs.difference(ours).any(|b| tables.words.opposed(a, b)));
    let shared = ours.intersection(theirs).count();
    pair.is_some() && shared >= 1 && ratio(shared + 1, ours.len().min(theirs.len())) >= 0.65
}

/// The directive opens with the line's label and says of it the same kind of thing with another end: "TLS terminates in the service" and
/// `TLS: terminated at the load balancer`.
fn ends_otherwise(new: &Facts, old: &Facts) -> bool {
    let value: BTreeSet<&String> = old.meanings.difference(&old.label).collect();
    let opens = new.tokens.first().is_some_and(|token| old.label.contains(&token.meaning));
    let kept = value.iter().filter(|meaning| new.meanings.contains(**meaning)).count();
    let fresh = new.meanings.difference(&old.meanings).count();
    let wanted = new.polarity == Polarity::Require && old.polarity == Polarity::Require && !new.has;
    let named = !old.label.is_empty() && old.label.is_subset(&new.meanings);
    opens
        && named
        && wanted
        && kept >= 1
        && kept < value.len()
        && (1..=2).contains(&fresh)
        && new.parts.len() == 1
}

/// The old line is `Label: value`, and the directive gives the label another value: it names a label of several words, is written
/// `Label: value` itself, or says "X as <label>".
fn relabels(new: &Facts, old: &Facts) -> bool {
    let value: BTreeSet<&String> = old.meanings.difference(&old.label).collect();
    let other = !value.is_empty()
        && value.iter().all(|meaning| !new.meanings.contains(*meaning))
        && new.meanings.len() > old.label.len();
    let named = !old.label.is_empty() && old.label.is_subset(&new.meanings);
    let text = super::words::fold(&new.text).text;
    let appointed = facts::label_of(&old.text).is_some_and(|label| {
        let label = super::words::fold(label).text;
        ["as ", "as the ", "as our ", "come ", "comme ", "como ", "als "]
            .iter()
            .any(|word| text.contains(&format!(" {word}{label}")))
    });
    let numbered = old.meanings == old.label && new.meanings == old.label && !new.marks.is_subset(&old.marks);
    if numbered && !old.label.is_empty() && !old.marks.is_empty() {
        return true;
    }
    let said = new.frame.as_ref().is_some_and(|frame| {
        let plain = matches!(frame.tie, Tie::Is | Tie::Label | Tie::Means | Tie::Form);
        frame.subject.is_subset(&old.label) && frame.value.len() <= 3 && plain && !new.has
    });
    let spelt = new.frame.is_none()
        && new.meanings.len() == old.label.len() + 1
        && new.tokens.last().is_some_and(|token| frame::sort(&new.text, &token.range).is_some());
    let told = old.label.len() >= 2 && (said || spelt);
    named && other && (is_renamed(new, old) || told || old.label == new.label || appointed)
}

/// "il linguaggio adesso è Swift": nothing but the label and a proper name.
fn is_renamed(new: &Facts, old: &Facts) -> bool {
    let mut rest = new.tokens.iter().filter(|token| !old.label.contains(&token.meaning));
    let (Some(name), None) = (rest.next(), rest.next()) else { return false };
    let written = new.text.get(name.range.clone()).unwrap_or("");
    let proper = name.range.start > 0 && written.starts_with(char::is_uppercase);
    let known =
        new.values.iter().any(|stated| old.answers(&stated.value.slot, Polarity::Require).next().is_none());
    proper && !known
}

/// One wants what the other rules out: "errors are thrown, not returned" and "errors are returned, never thrown".
fn turned_round(new: &Facts, old: &Facts) -> bool {
    let crossed = |a: &Facts, b: &Facts| {
        a.ruled.iter().any(|meaning| b.meanings.contains(meaning) && !b.ruled.contains(meaning))
    };
    let shared = new.meanings.intersection(&old.meanings).count();
    let same = new.polarity == Polarity::Require && old.polarity == Polarity::Require;
    let both = crossed(new, old) && crossed(old, new);
    // "without X" only describes; "not X" and "never X" rule.
    let describes = ["without", "senza", "sans", "sin", "ohne", "sem"];
    let folded = super::words::fold(&old.text).text;
    let rules = !folded.split(|c: char| !c.is_alphanumeric()).any(|word| describes.contains(&word));
    let one = crossed(new, old) || (rules && crossed(old, new));
    same && shared >= 2 && (both || (one && new.meanings != old.meanings))
}

/// Whether a word belongs to an amount that the line gives too, in other units perhaps.
fn repeats_amount(new: &Facts, old: &Facts, meaning: &str) -> bool {
    new.tokens.iter().filter(|token| token.meaning == meaning).any(|token| {
        new.measures.iter().any(|ours| {
            let whole = ours.whole();
            let inside = whole.start <= token.range.start && token.range.start < whole.end;
            inside && old.measures.iter().any(|theirs| ours.is_like(theirs) && ours.amount == theirs.amount)
        })
    })
}

/// Three words or more are shared, one each differs, and it stands behind what the sentence speaks of: "sort plants by the German name"
/// and "plants are sorted by botanical name".
fn detail_apart(new: &Facts, old: &Facts) -> bool {
    let ours: Vec<&String> = new.meanings.difference(&old.meanings).collect();
    let theirs: Vec<&String> = old.meanings.difference(&new.meanings).collect();
    let ([ours], [theirs]) = (ours.as_slice(), theirs.as_slice()) else { return false };
    let shared = new.meanings.intersection(&old.meanings).count();
    let behind = |facts: &Facts, meaning: &str| {
        facts.tokens.iter().position(|token| token.meaning == meaning).is_some_and(|at| at > 0)
    };
    shared >= 3 && new.has == old.has && behind(new, ours) && behind(old, theirs)
}

/// One word each differs in sentences of the same build, and it is what is said and not what it is said of.
fn one_word_apart(new: &Facts, old: &Facts) -> bool {
    let ours: Vec<&String> = new.meanings.difference(&old.meanings).collect();
    let theirs: Vec<&String> = old.meanings.difference(&new.meanings).collect();
    let shared = new.meanings.intersection(&old.meanings).count();
    let ([ours], [theirs]) = (ours.as_slice(), theirs.as_slice()) else { return false };
    let last = |facts: &Facts, meaning: &str| {
        facts
            .tokens
            .iter()
            .rfind(|token| !facts::is_mark(&token.meaning))
            .is_some_and(|token| token.meaning == meaning)
    };
    // "within one day" and "by two people" are amounts of different things.
    let amount = |facts: &Facts, meaning: &str| {
        facts.tokens.iter().any(|token| {
            token.meaning == meaning && facts.measures.iter().any(|measure| measure.unit == token.range)
        })
    };
    let amounts = amount(new, ours) || amount(old, theirs);
    // A label's new value is a name, not what stands at the end of any sentence about it.
    let valued = old.label.is_empty()
        || new.frame.is_some()
        || new.tokens.last().is_some_and(|token| frame::sort(&new.text, &token.range).is_some());
    shared >= 2
        && valued
        && new.polarity == old.polarity
        && new.has == old.has
        && !amounts
        && last(new, ours)
        && last(old, theirs)
}
