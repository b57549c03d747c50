//! Rules that the project's files contradict: paths and scripts that are not there, packages and versions that package.json names
//! otherwise. A rule that forbids, or that speaks of what is to come, is never dead.

use std::collections::BTreeSet;

use regex::Regex;

use super::{Finding, Kind, Rule, replacement};
use crate::domain::kb::Polarity;
use crate::domain::kb::document::Document;
use crate::domain::kb::facts::{Facts, Tables};
use crate::domain::kb::ground::{self, Ground, Package};
use crate::domain::kb::slots::Value;
use crate::domain::kb::words;

/// So many paths are asked for at most.
const MOST_PATHS: usize = 500;

/// A path of a file: folders, a name, and an ending that only files have.
const PATH: &str = r"(?:^|[\s`'\x22(\[])((?:\.?[\w@-][\w@.-]*/)+[\w.@-]*\.(?:tsx?|jsx?|mjs|cjs|json|ya?ml|md|toml|sql|css|scss|html|sh|prisma|graphql|proto|vue|svelte))(?:$|[\s`'\x22)\],.;:])";

/// Words before a rule's file that show that the file is yet to be made or stands for any.
const TO_COME: &[&str] = &[
    "new",
    "create",
    "add",
    "generate",
    "generated",
    "like",
    "such as",
    "e.g",
    "for example",
    "example",
    "name",
    "named",
    "called",
    "move",
    "never",
    "no",
    "not",
    "don't",
    "avoid",
    "without",
    "nuovo",
    "nuovi",
    "nuova",
    "crea",
    "creare",
    "aggiungi",
    "genera",
    "generato",
    "come",
    "esempio",
    "es.",
    "mai",
    "non",
    "niente",
    "evita",
    "chiama",
    "optional",
];

/// Names in paths that stand for any name.
const PLACEHOLDERS: &[&str] =
    &["foo", "bar", "baz", "example", "name", "xxx", "my-", "path/to", "feature", "module"];

/// The paths that the rules name as being there, for a look at the disk.
pub fn named_paths(kb: &Document) -> Vec<String> {
    let Ok(path) = Regex::new(PATH) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for entry in &kb.entries {
        found.extend(
            paths(&path, &entry.text).into_iter().filter(|path| !found.contains(path)).collect::<Vec<_>>(),
        );
    }
    found.truncate(MOST_PATHS);
    found
}

fn paths(path: &Regex, text: &str) -> Vec<String> {
    let folded = words::fold(text).text;
    let padded = format!(" {} ", folded.replace([',', '`', '(', ')', ':'], " "));
    if TO_COME.iter().any(|word| padded.contains(&format!(" {word} "))) {
        return Vec::new();
    }
    path.captures_iter(text)
        .filter_map(|found| found.get(1))
        .map(|found| found.as_str().trim_start_matches("./").to_string())
        .filter(|path| !path.starts_with('@') && !path.contains(".."))
        .filter(|path| !PLACEHOLDERS.iter().any(|name| path.to_lowercase().contains(name)))
        .collect()
}

/// Finds the dead rules.
pub fn find(tables: &Tables, kb: &Document, rules: &[Rule], ground: &Ground) -> Vec<Finding> {
    let path = Regex::new(PATH).ok();
    let script =
        Regex::new(r"\b(npm run|npm run-script|pnpm run|yarn run|bun run)\s+([A-Za-z0-9][\w:.-]*[\w])").ok();
    // The rules of a project with several packages may speak of any of them.
    let package = ground.package().filter(|package| !package.workspaces);
    let mut findings = Vec::new();
    for rule in rules {
        let text = rule.entry.text.as_str();
        let gone = path.iter().flat_map(|path| paths(path, text)).find(|path| ground.missing.contains(path));
        let lost = script.as_ref().zip(package.as_ref()).and_then(|(script, package)| {
            let found = script.captures(text)?.get(2)?.as_str();
            let wanted = rule.facts.polarity == Polarity::Require && rule.facts.place.is_none();
            (wanted && !package.scripts.contains_key(found)).then(|| found.to_string())
        });
        let finding = match (gone, lost) {
            (Some(path), _) => Some(told(rule, format!("names {path}, which is not in the project"))),
            (None, Some(script)) => {
                Some(told(rule, format!("names the script {script}, which package.json does not have")))
            }
            (None, None) => contradicted(tables, kb, rule, ground, package.as_ref()),
        };
        findings.extend(finding);
    }
    findings
}

fn told(rule: &Rule, what: String) -> Finding {
    Finding {
        line: rule.entry.line,
        kind: Kind::Dead,
        sentence: format!("\u{201c}{}\u{201d} {what}", rule.entry.text),
        fix: None,
    }
}

/// A rule that holds everywhere and whose one answer the project's files give otherwise.
fn contradicted(
    tables: &Tables,
    kb: &Document,
    rule: &Rule,
    ground: &Ground,
    package: Option<&Package>,
) -> Option<Finding> {
    let facts = &rule.facts;
    // "for unit tests" names the decision and no part of the project.
    let elsewhere = facts.place.as_ref().is_some_and(|place| tables.slots.named(place).is_empty());
    let limited = elsewhere || facts.exception.is_some() || rule.entry.parent.is_some();
    if limited || speaks_of_change(facts) {
        return None;
    }
    let wanted = |slot: &str| -> Option<&Value> {
        let answers = facts.values.iter().filter(|stated| stated.stance == Polarity::Require);
        let mut all = answers.map(|stated| &stated.value).filter(|value| value.slot == slot);
        let first = all.next()?;
        let only = all.all(|other| other.value == first.value);
        let plain = facts.subject(tables, slot).len() <= 2;
        (only && plain).then_some(first)
    };
    manager(kb, rule, wanted("package-manager"), ground)
        .or_else(|| node(kb, rule, wanted("runtime"), ground))
        .or_else(|| {
            let package = package?;
            let slots: BTreeSet<&str> = ground::PACKAGES.iter().map(|(slot, _, _)| *slot).collect();
            slots.into_iter().find_map(|slot| dependency(kb, rule, slot, wanted(slot)?, package))
        })
}

/// "move to", "migrate", "plan": a rule about a change that is under way.
fn speaks_of_change(facts: &Facts) -> bool {
    const CHANGE: &[&str] = &[
        "migrat",
        "moving to",
        "move to",
        "switch",
        "plan",
        "replace",
        "upgrade",
        "legacy",
        "deprecat",
        "migr",
        "passare a",
        "sostitu",
        "aggiorn",
    ];
    let folded = words::fold(&facts.text).text;
    CHANGE.iter().any(|word| folded.contains(word))
}

fn manager(kb: &Document, rule: &Rule, wanted: Option<&Value>, ground: &Ground) -> Option<Finding> {
    let (wanted, (actual, source)) = (wanted?, ground.manager()?);
    let known = ["npm", "pnpm", "Yarn", "Bun"].contains(&wanted.value.as_str());
    (known && wanted.value != actual)
        .then(|| otherwise(kb, rule, &wanted.range, actual, &format!("{source} says {actual}")))
}

fn node(kb: &Document, rule: &Rule, wanted: Option<&Value>, ground: &Ground) -> Option<Finding> {
    let wanted = wanted.filter(|value| value.value == "Node")?;
    let (range, source) = ground.node()?;
    version(kb, rule, wanted, &range, &format!("{source} asks for {range}"))
}

fn dependency(kb: &Document, rule: &Rule, slot: &str, wanted: &Value, package: &Package) -> Option<Finding> {
    let (_, _, packages) =
        ground::PACKAGES.iter().find(|(of, value, _)| *of == slot && *value == wanted.value)?;
    match package.range_of(packages) {
        Some(range) => {
            let name = packages.split(' ').next().unwrap_or(packages);
            version(kb, rule, wanted, range, &format!("package.json has {name} {range}"))
        }
        None => {
            let answers = package.answers(slot);
            let (actual, packages, _) = answers.first()?;
            let name = packages.split(' ').next().unwrap_or(packages);
            let why = format!("package.json does not have {}, but {name}", wanted.value);
            Some(otherwise(kb, rule, &wanted.range, actual, &why))
        }
    }
}

fn version(kb: &Document, rule: &Rule, wanted: &Value, range: &str, why: &str) -> Option<Finding> {
    let major: u64 = wanted.version.as_deref()?.split('.').next()?.parse().ok()?;
    if ground::allows_major(range, major)? {
        return None;
    }
    let actual = ground::lowest_major(range)?.to_string();
    Some(otherwise(kb, rule, wanted.version_range.as_ref()?, &actual, why))
}

/// The finding that the project says something else, with the line put right.
fn otherwise(kb: &Document, rule: &Rule, range: &std::ops::Range<usize>, actual: &str, why: &str) -> Finding {
    let text = rule.entry.text.as_str();
    let mended = match (text.get(..range.start), text.get(range.end..)) {
        (Some(before), Some(after)) => Some(format!("{before}{actual}{after}")),
        _ => None,
    };
    let told = told(rule, format!("is not what the project does: {why}"));
    Finding { fix: mended.map(|text| replacement(kb, rule.entry, text)), ..told }
}
