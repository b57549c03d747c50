//! What providers list, in each one's form, and what a profile and a command for the key do to the requests.

use std::fs;
use std::time::Duration;

use dictum::domain::exchange::{Endpoint, Outcome, Protocol, StopReason};
use dictum::domain::models::Price;
use dictum::domain::roster::{Found, Listed, REFUSED};
use dictum::domain::settings::Choice;
use dictum::io::providers::{Http, Keys, ask, look, try_key};
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use crate::server::{Reply, Server};
use crate::settings::{flags, load};
use crate::{KEY, endpoint, keys, patient, quick, request};

async fn listed(protocol: Protocol, path: &str, answer: serde_json::Value) -> Vec<Listed> {
    let server = Server::start();
    server.fix(path, Reply::json(200, &answer));
    match look(&Http::new(patient()), &keys(), &endpoint(protocol, &server.url()), Duration::from_secs(20))
        .await
    {
        Found::Has(models) => models,
        other => panic!("{other:?}"),
    }
}

fn with_context(id: &str, context: u64) -> Listed {
    Listed { id: id.into(), context: Some(context), ..Listed::default() }
}

#[tokio::test]
async fn every_form_of_a_list_is_read_with_what_it_tells_of_context_and_price() {
    let anthropic = json!({ "data": [{ "type": "model", "id": "claude-x", "display_name": "X", "max_input_tokens": 200000 }] });
    assert_eq!(
        listed(Protocol::Anthropic, "/v1/models", anthropic).await,
        [with_context("claude-x", 200_000)]
    );
    let router = json!({ "data": [
        { "id": "a/b", "context_length": 65536, "pricing": { "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003" } },
        { "id": "text-embedding-3", "context_length": 8192 },
    ] });
    let price = Price { input: Some(3.0), output: Some(15.0), cached: Some(0.3), written: None };
    let found = listed(Protocol::Chat, "/models", router).await;
    assert_eq!((found[0].context, found.len()), (Some(65536), 1));
    let rounded = |price: Option<f64>| price.map(|dollars| (dollars * 1e6).round() / 1e6);
    assert_eq!((rounded(found[0].price.input), rounded(found[0].price.cached)), (price.input, price.cached));
    let llama = json!({ "object": "list", "data": [{ "id": "tiny.gguf", "object": "model", "meta": { "n_ctx_train": 4096 } }] });
    assert_eq!(listed(Protocol::Chat, "/models", llama).await, [with_context("tiny.gguf", 4096)]);
    let gemini = json!({ "models": [
        { "name": "models/gemini-x", "inputTokenLimit": 1048576, "supportedGenerationMethods": ["generateContent"] },
        { "name": "models/embed-x", "inputTokenLimit": 2048, "supportedGenerationMethods": ["embedContent"] },
    ] });
    assert_eq!(
        listed(Protocol::Gemini, "/v1beta/models", gemini).await,
        [with_context("gemini-x", 1_048_576)]
    );
}

#[tokio::test]
async fn ollama_is_asked_about_each_model() {
    let server = Server::start();
    server.set_models(&["qwen3:8b", "nomic-embed-text"]);
    server.fix(
        "/api/show",
        Reply::json(
            200,
            &json!({ "model_info": { "qwen3.context_length": 40960 }, "capabilities": ["completion"] }),
        ),
    );
    let found = look(
        &Http::new(patient()),
        &Keys::default(),
        &endpoint(Protocol::Ollama, &server.url()),
        Duration::from_secs(20),
    )
    .await;
    assert_eq!(found, Found::Has(vec![with_context("qwen3:8b", 40960)]));
    assert!(server.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn who_is_down_refuses_or_is_silent_says_so_in_words_and_never_the_key() {
    let brief = |found: Found| match found {
        Found::Fails { brief, what, next } => {
            assert!(!format!("{brief}{what}{next}").contains(KEY));
            brief
        }
        other => panic!("{other:?}"),
    };
    let server = Server::start();
    let asked = endpoint(Protocol::Chat, &server.url());
    for (reply, expect) in [
        (
            Reply::json(401, &json!({ "error": { "message": format!("Incorrect key {KEY}") } })),
            "refuses the key",
        ),
        (Reply::json(403, &json!({ "error": "no" })), "refuses the key"),
        (Reply::json(404, &json!({ "detail": "Not Found" })), "lists no models"),
        (Reply::status(200, "text/html", "<html><title>Login</title>"), "answers with no list of models"),
        (Reply::silent(), "does not answer"),
    ] {
        server.fix("/models", reply);
        let found = look(&Http::new(quick()), &keys(), &asked, Duration::from_millis(300)).await;
        assert_eq!(brief(found), expect);
    }
    let gone = Endpoint { base_url: "http://127.0.0.1:1/v1".into(), ..asked };
    assert_eq!(
        brief(look(&Http::new(quick()), &keys(), &gone, Duration::from_secs(5)).await),
        "does not run"
    );
    let hosted = Endpoint { provider: "groq".into(), base_url: "https://example.invalid/v1".into(), ..gone };
    assert_eq!(
        brief(look(&Http::new(quick()), &keys(), &hosted, Duration::from_secs(5)).await),
        "has no key"
    );
}

#[tokio::test]
async fn a_key_is_refused_although_the_list_of_models_is_open() {
    let server = Server::start();
    let asked = Endpoint { provider: "openrouter".into(), ..endpoint(Protocol::Chat, &server.url()) };
    let keys = Keys::default();
    keys.insert("openrouter", KEY);
    let http = Http::new(quick());
    let tried = || try_key(&http, &keys, &asked, Duration::from_secs(5));
    server.fix(
        "/key",
        Reply::json(401, &json!({ "error": { "message": "No auth credentials found", "code": 401 } })),
    );
    let found = tried().await;
    let Found::Fails { brief, what, .. } = &found else { panic!("{found:?}") };
    assert!(
        brief == REFUSED && what.contains("did not accept the key (401 at http://127.0.0.1:"),
        "{found:?}"
    );
    assert_eq!(server.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    // What does not know the question cannot refuse the key.
    server.fix("/key", Reply::json(404, &json!({ "detail": "Not Found" })));
    assert!(matches!(tried().await, Found::Has(_)));
    server.fix("/key", Reply::json(200, &json!({ "data": { "label": "sk-or-v1-...", "usage": 0 } })));
    assert!(matches!(tried().await, Found::Has(_)));
}

/// A profile at this address, with everything that one may have.
fn profile(url: &str, more: &str) -> String {
    format!(
        "provider = \"work\"\n[profiles.work]\nbase_url = \"{url}\"\nmodels = [\"gw-1\", \"gw-2\"]\n{more}\n\
         headers = {{ \"X-Team\" = \"payments\", \"x-api-token\" = \"$TEAM_TOKEN\" }}\n\
         body = {{ service_tier = \"flex\", stream_options = {{ extra = true }} }}\n"
    )
}

#[tokio::test]
async fn a_profile_adds_its_headers_fields_and_key() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret file");
    fs::write(&secret, "sk-from-a-command-1234567890\nsecond line\n").unwrap();
    let command = format!("key_command = \"cat '{}'\"", secret.display());
    let user = profile(&server.url(), &command);
    let loaded = load(&user, "", &[("TEAM_TOKEN", "tok-very-secret-987")], &flags("", "", ""));
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let Choice::Endpoint(endpoint) = &loaded.settings.choice else { panic!("no endpoint") };
    assert_eq!((endpoint.provider.as_str(), endpoint.model.as_str()), ("work", "gw-1"));
    assert_eq!((endpoint.protocol, endpoint.models.len()), (Protocol::Chat, 2));
    let (sender, _receiver) = unbounded_channel();
    let outcome = ask(&Http::new(patient()), &loaded.keys, request(endpoint.clone()), sender).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    let asked = &server.asked()[0];
    assert_eq!(asked.header("authorization"), Some("Bearer sk-from-a-command-1234567890"));
    assert_eq!(
        (asked.header("x-team"), asked.header("x-api-token")),
        (Some("payments"), Some("tok-very-secret-987"))
    );
    assert_eq!(asked.body["service_tier"], "flex");
    assert_eq!(asked.body["stream_options"], json!({ "include_usage": true, "extra": true }));
    let shown = format!("{:?} {:?} {:?}", loaded.keys, loaded.settings, loaded.settings.profiles);
    for secret in ["sk-from-a-command", "tok-very-secret"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(
            !loaded.keys.redact(&format!("say {secret}-1234567890 {secret}-987")).contains("very-secret-987")
        );
    }
}

#[tokio::test]
async fn a_profile_says_whether_the_model_thinks() {
    for (model, thinking, expect) in [
        ("claude-opus-5", "{ type = \"disabled\" }", json!({ "type": "disabled" })),
        ("claude-opus-5", "{ display = \"omitted\" }", json!({ "type": "adaptive", "display": "omitted" })),
        (
            "claude-sonnet-4-5",
            "{ type = \"enabled\", budget_tokens = 2048 }",
            json!({ "type": "enabled", "budget_tokens": 2048 }),
        ),
    ] {
        let server = Server::start();
        let user = format!(
            "provider = \"work\"\n[profiles.work]\nbase_url = \"{}\"\nprotocol = \"anthropic\"\nmodels = [\"{model}\"]\n\
             body = {{ thinking = {thinking} }}\n",
            server.url()
        );
        let loaded = load(&user, "", &[], &flags("", "", ""));
        let Choice::Endpoint(endpoint) = &loaded.settings.choice else { panic!("no endpoint") };
        let (sender, _receiver) = unbounded_channel();
        ask(&Http::new(patient()), &loaded.keys, request(endpoint.clone()), sender).await;
        assert_eq!(server.asked()[0].body["thinking"], expect, "{model}");
    }
}

#[tokio::test]
async fn a_command_that_gives_no_key_is_named_with_what_it_said() {
    let server = Server::start();
    for (command, told) in [
        ("false", "it ended with exit code 1."),
        ("no-such-program-here x", "cannot be run"),
        ("sh -c 'echo gpg: no such entry >&2; exit 2'", "it ended with exit code 2: gpg: no such entry."),
        ("true", "its first line holds no key"),
        ("cat 'open", "a quote in it is not closed"),
    ] {
        let user = profile(&server.url(), &format!("key_command = {command:?}"));
        let loaded = load(&user, "", &[("TEAM_TOKEN", "t")], &flags("", "", ""));
        let Choice::Endpoint(endpoint) = &loaded.settings.choice else { panic!("no endpoint") };
        let (sender, _receiver) = unbounded_channel();
        let outcome = ask(&Http::new(quick()), &loaded.keys, request(endpoint.clone()), sender).await;
        let failure = crate::failure(outcome);
        assert!(
            failure.what.contains("The key_command for work gave no key: ") && failure.what.contains(told),
            "{failure:?}"
        );
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_command_that_takes_its_time_is_not_cut_off_by_the_limit_of_the_list() {
    let server = Server::start();
    let command = "key_command = \"sh -c 'sleep 2; echo sk-from-a-slow-command'\"";
    let loaded = load(&profile(&server.url(), command), "", &[("TEAM_TOKEN", "t")], &flags("", "", ""));
    let Choice::Endpoint(endpoint) = &loaded.settings.choice else { panic!("no endpoint") };
    let found = look(&Http::new(patient()), &loaded.keys, endpoint, Duration::from_millis(1_500)).await;
    assert!(matches!(found, Found::Has(_)), "{found:?}");
    let asked = &server.requests()[0];
    assert_eq!(asked.header("authorization"), Some("Bearer sk-from-a-slow-command"));
}

#[test]
fn profiles_are_the_users_alone_and_what_is_wrong_is_named() {
    let project = "[profiles.evil]\nbase_url = \"http://evil.example\"\n";
    let loaded = load("", project, &[], &flags("", "", ""));
    assert_eq!((loaded.settings.choice, loaded.settings.profiles), (Choice::Discover, Vec::new()));
    assert!(loaded.warnings[0].contains("only your own config.toml may set it"), "{:?}", loaded.warnings);
    let user = "[profiles.openai]\nbase_url = \"http://h\"\n[profiles.\"a b\"]\nbase_url = \"http://h\"\n[profiles.none]\n\
                [profiles.good]\nbase_url = \"http://h:1/v1/messages\"\nkye_env = \"X\"\nmodels = \"one\"\nkey_env = \"NOT_SET\"\n";
    let loaded = load(user, "", &[], &flags("good", "m", ""));
    let Choice::Endpoint(endpoint) = loaded.settings.choice else { panic!("no endpoint") };
    assert_eq!(
        (endpoint.protocol, endpoint.base_url.as_str(), endpoint.model.as_str()),
        (Protocol::Anthropic, "http://h:1", "m")
    );
    let all = loaded.warnings.join("\n");
    for told in [
        "profiles.openai: a provider of that name is known already",
        "profiles.a b: a name is made of small letters",
        "profiles.none: it must say its `base_url`",
        "profiles.good.kye_env: there is no such field",
        "profiles.good.models: it must be a list of models",
        "profiles.good.key_env: the variable NOT_SET is not set",
    ] {
        assert!(all.contains(told), "{told}\n{all}");
    }
}

#[test]
fn the_roster_is_who_has_a_key_the_profiles_and_this_machine() {
    let names = |loaded: &dictum::io::config::Loaded| {
        let of = |endpoint: &Endpoint| format!("{} {}", endpoint.provider, endpoint.base_url);
        loaded.settings.roster.iter().map(of).collect::<Vec<_>>()
    };
    let here = [
        "ollama http://127.0.0.1:11434",
        "lmstudio http://127.0.0.1:1234/v1",
        "llamacpp http://127.0.0.1:8080/v1",
    ];
    assert_eq!(names(&load("", "", &[], &flags("", "", ""))), here);
    let env = [("GROQ_API_KEY", "k"), ("ANTHROPIC_API_KEY", "k"), ("OLLAMA_HOST", "10.0.0.9")];
    let user =
        "provider = \"openai\"\nbase_url = \"http://h:1\"\n[profiles.work]\nbase_url = \"http://w:1\"\n";
    let expect = [
        "openai http://h:1/v1",
        "work http://w:1/v1",
        "anthropic https://api.anthropic.com",
        "groq https://api.groq.com/openai/v1",
        "ollama http://10.0.0.9:11434",
    ];
    assert_eq!(names(&load(user, "", &env, &flags("", "", "")))[..5], expect);
}

#[test]
fn a_key_that_was_pasted_counts_like_one_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("dictum");
    fs::create_dir(&config).unwrap();
    fs::write(config.join("keys.toml"), "gemini = \"AIza-stored-key-0123456789\"\n").unwrap();
    let home = folder.path().display().to_string();
    let load = |env: &[(&str, &str)]| {
        dictum::io::config::load_with(&flags("", "", ""), folder.path(), &|name| match name {
            "XDG_CONFIG_HOME" => Some(home.clone()),
            _ => env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string()),
        })
    };
    let key = |loaded: &dictum::io::config::Loaded| {
        use secrecy::ExposeSecret;
        loaded.keys.get("gemini").map(|key| key.expose_secret().to_string())
    };
    let loaded = load(&[]);
    assert!(matches!(&loaded.settings.choice, Choice::Endpoint(endpoint) if endpoint.provider == "gemini"));
    assert_eq!(key(&loaded).as_deref(), Some("AIza-stored-key-0123456789"));
    assert!(loaded.warnings[0].contains("chmod 600"), "{:?}", loaded.warnings);
    assert_eq!(key(&load(&[("GEMINI_API_KEY", "from-env")])).as_deref(), Some("from-env"));
}

#[test]
fn a_key_in_the_keyring_counts_where_dictum_can_read_it_and_else_it_is_said_what_to_do() {
    use dictum::domain::settings::KeyStore;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("dictum");
    fs::create_dir(&config).unwrap();
    fs::write(config.join("keys.toml"), "gemini = { in = \"keyring\" }\n").unwrap();
    fs::write(config.join("config.toml"), "key_store = \"keyring\"\n").unwrap();
    let home = folder.path().display().to_string();
    let loaded = dictum::io::config::load_with(&flags("", "", ""), folder.path(), &|name| {
        (name == "XDG_CONFIG_HOME").then(|| home.clone())
    });
    let told = loaded.warnings.join("\n");
    let built_in = dictum::io::keyring::IS_BUILT_IN;
    assert_eq!(loaded.keys.has("gemini"), built_in);
    let store = if built_in { KeyStore::Keyring } else { KeyStore::File };
    assert_eq!(loaded.settings.key_store, store);
    for words in [
        "config.toml: key_store: this dictum was built without the system keyring, so /login keeps keys in keys.toml; build dictum with `--features keyring` to use it, or set key_store = \"file\".",
        "keys.toml: the key for gemini lies in the system keyring, which this dictum was built without; build dictum with `--features keyring`, or give the key again with /login.",
    ] {
        assert_eq!(told.contains(words), !built_in, "{told}");
    }
}
