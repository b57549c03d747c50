//! Whether two sentences speak of the same matter, whatever they say of it. It compares no answers.

use std::collections::BTreeSet;

use super::facts::{self, Facts, Tables};
use super::measure::{Kind, Measure};

/// How much two sentences must share to speak of the same matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// A shared word for each word that either has alone.
    Usual,
    /// One of them may say nothing of its own, for what is compared (a span of time) is said of many things.
    Strict,
}

/// Words that say how an amount limits and not what it is the amount of.
const MEASURING: &[&str] = &[
    "long",
    "last",
    "half",
    "quarter",
    "duration",
    "length",
    "size",
    "maximum",
    "minimum",
    "limit",
    "threshold",
    "period",
    "number",
    "count",
    "level",
    "short",
    "allow",
    "enough",
    "fixed",
    "target",
    "wide",
    "width",
    "height",
    "high",
    "exactly",
    "roughly",
    "retain",
    "history",
    "top",
    "up",
    "aim",
    "reach",
    "hit",
    "go",
    "rise",
    "drop",
    "raise",
    "lower",
    "increase",
    "decrease",
];

/// Words that fit what any rule is about and set no two of them apart.
const NEUTRAL: &[&str] = &[
    "read",
    "file",
    "store",
    "send",
    "show",
    "handle",
    "call",
    "check",
    "build",
    "load",
    "generate",
    "tool",
    "dependency",
    "format",
    "type",
    "style",
    "mode",
    "system",
    "work",
    "code",
    "data",
    "text",
    "plain",
    "encode",
    "leave",
    "return",
    "publish",
    "deploy",
];

/// What is done to a thing tells amounts apart: a fare is cached for a time and held for another.
const DOING: &[&str] = &[
    "round", "cach", "cache", "timeout", "retry", "rotate", "expire", "delete", "backup", "sampl", "refresh",
    "poll", "review", "sign", "encrypt", "compress", "scan", "audit", "notify", "alert", "update", "upgrad",
    "train", "test", "print",
];

/// Whether a word only says how an amount limits.
pub fn is_measuring(meaning: &str) -> bool {
    MEASURING.contains(&meaning)
}

/// Whether both take a decision that is taken once per subject, and for different subjects ("classes are in PascalCase", "files are in
/// kebab-case").
pub fn is_apart(tables: &Tables, new: &Facts, old: &Facts) -> bool {
    let keyed = |slot: &str| tables.slots.slot(slot).is_some_and(|row| row.keyed);
    let answered = |slot: &str| old.values.iter().any(|theirs| theirs.value.slot == slot);
    let mut shared = new
        .values
        .iter()
        .map(|ours| ours.value.slot.as_str())
        .filter(|slot| keyed(slot) && answered(slot))
        .peekable();
    shared.peek().is_some() && shared.all(|slot| !is_same(tables, new, old, slot))
}

/// Whether both speak of the same matter when they answer the decision `slot`.
pub fn is_same(tables: &Tables, new: &Facts, old: &Facts, slot: &str) -> bool {
    let names: BTreeSet<String> = names(tables, slot);
    let topics = |facts: &Facts| -> BTreeSet<String> {
        let shared = |meaning: &String| new.meanings.contains(meaning) && old.meanings.contains(meaning);
        let tells = |meaning: &String| shared(meaning) || !NEUTRAL.contains(&meaning.as_str());
        facts.subject(tables, slot).into_iter().filter(tells).collect()
    };
    let named = tables.slots.named(&new.text).contains(&slot);
    let both = new.meanings.iter().any(|meaning| names.contains(meaning) && old.meanings.contains(meaning));
    agree(&topics(new), &topics(old), both, named, Care::Usual)
}

/// Whether the amounts `ours` and `theirs` are said of the same matter.
pub fn is_measured(new: &Facts, old: &Facts, ours: &Measure, theirs: &Measure) -> bool {
    let topics = |facts: &Facts| -> BTreeSet<String> {
        let own = |range: &std::ops::Range<usize>| {
            facts.measures.iter().any(|measure| {
                let whole = measure.whole();
                whole.start <= range.start && range.start < whole.end
            })
        };
        facts
            .tokens
            .iter()
            .filter(|token| !own(&token.range) && !facts::is_mark(&token.meaning))
            .map(|token| token.meaning.clone())
            .filter(|meaning| !MEASURING.contains(&meaning.as_str()))
            .collect()
    };
    let (a, b) = (topics(new), topics(old));
    let doing = |set: &BTreeSet<String>| set.iter().any(|meaning| DOING.contains(&meaning.as_str()));
    let done = |set: &BTreeSet<String>, other: &BTreeSet<String>| {
        set.iter().filter(|meaning| DOING.contains(&meaning.as_str())).any(|meaning| !other.contains(meaning))
    };
    if done(&a, &b) || (done(&b, &a) && doing(&a)) {
        return false;
    }
    let care = match ours.kind {
        Kind::Time => Care::Strict,
        Kind::Clock | Kind::Count => Care::Usual,
    };
    let counted = ours.kind == Kind::Count
        && ours.near.iter().any(|name| theirs.near.contains(name) && name != "percent");
    agree(&a, &b, counted && (a.is_empty() || b.is_empty()), counted, care)
}

fn agree(
    ours: &BTreeSet<String>,
    theirs: &BTreeSet<String>,
    names_shared: bool,
    named: bool,
    care: Care,
) -> bool {
    let (alone, other) = (ours.difference(theirs).count(), theirs.difference(ours).count());
    let named_alike = names_shared && alone.min(other) == 0;
    let common = ours.intersection(theirs).count() + usize::from(named_alike);
    if common == 0 {
        return ours.is_empty() && (theirs.is_empty() || named);
    }
    match care {
        Care::Usual => alone.min(other) <= common,
        Care::Strict => alone.min(other) * 2 <= common,
    }
}

fn names(tables: &Tables, slot: &str) -> BTreeSet<String> {
    tables
        .slots
        .slot(slot)
        .map(|slot| slot.names.iter().flat_map(|name| tables.words.meanings(name)).collect())
        .unwrap_or_default()
}
