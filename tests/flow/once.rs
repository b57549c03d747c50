//! One message and its reply: asked before the tables are there, told as it comes, and nothing written.

use dictum::app::once::{self, End, News, Told};
use dictum::app::plain::{Form, is_at_rest};
use dictum::app::tables::wants_reconciler;
use dictum::domain::attach::refusal::{Found, Refusal};
use dictum::domain::attach::{Attachment, Content, Extent};
use dictum::domain::chat::Level;
use dictum::domain::exchange::{Failure, Outcome, ReplyEvent, StopReason, Usage};
use dictum::domain::kb::Span;
use dictum::protocol::message::{Effect, Event};

use crate::app::{self, App};

const KB: &str = "# KB\n\n## Tooling\n\n- Use npm.\n- Lint with Biome.\n";

/// The app with its message sent; the tables are still being made.
fn asked(words: &str) -> App {
    let mut app = App::without_tables(KB);
    app.state.screen.form = Form::Once;
    app.send(Event::Entered(vec![Span::typed(words)]));
    app.kb_read();
    app
}

fn texts(news: &[News]) -> String {
    let text = |news: &News| match news {
        News::Text(text) => text.clone(),
        _ => String::new(),
    };
    news.iter().map(text).collect()
}

#[test]
fn a01_the_message_goes_out_with_kb_md_before_the_tables_are_there() {
    let mut app = asked("from now on use pnpm");
    assert!(app.request().system.iter().any(|part| part.text.contains("Use npm.")));
    let mut told = Told::default();
    app.streams(ReplyEvent::Text("Under".to_string()));
    assert_eq!(texts(&told.news(&app.state)), "Under");
    app.streams(ReplyEvent::Text("stood.".to_string()));
    app.ends(Outcome::Complete(StopReason::EndTurn));
    assert_eq!(texts(&told.news(&app.state)), "stood.", "nothing is told twice");
    assert!(!is_at_rest(&app.state), "the tables are waited for");
    app.tables_made();
    assert!(is_at_rest(&app.state));
    assert_eq!(once::end(&app.state), End::Complete);
    let patch = once::patch(&app.state).unwrap();
    assert!(patch.contains("\n-- Use npm.\n+- Use pnpm.\n"), "{patch}");
    assert!(!app.effects.iter().any(|effect| matches!(effect, Effect::SaveKb { .. })));
}

#[test]
fn nothing_waits_for_the_reconciler_where_nothing_was_said() {
    let mut app = asked("what do our tests run with?");
    app.streams(ReplyEvent::Text("Vitest.".to_string()));
    app.ends(Outcome::Complete(StopReason::EndTurn));
    assert!(!is_at_rest(&app.state));
    app.detector_made();
    assert!(is_at_rest(&app.state) && !wants_reconciler(&app.state));
    // Before the end of the reply as well as after it.
    let mut app = asked("from now on use pnpm");
    assert!(!wants_reconciler(&app.state));
    app.detector_made();
    assert!(wants_reconciler(&app.state));
    app.replies("Understood.");
    assert!(!is_at_rest(&app.state));
    app.reconciler_made();
    assert!(is_at_rest(&app.state) && app.state.review.pending.len() == 1);
    // A proposal of the model is compared, whatever the detector heard.
    let mut app = asked("what do our tests run with?");
    app.detector_made();
    app.proposes("replace", "Use pnpm.", "Use npm.", "what do our tests run with?");
    assert!(!is_at_rest(&app.state) && wants_reconciler(&app.state));
    app.reconciler_made();
    app.replies("Vitest.");
    assert!(is_at_rest(&app.state) && app.state.review.pending.is_empty());
}

#[test]
fn what_the_model_proposes_waits_for_the_tables_too() {
    let mut app = asked("from now on use pnpm");
    app.proposes("replace", "Use pnpm.", "Use npm.", "from now on use pnpm");
    assert!(app.state.review.pending.is_empty());
    let effects = app.tables_made();
    assert_eq!(app.state.review.pending.len(), 1, "heard by both, offered once");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })), "the model goes on");
    let mut told = Told::default();
    told.news(&app.state);
    app.replies("Done.");
    assert!(is_at_rest(&app.state));
    assert_eq!(texts(&told.news(&app.state)), "Done.");
}

#[test]
fn without_a_model_the_answer_waits_so_that_it_knows_what_was_heard() {
    let mut app = App::without_tables(KB);
    app.state.connection.endpoint = app::offline();
    app.state.screen.form = Form::Once;
    app.send(Event::Entered(vec![Span::typed("from now on use pnpm")]));
    let effects = app.kb_read();
    assert!(effects.is_empty());
    let effects = app.tables_made();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
}

#[test]
fn the_end_tells_whether_the_reply_is_whole() {
    let failure = || Failure::new("It broke.", "Try again.");
    for (outcome, expect) in [
        (Outcome::Complete(StopReason::EndTurn), End::Complete),
        (Outcome::Complete(StopReason::MaxTokens), End::Cut),
        (Outcome::Truncated, End::Cut),
        (Outcome::Complete(StopReason::Refusal), End::Failed),
        (Outcome::Failed(failure()), End::Failed),
    ] {
        let mut app = asked("hello");
        app.tables_made();
        app.streams(ReplyEvent::Text("Some.".to_string()));
        app.streams(ReplyEvent::Usage(Usage { output: Some(3), ..Usage::default() }));
        app.ends(outcome.clone());
        assert_eq!(once::end(&app.state), expect, "{outcome:?}");
        let news = Told::default().news(&app.state);
        assert!(news.contains(&News::Usage(Usage { output: Some(3), ..Usage::default() })), "{news:?}");
        let told =
            news.iter().any(|news| matches!(news, News::Failed { .. } | News::Notice(Level::Warning, _)));
        assert_eq!(told, expect != End::Complete, "{news:?}");
    }
    let mut app = asked("hello");
    app.streams(ReplyEvent::Text("Some.".to_string()));
    app.send(Event::Interrupted);
    assert_eq!(once::end(&app.state), End::Interrupted);
}

#[test]
fn what_goes_along_is_told_before_the_reply_and_what_does_not_is_no_question() {
    let mut app = App::without_tables(KB);
    app.state.screen.form = Form::Once;
    let mut told = Told::default();
    app.send(Event::Entered(vec![Span::typed("look @big.txt")]));
    assert_eq!(told.news(&app.state), []);
    let file = Attachment {
        name: "big.txt".to_string(),
        extent: Extent::Lines { first: 1, last: 2, of: 9 },
        bytes: 4,
        left_out: "lines 3-9".to_string(),
        content: Content::Text("a\nb\n".into()),
    };
    app.finds(vec![Found::Attached(file.clone())]);
    assert_eq!(told.news(&app.state), [News::Attached(file.without_content())]);
    let event = once::json::event(&News::Attached(file));
    assert!(event.contains(r#""left_out":"lines 3-9""#) && event.contains(r#""last":2"#), "{event}");
    app.kb_read();
    app.replies("Yes.");
    assert!(
        !told.news(&app.state).iter().any(|news| matches!(news, News::Attached(_))),
        "nothing is told twice"
    );

    let mut app = App::without_tables(KB);
    app.state.screen.form = Form::Once;
    app.send(Event::Entered(vec![Span::typed("look @nope.ts")]));
    app.finds(vec![Found::Refused { name: "nope.ts".to_string(), why: Refusal::Missing }]);
    let news = Told::default().news(&app.state);
    let words = "There is no nope.ts here. The message was not sent.".to_string();
    assert_eq!(news, [News::Notice(Level::Warning, words)]);
}
