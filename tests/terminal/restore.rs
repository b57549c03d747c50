//! Whichever way the program ends or sleeps, the terminal is as it was. A panic inside the terminal's guard is tested in `guard.rs`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::Signal;

use crate::KB;
use crate::pty::{CTRL_C, CTRL_D, CTRL_Z, Desk, LIMIT, Terminal};
use crate::server::{Gate, Reply};

/// What is switched on, and what switches it off, in the order in which it has to be.
const ON: [&str; 6] = ["\x1b[?1049h", "\x1b[?1000h", "\x1b[?1002h", "\x1b[?1006h", "\x1b[?2004h", "\x1b[>1u"];
const OFF: [&str; 7] =
    ["\x1b[<1u", "\x1b[?2004l", "\x1b[?1006l", "\x1b[?1002l", "\x1b[?1000l", "\x1b[?25h", "\x1b[?1049l"];

/// The program ends with this code, took the terminal so many times, and gave back everything each time.
#[track_caller]
fn ends_clean(app: &Terminal<'_>, code: u32, times: usize) {
    assert_eq!(app.wait_end(), code);
    let raw = app.raw();
    assert!(!raw.contains("\x1b[6n"), "the terminal is not asked for its cursor: an answer may never come");
    let mut parts = raw.split(ON[0]);
    let before = parts.next().unwrap();
    assert!(OFF.iter().all(|off| !before.contains(off)), "nothing is switched off before it was on");
    let parts: Vec<&str> = parts.collect();
    assert_eq!(parts.len(), times, "how often the terminal was taken");
    for part in parts {
        for on in &ON[1..] {
            assert_eq!(part.matches(on).count(), 1, "{on:?} once: {part:?}");
        }
        let mut from = 0;
        for off in OFF {
            // The caret is shown and hidden by each frame, too; what counts is the order at the end.
            let place = if off == "\x1b[?25h" { part[from..].find(off) } else { part.find(off) };
            let place = place.unwrap_or_else(|| panic!("{off:?} in {part:?}"));
            let place = if off == "\x1b[?25h" { from + place } else { place };
            assert!(place >= from, "{off:?} in its order: {part:?}");
            from = place + off.len();
        }
        let rest = &part[from..];
        assert!(!rest.contains("\x1b[?"), "no frame comes after the end: {rest:?}");
    }
    let (after, before) = app.modes();
    assert_eq!(after, before, "the modes of the terminal");
}

#[test]
fn a20_terminal_always_restored_after_quitting() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("/quit\r");
    ends_clean(&app, 0, 1);

    let app = desk.open();
    app.send(CTRL_D);
    ends_clean(&app, 0, 1);

    let app = desk.open();
    app.send("a draft");
    app.wait_for("the draft", |screen| screen.draft() == "a draft");
    app.send(CTRL_C);
    app.wait_text("draft put aside");
    app.send(CTRL_C);
    app.wait_text("Ctrl+C again quits");
    app.send(CTRL_C);
    ends_clean(&app, 0, 1);
}

#[test]
fn a20_terminal_always_restored_after_a_signal() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let gate = Gate::default();
        let desk = Desk::with_model().kb(KB);
        desk.server().enqueue(Reply::chat(&["some words ", "and more"]).gated(2, &gate));
        let app = desk.open();
        app.send("go\r");
        app.wait_text("some words");
        app.signal(signal);
        ends_clean(&app, code, 1);
    }
}

#[test]
fn a20_terminal_always_restored_while_suspended() {
    let desk = Desk::offline().kb(KB);
    let script = format!(
        "stty -a > before; set -m; {}; stty -a > stopped; echo ASLEEP; read -r line; fg; echo CODE=$?; stty -a > after",
        desk.shell_words()
    );
    let mut shell = desk.command("bash");
    shell.args(["--norc", "-c", &script]);
    let app = desk.start(shell);
    app.wait_text("KB.md 3 directives");
    app.send("a draft that stays");
    app.wait_for("the draft", |screen| screen.draft() == "a draft that stays");
    app.send(CTRL_Z);
    let screen = app.wait_text("ASLEEP");
    assert!(!screen.is_alternate() && screen.caret().is_some(), "the shell has its screen and caret back");
    app.send("\n");
    let screen =
        app.wait_for("the program again", |screen| screen.is_alternate() && screen.has("KB.md 3 directives"));
    assert_eq!(screen.draft(), "a draft that stays");
    app.send(CTRL_C);
    app.wait_text("draft put aside");
    app.send("/quit\r");
    ends_clean(&app, 0, 2);
    assert!(app.raw().contains("CODE=0"));
    let before = desk.read("before");
    assert!(before.contains(" icanon") && before.contains(" echo "), "{before}");
    assert_eq!(desk.read("stopped"), before);
    assert_eq!(desk.read("after"), before);
}

#[test]
fn a20_stopped_and_continued_from_outside_it_draws_anew() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("a draft that stays");
    app.wait_for("the draft", |screen| screen.draft() == "a draft that stays");
    app.signal(Signal::STOP);
    app.signal(Signal::CONT);
    app.wait_until("the terminal to be taken again", || app.raw().matches(ON[0]).count() == 2);
    app.wait_for("a whole frame", |screen| {
        let raw = app.raw();
        let fresh = raw.rsplit(ON[0]).next().unwrap_or_default();
        fresh.contains("installer.backend.nodejs") && screen.draft() == "a draft that stays"
    });
    app.send(CTRL_C);
    app.wait_text("draft put aside");
    app.send("/quit\r");
    ends_clean(&app, 0, 2);
}

#[test]
fn a20_an_error_at_the_start_touches_no_terminal() {
    // No terminal at all.
    let output = Command::new(env!("CARGO_BIN_EXE_dictum"))
        .env_clear()
        .current_dir(Desk::offline().outside("."))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("dictum: ") && said.contains("terminal") && !said.contains('\x1b'), "{said:?}");
    assert!(output.stdout.is_empty());

    // Output is a terminal, input is not; and a folder that is not there.
    let desk = Desk::offline();
    for (rest, words) in [("< /dev/null", "terminal"), ("-C no-such-folder", "cannot enter no-such-folder")] {
        let mut shell = desk.command("bash");
        shell.args(["--norc", "-c", &format!("{} {rest}", desk.shell_words())]);
        let app = desk.start(shell);
        assert_eq!(app.wait_end(), 1);
        assert!(app.raw().contains(words), "{:?}", app.raw());
        assert!(!app.raw().contains('\x1b'), "no sequence at all: {:?}", app.raw());
        let (after, before) = app.modes();
        assert_eq!(after, before);
    }
}

#[test]
fn a20_closing_the_terminal_ends_the_process() {
    let desk = Desk::offline().kb(KB);
    ends_with_its_terminal(desk.binary());
}

/// No signal tells such a process that its terminal is gone.
#[test]
fn a20_closing_a_terminal_that_does_not_control_the_process_ends_it_too() {
    let desk = Desk::offline().kb(KB);
    let mut command = desk.binary();
    command.set_controlling_tty(false);
    ends_with_its_terminal(command);
}

fn ends_with_its_terminal(command: CommandBuilder) {
    let pair = native_pty_system().openpty(PtySize { rows: 30, cols: 100, ..PtySize::default() }).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains("Ask, or state") {
        let count = reader.read(&mut bytes).unwrap();
        assert!(count > 0, "it ended too early: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&bytes[..count]);
    }
    // Both copies of the terminal's end: now nobody holds it.
    drop(reader);
    drop(pair.master);
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < LIMIT, "it lives on without a terminal");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(start.elapsed() < Duration::from_secs(5), "a second is promised; it took {:?}", start.elapsed());
}
