//! Rules that a message takes back: which line it means, and what is to hold instead. It decides nothing about plain directives.

use std::collections::BTreeSet;

use super::document::Document;
use super::facts::Facts;
use super::reconcile::{Line, Reconciler, remove, replace};
use super::words::{fold, ratio};
use super::{Candidate, Polarity, Verdict, ordinal, stance, wording};

/// How well a revocation must name a line to be understood.
const NAMED: f32 = 0.4;

/// How well a sentence that says of a rule that it no longer holds must name it.
const LIFTED: f32 = 0.45;

/// As [`LIFTED`], where the sentence only says that something ends.
const ENDED: f32 = 0.55;

/// What opens the part of a revocation that says what is to hold instead.
const INSTEAD: &[&str] = &[
    "we", "use", "now", "from", "only", "instead", "usiamo", "usa", "ora", "adesso", "ormai", "solo", "si",
    "on", "nous", "usamos", "ahora", "wir", "jetzt", "agora",
];

impl Reconciler {
    /// The line that a sentence takes back though the detector did not say so: "the 400 line limit has been dropped".
    pub(super) fn taken_back<'a>(
        &self,
        kb: &Document,
        lines: &'a [Line<'a>],
        facts: &Facts,
        candidate: &Candidate,
    ) -> Option<&'a Line<'a>> {
        if !(facts.lifts || facts.ends) {
            return None;
        }
        let least = if facts.lifts { LIFTED } else { ENDED };
        let line = self.named_line(kb, lines, &candidate.text, least)?;
        let stays = |slot: &str| self.tables.slots.slot(slot).is_some_and(|slot| slot.keyed);
        let nothing_new = facts.values.iter().all(|stated| {
            let held = line.facts.values.iter().any(|theirs| theirs.value.value == stated.value.value);
            // A tool that is given up is ruled out; a practice that is given up is no rule any more.
            let tool = held && !stays(&stated.value.slot) && !facts.lifts;
            let other = stated.stance == Polarity::Require
                && !held
                && line.facts.answers(&stated.value.slot, Polarity::Require).next().is_some();
            !tool && !other
        });
        let forbids = line.facts.polarity == Polarity::Forbid;
        let amounts = facts.measures.iter().all(|ours| {
            line.facts.measures.iter().all(|theirs| !ours.is_like(theirs) || ours.amount == theirs.amount)
        });
        (nothing_new && amounts && (facts.lifts || !forbids)).then_some(line)
    }

    /// Whether a sentence that ends something opens with what is to hold instead: "keep them in flash, the eeprom is gone".
    pub(super) fn states_other(&self, facts: &Facts, line: &Facts) -> bool {
        let Some(first) = facts.parts.first().filter(|_| facts.parts.len() > 1) else { return false };
        let head = Facts::of(&self.tables, facts.text.get(..first.end).unwrap_or(""));
        let fresh = first.meanings.iter().any(|meaning| !line.meanings.contains(meaning))
            && !first.meanings.is_disjoint(&line.meanings);
        let states = head.polarity == Polarity::Require && !head.ends && !head.lifts;
        let revokes = head.tokens.iter().any(|token| self.tables.words.is_revoking(&token.word));
        states && fresh && !revokes && !head.text.trim_end().ends_with('?')
    }

    pub(super) fn revoke(&self, kb: &Document, lines: &[Line], candidate: &Candidate) -> Verdict {
        let Some(line) = self.named_line(kb, lines, &candidate.quote, NAMED) else {
            let facts = Facts::of(&self.tables, &candidate.text);
            let instead = !facts.tokens.is_empty() && !self.repeats(&facts, candidate);
            return if instead { self.add(kb, &facts, candidate) } else { Verdict::NoSuchRule };
        };
        match self.instead(line, candidate) {
            Some(text) => {
                let facts = Facts::of(&self.tables, &text);
                replace(kb, line.entry, wording::reworded(&self.tables, &line.facts, &facts, &text))
            }
            None => remove(kb, line.entry),
        }
    }

    /// What a revocation says is to hold instead: the candidate's own sentence, or the part of the quote that answers the line's decision
    /// or speaks of the line without taking anything back ("ktlint no longer applies, we format with ktfmt").
    fn instead(&self, line: &Line, candidate: &Candidate) -> Option<String> {
        let answers = |facts: &Facts| {
            line.facts.values.iter().any(|stated| {
                facts
                    .answers(&stated.value.slot, Polarity::Require)
                    .any(|ours| ours.value != stated.value.value)
            })
        };
        let facts = Facts::of(&self.tables, &candidate.text);
        if answers(&facts) || (!facts.tokens.is_empty() && !self.repeats(&facts, candidate)) {
            return Some(candidate.text.clone());
        }
        let speaks = |part: &str, facts: &Facts| {
            let revoking = facts.tokens.iter().any(|token| self.tables.words.is_revoking(&token.word));
            let shared = facts.meanings.intersection(&line.facts.meanings).count();
            let fresh = facts.meanings.difference(&line.facts.meanings).count();
            let opens = part.split(|c: char| !c.is_alphabetic()).next().unwrap_or("").to_lowercase();
            let other = facts
                .values
                .iter()
                .any(|ours| !line.facts.values.iter().any(|theirs| theirs.value.value == ours.value.value));
            let states = INSTEAD.contains(&opens.as_str()) || other;
            facts.ruled.is_empty() && !revoking && !facts.lifts && states && shared > 0 && fresh > 0
        };
        let parts = stance::parts(&candidate.quote);
        let several = parts.iter().filter(|part| !part.is_empty()).count() > 1;
        parts
            .into_iter()
            .map(|part| (part, Facts::of(&self.tables, part)))
            .find(|(part, facts)| answers(facts) || (several && speaks(part, facts)))
            .map(|(part, _)| part.to_string())
    }

    /// Whether the text is but the revocation again.
    fn repeats(&self, facts: &Facts, candidate: &Candidate) -> bool {
        let revoking = facts.tokens.iter().any(|token| self.tables.words.is_revoking(&token.word));
        let plain = |text: &str| fold(text).text.trim_end_matches(['.', ' ']).to_string();
        revoking || plain(&candidate.text) == plain(&candidate.quote)
    }

    /// The line that a revocation names: by number, by a decision's answer, or by its words.
    fn named_line<'a>(
        &self,
        kb: &Document,
        lines: &'a [Line<'a>],
        quote: &str,
        least: f32,
    ) -> Option<&'a Line<'a>> {
        let (at, _) = self.named_lines(kb, lines, quote, least).first().copied()?;
        lines.get(at)
    }

    /// The entries that a revocation may name, as indices with their scores, the best first.
    pub fn named(&self, kb: &Document, quote: &str) -> Vec<(usize, f32)> {
        self.named_lines(kb, &self.lines(kb), quote, NAMED)
    }

    fn named_lines(&self, kb: &Document, lines: &[Line], quote: &str, least: f32) -> Vec<(usize, f32)> {
        if let Some(at) = ordinal::named(kb, quote) {
            return vec![(at, 1.0)];
        }
        // The reason behind a comma names other things: "the rule on anglicisms has lapsed, the director changed his mind".
        let parts = stance::parts(quote);
        let head = parts.into_iter().find(|part| !part.is_empty()).filter(|head| head.len() < quote.len());
        let whole = self.likely_lines(lines, quote);
        let part = head.map(|head| self.likely_lines(lines, head)).unwrap_or_default();
        let best = |found: &[(usize, f32)]| found.first().map_or(0.0, |(_, score)| *score);
        let mut found = if best(&part) > best(&whole) { part } else { whole };
        found.retain(|(_, score)| *score >= least);
        found
    }

    /// All lines with how much each shares with the words of a revocation, the best first.
    fn likely_lines(&self, lines: &[Line], quote: &str) -> Vec<(usize, f32)> {
        let words = &self.tables.words;
        let aliases = self.aliases(lines, quote, "");
        let facts = Facts::aliased(&self.tables, quote, &aliases);
        let named: BTreeSet<&String> = facts
            .tokens
            .iter()
            .filter(|token| !words.is_revoking(&token.word))
            .map(|token| &token.meaning)
            .collect();
        let theirs: Vec<BTreeSet<&String>> =
            lines.iter().map(|line| line.facts.tokens.iter().map(|token| &token.meaning).collect()).collect();
        // A word that many lines hold names none of them; one that KB.md does not hold says little.
        let weight = |meaning: &String| {
            let holders = theirs.iter().filter(|line| line.contains(meaning)).count();
            if holders == 0 { 0.5 } else { 1.0 / ratio(holders, 1).sqrt() }
        };
        let all: f32 = named.iter().map(|meaning| weight(meaning)).sum();
        let score = |line: &Line, theirs: &BTreeSet<&String>| {
            let shared: f32 = named.intersection(theirs).map(|meaning| weight(meaning)).sum();
            let held = named.intersection(theirs).count();
            let answers = facts.values.iter().any(|ours| {
                line.facts.values.iter().any(|stated| {
                    stated.value.value == ours.value.value && stated.value.slot == ours.value.slot
                })
            });
            let share = if all > 0.0 { shared / all } else { 0.0 };
            let base = 0.6 * share + 0.4 * ratio(held, theirs.len());
            if answers { base + 0.4 } else { base }
        };
        let scores = lines.iter().zip(&theirs).map(|(line, theirs)| score(line, theirs));
        let mut found: Vec<(usize, f32)> = scores.enumerate().collect();
        found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        found
    }
}
