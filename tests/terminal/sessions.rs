//! Sessions with the real binary: what was said comes back after every end, nothing is kept that shall not be, and the subcommands.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::pty::{CTRL_C, Desk, Terminal};
use crate::server::{Gate, Reply};
use crate::{FIRST, KB};

/// The binary with further arguments.
fn open<'a>(desk: &'a Desk, arguments: &[&str]) -> Terminal<'a> {
    let mut command = desk.binary();
    command.args(arguments);
    let app = desk.start(command);
    app.wait_for("the first frame", |screen| screen.has("KB.md"));
    app
}

/// What a subcommand printed, once it ended with this code.
#[track_caller]
fn output(desk: &Desk, arguments: &[&str], code: u32) -> String {
    let mut command = desk.command(env!("CARGO_BIN_EXE_dictum"));
    command.args(arguments);
    let run = desk.start(command);
    assert_eq!(run.wait_end(), code, "{}", run.raw());
    run.raw().replace("\r\n", "\n")
}

fn files(desk: &Desk) -> Vec<PathBuf> {
    let folder = desk.outside("state/dictum/sessions");
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Waits until some file of the store holds these words.
#[track_caller]
fn wait_stored(app: &Terminal<'_>, desk: &Desk, words: &str) {
    app.wait_until(&format!("{words:?} in the store"), || {
        files(desk)
            .iter()
            .any(|path| fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(words)))
    });
}

#[test]
fn a29_a_reply_that_a_kill_cut_comes_back_and_goes_on() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Some words came ", "and others never did"]).gated(2, &gate));
    let app = desk.open();
    app.send("tell me\r");
    app.wait_text("Some words came");
    wait_stored(&app, &desk, "Some words came");
    app.signal(Signal::KILL);
    app.wait_end();
    drop(app);

    let app = open(&desk, &["--continue"]);
    app.wait_text("session 1 goes on: tell me");
    let screen = app.wait_text("Cut: dictum ended before this reply did.");
    assert!(screen.has("Some words came") && screen.has("▌ tell me"));
    desk.server().enqueue(Reply::chat(&["Here is the rest."]));
    desk.write("KB.md", KB.replace("Vitest", "Jest"));
    app.send("continue\r");
    app.wait_text("Here is the rest.");
    let asked = app.wait_asked(2);
    let sent = asked[1].body.to_string();
    assert!(sent.contains("Some words came") && sent.contains("tell me"));
    let rules = ["Tests run with Jest", "Tests run with Vitest"].map(|rule| sent.matches(rule).count());
    assert_eq!(rules, [1, 0], "KB.md is sent as it is now");
    app.quit();
}

#[test]
fn a_session_that_another_dictum_has_open_is_copied_and_not_shared() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Some words came ", "and others later."]).gated(2, &gate));
    let first = desk.open();
    first.send("tell me\r");
    first.wait_text("Some words came");
    wait_stored(&first, &desk, "Some words came");

    let second = open(&desk, &["--continue"]);
    second.wait_text("session 1 is open in another dictum; a copy of it");
    let screen = second.wait_text("another dictum was still writing this reply");
    assert!(screen.has("Some words came") && !screen.has("Cut:"));
    gate.open();
    first.wait_text("and others later.");
    first.wait_idle();
    desk.server().enqueue(Reply::chat(&["An answer to the copy."]));
    second.send("go on\r");
    second.wait_text("An answer to the copy.");
    second.quit();
    first.quit();
    let shown = output(&desk, &["session", "show", "1"], 0);
    assert!(shown.contains("and others later.") && !shown.contains("go on"), "{shown}");
    let listed = output(&desk, &["session", "list"], 0);
    assert!(listed.contains("branch of 1"), "{listed}");
}

#[test]
fn the_end_names_the_command_that_goes_on() {
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["First answer."]));
    let app = desk.open();
    app.send("first question\r");
    app.wait_text("First answer.");
    app.wait_idle();
    app.send("/persona installer.test.nodejs\r");
    app.send("a draft of it");
    app.wait_for("the draft", |screen| screen.draft() == "a draft of it");
    app.send(CTRL_C);
    app.send("/quit\r");
    assert_eq!(app.wait_end(), 0);
    let raw = app.raw();
    let left = raw.rsplit("\x1b[?1049l").next().unwrap().replace("\r\n", "\n");
    assert!(left.contains("First answer.\n\nTo go on: dictum --resume 1\n"), "{left:?}");
    drop(app);

    let desk = desk.argument("--resume").argument("1");
    let app = desk.open();
    app.wait_text("session 1 goes on: first question");
    assert!(app.screen().has("First answer."));
    app.send("/new\r");
    app.wait_text("session 1 is kept");
    app.send("second question\r");
    app.wait_text("Understood.");
    app.wait_idle();
    app.send("\x1bs");
    let screen = app.wait_text("Sessions ·");
    assert!(screen.row_at("second question") < screen.row_at("first question"));
    // Searched in what was answered.
    app.send("first ans");
    app.wait_for("the one that was found", |screen| !screen.rows.iter().any(|row| row.contains("▸ second")));
    app.wait_text("▸ first question");
    app.send("\r");
    app.wait_text("session 1 goes on");
    app.wait_text("First answer.");
    app.quit();
}

#[test]
fn the_list_stands_at_the_start_when_it_is_asked_for() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("what are our rules?\r");
    app.wait_text("Tests run with Vitest");
    app.quit();
    drop(app);
    let app = open(&desk, &["--resume"]);
    app.wait_text("▸ what are our rules?");
    app.send("\r");
    app.wait_text("session 1 goes on");
    app.wait_text("Tests run with Vitest");
    app.quit();
    drop(app);
    let app = open(&desk, &["--resume", "77"]);
    app.wait_text("No session was resumed: there is no session 77");
    app.quit();
}

#[test]
fn nothing_is_kept_of_a_start_without_words_nor_where_it_is_not_wanted() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("/help\r");
    app.wait_text("Everywhere");
    app.send("\x1b");
    app.wait_for("the prompt", |screen| !screen.has("Everywhere"));
    app.quit();
    drop(app);
    assert_eq!(files(&desk), Vec::<PathBuf>::new());
    let app = open(&desk, &["--no-save"]);
    app.send("what are our rules?\r");
    app.wait_text("Tests run with Vitest");
    app.quit();
    assert!(!app.raw().contains("--resume"));
    drop(app);
    let folder = desk.outside("config").join("dictum");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), "save_sessions = \"off\"\n").unwrap();
    let app = desk.open();
    app.send("what are our rules?\r");
    app.wait_text("Tests run with Vitest");
    app.quit();
    drop(app);
    assert_eq!(files(&desk), Vec::<PathBuf>::new());
}

#[test]
fn a30_session_files_are_private_and_hold_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let key = "a-key-of-no-known-shape-77";
    let desk = Desk::with_anthropic(key).kb(KB);
    desk.server().enqueue(Reply::anthropic(&["I was told ", key, " and sk-ant-api03-abcde", "fghijklmnop."]));
    let app = desk.open();
    app.send(&format!("my keys are {key} and sk-ant-api03-abcdefghijklmnop\r"));
    app.wait_text("I was told");
    app.wait_idle();
    wait_stored(&app, &desk, "I was told");
    let check = || {
        for path in files(&desk) {
            let bytes = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("no-known-shape") && !text.contains("abcdefgh"), "{}", path.display());
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600,
                "{}",
                path.display()
            );
        }
    };
    check();
    app.quit();
    check();
    let folder = fs::metadata(desk.outside("state/dictum/sessions")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_store_that_cannot_be_used_is_told_and_the_chat_goes_on() {
    let desk = Desk::offline().kb(KB);
    let folder = desk.outside("state/dictum/sessions");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("sessions.db"), "this is no database ".repeat(300)).unwrap();
    let app = desk.open();
    app.send("what are our rules?\r");
    app.wait_text("Earlier sessions cannot be read");
    app.wait_text("Tests run with Vitest");
    app.quit();
    assert!(app.raw().contains("To go on: dictum --resume 1"));
    drop(app);
    let told = output(&desk, &["session", "list"], 0);
    assert!(told.contains("what are our rules?"), "{told}");
    // Nothing may be written where a folder is.
    for path in files(&desk) {
        fs::remove_file(path).unwrap();
    }
    fs::create_dir(folder.join("sessions.db")).unwrap();
    let app = desk.open();
    app.send("what are our rules?\r");
    app.wait_text("This session is not saved for now");
    app.wait_text("Tests run with Vitest");
    app.quit();
}

#[test]
fn sessions_are_listed_shown_exported_renamed_and_deleted_by_command() {
    let desk = Desk::offline().kb(KB);
    assert!(output(&desk, &["session", "list"], 0).contains("No session was kept"));
    let app = desk.open();
    app.send("what are our rules?\r");
    app.wait_text("Tests run with Vitest");
    app.quit();
    drop(app);
    let told = output(&desk, &["session", "list"], 0);
    assert!(told.starts_with("1  just now") && told.contains("what are our rules?  (2 messages)"), "{told}");
    assert!(output(&desk, &["session", "list", "biome"], 0).contains("Lint with Biome"));
    assert!(output(&desk, &["session", "list", "zebra"], 0).contains("speaks of zebra"));
    let shown = output(&desk, &["session", "show", "1"], 0);
    assert!(shown.starts_with("# what are our rules?\n\n## You · "), "{shown}");
    assert!(shown.contains(&format!("## {FIRST} · offline · KB.md ")), "{shown}");
    let json = output(&desk, &["session", "show", "1", "--json"], 0);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["entries"][1]["persona"], FIRST);
    assert!(output(&desk, &["session", "export", "1", "talk.json"], 0).contains("Written to talk.json"));
    assert!(output(&desk, &["session", "export", "1", "talk.json"], 1).contains("--force replaces it"));
    output(&desk, &["session", "export", "1", "talk.json", "--force"], 0);
    assert_eq!(desk.read("talk.json").trim(), json.trim());
    output(&desk, &["session", "export", "1"], 0);
    assert!(desk.read("dictum-1-what-are-our-rules.md").starts_with("# what are our rules?"));
    output(&desk, &["session", "rename", "1", "Rules", "of", "ours"], 0);
    assert!(output(&desk, &["session", "list"], 0).contains("Rules of ours"));
    let mut command = desk.command(env!("CARGO_BIN_EXE_dictum"));
    command.args(["session", "delete", "1"]);
    let run = desk.start(command);
    run.wait_text("Delete session 1 for good (Rules of ours)? y or n >");
    run.send("n\r");
    assert_eq!(run.wait_end(), 0);
    drop(run);
    assert!(output(&desk, &["session", "list"], 0).contains("Rules of ours"));
    assert!(output(&desk, &["session", "delete", "1", "--yes"], 0).contains("is deleted"));
    assert!(output(&desk, &["session", "list"], 0).contains("No session was kept"));
    assert!(output(&desk, &["session", "show", "1"], 1).contains("there is no session 1"));
}

#[test]
fn a_reply_that_was_private_from_its_middle_on_is_kept_until_there() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Some words came ", "and others in private."]).gated(2, &gate));
    let app = desk.open();
    app.send("tell me\r");
    app.wait_text("Some words came");
    wait_stored(&app, &desk, "Some words came");
    app.send("/private\r");
    app.wait_text("From here on nothing of this session is saved");
    gate.open();
    app.wait_text("and others in private.");
    app.wait_idle();
    app.quit();
    drop(app);
    let shown = output(&desk, &["session", "show", "1"], 0);
    assert!(shown.contains("Some words came") && shown.contains("Kept until here"), "{shown}");
    assert!(!shown.contains("Cut: dictum ended") && !shown.contains("in private"), "{shown}");
    let app = open(&desk, &["--continue"]);
    app.wait_text("Kept until here: /private was said while this reply came.");
    app.quit();
}

/// The history of the prompt, as it is on the disk.
fn history(desk: &Desk) -> String {
    let projects = fs::read_dir(desk.outside("state/dictum/prompts")).into_iter().flatten().flatten();
    projects
        .map(|project| fs::read_to_string(project.path().join("history.jsonl")).unwrap_or_default())
        .collect()
}

#[test]
fn what_is_deleted_leaves_the_history_of_the_prompt_too() {
    let desk = Desk::offline().kb(KB);
    for said in ["what are our rules?\r", "tell me the rules\r"] {
        let app = desk.open();
        app.send("what are our rules?\r");
        app.wait_text("Tests run with Vitest");
        app.wait_idle();
        app.send(said);
        app.wait_for("both", |screen| screen.rows.iter().filter(|row| row.contains("▌ ")).count() > 1);
        app.wait_idle();
        app.quit();
    }
    assert!(history(&desk).contains("tell me the rules"));
    output(&desk, &["session", "delete", "2", "--yes"], 0);
    let left = history(&desk);
    assert!(left.contains("what are our rules?") && !left.contains("tell me"), "{left}");
    // By the list, while another dictum adds to it.
    let other = desk.open();
    let app = desk.open();
    app.send("/sessions\r");
    app.wait_text("▸ what are our rules?");
    other.send("of the other one\r");
    other.wait_idle();
    app.wait_until("the other's message", || history(&desk).contains("of the other one"));
    app.send("\x1b[3~");
    app.wait_text("again deletes it");
    app.send("\x1b[3~");
    app.wait_text("session 1 is deleted");
    app.send("\x1b");
    app.wait_gone("Sessions ·");
    app.quit();
    other.quit();
    let left = history(&desk);
    assert!(left.contains("of the other one") && !left.contains("what are our rules?"), "{left}");
}

#[test]
fn a25_a_session_goes_on_line_by_line() {
    let desk = Desk::offline().kb(KB).argument("--plain");
    let app = desk.start(desk.binary());
    app.wait_text("Model: offline");
    app.send("what are our rules?\r");
    app.wait_text("Tests run with Vitest");
    app.send("\x04");
    assert_eq!(app.wait_end(), 0);
    assert!(app.raw().contains("To go on: dictum --resume 1"));
    drop(app);
    let mut command = desk.binary();
    command.arg("--resume");
    let app = desk.start(command);
    app.wait_text("1. what are our rules?");
    app.wait_text("Number or name");
    app.send("1\r");
    app.wait_text("You: what are our rules?");
    app.wait_text("Tests run with Vitest");
    app.send("\x04");
    assert_eq!(app.wait_end(), 0);
    assert!(!app.raw().contains('\x1b'), "{:?}", app.raw());
}
