//! "Never ask about this": rules that are not to be offered in this project, as hashes alone, so that no text of them is kept. It
//! reads and writes no file.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::facts::{Facts, Tables};
use super::proposal::folded;
use super::{Candidate, Edit, Op, Polarity};

/// With more words than this besides its decision, a sentence says something of its own.
const BESIDES: usize = 1;

/// The rules of one project that the user does not want to be asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Never {
    hashes: BTreeSet<String>,
}

impl Never {
    /// Takes up hashes; what is no hash is left out.
    pub fn add(&mut self, hashes: impl IntoIterator<Item = String>) {
        self.hashes.extend(hashes.into_iter().filter(|hash| is_hash(hash)));
    }

    /// Whether one of these was taken up.
    pub fn holds(&self, hashes: &[String]) -> bool {
        hashes.iter().any(|hash| self.hashes.contains(hash))
    }
}

/// Whether a line of the file is a hash as [`hashes`] makes them.
pub fn is_hash(line: &str) -> bool {
    line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

/// The hashes by which a rule is known again, also when it is said in somewhat other words: of the edit, of its words, of its meanings,
/// and of the decision that it takes where it does little else.
pub fn hashes(candidate: &Candidate, edit: &Edit, tables: &Tables) -> Vec<String> {
    let mut keys = Vec::new();
    match (edit.op, &edit.supersedes) {
        (Op::Remove, Some(line)) => keys.push(format!("remove\n{}", folded(&line.text))),
        (Op::Remove, None) => {}
        (Op::Add | Op::Replace, _) => {
            for text in [&edit.text, &candidate.text] {
                keys.extend(of_sentence(text, tables));
            }
        }
    }
    keys.sort();
    keys.dedup();
    keys.iter().map(|key| hex(key)).collect()
}

fn of_sentence(text: &str, tables: &Tables) -> Vec<String> {
    let words = folded(text);
    if words.is_empty() {
        return Vec::new();
    }
    let facts = Facts::of(tables, text);
    let stance = |stance: Polarity| match stance {
        Polarity::Require => "require",
        Polarity::Forbid => "forbid",
    };
    let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    // Another place, number or path is another rule.
    let scope = format!("{}\n{}", facts.place.as_deref().unwrap_or_default(), list(&facts.marks));
    let mut keys = vec![format!("words\n{words}")];
    if !facts.meanings.is_empty() {
        let ruled = list(&facts.ruled);
        keys.push(format!(
            "meanings\n{}\n{ruled}\n{}\n{scope}",
            stance(facts.polarity),
            list(&facts.meanings)
        ));
    }
    let mut besides = facts.meanings.clone();
    for stated in &facts.values {
        let subject = facts.subject(tables, &stated.value.slot);
        besides.retain(|meaning| subject.contains(meaning));
    }
    if !facts.values.is_empty() && besides.len() <= BESIDES {
        let decided: BTreeSet<String> = facts
            .values
            .iter()
            .map(|stated| {
                let version = stated.value.version.as_deref().unwrap_or_default();
                format!("{} {}={} {version}", stance(stated.stance), stated.value.slot, stated.value.value)
            })
            .collect();
        keys.push(format!("decision\n{}\n{scope}", list(&decided)));
    }
    keys
}

fn hex(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::{LineRef, proposal};

    fn of(text: &str, tables: &Tables) -> Vec<String> {
        let edit = Edit { op: Op::Add, text: text.to_string(), supersedes: None, section: None };
        hashes(&proposal::remembered(text), &edit, tables)
    }

    #[test]
    fn a_rule_is_known_again_in_other_words_and_another_rule_is_not() {
        let tables = Tables::new();
        let mut never = Never::default();
        never.add(of("Use pnpm.", &tables));
        never.add(of("Sort imports by name.", &tables));
        for same in
            ["use PNPM", "Always install with pnpm.", "Imports are sorted by name.", "Use pnpm everywhere."]
        {
            assert!(never.holds(&of(same, &tables)), "{same}");
        }
        for other in [
            "Use yarn.",
            "Never use pnpm.",
            "Use pnpm in packages/web.",
            "Use pnpm 9.",
            "Run pnpm audit before each release.",
            "Sort imports by path.",
            "Never sort imports by name.",
        ] {
            assert!(!never.holds(&of(other, &tables)), "{other}");
        }
    }

    #[test]
    fn a_removal_is_known_by_its_line() {
        let tables = Tables::new();
        let removal = |text: &str| {
            let supersedes = Some(LineRef { line: 3, text: text.to_string() });
            let edit = Edit { op: Op::Remove, text: String::new(), supersedes, section: None };
            hashes(
                &Candidate { text: String::new(), revokes: true, ..proposal::remembered("drop it") },
                &edit,
                &tables,
            )
        };
        let mut never = Never::default();
        never.add(removal("Use mocha."));
        assert!(never.holds(&removal("use mocha")));
        assert!(!never.holds(&removal("Use jest.")));
        assert!(!never.holds(&of("Use mocha.", &tables)));
    }

    #[test]
    fn nothing_but_hashes_is_kept() {
        let tables = Tables::new();
        let made = of("Deploy from main on Fridays.", &tables);
        assert!(!made.is_empty() && made.iter().all(|hash| is_hash(hash)), "{made:?}");
        let mut never = Never::default();
        never.add(["Deploy from main".to_string(), String::new(), "A".repeat(64)]);
        assert_eq!(never, Never::default());
        assert!(!never.holds(&[]));
    }
}
