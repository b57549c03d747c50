//! `dictum kb add`, `remove`, `undo`, `log` and `blame`: asked about in the terminal, told in the journal, and silent on disk in a script.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::KB;
use crate::pty::{CTRL_D, Desk, Screen, Terminal};

/// KB without its rule on Biome.
fn without_biome() -> String {
    KB.replace("- Lint with Biome before each commit.\n", "")
}

fn desk() -> Desk {
    Desk::offline().variable("USER", "anna").kb(KB)
}

/// `dictum kb ...` in the terminal.
fn kb<'a>(desk: &'a Desk, arguments: &[&str]) -> Terminal<'a> {
    let mut command = desk.command(env!("CARGO_BIN_EXE_dictum"));
    command.arg("kb");
    command.args(arguments);
    desk.start(command)
}

/// Runs it to its end, and gives the screen.
#[track_caller]
fn ended(app: &Terminal<'_>, code: u32) -> Screen {
    assert_eq!(app.wait_end(), code, "{:#?}", app.screen().rows);
    app.screen()
}

/// Whether a question that begins so waits for its answer, and so many were answered before.
fn asks(screen: &Screen, question: &str, answered: usize) -> bool {
    let before = screen.rows.iter().filter(|row| row.contains(" > ")).count();
    let last = screen.rows.iter().rev().find(|row| !row.is_empty());
    before == answered && last.is_some_and(|row| row.starts_with(question) && row.ends_with(" >"))
}

/// Runs it and answers each question, given by its beginning, in turn.
#[track_caller]
fn answered(desk: &Desk, arguments: &[&str], answers: &[(&str, &str)]) -> Screen {
    let app = kb(desk, arguments);
    for (at, (question, answer)) in answers.iter().enumerate() {
        app.wait_for(question, |screen| asks(screen, question, at));
        app.send(&format!("{answer}\r"));
    }
    ended(&app, 0)
}

/// Runs it where input or output is no terminal, as the shell's redirection says.
#[track_caller]
fn scripted(desk: &Desk, words: &str, code: u32) -> Screen {
    let mut command = desk.command("/bin/sh");
    command.args(["-c", &format!("'{}' kb {words}", env!("CARGO_BIN_EXE_dictum"))]);
    ended(&desk.start(command), code)
}

/// The records, oldest first.
#[track_caller]
fn records(desk: &Desk) -> Vec<Value> {
    let folder = desk.outside("state/dictum/journal");
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_rule_that_is_added_and_accepted_is_the_only_change() {
    let desk = desk();
    let screen = answered(&desk, &["add", "use", "pnpm for installs"], &[("a accept", "a")]);
    assert!(screen.has("+- Use pnpm for installs.") && screen.has("Saved to KB.md"));
    let after = KB.replace("each commit.\n", "each commit.\n- Use pnpm for installs.\n");
    assert_eq!(desk.read("KB.md"), after);
    let records = records(&desk);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let field = |name: &str| record[name].as_str().unwrap_or_default();
    assert_eq!((field("who"), field("how"), field("op")), ("anna", "cli", "add"));
    assert_eq!((field("text"), field("quote")), ("Use pnpm for installs.", "use pnpm for installs"));
    assert_eq!((record["line"].as_u64(), field("section")), (Some(7), "Tooling"));

    let screen = answered(&desk, &["add", "Use pnpm for installs."], &[]);
    assert!(screen.has("KB.md line 7 already says it"), "{:?}", screen.rows);
    assert_eq!(desk.read("KB.md"), after);
}

#[test]
fn a_rule_that_is_added_makes_a_missing_kb_md() {
    let desk = Desk::offline();
    answered(&desk, &["add", "use pnpm"], &[("a accept", "a")]);
    assert_eq!(desk.read("KB.md"), "# Knowledge base\n\n## Stack\n\n- Use pnpm.\n");
    answered(&desk, &["undo"], &[("a undo it", "a")]);
    assert!(!desk.path("KB.md").exists());
}

#[test]
fn every_other_answer_writes_nothing() {
    for answers in [&[("a accept", "r")][..], &[("a accept", "yes"), ("a accept", "q")]] {
        let desk = desk();
        answered(&desk, &["add", "use pnpm"], answers);
        assert_eq!(desk.read("KB.md"), KB);
        assert!(!desk.outside("state/dictum/journal").exists());
    }
    let desk = desk();
    let app = kb(&desk, &["add", "use pnpm"]);
    app.wait_text("a accept");
    app.send(CTRL_D);
    ended(&app, 0);
    assert_eq!(desk.read("KB.md"), KB);
}

#[test]
fn what_was_typed_before_the_question_does_not_answer_it() {
    let desk = desk();
    let mut command = desk.command("/bin/sh");
    // The shell says when it runs; what is typed then waits in the terminal until dictum asks.
    let script = format!(
        "echo ready; while [ ! -e go ]; do :; done; '{}' kb add use pnpm",
        env!("CARGO_BIN_EXE_dictum")
    );
    command.args(["-c", &script]);
    let app = desk.start(command);
    app.wait_text("ready");
    app.send("a\r");
    app.wait_for("the echo", |screen| screen.rows.iter().any(|row| row == "a"));
    desk.write("go", "");
    app.wait_for("the question alone", |screen| {
        screen.rows.iter().rev().find(|row| !row.is_empty()).is_some_and(|row| row.ends_with("q stop >"))
    });
    app.send("q\r");
    ended(&app, 0);
    assert_eq!(desk.read("KB.md"), KB);
}

#[test]
fn a12_a_secret_wants_the_whole_word_and_never_reaches_the_journal() {
    let desk = desk();
    let rule = "the admin password is Tr0ub4dor";
    answered(
        &desk,
        &["add", rule],
        &[("a accept", "a"), ("Read the warning above; type accept in full", "a"), ("a accept", "q")],
    );
    assert_eq!(desk.read("KB.md"), KB);
    answered(&desk, &["add", rule], &[("a accept", "a"), ("Read the warning above", "accept")]);
    assert!(desk.read("KB.md").contains("Tr0ub4dor"));
    let told = format!("{:?}", records(&desk));
    assert!(told.contains("‹secret›") && !told.contains("Tr0ub4dor"), "{told}");
}

#[test]
fn a_line_is_removed_by_number_or_by_words() {
    let desk = desk();
    answered(&desk, &["remove", "6"], &[("a accept", "a")]);
    assert_eq!(desk.read("KB.md"), without_biome());
    desk.write("KB.md", format!("{KB}- Vitest runs in CI, too.\n"));
    let screen = answered(&desk, &["remove", "vitest"], &[("Which one?", "2"), ("a accept", "a")]);
    assert!(screen.has("  1  line 10: Tests run with Vitest") && screen.has("-- Vitest runs in CI, too."));
    assert_eq!(desk.read("KB.md"), KB);
    answered(&desk, &["remove", "biome"], &[("a accept", "a")]);
    assert_eq!(desk.read("KB.md"), without_biome());
}

#[test]
fn a_script_gets_the_patch_and_writes_nothing() {
    let desk = desk();
    for redirection in ["< /dev/null", "| cat"] {
        let screen = scripted(&desk, &format!("add use pnpm {redirection}"), 0);
        assert!(screen.has("+- Use pnpm.") && screen.has("Nothing was written"), "{:?}", screen.rows);
        let screen = scripted(&desk, &format!("remove 6 {redirection}"), 0);
        assert!(screen.has("-- Lint with Biome") && screen.has("Nothing was written"), "{:?}", screen.rows);
    }
    let screen = scripted(&desk, "remove with < /dev/null", 2);
    assert!(screen.has("line 6: Lint with Biome") && screen.has("give the number of the line"));
    assert_eq!(desk.read("KB.md"), KB);
    answered(&desk, &["add", "use pnpm"], &[("a accept", "a")]);
    let after = desk.read("KB.md");
    let screen = scripted(&desk, "undo < /dev/null", 0);
    assert!(screen.has("-- Use pnpm.") && screen.has("Nothing was written"));
    assert_eq!(desk.read("KB.md"), after);
}

#[test]
fn what_names_nothing_is_a_usage_error_and_a_bad_kb_md_is_explained() {
    let desk = desk();
    for words in ["remove 99", "remove mocha", "add ' '", "blame 1", "blame", "remove", "add --yes x"] {
        scripted(&desk, words, 2);
    }
    assert_eq!(desk.read("KB.md"), KB);
    scripted(&desk, "undo", 0);
    for (bytes, why) in
        [(&b"- caf\xe9\n"[..], "not UTF-8"), (b"<<<<<<< a\n- x\n=======\n- y\n>>>>>>> b\n", "conflict")]
    {
        desk.write("KB.md", bytes);
        for words in ["add use pnpm", "remove 1"] {
            let screen = scripted(&desk, words, 1);
            assert!(screen.has(why), "{words}: {:?}", screen.rows);
        }
        assert_eq!(fs::read(desk.path("KB.md")).unwrap(), bytes);
    }
}

#[test]
fn an_undo_is_shown_and_asked_about_and_a_later_change_refuses_it() {
    let desk = desk();
    answered(&desk, &["add", "use pnpm"], &[("a accept", "a")]);
    let after = desk.read("KB.md");
    let screen = answered(&desk, &["undo"], &[("a undo it", "q")]);
    assert!(screen.has("-- Use pnpm."));
    assert_eq!(desk.read("KB.md"), after);
    let theirs = format!("{after}- Mine.\n");
    desk.write("KB.md", &theirs);
    let app = kb(&desk, &["undo"]);
    let screen = ended(&app, 1);
    assert!(screen.has("What undo would have done") && screen.has("-- Mine."), "{:?}", screen.rows);
    assert_eq!(desk.read("KB.md"), theirs);
    desk.write("KB.md", &after);
    answered(&desk, &["undo"], &[("a undo it", "a")]);
    assert_eq!(desk.read("KB.md"), KB);
}

#[test]
fn the_screens_accept_and_undo_are_told_as_well() {
    let desk = desk();
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.review();
    app.send("a");
    app.wait_text("Saved to KB.md");
    app.wait_gone("a accept");
    app.send("/kb undo\r");
    app.wait_text("back to what it held");
    app.quit();
    let records = records(&desk);
    let [added, undone] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((&added["how"], &added["op"]), (&"told".into(), &"add".into()));
    assert_eq!(added["quote"], "from now on use pnpm");
    assert_eq!(
        (&undone["how"], &undone["op"], &undone["old"]),
        (&"undo".into(), &"remove".into(), &added["text"])
    );
    assert_eq!((&undone["before"], &undone["after"]), (&added["after"], &added["before"]));
    assert_eq!(added["session"], undone["session"]);
}

#[test]
fn log_and_blame_follow_a_line_through_its_life() {
    let desk = desk();
    let accept = [("a accept", "a")];
    answered(&desk, &["add", "use npm for installs"], &accept);
    answered(&desk, &["add", "use pnpm for installs"], &accept);
    // By hand: another line above, and one that dictum did not write.
    let moved = desk.read("KB.md").replace("# Knowledge base\n", "# Knowledge base\n\n- By hand.\n");
    desk.write("KB.md", &moved);

    let screen = answered(&desk, &["blame", "9"], &[]);
    let rows: Vec<&str> = screen.rows.iter().map(String::as_str).collect();
    assert!(rows[0].starts_with("line 9: Use pnpm for installs."), "{rows:#?}");
    assert!(rows[1].contains("replace line 7: Use npm for installs. → Use pnpm for installs."), "{rows:#?}");
    assert!(rows[2].contains("“use pnpm for installs”, cli, session ") && rows[2].ends_with(", anna"));
    assert!(rows[3].starts_with("before that, ") && rows[3].contains("add line 7: Use npm"), "{rows:#?}");
    let screen = answered(&desk, &["blame", "3"], &[]);
    assert!(screen.has("line 3: By hand.") && screen.has("not written by dictum"));

    answered(&desk, &["remove", "9"], &accept);
    answered(&desk, &["undo"], &[("a undo it", "a")]);
    let screen = answered(&desk, &["blame", "9"], &[]);
    assert!(screen.rows[1].contains("replace line 7"), "an undone removal is no author: {:?}", screen.rows);
    let screen = answered(&desk, &["log"], &[]);
    let ops = ["add line 7", "replace line 7", "remove line 9", "undo: add line 9"];
    let places: Vec<_> = ops.iter().map(|op| screen.row_at(op).unwrap()).collect();
    assert!(places.is_sorted(), "the newest comes last: {:#?}", screen.rows);
    let screen = answered(&desk, &["log", "-n", "1"], &[]);
    assert!(screen.has("undo: add line 9") && !screen.has("remove line 9"));
    scripted(&desk, "log --json > log.json", 0);
    let told: Vec<Value> = serde_json::from_str(&desk.read("log.json")).unwrap();
    assert_eq!(told, records(&desk));
}

#[test]
fn a_spoiled_journal_is_read_as_far_as_it_goes() {
    let desk = desk();
    answered(&desk, &["add", "use pnpm"], &[("a accept", "a")]);
    let file = fs::read_dir(desk.outside("state/dictum/journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend_from_slice(b"\xff\x1b]0;title\x07\n{\"torn");
    fs::write(&file, bytes).unwrap();
    let app = kb(&desk, &["log"]);
    let screen = ended(&app, 0);
    assert!(screen.has("add line 7: Use pnpm.") && screen.has("2 lines of the journal are no records"));
    assert!(!app.raw().contains("title"));
}

#[test]
fn an_edit_is_saved_though_the_journal_cannot_be() {
    let desk = desk();
    fs::create_dir_all(desk.outside("state/dictum")).unwrap();
    fs::write(desk.outside("state/dictum/journal"), "in the way").unwrap();
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.review();
    app.send("a");
    app.wait_text("KB.md was written, but the journal");
    app.quit();
    assert!(desk.read("KB.md").contains("pnpm"));
    let screen = answered(&desk, &["undo"], &[("a undo it", "a")]);
    assert!(screen.has("KB.md was written, but the journal"), "{:?}", screen.rows);
    assert_eq!(desk.read("KB.md"), KB);
}
