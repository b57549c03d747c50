//! Notes of other tools beside KB.md: sent behind it, told in a few words, and true for each task.

use dictum::domain::notes::{Note, Notes};
use dictum::protocol::message::Event;

use crate::app::App;

fn notes(text: &str) -> Notes {
    Notes { files: vec![Note { path: "AGENTS.md".into(), text: text.into() }], left_out: Vec::new() }
}

fn labels(app: &App) -> Vec<String> {
    app.request().system.iter().map(|part| part.label.clone()).collect()
}

#[test]
fn notes_stand_behind_kb_in_the_request_and_are_told() {
    let mut app = App::with_kb("# KB\n\n- Use pnpm.\n");
    app.resize(150, 40);
    app.send(Event::NotesRead(notes("Use tabs.\n")));
    app.expect("+AGENTS.md");
    app.expect("AGENTS.md 10 bytes");
    app.turn("hello");
    assert_eq!(labels(&app)[1..], ["KB.md", "notes", "conduct"]);
    assert!(app.request().system[2].text.contains("Use tabs."));
    // As KB.md, they are read anew before each task.
    app.say("again");
    app.send(Event::NotesRead(notes("Use spaces.\n")));
    app.kb_read();
    assert!(
        app.request().system[2].text.contains("Use spaces.")
            && !app.request().system[2].text.contains("tabs")
    );
    app.replies("Done.");
    app.say("and again");
    app.send(Event::NotesRead(Notes::default()));
    app.kb_read();
    assert_eq!(labels(&app)[1..], ["KB.md", "conduct"]);
    app.expect_not("+AGENTS.md");
}

#[test]
fn what_is_left_out_is_said_once() {
    let mut app = App::with_kb("# KB\n");
    let left_out =
        || Notes { files: Vec::new(), left_out: vec!["AGENTS.md is not UTF-8, so it is not sent.".into()] };
    app.send(Event::NotesRead(left_out()));
    app.send(Event::NotesRead(left_out()));
    assert_eq!(app.chat().matches("not UTF-8").count(), 1, "{}", app.chat());
}
