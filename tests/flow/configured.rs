//! Settings that change while dictum runs: what of them holds at once, and what is said.

use dictum::domain::chat::Body;
use dictum::domain::settings::{Layers, Scope, Settings, SidePanel, Switch, merge, parse};
use dictum::protocol::message::{Event, Reread};

use crate::app::App;

fn settings(text: &str) -> Settings {
    let (user, warnings) = parse("config.toml", text, Scope::User);
    assert!(warnings.is_empty(), "{warnings:?}");
    merge(&Layers { user, ..Layers::default() }).0
}

/// The app after its settings changed from one text to the other, and what it says in the status line.
fn changed(before: &str, after: &str, warnings: &[&str]) -> (App, Option<String>) {
    let mut app = App::with_kb("- Use npm.\n");
    let warnings = warnings.iter().map(|words| words.to_string()).collect();
    let reread = Reread { before: settings(before), after: settings(after), warnings };
    app.send(Event::SettingsRead(Box::new(reread)));
    let note = app.state.screen.note.as_ref().map(|(note, _)| note.clone());
    (app, note)
}

#[test]
fn what_can_change_at_once_does_and_the_rest_is_named() {
    let (mut app, note) = changed(
        "",
        "side_panel = \"off\"\nmax_tokens = 5\ntools = \"off\"\nprovider = \"ollama\"\n[keys]\nhelp = [\"f5\"]\n",
        &[],
    );
    assert_eq!(
        note.as_deref(),
        Some(
            "settings read again: keys, side_panel, max_tokens, tools; provider, model or address: from the next start on"
        )
    );
    assert_eq!(app.state.screen.side, SidePanel::Off);
    assert_eq!(app.state.connection.max_tokens, 5);
    assert_eq!(app.state.connection.proposing.tools, Switch::Off);
    app.keys("f5");
    assert!(app.screen().contains("Help"), "{}", app.screen());
}

#[test]
fn what_the_user_changed_by_hand_stays_unless_its_setting_changes() {
    let mut app = App::with_kb("- Use npm.\n");
    app.state.screen.side = SidePanel::Off;
    let reread = Reread { before: settings(""), after: settings("max_tokens = 5\n"), warnings: Vec::new() };
    app.send(Event::SettingsRead(Box::new(reread)));
    assert_eq!(app.state.screen.side, SidePanel::Off);
}

#[test]
fn a_change_of_comments_is_no_news_and_a_warning_is() {
    let (_, note) = changed("theme = \"dark\"\n", "# Mine.\ntheme = \"dark\"\n", &[]);
    assert_eq!(note, None);
    let (app, _) = changed("", "", &["config.toml: thme: there is no such key, perhaps `theme` is meant."]);
    let told = |body: &Body| matches!(body, Body::Notice { text, .. } if text.contains("perhaps `theme`"));
    assert!(app.state.log.entries().iter().any(|entry| told(&entry.body)));
}

#[test]
fn a_broken_file_changes_nothing_and_says_where_it_is_wrong() {
    let mut app = App::with_kb("- Use npm.\n");
    let before = app.state.connection.max_tokens;
    app.send(Event::SettingsBroken(
        "/x/config.toml:3: not read, because it is no valid TOML: x.".to_string(),
    ));
    assert_eq!(app.state.connection.max_tokens, before);
    let screen = app.screen();
    assert!(screen.contains("config.toml:3") && screen.contains("go on to hold"), "{screen}");
}
