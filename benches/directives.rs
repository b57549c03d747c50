//! How well and how fast layers one and three read, and the fit of the table that layer one weighs by.
//!
//! `cargo bench --bench directives` prints the figures of the reference set and of the sets that nothing is fitted on, then the times.
//! `-- FILE...` reads other sets: `.jsonl` as those in tests/data, `.tsv` as those in tests/data/said; `--wrong` adds the messages that are
//! read wrong. `-- fit [--write] [--cross] [--c C] [--top N] [--min N]` makes assets/kb/evidence.txt, see `directives/fit.rs`, and
//! `-- aim [--write] [--cross]` assets/kb/aim.txt, see `directives/aim.rs`. What is fitted on other data is compiled in: build again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "directives/aim.rs"]
mod aim;
#[path = "directives/fit.rs"]
mod fit;
#[path = "directives/grow.rs"]
mod grow;
#[path = "directives/model.rs"]
mod model;
#[path = "directives/said.rs"]
mod said;
#[path = "../tests/support/score.rs"]
mod score;
#[path = "directives/solve.rs"]
mod solve;
#[path = "directives/speed.rs"]
mod speed;

use std::path::{Path, PathBuf};

use dictum::domain::kb::Span;
use dictum::domain::kb::document::Document;
use score::{Answer, Case, Reader, by_language, by_tag, listed};

/// The reference set, then those kept apart.
const SETS: [&str; 4] = ["directives_dev.jsonl", "held/first.jsonl", "held/second.jsonl", "held/third.jsonl"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // cargo adds `--bench` of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|argument| argument == "fit") {
        return fit::run(root, &arguments);
    }
    if arguments.first().is_some_and(|argument| argument == "aim") {
        return aim::run(root, &arguments);
    }
    let wrong = arguments.iter().any(|argument| argument == "--wrong");
    let named: Vec<PathBuf> =
        arguments.iter().filter(|argument| !argument.starts_with("--")).map(PathBuf::from).collect();
    let data = root.join("tests/data");
    let sets = if named.is_empty() { SETS.map(|set| data.join(set)).to_vec() } else { named.clone() };
    let reader = Reader::new();
    for set in sets {
        let answered = show(&reader, &set);
        if wrong {
            show_wrong(&reader, &answered);
        }
    }
    if named.is_empty() {
        speed::run(&data);
    }
}

/// Prints the figures of a set. A table says of each message only whether it states a directive.
fn show(reader: &Reader, set: &Path) -> Vec<(Case, Answer)> {
    let bare = set.extension().is_some_and(|kind| kind == "tsv");
    let answered = if bare {
        let cases = said::table(set).into_iter().enumerate().map(|(at, said)| said.case(at));
        reader.answers(cases.collect())
    } else {
        reader.read(set)
    };
    let figures = reader.figures(&answered);
    println!("{}, {} messages", said::name(set), answered.len());
    if bare {
        println!("  linguistic  {}  false per 100: {:.1}", figures.said, figures.said.false_per_100());
    } else {
        println!("{figures}");
    }
    println!("  linguistic by language\n{}", listed(&by_language(&answered)).trim_end());
    println!("  linguistic by tag\n{}", listed(&by_tag(&answered)));
    answered
}

/// Prints each message that is read wrong, with what the rules make of its clauses.
fn show_wrong(reader: &Reader, answered: &[(Case, Answer)]) {
    for (case, answer) in answered.iter().filter(|(case, answer)| case.expect.durable != answer.durable) {
        let kind = if case.expect.durable { "missed" } else { "false" };
        println!("  {kind} {} {:?}", case.id, case.message);
        let spans = [Span::typed(case.message.as_str())];
        for clause in reader.detector.explain(&spans, &Document::parse(&case.kb)) {
            println!("      {clause}");
        }
        for edit in &answer.edits {
            println!("      {} {:?}", edit.op.word(), edit.text);
        }
    }
}
