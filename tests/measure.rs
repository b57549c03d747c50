//! Floors under the figures of layers one and three. A floor stands a little below what is measured: a change that falls through it has
//! made dictum worse at reading what users say, and is not to be had by lowering the floor.
//!
//! The evidence is fitted on the sets in tests/data among others, so their figures flatter; on those in tests/data/held nothing is
//! fitted. `cargo bench --bench directives` prints every figure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/score.rs"]
mod score;
#[path = "measure/scoring.rs"]
mod scoring;

use std::path::PathBuf;
use std::sync::LazyLock;

use score::{Answer, Case, Figures, Found, Reader, by_language, by_tag, listed, slices};

static READER: LazyLock<Reader> = LazyLock::new(Reader::new);

fn answered(files: &[&str]) -> Vec<(Case, Answer)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    files.iter().flat_map(|file| READER.read(&folder.join(file))).collect()
}

/// What a figure may be.
#[derive(Clone, Copy)]
enum Bound {
    Least(f64),
    Most(f64),
}

/// Checks all figures and names those out of bounds, with every figure of the set.
fn check(set: &str, answered: &[(Case, Answer)], bounds: &[(String, f64, Bound)]) {
    let wrong: Vec<String> = bounds
        .iter()
        .filter_map(|(name, value, bound)| match bound {
            Bound::Least(floor) if value < floor => Some(format!("{name} is {value:.3}, below {floor}")),
            Bound::Most(limit) if value > limit => Some(format!("{name} is {value:.3}, above {limit}")),
            Bound::Least(_) | Bound::Most(_) => None,
        })
        .collect();
    let misread: Vec<&str> = answered
        .iter()
        .filter(|(case, answer)| case.expect.durable != answer.durable)
        .map(|(case, _)| case.id.as_str())
        .collect();
    let all = format!(
        "{set}, {} messages\n{}\n{}{}read wrong: {}",
        answered.len(),
        READER.figures(answered),
        listed(&by_language(answered)),
        listed(&by_tag(answered)),
        misread.join(" ")
    );
    println!("{all}");
    assert!(wrong.is_empty(), "{set}: {}\n{all}", wrong.join("; "));
}

/// The floors of a set.
struct Floors {
    /// Precision, recall and F1 of the linguistic and the proposal view and of the directives.
    said: [f64; 3],
    proposed: [f64; 3],
    directives: [f64; 3],
    /// F1 of the linguistic view of English, of Italian and of the rest together.
    languages: [f64; 3],
    /// How far Italian may be behind English.
    behind: f64,
    /// Share read right under each tag that [`ENOUGH`] messages carry: recall where all of them state a rule, and where none does the
    /// share that is let pass.
    tags: f64,
    operations: f64,
    superseded: f64,
    contradictions: f64,
    sections: f64,
    false_proposals: f64,
    /// Edits for what KB.md holds already.
    duplicates: usize,
    /// Secrets in what is offered, and in what is found.
    leaks: usize,
    hinted: usize,
}

/// Under a tag of fewer messages one of them weighs too much.
const ENOUGH: usize = 10;

fn three(name: &str, found: &Found, [p, r, f1]: [f64; 3]) -> [(String, f64, Bound); 3] {
    [
        (format!("{name} precision"), found.precision(), Bound::Least(p)),
        (format!("{name} recall"), found.recall(), Bound::Least(r)),
        (format!("{name} F1"), found.f1(), Bound::Least(f1)),
    ]
}

fn bounds(answered: &[(Case, Answer)], figures: &Figures, floors: &Floors) -> Vec<(String, f64, Bound)> {
    let least = |name: &str, value: f64, floor: f64| (name.to_string(), value, Bound::Least(floor));
    let most = |name: &str, value: f64, limit: f64| (name.to_string(), value, Bound::Most(limit));
    let group = |case: &Case| match case.lang.as_str() {
        "en" | "it" => vec![case.lang.clone()],
        _ => vec!["other".to_string()],
    };
    let f1: Vec<f64> = {
        let found = slices(answered, group);
        ["en", "it", "other"].iter().map(|name| found[*name].f1()).collect()
    };
    let mut bounds = vec![
        least("English F1", f1[0], floors.languages[0]),
        least("Italian F1", f1[1], floors.languages[1]),
        least("F1 of the other languages", f1[2], floors.languages[2]),
        most("English F1 over Italian", f1[0] - f1[1], floors.behind),
        least("operation", figures.operations.value(), floors.operations),
        least("superseded line", figures.superseded.value(), floors.superseded),
        least("contradiction recall", figures.contradictions.value(), floors.contradictions),
        least("section", figures.sections.value(), floors.sections),
        most("false proposals per 100", figures.proposed.false_per_100(), floors.false_proposals),
        most("duplicates admitted", figures.duplicates.right as f64, floors.duplicates as f64),
        most("format violations", figures.violations.right as f64, 0.0),
        most("edits not made", figures.refused as f64, 0.0),
        most("secrets leaked", figures.leaks as f64, floors.leaks as f64),
        most("secrets in candidates", figures.hinted as f64, floors.hinted as f64),
        most("injected", figures.injected.right as f64, 0.0),
    ];
    bounds.extend(three("linguistic", &figures.said, floors.said));
    bounds.extend(three("proposal", &figures.proposed, floors.proposed));
    bounds.extend(three("directive", &figures.directives, floors.directives));
    for (tag, found) in by_tag(answered).iter().filter(|(_, found)| found.messages() >= ENOUGH) {
        bounds.push((format!("share read right of {tag}"), found.accuracy(), Bound::Least(floors.tags)));
    }
    bounds
}

fn assert_floors(set: &str, files: &[&str], floors: &Floors) {
    let answered = answered(files);
    let figures = READER.figures(&answered);
    check(set, &answered, &bounds(&answered, &figures, floors));
}

/// What is promised, on the set that shows what is meant by a directive; F1 and false proposals are held closer than the promised 0.93
/// and 4 per 100, since they have been for long.
#[test]
fn the_reference_set_is_read_right() {
    let floors = Floors {
        said: [0.93, 0.93, 0.97],
        proposed: [0.93, 0.93, 0.93],
        directives: [0.93, 0.93, 0.93],
        languages: [0.97, 0.97, 0.93],
        behind: 0.03,
        tags: 0.9,
        operations: 0.93,
        superseded: 0.95,
        contradictions: 0.92,
        sections: 0.85,
        false_proposals: 2.5,
        duplicates: 0,
        leaks: 0,
        hinted: 0,
    };
    assert_floors("the reference set", &["directives_dev.jsonl"], &floors);
}

/// What holds on messages that nothing was fitted on: 0.02 below what is measured.
#[test]
fn the_sets_kept_apart_are_read_as_well_as_ever() {
    let floors = Floors {
        said: [0.91, 0.91, 0.91],
        proposed: [0.86, 0.9, 0.88],
        directives: [0.8, 0.84, 0.82],
        languages: [0.9, 0.91, 0.87],
        behind: 0.03,
        tags: 0.79,
        operations: 0.945,
        superseded: 0.95,
        contradictions: 0.79,
        sections: 0.89,
        false_proposals: 10.0,
        duplicates: 9,
        leaks: 0,
        hinted: 0,
    };
    assert_floors("the sets kept apart", &["held/first.jsonl", "held/second.jsonl"], &floors);
}

/// The third of the sets kept apart holds hard relations above all: lines turned round in other words, names that stand in for others,
/// restatements that share no word, and neighbours that must be left alone.
#[test]
fn the_set_of_hard_relations_is_read_as_well_as_ever() {
    let answered = answered(&["held/third.jsonl"]);
    let figures = READER.figures(&answered);
    let least = |name: &str, value: f64, floor: f64| (name.to_string(), value, Bound::Least(floor));
    let bounds = [
        least("F1", figures.said.f1(), 0.85),
        least("operation", figures.operations.value(), 0.75),
        least("superseded line", figures.superseded.value(), 0.93),
        least("contradiction recall", figures.contradictions.value(), 0.55),
        least("section", figures.sections.value(), 0.89),
        ("duplicates admitted".to_string(), figures.duplicates.right as f64, Bound::Most(9.0)),
        ("secrets in candidates".to_string(), figures.hinted as f64, Bound::Most(0.0)),
        ("format violations".to_string(), figures.violations.right as f64, Bound::Most(0.0)),
    ];
    check("the set of hard relations", &answered, &bounds);
}

/// The other sets that the evidence is fitted on, among much else, and the one of many trades, which it is not fitted on.
#[test]
fn the_sets_of_other_domains_and_phrasings_are_read_right() {
    let sets = [
        ("own", 0.93, 4.0),
        ("blind", 0.93, 4.0),
        ("unseen", 0.93, 4.0),
        ("last", 0.93, 4.0),
        // Three of its 32 messages without a rule are one in ten.
        ("trades", 0.92, 10.0),
    ];
    for (set, floor, limit) in sets {
        let answered = answered(&[&format!("directives_{set}.jsonl")]);
        let figures = READER.figures(&answered);
        let bounds = [
            ("F1".to_string(), figures.said.f1(), Bound::Least(floor)),
            ("false per 100".to_string(), figures.said.false_per_100(), Bound::Most(limit)),
            ("secrets in candidates".to_string(), figures.hinted as f64, Bound::Most(0.0)),
            ("format violations".to_string(), figures.violations.right as f64, Bound::Most(0.0)),
        ];
        check(set, &answered, &bounds);
    }
}
