//! What the user has looked at of what a project brings: KB.md, notes, personas, each known by the hashes of its texts. It reads and writes
//! no file.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::persona::Persona;

/// So many earlier texts of a file are known by their hashes, so that going back and forth between branches asks once for each.
const MOST_HASHES: usize = 200;

/// Something of the project that goes into a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// By which it is known again: `KB.md`, a path.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    pub text: String,
}

impl Item {
    /// A persona: all of it that reaches the model or the menu.
    pub fn of_persona(persona: &Persona) -> Self {
        let fields = [
            ("name", persona.name.as_str()),
            ("description", persona.description.as_str()),
            ("instruction", persona.instruction.as_str()),
            ("model", persona.model.as_deref().unwrap_or_default()),
        ];
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let head: String = given.map(|(key, value)| format!("{key}: {value}\n")).collect();
        let text = format!("{head}\n{}", persona.body);
        Self {
            name: persona.path.clone(),
            title: format!("persona {} ({})", persona.name, persona.path),
            text,
        }
    }

    /// The SHA-256 of its text in hexadecimal.
    pub fn hash(&self) -> String {
        hash(&self.text)
    }
}

/// The SHA-256 of a text in hexadecimal.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is known of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The text that was looked at last, for a diff.
    pub text: String,
    /// Of all texts, oldest first.
    pub hashes: Vec<String>,
}

/// What the user has looked at in one project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trusted {
    #[serde(default)]
    pub files: BTreeMap<String, Known>,
}

impl Trusted {
    /// Whether just this was looked at.
    pub fn holds(&self, item: &Item) -> bool {
        self.knows(&item.name, &item.text)
    }

    /// Whether this text of a file was looked at.
    pub fn knows(&self, name: &str, text: &str) -> bool {
        self.files.get(name).is_some_and(|known| known.hashes.contains(&hash(text)))
    }

    /// The text that was looked at last.
    pub fn before(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|known| known.text.as_str())
    }

    /// The user has looked at it.
    pub fn add(&mut self, item: &Item) {
        let hash = item.hash();
        let known = self.files.entry(item.name.clone()).or_default();
        known.text.clone_from(&item.text);
        known.hashes.retain(|one| *one != hash);
        known.hashes.push(hash);
        let old = known.hashes.len().saturating_sub(MOST_HASHES);
        known.hashes.drain(..old);
    }

    /// Takes over what another look knows.
    pub fn join(&mut self, other: Self) {
        for (name, known) in other.files {
            let mine = self.files.entry(name).or_default();
            let seen: BTreeSet<String> = mine.hashes.iter().cloned().collect();
            let fresh = known.hashes.into_iter().filter(|hash| !seen.contains(hash));
            mine.hashes.extend(fresh);
            if mine.text.is_empty() {
                mine.text = known.text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> Item {
        Item { name: "KB.md".into(), title: "KB.md".into(), text: text.into() }
    }

    #[test]
    fn a_text_is_asked_about_once_also_after_others() {
        let mut trusted = Trusted::default();
        assert!(!trusted.holds(&item("a")));
        trusted.add(&item("a"));
        trusted.add(&item("b"));
        assert!(trusted.holds(&item("a")) && trusted.holds(&item("b")) && !trusted.holds(&item("c")));
        assert_eq!(trusted.before("KB.md"), Some("b"));
        assert!(!trusted.holds(&Item { name: "AGENTS.md".into(), ..item("a") }), "of another file");
        for number in 0..300 {
            trusted.add(&item(&number.to_string()));
        }
        assert!(!trusted.holds(&item("a")) && trusted.holds(&item("299")));
    }
}
