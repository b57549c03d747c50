//! The files and folders of the project that can be mentioned. It opens none of them, follows no link, and leaves out what .gitignore
//! names, what is hidden, and node_modules.

use std::path::Path;
use std::time::{Duration, Instant};

use super::walk::{Reach, walk};
use crate::domain::paths::{MOST, Paths};

/// After this time what was found is enough: the folder may lie on a slow disk.
const LONGEST: Duration = Duration::from_secs(5);

/// Lists the paths below a folder, as long as the answer is `wanted`.
pub fn list(directory: &Path, wanted: impl Fn() -> bool) -> Paths {
    let start = Instant::now();
    let walk = walk(directory, Reach::Shown, &["node_modules"]).build();
    let mut found = Vec::new();
    for entry in walk.flatten() {
        if found.len() >= MOST || start.elapsed() > LONGEST || !wanted() {
            break;
        }
        // A name that is not UTF-8 cannot be written in a message.
        let Some(path) = entry.path().strip_prefix(directory).ok().and_then(Path::to_str) else { continue };
        if path.is_empty() {
            continue;
        }
        let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let path = if std::path::MAIN_SEPARATOR == '/' { path.to_string() } else { path.replace('\\', "/") };
        found.push(if folder { format!("{path}/") } else { path });
    }
    Paths::new(found)
}
