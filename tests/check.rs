//! `dictum kb check` and `dictum kb init`: the pure parts with text literals, the commands with the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "check/findings.rs"]
mod findings;
#[path = "check/first.rs"]
mod first;

use dictum::domain::kb::ground::Ground;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What files with these texts state.
fn ground(files: &[(&str, &str)]) -> Ground {
    let mut ground = Ground::default();
    for (name, text) in files {
        if dictum::domain::kb::ground::NAMES.contains(name) {
            ground.names.insert((*name).to_string());
        } else {
            ground.files.insert((*name).to_string(), (*text).to_string());
        }
    }
    ground
}

/// A project folder with these files, and one for state beside it.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    std::fs::create_dir(&root).unwrap();
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn dictum(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dictum"));
    command.args(arguments).current_dir(folder.join("project")).stdin(Stdio::null());
    command.env("XDG_STATE_HOME", folder.join("state")).env("HOME", folder).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
