//! What the keymap promises: defaults without conflicts, settings that hold, warnings that name what is wrong.

use crossterm::event::KeyCode;

use super::*;

fn built(text: &str) -> (Keymap, Vec<String>) {
    let value = toml::Value::Table(text.parse().expect("valid TOML"));
    let (overrides, refused) = crate::domain::settings::keys::read("config.toml", &value);
    assert!(refused.is_empty(), "{refused:?}");
    Keymap::build(ACTIONS, &overrides)
}

fn key(words: &str) -> KeyEvent {
    let (code, modifiers) = match words {
        "ctrl+b" => (KeyCode::Char('b'), KeyModifiers::CONTROL),
        "ctrl+7" => (KeyCode::Char('7'), KeyModifiers::CONTROL),
        "shift+enter" => (KeyCode::Enter, KeyModifiers::SHIFT),
        "left" => (KeyCode::Left, KeyModifiers::NONE),
        "pageup" => (KeyCode::PageUp, KeyModifiers::NONE),
        "f1" => (KeyCode::F(1), KeyModifiers::NONE),
        "f16" => (KeyCode::F(16), KeyModifiers::NONE),
        "2" => (KeyCode::Char('2'), KeyModifiers::NONE),
        other => panic!("{other}"),
    };
    KeyEvent::new(code, modifiers)
}

#[test]
fn every_default_key_is_readable_and_unique_in_its_context() {
    let mut seen: HashMap<(Context, Chord), &str> = HashMap::new();
    for row in ACTIONS {
        for key in row.keys {
            let chord = Chord::parse(key).unwrap_or_else(|| panic!("{key} is no key"));
            assert_eq!(seen.insert((row.context, chord), row.id), None, "{key} twice: {}", row.id);
        }
    }
    assert_eq!(Keymap::build(ACTIONS, &Overrides::default()).1, Vec::<String>::new());
}

#[test]
fn a_key_that_is_given_is_taken_from_the_default_and_that_is_said() {
    let (map, warnings) = built(r#""scroll.page-up" = ["pageup", "ctrl+b"]"#);
    assert_eq!(map.action(Context::Prompt, key("ctrl+b")), Some(Action::PageUp));
    assert_eq!(map.action(Context::Prompt, key("left")), Some(Action::Left));
    assert_eq!(
        map.action(Context::Menu, key("pageup")),
        Some(Action::MenuPageUp),
        "the defaults shadow on purpose"
    );
    assert_eq!(
        warnings,
        [
            "config.toml: keys.scroll.page-up: ctrl+b no longer does prompt.left; \"prompt.left\" = [\"left\"] says that it is meant."
        ]
    );
    let (_, warnings) = built("\"scroll.page-up\" = [\"pageup\", \"ctrl+b\"]\n\"prompt.left\" = [\"left\"]");
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn an_empty_list_unbinds() {
    let (map, warnings) = built("help = []");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(map.action(Context::Prompt, key("f1")), None);
    assert_eq!(map.hint(Context::Everywhere, Action::Help), "");
    assert_eq!(map.told(" · ", Context::Everywhere, Action::Help, "all keys"), "");
}

#[test]
fn what_is_wrong_is_named_and_the_rest_counts() {
    let (map, warnings) = built(concat!(
        "\"scroll.pageup\" = [\"f16\"]\n",
        "octarine = [\"f7\"]\n",
        "help = [\"pgup\", \"?\", \"f16\"]\n",
        "kb = \"ctrl+shift+k\"\n",
    ));
    let expect = [
        "config.toml: keys.help: \"pgup\" is no key that can be told from others; keys are written like \"ctrl+b\", \"alt+enter\", \"pageup\" or \"f5\".",
        "config.toml: keys.help: \"?\" types a letter there, so it cannot do anything else.",
        "config.toml: keys.kb: \"ctrl+shift+k\" is no key that can be told from others; keys are written like \"ctrl+b\", \"alt+enter\", \"pageup\" or \"f5\".",
        "config.toml: keys.octarine: there is no such action; the help lists what there is, assets/settings.toml the names.",
        "config.toml: keys.scroll.pageup: there is no such action, perhaps \"scroll.page-up\" is meant.",
    ];
    assert_eq!(warnings, expect);
    assert_eq!(map.hint(Context::Everywhere, Action::Help), "F16");
    assert_eq!(map.action(Context::Review, key("f16")), Some(Action::Help));
}

#[test]
fn the_same_key_twice_in_one_place_goes_to_the_first() {
    let (map, warnings) = built("help = [\"f16\"]\nkb = [\"f16\", \"f3\"]");
    assert_eq!(warnings, ["config.toml: keys.kb: f16 is set for help too, which has it."]);
    assert_eq!(map.action(Context::Prompt, key("f16")), Some(Action::Help));
    assert_eq!(map.hint(Context::Everywhere, Action::Knowledge), "F3");
}

#[test]
fn a_key_that_hides_a_general_one_is_named() {
    let (map, warnings) = built("\"prompt.undo\" = [\"f1\"]");
    let expect =
        "config.toml: keys.prompt.undo: f1 does this where “Prompt” has the focus, and help elsewhere only.";
    assert_eq!(warnings, [expect]);
    assert_eq!(map.action(Context::Prompt, key("f1")), Some(Action::Undo));
    assert_eq!(map.action(Context::Review, key("f1")), Some(Action::Help));
}

#[test]
fn a23_a_key_works_also_where_the_terminal_sends_another_code_for_it() {
    let (map, warnings) = built("\"prompt.undo\" = [\"ctrl+/\"]");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(map.action(Context::Prompt, key("ctrl+7")), Some(Action::Undo));
}

#[test]
fn a23_keys_are_told_where_the_terminal_reports_them() {
    let mut map = Keymap::default();
    assert_eq!(map.hint(Context::Prompt, Action::Newline), "Alt+Enter");
    map.learn(key("f1"));
    map.learn(KeyEvent::new(KeyCode::Char('['), KeyModifiers::CONTROL | KeyModifiers::ALT));
    assert_eq!(map.keyboard, Keyboard::Legacy, "neither a function key nor AltGr shows anything");
    map.learn(key("shift+enter"));
    assert_eq!(map.hint(Context::Prompt, Action::Newline), "Shift+Enter");
}

#[test]
fn the_place_of_a_key_counts() {
    assert_eq!(Keymap::default().nth(Context::Review, key("2")), Some(2));
    let (map, _) = built("\"review.pick\" = [\"f1\", \"f16\"]");
    assert_eq!(map.nth(Context::Review, key("f16")), Some(2));
}
