//! Personas while the program runs: files that come, change, break and go, and switching in the middle of everything.

use crate::pty::{CTRL_END, Desk, ENTER, ESC, F2, PAGE_UP, Terminal};
use crate::server::{Gate, Reply};
use crate::wire::{self, count};
use crate::{FIRST, KB};

const REVIEWER: &str = "installer.review.nodejs";
const FILE: &str = ".dictum/personas/zebra.md";

/// A persona file.
fn zebra(description: &str, body: &str) -> String {
    format!("---\nname: zebra.quux\ndescription: {description}\ncolor: blue\n---\n\n{body}\n")
}

/// Asks once more and gives the system prompt that went out.
#[track_caller]
fn asked_as(app: &Terminal<'_>, desk: &Desk, words: &str) -> String {
    let before = desk.server().asked().len();
    app.send(&format!("{words}\r"));
    let asked = app.wait_asked(before + 1);
    app.wait_idle();
    wire::system(asked.last().unwrap())
}

#[test]
fn a14_personas_come_change_break_and_go_while_the_menu_is_open() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send(F2);
    app.wait_text(" Personas ");
    app.send("quux");
    app.wait_for("the filter", |screen| screen.has("› quux"));
    assert!(!app.screen().has("zebra"));
    // Neither the folder nor its parent were there at the start.
    desk.write(FILE, zebra("Counts stripes", "You speak for the zebra."));
    let screen = app.wait_text("Counts stripes");
    assert!(screen.has("zebra.quux") && screen.has("project"));
    desk.write_by_rename(FILE, zebra("Counts hooves", "You speak for the zebra."));
    app.wait_text("Counts hooves");
    app.wait_gone("Counts stripes");
    desk.write_by_rename(FILE, b"\xff\xfe");
    app.send("\x7f\x7f\x7f\x7fzebra.md");
    let screen = app.wait_text("✗ ");
    assert!(
        screen.has("zebra.md") && screen.has("This file cannot speak."),
        "a broken file is listed with its cause"
    );
    std::fs::remove_file(desk.path(FILE)).unwrap();
    app.wait_gone("✗ ");
    app.send(ESC);
    app.wait_gone(" Personas ");
    app.quit();
}

#[test]
fn a14_a_broken_active_persona_keeps_its_last_good_text() {
    let desk = Desk::with_model().kb(KB);
    desk.write(FILE, zebra("Counts stripes", "You speak for the zebra."));
    let app = desk.open();
    app.send("/persona zebra.quux\r");
    app.wait_for("the zebra", |screen| screen.header().contains("● zebra.quux"));
    let system = asked_as(&app, &desk, "first");
    assert_eq!((count(&system, "You speak for the zebra."), count(&system, "name: zebra")), (1, 0));

    desk.write_by_rename(FILE, b"\xff\xfe");
    app.wait_text("Its last good text stays in use");
    assert_eq!(count(&asked_as(&app, &desk, "second"), "You speak for the zebra."), 1);
    assert!(app.screen().header().contains("● zebra.quux"));

    desk.write_by_rename(FILE, zebra("Counts stripes", "You speak for the herd."));
    app.wait_text("zebra.quux was read anew");
    let system = asked_as(&app, &desk, "third");
    assert_eq!((count(&system, "You speak for the herd."), count(&system, "for the zebra")), (1, 0));
    app.quit();
}

#[test]
fn a13_a_rescued_persona_speaks_and_a_broken_one_hides_nothing() {
    let desk = Desk::with_model().kb(KB);
    desk.write(
        ".claude/agents/odd.md",
        "---\nname: odd.voice\ndescription: includes: task A, task B # and C\n---\nYou are odd.\n",
    );
    desk.write(".claude/agents/void.md", "");
    let app = desk.open();
    app.send(F2);
    app.wait_text(" Personas ");
    app.send("odd.voice");
    let screen = app.wait_text("includes: task A, task B # and C");
    assert!(screen.has("⚠"), "it says how it was read");
    app.send(ENTER);
    app.wait_for("the odd one", |screen| screen.header().contains("● odd.voice"));
    let system = asked_as(&app, &desk, "hello");
    assert_eq!((count(&system, "You are odd."), count(&system, "task A")), (1, 0), "no front matter is sent");
    app.send(F2);
    app.wait_text(" Personas ");
    app.send("void.md");
    app.wait_text("✗ ");
    app.send(ESC);
    app.wait_gone(" Personas ");
    app.quit();
}

#[test]
fn a15_switching_costs_nothing() {
    let items: Vec<String> = (1..=120).map(|at| format!("- item number {at}\n")).collect();
    let texts: Vec<&str> = items.iter().map(String::as_str).collect();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&texts));
    let app = desk.open();
    app.send("list them\r");
    app.wait_text("item number 120");
    app.wait_idle();
    app.send(&format!("half a draft{PAGE_UP}"));
    app.wait_text("↓ more");
    app.send(PAGE_UP);
    let before = app.wait_for("a scrolled view and a draft", |screen| {
        !screen.has("item number 80") && screen.draft() == "half a draft"
    });

    app.send(F2);
    app.wait_text(" Personas ");
    app.send("review.nodejs");
    app.wait_for("the reviewer as the first", |screen| {
        screen.row("▸").is_some_and(|row| row.contains("review"))
    });
    app.send(ENTER);
    let after =
        app.wait_for("the switch", |screen| screen.header().contains(REVIEWER) && !screen.has(" Personas "));
    assert_eq!(after.draft(), "half a draft");
    assert_eq!(after.rows[2], before.rows[2], "the top visible line is the same");
    assert_eq!(after.caret(), before.caret());
    app.send(CTRL_END);
    let screen = app.wait_text(&format!("● {REVIEWER} speaks now"));
    assert!(screen.has("item number 120"), "the history stays");

    app.send(ENTER);
    let asked = app.wait_asked(2);
    wire::check(&asked[1], KB, REVIEWER);
    assert_eq!(wire::said(&asked[1]).len(), 2);
    let said = wire::said(&asked[1])[1].clone();
    assert!(said.contains(REVIEWER) && said.contains(FIRST), "the model is told of the new voice: {said}");
    assert!(said.ends_with("half a draft"));
    assert_eq!(wire::replied(&asked[1]), [items.concat()]);
    app.wait_idle();
    app.quit();
}

#[test]
fn a15_a_running_reply_keeps_its_label() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["The beginning, ", "the end."]).gated(2, &gate));
    let app = desk.open();
    app.send("go\r");
    app.wait_text("The beginning,");
    app.send(&format!("/persona {REVIEWER}\r"));
    let screen = app.wait_text(&format!("● {REVIEWER} speaks now"));
    assert!(screen.row(&format!("● {FIRST}")).is_some_and(|row| row.contains("mock-model")));
    gate.open();
    let screen = app.wait_text("The beginning, the end.");
    let at = |text: &str| screen.row_at(text).unwrap();
    assert!(at(&format!("● {FIRST}")) < at("the end.") && at("the end.") < at("speaks now"));
    app.wait_idle();
    app.send("and now?\r");
    let asked = app.wait_asked(2);
    assert_eq!(wire::personas(&asked[0]), [FIRST]);
    wire::check(&asked[1], KB, REVIEWER);
    assert!(wire::said(&asked[1])[1].contains(REVIEWER));
    app.wait_text(&format!("● {REVIEWER}  mock-model"));
    // Switching to and fro without a word between leaves no heap of dividers.
    app.wait_idle();
    app.send(&format!("/persona {FIRST}\r"));
    app.wait_for("the first", |screen| screen.header().contains(FIRST));
    app.send("/persona installer.test.nodejs\r");
    app.wait_for("the tester", |screen| screen.header().contains("installer.test.nodejs"));
    let dividers = app.screen().rows.iter().filter(|row| row.contains("speaks now")).count();
    assert_eq!(dividers, 2);
    app.quit();
}

#[test]
fn a15_an_unknown_model_falls_back_with_one_note() {
    let desk = Desk::with_model().kb(KB);
    let body = zebra("Counts stripes", "You speak for the zebra.")
        .replace("color:", "model: gpt-unheard-of\ncolor:");
    desk.write(FILE, body);
    let desk = desk.argument("--persona").argument("zebra.quux");
    let app = desk.open();
    for (at, words) in ["one", "two"].iter().enumerate() {
        app.send(&format!("{words}\r"));
        let asked = app.wait_asked(at + 1);
        assert_eq!(asked[at].body["model"], "mock-model");
        app.wait_for("the reply", |screen| {
            screen.rows.iter().filter(|row| row.contains("Understood.")).count() == at + 1
        });
        app.wait_idle();
    }
    let screen = app.screen();
    let notes = screen.rows.iter().filter(|row| row.contains("gpt-unheard-of")).count();
    assert_eq!(notes, 1, "one note");
    assert!(screen.row("gpt-unheard-of").unwrap().contains("zebra.quux"));
    app.quit();
}
