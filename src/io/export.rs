//! Writes a conversation to a file of its own, for its owner alone and without secrets. It never replaces a file that nobody agreed to
//! lose.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{self, WriteError};
use super::providers::Keys;
use super::store;
use crate::domain::export::{self, Conversation, Form};
use crate::domain::session::Kept;
use crate::protocol::sessions::{Export, Exported, Overwrite};

/// A time in milliseconds since 1970 as local time.
pub fn when(at: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    jiff::Timestamp::from_millisecond(at)
        .map(|time| time.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S%:z").to_string())
        .unwrap_or_default()
}

/// Writes what is asked for; names are taken from the project's folder on.
pub fn write(project: &Path, keys: &Arc<Keys>, export: Export) -> Exported {
    let Export { conversation, form, name, overwrite, command } = export;
    let conversation = without_secrets(conversation, keys);
    let path = match &name {
        Some(name) => project.join(name),
        None => free(project, &conversation, form),
    };
    let text = export::write(&conversation, form, when);
    let shown = files::shown(name.as_deref().map_or(path.as_path(), Path::new));
    match put(&path, &text, overwrite) {
        Ok(()) => Exported::Done { path: shown },
        Err(WriteError::Changed(_)) => Exported::Exists { path: shown, command },
        Err(error) => Exported::Failed { cause: error.to_string() },
    }
}

/// Puts a text into a new file that only its owner may read, or into one that may be lost.
///
/// # Errors
/// [`WriteError::Changed`] when something of that name is there and may not be lost.
pub fn put(path: &Path, text: &str, overwrite: Overwrite) -> Result<(), WriteError> {
    match overwrite {
        Overwrite::Agreed if path.is_file() => {
            files::replace(path, text.as_bytes(), || true)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                // The file is the user's own, or it could not have been replaced.
                let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
            }
            Ok(())
        }
        Overwrite::Agreed | Overwrite::Never => files::create(path, text.as_bytes(), 0o600),
    }
}

fn without_secrets(conversation: Conversation, keys: &Arc<Keys>) -> Conversation {
    let redactor = store::Redactor::new(Arc::clone(keys));
    let clean = |kept: Kept| Kept { body: store::without_secrets(kept.body, &redactor), ..kept };
    Conversation {
        title: redactor.text(&conversation.title),
        entries: conversation.entries.into_iter().map(clean).collect(),
        ..conversation
    }
}

/// A name that nothing has yet.
fn free(project: &Path, conversation: &Conversation, form: Form) -> PathBuf {
    let first = project.join(export::file_name(conversation, form));
    let numbered = |number: u32| first.with_extension(format!("{number}.{}", form.ending()));
    std::iter::once(first.clone())
        .chain((2..1_000).map(numbered))
        .find(|path| !path.exists())
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::chat::Body;
    use crate::domain::kb::origins::Origins;

    fn export(name: Option<&str>, overwrite: Overwrite) -> Export {
        let body = Body::User {
            text: "use sk-ant-api03-abcdefghijklmnop here".into(),
            attached: Vec::new(),
            origins: Origins::default(),
        };
        Export {
            conversation: Conversation {
                title: "A title".into(),
                entries: vec![Kept::new(None, body)],
                ..Conversation::default()
            },
            form: Form::Markdown,
            name: name.map(str::to_string),
            overwrite,
            command: "notes.md".into(),
        }
    }

    #[test]
    fn a30_an_export_is_private_holds_no_secret_and_replaces_nothing_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keys::default());
        let write = |name, overwrite| write(folder.path(), &keys, export(name, overwrite));
        fs::write(folder.path().join("notes.md"), "mine").unwrap();
        let exists = Exported::Exists { path: "notes.md".into(), command: "notes.md".into() };
        assert_eq!(write(Some("notes.md"), Overwrite::Never), exists);
        assert_eq!(fs::read_to_string(folder.path().join("notes.md")).unwrap(), "mine");
        assert_eq!(write(Some("notes.md"), Overwrite::Agreed), Exported::Done { path: "notes.md".into() });
        let text = fs::read_to_string(folder.path().join("notes.md")).unwrap();
        assert_eq!(text, "# A title\n\n## You\n\nuse ‹a secret was here› here\n");
        for ending in ["dictum-a-title.md", "dictum-a-title.2.md"] {
            let Exported::Done { path } = write(None, Overwrite::Never) else { panic!("not written") };
            assert!(path.ends_with(ending), "{path}");
        }
        assert!(matches!(write(Some("no/such/folder.md"), Overwrite::Never), Exported::Failed { .. }));
        #[cfg(unix)]
        for entry in fs::read_dir(folder.path()).unwrap() {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
