//! `dictum doctor` in the real program: what it finds, in text and in JSON, its exit code, and that it shows no key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;

use crate::pty::Desk;
use crate::server::{Reply, Server};

const KEY: &str = "sk-ant-api03-doctor-secret-abcdefghijk";

fn run(desk: &Desk, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dictum"));
    command.env_clear().args(arguments).current_dir(desk.path(""));
    for (name, folder) in [("HOME", "home"), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")] {
        command.env(name, desk.outside(folder));
    }
    // Nothing listens there.
    command.env("OLLAMA_HOST", "127.0.0.1:1").envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn all_is_well_and_a_real_request_is_made_only_on_demand() {
    let server = Server::start();
    server.set_models(&["claude-sonnet-5-5"]);
    let desk = Desk::bare(&[]).kb("- Use pnpm.\n");
    let variables = [("ANTHROPIC_BASE_URL", server.url()), ("ANTHROPIC_API_KEY", KEY.to_string())];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let output = run(&desk, &["doctor"], &variables);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for words in [
        "anthropic has a key, from ANTHROPIC_API_KEY.",
        "anthropic answers at http://127.0.0.1:",
        "lists 1 models.",
        "ollama, a server of this machine, does not run.",
        "KB.md       KB.md 1 directive",
        "can speak.",
        "can be read by you alone.",
        "No session was kept yet.",
        "No proxy is set.",
        "Nothing is broken",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    assert!(server.asked().is_empty() && !told.contains("doctor-secret"));
    let output = run(&desk, &["doctor", "--online", "--json"], &variables);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["broken"], 0);
    let replied = |finding: &Value| {
        finding["what"].as_str().unwrap().starts_with("claude-sonnet-5-5 of anthropic replied")
    };
    assert!(value["findings"].as_array().unwrap().iter().any(replied), "{value:#}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_is_broken_is_named_with_what_to_do_and_gives_exit_code_1() {
    let server = Server::start();
    let refusal = format!("{{\"error\":{{\"message\":\"invalid x-api-key {KEY}\"}}}}");
    server.fix("/models", Reply::status(401, "application/json", &refusal));
    let desk = Desk::bare(&[]);
    fs::create_dir(desk.path("KB.md")).unwrap();
    desk.write(".dictum/personas/bad.md", [0xff, 0xfe, 0x00]);
    fs::create_dir_all(desk.outside("config/dictum")).unwrap();
    fs::write(desk.outside("config/dictum/config.toml"), "thme = \"dark\"\n").unwrap();
    let state = desk.outside("state/dictum/sessions");
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("sessions.db"), "this is no database at all, whatever it is called").unwrap();
    fs::set_permissions(state.join("sessions.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let url = server.url();
    let variables = [
        ("ANTHROPIC_BASE_URL", url.as_str()),
        ("ANTHROPIC_API_KEY", KEY),
        ("HTTPS_PROXY", "http://user:pass-word@127.0.0.1:1"),
        ("SSL_CERT_FILE", "/nonexistent/bundle.pem"),
    ];
    let output = run(&desk, &["doctor"], &variables);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for words in [
        "there is no such key, perhaps `theme` is meant",
        "anthropic did not accept the key (401 at http://127.0.0.1:",
        "HTTPS_PROXY leads through 127.0.0.1, with a login.",
        "https cannot be spoken: SSL_CERT_FILE names /nonexistent/bundle.pem, which is not there.",
        "is a directory",
        "bad.md cannot speak",
        "Other users can read",
        "The sessions cannot be read",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    assert!(!told.contains("doctor-secret") && !told.contains("pass-word"), "{told}");
}
