//! What is taken from a project's folder, and whether it is shown before it is used for the first time. It never opens a file.

use toml::Value;

use super::{kind, words};

/// The files of other tools that are read beside KB.md.
pub const NOTES: &[&str] = &["AGENTS.md", "CLAUDE.md", "GEMINI.md"];

/// Which notes of other tools are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProjectNotes {
    /// Those of [`NOTES`] that are there.
    #[default]
    Auto,
    Off,
    /// These alone: names or paths below each folder.
    These(Vec<String>),
}

impl ProjectNotes {
    /// The names that are looked for in each folder, in this order.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Auto => NOTES.to_vec(),
            Self::Off => Vec::new(),
            Self::These(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

/// Whether what a project brings is shown before it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// In the chat, once and again as a diff when it changed.
    #[default]
    Show,
    /// As a question that the task waits for.
    Ask,
    /// Not at all.
    Always,
}

impl Trust {
    /// As a file says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Ask => "ask",
            Self::Always => "always",
        }
    }
}

/// The values of one layer; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    pub notes: Option<ProjectNotes>,
    pub trust: Option<Trust>,
}

impl Taken {
    /// Takes one key of a file.
    pub(super) fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "project_notes" => self.notes = Some(notes(value)?),
            "trust" => self.trust = words(value)?.map(|word| trust(&word)).transpose()?,
            _ => {}
        }
        Ok(())
    }

    /// What `self` says, and below it what `other` says.
    pub(super) fn over(self, other: Self) -> Self {
        Self { notes: self.notes.or(other.notes), trust: self.trust.or(other.trust) }
    }
}

/// A word of a file or of `DICTUM_TRUST`.
pub fn trust(word: &str) -> Result<Trust, String> {
    match word.trim().to_ascii_lowercase().as_str() {
        "show" => Ok(Trust::Show),
        "ask" => Ok(Trust::Ask),
        "always" => Ok(Trust::Always),
        other => Err(format!("{other:?} is not known; there are \"show\", \"ask\" and \"always\"")),
    }
}

fn notes(value: &Value) -> Result<ProjectNotes, String> {
    if let Some(list) = value.as_array() {
        let name = |name: &Value| {
            let name = name.as_str().map(str::trim).unwrap_or_default();
            let leads_out = name.starts_with(['/', '~', '\\'])
                || name.contains(':')
                || name.split('/').any(|part| part == "..");
            let wrong = name.is_empty() || leads_out || name.chars().any(char::is_control);
            if wrong {
                Err(format!("{name:?} is no name of a file below the project's folders"))
            } else {
                Ok(name.to_string())
            }
        };
        return list.iter().map(name).collect::<Result<_, _>>().map(ProjectNotes::These);
    }
    match value.as_str().map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("auto" | "") => Ok(ProjectNotes::Auto),
        Some("off") => Ok(ProjectNotes::Off),
        Some(other) => {
            Err(format!("{other:?} is not known; there are \"auto\", \"off\" and a list of names"))
        }
        None => Err(format!("it must be \"auto\", \"off\" or a list of names, not {}", kind(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Taken, Vec<String>) {
        let (values, warnings) =
            crate::domain::settings::parse("config.toml", text, crate::domain::settings::Scope::User);
        (values.taken, warnings)
    }

    #[test]
    fn notes_are_off_auto_or_named() {
        assert_eq!(read("project_notes = \"off\"").0.notes, Some(ProjectNotes::Off));
        let named = ProjectNotes::These(vec!["AGENTS.md".into(), ".github/copilot-instructions.md".into()]);
        let text = "project_notes = [\"AGENTS.md\", \".github/copilot-instructions.md\"]";
        assert_eq!(read(text), (Taken { notes: Some(named), trust: None }, Vec::new()));
        for wrong in ["[\"../x\"]", "[\"/etc/passwd\"]", "[1]", "[\"\"]", "\"some\"", "3"] {
            let (taken, warnings) = read(&format!("project_notes = {wrong}"));
            assert_eq!((taken.notes, warnings.len()), (None, 1), "{wrong}: {warnings:?}");
        }
    }

    #[test]
    fn a_project_cannot_say_that_it_is_trusted() {
        assert_eq!(read("trust = \"always\"").0.trust, Some(Trust::Always));
        let (values, warnings) = crate::domain::settings::parse(
            "x",
            "trust = \"always\"",
            crate::domain::settings::Scope::Project,
        );
        assert_eq!(values.taken.trust, None);
        assert!(warnings[0].contains("only your own config.toml"), "{warnings:?}");
        assert_eq!(read("trust = \"never\"").1.len(), 1);
    }
}
