//! Connecting a model: the first screen without one, the field for a key, and that nothing typed is lost or shown.

use dictum::app::state::{Search, Start, State};
use dictum::domain::roster::{Found, Listed, REFUSED, Roster};
use dictum::draw::theme::Theme;
use dictum::protocol::message::{Effect, Event, Kept, Prompts, Tried};

use crate::app::{App, FIRST, files, library, offline, ollama, read};

const KEY: &str = "sk-ant-api03-abcdefghijklmnop";

/// A start without a key, while a local server is still looked for.
fn app() -> App {
    let mut app = App::begin(Start {
        columns: 120,
        rows: 32,
        theme: Theme::dark(),
        library: library(&files()),
        persona: FIRST.into(),
        snapshot: read("# KB\n\n- Use npm.\n"),
        endpoint: offline(),
        search: Search::Running,
        max_tokens: 1_000,
        warnings: Vec::new(),
    });
    app.state.connection.roster = Roster::new(vec![ollama()]);
    app.state.connection.key_file = "~/.config/dictum/keys.toml".into();
    app
}

/// What the app knows, as a log would hold it.
fn known(app: &App) -> String {
    let State { focus, log, queue, prompt, connection, recording, errands, .. } = &app.state;
    format!("{focus:?}{log:?}{queue:?}{prompt:?}{connection:?}{recording:?}{errands:?}{:?}", app.effects)
}

fn tried(effects: &[Effect]) -> Option<(String, String)> {
    effects.iter().find_map(|effect| match effect {
        Effect::TryKey { endpoint, key } => Some((endpoint.provider.clone(), key.expose().to_string())),
        _ => None,
    })
}

fn answer(app: &mut App, provider: &str, tried: Tried) {
    let endpoint = dictum::domain::settings::endpoints::known(provider).unwrap().endpoint();
    app.send(Event::KeyTried { endpoint: Box::new(endpoint), tried });
}

#[test]
fn without_anything_the_first_screen_says_what_was_found_and_offers_three_ways() {
    let mut app = app();
    app.expect("looking for a local model");
    app.expect_not("Connect a model");
    app.send(Event::Discovered(None));
    for words in [
        "Connect a model",
        "Paste a key",
        "Look for a local server",
        "none answers",
        "Go on offline",
        "Found: no key",
    ] {
        app.expect(words);
    }
    app.keys("esc");
    app.expect_not("Connect a model");
    app.expect("/login connects one");
    app.say("/login");
    app.expect("Paste a key");
    app.keys("down down enter");
    app.expect("offline: answers quote the project");
    app.turn("hello");
}

#[test]
fn a21_what_is_typed_goes_to_the_draft_and_never_is_it_stolen() {
    let mut app = app();
    app.send(Event::Discovered(None));
    app.types("hello there");
    app.expect_draft("hello there");
    app.expect_not("Connect a model");
    // Whoever writes already is not disturbed, nor who comes back to a conversation.
    let mut app = self::app();
    app.types("half");
    app.send(Event::Discovered(None));
    app.expect_not("Connect a model");
    app.expect_draft("half");
    let mut app = self::app();
    app.send(Event::PromptsRead(Prompts {
        drafts: vec![vec![dictum::domain::kb::Span::typed("old draft")]],
        ..Prompts::default()
    }));
    app.send(Event::Discovered(None));
    app.expect_draft("old draft");
}

#[test]
fn a_server_that_was_started_meanwhile_can_be_chosen() {
    let mut app = app();
    app.send(Event::Discovered(None));
    let effects = app.keys("down enter");
    assert!(matches!(effects.as_slice(), [Effect::ListModels { .. }]), "{effects:?}");
    let models = vec![
        Listed { id: "qwen3:8b".into(), ..Listed::default() },
        Listed { id: "llama3".into(), ..Listed::default() },
    ];
    app.send(Event::ModelsListed { provider: "ollama".into(), found: Found::Has(models) });
    assert!(app.row("Use ollama").contains("qwen3:8b and 1 more"), "{}", app.screen());
    app.keys("up up down enter");
    assert_eq!(app.state.connection.endpoint.model, "qwen3:8b");
    app.turn("hello");
    assert_eq!(app.request().endpoint.provider, "ollama");
}

#[test]
fn a_key_is_dots_on_the_screen_and_nothing_anywhere_else() {
    let mut app = app();
    app.send(Event::Discovered(None));
    app.keys("enter");
    app.expect("~/.config/dictum/keys.toml");
    app.expect("told by its shape");
    app.paste(&format!("{KEY}\n"));
    app.expect("•••••••••••••••••••••••••••••  29 characters");
    app.expect("anthropic, by its shape");
    let effects = app.keys("enter");
    assert_eq!(tried(&effects), Some(("anthropic".to_string(), KEY.to_string())));
    app.expect("Asking anthropic whether it accepts the key");
    assert!(!known(&app).contains("abcdefgh"), "{}", known(&app));
    answer(
        &mut app,
        "anthropic",
        Tried::Refused { what: "anthropic did not accept the key (401 at URL).".into() },
    );
    app.expect("did not accept the key");
    app.expect("It was not kept.");
    app.keys("backspace");
    app.types("x");
    app.expect_not("It was not kept.");
    app.keys("enter");
    let found = Found::Has(vec![Listed { id: "claude-sonnet-4-5".into(), ..Listed::default() }]);
    answer(
        &mut app,
        "anthropic",
        Tried::Accepted { found, kept: Kept::In("~/.config/dictum/keys.toml".into()) },
    );
    app.expect("The key for anthropic is kept in ~/.config/dictum/keys.toml");
    app.expect("claude-sonnet-4-5 of anthropic answers from the next message on");
    app.turn("hello");
    assert_eq!(app.request().endpoint.model, "claude-sonnet-4-5");
    assert!(!known(&app).contains("abcdefgh") && !app.chat().contains("abcdefgh"));
    assert!(REFUSED.contains("refuses"));
}

#[test]
fn a_key_of_no_known_shape_wants_its_provider_named_and_a_model_that_is_listed_is_taken() {
    let mut app = app();
    app.send(Event::Discovered(None));
    app.keys("enter");
    app.keys("enter");
    app.expect("There is no key yet");
    app.types("0123456789abcdef0123456789abcdef");
    app.expect("not known by its shape");
    app.keys("enter");
    app.expect("Say whose key it is");
    for _ in 0..6 {
        app.keys("down");
    }
    app.expect("mistral  (↑ and ↓ choose another)");
    let effects = app.keys("enter");
    assert_eq!(tried(&effects).map(|(provider, _)| provider).as_deref(), Some("mistral"));
    let found = Found::Has(vec![Listed { id: "devstral".into(), ..Listed::default() }]);
    answer(&mut app, "mistral", Tried::Accepted { found, kept: Kept::Nowhere("no room is left".into()) });
    app.expect("holds until dictum ends; it was not kept: no room is left.");
    assert_eq!(app.state.connection.endpoint.model, "devstral");
    app.keys("esc");
    app.say("/login openai");
    app.expect("openai  (↑ and ↓ choose another)");
    app.keys("esc");
    app.say("/login nobody");
    app.expect("nobody takes no key here");
}

#[test]
fn a_key_in_the_prompt_is_not_sent_and_no_history_keeps_it() {
    for draft in [KEY.to_string(), format!("/login {KEY}")] {
        let mut app = App::with_kb("");
        app.types(&draft);
        let effects = app.keys("enter");
        assert!(
            effects.iter().all(|effect| !matches!(effect, Effect::ReadKb { .. } | Effect::Remember { .. }))
        );
        app.expect("29 characters");
        app.expect("that looks like a key, so it was not sent");
        app.keys("esc");
        app.expect_draft("");
        app.keys("up");
        app.expect_draft("");
        assert!(!known(&app).contains("abcdefgh"), "{}", known(&app));
    }
    let mut app = App::with_kb("");
    app.say(&format!("why is {KEY} refused?"));
    app.kb_read();
    assert_eq!(app.request().messages.len(), 1, "a message that speaks of a key is the user's own matter");
}

#[test]
fn a_key_that_the_keyring_did_not_keep_is_offered_to_the_file() {
    let mut app = app();
    app.send(Event::Discovered(None));
    app.keys("esc");
    app.say("/login anthropic");
    app.types(KEY);
    app.keys("enter");
    let found = Found::Has(vec![Listed { id: "claude-sonnet-5-5".into(), ..Listed::default() }]);
    let kept = Kept::NotInKeyring("it is locked or does not run".into());
    answer(&mut app, "anthropic", Tried::Accepted { found, kept });
    assert!(
        app.chat().contains(
            "holds until dictum ends; the system keyring did not keep it: it is locked or does not run."
        ),
        "{}",
        app.chat()
    );
    assert_eq!(app.state.connection.endpoint.provider, "anthropic", "it is in use");
    app.expect("Keep the key for anthropic in a file");
    let effects = app.keys("enter");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::KeepKey { provider } if provider == "anthropic"))
    );
    app.send(Event::KeyKept { provider: "anthropic".into(), kept: Kept::In("~/keys.toml".into()) });
    assert!(app.chat().contains("The key for anthropic is kept in ~/keys.toml"));
    app.say("/login");
    app.expect("Paste a key");
    app.expect_not("Keep the key for anthropic");
}
