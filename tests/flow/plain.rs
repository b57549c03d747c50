//! The linear form: what is told, line by line, and what an entered line means. No cursor, no colour, no key.

use dictum::app::plain::told::Told;
use dictum::app::plain::{self, Asked, Form, login};
use dictum::app::update::update;
use dictum::domain::exchange::{Failure, Outcome, ReplyEvent, StopReason};
use dictum::domain::kb::Span;
use dictum::domain::key::Hidden;
use dictum::domain::roster::{Found, Listed};
use dictum::domain::settings::endpoints::known;
use dictum::protocol::message::{Drawn, Effect, Event, Kept, OutsideFile, Tried};
use dictum::protocol::sessions::Told as Stored;
use proptest::prelude::*;

use crate::app::{App, SECOND};
use crate::sessions::summary;

const KB: &str = "# KB\n\n## Tooling\n\n- Use npm.\n- Lint with Biome.\n";

/// The app in the linear form, with what it told.
struct Linear {
    app: App,
    told: Told,
}

impl Linear {
    fn open(asked: Asked) -> Self {
        let mut app = App::with_kb(KB);
        app.state.screen.form = Form::Linear(asked);
        Self { app, told: Told::default() }
    }

    /// At a terminal, with the first lines told.
    fn begun() -> Self {
        let mut linear = Self::open(Asked::Person);
        linear.news();
        linear
    }

    fn news(&mut self) -> Vec<String> {
        let news = self.told.news(&self.app.state);
        self.app.send(Event::Drawn(Drawn::default()));
        news
    }

    /// Enters a line; gives what is told after it.
    fn enter(&mut self, line: &str) -> String {
        self.told.answered();
        self.app.send(Event::Entered(vec![Span::typed(line)]));
        self.news().join("\n")
    }

    /// Enters an answer after there was time to read the question.
    fn answer(&mut self, line: &str) -> String {
        self.app.after(600);
        assert!(self.question().is_some(), "nothing is asked");
        self.enter(line)
    }

    /// Enters a key, which the terminal does not show; gives what is told, and what is to be done.
    fn key(&mut self, line: &str) -> (String, Vec<Effect>) {
        assert!(login::wants_key(&self.app.state), "no key is asked for");
        let mut key = Hidden::default();
        key.push(line);
        let effects = self.app.send(Event::KeyTyped(key));
        (self.news().join("\n"), effects)
    }

    fn question(&self) -> Option<String> {
        plain::question(&self.app.state)
    }

    /// With the edit of these words in review.
    #[track_caller]
    fn reviewing(words: &str) -> Self {
        let mut linear = Self::begun();
        linear.enter(words);
        linear.app.kb_read();
        linear.app.replies("Done.");
        let news = linear.news().join("\n");
        assert!(news.contains("KB.md? ") && news.contains("/review decides"), "{news}");
        linear
    }
}

#[test]
fn a25_the_start_tells_who_speaks_what_kb_md_is_and_which_model_answers() {
    let mut linear = Linear::open(Asked::Person);
    let news = linear.news();
    assert_eq!(
        news[1..],
        [
            "Persona: installer.backend.nodejs. Does installer.backend.nodejs work",
            "KB.md 2 directives, 48 bytes, read 12:03:07.",
            "Model: openai · model-1.",
        ]
    );
    assert_eq!(linear.news(), Vec::<String>::new(), "nothing is told twice");
    linear.app.kb_changes("# KB\n\n- Use pnpm.\n");
    assert_eq!(linear.news(), ["KB.md 1 directive, 18 bytes, read 12:03:07."]);
    let news = linear.enter("/persona reviewer");
    assert_eq!(news, "Persona: reviewer. Does reviewer work");
    assert_eq!(linear.app.state.personas.active.name, SECOND);
    assert!(linear.enter("/model model-2").contains("Model: openai · model-2."));
}

#[test]
fn a25_a_reply_is_told_in_whole_lines() {
    let mut linear = Linear::begun();
    assert_eq!(linear.enter("hello"), "", "what was typed stands there");
    assert_eq!(linear.question(), None, "no question stands in the way of a reply");
    linear.app.kb_read();
    linear.app.streams(ReplyEvent::Text("one".into()));
    assert_eq!(linear.news(), Vec::<String>::new());
    linear.app.streams(ReplyEvent::Text(" line\nand ".into()));
    assert_eq!(linear.news(), ["installer.backend.nodejs:", "one line"]);
    linear.app.streams(ReplyEvent::Text("half".into()));
    assert_eq!(linear.news(), Vec::<String>::new());
    linear.app.ends(Outcome::Complete(StopReason::EndTurn));
    assert_eq!(linear.news(), ["and half", ""]);
    assert_eq!(linear.question().as_deref(), Some("> "));
}

#[test]
fn a25_a_failure_says_what_happened_and_what_to_do() {
    let mut linear = Linear::begun();
    linear.enter("hello");
    linear.app.kb_read();
    let failure = Failure::new("The key is wrong.", "Set another.");
    linear.app.ends(Outcome::Failed(failure));
    assert_eq!(
        linear.news(),
        [
            "installer.backend.nodejs:",
            "Error: The key is wrong.",
            "Set another.",
            "",
            "/retry tries it again"
        ]
    );
    assert!(plain::last_reply_failed(&linear.app.state));
}

#[test]
fn a25_silence_is_told_in_words() {
    let mut linear = Linear::begun();
    linear.enter("hello");
    linear.app.kb_read();
    linear.app.after(9_000);
    assert_eq!(linear.news(), Vec::<String>::new());
    linear.app.after(2_000);
    assert_eq!(linear.news(), ["10 seconds without a byte; Ctrl+C stops it."]);
    assert_eq!(linear.news(), Vec::<String>::new());
    linear.app.after(115_000);
    assert_eq!(linear.news(), ["120 seconds without a byte; Ctrl+C stops it."]);
}

#[test]
fn a25_a_queued_message_is_told_when_it_waits_and_when_it_goes() {
    let mut linear = Linear::begun();
    linear.enter("first");
    linear.app.kb_read();
    assert_eq!(linear.enter("second"), "Queued until the reply ends: second");
    linear.app.replies("One.");
    assert_eq!(linear.news(), ["installer.backend.nodejs:", "One.", "", "You: second"]);
}

#[test]
fn a25_a_whole_review_by_letters() {
    let mut linear = Linear::reviewing("from now on use pnpm");
    assert_eq!(linear.question().as_deref(), Some("(1 KB.md edit waits: /review) > "));
    let card = linear.enter("/review");
    assert!(card.contains("\n-- Use npm.\n+- Use pnpm.\n"), "{card}");
    assert_eq!(linear.question(), None, "there is time to read before the question");
    assert!(linear.enter("a").contains("came before the question"), "and no answer counts before it");
    assert_eq!(linear.app.writes_asked(), 0);
    assert!(linear.answer("maybe").contains("Type one of these letters"));
    assert_eq!(linear.answer("e"), "");
    assert!(linear.question().unwrap().starts_with("New words"));
    assert!(linear.answer("Use pnpm 9.").contains("\n-- Use npm.\n+- Use pnpm 9.\n"));
    assert_eq!(linear.question(), None, "the new diff is to be read, too");
    linear.answer("a");
    linear.app.kb_saved();
    let news = linear.news().join("\n");
    assert!(news.contains("Saved to KB.md: replace line 5: Use pnpm 9."), "{news}");
    assert_eq!(linear.app.disk.text(), Some("# KB\n\n## Tooling\n\n- Use pnpm 9.\n- Lint with Biome.\n"));
    assert_eq!(linear.question().as_deref(), Some("> "));
}

#[test]
fn a25_the_other_ways_to_decide() {
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    assert!(linear.answer("r still deciding").contains("Rejected (still deciding)"));
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    assert!(linear.answer("s").contains("For this session only"));
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    assert!(linear.answer("never").contains("Never asked again"));
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    linear.answer("l");
    assert_eq!(linear.app.waiting(), ["Use pnpm."], "it is left as it was");
    assert_eq!(linear.app.writes_asked(), 0);
}

#[test]
fn a25_a_warning_wants_the_word_in_full() {
    let mut linear = Linear::begun();
    linear.enter("/remember Deploys use the token ghp_abcdefghijklmnopqrstuvwxyz0123456789");
    linear.app.kb_read();
    linear.news();
    let card = linear.enter("/review");
    assert!(card.contains("! This looks like a secret"), "{card}");
    linear.answer("a");
    assert!(linear.answer("a").contains("Nothing was decided."));
    linear.answer("accept");
    assert!(linear.answer("yes").contains("Nothing was decided."));
    assert_eq!(linear.app.writes_asked(), 0);
    linear.answer("a");
    linear.answer("accept");
    assert_eq!(linear.app.writes_asked(), 1);
}

#[test]
fn a25_a_file_outside_wants_the_word_in_full() {
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    linear.answer("a");
    let (task, ..) = linear.app.saving();
    linear.app.send(Event::KbIsOutside { task, target: "/elsewhere/KB.md".into() });
    let news = linear.news().join("\n");
    assert!(news.contains("a link to /elsewhere/KB.md, outside this project"), "{news}");
    assert!(linear.answer("a").contains("Type accept in full"));
    linear.answer("accept");
    let (_, _, _, outside) = linear.app.saving();
    assert_eq!(outside, OutsideFile::Allow);
}

#[test]
fn a25_an_edit_that_changed_meanwhile_is_shown_and_asked_anew() {
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    linear.app.after(600);
    linear.app.kb_changes("# KB\n\n## Tooling\n\n- Use npm 10.\n");
    let news = linear.news().join("\n");
    assert!(news.contains("\n-- Use npm 10.\n"), "{news}");
    assert!(linear.enter("a").contains("came before the question"));
    assert_eq!(linear.app.writes_asked(), 0);
}

#[test]
fn a25_where_nobody_can_be_asked_the_diff_is_told_and_nothing_written() {
    let mut linear = Linear::open(Asked::Nobody);
    linear.news();
    assert_eq!(linear.enter("from now on use pnpm"), "You: from now on use pnpm");
    linear.app.kb_read();
    let news = linear.news().join("\n");
    assert!(news.contains("\n-- Use npm.\n+- Use pnpm.\n") && news.contains("Nothing was written"), "{news}");
    linear.app.replies("Done.");
    assert!(linear.enter("/review").contains("only at a terminal"));
    linear.app.after(600);
    linear.enter("a");
    assert_eq!(linear.question(), None);
    assert_eq!(linear.app.writes_asked(), 0);
}

#[test]
fn a25_the_list_of_sessions_names_no_keys() {
    let mut linear = Linear::begun();
    linear.enter("/sessions");
    let sessions = vec![summary(7, "a title"), summary(8, "another")];
    linear.app.send(Event::Stored(Stored::Listed { query: String::new(), sessions }));
    let list = linear.news().join("\n");
    assert!(list.starts_with("Sessions:\n  1. a title (2 h ago)\n  2. another"), "{list}");
    assert!(linear.question().is_some());
}

#[test]
fn a25_lists_are_numbered_and_long_texts_told_whole() {
    let mut linear = Linear::begun();
    let list = linear.enter("/persona");
    assert!(list.contains("\n  1. installer.backend.nodejs (built in, the one in use)"), "{list}");
    assert!(list.contains("\n  2. reviewer (project)"), "{list}");
    assert!(linear.answer("7").contains("7 is not in the list"));
    assert_eq!(linear.answer("2"), "Persona: reviewer. Does reviewer work");
    linear.enter("/persona");
    assert_eq!(
        linear.answer("backend"),
        "Persona: installer.backend.nodejs. Does installer.backend.nodejs work"
    );
    assert!(linear.enter("/model").contains("\n  2. model-2"));
    linear.answer("");
    for _ in 0..2 {
        let help = linear.enter("/help");
        assert!(help.contains("/remember TEXT: Offer TEXT") && !help.contains("F1"), "{help}");
        assert_eq!(linear.question().as_deref(), Some("> "));
    }
    assert!(linear.enter("/kb").contains("- Lint with Biome."));
    assert!(linear.enter("/nonsense").contains("there is no command /nonsense"));
    linear.app.expect_draft("");
}

#[test]
fn a25_ctrl_c_stops_leaves_and_quits() {
    let mut linear = Linear::reviewing("from now on use pnpm");
    linear.enter("/review");
    linear.app.send(Event::Interrupted);
    assert_eq!(linear.app.waiting(), ["Use pnpm."]);
    linear.news();
    linear.enter("hello");
    linear.app.kb_read();
    linear.app.send(Event::Interrupted);
    assert!(linear.news().contains(&"Stopped.".to_string()));
    assert_eq!(linear.app.send(Event::Interrupted), []);
    linear.enter("");
    assert_eq!(linear.app.send(Event::Interrupted), [], "a line between is no second press");
    assert_eq!(linear.app.send(Event::Interrupted), [Effect::Quit]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever a server sends, in whatever pieces: the lines are those of the whole text, and hold no control character.
    #[test]
    fn a25_any_chunking_tells_the_same_lines(
        text in "([a-z ]{0,9}|\n|\t|\u{1b}\\[31m|\u{1b}|\u{9b}2J|\u{7}|\r\n|\u{202e}|é){0,24}",
        size in 1_usize..7,
    ) {
        let told = |size: usize| {
            let mut linear = Linear::begun();
            linear.enter("hello");
            linear.app.kb_read();
            let letters: Vec<char> = text.chars().collect();
            let mut lines = Vec::new();
            let task = linear.app.asked();
            for piece in letters.chunks(size) {
                let event = ReplyEvent::Text(piece.iter().collect());
                update(&mut linear.app.state, Event::Replied { task, event });
                lines.extend(linear.told.news(&linear.app.state));
            }
            linear.app.ends(Outcome::Complete(StopReason::EndTurn));
            lines.extend(linear.news());
            lines
        };
        let whole = told(text.chars().count().max(1));
        prop_assert!(whole.iter().all(|line| !line.chars().any(char::is_control)), "{whole:?}");
        prop_assert_eq!(told(size), whole);
    }
}

const KEY: &str = "sk-ant-api03-linear-secret-abcdefgh";

/// The provider that is asked whether it accepts the key.
fn trial(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::TryKey { endpoint, key } if key.expose() == KEY => Some(endpoint.provider.as_str()),
        _ => None,
    })
}

#[test]
fn a_key_is_asked_for_unseen_tried_and_kept() {
    let mut linear = Linear::begun();
    linear.app.state.connection.key_file = "~/keys.toml".into();
    assert!(linear.enter("/login").contains("1. Paste a key: of Anthropic"));
    assert!(!login::wants_key(&linear.app.state));
    linear.answer("1");
    let question = linear.question().unwrap();
    assert!(question.starts_with("Key, not shown as it is typed") && question.contains("~/keys.toml"));
    // Enter alone and Ctrl+C leave it.
    assert!(linear.key("").0.contains("no key was kept"));
    linear.enter("/login anthropic");
    linear.app.send(Event::Interrupted);
    assert!(!login::wants_key(&linear.app.state));
    linear.enter("/login anthropic");
    assert!(linear.question().unwrap().starts_with("Key of anthropic, "));
    let (told, effects) = linear.key(KEY);
    assert_eq!(trial(&effects), Some("anthropic"));
    assert!(told.contains("asking anthropic whether it accepts the key"), "{told}");
    let endpoint = Box::new(known("anthropic").unwrap().endpoint());
    let refused = Tried::Refused { what: "anthropic did not accept the key.".into() };
    linear.app.send(Event::KeyTried { endpoint: endpoint.clone(), tried: refused });
    assert!(linear.news().join(" ").contains("The key was not kept."));
    linear.enter("/login anthropic");
    linear.key(KEY);
    let found = Found::Has(vec![Listed { id: "claude-sonnet-5-5".into(), ..Listed::default() }]);
    let tried = Tried::Accepted { found, kept: Kept::In("~/keys.toml".into()) };
    linear.app.send(Event::KeyTried { endpoint, tried });
    let told = linear.news().join("\n");
    assert!(told.contains("Model: anthropic · claude-sonnet-5-5."), "{told}");
    assert!(told.contains("The key for anthropic is kept in ~/keys.toml"), "{told}");
    assert!(!format!("{:?}{:?}", linear.app.state.log, linear.app.state.focus).contains("linear-secret"));
}

#[test]
fn whose_key_it_is_is_asked_where_its_shape_does_not_tell() {
    let mut linear = Linear::begun();
    linear.enter("/login");
    linear.answer("1");
    assert_eq!(trial(&linear.key("0123456789abcdef0123456789abcdef").1), None);
    assert!(linear.question().unwrap().starts_with("Whose key is it: anthropic, openai, "));
    assert!(!login::wants_key(&linear.app.state), "a name may be seen");
    assert!(linear.enter("nobody").contains("nobody takes no key here"));
    linear.app.send(Event::Entered(vec![Span::typed("mistral")]));
    let asked =
        linear.app.effects.iter().any(
            |effect| matches!(effect, Effect::TryKey { endpoint, .. } if endpoint.provider == "mistral"),
        );
    assert!(asked);
}

#[test]
fn without_a_terminal_no_key_is_asked_for() {
    let mut linear = Linear::open(Asked::Nobody);
    let told = linear.enter("/login anthropic");
    assert!(told.contains("A key is asked for at a terminal only") && told.contains("key_command"), "{told}");
    assert!(!login::wants_key(&linear.app.state));
}
