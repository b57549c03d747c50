//! `-- fit`: makes assets/kb/evidence.txt from the labelled messages. What is in tests/data/held has no part in it.

use std::collections::BTreeMap;
use std::path::Path;

use super::model::{Model, Settings};
use super::said::{Example, Lessons};
use super::score::{Found, listed};

const HEADER: &str = "// What speaks for and against a directive beyond the cue tables, fitted by `cargo bench --bench directives -- fit` on the labelled messages of
// tests/data. A header is a block; a row is \"name <tab> rarity <tab> weight\". Each block counts as one, however much of it a clause shows.
[build]
";

const DEFAULTS: Settings = Settings { c: 5.0, top: 16_000, least: 3 };

/// Parts of which each is told by a table that was fitted on the others.
const FOLDS: usize = 5;

/// Fits the table and prints it; with `--write` puts it in its place instead, with `--cross` prints how well it would do on messages that
/// it has not seen.
pub fn run(root: &Path, arguments: &[String]) {
    let settings = settings(arguments);
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let lessons = Lessons::read(&root.join("tests/data"));
    eprintln!(
        "{} messages, {} clauses, {} names of evidence, {settings:?}",
        lessons.examples.len(),
        lessons.examples.iter().map(|example| example.clauses.len()).sum::<usize>(),
        lessons.names.len()
    );
    if asked("--cross") {
        print!("{}", cross(&lessons, settings));
        return;
    }
    let all: Vec<&Example> = lessons.examples.iter().collect();
    let table = table(&Model::fit(&all, lessons.names.len(), settings), &lessons);
    let path = root.join("assets/kb/evidence.txt");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    eprintln!("{}", compared(&old, &table));
    if asked("--write") {
        std::fs::write(&path, table)
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    } else {
        print!("{table}");
    }
}

fn settings(arguments: &[String]) -> Settings {
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(at + 1).unwrap_or_else(|| panic!("{name} needs a number")))
    };
    let number = |name: &str| {
        value(name)
            .map(|text| text.parse::<f32>().unwrap_or_else(|_| panic!("{name} needs a number, not {text}")))
    };
    Settings {
        c: number("--c").unwrap_or(DEFAULTS.c),
        top: number("--top").map_or(DEFAULTS.top, |top| top as usize),
        least: number("--min").map_or(DEFAULTS.least, |least| least as usize),
    }
}

fn table(model: &Model, lessons: &Lessons) -> String {
    let mut table = format!("{HEADER}bias\t1\t{:.3}\n", model.line.bias);
    let mut block = "build";
    for ((number, rarity), weight) in model.kept.iter().zip(&model.rarity).zip(&model.line.weights) {
        let (of, name) = &lessons.names[*number as usize];
        if of.word() != block {
            block = of.word();
            table.push_str(&format!("[{block}]\n"));
        }
        // What would be written as nothing is left out.
        if weight.abs() >= 0.005 {
            table.push_str(&format!("{name}\t{rarity:.1}\t{weight:.2}\n"));
        }
    }
    table
}

/// How the new table differs from the one in its place.
fn compared(old: &str, new: &str) -> String {
    if old == new {
        return "equal to assets/kb/evidence.txt, byte for byte".to_string();
    }
    let (before, after) = (rows(old), rows(new));
    let gone = before.keys().filter(|name| !after.contains_key(*name)).count();
    let come = after.keys().filter(|name| !before.contains_key(*name)).count();
    let shifts = after.iter().filter_map(|(name, weight)| Some((weight - before.get(name)?).abs()));
    let shifts: Vec<f32> = shifts.filter(|shift| *shift > 0.0).collect();
    format!(
        "differs from assets/kb/evidence.txt: {} rows now, {come} new, {gone} gone, {} with another weight, by {:.2} at most",
        after.len(),
        shifts.len(),
        shifts.iter().copied().fold(0.0, f32::max)
    )
}

fn rows(table: &str) -> BTreeMap<(&str, &str), f32> {
    let mut block = "";
    let mut rows = BTreeMap::new();
    for line in table.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        match columns[..] {
            [name, _, weight] => {
                rows.insert((block, name), weight.parse().unwrap_or(0.0));
            }
            _ => block = line,
        }
    }
    rows
}

/// The linguistic view where each fifth is told by a table that was fitted on the rest.
fn cross(lessons: &Lessons, settings: Settings) -> String {
    let fold = |at: usize| (at.wrapping_mul(2_654_435_761) >> 7) % FOLDS;
    let mut found: [BTreeMap<String, Found>; 2] = Default::default();
    for left in 0..FOLDS {
        let rest: Vec<&Example> =
            lessons.examples.iter().enumerate().filter(|(at, _)| fold(*at) != left).map(|(_, e)| e).collect();
        let model = Model::fit(&rest, lessons.names.len(), settings);
        for (_, example) in lessons.examples.iter().enumerate().filter(|(at, _)| fold(*at) == left) {
            let told = model.odds(example).is_some_and(|odds| odds >= 0.0);
            for (found, name) in found.iter_mut().zip([&example.file, &example.lang]) {
                found.entry(name.clone()).or_default().count(example.rule, told);
                found.entry("all".to_string()).or_default().count(example.rule, told);
            }
        }
    }
    let [files, languages] = found;
    format!("by file\n{}by language\n{}", listed(&files), listed(&languages))
}
