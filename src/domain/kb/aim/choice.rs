//! The verdict of layer three's rules and the line that the forests aim at, put together. It finds no line of its own.

use crate::domain::kb::document::Document;
use crate::domain::kb::facts::{Facts, Stated};
use crate::domain::kb::matter;
use crate::domain::kb::reconcile::{Line, Reconciler, line_ref, remove};
use crate::domain::kb::relation::{self, Match, Relation};
use crate::domain::kb::{Candidate, Op, Verdict};

use super::signs::Sign;
use super::{Aimed, Place};

/// The chance from which on a line is the one that is meant. To put a rule beside the line that it changes costs less than to give up a line
/// that it leaves alone.
const MEANT: f32 = 0.45;

/// The same where KB.md has so few lines that none can stand out.
const MEANT_OF_FEW: f32 = 0.6;

const FEW: usize = 4;

/// The chance from which on a line counts as saying the rule already.
const KNOWN: f32 = 0.6;

/// The chance from which on a line goes that the user takes back without naming it as the rules want it named.
const REVOKED: f32 = 0.8;

/// The score from which on the rules of layer three are right as often as the forests, and say why.
const SURE: f32 = 0.8;

/// A directive, and what the rules make of it.
struct View {
    new: Facts,
    /// The user's words around it.
    whole: Facts,
    /// The line that the rules choose.
    chosen: Option<(usize, Relation)>,
}

impl Reconciler {
    pub(in crate::domain::kb) fn decide(
        &self,
        kb: &Document,
        lines: &[Line],
        candidate: &Candidate,
    ) -> Verdict {
        let ruled = self.by_rules(kb, lines, candidate);
        let view = self.view(kb, lines, candidate, &ruled);
        if self.is_sure(lines, &ruled, &view) {
            return ruled;
        }
        match self.aim.aimed(&self.tables, &view.new, &self.places(lines, &view)) {
            Some(aimed) => self.chosen(kb, lines, candidate, ruled, &view, aimed),
            None => ruled,
        }
    }

    /// The names of what the forests are told, in its order.
    pub fn names(&self) -> Vec<&'static str> {
        self.aim.names(&self.tables)
    }

    /// What the forests are told of a candidate and of each entry of KB.md.
    pub fn signs(&self, kb: &Document, candidate: &Candidate) -> Vec<Vec<Sign>> {
        let lines = self.lines(kb);
        let ruled = self.by_rules(kb, &lines, candidate);
        let view = self.view(kb, &lines, candidate, &ruled);
        self.aim.signs(&self.tables, &view.new, &self.places(&lines, &view))
    }

    fn view(&self, kb: &Document, lines: &[Line], candidate: &Candidate, ruled: &Verdict) -> View {
        let said = if candidate.text.is_empty() { &candidate.quote } else { &candidate.text };
        let aliases = self.aliases(lines, &candidate.quote, said);
        let new = Facts::aliased(&self.tables, said, &aliases);
        let whole = Facts::aliased(&self.tables, &candidate.quote, &aliases);
        let (line, relation) = match ruled {
            Verdict::Change(edit) => (edit.supersedes.as_ref(), Relation::Changes),
            Verdict::Known(line) => (Some(line), Relation::Same),
            Verdict::NoSuchRule => (None, Relation::Same),
        };
        let at =
            |line: &crate::domain::kb::LineRef| kb.entries.iter().position(|entry| line_ref(entry) == *line);
        View { new, whole, chosen: line.and_then(at).map(|at| (at, relation)) }
    }

    /// Whether the rules need no second opinion: they take a line back, or they know well how the directive stands to theirs.
    fn is_sure(&self, lines: &[Line], ruled: &Verdict, view: &View) -> bool {
        let told = view
            .chosen
            .and_then(|(at, _)| lines.get(at))
            .and_then(|line| relation::compare(&self.tables, &view.new, &line.facts));
        let takes = matches!(ruled, Verdict::Change(edit) if edit.op == Op::Remove);
        takes || told.is_some_and(|found| found.score >= SURE)
    }

    fn chosen(
        &self,
        kb: &Document,
        lines: &[Line],
        candidate: &Candidate,
        ruled: Verdict,
        view: &View,
        aimed: Aimed,
    ) -> Verdict {
        let meant = if lines.len() < FEW { MEANT_OF_FEW } else { MEANT };
        let Some(line) = lines.get(aimed.line).filter(|_| aimed.chance >= meant) else {
            // The rules see a line where there is none.
            return if view.chosen.is_some() && !candidate.revokes {
                self.add(kb, &view.new, candidate)
            } else {
                ruled
            };
        };
        let told = relation::compare(&self.tables, &view.new, &line.facts);
        if told.is_some_and(|found| matches!(found.relation, Relation::Narrows | Relation::Excepts)) {
            return ruled;
        }
        if candidate.revokes {
            let unnamed = ruled == Verdict::NoSuchRule && aimed.chance >= REVOKED;
            return if unnamed { remove(kb, line.entry) } else { ruled };
        }
        if matter::is_apart(&self.tables, &view.new, &line.facts) {
            return self.add(kb, &view.new, candidate);
        }
        if aimed.same > 0.5 {
            // What is taken for known is not written down, so it takes more to believe it.
            let known = aimed.chance >= KNOWN && !brings(&view.new, &line.facts);
            return if known {
                Verdict::Known(line_ref(line.entry))
            } else {
                self.add(kb, &view.new, candidate)
            };
        }
        if aimed.drop > 0.5 {
            return remove(kb, line.entry);
        }
        if view.chosen == Some((aimed.line, Relation::Changes)) {
            return ruled;
        }
        let found = Match { relation: Relation::Changes, score: aimed.chance };
        self.act(kb, line, found, &view.new, candidate)
    }

    /// The lines as the forests see them.
    fn places<'a>(&self, lines: &'a [Line<'a>], view: &View) -> Vec<Place<'a>> {
        let chosen =
            |at: usize| view.chosen.filter(|(chosen, _)| *chosen == at).map(|(_, relation)| relation);
        let place = |(at, line): (usize, &'a Line<'a>)| Place {
            facts: &line.facts,
            heading: &line.heading,
            quoted: relation::compare(&self.tables, &view.whole, &line.facts),
            chosen: chosen(at),
        };
        lines.iter().enumerate().map(place).collect()
    }
}

/// Whether the directive takes a decision or names a number that the line does not hold.
fn brings(new: &Facts, old: &Facts) -> bool {
    let held = |ours: &Stated| {
        old.values
            .iter()
            .any(|theirs| theirs.value.slot == ours.value.slot && theirs.value.value == ours.value.value)
    };
    !new.values.iter().all(held) || !new.marks.is_subset(&old.marks)
}
