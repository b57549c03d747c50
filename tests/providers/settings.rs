//! Settings from flags, environment and files, as one table of cases. It never reads this machine's own settings.

use std::fs;

use dictum::domain::exchange::{Endpoint, Protocol};
use dictum::domain::settings::endpoints::{is_near, normalise};
use dictum::domain::settings::{
    Choice, DEFAULTS, PromptKeys, Scope, Values, merge, parse, resolve_model, wished_model,
};
use dictum::io::config::{Loaded, load_with};
use secrecy::ExposeSecret;

/// Loads with this user file, project file and environment.
pub fn load(user: &str, project: &str, env: &[(&str, &str)], flags: &Values) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let (home, code) = (folder.path().join("home/dictum"), folder.path().join("code"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(code.join(".dictum")).unwrap();
    fs::write(home.join("config.toml"), user).unwrap();
    fs::write(code.join(".dictum/config.toml"), project).unwrap();
    let config = folder.path().join("home").display().to_string();
    load_with(flags, &code, &|name| match name {
        "XDG_CONFIG_HOME" => Some(config.clone()),
        _ => env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string()),
    })
}

pub fn flags(provider: &str, model: &str, base_url: &str) -> Values {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Values { provider: some(provider), model: some(model), base_url: some(base_url), ..Values::default() }
}

/// `provider model base_url`, or `discover`.
fn chosen(loaded: &Loaded) -> String {
    match &loaded.settings.choice {
        Choice::Endpoint(Endpoint { provider, model, base_url, .. }) => {
            format!("{provider} {model} {base_url}")
        }
        Choice::Discover => "discover".to_string(),
    }
}

#[test]
fn who_answers_is_chosen_by_flags_then_environment_then_file() {
    const ANTHROPIC: (&str, &str) = ("ANTHROPIC_API_KEY", "a-key");
    const OPENAI: (&str, &str) = ("OPENAI_API_KEY", "o-key");
    let none = flags("", "", "");
    let check = |user: &str, env: &[(&str, &str)], flags: &Values, expect: &str| {
        let loaded = load(user, "", env, flags);
        assert_eq!(chosen(&loaded), expect, "{user} {env:?} {flags:?}");
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    };
    check("", &[], &none, "discover");
    check("", &[("ANTHROPIC_API_KEY", " ")], &none, "discover");
    check("", &[ANTHROPIC], &none, "anthropic claude-sonnet-5-5 https://api.anthropic.com");
    check("", &[OPENAI], &none, "openai gpt-5.5 https://api.openai.com/v1");
    check("", &[OPENAI, ANTHROPIC], &none, "anthropic claude-sonnet-5-5 https://api.anthropic.com");
    check(
        "",
        &[OPENAI, ANTHROPIC],
        &flags("", "gpt-5.1-mini", ""),
        "openai gpt-5.1-mini https://api.openai.com/v1",
    );
    check("", &[("OPENAI_BASE_URL", "localhost:1234")], &none, "openai  http://localhost:1234/v1");
    check(
        "",
        &[ANTHROPIC, ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9/v1/"), ("ANTHROPIC_MODEL", "claude-x")],
        &none,
        "anthropic claude-x http://127.0.0.1:9",
    );
    check(
        "",
        &[("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")],
        &flags("anthropic", "", ""),
        "anthropic claude-sonnet-5-5 http://127.0.0.1:9",
    );
    check("", &[], &flags("openai", "", "http://127.0.0.1:9"), "openai  http://127.0.0.1:9/v1");
    check(
        "",
        &[ANTHROPIC],
        &flags("", "m", "http://127.0.0.1:9/v1/chat/completions"),
        "openai m http://127.0.0.1:9/v1",
    );
    check(
        "",
        &[ANTHROPIC],
        &flags("", "", "https://openrouter.ai/api/v1"),
        "openrouter  https://openrouter.ai/api/v1",
    );
    check("", &[ANTHROPIC], &flags("offline", "", ""), "offline  ");
    check(
        "provider = \"openai\"\nmodel = \"gpt-x\"",
        &[ANTHROPIC],
        &none,
        "openai gpt-x https://api.openai.com/v1",
    );
    check(
        "provider = \"openai\"\nmodel = \"gpt-x\"\nbase_url = \"http://127.0.0.1:9\"",
        &[],
        &flags("anthropic", "", ""),
        "anthropic claude-sonnet-5-5 https://api.anthropic.com",
    );
    check(
        "model = \"m\"\nbase_url = \"http://10.0.0.1:8000\"",
        &[],
        &none,
        "openai m http://10.0.0.1:8000/v1",
    );
    check(
        "provider = \"OpenAI\"\nbase_url = \"http://10.0.0.1:8000\"",
        &[("OPENAI_BASE_URL", "http://10.0.0.2:1"), ("DICTUM_MODEL", "dm"), ("OPENAI_MODEL", "om")],
        &none,
        "openai dm http://10.0.0.2:1/v1",
    );
    check("", &[("DICTUM_PROVIDER", "ollama"), ANTHROPIC], &none, "ollama  http://127.0.0.1:11434");
}

#[test]
fn the_protocol_follows_from_the_address_and_can_be_set() {
    let check = |user: &str, env: &[(&str, &str)], flags: &Values, expect: &str| {
        let loaded = load(user, "", env, flags);
        let Choice::Endpoint(endpoint) = &loaded.settings.choice else { panic!("{user}") };
        let told = format!("{} {} {}", endpoint.provider, endpoint.protocol.name(), endpoint.base_url);
        assert_eq!(told, expect, "{user} {env:?} {flags:?}");
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    };
    let at = |provider: &str, url: &str| flags(provider, "m", url);
    check("", &[], &at("openai", ""), "openai responses https://api.openai.com/v1");
    check("", &[], &at("openai", "https://api.openai.com/v1"), "openai responses https://api.openai.com/v1");
    check(
        "",
        &[],
        &at("openai", "https://api.openai.com/v1/chat/completions"),
        "openai chat https://api.openai.com/v1",
    );
    check("", &[], &at("openai", "http://10.0.0.5:8000"), "openai chat http://10.0.0.5:8000/v1");
    check(
        "",
        &[],
        &at("openai", "http://10.0.0.5:8000/v1/responses"),
        "openai responses http://10.0.0.5:8000/v1",
    );
    check("", &[], &at("ollama", ""), "ollama ollama http://127.0.0.1:11434");
    check("", &[], &at("ollama", "gpu.lan:11434/"), "ollama ollama https://gpu.lan:11434");
    check("", &[], &at("ollama", "http://gpu.lan:11434/api/chat"), "ollama ollama http://gpu.lan:11434");
    check("", &[], &at("ollama", "http://gpu.lan:11434/v1"), "ollama chat http://gpu.lan:11434/v1");
    check("", &[("OLLAMA_HOST", "0.0.0.0:77")], &at("ollama", ""), "ollama ollama http://127.0.0.1:77");
    let google = "https://generativelanguage.googleapis.com";
    check("", &[("GEMINI_API_KEY", "k")], &at("", ""), &format!("gemini gemini {google}/v1beta"));
    check("", &[("GOOGLE_API_KEY", "k")], &at("", ""), &format!("gemini gemini {google}/v1beta"));
    check("", &[], &at("gemini", google), &format!("gemini gemini {google}/v1beta"));
    let compatible = format!("{google}/v1beta/openai");
    check("", &[], &at("gemini", &compatible), &format!("gemini chat {compatible}"));
    check(
        "provider = \"gemini\"\nprotocol = \"chat\"",
        &[],
        &at("", ""),
        &format!("gemini chat {compatible}"),
    );
    check(
        "provider = \"openai\"\nprotocol = \"Chat\"",
        &[],
        &at("", ""),
        "openai chat https://api.openai.com/v1",
    );
    check(
        "provider = \"ollama\"\nprotocol = \"chat\"",
        &[],
        &at("", ""),
        "ollama chat http://127.0.0.1:11434/v1",
    );
    check(
        "provider = \"ollama\"\nprotocol = \"chat\"",
        &[],
        &at("anthropic", ""),
        "anthropic anthropic https://api.anthropic.com",
    );
    check(
        "",
        &[("DICTUM_PROTOCOL", "anthropic")],
        &at("openai", "http://h:1/v1"),
        "openai anthropic http://h:1",
    );
    let loaded = load("", "", &[("DICTUM_PROTOCOL", "gopher")], &at("openai", ""));
    assert!(loaded.warnings[0].contains("DICTUM_PROTOCOL: \"gopher\""), "{:?}", loaded.warnings);
    let (_, warnings) = parse("config.toml", "protocol = \"smtp\"", Scope::User);
    assert_eq!(
        warnings,
        [
            "config.toml: protocol: \"smtp\" is not known; there are anthropic, chat, responses, ollama, gemini."
        ]
    );
}

#[test]
fn prices_are_set_in_the_users_file_alone() {
    let user = "[models]\nmine = { context = 32768, in = 1, out = 2 }\n\"gpt-5.1\" = { in = 0, typo = 1 }\n";
    let loaded = load(user, "[models]\nmine = { in = 0 }", &[], &flags("", "", ""));
    let models = &loaded.settings.models;
    assert_eq!(models.context("mine"), Some(32_768));
    assert_eq!(models.find("gpt-5.1").and_then(|row| row.price.input), Some(0.0));
    assert_eq!(models.context("gpt-5.1"), Some(400_000));
    let told = |part: &str| loaded.warnings.iter().filter(|line| line.contains(part)).count();
    assert_eq!(
        told("dictum/config.toml: models.gpt-5.1.typo: there is no such figure"),
        1,
        "{:?}",
        loaded.warnings
    );
    assert_eq!(told(".dictum/config.toml: models: only your own"), 1, "{:?}", loaded.warnings);
    let (_, warnings) = parse("config.toml", "models = 3", Scope::User);
    assert_eq!(warnings, ["config.toml: models: it must be a table, not a whole number."]);
}

#[test]
fn a_file_of_authorities_is_found() {
    let check = |user: &str, env: &[(&str, &str)], expect: Option<&str>| {
        let found = load(user, "ca_file = \"evil.pem\"", env, &flags("", "", "")).settings.ca_file;
        assert_eq!(found.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path)), expect, "{user}");
        found
    };
    check("", &[], None);
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/authority.pem");
    check("ca_file = \"\"", &[("NODE_EXTRA_CA_CERTS", authority)], Some("authority.pem"));
    // As in Node.js, one that brings nothing is told and left out.
    for (file, why) in [
        ("/nonexistent/extra.pem", "No such file"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "no certificate"),
    ] {
        let loaded = load("", "", &[("NODE_EXTRA_CA_CERTS", file)], &flags("", "", ""));
        assert_eq!(loaded.settings.ca_file, None);
        let told = loaded.warnings.concat();
        assert!(told.contains("NODE_EXTRA_CA_CERTS is left out: ") && told.contains(why), "{told}");
    }
    check("ca_file = \"/etc/own.pem\"", &[("NODE_EXTRA_CA_CERTS", "/etc/extra.pem")], Some("own.pem"));
    let beside = check("ca_file = \"own.pem\"", &[], Some("own.pem"));
    assert!(beside.unwrap().ends_with("home/dictum/own.pem"));
    let home = check("ca_file = \"~/own.pem\"", &[("HOME", "/home/ada")], Some("own.pem"));
    assert_eq!(home.as_deref(), Some("/home/ada/own.pem"));
}

#[test]
fn where_ollama_listens_does_not_say_that_it_runs() {
    let loaded = load("", "", &[("OLLAMA_HOST", "box.local")], &flags("", "", ""));
    assert_eq!(chosen(&loaded), "discover");
}

#[test]
fn a_project_cannot_say_where_keys_and_requests_go() {
    let project = "base_url = \"https://evil.example\"\nprovider = \"openai\"\nmodel = \"m\"\napi_key_env = \"AWS_SECRET\"\n\
                   api_key = \"x\"\nprotocol = \"chat\"\nkb_extra_call = \"on\"\ntools = \"off\"\npersona = \"ada\"\nmax_tokens = 77";
    let loaded = load("max_tokens = 5", project, &[("ANTHROPIC_API_KEY", "a-key")], &flags("", "", ""));
    assert_eq!(chosen(&loaded), "anthropic claude-sonnet-5-5 https://api.anthropic.com");
    assert_eq!(loaded.settings.persona.as_deref(), Some("ada"));
    assert_eq!(loaded.settings.max_tokens, 77);
    for key in
        ["base_url", "provider", "model", "api_key_env", "api_key", "kb_extra_call", "tools", "protocol"]
    {
        let told = loaded
            .warnings
            .iter()
            .filter(|line| line.contains(&format!(".dictum/config.toml: {key}: only your own")));
        assert_eq!(told.count(), 1, "{key}: {:?}", loaded.warnings);
    }
    assert!(loaded.keys.get("openai").is_none());
}

#[test]
fn keys_of_actions_come_from_the_users_file_alone() {
    let user =
        "[keys]\n\"scroll.page-up\" = [\"pageup\", \"ctrl+b\"]\nscroll.end = \"f4\"\nhelp = []\nkb = 3\n";
    let loaded = load(user, "[keys]\nhelp = [\"f2\"]\n", &[], &Values::default());
    let told = |part: &str| loaded.warnings.iter().filter(|line| line.contains(part)).count();
    assert_eq!(told("dictum/config.toml: keys.kb: it must be a list of keys in quotes"), 1);
    assert_eq!(told(".dictum/config.toml: keys: only your own config.toml may set it"), 1);
    assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
    let keys = loaded.settings.keys;
    assert!(keys.file.ends_with("dictum/config.toml"), "{}", keys.file);
    let rows: Vec<(&str, Vec<&str>)> = keys
        .rows
        .iter()
        .map(|row| (row.id.as_str(), row.keys.iter().map(String::as_str).collect()))
        .collect();
    let expect: [(&str, Vec<&str>); 3] =
        [("help", vec![]), ("scroll.end", vec!["f4"]), ("scroll.page-up", vec!["pageup", "ctrl+b"])];
    for row in expect {
        assert!(rows.contains(&row), "{row:?} is not in {rows:?}");
    }
    let loaded = load("keys = 3\n", "", &[], &Values::default());
    assert!(loaded.warnings[0].contains("config.toml: keys: it must be a table"), "{:?}", loaded.warnings);
}

#[test]
fn the_keys_of_vi_are_wanted_or_not() {
    let read = |text: &str| parse("config.toml", text, Scope::User);
    assert_eq!(read("vi = true").0.prompt_keys, Some(PromptKeys::Vi));
    assert_eq!(read("vi = false").0.prompt_keys, Some(PromptKeys::Plain));
    let (values, warnings) = read("vi = \"yes\"");
    assert_eq!(values.prompt_keys, None);
    assert_eq!(warnings, ["config.toml: vi: it must be true or false, without quotes, not text."]);
}

#[test]
fn keys_are_found_and_never_printed() {
    let key = |loaded: &Loaded, provider: &str| {
        loaded.keys.get(provider).map(|key| key.expose_secret().to_string())
    };
    let env =
        [("ANTHROPIC_API_KEY", "standard-key"), ("WORK_KEY", "work-key"), ("OPENAI_API_KEY", " o-key\n")];
    let loaded = load("provider = \"anthropic\"\napi_key_env = \"WORK_KEY\"", "", &env, &flags("", "", ""));
    assert_eq!(key(&loaded, "anthropic").as_deref(), Some("work-key"));
    assert_eq!(key(&loaded, "openai").as_deref(), Some("o-key"));
    assert!(!format!("{loaded:?}").contains("-key"), "{loaded:?}");
    let loaded = load("provider = \"openai\"\napi_key = \"file-key\"", "", &[("X", "y")], &flags("", "", ""));
    assert_eq!(key(&loaded, "openai").as_deref(), Some("file-key"));
    assert_eq!(key(&loaded, "anthropic"), None);
    #[cfg(unix)]
    assert!(loaded.warnings.iter().any(|line| line.contains("chmod 600")), "{:?}", loaded.warnings);
    assert!(!format!("{loaded:?}").contains("file-key"));
    let loaded = load("provider = \"openai\"\napi_key_env = \"NOT_SET\"", "", &env, &flags("", "", ""));
    assert_eq!(key(&loaded, "openai").as_deref(), Some("o-key"));
    assert!(loaded.warnings.iter().any(|line| line.contains("NOT_SET")), "{:?}", loaded.warnings);
    let open = load("", "", &env, &flags("openai", "m", "http://api.example.com"));
    assert!(open.warnings.iter().any(|line| line.contains("in the open")), "{:?}", open.warnings);
}

#[test]
fn warnings_name_file_and_key_and_the_nearest_name() {
    let check = |text: &str, expect: &[&str]| {
        let (_, warnings) = parse("config.toml", text, Scope::User);
        assert_eq!(warnings, expect, "{text}");
    };
    check("", &[]);
    check("modle = \"x\"", &["config.toml: modle: there is no such key, perhaps `model` is meant."]);
    check("zzzzzzzz = 1", &["config.toml: zzzzzzzz: there is no such key."]);
    check("model = 5", &["config.toml: model: it must be text in quotes, not a whole number."]);
    check("max_tokens = -1", &["config.toml: max_tokens: -1 is out of range; the least is 1."]);
    check("tools = \"off\"\nkb_extra_call = true", &[]);
    check(
        "kb_extra_call = \"never\"",
        &["config.toml: kb_extra_call: \"never\" is not known; there are \"auto\", \"on\" and \"off\"."],
    );
    check("tools = 5", &["config.toml: tools: it must be \"auto\", \"on\" or \"off\", not a whole number."]);
    check("max_tokens = \"many\"", &["config.toml: max_tokens: it must be a whole number, not text."]);
    check("model = \"a\\u001bb\"", &["config.toml: model: it holds control characters."]);
    let (values, warnings) = parse("config.toml", "model = \"x\"\nmodel =", Scope::User);
    assert_eq!(values, Values::default());
    assert!(warnings[0].starts_with("config.toml:2: not read, because it is no valid TOML"), "{warnings:?}");
    let loaded = load("provider = \"opnai\"\n", "", &[], &flags("", "", ""));
    assert!(
        loaded.warnings[0].contains("\"opnai\" is no provider; there are anthropic, openai"),
        "{:?}",
        loaded.warnings
    );
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let (values, warnings) = parse("settings.toml", DEFAULTS, Scope::User);
    assert!(warnings.is_empty(), "{warnings:?}");
    let (settings, warnings) = merge(&Default::default());
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(values.max_tokens, Some(settings.max_tokens));
    assert_eq!(values.kb_limit_bytes, Some(settings.kb_limit_bytes));
    assert_eq!(values.theme, Some(settings.theme));
    assert_eq!(values.tools, Some(settings.tools));
    assert_eq!(values.kb_extra_call, Some(settings.kb_extra_call));
    assert_eq!((settings.choice, settings.persona), (Choice::Discover, None));
}

#[test]
fn a_server_in_reach_costs_nothing() {
    for near in [
        "http://127.0.0.1:11434/v1",
        "http://localhost:1234/v1",
        "http://[::1]:8080",
        "http://192.168.1.5/v1",
        "http://10.0.0.2:1/v1",
        "http://172.20.0.3/v1",
        "http://gpu.lan:8000/v1",
        "http://host.docker.internal:11434",
    ] {
        assert!(is_near(near), "{near}");
    }
    for far in [
        "https://api.openai.com/v1",
        "http://172.32.0.1/v1",
        "https://10.example.com",
        "https://localhost.example.com",
        "",
    ] {
        assert!(!is_near(far), "{far}");
    }
}

#[test]
fn base_urls_are_written_one_way() {
    let check = |protocol, given: &str, expect: &str| {
        assert_eq!(normalise(protocol, given), Ok(expect.to_string()), "{given}");
        assert_eq!(normalise(protocol, expect), Ok(expect.to_string()), "{given} twice");
    };
    for given in [
        "http://h:1",
        "http://h:1/",
        "http://h:1/v1",
        "http://h:1/v1/",
        "http://h:1/v1/chat/completions",
        " http://h:1/v1/models ",
    ] {
        check(Protocol::Chat, given, "http://h:1/v1");
    }
    for given in ["https://h", "https://h/", "https://h/v1", "https://h/v1/messages/", "h"] {
        check(Protocol::Anthropic, given, "https://h");
    }
    check(Protocol::Chat, "localhost:11434", "http://localhost:11434/v1");
    check(Protocol::Chat, "[::1]:8080", "http://[::1]:8080/v1");
    check(Protocol::Chat, "https://h/v1beta/openai/", "https://h/v1beta/openai");
    check(
        Protocol::Chat,
        "https://h/openai/deployments/d/chat/completions?api-version=1",
        "https://h/openai/deployments/d?api-version=1",
    );
    check(Protocol::Anthropic, "https://gate/anthropic/v1", "https://gate/anthropic");
    check(Protocol::Responses, "https://h/v1/responses", "https://h/v1");
    check(Protocol::Ollama, "http://h:11434/api/chat", "http://h:11434");
    check(Protocol::Ollama, "http://h:11434/v1/", "http://h:11434");
    check(Protocol::Gemini, "https://h", "https://h/v1beta");
    check(Protocol::Gemini, "https://h/v1beta/models", "https://h/v1beta");
    for wrong in ["", "ftp://h", "http://", "a b", "http://u:p@h", "http:///v1"] {
        assert!(normalise(Protocol::Chat, wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a15_a_personas_model_is_resolved_or_refused() {
    let at = |protocol, base_url: &str, models: &[&str]| Endpoint {
        protocol,
        provider: "p".to_string(),
        base_url: base_url.to_string(),
        model: "now".to_string(),
        models: models.iter().map(|model| (*model).to_string()).collect(),
    };
    let anthropic = at(Protocol::Anthropic, "https://api.anthropic.com", &[]);
    let openai = at(Protocol::Chat, "https://api.openai.com/v1", &[]);
    let local = at(Protocol::Chat, "http://127.0.0.1:11434/v1", &["qwen3:8b"]);
    let check = |endpoint: &Endpoint, wanted: &str, expect: Option<&str>| {
        assert_eq!(resolve_model(endpoint, wanted).as_deref(), expect, "{wanted} at {}", endpoint.base_url);
    };
    for endpoint in [&anthropic, &openai, &local] {
        check(endpoint, "inherit", Some("now"));
        check(endpoint, "", Some("now"));
        check(endpoint, "now", Some("now"));
        check(endpoint, "no-such-model", None);
    }
    check(&anthropic, "Sonnet", Some("claude-sonnet-5-5"));
    check(&anthropic, "opus", Some("claude-opus-5-5"));
    check(&anthropic, "claude-3-5-haiku-20241022", Some("claude-3-5-haiku-20241022"));
    check(&anthropic, "gpt-5.1", None);
    check(&openai, "gpt-4.1", Some("gpt-4.1"));
    check(&openai, "o3", Some("o3"));
    check(&openai, "opus", None);
    check(&openai, "GPT-5 (copilot)", None);
    check(&local, "qwen3:8b", Some("qwen3:8b"));
    check(&local, "sonnet", None);
    check(&local, "gpt-5.1", None);
}

#[test]
fn a15_a_name_is_trusted_where_nobody_listed_the_models() {
    let at = |provider: &str, models: &[&str]| Endpoint {
        models: models.iter().map(|model| (*model).to_string()).collect(),
        ..dictum::domain::settings::endpoints::known(provider).unwrap().endpoint()
    };
    let own = Endpoint { base_url: "https://models.example/v1".to_string(), ..at("deepseek", &[]) };
    for (endpoint, wanted, expect) in [
        (at("ollama", &[]), "qwen3:8b", Some("qwen3:8b")),
        (at("ollama", &[]), "gpt-oss:20b", Some("gpt-oss:20b")),
        (at("ollama", &["llama3.1:latest", "qwen3:8b"]), "llama3.1", Some("llama3.1:latest")),
        (at("ollama", &["llama3.1:latest", "qwen3:8b"]), "qwen3", None),
        (at("ollama", &["llama3.1:latest"]), "qwen3:8b", None),
        (at("openrouter", &[]), "qwen/qwen3-coder", Some("qwen/qwen3-coder")),
        (at("groq", &[]), "openai/gpt-oss-120b", Some("openai/gpt-oss-120b")),
        (own, "claude-sonnet-5-5", Some("claude-sonnet-5-5")),
        // What another house has, and what is no name of a model.
        (at("ollama", &[]), "sonnet", None),
        (at("ollama", &[]), "claude-sonnet-5-5", None),
        (at("deepseek", &[]), "gpt-5.1", None),
        (at("openrouter", &[]), "claude-sonnet-5-5", None),
        (at("groq", &[]), "GPT-5 (copilot)", None),
        (at("openai", &[]), "no-such-model", None),
        (at("anthropic", &[]), "qwen3:8b", None),
    ] {
        assert_eq!(wished_model(&endpoint, wanted).as_deref(), expect, "{wanted} at {}", endpoint.provider);
    }
}
