//! `/model`: the list of everyone's models, and switching between them in mid-conversation.

use dictum::domain::exchange::{Endpoint, Protocol, ReplyEvent, Usage};
use dictum::domain::models::{Models, Price};
use dictum::domain::roster::{Found, Listed, Roster};
use dictum::protocol::message::{Effect, Event};

use crate::app::{App, endpoint};

fn other(provider: &str, model: &str) -> Endpoint {
    Endpoint {
        protocol: Protocol::Anthropic,
        provider: provider.into(),
        base_url: format!("https://{provider}.example"),
        model: model.into(),
        models: Vec::new(),
    }
}

/// openai is in use; anthropic has a key, work is a profile, ollama may be here.
fn app() -> App {
    let mut app = App::with_kb("# KB\n\n- Use npm.\n");
    let ollama = Endpoint {
        protocol: Protocol::Ollama,
        base_url: "http://127.0.0.1:11434".into(),
        ..other("ollama", "")
    };
    app.state.connection.roster =
        Roster::new(vec![other("anthropic", "claude-haiku-4-5"), other("work", "gateway-1"), ollama]);
    app.state.connection.models = Models::built_in();
    app
}

fn has(app: &mut App, provider: &str, models: &[Listed]) {
    app.send(Event::ModelsListed { provider: provider.into(), found: Found::Has(models.to_vec()) });
}

fn fails(app: &mut App, provider: &str, brief: &str) {
    let found = Found::Fails {
        brief: brief.into(),
        what: format!("{provider} did not work."),
        next: "Do something.".into(),
    };
    app.send(Event::ModelsListed { provider: provider.into(), found });
}

fn listed(id: &str) -> Listed {
    Listed { id: id.into(), ..Listed::default() }
}

#[test]
fn the_list_grows_as_providers_answer_and_says_what_is_down() {
    let mut app = app();
    app.resize(110, 30);
    let asked: Vec<String> = app
        .say("/model")
        .iter()
        .filter_map(|effect| match effect {
            Effect::ListModels { endpoint } => Some(endpoint.provider.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["anthropic", "work", "ollama", "openai"], "all at once");
    app.expect("model-2");
    app.expect("is being asked …");
    let priced =
        Listed { price: Price { input: Some(0.5), output: Some(2.0), ..Price::default() }, ..listed("m-x") };
    has(&mut app, "openai", &[listed("model-1"), listed("model-2"), priced]);
    has(
        &mut app,
        "anthropic",
        &[listed("claude-haiku-4-5"), Listed { context: Some(1_000_000), ..listed("claude-new") }],
    );
    fails(&mut app, "work", "refuses the key");
    fails(&mut app, "ollama", "does not run");
    let row = app.row("claude-haiku-4-5");
    assert!(row.contains("200k context · $1 in, $5 out per million") && row.contains("anthropic"), "{row}");
    assert!(app.row("claude-new").contains("1M context"), "{}", app.screen());
    assert!(app.row("m-x").contains("$0.50 in, $2 out"), "{}", app.screen());
    assert!(app.row("refuses the key").contains("work"));
    assert!(app.row("on this machine").contains("no answer from ollama"));
    app.expect_not("is being asked");
    // What cannot be had says why and stays.
    app.types("work");
    app.keys("enter");
    app.expect("work did not work. Do something.");
    app.expect("refuses the key");
    for _ in 0..4 {
        app.keys("backspace");
    }
    app.types("haiku");
    app.keys("enter");
    app.expect("claude-haiku-4-5 of anthropic answers from the next message on");
    assert_eq!(app.state.connection.endpoint.base_url, "https://anthropic.example");
}

#[test]
fn switching_keeps_draft_scroll_and_history_also_while_a_reply_streams() {
    let mut app = app();
    for at in 0..30 {
        app.turn(&format!("message {at}"));
    }
    app.keys("pageup pageup");
    app.say("one more");
    app.kb_read();
    app.keys("pageup pageup");
    let top = app.screen().lines().nth(3).unwrap().to_string();
    app.types("/model");
    app.keys("enter");
    has(&mut app, "anthropic", &[listed("claude-haiku-4-5")]);
    app.types("claude");
    app.keys("enter");
    assert_eq!(app.screen().lines().nth(3).unwrap(), top, "the view stays\n{}", app.screen());
    app.types("half a draft");
    app.replies("Done by the old one.");
    app.expect_draft("half a draft");
    assert_eq!(app.request().endpoint.model, "model-1", "the running reply is the old model's");
    app.keys("enter");
    app.kb_read();
    assert_eq!(app.request().endpoint.model, "claude-haiku-4-5");
    assert_eq!(app.request().messages.len(), 63);
}

#[test]
fn a_model_is_named_directly_with_and_without_its_provider() {
    let mut app = app();
    app.say("/model work/gateway-2");
    let used = |app: &App| {
        let endpoint = &app.state.connection.endpoint;
        format!("{} {}", endpoint.provider, endpoint.model)
    };
    assert_eq!(used(&app), "work gateway-2");
    // Nobody was asked yet: it is looked for, and taken when it is found.
    let effects = app.say("/model claude-opus-4-5");
    assert_eq!(
        effects.iter().filter(|effect| matches!(effect, Effect::ListModels { .. })).count(),
        4,
        "{effects:?}"
    );
    app.expect("looking for claude-opus-4-5");
    assert_eq!(used(&app), "work gateway-2");
    fails(&mut app, "ollama", "does not run");
    has(&mut app, "anthropic", &[listed("claude-opus-4-5"), listed("claude-haiku-4-5")]);
    assert_eq!(used(&app), "anthropic claude-opus-4-5");
    has(&mut app, "work", &[listed("gateway-1")]);
    has(&mut app, "openai", &[listed("model-1")]);
    app.say("/model haiku");
    app.expect("No provider has a model haiku. Did you mean anthropic/claude-haiku-4-5?");
    app.say("/model anthropic/claude-hiku-4-5");
    app.expect("Did you mean anthropic/claude-haiku-4-5?");
    assert_eq!(used(&app), "anthropic claude-opus-4-5");
    app.say("/model gateway-1");
    assert_eq!(used(&app), "work gateway-1");
}

#[test]
fn without_anyone_a_name_says_how_to_connect() {
    let mut app = App::with_kb("");
    app.state.connection.endpoint = crate::app::offline();
    app.say("/model gpt-5");
    app.expect("/login connects one");
    assert_eq!(endpoint().model, "model-1");
}

#[test]
fn a_reply_keeps_its_price_when_another_provider_is_chosen() {
    let mut app = app();
    app.resize(120, 40);
    let price = Price { input: Some(2.0), output: Some(10.0), ..Price::default() };
    has(&mut app, "work", &[Listed { price, ..listed("gateway-1") }]);
    has(&mut app, "anthropic", &[listed("gateway-1"), listed("claude-x")]);
    app.say("/model work/gateway-1");
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::Start { id: "1".into(), model: "gateway-1".into() });
    app.streams(ReplyEvent::Usage(Usage { input: Some(11_000), output: Some(1_000), ..Usage::default() }));
    app.replies("Done.");
    app.say("/usage");
    app.expect("cost: $0.032");
    app.keys("esc");
    app.say("/model anthropic/claude-x");
    app.say("/usage");
    app.expect("claude-x");
    app.expect("cost: $0.032");
}
