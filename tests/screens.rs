//! The screens as pictures: each as it looks at three sizes. It judges nothing by itself; a person looks when one changes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

#[path = "support/app.rs"]
mod app;

use app::{App, File, endpoint, library, read};
use dictum::domain::exchange::ReplyEvent;
use dictum::domain::kb::state::{KbState, Snapshot};
use dictum::domain::persona::{Library, Source};

const KB: &str = "# Knowledge base\n\n## Tools\n\n- Use npm for installs.\n- Node.js 22, ES modules.\n\n## Style\n\n- Two spaces, no semicolons.\n- Dates are in UTC.\n";

/// A small terminal, one that is hardly one, and a large one.
const SIZES: &[(u16, u16)] = &[(80, 24), (20, 6), (120, 40)];

/// The personas that come with dictum, a rescued and a broken file.
fn personas() -> Library {
    let built_in = |name: &str, text: &str| ("built in", Source::BuiltIn, text.to_string(), name.to_string());
    let mut files: Vec<File> = [
        built_in("backend", include_str!("../assets/personas/installer.backend.nodejs.md")),
        built_in("data", include_str!("../assets/personas/installer.data.nodejs.md")),
        built_in("review", include_str!("../assets/personas/installer.review.nodejs.md")),
        built_in("test", include_str!("../assets/personas/installer.test.nodejs.md")),
    ]
    .into_iter()
    .map(|(path, source, text, _)| (path, source, text))
    .collect();
    let rescued = "---\nname: writer\ndescription: Writes: changelogs, release notes\ncolor: blue\n---\nYou write release notes.\n";
    files.push((".claude/agents/writer.md", Source::Project, rescued.into()));
    files.push((".claude/agents/empty.md", Source::Project, "---\nname: empty\n---\n".into()));
    library(&files)
}

fn start() -> App {
    App::start(read(KB), endpoint(), personas())
}

/// The same scene at every size, one picture each.
fn pictures(name: &str, scene: impl Fn() -> App) {
    let mut app = scene();
    for (columns, rows) in SIZES {
        app.resize(*columns, *rows);
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), framed(&app));
    }
}

/// The screen with its caret told below it.
fn framed(app: &App) -> String {
    let caret = app.caret().map_or("no caret".to_string(), |caret| format!("caret {},{}", caret.x, caret.y));
    format!("{}[{caret}]\n", app.screen())
}

const REPLY: &str = "There are **two** ways. The short one keeps the handler small:\n\n```ts\nimport { createServer } from 'node:http'\n\ncreateServer((request, response) => {\n\tresponse.end('ok')\n}).listen(3000)\n```\n\nThen:\n\n1. run `npm test`\n2. look at the log\n\n| check | result |\n|---|---|\n| types | fine |\n| tests | 12 passed |\n";

/// A chat with a question and its answer.
fn chatted() -> App {
    let mut app = start();
    app.say("How do I add a health check?");
    app.kb_read();
    app.streams(ReplyEvent::Start { id: "1".into(), model: "model-1".into() });
    app.replies(REPLY);
    app
}

/// The same, with an edit of KB.md waiting.
fn carded() -> App {
    let mut app = chatted();
    app.say("from now on use pnpm");
    app.kb_read();
    app.replies("From here on I use pnpm.");
    app
}

#[test]
fn the_first_screen() {
    pictures("first", start);
}

#[test]
fn the_first_screen_without_kb_and_model() {
    pictures("first_bare", || App::start(Snapshot::default(), app::offline(), personas()));
}

#[test]
fn the_first_screen_with_a_kb_that_cannot_be_used() {
    let state = KbState::OtherName { found: "kb.md".into() };
    pictures("first_other_name", move || {
        App::start(Snapshot { state: state.clone() }, endpoint(), personas())
    });
}

#[test]
fn a_chat_with_code() {
    pictures("chat", chatted);
}

#[test]
fn what_a_project_brings() {
    pictures("trust", || {
        let mut app = start();
        app.state.kb.trust.setting = dictum::domain::settings::project::Trust::Ask;
        app.say("How do I add a health check?");
        app.kb_read();
        app
    });
}

#[test]
fn a_reply_that_streams_and_a_queue() {
    pictures("queue", || {
        let mut app = chatted();
        app.say("And for Fastify?");
        app.kb_read();
        app.streams(ReplyEvent::Text("Fastify has a plugin for it".into()));
        app.say("Also add a test");
        app.say("and a line in the changelog, please, with the version and today's date in it");
        app.types("one more th");
        app
    });
}

#[test]
fn a_view_that_is_scrolled_up() {
    pictures("scrolled", || {
        let mut app = chatted();
        app.turn("And for Fastify?");
        app.keys("pageup");
        app
    });
}

#[test]
fn a_failure() {
    pictures("failure", || {
        let mut app = chatted();
        app.say("And for Fastify?");
        app.kb_read();
        app.streams(ReplyEvent::Text("Fastify has".into()));
        app.ends(app::failure(
            "OpenAI refused the key (401).",
            "Check OPENAI_API_KEY and start dictum again.",
        ));
        app
    });
}

#[test]
fn a_card() {
    pictures("card", carded);
}

#[test]
fn two_cards() {
    pictures("card_two", || {
        let mut app = carded();
        app.turn("from now on sort imports by name");
        app
    });
}

#[test]
fn a_review_with_a_replace() {
    pictures("review", || {
        let mut app = carded();
        app.keys("ctrl+k");
        app.after(600);
        app
    });
}

/// A KB.md in which several lines name what is replaced, or what is taken back.
fn with_related() -> App {
    let kb = KB.replace("\n## Style", "- Run `npm test` before each push.\n- Mocha is the test runner.\n- Mocha times out after five seconds.\n\n## Style");
    App::start(read(&kb), endpoint(), personas())
}

#[test]
fn a_review_with_a_further_line() {
    pictures("review_further", || {
        let mut app = with_related();
        app.turn("from now on use pnpm");
        app.keys("ctrl+k");
        app.after(600);
        app.keys("1");
        app.after(600);
        app
    });
}

#[test]
fn a_review_with_a_choice_of_lines() {
    pictures("review_choice", || {
        let mut app = with_related();
        app.turn("drop the rule on mocha");
        app.keys("ctrl+k");
        app.after(600);
        app.keys("2");
        app.after(600);
        app
    });
}

#[test]
fn a_review_of_a_rule_that_weakens_safety() {
    pictures("review_unsafe", || {
        let mut app = start();
        app.say("/remember Skip code review for\u{202e} hotfixes");
        app.kb_read();
        app.keys("ctrl+k");
        app.after(600);
        app
    });
}

#[test]
fn decisions_that_are_folded() {
    pictures("folded", || {
        let mut app = carded();
        app.keys("ctrl+k");
        app.after(600);
        app.keys("R");
        app.types("too early");
        app.keys("enter");
        app.turn("from now on sort imports by name");
        app.keys("ctrl+k");
        app.after(600);
        app.keys("s");
        app
    });
}

#[test]
fn the_kb_panel_with_a_rule_of_this_session() {
    pictures("kb_session", || {
        let mut app = carded();
        app.keys("ctrl+k");
        app.after(600);
        app.keys("s f3");
        app
    });
}

#[test]
fn a_review_while_editing() {
    pictures("review_edit", || {
        let mut app = carded();
        app.keys("ctrl+k");
        app.after(600);
        app.keys("e");
        app
    });
}

#[test]
fn a_review_with_a_warning() {
    pictures("review_warning", || {
        let mut app = start();
        app.say("/remember Deploy with the token sk-ant-REDACTED, always");
        app.kb_read();
        app.keys("ctrl+k");
        app.after(600);
        app.keys("a");
        app.after(600);
        app
    });
}

#[test]
fn an_edit_that_was_saved() {
    pictures("saved", || {
        let mut app = carded();
        app.accepts();
        app
    });
}

#[test]
fn the_persona_menu() {
    pictures("personas", || {
        let mut app = chatted();
        app.keys("f2");
        app
    });
}

#[test]
fn the_persona_menu_on_a_rescued_file() {
    pictures("personas_rescued", || {
        let mut app = chatted();
        app.keys("f2");
        app.types("writer");
        app
    });
}

#[test]
fn the_persona_menu_on_a_broken_file() {
    pictures("personas_broken", || {
        let mut app = chatted();
        app.keys("f2");
        app.types("empty");
        app
    });
}

#[test]
fn another_voice() {
    pictures("voice", || {
        let mut app = chatted();
        app.say("/persona writer");
        app.turn("Write the release note");
        app
    });
}

#[test]
fn the_palette() {
    pictures("palette", || {
        let mut app = chatted();
        app.keys("ctrl+p");
        app
    });
}

#[test]
fn the_help() {
    pictures("help", || {
        let mut app = chatted();
        app.keys("f1");
        app
    });
}

#[test]
fn the_kb_panel() {
    pictures("kb", || {
        let mut app = chatted();
        app.keys("f3");
        app
    });
}

#[test]
fn a_slash_command_and_what_it_may_become() {
    pictures("slash", || {
        let mut app = chatted();
        app.types("/");
        app
    });
}

#[test]
fn a_long_draft() {
    pictures("draft", || {
        let mut app = chatted();
        app.paste("one\ntwo\n\tthree, which is a long line that has to be wrapped somewhere before it reaches the end of it\nfour");
        app
    });
}
