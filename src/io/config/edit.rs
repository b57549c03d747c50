//! Changes the user's settings file: a first one from the documented defaults, and one value at a time. It keeps every comment, writes only
//! what reads well again, and leaves no file that others can read where a key stands in it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

use crate::domain::settings::table::{Kind, Row, row};
use crate::domain::settings::{self, DEFAULTS, Scope};
use crate::io::files::{self, Content, ReadError, WriteError, others_can_read};

/// As the reading.
const LARGEST: u64 = 1024 * 1024;

/// Why a setting was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "there is no home folder to keep settings in; set HOME, or XDG_CONFIG_HOME, to a folder you may write"
    )]
    NoHome,
    #[error("{} is there already and was left as it is; `dictum config set` changes it", files::shown(.0))]
    There(PathBuf),
    #[error("{} cannot be read ({cause})", files::shown(path))]
    Read { path: PathBuf, cause: String },
    #[error("the folder {} cannot be made ({cause})", files::shown(path))]
    Folder { path: PathBuf, cause: String },
    #[error("{0}")]
    Write(#[from] WriteError),
    /// The key or the value cannot be used; nothing was written.
    #[error("{0}")]
    Refused(String),
}

/// Writes the documented defaults as the file `path`, which is not there yet.
pub fn init(path: &Path) -> Result<(), ConfigError> {
    make_folder(path)?;
    match files::create(path, DEFAULTS.as_bytes(), 0o600) {
        Err(WriteError::Changed(path)) => Err(ConfigError::There(path)),
        result => Ok(result?),
    }
}

/// Sets a key of the file `path`, which is made when it is not there. `check` gets the whole new text and says what else is wrong with it.
pub fn set(
    path: &Path,
    key: &str,
    value: &str,
    check: impl Fn(&str) -> Vec<String>,
) -> Result<(), ConfigError> {
    // A link stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let before = text(&target)?;
    let after = edited(before.as_deref().unwrap_or_default(), key, value)?;
    let wrong = |text: &str| -> Vec<String> {
        let read = settings::read("config.toml", text, Scope::User);
        let mut wrong = read.map_or_else(|why| vec![why], |(_, warnings)| warnings);
        wrong.extend(check(text));
        wrong
    };
    let known = wrong(before.as_deref().unwrap_or_default());
    // What was wrong before is not this value's fault.
    if let Some(why) = wrong(&after).into_iter().find(|why| !known.contains(why)) {
        return Err(ConfigError::Refused(format!("{why} Nothing was written.")));
    }
    make_folder(&target)?;
    match &before {
        Some(before) => files::replace(&target, after.as_bytes(), || {
            text(&target).is_ok_and(|now| now.as_ref() == Some(before))
        })?,
        None => files::create(&target, after.as_bytes(), 0o600)?,
    }
    if after.contains("api_key") && others_can_read(&target) {
        make_private(&target);
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), ConfigError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .map_err(|error| ConfigError::Folder { path: folder.to_path_buf(), cause: files::cause(&error) })
}

#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // Where it is not allowed, the warning at the next start says what is to be done.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
}

#[cfg(not(unix))]
fn make_private(_: &Path) {}

fn text(path: &Path) -> Result<Option<String>, ConfigError> {
    let failed = |cause: String| ConfigError::Read { path: path.to_path_buf(), cause };
    match files::read_bounded(path, LARGEST) {
        Ok(Content::Whole(bytes)) => {
            String::from_utf8(bytes).map(Some).map_err(|_| failed("it is not UTF-8".to_string()))
        }
        Ok(Content::TooLarge(_)) => Err(failed("it is larger than 1 MiB".to_string())),
        Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The text with the key set.
fn edited(before: &str, key: &str, value: &str) -> Result<String, ConfigError> {
    let refused = |why: String| ConfigError::Refused(why);
    let (name, below) = match key.split_once('.') {
        Some((name, below)) => (name, Some(below.trim_matches('"'))),
        None => (key, None),
    };
    let Some(row) = row(name) else {
        return Err(refused(format!("{name}: {}", settings::unknown(name))));
    };
    let mut document: DocumentMut = before.parse().map_err(|error: toml_edit::TomlError| {
        refused(format!("your config.toml is no valid TOML, so mend it first: {error}"))
    })?;
    match (row.kind, below) {
        (Kind::Models | Kind::Keys | Kind::Profiles, Some(below)) if !below.is_empty() => {
            let table = document.entry(name).or_insert(Item::Table(Table::new()));
            let table =
                table.as_table_like_mut().ok_or_else(|| refused(format!("{name}: it is no table")))?;
            put(table.entry(below).or_insert(Item::None), written(row, value)?);
        }
        (Kind::Models | Kind::Keys | Kind::Profiles, _) => {
            return Err(refused(format!("{name} is a table; set one line of it: {name}.NAME")));
        }
        (_, Some(_)) => {
            return Err(refused(format!("{name} is no table; set it without what follows the dot")));
        }
        (_, None) => put(document.entry(name).or_insert(Item::None), written(row, value)?),
    }
    Ok(document.to_string())
}

/// Puts a value in the place of another one, with the comments and blanks around it.
fn put(item: &mut Item, mut value: Value) {
    if let Some(old) = item.as_value() {
        *value.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(value);
}

/// The value as the file writes it.
fn written(row: &Row, value: &str) -> Result<Value, ConfigError> {
    match row.kind {
        Kind::Text | Kind::Secret | Kind::OneOf(_) => Ok(value.into()),
        Kind::Switch(_) | Kind::Flag => Ok(match value.trim() {
            "true" => true.into(),
            "false" => false.into(),
            word => word.into(),
        }),
        Kind::Number(..) => value.trim().replace('_', "").parse::<i64>().map(Value::from).map_err(|_| {
            ConfigError::Refused(format!("{}: {value:?} is no whole number; nothing was written", row.name))
        }),
        Kind::Names(_) if !value.trim_start().starts_with('[') => Ok(value.into()),
        Kind::Keys if !value.trim_start().starts_with('[') => {
            Ok(Value::Array(value.split_whitespace().collect()))
        }
        Kind::Keys | Kind::Names(_) | Kind::Models | Kind::Profiles => {
            let parsed: Result<Value, _> = value.parse();
            let fits = |value: &Value| match row.kind {
                Kind::Models | Kind::Profiles => {
                    value.as_inline_table().is_some_and(|table: &InlineTable| !table.is_empty())
                }
                Kind::Text
                | Kind::Secret
                | Kind::OneOf(_)
                | Kind::Switch(_)
                | Kind::Flag
                | Kind::Names(_)
                | Kind::Number(..)
                | Kind::Keys => value.is_array(),
            };
            parsed.ok().filter(fits).ok_or_else(|| {
                let example = match row.kind {
                    Kind::Profiles => "'{ base_url = \"https://gateway.example.com/v1\" }'",
                    Kind::Names(_) => "'[\"AGENTS.md\"]'",
                    Kind::Models => "'{ context = 32768, output = 8192 }'",
                    Kind::Text
                    | Kind::Secret
                    | Kind::OneOf(_)
                    | Kind::Switch(_)
                    | Kind::Flag
                    | Kind::Number(..)
                    | Kind::Keys => "'[\"ctrl+r\"]'",
                };
                ConfigError::Refused(format!("{}: the value is written in TOML, such as {example}", row.name))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, key: &str, value: &str, after: &str) {
        assert_eq!(edited(before, key, value).unwrap(), after, "{key} = {value}");
    }

    #[test]
    fn a_value_changes_and_every_other_byte_stays() {
        let before = "# Mine.\ntheme = 'dark'   # at night\n\n# Long replies.\nmax_tokens = 8192\n\n[keys] # my own\nhelp = [\"f1\"]\n";
        check(before, "theme", "light", &before.replace("'dark'", "\"light\""));
        check(before, "max_tokens", "4_096", &before.replace("8192", "4096"));
        check(before, "keys.help", "f1 ctrl+h", &before.replace("[\"f1\"]", "[\"f1\", \"ctrl+h\"]"));
        check(before, "keys.mouse", "[]", &format!("{before}mouse = []\n"));
        check(before, "save_sessions", "false", &before.replace("8192\n", "8192\nsave_sessions = false\n"));
        check("", "theme", "it's", "theme = \"it's\"\n");
        check("", "models.my-model", "{ context = 32768 }", "[models]\nmy-model = { context = 32768 }\n");
        let before = "[profiles] # ours\none = { base_url = \"https://one.example.com/v1\" } # the first\n";
        let two = "{ base_url = \"https://two.example.com/v1\" }";
        check(before, "profiles.two", two, &format!("{before}two = {two}\n"));
        let before = "# Ours.\n[profiles.one]\nbase_url = \"https://one.example.com/v1\" # near\n";
        let after = edited(before, "profiles.two", two).unwrap();
        assert!(after.contains(before) && after.contains(&format!("two = {two}")), "{after}");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (key, value, why) in [
            ("themee", "dark", "perhaps `theme` is meant"),
            ("max_tokens", "many", "is no whole number"),
            ("keys", "x", "is a table"),
            ("profiles", "{ one = { base_url = \"https://one.example.com\" } }", "is a table"),
            ("theme.x", "x", "is no table"),
            ("models.x", "y", "written in TOML"),
        ] {
            let error = edited("", key, value).unwrap_err().to_string();
            assert!(error.contains(why), "{key}: {error}");
        }
        assert!(edited("theme = \n", "theme", "x").unwrap_err().to_string().contains("mend it first"));
    }

    #[test]
    fn the_file_is_checked_before_it_is_written_and_is_private() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("dictum/config.toml");
        let nothing = |_: &str| Vec::new();
        let error = set(&path, "side_panel", "of", nothing).unwrap_err().to_string();
        assert!(error.contains("side_panel: \"of\" is not known") && !path.exists(), "{error}");
        set(&path, "side_panel", "off", nothing).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "side_panel = \"off\"\n");
        assert!(matches!(init(&path), Err(ConfigError::There(_))));
        let error = set(&path, "theme", "x", |text| {
            text.lines().map(str::to_string).filter(|line| line.starts_with("theme")).collect()
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("theme = \"x\""), "{error}");
        fs::write(&path, "tools = 3\nside_panel = \"off\"\n").unwrap();
        set(&path, "side_panel", "auto", nothing).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            set(&path, "theme", "dark", nothing).unwrap();
            assert_eq!(mode(&path), 0o644, "there is nothing to hide");
            set(&path, "api_key", "sk-x", nothing).unwrap();
            assert_eq!(mode(&path), 0o600);
            let fresh = desk.path().join("other/config.toml");
            init(&fresh).unwrap();
            assert_eq!((fs::read_to_string(&fresh).unwrap().as_str(), mode(&fresh)), (DEFAULTS, 0o600));
            let link = desk.path().join("link.toml");
            std::os::unix::fs::symlink(&fresh, &link).unwrap();
            set(&link, "theme", "dark", nothing).unwrap();
            assert!(
                link.is_symlink() && fs::read_to_string(&fresh).unwrap().contains("\ntheme = \"dark\"\n")
            );
        }
    }
}
