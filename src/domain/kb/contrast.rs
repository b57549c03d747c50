//! Whether a directive turns away from what a line says: drops its word, complains of it, or allows what it ruled out. It compares no
//! answers.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Polarity;
use super::facts::{self, Facts};
use super::frame;
use super::relation::{Match, Relation};
use super::words::{fold, ratio};

/// The directive opens with a new name, and a later part of it complains of the one that the line names: "slog everywhere, zap is a
/// dependency too many".
pub fn by_complaint(new: &Facts, old: &Facts) -> Option<Match> {
    let head = new.parts.first().filter(|_| new.parts.len() > 1)?.end;
    let named = |facts: &Facts, range: &Range<usize>| {
        facts.values.iter().any(|stated| stated.value.range.contains(&range.start))
            || frame::is_name(&facts.text, range)
    };
    let opens = new.tokens.first().filter(|token| {
        let written = new.text.get(token.range.clone()).unwrap_or("");
        let proper = written.chars().skip(1).any(|c| c.is_uppercase() || c.is_ascii_digit());
        let known = new.values.iter().any(|stated| stated.value.range.contains(&token.range.start));
        (proper || known) && !old.meanings.contains(&token.meaning) && !new.ruled.contains(&token.meaning)
    })?;
    let slots = |facts: &Facts, range: &Range<usize>| -> BTreeSet<String> {
        let at = |stated: &&facts::Stated| stated.value.range.contains(&range.start);
        facts.values.iter().filter(at).map(|stated| stated.value.slot.clone()).collect()
    };
    let complained = old
        .tokens
        .iter()
        .filter(|token| named(old, &token.range) && !old.label.contains(&token.meaning))
        .any(|theirs| {
            let (a, b) = (slots(new, &opens.range), slots(old, &theirs.range));
            let apart = !a.is_empty() && !b.is_empty() && a.is_disjoint(&b);
            let mut said = new.tokens.iter().filter(|token| token.meaning == theirs.meaning);
            !apart && said.clone().next().is_some() && said.all(|token| token.range.start >= head)
        });
    complained.then_some(Match { relation: Relation::Changes, score: 0.72 })
}

/// The directive turns away from a word that the line is about, whatever it is: "airflow is out" and "Orchestrator: Airflow".
pub fn by_dropped_word(new: &Facts, old: &Facts) -> Option<Match> {
    let named: BTreeSet<&String> =
        new.dropped.intersection(&old.meanings).filter(|meaning| !old.label.contains(*meaning)).collect();
    let value: BTreeSet<&String> = old.meanings.difference(&old.label).collect();
    let all =
        !old.label.is_empty() && !value.is_empty() && value.iter().all(|meaning| named.contains(meaning));
    let most = ratio(named.len(), old.meanings.len()) >= 0.5;
    let framed =
        old.frame.as_ref().is_some_and(|frame| frame.value.iter().all(|meaning| named.contains(meaning)));
    let wants = old.polarity == Polarity::Require;
    (wants && !named.is_empty() && (all || most || framed))
        .then_some(Match { relation: Relation::Changes, score: 0.8 })
}

/// The directive says something else of what the line speaks of, and a later part of it complains of what the line says: "corrections
/// go on top, nobody scrolls to the bottom".
pub fn by_grievance(new: &Facts, old: &Facts) -> Option<Match> {
    let head = new.parts.first().filter(|_| new.parts.len() > 1)?;
    let tail: BTreeSet<&String> = new.parts.iter().skip(1).flat_map(|part| &part.meanings).collect();
    let shared = old.tokens.iter().position(|token| head.meanings.contains(&token.meaning));
    let fresh = head.meanings.iter().filter(|meaning| !old.meanings.contains(*meaning)).count();
    let wanted = head.polarity == Polarity::Require && old.polarity == Polarity::Require && !new.has;
    let held = |meaning: &String| head.meanings.contains(meaning);
    // What the line says stands behind what it speaks of.
    let says = |at: usize| old.tokens.iter().skip(at + 1).filter(|token| !held(&token.meaning));
    let complains = shared.is_some_and(|at| {
        at < 2 && says(at).any(|token| tail.contains(&token.meaning) && !facts::is_mark(&token.meaning))
    });
    // Or the later part names the line as a whole.
    let whole = old.meanings.len() >= 2
        && shared.is_none()
        && old.meanings.iter().all(|meaning| tail.contains(meaning));
    (wanted && fresh > 0 && (complains || whole)).then_some(Match { relation: Relation::Changes, score: 0.7 })
}

/// The line allows but one thing, and the directive allows any, or another too: "any vendor is okay", "works from the app too".
pub fn by_permission(new: &Facts, old: &Facts) -> Option<Match> {
    let words = |facts: &Facts| -> Vec<String> {
        let folded = fold(&facts.text).text;
        folded.split(|c: char| !c.is_alphanumeric()).map(str::to_string).collect()
    };
    let (ours, theirs) = (words(new), words(old));
    let has = |words: &[String], list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let limits = has(&theirs, LIMITING) || old.polarity == Polarity::Forbid;
    let any = has(&ours, ANY) && has(&ours, FINE);
    let also = ours.iter().rev().take(2).any(|word| ALSO.contains(&word.as_str()));
    let shared = new.meanings.intersection(&old.meanings).count();
    let near = shared >= 2 || (shared == 1 && old.meanings.len() <= 4);
    let wants = new.polarity == Polarity::Require;
    (limits && (any || also) && near && wants).then_some(Match { relation: Relation::Changes, score: 0.7 })
}

const LIMITING: &[&str] = &[
    "only",
    "just",
    "exclusively",
    "needs",
    "solo",
    "soltanto",
    "esclusivamente",
    "uniquement",
    "seulement",
    "nur",
    "solamente",
    "apenas",
    "somente",
];

const ANY: &[&str] = &[
    "any",
    "anything",
    "all",
    "every",
    "whatever",
    "either",
    "both",
    "qualsiasi",
    "qualunque",
    "tutti",
    "tutte",
    "cualquier",
    "todos",
    "jede",
    "jeder",
    "jedes",
    "alle",
    "qualquer",
    "tous",
    "toutes",
];

const FINE: &[&str] = &[
    "ok",
    "okay",
    "fine",
    "allowed",
    "permitted",
    "accepted",
    "acceptable",
    "welcome",
    "works",
    "good",
    "bene",
    "ammessi",
    "ammesse",
    "ammesso",
    "vale",
    "valen",
    "permitido",
    "permitidos",
    "erlaubt",
    "passt",
    "autorise",
    "autorises",
    "convient",
];

const ALSO: &[&str] = &["too", "also", "well", "anche", "aussi", "tambien", "auch", "tambem", "pure"];

/// The line says that there is none of its label's thing ("Retries: never", "Cache | None"), and the directive asks for some.
pub fn by_absence(new: &Facts, old: &Facts) -> Option<Match> {
    const NONE: &[&str] = &[
        "none",
        "never",
        "no",
        "off",
        "not used",
        "disabled",
        "nothing",
        "nessuno",
        "nessuna",
        "mai",
        "niente",
        "aucun",
        "aucune",
        "jamais",
        "ninguno",
        "ninguna",
        "nunca",
        "keine",
        "nie",
        "aus",
        "nenhum",
        "nenhuma",
        "off by default",
        "disabled by default",
    ];
    let folded = fold(&old.text).text;
    let value =
        folded.rsplit_once([':', '|']).map(|(_, value)| value.trim_matches([' ', '*', '.', '_', '|']))?;
    let opens = new.tokens.iter().take(2).any(|token| old.label.contains(&token.meaning));
    let named = !old.label.is_empty() && old.label.is_subset(&new.meanings);
    let asks = new.polarity == Polarity::Require && !new.has;
    (NONE.contains(&value) && opens && named && asks)
        .then_some(Match { relation: Relation::Changes, score: 0.75 })
}
