//! Two rules that say the same or cannot both hold. Rules for different places are no pair, and a doubt is no finding.

use std::collections::BTreeSet;

use super::{Finding, Kind, Rule, removal, stands_alone};
use crate::domain::kb::document::Document;
use crate::domain::kb::facts::{Facts, Tables};
use crate::domain::kb::merge::rival_topic;
use crate::domain::kb::relation::{self, Relation};
use crate::domain::kb::words;

/// Words of headings and lead-ins that name a part of the project: what stands below holds there alone.
const AREAS: &[&str] = &[
    "backend",
    "frontend",
    "client",
    "server",
    "web",
    "mobile",
    "app",
    "apps",
    "ios",
    "android",
    "desktop",
    "worker",
    "workers",
    "service",
    "services",
    "package",
    "packages",
    "module",
    "modules",
    "legacy",
    "admin",
    "cli",
    "scripts",
    "script",
    "staging",
    "production",
    "development",
    "dev",
    "local",
    "ci",
    "sdk",
    "library",
    "website",
    "docs",
    "e2e",
    "servizio",
    "servizi",
    "pacchetto",
    "pacchetti",
    "modulo",
    "moduli",
    "produzione",
    "sviluppo",
    "locale",
    "lato",
    "for",
    "in",
    "per",
    "nel",
    "nella",
    "only",
    "solo",
    "v1",
    "v2",
    "old",
    "new",
    "exceptions",
    "eccezioni",
];

/// In a longer file, rules that answer no decision are not compared in pairs.
const MOST_RULES: usize = 1_000;

/// Finds the pairs, each told at its later line.
pub fn find(tables: &Tables, kb: &Document, rules: &[Rule]) -> Vec<Finding> {
    let scopes: Vec<Vec<String>> = rules.iter().map(|rule| scope(kb, rule)).collect();
    let mut findings = Vec::new();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for (at, later) in rules.iter().enumerate() {
        for (elder_at, elder) in rules.iter().enumerate().take(at) {
            let nested = later.entry.parent == Some(elder.at) || told.contains(&elder_at);
            let apart = scopes.get(at) != scopes.get(elder_at);
            if nested || told.contains(&at) || !speak_of_one(&later.facts, &elder.facts, rules.len()) {
                continue;
            }
            // Values of one list below a lead-in are its parts: "Databases: - PostgreSQL - Redis".
            let parts = later.entry.parent.is_some() && later.entry.parent == elder.entry.parent;
            if apart {
                continue;
            }
            let finding = if same_rule(tables, &later.facts, &elder.facts) {
                Some(duplicate(kb, later, elder))
            } else if !parts {
                contradiction(tables, later, elder)
            } else {
                None
            };
            if let Some(finding) = finding {
                told.insert(at);
                findings.push(finding);
            }
        }
    }
    findings
}

/// The headings and lead-ins that limit a rule to a part of the project.
fn scope(kb: &Document, rule: &Rule) -> Vec<String> {
    let mut names = Vec::new();
    let mut level = usize::MAX;
    for section in kb.sections.iter().take(rule.entry.section.map_or(0, |at| at + 1)).rev() {
        if section.level < level {
            level = section.level;
            names.push(section.heading.as_str());
        }
    }
    let mut parent = rule.entry.parent;
    while let Some(entry) = parent.and_then(|at| kb.entries.get(at)) {
        names.push(entry.text.as_str());
        parent = entry.parent;
    }
    names.into_iter().filter(|name| is_area(name)).map(|name| words::fold(name).text).collect()
}

fn is_area(name: &str) -> bool {
    let folded = words::fold(name).text;
    let named = folded.split(|c: char| !c.is_alphanumeric()).any(|word| AREAS.contains(&word));
    named || name.contains(['/', '`', '@'])
}

/// A quick look that spares the slow one: rules that share neither a decision nor half their words are never a pair. Of very many
/// rules only those that answer one decision are compared.
fn speak_of_one(a: &Facts, b: &Facts, rules: usize) -> bool {
    let decision =
        a.values.iter().any(|ours| b.values.iter().any(|theirs| ours.value.slot == theirs.value.slot));
    let words = || {
        let least = a.meanings.len().min(b.meanings.len());
        2 * a.meanings.intersection(&b.meanings).count() >= least
    };
    decision || a.text == b.text || (rules <= MOST_RULES && words())
}

/// Whether each rule says all that the other says, in whatever words.
pub fn same_rule(tables: &Tables, a: &Facts, b: &Facts) -> bool {
    let plain = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").trim_end_matches('.').to_lowercase()
    };
    if plain(&a.text) == plain(&b.text) {
        return true;
    }
    let both = [(a, b), (b, a)].into_iter().all(|(new, old)| {
        relation::compare(tables, new, old)
            .is_some_and(|found| found.relation == Relation::Same && found.score >= 0.7)
    });
    // "Use pnpm" and "run the tests with pnpm" give one answer, and the second says more.
    let alike = a.values.iter().all(|stated| {
        let slot = stated.value.slot.as_str();
        a.subject(tables, slot) == b.subject(tables, slot)
    });
    // Where no decision is shared, the same words in another order may say something else.
    let decided = !a.values.is_empty() && !b.values.is_empty();
    let order = |facts: &Facts| facts.tokens.iter().map(|token| token.meaning.clone()).collect::<Vec<_>>();
    both && alike && (decided || order(a) == order(b)) && a.marks == b.marks && a.polarity == b.polarity
}

fn duplicate(kb: &Document, later: &Rule, elder: &Rule) -> Finding {
    // The one that says less goes; of equals, the later one.
    let (goes, stays) = match later.facts.meanings.len() > elder.facts.meanings.len() {
        true if stands_alone(kb, elder) => (elder, later),
        true | false => (later, elder),
    };
    Finding {
        line: goes.entry.line,
        kind: Kind::Duplicate,
        sentence: format!(
            "\u{201c}{}\u{201d} says what line {} says already: \u{201c}{}\u{201d}",
            goes.entry.text, stays.entry.line, stays.entry.text
        ),
        fix: stands_alone(kb, goes).then(|| removal(kb, goes.entry)),
    }
}

fn contradiction(tables: &Tables, later: &Rule, elder: &Rule) -> Option<Finding> {
    let topic = rival_topic(tables, &later.facts, &elder.facts)
        .filter(|_| rival_topic(tables, &elder.facts, &later.facts).is_some())?;
    if !about_one_subject(tables, &later.facts, &elder.facts) {
        return None;
    }
    Some(Finding {
        line: later.entry.line,
        kind: Kind::Contradiction,
        sentence: format!(
            "on {topic}, \u{201c}{}\u{201d} and line {} cannot both hold: \u{201c}{}\u{201d}",
            later.entry.text, elder.entry.line, elder.entry.text
        ),
        // Which of the two is meant, only the user knows.
        fix: None,
    })
}

/// Whether the two give their answers for the same thing: "PostgreSQL for orders" and "MongoDB for events" do not, nor do "double
/// quotes in JSX" and "single quotes".
fn about_one_subject(tables: &Tables, a: &Facts, b: &Facts) -> bool {
    let answers = |facts: &Facts| facts.values.clone();
    answers(a).iter().all(|ours| {
        let slot = ours.value.slot.as_str();
        answers(b).iter().filter(|theirs| theirs.value.slot == slot).all(|theirs| {
            let (left, right) = (a.subject(tables, slot), b.subject(tables, slot));
            let limits = |facts: &Facts, end: usize| is_limited(facts.text.get(end..).unwrap_or(""));
            let limited = limits(a, ours.value.range.end) || limits(b, theirs.value.range.end);
            match (left.is_empty(), right.is_empty()) {
                (true, true) => true,
                (false, false) => {
                    left == right || (!limited && (left.is_subset(&right) || right.is_subset(&left)))
                }
                (true, false) | (false, true) => !limited,
            }
        })
    })
}

/// Whether the words behind an answer say where or when it holds.
fn is_limited(after: &str) -> bool {
    const LIMITS: &[&str] = &[
        "in", "for", "inside", "within", "under", "on", "when", "if", "during", "at", "per", "nel", "nei",
        "nella", "nelle", "negli", "sotto", "quando", "se", "su", "sui", "sulle", "dans", "pour", "para",
        "en", "em", "im", "bei",
    ];
    let folded = words::fold(after).text;
    folded.split(|c: char| !c.is_alphanumeric()).any(|word| LIMITS.contains(&word))
}
