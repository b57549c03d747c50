//! `/context`: what the next request would hold, without sending it.

use dictum::domain::attach::refusal::{Found, Refusal};
use dictum::domain::attach::{Attachment, Content, Extent};
use dictum::domain::notes::{Note, Notes};
use dictum::protocol::message::{Effect, Event};

use crate::app::App;

fn file(text: &str) -> Found {
    Found::Attached(Attachment {
        name: "src/a.ts".into(),
        extent: Extent::Whole,
        bytes: text.len() as u64,
        left_out: String::new(),
        content: Content::Text(text.into()),
    })
}

#[test]
fn every_part_of_the_next_request_has_its_row() {
    let mut app = App::with_kb("# KB\n\n- Use pnpm.\n");
    app.resize(100, 50);
    app.turn("why does it fail?");
    let before = app.chat();
    app.say("/context explain @src/a.ts and @gone.ts");
    app.finds(vec![
        file(&"x".repeat(4_000)),
        Found::Refused { name: "gone.ts".into(), why: Refusal::Missing },
    ]);
    // KB.md is read for it, as it is for a task.
    app.writes("# KB\n\n- Use npm.\n- Use tabs.\n");
    app.send(Event::NotesRead(Notes {
        files: vec![Note { path: "AGENTS.md".into(), text: "Be kind.\n".into() }],
        left_out: Vec::new(),
    }));
    app.kb_read();
    for part in [
        "model-1 · openai",
        "persona installer.backend.nodejs",
        "KB.md",
        "notes",
        "conduct",
        "Tools",
        "you: why does it fail?",
        "reply: Done.",
        "Draft",
        "+ src/a.ts · 3.9 KB",
        "you: explain @src/a.ts and @gone.ts",
        "in all",
        "There is no gone.ts here. It is not counted.",
    ] {
        app.expect(part);
    }
    let row = app.row("+ src/a.ts");
    assert!(row.contains("~1,0") && row.contains("4.1 KB"), "{row}");
    assert_eq!(app.chat(), before, "nothing was said");
    assert_eq!(app.effects.iter().filter(|effect| matches!(effect, Effect::Ask { .. })).count(), 1);
}

#[test]
fn the_draft_counts_where_the_command_comes_from_the_palette() {
    let mut app = App::with_kb("# KB\n");
    app.types("a draft to send");
    app.keys("ctrl+p");
    app.types("context");
    app.keys("enter");
    app.kb_read();
    app.expect("you: a draft to send");
    app.keys("esc");
    app.expect_draft("a draft to send");
}

#[test]
fn the_bytes_are_those_of_the_request_that_is_sent() {
    let mut app = App::with_kb("# KB\n");
    app.turn("first");
    app.say("/context raw second");
    let effects = app.kb_read();
    let [Effect::MakeBody { request }] = effects.as_slice() else { panic!("{effects:?}") };
    let shown = request.clone();
    app.send(Event::BodyMade { text: "POST x\n\n{\"a\":1}".into() });
    app.expect("{\"a\":1}");
    app.keys("esc");
    app.say("second");
    app.kb_read();
    assert_eq!(*shown, *app.request());
}
