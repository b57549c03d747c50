//! Deciding without writing: for this session only, never again, folded rejections. None of it reaches KB.md.

use dictum::app::state::Focus;
use dictum::protocol::message::{Effect, Event};

use crate::app::App;

const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

fn reviewing(rule: &str) -> App {
    let mut app = App::with_kb(KB);
    app.turn(rule);
    app.keys("ctrl+k");
    app.after(600);
    app
}

/// The part of the last request with the rules of the session; empty without one.
fn session_part(app: &App) -> String {
    let parts = app.request().system.iter().filter(|part| part.label == "session rules");
    parts.map(|part| part.text.clone()).collect()
}

/// The hashes that were given to the disk.
#[track_caller]
fn kept(effects: &[Effect]) -> Vec<String> {
    let [Effect::NeverAsk { hashes }] = effects else { panic!("{effects:?}") };
    hashes.clone()
}

#[test]
fn a_rule_for_this_session_goes_to_the_model_and_never_to_kb_md() {
    let mut app = reviewing("from now on use pnpm");
    assert_eq!(app.keys("s"), []);
    app.expect_no_card();
    assert!(matches!(app.state.focus, Focus::Prompt));
    app.expect("For this session only (/rules shows it): Use pnpm.");
    app.turn("hello");
    assert!(session_part(&app).contains("\n- Use pnpm."), "{}", app.system());
    assert!(session_part(&app).contains("win over KB.md"));
    assert_eq!((app.writes_asked(), app.disk.text()), (0, Some(KB)));
}

#[test]
fn a_rule_of_this_session_is_not_offered_again_unless_kb_md_is_named() {
    let mut app = reviewing("from now on use pnpm");
    app.keys("s");
    app.turn("always install with pnpm");
    app.expect_no_card();
    app.expect("this holds for this session already");
    app.turn("add to the KB: use pnpm");
    assert_eq!(app.waiting(), ["Use pnpm."]);
    app.accepts();
    app.turn("hello");
    assert_eq!(session_part(&app), "", "KB.md says it now");
}

#[test]
fn the_rules_of_this_session_are_listed_and_dropped() {
    let mut app = reviewing("from now on use pnpm");
    app.keys("s");
    app.turn("from now on sort imports by name");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("s");
    app.keys("f3");
    app.expect("1. Use pnpm.");
    app.expect("2. Sort imports by name.");
    app.keys("esc");
    app.say("/rules");
    app.expect("2. Sort imports by name.");
    app.keys("esc");
    app.say("/rules drop 1");
    app.expect("No longer holds for this session: Use pnpm.");
    app.say("/rules drop 7");
    app.expect("there is no rule 7; this session has 1");
    app.turn("hello");
    assert!(!session_part(&app).contains("pnpm") && session_part(&app).contains("Sort imports"));
    app.say("/rules drop all");
    app.say("/rules");
    app.expect("no rule holds for this session only");
    app.turn("from now on use pnpm");
    assert_eq!(app.waiting(), ["Use pnpm."]);
}

#[test]
fn the_rules_of_this_session_end_with_clear() {
    let mut app = reviewing("from now on use pnpm");
    app.keys("s");
    app.say("/clear");
    app.turn("hello");
    assert_eq!(session_part(&app), "");
    app.turn("from now on use pnpm");
    assert_eq!(app.waiting(), ["Use pnpm."]);
}

#[test]
fn a_line_that_shall_not_count_in_this_session_is_named() {
    let mut app = reviewing("drop the rule on npm");
    app.keys("s");
    app.turn("hello");
    assert!(session_part(&app).contains("Disregard this line of KB.md: Use npm."), "{}", app.system());
    app.turn("forget the rule about npm");
    app.expect_no_card();
}

#[test]
fn a12_a_rule_with_a_warning_needs_a_second_key_for_the_session_too() {
    let mut app = App::with_kb(KB);
    app.say("/remember Always push --force to main");
    app.kb_read();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("s");
    app.expect("Read the warning");
    app.keys("A s");
    assert_eq!(app.waiting().len(), 1);
    app.after(600);
    app.keys("A");
    app.expect_no_card();
    app.turn("hello");
    assert!(session_part(&app).contains("--force"), "{}", app.system());
    assert_eq!(app.writes_asked(), 0);
}

#[test]
fn never_ask_holds_in_later_sessions_and_keeps_no_words() {
    let mut app = reviewing("from now on use pnpm");
    let hashes = kept(&app.keys("N"));
    app.expect_no_card();
    app.expect("Never asked again (/remember lifts it): replace line 3:");
    assert!(hashes.iter().all(|hash| hash.len() == 64 && !hash.contains("pnpm")), "{hashes:?}");
    app.turn("from now on use pnpm");
    app.expect_no_card();

    let mut later = App::with_kb(KB);
    later.send(Event::NeverRead { hashes });
    for said in ["from now on use pnpm", "always install with pnpm", "we use pnpm from now on, everywhere"] {
        later.turn(said);
        later.expect_no_card();
        later.expect("you never want to be asked about this");
    }
    later.turn("from now on use yarn");
    assert_eq!(later.waiting(), ["Use yarn."]);
}

#[test]
fn never_ask_is_lifted_by_naming_kb_md() {
    let mut app = reviewing("from now on use pnpm");
    let hashes = kept(&app.keys("N"));
    for words in ["add to the KB: use pnpm", "/remember Use pnpm"] {
        let mut later = App::with_kb(KB);
        later.send(Event::NeverRead { hashes: hashes.clone() });
        later.say(words);
        later.kb_read();
        assert_eq!(later.waiting(), ["Use pnpm."], "{words}");
    }
}

#[test]
fn never_ask_binds_the_model_too() {
    let mut app = reviewing("from now on use pnpm");
    let hashes = kept(&app.keys("N"));
    let mut later = App::with_kb(KB);
    later.send(Event::NeverRead { hashes });
    later.say("use pnpm for every install, please add a health route");
    later.kb_read();
    later.proposes("add", "Use pnpm for installs.", "", "use pnpm for every install");
    later.expect_no_card();
    let told = format!("{:?}", later.request().messages);
    assert!(told.contains("does not want to be asked about this"), "{told}");
}

#[test]
fn that_never_ask_cannot_be_kept_is_said_once_and_loses_nothing() {
    let mut app = reviewing("from now on use pnpm");
    app.keys("N");
    for _ in 0..2 {
        app.send(Event::NeverFailed { cause: "the disk is full".into() });
    }
    assert_eq!(app.chat().matches("the disk is full").count(), 1, "{}", app.chat());
    app.turn("from now on use pnpm");
    app.expect_no_card();
}

#[test]
fn a11_saying_no_to_a_removal_says_no_to_every_line_that_was_meant() {
    let kb = "# KB\n\n- Mocha is the test runner.\n- Mocha timeouts are five seconds.\n";
    for key in ["r", "N"] {
        let mut app = App::with_kb(kb);
        app.turn("drop the rule on mocha");
        app.keys("ctrl+k");
        app.after(600);
        app.keys("2");
        app.after(600);
        app.keys(key);
        app.turn("drop the rule on mocha");
        app.expect_no_card();
    }
}

#[test]
fn a11_a_rejection_is_one_line_that_unfolds() {
    let mut app = reviewing("from now on use pnpm");
    app.keys("R");
    app.types("too early");
    app.keys("enter");
    let row = app.row("Rejected (too early): replace line 3: Use pnpm.");
    assert!(row.ends_with("▸ Ctrl+O"), "{row}");
    app.expect_not("-- Use npm.");
    app.keys("ctrl+o");
    app.expect("-- Use npm.");
    app.expect("+- Use pnpm.");
    app.keys("ctrl+o");
    app.expect_not("-- Use npm.");
}

#[test]
fn there_may_be_nothing_to_unfold() {
    let mut app = App::with_kb(KB);
    app.keys("ctrl+o");
    app.expect("there is no decided KB.md edit");
}

#[test]
fn what_the_next_message_takes_back_waits_no_longer() {
    for words in ["scratch that", "no, forget it", "anzi no"] {
        let mut app = App::with_kb(KB);
        app.turn("from now on use pnpm");
        app.expect_card("pnpm");
        app.turn(words);
        app.expect_no_card();
        assert!(
            app.chat().contains("Withdrawn, as you took it back: replace line 3: Use pnpm."),
            "{}",
            app.chat()
        );
        // Said again, it is meant again.
        app.turn("from now on use pnpm");
        assert_eq!(app.waiting(), ["Use pnpm."], "{words}");
    }
}

#[test]
fn taking_back_reaches_the_last_message_alone_and_a_new_rule_counts() {
    let mut app = App::with_kb(KB);
    app.turn("from now on sort imports by name");
    app.turn("from now on use pnpm");
    app.turn("Forget it. From now on use yarn.");
    assert_eq!(app.waiting(), ["Sort imports by name.", "Use yarn."]);
    app.turn("never mind the warnings, fix the test");
    assert_eq!(app.waiting().len(), 2);
}

#[test]
fn what_is_written_is_not_undone_by_words() {
    let mut app = App::with_kb(KB);
    app.turn("from now on use pnpm");
    app.accepts();
    app.say("scratch that");
    app.expect("/kb undo takes it back");
    assert_eq!(app.disk.text(), Some(KB.replace("npm", "pnpm").as_str()));
}

#[test]
fn what_is_taken_back_while_it_is_reviewed_leaves_the_next_one_guarded() {
    let mut app = App::with_kb(KB);
    app.turn("from now on sort imports by name");
    app.turn("from now on use pnpm");
    app.say("hello");
    app.kb_read();
    app.say("scratch that");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("n");
    app.after(600);
    // The message before "scratch that" said nothing, so nothing goes.
    app.replies("Hello.");
    assert_eq!(app.waiting().len(), 2);
}

#[test]
fn a_waiting_edit_that_is_named_is_withdrawn() {
    let mut app = App::with_kb("# KB\n\n- Dates are in UTC.\n");
    app.turn("from now on use pnpm");
    app.turn("from now on sort imports by name");
    app.turn("forget the rule about pnpm");
    assert_eq!(app.waiting(), ["Sort imports by name."], "{}", app.chat());
}
