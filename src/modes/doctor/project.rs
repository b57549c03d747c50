//! The files: settings, KB.md, personas, the store of sessions, the state folder. It changes none of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::base::count::{short, whole};
use crate::domain::kb::document::Document;
use crate::io::config::Loaded;
use crate::io::store::inspect::inspect;
use crate::io::{files, kbfile, personas};
use crate::modes::conversation::SESSIONS;
use crate::modes::folders;

const SETTINGS: &str = "settings";
const KB: &str = "KB.md";
const PERSONAS: &str = "personas";
const STATE: &str = "state";

/// So many files of the state folder are looked at.
const MOST: usize = 20_000;

/// The user's and the project's settings.
pub fn configuration(loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    match &loaded.path {
        Some(path) if path.exists() => {
            found.push(Finding::good(SETTINGS, format!("{} is read.", files::shown(path))));
        }
        Some(path) => found.push(Finding::good(
            SETTINGS,
            format!("There is no {}, so the defaults hold.", files::shown(path)),
        )),
        None => found.push(Finding::broken(
            SETTINGS,
            "There is no folder for settings.",
            "Set HOME or XDG_CONFIG_HOME.",
        )),
    }
    // Each warning names file and key, and says what is wrong.
    let next = "Correct it there; the rest counts all the same.";
    found.extend(loaded.warnings.iter().map(|warning| Finding::broken(SETTINGS, warning, next)));
    found
}

/// KB.md of the project.
pub fn knowledge(directory: &Path, limit: u64) -> Vec<Finding> {
    let snapshot = kbfile::read(directory, limit);
    let directives = snapshot.text().map_or(0, |text| Document::parse(text).directives());
    let badge = format!("{}.", snapshot.badge(directives));
    vec![match (snapshot.explanation(), snapshot.text()) {
        (None, Some(_)) => Finding::good(KB, badge),
        (None, None) => {
            Finding::note(KB, badge, "State a rule in dictum, or run `dictum kb init`, to begin one.")
        }
        (Some(why), _) if directory.join(KB).symlink_metadata().is_err() => Finding::note(KB, why, ""),
        (Some(why), _) => Finding::broken(KB, badge, why),
    }]
}

/// The persona files.
pub fn personas(directory: &Path) -> Vec<Finding> {
    let library = personas::load(&folders(directory));
    let mut found = vec![Finding::good(PERSONAS, format!("{} can speak.", library.listed.len()))];
    found.extend(library.broken.iter().map(|broken| {
        let line = broken.line.map(|line| format!(":{line}")).unwrap_or_default();
        let what = format!("{}{line} cannot speak: {}.", broken.path, broken.cause.trim_end_matches('.'));
        Finding::broken(PERSONAS, what, "`dictum persona check` says more.")
    }));
    found
}

/// The store of sessions and the modes of the state folder.
pub fn state() -> Vec<Finding> {
    let folder = match files::state_dir() {
        Ok(folder) => folder,
        Err(error) => return vec![Finding::broken(STATE, format!("{error}."), "")],
    };
    let mut found = vec![modes(&folder)];
    let sessions = folder.join(SESSIONS);
    found.push(match inspect(&sessions) {
        Ok(None) => Finding::good(STATE, "No session was kept yet."),
        Ok(Some(store)) => match store.damage {
            None => Finding::good(
                STATE,
                format!("{} sessions are kept, {} bytes, and the file is whole.", whole(store.sessions), short(store.bytes)),
            ),
            Some(damage) => Finding::broken(
                STATE,
                format!("The file of sessions is damaged ({damage})."),
                "The next start sets it aside and begins a new one; restore it from a backup if you have one.",
            ),
        },
        Err(error) => Finding::broken(STATE, format!("The sessions cannot be read: {error}."), ""),
    });
    found
}

/// Whether all of it is its owner's alone.
fn modes(folder: &Path) -> Finding {
    let mut open: Vec<PathBuf> = vec![folder.to_path_buf()];
    let (mut seen, mut lax) = (0_usize, Vec::new());
    while let Some(path) = open.pop() {
        seen += 1;
        if seen > MOST {
            break;
        }
        // A link is not followed: what it leads to is somebody else's matter.
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.is_symlink() {
            continue;
        }
        if files::others_can_read(&path) {
            lax.push(path.clone());
        }
        if meta.is_dir() {
            open.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
    let shown = files::shown(folder);
    match lax.first() {
        None => Finding::good(STATE, format!("{shown} can be read by you alone.")),
        Some(first) => Finding::broken(
            STATE,
            format!(
                "Other users can read {} file(s) below {shown}, such as {}.",
                lax.len(),
                files::shown(first)
            ),
            format!("Run `chmod -R go= {shown}`."),
        ),
    }
}
