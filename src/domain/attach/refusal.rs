//! Why something that was mentioned does not go along, in the user's words, and which names look like secrets. It never reads a file.

use super::{Attachment, LARGEST_PICTURE, MOST_OF_ALL};
use crate::domain::kb::state::size;

/// What came of a mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing of that name, and no path is meant: a word like any other.
    Word,
    /// A folder, but written without the slash that asks for its names.
    Folder {
        name: String,
    },
    Attached(Attachment),
    Refused {
        name: String,
        why: Refusal,
    },
}

/// Why it was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Missing,
    /// The address of a page.
    Address,
    /// It lies outside the project, there.
    Outside {
        target: String,
    },
    /// Its name is one of those that hold secrets.
    Secret,
    Binary,
    TooLarge {
        bytes: u64,
        most: u64,
    },
    PictureTooLarge {
        bytes: u64,
    },
    /// The model takes no pictures.
    NoPictures {
        model: String,
    },
    /// A pipe, a socket or a device.
    NotAFile {
        kind: String,
    },
    Unreadable {
        cause: String,
    },
    /// It has only so many lines.
    NoSuchLine {
        line: usize,
        lines: usize,
    },
    /// What goes along already is as much as there may be.
    NoRoom,
}

impl Refusal {
    /// Whether the user may have it all the same.
    pub fn may_be_allowed(&self) -> bool {
        match self {
            Self::Outside { .. } | Self::Secret => true,
            Self::Missing
            | Self::Address
            | Self::Binary
            | Self::TooLarge { .. }
            | Self::PictureTooLarge { .. }
            | Self::NoPictures { .. }
            | Self::NotAFile { .. }
            | Self::Unreadable { .. }
            | Self::NoSuchLine { .. }
            | Self::NoRoom => false,
        }
    }

    /// One sentence: what it is and why it does not go along.
    pub fn sentence(&self, name: &str) -> String {
        match self {
            Self::Missing => format!("There is no {name} here."),
            Self::Address => format!(
                "{name} is the address of a page, and dictum fetches none: a page may hold words that are meant for the model. Save \
                 it as a file and mention that, or paste what matters."
            ),
            Self::Outside { target } => format!("{name} lies outside this project, at {target}."),
            Self::Secret => format!(
                "{name} is a name under which secrets are kept, and what goes along is sent to the model."
            ),
            Self::Binary => format!(
                "{name} is neither text in UTF-8 nor a picture that models take (PNG, JPEG, GIF, WebP)."
            ),
            Self::TooLarge { bytes, most } => {
                format!("{name} has {}; files of up to {} are read.", size(*bytes), size(*most))
            }
            Self::PictureTooLarge { bytes } => format!(
                "{name} has {}; pictures of up to {} are taken. Make it smaller first.",
                size(*bytes),
                size(LARGEST_PICTURE)
            ),
            Self::NoPictures { model } => {
                format!("{name} is a picture, and {model} takes none; /model chooses another.")
            }
            Self::NotAFile { kind } => {
                format!("{name} is a {kind}, which could block for ever, so it is not opened.")
            }
            Self::Unreadable { cause } => format!("{name} cannot be read: {cause}."),
            Self::NoSuchLine { line, lines } => {
                let noun = if *lines == 1 { "line" } else { "lines" };
                format!("{name} has {lines} {noun}, so there is no line {line}.")
            }
            Self::NoRoom => format!(
                "{name} has no room: the files of one message may be {} together. Name the lines that matter, such as \
                 @{name}:10-40.",
                size(MOST_OF_ALL as u64)
            ),
        }
    }
}

/// Names that hold secrets, whole.
const NAMES: &[&str] = &[
    ".env",
    ".envrc",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".htpasswd",
    ".dockercfg",
    ".vault-token",
    ".terraformrc",
    "credentials",
    "credentials.json",
    "secrets.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.toml",
    "secret.json",
    "secret.yml",
    "secret.yaml",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "master.key",
    "terraform.tfstate",
    "kubeconfig",
];

/// Endings of files that hold keys.
const KEYS: &[&str] =
    &["pem", "key", "p12", "pfx", "p8", "jks", "keystore", "kdbx", "ppk", "asc", "gpg", "tfvars"];

/// Files of Git that hold addresses with tokens in them.
const GIT: &[&str] = &["config", "config.worktree"];

/// Folders that hold nothing else.
const FOLDERS: &[&str] = &[".ssh", ".gnupg", ".aws", ".kube", ".azure", ".gcloud", ".docker"];

/// Whether a path looks as if secrets were in it.
pub fn looks_secret(path: &str) -> bool {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let Some(name) = parts.pop() else { return false };
    // `.env.production` is one; what is handed out as an example is none.
    let environment = name.strip_prefix(".env.").is_some_and(|rest| {
        !["example", "sample", "template", "dist", "defaults"].iter().any(|end| rest.ends_with(end))
    });
    let key = name.rsplit_once('.').is_some_and(|(_, end)| KEYS.contains(&end));
    let account = name.starts_with("service-account") && name.ends_with(".json");
    // A submodule has its own below `.git/modules`.
    let git = GIT.contains(&name) && parts.iter().any(|part| part.ends_with(".git"));
    environment
        || git
        || key
        || account
        || NAMES.contains(&name)
        || parts.iter().any(|part| FOLDERS.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_any_case() {
        for secret in [
            ".env",
            "web/.ENV",
            ".env.production",
            "keys/id_rsa",
            "tls/server.PEM",
            "a\\b\\.npmrc",
            "/home/me/.ssh/config",
            ".aws/config",
            "infra/prod.tfvars",
            "service-account-prod.json",
            ".git/config",
            "app/.git/modules/lib/config",
            "mirror.git/config",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for plain in [
            ".env.example",
            "src/env.ts",
            "id_rsa.pub",
            "keyboard.ts",
            "docs/pem.md",
            "ssh/config.ts",
            "config",
            "git/config",
            ".git/HEAD",
            "",
            "/",
        ] {
            assert!(!looks_secret(plain), "{plain}");
        }
    }

    #[test]
    fn every_refusal_is_a_sentence() {
        let all = [
            Refusal::Missing,
            Refusal::Address,
            Refusal::Outside { target: "/etc/hosts".into() },
            Refusal::Secret,
            Refusal::Binary,
            Refusal::TooLarge { bytes: 1, most: 2 },
            Refusal::PictureTooLarge { bytes: 5_000_000 },
            Refusal::NoPictures { model: "m".into() },
            Refusal::NotAFile { kind: "pipe".into() },
            Refusal::Unreadable { cause: "permission denied".into() },
            Refusal::NoSuchLine { line: 9, lines: 1 },
            Refusal::NoRoom,
        ];
        for why in all {
            let said = why.sentence("a.ts");
            assert!(said.contains("a.ts") && said.ends_with('.'), "{said}");
        }
    }
}
