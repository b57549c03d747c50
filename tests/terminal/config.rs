//! `dictum config` with the real binary, and settings that change while it runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dictum::domain::settings::DEFAULTS;
use serde_json::Value;

use crate::KB;
use crate::pty::Desk;

/// What a subcommand printed, once it ended with this code.
#[track_caller]
fn output(desk: &Desk, arguments: &[&str], code: u32) -> String {
    let mut command = desk.binary();
    command.args(arguments);
    let run = desk.start(command);
    assert_eq!(run.wait_end(), code, "{}", run.raw());
    run.raw().replace("\r\n", "\n")
}

#[test]
fn a_setting_is_changed_checked_and_shown_with_its_source() {
    let desk = Desk::bare(&[]).size(300, 60).variable("OPENAI_API_KEY", "sk-very-secret").kb(KB);
    let file = desk.outside("config/dictum/config.toml");
    assert!(output(&desk, &["config", "path"], 0).contains("config/dictum/config.toml  (not there)\n"));
    assert!(output(&desk, &["config", "init"], 0).contains("Written to"));
    assert_eq!(fs::read_to_string(&file).unwrap(), DEFAULTS);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(output(&desk, &["config", "init"], 1).contains("is there already"));

    output(&desk, &["config", "set", "theme", "light"], 0);
    output(&desk, &["config", "set", "keys.help", "f1 f5"], 0);
    output(&desk, &["config", "set", "api_key", "sk-also-secret"], 0);
    let now = fs::read_to_string(&file).unwrap();
    let comments = |text: &str| {
        text.lines().filter(|line| line.starts_with('#')).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(comments(&now), comments(DEFAULTS), "every comment stays");
    for (key, value, why) in [
        ("themee", "x", "perhaps `theme` is meant"),
        ("theme", "drak", "did you mean \"dark\"?"),
        ("max_tokens", "0", "the least is 1"),
        ("keys.nothing", "f1", "keys.nothing"),
        ("on_exit", "never", "\"never\" is not known"),
    ] {
        let told = output(&desk, &["config", "set", key, value], 2);
        assert!(told.contains(why), "{key} = {value}: {told}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), now, "nothing of it was written");

    desk.write(".dictum/config.toml", "max_tokens = 100\nbase_url = \"https://evil.example\"\n");
    let shown = output(&desk, &["config", "show"], 0);
    assert!(shown.contains("base_url: only your own config.toml may set it"), "{shown}");
    assert!(!shown.contains("sk-") && !shown.contains("evil"), "{shown}");
    let row = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(
        row("theme").contains("\"light\"") && row("theme").contains("config/dictum/config.toml"),
        "{shown}"
    );
    assert!(
        row("max_tokens").contains("100") && row("max_tokens").contains(".dictum/config.toml"),
        "{shown}"
    );
    assert!(row("provider").contains("environment: OPENAI_API_KEY"), "{shown}");
    let told = output(&desk, &["config", "show", "--json"], 0);
    // The warning on standard error comes first.
    let rows: Value = serde_json::from_str(&told[told.find("[\n").unwrap()..]).unwrap();
    let row = |key: &str| rows.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
    assert_eq!((&row("api_key")["value"], &row("api_key")["secret"]), (&Value::Null, &Value::Bool(true)));
    assert_eq!(row("theme")["from"], "user");
    let schema: Value = serde_json::from_str(&output(&desk, &["config", "schema"], 0)).unwrap();
    assert_eq!(schema["properties"]["on_exit"]["enum"], serde_json::json!(["reply", "nothing"]));
}

#[test]
fn settings_that_change_hold_at_once_and_a_broken_file_holds_nothing_up() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    fs::create_dir_all(desk.outside("config/dictum")).unwrap();
    let file = desk.outside("config/dictum/config.toml");
    fs::write(&file, "theme = \"ansi\"\n[keys]\nhelp = [\"f5\"]\n").unwrap();
    app.wait_text("settings read again: theme, keys");
    app.send("\x1b[15~");
    app.wait_text("Show this help");
    app.send("\x1b");
    app.wait_gone("Show this help");
    fs::write(&file, "theme = \"ansi\"\n[keys\n").unwrap();
    app.wait_text("config.toml:2: not read");
    app.send("\x1b[15~");
    app.wait_text("Show this help");
    app.send("\x1b");
    app.wait_gone("Show this help");
    desk.write(".dictum/config.toml", "provider = \"openai\"\n");
    fs::write(&file, "theme = \"ansi\"\n").unwrap();
    app.wait_text("provider: only your own config.toml may set it");
    app.quit();
}

#[test]
fn an_unknown_action_is_named_and_a_pipe_in_place_of_the_settings_is_told() {
    let desk = Desk::bare(&[]).size(300, 60).kb(KB);
    let file = desk.outside("config/dictum/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "[keys]\nhlep = [\"f1\"]\n").unwrap();
    assert!(output(&desk, &["config", "show"], 0).contains("keys.hlep: there is no such action"));
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert!(output(&desk, &["config", "show"], 0).contains("config.toml: not read, because it is a pipe."));
}
