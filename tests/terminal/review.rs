//! Deciding on an edit: no key of the draft ever decides, and edit and reject do what they say.

use crate::KB;
use crate::pty::{CTRL_G, CTRL_K, CTRL_O, CTRL_U, Desk, ENTER, ESC, Screen, Terminal, pasted};
use crate::server::{Gate, Part, Reply, chat_frames};
use crate::wire;

/// The line that the open review offers.
#[track_caller]
fn offered(screen: &Screen) -> String {
    let lines = screen.patch('+');
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

/// Accepts what is shown; KB.md then differs from [`KB`] by exactly this line.
#[track_caller]
fn accept_exactly(desk: &Desk, app: &Terminal<'_>, line: &str) {
    assert_eq!(desk.read("KB.md"), KB, "nothing is written before accept");
    app.wait_decisions();
    app.send("a");
    app.wait_text("Saved to KB.md");
    let (gone, come) = wire::changed(KB, &desk.read("KB.md"));
    assert_eq!((gone, come), (Vec::new(), vec![format!("{line}\n")]));
}

/// The desk, with an edit in review.
fn in_review(desk: &Desk) -> Terminal<'_> {
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.review();
    app
}

#[test]
fn a05_no_stolen_keys_while_the_detector_offers() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Noted.", " Go on."]).gated(2, &gate));
    let app = desk.open();
    // The offer comes while these keys are typed.
    app.send("from now on use pnpm\ryes do it\ryes, 1 a e r y");
    let screen = app.wait_for("card, queue and draft", |screen| {
        screen.has("◆ KB.md?") && screen.has("queued  yes do it") && screen.draft() == "yes, 1 a e r y"
    });
    assert!(!screen.has("a accept"), "the review does not take the focus");
    gate.open();
    let asked = app.wait_asked(2);
    assert_eq!(wire::said(&asked[1]), ["from now on use pnpm", "yes do it"]);
    let screen = app.wait_idle();
    assert!(screen.has("◆ KB.md?") && screen.draft() == "yes, 1 a e r y");
    assert_eq!(desk.read("KB.md"), KB);
}

#[test]
fn a05_no_stolen_keys_while_the_model_offers() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    let message = "add a health route; installs run through pnpm in this repo, for everyone";
    let arguments = r#"{"edits":[{"op":"add","section":"Tooling","text":"Installs run through pnpm.","supersedes":"","reason":"the user says how installs run","quote":"installs run through pnpm in this repo"}]}"#;
    let call = Part::Call { id: "call_1", name: "propose_kb_edit", arguments };
    let frames = chat_frames(&[Part::Text(&["The route ", "is coming."]), call]);
    // Held back before the first piece of the call.
    desk.server().enqueue(Reply::frames(&frames).gated(3, &gate));
    let app = desk.open();
    app.send(&format!("{message}\r"));
    app.wait_text("The route is coming.");
    app.send("yes d");
    app.wait_for("half a word", |screen| screen.draft() == "yes d");
    gate.open();
    for key in "o it\r".chars() {
        app.send(&key.to_string());
    }
    let asked = app.wait_asked(3);
    assert!(asked[1].body.to_string().contains("call_1"), "the call is answered");
    assert_eq!(wire::said(&asked[2]).last().map(String::as_str), Some("yes do it"));
    app.wait_idle();
    app.wait_text("◆ KB.md?");
    assert_eq!(desk.read("KB.md"), KB);
    let line = offered(&app.review());
    assert!(line.contains("pnpm"));
    accept_exactly(&desk, &app, &line);
}

#[test]
fn a05_no_stolen_keys_only_focus_and_then_accept_decides() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.send("half a thought");
    app.wait_for("the draft", |screen| screen.draft() == "half a thought");

    // Within 500 ms of the focus no key counts.
    app.send(&format!("{CTRL_K}aaerRy1 \r"));
    let line = offered(&app.wait_decisions());
    assert_eq!(desk.read("KB.md"), KB);

    // After that, the keys that people press without reading do not accept.
    app.send("\r yY1A");
    app.wait_text("a accepts, e edits, r rejects");
    app.send(ESC);
    let screen = app.wait_gone("a accept");
    assert!(screen.has("◆ KB.md?") && screen.draft() == "half a thought");
    assert_eq!(desk.read("KB.md"), KB);

    // A paste never decides either: it is text for the draft.
    app.review();
    app.send(&pasted("a\na"));
    let screen = app.wait_gone("a accept");
    assert_eq!(screen.draft(), "half a thoughta\na");
    assert_eq!(desk.read("KB.md"), KB);

    app.review();
    accept_exactly(&desk, &app, &line);
    let screen = app.wait_gone("a accept");
    assert_eq!(screen.draft(), "half a thoughta\na", "the draft is as it was");
}

#[test]
fn a11_edit_in_place_needs_accept_again() {
    let desk = Desk::offline().kb(KB);
    let app = in_review(&desk);
    app.send("e");
    app.wait_text("Enter keeps");
    app.send(&format!("{CTRL_U}Use pnpm 9 for all installs."));
    app.wait_for("the new words", |screen| {
        screen.row("Enter keeps").is_some_and(|row| row.contains("Use pnpm 9 for all installs."))
    });
    app.send(ENTER);
    app.wait_gone("Enter keeps");
    assert_eq!(app.screen().patch('+'), ["- Use pnpm 9 for all installs."], "shown as a new diff");
    accept_exactly(&desk, &app, "- Use pnpm 9 for all installs.");
}

#[test]
fn a11_edit_dropped_with_esc_changes_nothing() {
    let desk = Desk::offline().kb(KB);
    let app = in_review(&desk);
    let line = offered(&app.screen());
    app.send("e");
    app.wait_text("Enter keeps");
    app.send(&format!("{CTRL_U}Something else."));
    app.wait_text("Something else.");
    app.send(ESC);
    app.wait_gone("Something else.");
    assert_eq!(offered(&app.screen()), line);
    accept_exactly(&desk, &app, &line);
}

#[test]
fn a11_an_edit_that_empties_the_text_is_a_reject() {
    let desk = Desk::offline().kb(KB);
    let app = in_review(&desk);
    app.send("e");
    app.wait_text("Enter keeps");
    app.send(&format!("{CTRL_U}\r"));
    app.wait_text("Rejected (the text was emptied)");
    assert_eq!(desk.read("KB.md"), KB);
}

/// Opens the editor on the offered text; `script` is its body.
fn with_editor(script: &str) -> Desk {
    let desk = Desk::offline().kb(KB);
    let path = desk.script("editor", script);
    desk.variable("EDITOR", &format!("{path} --wait"))
}

#[test]
fn a11_edit_in_the_editor_needs_accept_again() {
    let desk = with_editor(
        "echo LITTER; sleep 0.3; test \"$1\" = --wait && printf 'Use pnpm from the editor.\\n' > \"$2\"",
    );
    let app = in_review(&desk);
    let clean = app.screen();
    app.send(CTRL_G);
    app.wait_text("- Use pnpm from the editor.");
    let screen = app.wait_decisions();
    assert_eq!(screen.patch('+'), ["- Use pnpm from the editor."]);
    assert!(app.raw().contains("LITTER") && !screen.has("LITTER"), "the screen comes back clean");
    assert_eq!(screen.header(), clean.header());
    assert_eq!(screen.rows.len(), clean.rows.len());
    assert!(screen.is_alternate());
    accept_exactly(&desk, &app, "- Use pnpm from the editor.");
    assert_eq!(std::fs::read_dir(desk.outside("tmp")).unwrap().count(), 0, "no text is left behind");
    app.quit();
}

#[test]
fn a11_the_editor_has_the_keyboard_while_it_runs() {
    let desk =
        with_editor("printf 'EDITOR\\040RUNS'; read -r line < /dev/tty; printf '%s\\n' \"$line\" > \"$2\"");
    let app = in_review(&desk);
    app.send(CTRL_G);
    app.wait_text("EDITOR RUNS");
    assert!(!app.screen().is_alternate(), "the editor has the plain terminal");
    // These would accept and reject if dictum read them.
    app.send("Use pnpm, typed as: a r a r.\n");
    let screen = app.wait_text("- Use pnpm, typed as: a r a r.");
    assert!(screen.is_alternate());
    accept_exactly(&desk, &app, "- Use pnpm, typed as: a r a r.");
    app.quit();
}

/// The editor fails with these words, and the edit is as it was.
#[track_caller]
fn editor_fails(desk: Desk, words: &str) {
    let app = in_review(&desk);
    let line = offered(&app.screen());
    app.send(CTRL_G);
    let screen = app.wait_text(words);
    assert!(screen.is_alternate());
    assert_eq!(offered(&app.screen()), line);
    accept_exactly(&desk, &app, &line);
    app.quit();
}

#[test]
fn a11_an_editor_that_is_unset_missing_or_failing_changes_nothing() {
    editor_fails(Desk::offline().kb(KB), "no editor is set");
    editor_fails(Desk::offline().kb(KB).variable("EDITOR", "no-such-editor --wait"), "was not found");
    editor_fails(with_editor("echo gone > \"$2\"; exit 1"), "ended with an error");
}

#[test]
fn a11_reject_is_real() {
    let desk = Desk::with_model().kb(KB);
    let app = in_review(&desk);
    let line = offered(&app.screen());
    app.send("r");
    let screen = app.wait_text("Rejected: ");
    assert!(screen.row("Rejected: ").unwrap().trim_end().ends_with("▸ Ctrl+O"), "folded to one line");
    app.send(CTRL_O);
    let screen = app.wait_for("the diff, which stays in the transcript", |screen| {
        screen.rows.iter().any(|row| row.trim() == format!("+{line}"))
    });
    assert!(!screen.has("◆ KB.md?") && !screen.has("a accept"));
    assert_eq!(desk.read("KB.md"), KB);

    app.send("from now on use pnpm\r");
    app.wait_asked(2);
    app.wait_for("the second reply", |screen| {
        screen.rows.iter().filter(|row| row.contains("Understood.")).count() == 2
    });
    let screen = app.wait_idle();
    assert!(!screen.has("◆ KB.md?"), "the same is not offered again");
    assert_eq!(desk.read("KB.md"), KB);
    app.send(CTRL_K);
    app.wait_text("no KB.md edit waits");
    app.quit();
}

#[test]
fn a11_reject_with_a_reason() {
    let desk = Desk::offline().kb(KB);
    let app = in_review(&desk);
    app.send("R");
    app.wait_text("why not?");
    app.send("we are still deciding\r");
    app.wait_text("Rejected (we are still deciding)");
    assert_eq!(desk.read("KB.md"), KB);
    // Asking for it in so many words offers it again.
    app.send("/remember use pnpm\r");
    app.wait_text("◆ KB.md?");
}

#[test]
fn never_ask_holds_in_the_next_session_of_this_project() {
    let desk = Desk::offline().kb(KB);
    let app = in_review(&desk);
    app.send("N");
    app.wait_text("Never asked again");
    let folder = desk.outside("state").join("dictum").join("never");
    app.wait_until("the hashes are on disk", || {
        std::fs::read_dir(&folder).is_ok_and(|mut files| {
            files.any(|file| file.unwrap().path().extension().is_some_and(|ending| ending == "txt"))
        })
    });
    app.quit();
    drop(app);

    let app = desk.open();
    app.send("from now on use pnpm\r");
    app.wait_text("you never want to be asked about this");
    app.send(CTRL_K);
    app.wait_text("no KB.md edit waits");
    for file in std::fs::read_dir(&folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("pnpm"), "{text}");
    }
    assert_eq!(desk.read("KB.md"), KB);
}
