//! Nothing typed is lost: the draft, the queue and the history outlive the program, however it ends.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::KB;
use crate::pty::{CTRL_C, Desk, ENTER, Terminal, UP, pasted};
use crate::server::{Gate, Reply};

/// Files of the project's prompt whose names begin like this.
fn kept(desk: &Desk, beginning: &str) -> Vec<PathBuf> {
    let folder = desk.outside("state/dictum/prompts");
    let projects = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = projects.flat_map(|project| fs::read_dir(project.path()).into_iter().flatten().flatten());
    let mut found: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(beginning))
        .collect();
    found.sort();
    found
}

/// Waits until some draft on the disk holds these words.
#[track_caller]
fn wait_kept(app: &Terminal<'_>, desk: &Desk, words: &str) {
    app.wait_until(&format!("{words:?} on the disk"), || {
        kept(desk, "draft-")
            .iter()
            .any(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(words)))
    });
}

/// A way to end the program.
type End = fn(&Terminal<'_>);

#[test]
fn a21_a_draft_outlives_every_end() {
    let ends: [(&str, End); 4] = [
        ("kill", |app| {
            app.signal(Signal::KILL);
            app.wait_end();
        }),
        ("terminate", |app| {
            app.signal(Signal::TERM);
            assert_eq!(app.wait_end(), 143);
        }),
        ("hang up", |app| {
            app.signal(Signal::HUP);
            assert_eq!(app.wait_end(), 129);
        }),
        ("quit from the palette", |app| {
            app.send(crate::pty::CTRL_P);
            app.wait_text("Everything");
            app.send("/quit\r");
            assert_eq!(app.wait_end(), 0);
        }),
    ];
    let desk = Desk::offline().kb(KB);
    let mut draft = String::from("line one of it");
    let app = desk.open();
    app.send(&pasted("line one of it"));
    wait_kept(&app, &desk, &draft);
    drop(app);
    for (how, end) in ends {
        let app = desk.open();
        app.wait_text("your draft is back");
        assert_eq!(app.screen().draft(), draft, "{how}");
        // Kept before a kill; the other ends take the last words along.
        app.send(" more");
        draft.push_str(" more");
        app.wait_for("the words", |screen| screen.draft() == draft);
        if how == "kill" {
            wait_kept(&app, &desk, &draft_words(&draft));
        }
        end(&app);
    }
    let app = desk.open();
    app.wait_text("your draft is back");
    assert_eq!(app.screen().draft(), draft);
    // Emptied on purpose, it does not come back; the history has it.
    app.send(CTRL_C);
    app.wait_text("draft put aside");
    app.wait_until("the draft to go", || {
        kept(&desk, "draft-").iter().all(|path| path.extension().is_some_and(|end| end == "lock"))
    });
    app.send("last words");
    wait_kept(&app, &desk, "last words");
    app.signal(Signal::KILL);
    app.wait_end();
    let app = desk.open();
    app.wait_text("your draft is back");
    assert_eq!(app.screen().draft(), "last words");
    app.send(UP);
    app.wait_for("the draft from the history", |screen| screen.draft() == draft);
}

/// What was typed, as it stands in the file behind what was pasted.
fn draft_words(draft: &str) -> String {
    draft.trim_start_matches("line one of it").to_string()
}

#[test]
fn a21_the_queue_and_the_history_outlive_a_kill() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["some words ", "and more"]).gated(2, &gate));
    let app = desk.open();
    app.send("first question\r");
    app.wait_text("some words");
    app.send("second question\r");
    app.wait_text("queued  second question");
    app.send("third, half");
    wait_kept(&app, &desk, "third, half");
    app.signal(Signal::KILL);
    app.wait_end();
    drop(app);

    let app = desk.open();
    app.wait_text("your draft is back · 1 queued message(s) wait");
    assert_eq!(app.screen().draft(), "third, half");
    assert!(app.screen().has("queued  second question"));
    app.send(CTRL_C);
    app.wait_text("draft put aside");
    app.send(ENTER);
    let asked = app.wait_asked(2);
    assert!(asked[1].body.to_string().contains("second question"));
    app.wait_idle();
    app.send(&format!("{UP}{UP}{UP}"));
    app.wait_for("the first question", |screen| screen.draft() == "first question");
}

/// Everything below the folder of dictum's state, as text.
fn state(desk: &Desk) -> String {
    let mut folders = vec![desk.outside("state/dictum")];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                all.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
            }
        }
    }
    all
}

#[test]
fn where_nothing_is_saved_an_earlier_draft_waits_for_the_next_start() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("sent before\r");
    app.wait_text("▌ sent before");
    app.wait_idle();
    app.send("an earlier draft");
    wait_kept(&app, &desk, "an earlier draft");
    app.signal(Signal::KILL);
    app.wait_end();
    drop(app);

    let mut command = desk.binary();
    command.arg("--no-save");
    let app = desk.start(command);
    app.wait_for("the first frame", |screen| screen.has("KB.md"));
    app.send("of this run alone\r");
    app.wait_text("▌ of this run alone");
    app.wait_idle();
    assert!(!app.screen().has("your draft is back"));
    // What was sent before is there to be recalled.
    app.send(&format!("{UP}{UP}"));
    app.wait_for("the message before", |screen| screen.draft() == "sent before");
    app.send(CTRL_C);
    app.wait_for("the empty prompt", |screen| screen.draft() != "sent before");
    app.send("another draft");
    app.wait_for("the draft", |screen| screen.draft() == "another draft");
    app.signal(Signal::TERM);
    app.wait_end();
    drop(app);
    let left = state(&desk);
    assert!(!left.contains("of this run alone") && !left.contains("another draft"), "{left}");

    let app = desk.open();
    app.wait_text("your draft is back");
    assert_eq!(app.screen().draft(), "an earlier draft");
    app.send("\r");
    app.wait_text("▌ an earlier draft");
    app.wait_idle();
    app.quit();
    drop(app);
    // Sent, it is a message of the history and no draft any more.
    assert_eq!(kept(&desk, "draft-"), Vec::<PathBuf>::new());
    assert!(fs::read_to_string(&kept(&desk, "history.jsonl")[0]).unwrap().contains("an earlier draft"));
}

#[test]
fn a21_two_in_one_project_keep_their_own_drafts() {
    let desk = Desk::offline().kb(KB);
    let one = desk.open();
    one.send("of the first");
    wait_kept(&one, &desk, "of the first");
    let two = desk.open();
    two.send("of the second");
    wait_kept(&two, &desk, "of the second");
    assert_eq!(two.screen().draft(), "of the second");
    two.signal(Signal::KILL);
    two.wait_end();
    let three = desk.open();
    three.wait_text("your draft is back");
    assert_eq!(three.screen().draft(), "of the second");
    assert_eq!(one.screen().draft(), "of the first");
}

#[test]
fn a30_a_secret_goes_to_no_file() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("my key is sk-ant-api03-abcdefghijklmnop\r");
    app.wait_text("▌ my key is");
    app.wait_idle();
    app.send("harmless");
    app.wait_for("the draft", |screen| screen.draft() == "harmless");
    app.send(" words, and sk-ant-api03-qrstuvwxyzabcdef");
    wait_kept(&app, &desk, "a secret was here");
    app.send(CTRL_C);
    app.wait_text("draft put aside");
    app.send("sent\r");
    app.wait_idle();
    app.quit();
    for path in kept(&desk, "") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("sk-ant"), "{}: {text}", path.display());
        assert!(!path.to_string_lossy().contains("draft-"), "nothing is left of an emptied draft");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let history = fs::read_to_string(&kept(&desk, "history.jsonl")[0]).unwrap();
    assert_eq!(history.lines().count(), 2, "{history}");
}
