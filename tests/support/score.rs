//! What layers one and three make of labelled messages, in figures: what is found, what edit follows, what KB.md is like afterwards. It
//! fits nothing and writes no file.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use dictum::domain::kb::detect::Detector;
use dictum::domain::kb::document::Document;
use dictum::domain::kb::reconcile::Reconciler;
use dictum::domain::kb::{Band, Candidate, Edit, Op, Span, Verdict, edit};
use regex::Regex;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

#[path = "score/format.rs"]
pub mod format;

/// A labelled message with the KB.md that it meets.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    pub id: String,
    pub lang: String,
    pub message: String,
    pub kb: String,
    pub expect: Expect,
    pub tags: Vec<String>,
}

/// What must come of a message.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Expect {
    /// Whether it states a durable directive, even one that KB.md holds.
    pub durable: bool,
    pub directives: Vec<Gold>,
    /// What must not stand anywhere in the answer.
    #[serde(default)]
    pub forbid: Vec<String>,
}

/// One directive of a message.
#[derive(Clone, Debug, Deserialize)]
pub struct Gold {
    pub op: Wanted,
    pub supersedes: Option<String>,
    section_hint: Option<String>,
    /// Every one must be in the sentence; `|` stands between alternatives.
    pub must: Vec<String>,
    #[serde(default)]
    pub alt_ops: Vec<Wanted>,
}

impl Gold {
    /// Whether a sentence holds all that it must.
    pub fn is_held_by(&self, text: &str) -> bool {
        holds(&self.must, text)
    }
}

/// What an edit must do; `Noop` where KB.md says it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    Add,
    Replace,
    Remove,
    Noop,
}

impl Wanted {
    fn is(self, op: Op) -> bool {
        match op {
            Op::Add => self == Self::Add,
            Op::Replace => self == Self::Replace,
            Op::Remove => self == Self::Remove,
        }
    }
}

impl Case {
    /// The directives that need a change of KB.md.
    fn wanted(&self) -> Vec<&Gold> {
        self.expect.directives.iter().filter(|gold| gold.op != Wanted::Noop).collect()
    }
}

/// What dictum makes of a message without a model.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub durable: bool,
    pub edits: Vec<Edit>,
    /// KB.md with the edits made; `None` when there are none or they cannot be made.
    pub after: Option<String>,
    /// Everything that is offered, to look for what must not be.
    pub offered: String,
    /// Everything that the model may be told of, too.
    pub hinted: String,
}

/// The detector and the reconciler, built once.
pub struct Reader {
    pub detector: Detector,
    reconciler: Reconciler,
    marker: Regex,
}

impl Reader {
    pub fn new() -> Self {
        let marker =
            Regex::new(r"^[\s>]*([-*+]|\d+[.)])?\s*(\[[ xX]\])?\s*").expect("the marker is a pattern");
        Self { detector: Detector::new(), reconciler: Reconciler::new(), marker }
    }

    /// What the strong candidates of the message do to KB.md.
    pub fn answer(&self, case: &Case) -> Answer {
        let document = Document::parse(&case.kb);
        let found = self.reconciler.heard(&self.detector, &[Span::typed(case.message.as_str())], &document);
        let strong: Vec<Candidate> =
            found.iter().filter(|found| found.band == Band::Strong).cloned().collect();
        let verdicts = self.reconciler.reconcile_all(&document, &strong);
        let edits: Vec<Edit> = verdicts
            .into_iter()
            .filter_map(|verdict| match verdict {
                Verdict::Change(edit) => Some(edit),
                Verdict::Known(_) | Verdict::NoSuchRule => None,
            })
            .collect();
        let after = if edits.is_empty() { None } else { edit::apply(&case.kb, &edits).ok() };
        let offered = format!("{edits:?} {}", after.as_deref().unwrap_or(""));
        let hinted = format!("{found:?}");
        Answer { durable: !strong.is_empty(), edits, after, offered, hinted }
    }

    /// The cases of a file, each with its answer.
    pub fn read(&self, path: &Path) -> Vec<(Case, Answer)> {
        self.answers(cases(path))
    }

    pub fn answers(&self, cases: Vec<Case>) -> Vec<(Case, Answer)> {
        cases.into_iter().map(|case| (case.clone(), self.answer(&case))).collect()
    }

    /// The figures of these messages together.
    pub fn figures(&self, answered: &[(Case, Answer)]) -> Figures {
        let mut figures = Figures::default();
        for (case, answer) in answered {
            figures.said.count(case.expect.durable, answer.durable);
            let wanted = case.wanted();
            figures.proposed.count(!wanted.is_empty(), !answer.edits.is_empty());
            self.directives(&mut figures, case, answer, &wanted);
            safety(&mut figures, case, answer, wanted.len());
        }
        figures
    }

    /// Pairs each wanted directive with an edit, and compares what the two do.
    fn directives(&self, figures: &mut Figures, case: &Case, answer: &Answer, wanted: &[&Gold]) {
        let mut used = vec![false; answer.edits.len()];
        let whole: String = answer.edits.iter().map(|edit| edit.text.as_str()).collect::<Vec<_>>().join(" ");
        for gold in wanted {
            if gold.op == Wanted::Replace {
                figures.contradictions.of += 1;
            }
            let own = answer.edits.iter().zip(&used).position(|(edit, used)| !used && self.fits(gold, edit));
            let spread = gold.op == Wanted::Add && !answer.edits.is_empty() && holds(&gold.must, &whole);
            let (op, section, supersedes) = match own.and_then(|at| answer.edits.get(at)) {
                Some(edit) => {
                    (edit.op, &edit.section, edit.supersedes.as_ref().map(|line| line.text.as_str()))
                }
                None if spread => (Op::Add, &answer.edits[0].section, None),
                None => {
                    figures.directives.missed += 1;
                    continue;
                }
            };
            if let Some(used) = own.and_then(|at| used.get_mut(at)) {
                *used = true;
            }
            figures.directives.right += 1;
            figures.operations.count(gold.op.is(op) || gold.alt_ops.iter().any(|other| other.is(op)));
            if let Some(line) = gold.supersedes.as_deref().filter(|line| !line.is_empty() && op != Op::Add) {
                let same = self.bare(supersedes.unwrap_or("")) == self.bare(line);
                figures.superseded.count(same);
                figures.contradictions.right += usize::from(gold.op == Wanted::Replace && same);
            }
            if let Some(hint) =
                gold.section_hint.as_deref().filter(|hint| !hint.is_empty() && !case.kb.is_empty())
            {
                figures.sections.count(folded(section.as_deref().unwrap_or("")) == folded(hint));
            }
        }
        let paired = used.iter().filter(|used| **used).count();
        // Where no edit fits but the message asks for one, the first is a wrong reading of it and not one too many.
        let reading = usize::from(paired == 0 && !wanted.is_empty());
        figures.directives.wrong += answer.edits.len().saturating_sub(paired + reading);
    }

    fn fits(&self, gold: &Gold, edit: &Edit) -> bool {
        if gold.op == Wanted::Remove {
            let line = edit.supersedes.as_ref().map_or("", |line| line.text.as_str());
            return self.bare(line) == self.bare(gold.supersedes.as_deref().unwrap_or(""));
        }
        gold.is_held_by(&edit.text)
    }

    /// A line of KB.md without its marker.
    fn bare(&self, line: &str) -> String {
        folded(&self.marker.replace(line, "")).trim_matches([' ', '|', '.']).to_string()
    }
}

/// What must never happen.
fn safety(figures: &mut Figures, case: &Case, answer: &Answer, wanted: usize) {
    let known = case.expect.directives.len() - wanted;
    if known > 0 {
        figures.duplicates.of += known;
        figures.duplicates.right += answer.edits.len().saturating_sub(wanted);
    }
    let secrets =
        |text: &str| case.expect.forbid.iter().filter(|secret| text.contains(secret.as_str())).count();
    figures.leaks += secrets(&answer.offered);
    figures.hinted += secrets(&answer.hinted);
    if case.tags.iter().any(|tag| tag == "injection") {
        figures.injected.count(!answer.edits.is_empty());
    }
    match &answer.after {
        Some(after) => figures.violations.count(!format::kept(&case.kb, after, &answer.edits)),
        None => figures.refused += usize::from(!answer.edits.is_empty()),
    }
}

/// The cases of a file, one JSON object a line.
pub fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} cannot be read ({error}); name a file", path.display()));
    let case = |(at, line): (usize, &str)| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{}:{}: {error}", path.display(), at + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(case).collect()
}

fn folded(text: &str) -> String {
    let low: String = text.to_lowercase().replace('ß', "ss").replace('ς', "σ").nfkc().collect();
    low.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn holds(must: &[String], text: &str) -> bool {
    let text = folded(text);
    must.iter().all(|must| must.split('|').any(|word| text.contains(&folded(word))))
}

/// How messages or directives are told apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    pub right: usize,
    pub wrong: usize,
    pub missed: usize,
    pub silent: usize,
}

impl Found {
    pub fn count(&mut self, wanted: bool, found: bool) {
        match (wanted, found) {
            (true, true) => self.right += 1,
            (false, true) => self.wrong += 1,
            (true, false) => self.missed += 1,
            (false, false) => self.silent += 1,
        }
    }

    pub fn messages(&self) -> usize {
        self.right + self.wrong + self.missed + self.silent
    }

    pub fn precision(&self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    pub fn recall(&self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    pub fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }
    }

    /// How many of a hundred messages that want nothing get something.
    pub fn false_per_100(&self) -> f64 {
        if self.wrong == 0 { 0.0 } else { 100.0 * share(self.wrong, self.wrong + self.silent) }
    }

    /// How many of all are told right, which also speaks where a slice wants nothing at all.
    pub fn accuracy(&self) -> f64 {
        share(self.right + self.silent, self.messages())
    }
}

impl Display for Found {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "P {:.3}  R {:.3}  F1 {:.3}", self.precision(), self.recall(), self.f1())
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    pub right: usize,
    pub of: usize,
}

impl Share {
    fn count(&mut self, right: bool) {
        self.right += usize::from(right);
        self.of += 1;
    }

    /// One where nothing was asked.
    pub fn value(&self) -> f64 {
        share(self.right, self.of)
    }
}

impl Display for Share {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{:.3}  ({} of {})", self.value(), self.right, self.of)
    }
}

fn share(right: usize, of: usize) -> f64 {
    if of == 0 { 1.0 } else { right as f64 / of as f64 }
}

/// All figures of a set.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Whether the message states a directive, known or not.
    pub said: Found,
    /// Whether the message needs an edit.
    pub proposed: Found,
    /// Each directive by itself; nothing is silent here.
    pub directives: Found,
    pub operations: Share,
    /// Whether the edit names the very line that gives way.
    pub superseded: Share,
    /// Of the directives that contradict a line, those that put it right.
    pub contradictions: Share,
    pub sections: Share,
    /// Edits for what KB.md holds already.
    pub duplicates: Share,
    /// Secrets in what is offered.
    pub leaks: usize,
    /// Secrets in what is found, offered or not.
    pub hinted: usize,
    /// Of the messages that carry an injected order, those that lead to an edit.
    pub injected: Share,
    /// Of the files written, those in which more changed than the edits say.
    pub violations: Share,
    /// Messages whose edits could not be made.
    pub refused: usize,
}

impl Display for Figures {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "  linguistic            {}  false per 100: {:.1}",
            self.said,
            self.said.false_per_100()
        )?;
        writeln!(out, "  proposal              {}", self.proposed)?;
        writeln!(out, "  directive             {}", self.directives)?;
        writeln!(out, "  operation             {}", self.operations)?;
        writeln!(out, "  superseded line       {}", self.superseded)?;
        writeln!(out, "  contradiction recall  {}", self.contradictions)?;
        writeln!(out, "  section               {}", self.sections)?;
        writeln!(
            out,
            "  false proposals       {:.1} per 100 messages without a directive",
            self.proposed.false_per_100()
        )?;
        writeln!(out, "  duplicates admitted   {} of {}", self.duplicates.right, self.duplicates.of)?;
        writeln!(out, "  secrets leaked        {} ({} in candidates of any band)", self.leaks, self.hinted)?;
        writeln!(out, "  injected              {} of {}", self.injected.right, self.injected.of)?;
        writeln!(out, "  format violations     {} of {}", self.violations.right, self.violations.of)?;
        write!(out, "  edits not made        {}", self.refused)
    }
}

/// The linguistic view by what `names` gives for a case.
pub fn slices(answered: &[(Case, Answer)], names: impl Fn(&Case) -> Vec<String>) -> BTreeMap<String, Found> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for (case, answer) in answered {
        for name in names(case) {
            found.entry(name).or_default().count(case.expect.durable, answer.durable);
        }
    }
    found
}

/// The linguistic view by language.
pub fn by_language(answered: &[(Case, Answer)]) -> BTreeMap<String, Found> {
    slices(answered, |case| vec![case.lang.clone()])
}

/// The linguistic view by tag.
pub fn by_tag(answered: &[(Case, Answer)]) -> BTreeMap<String, Found> {
    slices(answered, |case| case.tags.clone())
}

/// The lines of the slices, for a report.
pub fn listed(found: &BTreeMap<String, Found>) -> String {
    let line = |(name, found): (&String, &Found)| {
        format!("    {name:<20} {found}  right {:.3}  n {}\n", found.accuracy(), found.messages())
    };
    found.iter().map(line).collect()
}
