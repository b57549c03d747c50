//! `dictum kb init` and `dictum kb check --fix` in a terminal: the whole is shown first, each line is a question, and only what was
//! accepted is written.

use crate::pty::{Desk, Terminal};

const PACKAGE: &str = r#"{"packageManager": "pnpm@9.0.0", "scripts": {"test": "vitest run"}}"#;

fn kb<'a>(desk: &'a Desk, arguments: &[&str]) -> Terminal<'a> {
    let mut command = desk.command(env!("CARGO_BIN_EXE_dictum"));
    command.arg("kb");
    command.args(arguments);
    desk.start(command)
}

/// Waits until the card is the last thing on the screen and takes an answer, and gives it.
#[track_caller]
fn answer(app: &Terminal<'_>, card: &str, answer: &str) {
    app.wait_for(card, |screen| {
        let cards = screen.rows.iter().rev().find(|row| row.starts_with("KB.md edit"));
        let last = screen.rows.iter().rev().find(|row| !row.is_empty());
        cards.is_some_and(|row| row.starts_with(card)) && last.is_some_and(|row| row.ends_with("q stop >"))
    });
    app.send(&format!("{answer}\r"));
}

#[test]
fn a_first_kb_md_holds_the_lines_that_were_accepted_and_no_other() {
    let desk = Desk::offline();
    desk.write("package.json", PACKAGE);
    desk.write("CLAUDE.md", "- Never commit to main.\n- Use npm.\n");
    let app = kb(&desk, &["init"]);
    let screen = app.wait_text("KB.md edit 1 of 3");
    assert!(!desk.path("KB.md").exists());
    assert!(screen.has("CLAUDE.md:1: Never commit to main."), "{:?}", screen.rows);
    answer(&app, "KB.md edit 1 of 3", "a");
    app.wait_text("KB.md edit 2 of 3");
    assert_eq!(desk.read("KB.md"), "# Knowledge base\n\n## Stack\n\n- Use pnpm as package manager.\n");
    answer(&app, "KB.md edit 2 of 3", "r");
    answer(&app, "KB.md edit 3 of 3", "a");
    assert_eq!(app.wait_end(), 0);
    let screen = app.screen();
    assert!(screen.has("stated by CLAUDE.md:1"), "{:?}", screen.rows);
    assert_eq!(
        desk.read("KB.md"),
        "# Knowledge base\n\n## Stack\n\n- Use pnpm as package manager.\n\n## Git\n\n- Never commit to main.\n"
    );
}

#[test]
fn mends_are_offered_one_by_one_and_what_is_left_is_told() {
    let desk =
        Desk::offline().kb("# KB\n\n- Package manager: npm\n- Write clean code.\n- Squash every PR.\n");
    desk.write("package.json", PACKAGE);
    let app = kb(&desk, &["check", "--fix"]);
    answer(&app, "KB.md edit 1 of 2", "a");
    answer(&app, "KB.md edit 2 of 2", "r");
    assert_eq!(app.wait_end(), 1);
    let screen = app.screen();
    assert!(screen.has("KB.md: 1 finding;"), "{:?}", screen.rows);
    assert_eq!(
        desk.read("KB.md"),
        "# KB\n\n- Package manager: pnpm\n- Write clean code.\n- Squash every PR.\n"
    );
}
