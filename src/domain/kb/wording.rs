//! The words of a replaced line: the smallest change of the old line where the directive only sets its value, else the user's sentence.
//! It never invents a word.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Polarity;
use super::facts::{self, Facts, Tables};
use super::frame;
use super::matter;
use super::measure::{Kind, Measure};
use super::slots::Value;
use super::words::{Token, fold};

/// How many meanings a directive may add and still count as only setting a value.
const SPARE: usize = 1;

/// The text that replaces the line `old` when the user says `new`; `sentence` is the user's sentence.
pub fn reworded(tables: &Tables, old: &Facts, new: &Facts, sentence: &str) -> String {
    let labelled = facts::label_of(&old.text).is_some();
    let swap = swapped_measure(tables, old, new).or_else(|| {
        if labelled {
            swapped_value(tables, old, new)
                .or_else(|| swapped_word(tables, old, new))
                .or_else(|| swapped_frame(old, new))
        } else {
            swapped_name(tables, old, new)
        }
    });
    let number =
        swap.or_else(|| swapped_version(tables, old, new)).or_else(|| swapped_mark(tables, old, new));
    number.filter(|text| keeps(text, old, new)).unwrap_or_else(|| sentence.to_string())
}

/// Whether a line holds the names and numbers that the directive's first part brings and does not rule out; what lost one says something
/// else than the user.
fn keeps(text: &str, old: &Facts, new: &Facts) -> bool {
    let end = new.parts.first().map_or(new.text.len(), |part| part.end);
    let held = fold(text).text;
    let brings = |token: &&Token| {
        let known = old.meanings.contains(&token.meaning) || old.marks.contains(&token.meaning);
        let turned = new.ruled.contains(&token.meaning) || new.dropped.contains(&token.meaning);
        let named = facts::is_mark(&token.meaning) || frame::is_name(&new.text, &token.range);
        token.range.start < end && !known && !turned && named
    };
    new.tokens.iter().filter(brings).all(|token| held.contains(&token.word))
}

/// The old line with an exception added.
pub fn with_exception(tables: &Tables, old: &Facts, new: &Facts, sentence: &str) -> String {
    let Some(at) = new.exception else { return sentence.to_string() };
    let main = tables.words.meanings(new.text.get(..at).unwrap_or(""));
    let restates = main.intersection(&old.meanings).count() * 10 >= old.meanings.len() * 6;
    let clause = new.text.get(at..).unwrap_or("").trim().trim_end_matches('.');
    let denies =
        ["do", "non", "exempt", "no ", "gilt"].iter().any(|word| clause.to_lowercase().starts_with(word));
    if restates && !denies {
        return sentence.to_string();
    }
    let kept = old.text.trim_end().trim_end_matches('.');
    let folded = super::words::fold(clause).text;
    let place = ["apply to", "apply in", "apply for"].iter().find_map(|verb| {
        let at = folded.find(verb)?;
        clause.get(at + "apply ".len()..)
    });
    let italian = ["non vale per ", "non si applica a", "non vale "]
        .iter()
        .find_map(|verb| folded.find(verb).and_then(|at| clause.get(at + verb.len()..)));
    match (place, italian) {
        (Some(place), _) => format!("{kept}, except {}", place.strip_prefix("to ").unwrap_or(place)),
        (None, Some(place)) => format!("{kept}, tranne {}", place.trim_start_matches(['l', 'a', 'i', ' '])),
        (None, None) => format!("{kept}, {clause}"),
    }
}

/// The label kept and the value exchanged: `Package manager: npm` → `Package manager: pnpm`.
fn swapped_value(tables: &Tables, old: &Facts, new: &Facts) -> Option<String> {
    let from = old.values.iter().find(|stated| {
        let slot = &stated.value.slot;
        let mut wanted = new.answers(slot, Polarity::Require).peekable();
        let other = wanted.peek().is_some() && wanted.all(|value| value.value != stated.value.value);
        stated.stance == Polarity::Require && other
    })?;
    let slot = from.value.slot.as_str();
    let wanted: Vec<&Value> = new.answers(slot, Polarity::Require).collect();
    let (first, last) = (wanted.first()?, wanted.last()?);
    let span = first.range.start..end_of(last);
    if spare(tables, old, new, slot, &span) > SPARE {
        return None;
    }
    let written = new.text.get(span)?;
    let usual = if wanted.len() == 1 { usual_spelling(first, written) } else { written.to_string() };
    spliced(&old.text, from.value.range.start..end_of(&from.value), &usual)
}

/// Only an amount exchanged, with its unit where that differs: `kept for 2 years` → `kept for 5 years`.
fn swapped_measure(tables: &Tables, old: &Facts, new: &Facts) -> Option<String> {
    let (mut ours, mut theirs) = (new.measures.iter(), old.measures.iter());
    let (Some(to), None, Some(from), None) = (ours.next(), ours.next(), theirs.next(), theirs.next()) else {
        return None;
    };
    let inside = |measure: &Measure, token: &Token| {
        let whole = measure.whole();
        whole.start <= token.range.start && token.range.start < whole.end
    };
    let extra = new
        .tokens
        .iter()
        .filter(|token| !inside(to, token) && !old.meanings.contains(&token.meaning))
        .filter(|token| !matter::is_measuring(&token.meaning) && !is_spare(&token.meaning))
        .count();
    if !to.is_like(from) || to.amount == from.amount || extra > SPARE || new.polarity != old.polarity {
        return None;
    }
    let unit = |facts: &Facts, measure: &Measure| {
        let mut named = facts.tokens.iter().filter(|token| token.range == measure.unit);
        named.next().map(|token| token.meaning.clone())
    };
    let (place, written) = match (unit(old, from), unit(new, to)) {
        // A counted thing may be named on one side alone ("zoom 18" and "zoom level 16").
        (a, b) if a == b || from.kind == Kind::Count && a.is_none() == b.is_none() && !from.is_scaled() => {
            (from.number.clone(), digits(tables, old, from, new.text.get(to.number.clone())?))
        }
        (None, None) => (from.number.clone(), new.text.get(to.number.clone())?.to_string()),
        (Some(_), Some(_)) => (from.whole(), new.text.get(to.whole())?.to_string()),
        (None, Some(_)) | (Some(_), None) if from.kind == Kind::Count && !from.is_scaled() => {
            (from.number.clone(), new.text.get(to.number.clone())?.to_string())
        }
        (None, Some(_)) | (Some(_), None) => (from.whole(), new.text.get(to.whole())?.to_string()),
    };
    let stands_alone = from.number != from.unit && to.number != to.unit;
    stands_alone.then(|| spliced(&old.text, place, &written)).flatten()
}

/// The new number as the line writes its own: in digits where that is in digits.
fn digits(tables: &Tables, old: &Facts, from: &Measure, written: &str) -> String {
    let numeric = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let was = old.text.get(from.number.clone()).unwrap_or("");
    let meaning = tables.words.meaning(&super::words::fold(written).text);
    if numeric(was) && !numeric(written) && numeric(&meaning) { meaning } else { written.to_string() }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A name exchanged in a sentence that says more than the name: "images in AVIF" and `Images are WebP, 1600 px wide`.
fn swapped_name(tables: &Tables, old: &Facts, new: &Facts) -> Option<String> {
    let mut wanted = new.values.iter().filter(|stated| stated.stance == Polarity::Require);
    let (to, None) = (wanted.next()?, wanted.next()) else { return None };
    let mut held = old.values.iter().filter(|stated| stated.value.slot == to.value.slot);
    let (from, None) = (held.next()?, held.next()) else { return None };
    let names = |facts: &Facts, range: &Range<usize>| frame::sort(&facts.text, range).is_some();
    let named = names(old, &from.value.range) && names(new, &to.value.range);
    let rest = |token: &&Token| {
        !from.value.range.contains(&token.range.start) && !new.meanings.contains(&token.meaning)
    };
    let more = old.tokens.iter().filter(rest).count() > 1;
    let span = to.value.range.start..end_of(&to.value);
    let alone = spare(tables, old, new, &to.value.slot, &span) == 0 && new.parts.len() == 1;
    let plain = to.value.version.is_none() && from.value.version.is_none() && new.polarity == old.polarity;
    if !(named && more && alone && plain) {
        return None;
    }
    let written = usual_spelling(&to.value, new.text.get(to.value.range.clone())?);
    spliced(&old.text, from.value.range.clone(), &written)
}

/// A value that no slot knows, exchanged: "airflow is out, dagster is what we use" and `Orchestrator: Airflow`.
fn swapped_word(tables: &Tables, old: &Facts, new: &Facts) -> Option<String> {
    let mut fresh = new
        .tokens
        .iter()
        .filter(|token| !new.dropped.contains(&token.meaning) && !old.meanings.contains(&token.meaning))
        .filter(|token| !tables.words.is_revoking(&token.word));
    let (to, None) = (fresh.next()?, fresh.next()) else { return None };
    let mut gone = old.tokens.iter().filter(|token| !old.label.contains(&token.meaning));
    let (from, None) = (gone.next()?, gone.next()) else { return None };
    spliced(&old.text, from.range.clone(), new.text.get(to.range.clone())?)
}

/// The label kept and the value of the other sentence's frame put behind it: "JAX is our framework" and `Framework: PyTorch`.
fn swapped_frame(old: &Facts, new: &Facts) -> Option<String> {
    let (from, to) = (old.frame.as_ref()?, new.frame.as_ref()?);
    let rest = new.tokens.iter().filter(|token| !to.value.contains(&token.meaning));
    let spare = rest.filter(|token| !from.subject.contains(&token.meaning)).count();
    let turned = old.polarity != new.polarity;
    let contrasts = to.value.iter().any(|meaning| new.ruled.contains(meaning));
    if turned || contrasts || spare > SPARE || to.value.len() > 3 || to.subject.is_empty() {
        return None;
    }
    spliced(&old.text, from.range.clone(), new.text.get(to.range.clone())?)
}

/// The usual spelling when the user wrote the same letters ("fastify" → "Fastify"), else the user's own.
fn usual_spelling(value: &Value, written: &str) -> String {
    match &value.version {
        None if value.value.eq_ignore_ascii_case(written) => value.value.clone(),
        Some(version) if written.to_lowercase() == format!("{} {version}", value.value.to_lowercase()) => {
            format!("{} {version}", value.value)
        }
        Some(_) | None => written.to_string(),
    }
}

fn end_of(value: &Value) -> usize {
    value.version_range.as_ref().map_or(value.range.end, |version| version.end)
}

/// Only the version exchanged: `Node 18 or newer` → `Node 22 or newer`.
fn swapped_version(tables: &Tables, old: &Facts, new: &Facts) -> Option<String> {
    for from in &old.values {
        let slot = from.value.slot.as_str();
        let Some(place) = from.value.version_range.clone() else { continue };
        let to = new
            .answers(slot, Polarity::Require)
            .find(|value| value.value == from.value.value && value.version.is_some())
            .or_else(|| new.answers(slot, Polarity::Forbid).find(|value| value.value == from.value.value))?;
        let span = to.range.start..end_of(to);
        if spare(tables, old, new, slot, &span) > SPARE {
            return None;
        }
        let wanted = new.answers(slot, Polarity::Require).any(|value| value == to);
        let version = if wanted { to.version.clone() } else { lone_number(old, new) };
        return spliced(&old.text, place, &version?);
    }
    None
}

/// Only a number or path exchanged: `listens on port 3000` → `listens on port 4000`.
fn swapped_mark(tables: &Tables, old: &Facts, new: &Facts) -> Option<String> {
    let fresh: Vec<&String> = new.marks.difference(&old.marks).collect();
    let gone: Vec<&String> = old.marks.difference(&new.marks).collect();
    let ([to], [from]) = (fresh.as_slice(), gone.as_slice()) else { return None };
    let place = old.tokens.iter().find(|token| token.meaning == **from)?.range.clone();
    let written = new.tokens.iter().find(|token| token.meaning == **to)?.range.clone();
    let extra: BTreeSet<_> = new.meanings.difference(&old.meanings).collect();
    // A number inside a name ("ISO 8601") is no value of its own; one that opens its value is ("15 minutes").
    let inside = |facts: &Facts, at: &Range<usize>| {
        facts
            .values
            .iter()
            .any(|stated| stated.value.range.start < at.start && at.start < stated.value.range.end)
    };
    let like = facts::is_path(from) == facts::is_path(to) && !inside(new, &written) && !inside(old, &place);
    if extra.len() > SPARE || new.polarity != old.polarity || !like {
        return None;
    }
    let opens = |text: &str, at: &Range<usize>| text.get(..at.start).is_some_and(|head| head.ends_with('/'));
    let slash =
        |text: &str, at: &Range<usize>| if opens(text, at) { at.start - 1..at.end } else { at.clone() };
    // A number means nothing without its unit: "1 kHz" is no "1 Hz".
    if old
        .measures
        .iter()
        .chain(&new.measures)
        .any(|measure| measure.kind != Kind::Count || measure.is_scaled())
    {
        return None;
    }
    let written = new.text.get(slash(&new.text, &written))?;
    let words = tables.words.is_stop(written);
    if words { None } else { spliced(&old.text, slash(&old.text, &place), written) }
}

/// The one number of the new sentence that the old one does not hold.
pub fn lone_number(old: &Facts, new: &Facts) -> Option<String> {
    let mut fresh = new
        .marks
        .difference(&old.marks)
        .filter(|mark| mark.chars().all(|c| c.is_ascii_digit() || c == '.') && !mark.is_empty());
    let only = fresh.next()?.clone();
    fresh.next().is_none().then_some(only)
}

/// How many meanings the new sentence holds beside the value at `span`, the slot's names, and what the old line already says.
fn spare(tables: &Tables, old: &Facts, new: &Facts, slot: &str, span: &Range<usize>) -> usize {
    let subject = new.subject(tables, slot);
    let inside: BTreeSet<String> = new
        .tokens
        .iter()
        .filter(|token| span.contains(&token.range.start))
        .map(|t| t.meaning.clone())
        .collect();
    subject
        .iter()
        .filter(|meaning| !inside.contains(*meaning) && !old.meanings.contains(*meaning))
        .filter(|meaning| !is_spare(meaning))
        .count()
}

/// Words that add nothing to a new value.
fn is_spare(meaning: &str) -> bool {
    matches!(
        meaning,
        "server"
            | "decid"
            | "switch"
            | "mov"
            | "pass"
            | "minimum"
            | "maximum"
            | "http"
            | "grow"
            | "shrank"
            | "shrink"
    )
}

fn spliced(text: &str, place: Range<usize>, with: &str) -> Option<String> {
    // A line that opens with a capital does so afterwards, unless its first word is a name written as it is.
    let opens =
        place.start == 0 && text.starts_with(char::is_uppercase) && with.chars().all(char::is_lowercase);
    let with = if opens { capitalised(with) } else { with.to_string() };
    Some(format!("{}{with}{}", text.get(..place.start)?, text.get(place.end..)?))
}
