//! Labelled messages as a fit needs them: which clauses there are, what each shows, and which state the rule. It weighs nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use dictum::domain::kb::Span;
use dictum::domain::kb::detect::{Block, Detector, Shown};
use dictum::domain::kb::document::Document;

use crate::score::{self, Case, Expect};

/// How much a message counts that was written to be measured and not to be learned from.
const REFERENCE: f32 = 0.6;

/// How much a message counts that the design names: it is to be read right, whatever others say.
const NAMED: f32 = 3.0;

/// The file of those messages.
const SPEC: &str = "spec.tsv";

/// Messages that were written to be reconciled with a KB.md. Nothing is fitted on them, so they measure the detector, too.
const RECONCILED: &str = "directives_trades.jsonl";

/// A message of the table format: label, language, tag, message with ⟦ ⟧ round the clauses that state the rule.
pub struct Said {
    pub rule: bool,
    pub lang: String,
    pub tag: String,
    pub message: String,
    pub marks: Vec<Range<usize>>,
}

impl Said {
    /// As a case of the other format, of which only the label counts.
    pub fn case(self, at: usize) -> Case {
        Case {
            id: (at + 1).to_string(),
            lang: self.lang,
            message: self.message,
            kb: String::new(),
            expect: Expect { durable: self.rule, ..Expect::default() },
            tags: vec![self.tag],
        }
    }
}

/// The rows of a table; a row that cannot be read stops the run, with its place.
pub fn table(path: &Path) -> Vec<Said> {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} cannot be read ({error}); name a file", path.display()));
    let row = |(at, line): (usize, &str)| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [label @ ("+" | "-"), lang, tag, message] = columns[..] else {
            panic!("{}:{}: a row is + or -, language, tag, message", path.display(), at + 1);
        };
        let (message, marks) = unmarked(&message.replace("\\n", "\n").replace("\\t", "\t"));
        Said { rule: label == "+", lang: lang.to_string(), tag: tag.to_string(), message, marks }
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(row).collect()
}

fn unmarked(marked: &str) -> (String, Vec<Range<usize>>) {
    let (mut clean, mut marks, mut open) = (String::new(), Vec::new(), 0);
    for c in marked.chars() {
        match c {
            '⟦' => open = clean.len(),
            '⟧' => marks.push(open..clean.len()),
            c => clean.push(c),
        }
    }
    (clean, marks)
}

/// A clause: the names that it shows, block by block, and what the rules alone make of it.
pub struct Clause {
    pub shows: Vec<Vec<u32>>,
    pub score: f32,
    /// Whether it stands in a mark.
    pub marked: bool,
}

/// A message to learn from.
pub struct Example {
    pub file: String,
    pub lang: String,
    pub rule: bool,
    /// Whether marks say which of its clauses states the rule.
    pub marks: bool,
    pub clauses: Vec<Clause>,
    pub weight: f32,
}

/// Everything that the table is fitted on, with the names of the evidence in the order of the table.
pub struct Lessons {
    pub examples: Vec<Example>,
    pub names: Vec<(Block, String)>,
}

impl Lessons {
    /// Reads the reference sets, tests/data/met, tests/data/aims and tests/data/said, and never what is in tests/data/held. The solver stops short of the last digit, so the
    /// order of the files is part of the table.
    pub fn read(data: &Path) -> Self {
        let detector = Detector::new();
        let mut names = Names::default();
        let mut examples = Vec::new();
        for path in reference(data) {
            for case in score::cases(&path) {
                let of = Of {
                    lang: &case.lang,
                    rule: case.expect.durable,
                    message: &case.message,
                    kb: &case.kb,
                    marks: &[],
                };
                examples.push(names.example(&detector, &path, of, REFERENCE));
            }
        }
        for path in ["met", "aims"].iter().flat_map(|folder| files(&data.join(folder), "", "jsonl")) {
            for case in score::cases(&path) {
                let (message, marks) = unmarked(&case.message);
                let (lang, rule, kb) = (&case.lang, case.expect.durable, &case.kb);
                examples.push(names.example(
                    &detector,
                    &path,
                    Of { lang, rule, message: &message, kb, marks: &marks },
                    1.0,
                ));
            }
        }
        for path in files(&data.join("said"), "", "tsv") {
            let weight = if name(&path) == SPEC { NAMED } else { 1.0 };
            for said in table(&path) {
                let case = said_of(&said);
                examples.push(names.example(&detector, &path, case, weight));
            }
        }
        names.sorted(examples)
    }
}

/// The sets beside tests/data/said, without the one that is there for the reconciler.
fn reference(data: &Path) -> Vec<PathBuf> {
    let mut files = files(data, "directives_", "jsonl");
    files.retain(|path| name(path) != RECONCILED);
    files
}

/// What an example is made of.
struct Of<'a> {
    lang: &'a str,
    rule: bool,
    message: &'a str,
    kb: &'a str,
    marks: &'a [Range<usize>],
}

fn said_of(said: &Said) -> Of<'_> {
    Of { lang: &said.lang, rule: said.rule, message: &said.message, kb: "", marks: &said.marks }
}

/// The files of a folder by name.
pub fn files(folder: &Path, start: &str, kind: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}); run it in the repository", folder.display())
    });
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
    files.retain(|path| name(path).starts_with(start) && path.extension().is_some_and(|found| found == kind));
    files.sort();
    files
}

pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Numbers for names, given as they come; the map is only asked and never walked.
#[derive(Default)]
struct Names {
    numbers: HashMap<(Block, String), u32>,
    given: Vec<(Block, String)>,
}

impl Names {
    fn example(&mut self, detector: &Detector, path: &Path, of: Of<'_>, weight: f32) -> Example {
        let rows = detector.study(&[Span::typed(of.message)], &Document::parse(of.kb));
        let clauses = rows
            .into_iter()
            .map(|row| Clause {
                marked: of.marks.iter().any(|mark| covers(&row, mark)),
                score: row.score,
                shows: row.evidence.into_iter().map(|(block, names)| self.numbers(block, names)).collect(),
            })
            .collect();
        let (lang, marks) = (of.lang.to_string(), !of.marks.is_empty());
        Example { file: name(path), lang, rule: of.rule, marks, clauses, weight }
    }

    fn numbers(&mut self, block: Block, names: Vec<String>) -> Vec<u32> {
        let mut number = |name: String| {
            let key = (block, name);
            if let Some(number) = self.numbers.get(&key) {
                return *number;
            }
            let number = self.given.len() as u32;
            self.given.push(key.clone());
            self.numbers.insert(key, number);
            number
        };
        names.into_iter().map(&mut number).collect()
    }

    /// Numbers anew in the order of the table: by the word of the block, then by name.
    fn sorted(self, mut examples: Vec<Example>) -> Lessons {
        let order: BTreeMap<(&str, &str), (usize, u32)> = self
            .given
            .iter()
            .enumerate()
            .map(|(at, (block, name))| ((block.word(), name.as_str()), (at, 0)))
            .collect();
        let mut place = vec![0_u32; self.given.len()];
        let mut names = Vec::with_capacity(self.given.len());
        for (new, (old, _)) in order.values().enumerate() {
            place[*old] = new as u32;
            names.push(self.given[*old].clone());
        }
        let clauses = examples.iter_mut().flat_map(|example| &mut example.clauses);
        for number in clauses.flat_map(|clause| &mut clause.shows).flatten() {
            *number = place[*number as usize];
        }
        Lessons { examples, names }
    }
}

/// Whether the mark and the clause share more than half of the shorter.
fn covers(row: &Shown, mark: &Range<usize>) -> bool {
    let shared = row.bytes.end.min(mark.end).saturating_sub(row.bytes.start.max(mark.start));
    shared * 2 > row.bytes.len().min(mark.len())
}
