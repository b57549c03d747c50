//! A first KB.md from what a project's files state: each line with its source, none twice, and of two that disagree the better founded
//! one. It proposes and writes nothing.

mod configs;
mod prose;

use super::check::same_rule;
use super::document::Document;
use super::edit;
use super::facts::{Facts, Tables};
use super::ground::Ground;
use super::merge::rival_topic;
use super::section;
use super::warnings;
use super::{Edit, Op};

/// More lines than this nobody reads; those with the better sources stay.
const MOST_LINES: usize = 80;

/// A rule that some file states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub text: String,
    /// `package.json: packageManager`, `CLAUDE.md:14`.
    pub source: String,
}

/// A rule that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub stated: Stated,
    /// Other sources that say the same.
    pub also: Vec<String>,
    /// What other sources say instead.
    pub against: Vec<String>,
    pub edit: Edit,
}

impl Offer {
    /// Where it comes from, in a few words.
    pub fn origin(&self) -> String {
        let mut origin = self.stated.source.clone();
        for other in &self.also {
            origin.push_str(", ");
            origin.push_str(other);
        }
        origin
    }
}

/// What is offered and what is worth telling about the rest. All texts come from files and must be sanitised before they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub offers: Vec<Offer>,
    pub notes: Vec<String>,
}

/// Reads the ground for rules that `kb` (empty when there is no KB.md) does not hold yet.
pub fn propose(tables: &Tables, ground: &Ground, kb: &Document) -> Plan {
    let mut notes: Vec<String> = ground.skipped.clone();
    let (mut stated, disagreeing) = configs::stated(ground);
    notes.extend(disagreeing);
    stated.extend(prose::stated(tables, ground));
    let held: Vec<(String, Facts)> = kb
        .entries
        .iter()
        .map(|entry| (format!("KB.md:{}", entry.line), Facts::of(tables, &entry.text)))
        .collect();
    let mut chosen = Chosen { tables, held, offers: Vec::new(), notes: Vec::new() };
    let (mut unsafe_lines, mut beyond) = (0, 0);
    for rule in stated {
        if tables.alarms.holds_secret(&rule.text) || !warnings::hidden(&rule.text).is_empty() {
            unsafe_lines += 1;
        } else if chosen.offers.len() >= MOST_LINES {
            beyond += 1;
        } else {
            chosen.take(rule);
        }
    }
    notes.append(&mut chosen.notes);
    if unsafe_lines > 0 {
        notes.push(format!("left out {unsafe_lines} with a secret or an invisible character"));
    }
    if beyond > 0 {
        notes.push(format!("left out {beyond} beyond the first {MOST_LINES}"));
    }
    Plan { offers: placed(tables, kb, chosen.offers), notes }
}

/// KB.md as it is once all offers are accepted.
pub fn draft(kb: &str, plan: &Plan) -> Result<String, edit::EditError> {
    let edits: Vec<Edit> = plan.offers.iter().map(|offer| offer.edit.clone()).collect();
    edit::apply(kb, &edits)
}

struct Chosen<'a> {
    tables: &'a Tables,
    /// What KB.md says, with the line.
    held: Vec<(String, Facts)>,
    offers: Vec<(Offer, Facts)>,
    notes: Vec<String>,
}

impl Chosen<'_> {
    /// Takes a rule unless it is known or disagrees with one of a better source.
    fn take(&mut self, rule: Stated) {
        let facts = Facts::of(self.tables, &rule.text);
        if self.held.iter().any(|(_, held)| same_rule(self.tables, held, &facts)) {
            return;
        }
        if let Some((line, topic, held)) = self
            .held
            .iter()
            .find_map(|(line, held)| Some((line, rival_topic(self.tables, &facts, held)?, held)))
        {
            self.notes.push(format!(
                "on {topic}, {line} says \u{201c}{}\u{201d}, but {} \u{201c}{}\u{201d}",
                held.text, rule.source, rule.text
            ));
            return;
        }
        if let Some(at) = self.offers.iter().position(|(_, offered)| same_rule(self.tables, offered, &facts))
        {
            if let Some((offer, _)) = self.offers.get_mut(at) {
                offer.also.push(rule.source);
            }
            return;
        }
        let rival =
            self.offers.iter().position(|(_, offered)| rival_topic(self.tables, &facts, offered).is_some());
        if let Some((offer, _)) = rival.and_then(|at| self.offers.get_mut(at)) {
            let against = format!("{} says \u{201c}{}\u{201d}", rule.source, rule.text);
            self.notes.push(format!(
                "{} and {against}; the first is offered: \u{201c}{}\u{201d}",
                offer.stated.source, offer.stated.text
            ));
            offer.against.push(against);
            return;
        }
        let edit = Edit { op: Op::Add, text: rule.text.clone(), supersedes: None, section: None };
        self.offers.push((Offer { stated: rule, also: Vec::new(), against: Vec::new(), edit }, facts));
    }
}

/// The offers with their sections, in the order of a well-kept file.
fn placed(tables: &Tables, kb: &Document, offers: Vec<(Offer, Facts)>) -> Vec<Offer> {
    let begun = !(kb.entries.is_empty() && kb.sections.is_empty());
    let all: Vec<&str> = offers.iter().map(|(offer, _)| offer.stated.text.as_str()).collect();
    let language = section::language(&all.join(" "));
    let mut placed: Vec<(usize, Offer)> = offers
        .into_iter()
        .map(|(mut offer, facts)| {
            let (order, heading) = section::topic(tables, &facts, language);
            offer.edit.section =
                if begun { section::choose(tables, kb, &facts, None) } else { Some(heading) };
            (order, offer)
        })
        .collect();
    placed.sort_by_key(|(order, _)| *order);
    placed.into_iter().map(|(_, offer)| offer).collect()
}
