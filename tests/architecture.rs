//! The shape of the house, as a test: layers, purity, size, and stated purpose.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer and the layers it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("domain", &["base"]),
    ("draw", &["base", "domain"]),
    ("protocol", &["base", "domain"]),
    ("panels", &["base", "domain", "draw", "protocol"]),
    ("app", &["base", "domain", "draw", "protocol", "panels"]),
    ("io", &["base", "domain", "protocol"]),
    ("modes", &["app", "base", "cli", "domain", "draw", "io", "panels", "protocol"]),
];

const PURE: &[&str] = &["base", "domain", "draw", "protocol", "panels", "app"];

/// What a pure layer may not name: disk, network, processes, clock, chance, hidden state.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "tokio",
    "reqwest",
    "rusqlite",
    "notify::",
    "Instant::now",
    "SystemTime::now",
    "rand::",
    "RefCell",
    "Mutex",
    "RwLock",
    "OnceLock",
    // Elsewhere it is a lifetime, or a keyword in a table of languages.
    "\nstatic ",
    "\npub static ",
    "\npub(crate) static ",
    " static mut ",
];

const MAX_LINES: usize = 500;

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for (layer, file, code) in sources() {
        if code.contains("super::super") {
            wrong.push(format!("{}: climbs with super::super", file.display()));
        }
        let allowed =
            LAYERS.iter().find(|(name, _)| *name == layer).map_or(&[] as &[&str], |(_, allowed)| *allowed);
        for target in code.split("crate::").skip(1) {
            let target = target.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            if target != layer && !allowed.contains(&target) {
                wrong.push(format!("{}: {layer} may not import {target}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for (layer, file, code) in sources() {
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect::<String>();
        if PURE.contains(&layer.as_str()) {
            wrong.extend(
                IMPURE
                    .iter()
                    .filter(|word| code.contains(**word))
                    .map(|word| format!("{}: {word}", file.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What panics on a thread for blocking work answers nobody, so the door turns that into an answer.
#[test]
fn blocking_work_goes_through_one_door() {
    let doors = sources().into_iter().filter(|(_, _, code)| code.contains("spawn_blocking"));
    let doors: Vec<PathBuf> = doors.map(|(_, file, _)| file).collect();
    assert!(
        matches!(&doors[..], [door] if door.ends_with("src/io/work.rs")),
        "{doors:?}; use io::work::aside"
    );
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for (_, file, code) in sources() {
        assert!(code.starts_with("//! "), "{} has no purpose line", file.display());
        assert!(code.lines().count() <= MAX_LINES, "{} is over {MAX_LINES} lines", file.display());
    }
}

/// Layer, path and non-test code of every file below a layer folder.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> =
        LAYERS.iter().flat_map(|(layer, _)| [root.join(layer), root.join(format!("{layer}.rs"))]).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let layer = path.strip_prefix(&root).unwrap().iter().next().unwrap().to_string_lossy();
        let layer = layer.trim_end_matches(".rs").to_string();
        let code = fs::read_to_string(&path).unwrap();
        let mut code = code.split("#[cfg(test)]").next().unwrap().to_string();
        if path.ends_with("tests.rs") {
            code = code.lines().next().unwrap_or_default().to_string();
        }
        found.push((layer, path, code));
    }
    found
}
