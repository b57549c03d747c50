//! Where a project begins: the nearest folder above with `.git`. It reads no file.

use std::fs;
use std::path::{Path, PathBuf};

/// The project's root for a working folder; the folder itself where there is no repository. A home folder or the root of the disk that is
/// kept in Git is no project.
pub fn of(directory: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    within(directory, home.as_deref())
}

/// As [`of`], with this home folder.
fn within(directory: &Path, home: Option<&Path>) -> PathBuf {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    let home = home.and_then(|home| fs::canonicalize(home).ok());
    let is_project = |folder: &&Path| {
        folder.parent().is_some() && Some(*folder) != home.as_deref() && folder.join(".git").exists()
    };
    directory.ancestors().find(is_project).map_or(directory.clone(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_repository_is_the_project_but_a_home_folder_is_none() {
        let desk = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(desk.path()).unwrap();
        let inner = home.join("work/app/packages/web");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(home.join(".git")).unwrap();
        assert_eq!(within(&inner, Some(&home)), inner);
        assert_eq!(within(&inner, None), home);
        fs::create_dir(home.join("work/app/.git")).unwrap();
        assert_eq!(within(&inner, Some(&home)), home.join("work/app"));
    }
}
