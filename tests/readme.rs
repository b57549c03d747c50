//! What the README says, held against the program: the two first commands, commands, keys, flags, settings and files.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use clap::Parser;
use dictum::app::commands::COMMANDS;
use dictum::cli::Invocation;
use dictum::domain::settings::endpoints::KNOWN;
use dictum::domain::settings::{self, Scope};
use dictum::protocol::action::ACTIONS;
use dictum::protocol::keymap::label;

const README: &str = include_str!("../README.md");

/// The lines of a screen that a reader sees first, pictures apart.
const SCREENFUL: usize = 40;

/// The fenced blocks of a text.
fn blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.starts_with("```")) {
            (None, true) => open = Some(String::new()),
            (Some(block), false) => block.push_str(&format!("{line}\n")),
            (Some(_), true) => found.extend(open.take()),
            (None, false) => {}
        }
    }
    found
}

/// The text below a heading, up to the next one of any level.
fn section(heading: &str) -> &'static str {
    let start = README.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}"));
    let text = &README[start + heading.len() + 2..];
    &text[..text.find("\n#").unwrap_or(text.len())]
}

/// What stands in backticks in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The first cells of a table's rows, without its head.
fn first_cells(section: &str) -> impl Iterator<Item = &str> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    rows.skip(1).map(|row| row.split(" | ").next().unwrap())
}

#[test]
fn the_first_screen_has_one_sentence_the_picture_and_two_commands() {
    let first = README.split("\n## ").next().unwrap();
    assert!(first.lines().count() <= SCREENFUL, "the beginning is longer than a screen");
    assert_eq!(blocks(first), ["cargo run --release\n", "cargo test\n"]);
    let sentence = first.split("\n\n").nth(1).unwrap();
    assert_eq!(sentence.matches(". ").count() + usize::from(sentence.ends_with('.')), 1, "{sentence}");
    let pictures: Vec<&str> =
        first.split('"').filter(|word| word.starts_with("assets/") && word.ends_with(".svg")).collect();
    assert_eq!(pictures.len(), 2);
    for picture in pictures {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(picture).is_file(), "{picture}");
    }
}

#[test]
fn every_command_is_in_the_table() {
    let mut expect = String::from("| command | what it does |\n|---|---|\n");
    for command in COMMANDS {
        let words = format!("/{} {}", command.name, command.arguments);
        expect.push_str(&format!("| `{}` | {} |\n", words.trim_end(), command.sentence));
    }
    assert!(section("### Commands").contains(&expect), "the table of commands should be:\n{expect}");
}

#[test]
fn every_key_that_is_named_does_something() {
    let known: Vec<String> = ACTIONS.iter().flat_map(|row| row.keys.iter().map(|key| label(key))).collect();
    let mut seen = 0;
    for heading in ["### Keys", "### How a directive becomes an edit"] {
        for key in first_cells(section(heading)).flat_map(quoted) {
            assert!(known.iter().any(|label| label == key), "{key} does nothing");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} keys were found");
}

#[test]
fn every_action_is_in_the_settings_with_its_keys() {
    for row in ACTIONS {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("\"{key}\"")).collect();
        let line = format!("# \"{}\" = [{}]", row.id, keys.join(", "));
        assert!(settings::DEFAULTS.lines().any(|known| known == line), "assets/settings.toml lacks: {line}");
    }
}

/// The words of a call, as a shell reads them.
fn words(call: &str) -> Vec<String> {
    let quoted = |(at, part): (usize, &str)| match at % 2 {
        0 => part.split_whitespace().map(str::to_string).collect::<Vec<_>>(),
        _ => vec![part.to_string()],
    };
    call.split('"').enumerate().flat_map(quoted).collect()
}

#[test]
fn every_call_of_dictum_is_understood() {
    let mut seen = 0;
    let calls = blocks(README).into_iter().flat_map(|block| {
        block.lines().filter(|line| line.starts_with("dictum")).map(str::to_string).collect::<Vec<_>>()
    });
    for line in calls {
        let call = line.split(['#', '<', '>']).next().unwrap().trim_end_matches(" 2");
        if let Err(error) = Invocation::try_parse_from(words(call)) {
            panic!("{call}: {error}");
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen} calls were found");
}

#[test]
fn every_provider_setting_and_variable_is_named() {
    let connecting = section("### Connecting a model");
    let named: Vec<&str> = connecting.lines().flat_map(quoted).collect();
    for known in KNOWN {
        for name in [known.name, known.key_env, known.base_env, known.model_env] {
            assert!(name.is_empty() || named.contains(&name), "{name} is not in the README");
        }
    }
    let (_, warnings) = settings::parse("settings.toml", settings::DEFAULTS, Scope::User);
    assert!(warnings.is_empty(), "{warnings:?}");
    for line in settings::DEFAULTS.lines().filter(|line| !line.starts_with('#')) {
        let Some((key, _)) = line.split_once(" = ") else { continue };
        assert!(named.contains(&key), "{key} is not in the README");
        // What a project may set is marked in both places.
        let row =
            connecting.lines().find(|row| row.starts_with('|') && row.contains(&format!("`{key}`"))).unwrap();
        let (_, refused) = settings::parse("x", line, Scope::Project);
        assert_eq!(row.ends_with("| yes |"), refused.is_empty(), "{row}");
    }
}

#[test]
fn every_file_that_is_linked_exists() {
    for link in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.contains("://") {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
        }
    }
}
