//! The side panel: where it stands, what it tells, and that it goes away for whoever wants the columns.

use crate::app::App;
use dictum::domain::kb::ground::Ground;
use dictum::domain::stack::Stack;
use dictum::protocol::message::{Effect, Event};

const KB: &str = "# KB\n\n## Tooling\n\n- Use **npm**.\n- Node 22.\n\n## Dates\n\n- Dates are in UTC.\n";

fn side(app: &App) -> String {
    let rows: Vec<String> = app.screen().lines().map(|row| row.chars().skip(104).collect()).collect();
    rows.join("\n")
}

#[test]
fn a_wide_screen_tells_persona_kb_and_session() {
    let mut app = App::with_kb(KB);
    app.resize(140, 40);
    for words in [
        "PERSONA",
        "Does installer.backend.nodejs",
        "Tooling",
        "· Use npm.",
        "· Dates are in UTC.",
        "SESSION",
    ] {
        assert!(side(&app).contains(words), "{words}\n{}", side(&app));
    }
    assert!(side(&app).contains("model     model-1 · openai"), "{}", side(&app));
    app.turn("from now on use pnpm");
    assert!(side(&app).contains("messages  1"), "{}", side(&app));
    assert!(side(&app).contains("pending   1 edit · Ctrl+K"), "{}", side(&app));
    app.keys("ctrl+k");
    app.after(600);
    app.keys("s");
    assert!(side(&app).contains("rules     1 for this session"), "{}", side(&app));
    app.kb_changes("# KB\n\n## Other\n\n- Be brief.\n");
    assert!(side(&app).contains("· Be brief.") && !side(&app).contains("Use npm"), "{}", side(&app));
    app.say("/persona reviewer");
    assert!(side(&app).contains("Does reviewer work"), "{}", side(&app));
}

#[test]
fn a_long_kb_shows_each_heading_before_the_second_directive_of_any() {
    let section = |at: usize| format!("## Part {at}\n\n{}\n", format!("- Rule of part {at}.\n").repeat(9));
    let kb: String = (1..=6).map(section).collect();
    let mut app = App::with_kb(&kb);
    app.resize(140, 40);
    for at in 1..=6 {
        assert!(side(&app).contains(&format!("· Rule of part {at}.")), "{at}\n{}", side(&app));
    }
    assert!(side(&app).contains("+5") && side(&app).contains("+6"), "{}", side(&app));
    let kb: String = (1..=60).map(section).collect();
    app.kb_changes(&kb);
    assert!(side(&app).contains("more below"), "{}", side(&app));
    assert!(side(&app).contains("SESSION"), "{}", side(&app));
}

#[test]
fn a_key_takes_the_panel_away_and_brings_it_back() {
    let mut app = App::with_kb(KB);
    app.expect_not("PERSONA");
    app.resize(139, 40);
    app.expect_not("PERSONA");
    app.resize(140, 40);
    app.expect("PERSONA");
    app.keys("f6");
    app.expect_not("PERSONA");
    app.expect("the side panel is off");
    app.keys("f6");
    app.expect("PERSONA");
    app.resize(80, 24);
    app.keys("f6 f6");
    app.expect("the side panel is shown from 140 columns on");
}

#[test]
fn a22_the_panel_takes_any_text_at_any_size() {
    let nasty = "## \u{1b}[31m漢字\u{202e} heading\n\n- 👩‍👩‍👧‍👦 \u{7} e\u{301}\u{301} \u{9b}2J zero\u{200b}width\n- العربية\n";
    let mut app = App::with_kb(&nasty.repeat(20));
    for columns in [140, 141, 160, 200, 300] {
        for rows in [1, 2, 19, 20, 21, 25, 60, 100] {
            app.resize(columns, rows);
        }
    }
    assert!(!app.screen().contains('\u{202e}'));
}

#[test]
fn what_the_project_is_made_of_is_told_and_read_again_for_each_message() {
    let mut app = App::with_kb(KB);
    app.resize(140, 40);
    assert!(!side(&app).contains("STACK"), "{}", side(&app));
    let stack = |value: &str| {
        let files = [("package.json".to_string(), value.to_string())].into();
        Event::StackRead(Stack::of(&Ground { files, ..Ground::default() }))
    };
    app.send(stack(r#"{"engines": {"node": "22\u001b[31m"}, "dependencies": {"fastify": "^5.0.0"}}"#));
    let told = side(&app);
    assert!(told.contains("STACK") && told.contains("server    Fastify 5"), "{told}");
    assert!(
        told.contains("runtime   Node 22") && !told.contains('\u{1b}') && !told.contains("[31m"),
        "{told}"
    );
    let effects = app.say("what is left to do?");
    assert!(effects.contains(&Effect::ReadStack), "{effects:?}");
    app.send(stack("{}"));
    assert!(!side(&app).contains("Fastify"), "{}", side(&app));
}
