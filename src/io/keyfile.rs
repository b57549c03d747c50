//! The file of keys that were pasted into dictum: in the user's own config folder, readable by the user alone. It never lies in a project, and
//! no error of it shows what it holds.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::files::{self, Content, WriteError};
use crate::domain::key::Hidden;

/// Its name in the config folder.
pub const NAME: &str = "keys.toml";

/// It is no larger, in bytes.
const LARGEST: u64 = 256 * 1024;

const HEAD: &str =
    "# Keys that were pasted into dictum, one for each provider. Only you may read this file.\n";

/// Why a key could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("there is no config folder; set XDG_CONFIG_HOME or HOME to a folder you may write")]
    NoFolder,
    #[error("{} lies in the project, where a key might be committed; set XDG_CONFIG_HOME to another folder", files::shown(.0))]
    InProject(PathBuf),
    #[error("{} cannot be read as TOML; mend it or delete it", files::shown(.0))]
    Unreadable(PathBuf),
    #[error("{} cannot be made private ({cause})", files::shown(path))]
    Private { path: PathBuf, cause: String },
    #[error("{0}")]
    Write(#[from] WriteError),
}

/// What stands in the file in place of a key that lies in the system keyring: `anthropic = { in = "keyring" }`.
const IN: &str = "in";
const KEYRING: &str = "keyring";

/// What the file says of a provider's key.
#[derive(Clone, PartialEq, Eq)]
pub enum Stored {
    Here(Hidden),
    InKeyring,
}

impl Stored {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(key) => Some(Self::Here(Hidden::new(key.as_str()))),
            Value::Table(table) if table.get(IN).and_then(Value::as_str) == Some(KEYRING) => {
                Some(Self::InKeyring)
            }
            Value::Table(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => None,
        }
    }
}

/// The providers with their keys; none where there is no file. What is wrong with it is told without a word of it.
pub fn read(path: &Path) -> (Vec<(String, Stored)>, Option<String>) {
    let table = match files::read_bounded(path, LARGEST) {
        Ok(Content::Whole(bytes)) => {
            String::from_utf8(bytes).ok().and_then(|text| text.parse::<Table>().ok())
        }
        Ok(Content::TooLarge(_)) => None,
        Err(_) if !path.exists() => return (Vec::new(), None),
        Err(error) => {
            return (Vec::new(), Some(format!("{}: not read, because {error}.", files::shown(path))));
        }
    };
    let Some(table) = table else {
        return (Vec::new(), Some(format!("{}.", KeyFileError::Unreadable(path.to_path_buf()))));
    };
    let keys = table.into_iter().filter_map(|(provider, key)| Some((provider, Stored::of(&key)?)));
    let open = files::others_can_read(path).then(|| {
        let shown = files::shown(path);
        format!("{shown}: other users of this machine can read your keys; run `chmod 600` on the file.")
    });
    (keys.collect(), open)
}

/// Keeps the key of a provider, in place of an earlier one.
pub fn keep(
    path: Option<&Path>,
    project: &Path,
    provider: &str,
    key: &Hidden,
) -> Result<PathBuf, KeyFileError> {
    put(path, project, provider, Value::String(key.expose().to_string()))
}

/// Notes that the key of a provider lies in the system keyring; one that stood in the file goes.
pub fn note_keyring(path: Option<&Path>, project: &Path, provider: &str) -> Result<PathBuf, KeyFileError> {
    let note = Table::from_iter([(IN.to_string(), Value::String(KEYRING.to_string()))]);
    put(path, project, provider, Value::Table(note))
}

fn put(path: Option<&Path>, project: &Path, provider: &str, value: Value) -> Result<PathBuf, KeyFileError> {
    let path = path.ok_or(KeyFileError::NoFolder)?;
    let folder = path.parent().ok_or(KeyFileError::NoFolder)?;
    let private = |cause: &std::io::Error| KeyFileError::Private {
        path: path.to_path_buf(),
        cause: files::cause(cause),
    };
    fs::create_dir_all(folder).map_err(|error| private(&error))?;
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    // A link, such as one into a folder of dot files, stays one.
    let target = if path.exists() { real(path) } else { real(folder).join(NAME) };
    // Whoever starts dictum in the home folder has all of it for a project.
    let at_home = std::env::home_dir().is_some_and(|home| real(&home) == real(project));
    if target.starts_with(real(project)) && !at_home {
        return Err(KeyFileError::InProject(path.to_path_buf()));
    }
    let mut table = match files::read_bounded(&target, LARGEST) {
        Ok(Content::Whole(bytes)) => {
            String::from_utf8(bytes).ok().and_then(|text| text.parse::<Table>().ok())
        }
        Ok(Content::TooLarge(_)) => None,
        Err(_) if !target.exists() => Some(Table::new()),
        Err(_) => None,
    }
    .ok_or_else(|| KeyFileError::Unreadable(path.to_path_buf()))?;
    table.insert(provider.to_string(), value);
    let text = format!("{HEAD}{table}");
    if target.exists() {
        files::make_private(&target).map_err(|error| private(&error))?;
    }
    files::put_private(&target, text.as_bytes())?;
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_key_is_kept_where_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, project) = (folder.path().join("config/dictum").join(NAME), folder.path().join("project"));
        fs::create_dir(&project).unwrap();
        assert!(read(&path) == (Vec::new(), None));
        keep(Some(&path), &project, "anthropic", &Hidden::new("sk-ant-1")).unwrap();
        keep(Some(&path), &project, "openai", &Hidden::new("sk-2 \"quoted\"")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).1.unwrap().contains("chmod 600"));
        keep(Some(&path), &project, "anthropic", &Hidden::new("sk-ant-3")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let kept = |name: &str, key: &str| (name.to_string(), Stored::Here(Hidden::new(key)));
        let expect = vec![kept("anthropic", "sk-ant-3"), kept("openai", "sk-2 \"quoted\"")];
        assert!(read(&path) == (expect, None));
        // What goes to the keyring leaves the file, and what comes back takes the place of the note.
        note_keyring(Some(&path), &project, "anthropic").unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains("sk-ant"));
        let expect = vec![("anthropic".to_string(), Stored::InKeyring), kept("openai", "sk-2 \"quoted\"")];
        assert!(read(&path) == (expect, None));
        keep(Some(&path), &project, "anthropic", &Hidden::new("sk-ant-4")).unwrap();
        assert!(read(&path).0.contains(&kept("anthropic", "sk-ant-4")));
    }

    #[test]
    fn none_is_kept_in_a_project_or_over_what_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dictum").join(NAME);
        let told =
            keep(Some(&path), folder.path(), "openai", &Hidden::new("sk-secret")).unwrap_err().to_string();
        assert!(told.contains("lies in the project") && !told.contains("sk-secret"), "{told}");
        assert!(!path.exists());
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(&path, "openai = sk-old-secret").unwrap();
        let told =
            keep(Some(&path), elsewhere.path(), "openai", &Hidden::new("sk-secret")).unwrap_err().to_string();
        assert!(told.contains("cannot be read as TOML") && !told.contains("secret"), "{told}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "openai = sk-old-secret");
        assert!(keep(None, elsewhere.path(), "openai", &Hidden::new("k")).is_err());
        assert!(read(&path).1.unwrap().contains("mend it or delete it"));
    }
}
