//! Saying it again in the real terminal: taken back, edited, asked again, compared, killed, resumed and exported.

use rustix::process::Signal;

use crate::KB;
use crate::pty::{Desk, ESC, Terminal};
use crate::server::{Gate, Reply};

const F4: &str = "\x1bOS";
const ALT_COMMA: &str = "\x1b,";
const ALT_Z: &str = "\x1bz";

/// The binary with further arguments.
fn open<'a>(desk: &'a Desk, arguments: &[&str]) -> Terminal<'a> {
    let mut command = desk.binary();
    command.args(arguments);
    let app = desk.start(command);
    app.wait_for("the first frame", |screen| screen.has("KB.md"));
    app
}

/// What a subcommand printed.
fn output(desk: &Desk, arguments: &[&str]) -> String {
    let mut command = desk.command(env!("CARGO_BIN_EXE_dictum"));
    command.args(arguments);
    let run = desk.start(command);
    assert_eq!(run.wait_end(), 0, "{}", run.raw());
    run.raw().replace("\r\n", "\n")
}

#[test]
fn a21_a_message_is_taken_back_said_again_and_nothing_is_lost() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Half of an ", "answer"]).gated(2, &gate));
    let app = desk.open();
    app.send("fix teh build\r");
    app.wait_text("Half of an");
    // Each by itself: two of them at once could be a key with Alt.
    app.send(ESC);
    app.wait_text("■ stopped");
    app.send(ESC);
    app.wait_text("Esc again takes your last message back");
    app.send(ESC);
    app.wait_for("the message", |screen| screen.draft() == "fix teh build");
    app.wait_text("↶ taken back: fix teh build");
    desk.server().enqueue(Reply::chat(&["It is fixed."]));
    app.send("\x15fix the build\r");
    app.wait_text("It is fixed.");
    let asked = app.wait_asked(2);
    let sent = asked[1].body.to_string();
    assert!(sent.contains("fix the build") && !sent.contains("teh") && !sent.contains("Half of"), "{sent}");
    app.wait_idle();
    app.quit();
    drop(app);
    let app = open(&desk, &["--continue"]);
    app.wait_text("↶ taken back: fix teh build");
    app.wait_text("It is fixed.");
    app.quit();
    drop(app);
    let shown = output(&desk, &["session", "show", "1"]);
    assert!(shown.contains("## You · taken back · ") && shown.contains("Half of an"), "{shown}");
}

#[test]
fn a29_answers_survive_a_kill_and_the_shown_one_is_shown_again() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB).size(120, 30);
    desk.server().enqueue(Reply::chat(&["The first answer."]));
    desk.server().enqueue(Reply::chat(&["The second answer."]));
    let app = desk.open();
    app.send("which one?\r");
    app.wait_text("The first answer.");
    app.wait_idle();
    desk.write("KB.md", KB.replace("Vitest", "Jest"));
    app.send("/retry\r");
    app.wait_text("The second answer.");
    app.wait_text("‹ 2/2 ›");
    app.wait_idle();
    let asked = app.wait_asked(2);
    let sent = asked[1].body.to_string();
    assert!(sent.contains("Tests run with Jest") && !sent.contains("Vitest"), "KB.md is read anew");
    assert!(!sent.contains("The first answer."));
    app.send(ALT_COMMA);
    app.wait_text("‹ 1/2 ›");
    app.send("/compare\r");
    let screen = app.wait_text("Two versions of the answer");
    assert!(screen.row("The first answer.").is_some_and(|row| row.contains("The second answer.")));
    app.send(ESC);
    app.wait_gone("Two versions of the answer");
    desk.server().enqueue(Reply::chat(&["The third one was ", "cut"]).gated(2, &gate));
    app.send("/retry\r");
    app.wait_text("The third one was");
    app.wait_until("its words in the store", || {
        let folder = desk.outside("state/dictum/sessions");
        std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
            std::fs::read(entry.path())
                .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("The third one"))
        })
    });
    app.signal(Signal::KILL);
    app.wait_end();
    drop(app);

    let app = open(&desk, &["--continue"]);
    app.wait_text("Cut: dictum ended before this reply did.");
    app.wait_text("‹ 3/3 ›");
    app.send(ALT_COMMA);
    app.wait_text("‹ 2/3 ›");
    app.wait_text("The second answer.");
    app.quit();
    drop(app);
    let app = open(&desk, &["--continue"]);
    app.wait_text("‹ 2/3 ›");
    app.quit();
    drop(app);
    let shown = output(&desk, &["session", "show", "1"]);
    for words in ["version 1 of 3 · ", "version 2 of 3, the one that counts · ", "version 3 of 3 · "] {
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn a_message_of_dictum_p_takes_its_files_along_again() {
    let desk = Desk::with_model().kb(KB);
    desk.write("a.ts", "export const answer = 42;\n");
    desk.server().enqueue(Reply::chat(&["About the file."]));
    let mut command = desk.binary();
    command.args(["-p", "look @a.ts please"]);
    let run = desk.start(command);
    assert_eq!(run.wait_end(), 0, "{}", run.raw());
    drop(run);
    assert!(desk.server().asked()[0].body.to_string().contains("answer = 42"));
    let app = open(&desk, &["--continue"]);
    app.wait_text("About the file.");
    app.send(ALT_Z);
    app.wait_for("the message", |screen| screen.draft() == "look @a.ts please");
    desk.write("a.ts", "export const answer = 43;\n");
    app.send("\r");
    let asked = app.wait_asked(2);
    assert!(asked[1].body.to_string().contains("answer = 43"), "{}", asked[1].body);
    app.wait_idle();
    app.quit();
}

#[test]
fn an_edited_message_branches_off_and_both_branches_are_in_the_list() {
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["About the first."]));
    desk.server().enqueue(Reply::chat(&["About the second."]));
    let app = desk.open();
    app.send("first question\r");
    app.wait_text("About the first.");
    app.wait_idle();
    app.send("second question\r");
    app.wait_text("About the second.");
    app.wait_idle();
    app.send(F4);
    app.wait_text("reading");
    app.send("[");
    app.send("\r");
    app.wait_text("editing a message");
    app.wait_for("the message", |screen| screen.draft() == "second question");
    app.send(" in other words\r");
    app.wait_text("Branched off here with other words. What followed stays as session 1: /sessions.");
    app.wait_text("▌ second question in other words");
    app.wait_asked(3);
    app.wait_idle();
    app.send("/sessions\r");
    app.wait_text("branch of #1");
    app.send(ESC);
    app.wait_gone("Sessions ·");
    app.quit();
    drop(app);
    let listed = output(&desk, &["session", "list"]);
    assert!(listed.contains(", branch of 1)") && listed.lines().count() == 2, "{listed}");
    assert!(output(&desk, &["session", "show", "1"]).contains("About the second."));
    assert!(!output(&desk, &["session", "show", "2"]).contains("About the second."));
}
