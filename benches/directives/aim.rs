//! `-- aim`: makes assets/kb/aim.txt from the labelled messages that meet a KB.md. What is in tests/data/held has no part in it.

use std::collections::BTreeMap;
use std::path::Path;

use dictum::domain::kb::aim::PARTS;
use dictum::domain::kb::aim::signs::Sign;
use dictum::domain::kb::detect::Detector;
use dictum::domain::kb::document::Document;
use dictum::domain::kb::reconcile::Reconciler;
use dictum::domain::kb::{Candidate, Span, proposal};

use super::grow::{Grown, Growth, Lessons, Node, grow};
use super::said::{files, name};
use super::score::{Case, Gold, Wanted, cases};

const HEADER: &str = "// Which line of KB.md a directive aims at, fitted by `cargo bench --bench directives -- aim --write` on the labelled messages of
// tests/data. A row is a tree: a branch is `sign<bound` before its two sides, a leaf is what it adds to the log-odds.
";

const LINE: Growth = Growth { trees: 300, leaves: 8, least: 20, rate: 0.05, caution: 10.0 };
const SAME: Growth = Growth { trees: 100, leaves: 8, least: 10, rate: 0.06, caution: 5.0 };

/// How much a message of the reference set counts: it is to be read right, whatever others say.
const NAMED: f32 = 2.5;

/// The file of those messages.
const REFERENCE: &str = "directives_dev.jsonl";

const FOLDS: usize = 5;

/// One directive, its lines as signs, and which of them it means.
struct Lesson {
    fold: usize,
    /// Whether the rules were developed on it.
    known: bool,
    weight: f32,
    lines: Vec<Vec<f32>>,
    target: Option<usize>,
    op: Wanted,
    /// What else is right.
    alt: Vec<Wanted>,
}

pub fn run(root: &Path, arguments: &[String]) {
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let reader = (Detector::new(), Reconciler::new());
    let names = reader.1.names();
    let lessons = lessons(root, &reader);
    eprintln!(
        "{} directives, {} lines, {} signs",
        lessons.len(),
        lessons.iter().map(|l| l.lines.len()).sum::<usize>(),
        names.len()
    );
    if asked("--cross") {
        print!("{}", cross(&lessons));
        return;
    }
    let all: Vec<&Lesson> = lessons.iter().collect();
    let mut table = String::from(HEADER);
    for (part, grown) in PARTS.iter().zip(fit(&all)) {
        table.push_str(&format!("[{part}]\nbias {}\n", grown.bias));
        for tree in &grown.trees {
            table.push_str(&told(tree, &names));
            table.push('\n');
        }
    }
    let path = root.join("assets/kb/aim.txt");
    if asked("--write") {
        std::fs::write(&path, table)
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    } else {
        print!("{table}");
    }
}

fn told(tree: &Node, names: &[&str]) -> String {
    match tree {
        Node::Leaf(value) => format!("{value}"),
        Node::Branch { column, bound, below, other } => {
            format!("{}<{bound} {} {}", names[*column], told(below, names), told(other, names))
        }
    }
}

fn lessons(root: &Path, reader: &(Detector, Reconciler)) -> Vec<Lesson> {
    let data = root.join("tests/data");
    let mut found = Vec::new();
    for (folder, known) in [("aims", false), (".", true)] {
        for (at, file) in files(&data.join(folder), "", "jsonl").iter().enumerate() {
            let weight = if name(file) == REFERENCE { NAMED } else { 1.0 };
            for case in cases(file) {
                found.extend(of_case(reader, &case, at, known, weight));
            }
        }
    }
    found.extend(pairs(&data.join(PAIRS), &reader.1));
    found
}

/// Directives by themselves, each with what it does to a KB.md.
const PAIRS: &str = "reconcile_pairs.txt";

/// The pairs file: a KB.md behind `KB`, then behind `DIRECTIVES` rows of `what | words | line or section`.
fn pairs(path: &Path, reconciler: &Reconciler) -> Vec<Lesson> {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    let mut found = Vec::new();
    for (at, part) in text.split("KB\n").skip(1).enumerate() {
        let Some((kb, rows)) = part.split_once("DIRECTIVES\n") else { continue };
        let kb = Document::parse(kb);
        for row in rows.lines() {
            let [what, words, expect] = row.splitn(3, " | ").collect::<Vec<_>>()[..] else { continue };
            let op = match what {
                "add" => Wanted::Add,
                "known" => Wanted::Noop,
                "replace" => Wanted::Replace,
                "lift" => Wanted::Remove,
                _ => continue,
            };
            let target =
                kb.entries.iter().position(|entry| entry.text == expect).filter(|_| op != Wanted::Add);
            if op != Wanted::Add && target.is_none() {
                continue;
            }
            let lesson = Lesson {
                fold: at % FOLDS,
                known: true,
                weight: 1.0,
                lines: Vec::new(),
                target,
                op,
                alt: Vec::new(),
            };
            found.extend(with_lines(reconciler, &kb, &proposal::remembered(words), lesson));
        }
    }
    found
}

/// How much a directive counts that meets but one line.
const ALONE: f32 = 0.8;

/// The lesson with the signs of all lines, and another with the line alone that it means, or that is likest to it: a short KB.md has no
/// other lines to stand out from.
fn with_lines(reconciler: &Reconciler, kb: &Document, candidate: &Candidate, lesson: Lesson) -> Vec<Lesson> {
    let values = |all: Vec<Vec<Sign>>| -> Vec<Vec<f32>> {
        all.into_iter().map(|signs| signs.into_iter().map(|(_, value)| value).collect()).collect()
    };
    let likeness = |signs: &Vec<Sign>| {
        signs
            .iter()
            .filter(|(name, _)| matches!(*name, "gist-weighty" | "kin" | "rule-score"))
            .map(|(_, value)| *value)
            .sum::<f32>()
    };
    let all = reconciler.signs(kb, candidate);
    let likest = || all.iter().map(likeness).enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at);
    let alone = lesson.target.or_else(likest).and_then(|at| kb.entries.get(at));
    let short = alone.map(|entry| {
        let kb = Document::parse(&format!("# KB\n\n- {}\n", entry.text));
        Lesson {
            lines: values(reconciler.signs(&kb, candidate)),
            target: lesson.target.map(|_| 0),
            weight: lesson.weight * ALONE,
            alt: lesson.alt.clone(),
            known: true,
            ..lesson
        }
    });
    let short = short.filter(|short| short.lines.len() == 1);
    let whole = Lesson { lines: values(all), ..lesson };
    std::iter::once(whole).chain(short).collect()
}

/// The directives of a message that can be told apart in it.
fn of_case(
    (detector, reconciler): &(Detector, Reconciler),
    case: &Case,
    file: usize,
    known: bool,
    weight: f32,
) -> Vec<Lesson> {
    let kb = Document::parse(&case.kb);
    if kb.entries.is_empty() || case.expect.directives.is_empty() {
        return Vec::new();
    }
    let mut heard: Vec<Candidate> = detector.detect(&[Span::typed(case.message.as_str())], &kb).candidates;
    let several = case.expect.directives.len() > 1;
    if heard.is_empty() && !several {
        heard.push(proposal::remembered(&case.message));
    }
    let fold = case
        .kb
        .lines()
        .next()
        .unwrap_or("")
        .bytes()
        .fold(file, |sum, byte| sum.wrapping_mul(31) + usize::from(byte))
        % FOLDS;
    let mut lessons = Vec::new();
    for gold in &case.expect.directives {
        let fits =
            |candidate: &Candidate| gold.is_held_by(&candidate.text) && (!several || !gold.must.is_empty());
        let Some(at) = heard.iter().position(fits).or((!several && !heard.is_empty()).then_some(0)) else {
            continue;
        };
        let candidate = heard[at].clone();
        if several {
            heard.remove(at);
        }
        let target = match target(&kb, gold) {
            None if gold.op != Wanted::Add => continue,
            target => target.filter(|_| gold.op != Wanted::Add),
        };
        let lesson =
            Lesson { fold, known, weight, lines: Vec::new(), target, op: gold.op, alt: gold.alt_ops.clone() };
        lessons.extend(with_lines(reconciler, &kb, &candidate, lesson));
    }
    lessons
}

/// The entry that the label names, or the one that its words stand in.
fn target(kb: &Document, gold: &Gold) -> Option<usize> {
    let plain = |text: &str| {
        let text = text.trim_start_matches(['-', '*', '+', '>', ' ', '|']).to_lowercase();
        text.split(|c: char| c.is_whitespace() || c == '|')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let wanted = plain(gold.supersedes.as_deref()?);
    let texts: Vec<String> = kb.entries.iter().map(|entry| plain(&entry.text)).collect();
    let exact = texts.iter().position(|text| *text == wanted);
    exact.or_else(|| {
        texts
            .iter()
            .position(|text| !text.is_empty() && (text.contains(&wanted) || wanted.contains(text.as_str())))
    })
}

fn fit(lessons: &[&Lesson]) -> [Grown; 3] {
    let mut line = Lessons { rows: Vec::new(), labels: Vec::new(), weights: Vec::new() };
    let mut same = Lessons { rows: Vec::new(), labels: Vec::new(), weights: Vec::new() };
    let mut drop = Lessons { rows: Vec::new(), labels: Vec::new(), weights: Vec::new() };
    for lesson in lessons {
        for (at, row) in lesson.lines.iter().enumerate() {
            line.rows.push(row);
            line.labels.push(lesson.target == Some(at));
            line.weights.push(lesson.weight);
        }
        if let Some(row) = lesson.target.and_then(|at| lesson.lines.get(at)) {
            same.rows.push(row);
            same.labels.push(lesson.op == Wanted::Noop);
            same.weights.push(lesson.weight);
            if lesson.op != Wanted::Noop {
                drop.rows.push(row);
                drop.labels.push(lesson.op == Wanted::Remove);
                drop.weights.push(lesson.weight);
            }
        }
    }
    [grow(&line, LINE), grow(&same, SAME), grow(&drop, SAME)]
}

fn word(op: Wanted) -> &'static str {
    match op {
        Wanted::Add => "add",
        Wanted::Replace => "replace",
        Wanted::Remove => "remove",
        Wanted::Noop => "noop",
    }
}

/// How often the line and the operation are right where each fifth is told by forests grown on the rest.
fn cross(lessons: &[Lesson]) -> String {
    let bounds = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6];
    let mut right: BTreeMap<(usize, &str), (usize, usize)> = BTreeMap::new();
    for fold in 0..FOLDS {
        let rest: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.fold != fold).collect();
        let [line, same, drop] = fit(&rest);
        for lesson in lessons.iter().filter(|lesson| lesson.fold == fold && !lesson.known) {
            let best = lesson
                .lines
                .iter()
                .map(|row| line.chance(row))
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((at, chance)) = best else { continue };
            for (bound, least) in bounds.iter().enumerate() {
                let row = &lesson.lines[at];
                let op = if chance < *least {
                    Wanted::Add
                } else if same.chance(row) > 0.5 {
                    Wanted::Noop
                } else if drop.chance(row) > 0.5 {
                    Wanted::Remove
                } else {
                    Wanted::Replace
                };
                let told = op == lesson.op || lesson.alt.contains(&op);
                let placed = op == Wanted::Add || lesson.target == Some(at);
                for name in ["all", word(lesson.op)] {
                    let count = right.entry((bound, name)).or_default();
                    count.0 += usize::from(told && placed);
                    count.1 += 1;
                }
            }
        }
    }
    let mut text = String::new();
    for ((bound, name), (right, of)) in right {
        text.push_str(&format!(
            "{:.2} {name:<8} {right} of {of} {:.3}\n",
            bounds[bound],
            right as f64 / of as f64
        ));
    }
    text
}
