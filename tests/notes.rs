//! Notes of other tools, read from real folders: which are taken, in which order, and which are left out.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use dictum::domain::notes::Notes;
use dictum::domain::settings::project::ProjectNotes;
use dictum::io::notes;
use tempfile::TempDir;

/// A repository with these files, and the working folder `web` in it.
fn project(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let desk = TempDir::new().unwrap();
    fs::create_dir_all(desk.path().join("app/.git")).unwrap();
    fs::create_dir_all(desk.path().join("app/web")).unwrap();
    for (name, text) in files {
        fs::write(desk.path().join("app").join(name), text).unwrap();
    }
    let web = desk.path().join("app/web");
    (desk, web)
}

fn told(notes: &Notes) -> Vec<String> {
    let files = notes.files.iter().map(|note| format!("{}: {}", note.path, note.text.trim()));
    files.chain(notes.left_out.iter().cloned()).collect()
}

#[test]
fn they_are_read_from_the_root_of_the_project_down() {
    let (desk, web) = project(&[
        ("AGENTS.md", "root"),
        ("GEMINI.md", "gemini"),
        ("web/AGENTS.md", "inner"),
        ("web/KB.md", "kb"),
    ]);
    fs::write(desk.path().join("AGENTS.md"), "above the project").unwrap();
    let found = notes::read(&web, &ProjectNotes::Auto);
    assert_eq!(told(&found), ["../AGENTS.md: root", "../GEMINI.md: gemini", "AGENTS.md: inner"]);
    assert_eq!(told(&notes::read(&web, &ProjectNotes::Off)), Vec::<String>::new());
    let named = ProjectNotes::These(vec!["GEMINI.md".into(), ".cursorrules".into()]);
    assert_eq!(told(&notes::read(&web, &named)), ["../GEMINI.md: gemini"]);
}

#[test]
fn the_same_words_are_sent_once() {
    let (_desk, web) = project(&[
        ("AGENTS.md", "Use pnpm.\n"),
        ("CLAUDE.md", "\nUse pnpm.\n\n"),
        ("GEMINI.md", "@AGENTS.md\n"),
        ("web/CLAUDE.md", "  \n"),
        ("web/KB.md", "Use tabs.\n"),
        ("web/AGENTS.md", "Use tabs."),
    ]);
    assert_eq!(told(&notes::read(&web, &ProjectNotes::Auto)), ["../AGENTS.md: Use pnpm."]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_project_alone_and_once() {
    use std::os::unix::fs::symlink;
    let (desk, web) = project(&[("AGENTS.md", "Use pnpm."), ("web/KB.md", "kb")]);
    let app = desk.path().join("app");
    fs::write(desk.path().join("secret"), "KEY=1").unwrap();
    symlink("AGENTS.md", app.join("CLAUDE.md")).unwrap();
    symlink("web/KB.md", app.join("GEMINI.md")).unwrap();
    symlink("../../secret", web.join("AGENTS.md")).unwrap();
    symlink("gone", web.join("CLAUDE.md")).unwrap();
    let found = notes::read(&web, &ProjectNotes::Auto);
    let expect = [
        "../AGENTS.md: Use pnpm.",
        "AGENTS.md leads out of the project, so it is not sent.",
        "CLAUDE.md is a link to what is not there.",
    ];
    assert_eq!(told(&found), expect);
}

#[test]
fn what_is_too_large_or_no_text_is_named_and_none_of_it_sent() {
    let (_desk, web) =
        project(&[("AGENTS.md", &"x".repeat(70_000)), ("web/AGENTS.md", "a\u{1b}[31mb\u{202e}")]);
    fs::write(web.join("CLAUDE.md"), [0xff, 0xfe]).unwrap();
    fs::create_dir(web.join("GEMINI.md")).unwrap();
    let found = notes::read(&web, &ProjectNotes::Auto);
    let expect = [
        "AGENTS.md: ab‹U+202E›",
        "../AGENTS.md has 68 KB, over the limit of 64 KB, so none of it is sent.",
        "CLAUDE.md is not UTF-8, so it is not sent.",
    ];
    assert_eq!(told(&found), expect);
}
