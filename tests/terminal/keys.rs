//! Keys as real terminals send them: the old codes, the kitty protocol, tmux, and the user's own. It looks at the screen alone.

use std::process::Command;

use crate::KB;
use crate::pty::{ALT_ENTER, CTRL_J, Desk, ENTER, ESC, F1};

/// Shift+Enter and Enter by the kitty protocol.
const KITTY_SHIFT_ENTER: &str = "\x1b[13;2u";

#[test]
fn a23_shift_enter_is_a_new_line_where_the_terminal_reports_it() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send(&format!("one{KITTY_SHIFT_ENTER}two"));
    app.wait_for("two lines", |screen| screen.draft() == "one\ntwo");
    app.send(F1);
    app.wait_text(" Help ");
    app.wait_for("the new key in the help", |screen| {
        screen.row("New line").is_some_and(|row| row.contains("Shift+Enter  Alt+Enter"))
    });
}

#[test]
fn a23_shift_enter_is_told_only_where_the_terminal_is_known_to_report_it() {
    let told = |desk: Desk| {
        let desk = desk.size(120, 60);
        let app = desk.open();
        app.send(F1);
        app.wait_text(" Help ");
        let row = app.wait_text("New line").row("New line").unwrap().to_string();
        assert!(row.contains("Alt+Enter"), "{row}");
        row.contains("Shift+Enter")
    };
    assert!(!told(Desk::offline().kb(KB)));
    assert!(!told(Desk::offline().kb(KB).variable("TERM_PROGRAM", "tmux")));
    assert!(told(Desk::offline().kb(KB).variable("TERM_PROGRAM", "ghostty")));
    assert!(told(Desk::offline().kb(KB).variable("TERM", "xterm-kitty")));
}

#[test]
fn a23_press_and_release_act_once() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    // h, press and release; i, press, repeat and release; a release alone; Shift+Enter with its release.
    app.send("\x1b[104;1:1u\x1b[104;1:3u\x1b[105;1:1u\x1b[105;1:2u\x1b[105;1:3u\x1b[120;1:3u");
    app.send("\x1b[13;2:1u\x1b[13;2:3u\x1b[33;1:1u\x1b[33;1:3u");
    app.wait_for("each key once", |screen| screen.draft() == "hii\n!");
    app.send("\x1b[127;1:1u\x1b[127;1:3u.");
    app.wait_for("one letter less", |screen| screen.draft() == "hii\n.");
}

#[test]
fn a23_signs_of_altgr_are_typed_as_text_and_as_reported_keys() {
    let signs = "@{[\\|]}~€";
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send(signs);
    app.wait_for("the signs as text", |screen| screen.draft() == signs);
    // Ctrl+Alt with the sign, which is what some terminals make of AltGr.
    let reported: String = signs.chars().map(|sign| format!("\x1b[{};7u", u32::from(sign))).collect();
    app.send(&reported);
    let twice = format!("{signs}{signs}");
    app.wait_for("the signs as keys", |screen| screen.draft() == twice);
}

#[test]
fn a23_new_lines_inside_tmux() {
    let works = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    if !works(Command::new("tmux").arg("-V")) {
        println!("skipped: there is no tmux here");
        return;
    }
    let desk = Desk::offline().kb(KB);
    let socket = desk.outside("tmux").display().to_string();
    let words = desk.shell_words();
    let mut command = desk.command("tmux");
    command.args(["-f", "/dev/null", "-S", &socket, "new-session", &words]);
    let app = desk.start(command);
    app.wait_text("Ask, or state a rule");
    let draft = |screen: &crate::pty::Screen, lines: &[&str]| {
        let at = screen.row_at("│› a").unwrap_or(0);
        lines
            .iter()
            .enumerate()
            .all(|(row, line)| screen.rows.get(at + row).is_some_and(|row| row.contains(line)))
    };
    app.send(&format!("a1{ALT_ENTER}b2{CTRL_J}c3\\"));
    app.wait_for("three lines", |screen| draft(screen, &["a1", "b2", "c3\\"]));
    app.send(ENTER);
    app.send("d4");
    app.wait_for("four lines", |screen| draft(screen, &["a1", "b2", "c3", "d4"]) && !screen.has("c3\\"));
    assert!(works(Command::new("tmux").args(["-S", &socket, "kill-server"])));
    app.wait_end();
}

#[test]
fn keys_of_the_settings_hold_and_what_is_wrong_is_told() {
    let desk = Desk::offline().kb(KB);
    std::fs::create_dir_all(desk.outside("config/dictum")).unwrap();
    std::fs::write(
        desk.outside("config/dictum/config.toml"),
        "[keys]\nhelp = [\"f5\"]\n\"scroll.pageup\" = [\"f6\"]\nkb = [\"f33\"]\n",
    )
    .unwrap();
    desk.write(".dictum/config.toml", "[keys]\nhelp = [\"f7\"]\n");
    let app = desk.open();
    app.wait_text("F5 help");
    for words in [
        "keys.scroll.pageup: there is no such action",
        "keys.kb: \"f33\" is no key",
        "only your own config.toml",
    ] {
        app.wait_text(words);
    }
    app.send("\x1b[15~");
    app.wait_text(" Help ");
    app.send(ESC);
    app.wait_gone(" Help ");
    app.send(F1);
    app.send("x");
    app.wait_for("F1 has done nothing", |screen| screen.draft() == "x" && !screen.has(" Help "));
}

#[test]
fn a20_the_caret_shows_the_mode_of_vi_and_gets_its_own_shape_back() {
    for (setting, shapes) in [("vi = true\n", "\x1b[6 q\x1b[2 q\x1b[0 q"), ("", "")] {
        let desk = Desk::offline().kb(KB);
        let folder = desk.outside("config").join("dictum");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), setting).unwrap();
        let app = desk.open();
        app.send("one two");
        app.wait_for("the draft", |screen| screen.draft() == "one two");
        if !setting.is_empty() {
            app.send(ESC);
            app.wait_text(" NORMAL ");
            app.send("bdw");
            app.wait_for("the change", |screen| screen.draft() == "one");
        }
        app.send("\x03");
        app.quit();
        let raw = app.raw();
        let found: String = raw
            .split("\x1b[")
            .filter_map(|part| part.split_once(" q"))
            .filter(|(shape, _)| shape.len() == 1)
            .map(|(shape, _)| format!("\x1b[{shape} q"))
            .collect();
        // A new draft begins in insert mode again.
        assert_eq!(found.replace("\x1b[2 q\x1b[6 q", "\x1b[2 q"), shapes);
        if !shapes.is_empty() {
            assert!(raw.rfind("\x1b[0 q") < raw.rfind("\x1b[?1049l"));
        }
    }
}
