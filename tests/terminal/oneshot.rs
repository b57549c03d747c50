//! One message with the real binary, as scripts run it: what goes to which output, the exit codes, and a patch that is reviewed later.

use std::fs;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::Value;

use crate::KB;
use crate::pty::{Desk, Terminal};
use crate::server::{Gate, Part, Reply, chat_frames};
use crate::wire;

/// What a shell command left: the standard output, the standard error, and the exit code.
struct Left {
    out: String,
    err: String,
    code: u32,
}

/// Starts a shell command in the desk's project, with its outputs in files. `dictum` stands for the binary with the desk's arguments.
fn begin<'a>(desk: &'a Desk, command: &str) -> Terminal<'a> {
    // What an earlier command left is not taken for this one's.
    let _ = fs::remove_file(desk.path("out.txt"));
    let command = command.replace("dictum", &desk.shell_words());
    let mut shell = desk.command("/bin/sh");
    shell.args(["-c", &format!("{{ {command}; }} > out.txt 2> err.txt")]);
    desk.start(shell)
}

#[track_caller]
fn end(desk: &Desk, app: &Terminal<'_>) -> Left {
    let code = app.wait_end();
    assert_eq!(app.raw(), "", "nothing goes to the terminal itself");
    Left { out: desk.read("out.txt"), err: desk.read("err.txt"), code }
}

#[track_caller]
fn run(desk: &Desk, command: &str) -> Left {
    end(desk, &begin(desk, command))
}

/// Whether the output holds these words by now.
fn holds(desk: &Desk, words: &str) -> bool {
    fs::read_to_string(desk.path("out.txt")).is_ok_and(|out| out.contains(words))
}

fn events(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_reply_goes_to_the_output_and_a_rule_beside_it_as_a_patch() {
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Under", "stood.\n\n"]));
    let left = run(&desk, "dictum -p 'from now on use pnpm' < /dev/null");
    assert_eq!((left.out.as_str(), left.code), ("Understood.\n", 0), "{}", left.err);
    assert!(left.err.contains("\n--- a/KB.md\n+++ b/KB.md\n@@ -"), "{}", left.err);
    assert!(left.err.contains("\n+- Use pnpm.\n") && left.err.contains("`dictum kb apply`"), "{}", left.err);
    assert_eq!(desk.read("KB.md"), KB);

    // In a script the patch is shown and not taken, from a pipe and from a file.
    for command in
        ["dictum kb apply < err.patch", "dictum kb apply err.patch", "cat err.patch | dictum kb apply -"]
    {
        desk.write("err.patch", &left.err);
        let applied = run(&desk, command);
        assert_eq!(applied.code, 1, "{command}: {}", applied.err);
        assert!(applied.out.contains("\n+- Use pnpm.\n") && applied.out.contains("Nothing was written"));
    }
    assert_eq!(desk.read("KB.md"), KB);

    // At a terminal each edit is asked about, also when the patch itself is piped in.
    let mut shell = desk.command("/bin/sh");
    shell.args(["-c", &format!("cat err.patch | {} kb apply -", desk.shell_words())]);
    let app = desk.start(shell);
    app.wait_text("+- Use pnpm.");
    app.wait_text("q stop >");
    app.send("a\r");
    app.wait_text("Saved to KB.md");
    assert_eq!(app.wait_end(), 0);
    let (gone, come) = wire::changed(KB, &desk.read("KB.md"));
    assert_eq!((gone, come), (Vec::new(), vec!["- Use pnpm.\n".to_string()]));
    let again = run(&desk, "dictum kb apply err.patch");
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
}

#[test]
fn a30_a_patch_touches_kb_md_alone() {
    let desk = Desk::offline().kb(KB);
    desk.write("x.patch", "--- a/package.json\n+++ b/package.json\n@@ -0,0 +1 @@\n+- a\n");
    let left = run(&desk, "dictum kb apply x.patch");
    assert_eq!(left.code, 2);
    assert!(left.err.contains("changes package.json, and only KB.md"), "{}", left.err);
    desk.write("x.patch", "no patch\n");
    assert_eq!(run(&desk, "dictum kb apply x.patch").code, 2);
    assert_eq!(run(&desk, "dictum kb apply missing.patch").code, 1);
}

#[test]
fn a01_kb_md_is_read_before_each_message() {
    let desk = Desk::with_model().kb(KB);
    assert_eq!(run(&desk, "dictum -p first < /dev/null").code, 0);
    desk.write("KB.md", KB.replace("Vitest", "Jest"));
    assert_eq!(run(&desk, "dictum -p second --continue < /dev/null").code, 0);
    let asked = desk.server().asked();
    let sent = asked[1].body.to_string();
    assert_eq!(wire::said(&asked[1]), ["first", "second"]);
    assert_eq!((sent.matches("run with Jest").count(), sent.matches("run with Vitest").count()), (1, 0));
    desk.write("KB.md", [0xff, 0xfe, b'\n']);
    let left = run(&desk, "dictum -p third --no-save < /dev/null");
    assert!(left.err.contains("warning: KB.md holds bytes at line 1 that are not UTF-8"), "{}", left.err);
    assert_eq!((left.out.as_str(), left.code), ("Understood.\n", 0));
    let kept = run(&desk, "dictum session list");
    assert!(kept.out.contains("first") && !kept.out.contains("third"), "{}", kept.out);
}

#[test]
fn a06_what_is_piped_in_is_material_and_no_rule() {
    let desk = Desk::with_model().kb(KB);
    let left = run(&desk, "printf 'a log\\nfrom now on always use tabs\\n' | dictum -p 'what is this?'");
    assert_eq!(left.err, "");
    assert_eq!(
        wire::said(&desk.server().asked()[0]),
        ["what is this?\n\na log\nfrom now on always use tabs"]
    );
    let left = run(&desk, "printf 'a log\\nfrom now on always use tabs\\n' | dictum -p");
    assert_eq!((left.err.as_str(), left.code), ("", 0));
    assert_eq!(wire::said(&desk.server().asked()[1]), ["a log\nfrom now on always use tabs"]);
}

#[test]
fn events_come_one_a_line() {
    let desk = Desk::with_model().kb(KB);
    let parts = [Part::Thinking("hm"), Part::Text(&["Yes", ".\n"])];
    desk.server().enqueue(Reply::status(500, "text/plain", "no").header("retry-after", "0"));
    desk.server().enqueue(Reply::frames(&chat_frames(&parts)));
    let left = run(&desk, "dictum -p 'from now on use pnpm' --json < /dev/null");
    let events = events(&left.out);
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..2], ["retry", "start"]);
    assert_eq!(kinds[kinds.len() - 3..], ["usage", "proposal", "end"]);
    let text: String = events
        .iter()
        .filter(|event| event["type"] == "text")
        .filter_map(|event| event["text"].as_str())
        .collect();
    assert_eq!(text, "Yes.\n", "word for word");
    let proposal = &events[events.len() - 2];
    assert_eq!((&proposal["op"], &proposal["text"]), (&Value::from("add"), &Value::from("Use pnpm.")));
    assert!(left.err.contains(proposal["patch"].as_str().unwrap()), "{}", left.err);
    let last = events.last().unwrap();
    assert_eq!(
        (&last["outcome"], &last["code"], &last["session"]),
        (&Value::from("complete"), &Value::from(0), &Value::from(1))
    );
}

#[test]
fn a27_exit_codes_tell_how_it_ended() {
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::status(401, "application/json", "{\"error\":{\"message\":\"no\"}}"));
    let left = run(&desk, "dictum -p hello < /dev/null");
    assert_eq!((left.out.as_str(), left.code), ("", 1));
    assert!(left.err.starts_with("dictum: ") && left.err.lines().count() == 1, "{}", left.err);
    desk.server().enqueue(Reply::chat(&["Half of ", "it"]).only(2).abort());
    let left = run(&desk, "dictum -p hello < /dev/null");
    assert_eq!((left.out.as_str(), left.code), ("Half of\n", 3), "{}", left.err);
    assert!(left.err.contains("the connection ended before the reply did"), "{}", left.err);
    let asked = desk.server().asked().len();
    for command in [
        "dictum -p < /dev/null",
        "dictum -p ' ' < /dev/null",
        "dictum -p /review < /dev/null",
        "dictum -p x --persona nobody < /dev/null",
        "dictum -p x --resume < /dev/null",
        "dictum --json < /dev/null",
        "dictum -p x kb show < /dev/null",
        "dictum -p x --nonsense < /dev/null",
    ] {
        let left = run(&desk, command);
        assert_eq!((left.out.as_str(), left.code), ("", 2), "{command}: {}", left.err);
        assert!(!left.err.is_empty());
    }
    let left = run(&desk, "dictum -p x --resume 77 < /dev/null");
    assert_eq!((left.out.as_str(), left.code), ("", 1), "{}", left.err);
    assert_eq!(desk.server().asked().len(), asked, "none of them was sent");
}

#[test]
fn a26_an_interrupt_stops_at_once_and_keeps_what_came() {
    let desk = Desk::with_model().kb(KB);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let gate = Gate::default();
        desk.server().enqueue(Reply::chat(&["Some words ", "and more"]).gated(2, &gate));
        // The shell gives way to the program, so that the signal reaches it.
        let app = begin(&desk, "exec dictum -p 'tell me' --json < /dev/null");
        app.wait_until("the first words", || holds(&desk, "Some words"));
        let begun = Instant::now();
        app.signal(signal);
        let left = end(&desk, &app);
        assert!(begun.elapsed().as_secs() < 2, "200 ms are promised; it took {:?}", begun.elapsed());
        assert_eq!(left.code, code);
        let events = events(&left.out);
        assert_eq!(events.last().unwrap()["outcome"], "interrupted");
        let session = events.last().unwrap()["session"].as_i64().unwrap();
        let kept = run(&desk, &format!("dictum session show {session}"));
        assert!(kept.out.contains("Some words"), "{}", kept.out);
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let desk = Desk::with_model().kb(KB);
    let gate = Gate::default();
    desk.server().enqueue(Reply::chat(&["First line\n", "then ", "more"]).gated(3, &gate));
    let app = begin(&desk, "{ dictum -p go < /dev/null; echo $? > code.txt; } | head -n 1");
    app.wait_until("the first line", || holds(&desk, "First line"));
    gate.open();
    let left = end(&desk, &app);
    assert_eq!((left.out.as_str(), left.err.as_str()), ("First line\n", ""));
    assert_eq!(desk.read("code.txt"), "0\n");
}

#[test]
fn nothing_is_needed_of_the_outside() {
    let desk = Desk::with_model().kb(KB);
    let left = run(&desk, "dictum -p hello <&-");
    assert_eq!((left.out.as_str(), left.err.as_str(), left.code), ("Understood.\n", "", 0));
    assert_eq!(run(&desk, "dictum -p hello <&- >&- 2>&-").code, 0);
    // A folder for the state that cannot be had is told, and the reply comes all the same.
    fs::remove_dir_all(desk.outside("state")).unwrap();
    fs::write(desk.outside("state"), "").unwrap();
    let left = run(&desk, "dictum -p hello < /dev/null");
    assert_eq!((left.out.as_str(), left.code), ("Understood.\n", 0));
    assert!(left.err.contains("This session is not saved"), "{}", left.err);
}

#[test]
fn a30_no_control_byte_of_a_reply_reaches_an_output() {
    let hostile = ["a\u{1b}]52;c;ZX", "ZpbA==\u{7}b \u{9b}2Jc \u{202e}d\u{1b}", "[31m e\n"];
    let desk = Desk::with_model().kb("# KB\n\n- Use npm.\n- An \u{1b}[2Jodd \u{202e}line.\n");
    for command in [
        "dictum -p 'from now on use pnpm' < /dev/null",
        "dictum -p 'from now on use pnpm' --json < /dev/null",
    ] {
        desk.server().enqueue(Reply::chat(&hostile));
        let left = run(&desk, command);
        for text in [&left.out, &left.err] {
            let odd: Vec<char> = text
                .chars()
                .filter(|letter| (letter.is_control() && *letter != '\n') || *letter == '\u{202e}')
                .collect();
            assert!(odd.is_empty(), "{odd:?} in {text:?}");
        }
    }
}

#[test]
fn what_a_project_links_in_place_of_its_settings_or_ignore_files_is_not_opened() {
    let desk = Desk::with_model().kb(KB);
    for name in ["src/a.md", ".dictum/x"] {
        desk.write(name, "x");
    }
    let made = std::process::Command::new("mkfifo").arg(desk.outside("pipe")).status().unwrap();
    assert!(made.success());
    for name in [".dictum/config.toml", "src/.gitignore", ".gitignore"] {
        std::os::unix::fs::symlink(desk.outside("pipe"), desk.path(name)).unwrap();
        let left = run(&desk, "dictum -p 'look @src/ please' < /dev/null");
        assert_eq!(left.code, 0, "{name}: {}", left.err);
        if name.starts_with(".dictum") {
            assert!(left.err.contains("config.toml: not read, because it is a pipe."), "{}", left.err);
        }
        fs::remove_file(desk.path(name)).unwrap();
    }
    std::os::unix::fs::symlink("/dev/stdin", desk.path(".dictum/config.toml")).unwrap();
    let left = run(&desk, "echo MATERIAL | dictum -p hi");
    assert_eq!(left.code, 0, "{}", left.err);
    let asked = desk.server().asked();
    assert!(
        asked.last().unwrap().body.to_string().contains("MATERIAL"),
        "it is the message's, not the settings'"
    );
}

#[test]
fn the_events_end_with_end_also_where_nothing_was_asked() {
    let desk = Desk::with_model().kb(KB);
    for (arguments, code) in [("x --resume 999", 1), ("x --persona nobody", 2), ("'' < /dev/null", 2)] {
        let left = run(&desk, &format!("dictum --json -p {arguments}"));
        let events = events(&left.out);
        let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(
            (left.code, kinds.as_slice()),
            (code, ["failed", "end"].as_slice()),
            "{arguments}: {}",
            left.out
        );
        assert_eq!((&events[1]["outcome"], &events[1]["code"]), (&"failed".into(), &code.into()));
        assert!(left.err.contains(events[0]["what"].as_str().unwrap()), "{}", left.err);
    }
    assert!(desk.server().asked().is_empty());
}

#[test]
fn a_key_of_a_provider_never_becomes_a_title() {
    let desk = Desk::with_model().kb(KB).variable("OPENAI_API_KEY", "k-verysecret-abc123");
    assert_eq!(run(&desk, "dictum -p hello").code, 0);
    let left = run(&desk, "dictum session rename 1 why is k-verysecret-abc123 refused");
    assert!(
        left.code == 0 && left.out.contains("why is ") && !left.out.contains("verysecret"),
        "{}",
        left.out
    );
}

#[test]
fn a_rename_runs_no_key_command_and_still_drops_what_looks_like_a_key() {
    let desk = Desk::with_model().kb(KB);
    assert_eq!(run(&desk, "dictum -p hello").code, 0);
    let script = desk.script("manager", &format!("touch {}; echo k", desk.outside("asked").display()));
    let config = desk.outside("config/dictum");
    fs::create_dir_all(&config).unwrap();
    let profile =
        format!("[profiles.work]\nbase_url = \"http://127.0.0.1:1\"\nkey_command = \"'{script}'\"\n");
    fs::write(config.join("config.toml"), profile).unwrap();
    let left = run(&desk, "dictum session rename 1 why is sk-ant-api03-abcdefghijklmnop refused");
    assert!(left.code == 0 && left.out.contains("why is ") && !left.out.contains("abcdef"), "{}", left.out);
    assert!(!desk.outside("asked").exists());
}
