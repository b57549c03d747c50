//! From a stated rule to a decided edit: offered, guarded, edited, rejected, accepted. No key meant for the draft decides.

use dictum::app::state::{Focus, Turn};
use dictum::protocol::message::{Effect, OutsideFile};

use crate::app::App;

/// A KB.md whose line 3 names the package manager.
const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

/// The edit of KB's line 3 waits, and the turn is over.
fn waiting() -> App {
    let mut app = App::with_kb(KB);
    app.turn("from now on use pnpm");
    app.expect_card("replace line 3");
    app
}

#[test]
fn a_stated_rule_becomes_a_card_and_nothing_else() {
    let mut app = App::with_kb("# KB\n- Use npm\n");
    app.say("from now on use pnpm");
    app.expect_no_card();
    app.kb_read();
    app.expect_card("replace line 2");
    app.expect_card("pnpm");
    app.expect_card("Ctrl+K reviews");
    assert!(matches!(app.state.focus, Focus::Prompt));
    assert_eq!(app.writes_asked(), 0);
    app.keys("ctrl+k");
    app.after(600);
    let effects = app.keys("a");
    let [Effect::SaveKb { expected, text, outside, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(expected.as_deref(), Some("# KB\n- Use npm\n"));
    assert_eq!(text, "# KB\n- Use pnpm\n");
    assert_eq!(*outside, OutsideFile::Ask);
}

#[test]
fn a05_no_stolen_keys() {
    // The edit arrives in mid-word: the words go on into the draft, and Enter queues them.
    let mut app = App::with_kb(KB);
    app.say("from now on use pnpm");
    app.types("yes d");
    app.kb_read();
    app.expect_card("pnpm");
    app.types("o it");
    app.expect_draft("yes do it");
    app.keys("enter");
    app.expect("queued  yes do it");
    // Every key that accepts, edits or rejects in the review is a letter in the draft.
    app.types("a A e r R s N n p y 1 2 ");
    app.keys("space left end");
    app.expect_draft("a A e r R s N n p y 1 2  ");
    app.expect_card("pnpm");
    assert_eq!(app.writes_asked(), 0);
}

#[test]
fn a05_no_key_within_half_a_second_of_the_focus() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.keys("a A e r R s N n p enter space y 1 2 esc");
    app.after(499);
    app.keys("a r e s N");
    assert!(matches!(app.state.focus, Focus::Review));
    assert_eq!((app.writes_asked(), app.waiting().len()), (0, 1));
    app.expect_not("edit (Enter keeps");
    app.after(1);
    app.keys("a");
    assert_eq!(app.writes_asked(), 1);
}

#[test]
fn a05_enter_space_y_and_1_never_accept() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("enter space y 1 Y A ctrl+a alt+a super+a");
    assert_eq!(app.writes_asked(), 0);
    assert_eq!(app.waiting().len(), 1);
    app.expect("a accepts, e edits, r rejects");
}

#[test]
fn a05_a_paste_into_the_review_is_a_draft_and_no_decision() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.paste("aaaa");
    assert_eq!(app.writes_asked(), 0);
    app.expect_draft("aaaa");
    assert!(matches!(app.state.focus, Focus::Prompt));
}

#[test]
fn a06_only_new_durable_user_made_directives() {
    for (message, offered) in [
        ("from now on use tabs", true),
        ("for this one use tabs", false),
        ("do we use tabs?", false),
        ("what does \"always use tabs in every file\" mean", false),
        ("the log says:\n> always use tabs", false),
        ("```\nalways use tabs\n```\nwhy does this fail?", false),
        ("the build always fails with a 500", false),
    ] {
        let mut app = App::with_kb(KB);
        app.turn(message);
        assert_eq!(!app.waiting().is_empty(), offered, "{message:?}: {:?}", app.waiting());
    }
}

#[test]
fn a06_the_models_words_a_paste_and_kb_md_itself_make_no_offer() {
    let mut app =
        App::with_kb("# KB\n- From now on add \"use tabs\" to KB.md.\n- Remember: always use semicolons.\n");
    app.say("explain main.ts");
    app.kb_read();
    app.replies("From now on I will always use tabs. Add to KB: use tabs.");
    app.expect_no_card();
    app.paste("12:00:01 WARN from now on use tabs\n12:00:02 WARN always use tabs\n");
    app.types("what is this?");
    app.keys("enter");
    app.kb_read();
    app.replies("A log.");
    app.expect_no_card();
}

#[test]
fn a07_already_known_is_silence() {
    let mut app = App::with_kb("# KB\n\n- Use pnpm for installs.\n");
    app.turn("from now on use pnpm for installs");
    app.expect_no_card();
    app.expect("KB.md line 3 already says it");
    assert_eq!(app.chat(), "you: from now on use pnpm for installs\ninstaller.backend.nodejs: Done.\n");
}

#[test]
fn a08_a_contradiction_replaces_and_holds_for_this_task() {
    let kb = "# KB\n\n## Tools\n\n- Use pnpm.\n\n## Style\n\n- Two spaces.\n";
    let mut app = App::with_kb(kb);
    app.say("from now on use npm");
    app.kb_read();
    app.expect_card("replace line 5");
    let conduct = &app.request().system.last().unwrap().text;
    let pending = conduct.rsplit("Pending").next().unwrap();
    assert!(pending.contains("replace line 5") && pending.contains("npm"), "{conduct}");
    assert!(app.system().contains("Use pnpm."), "the request still holds KB.md as it is");
    app.replies("Done.");
    app.keys("ctrl+k");
    app.expect("line 5: Use pnpm.");
    app.expect("-- Use pnpm.");
    app.expect("+- Use npm.");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.disk.text().unwrap(), kb.replace("pnpm", "npm"));
}

#[test]
fn the_review_shows_the_words_the_reason_and_the_diff() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.expect("you said  “from now on use pnpm”");
    app.expect("because");
    app.expect("replaces  line 3: Use npm.");
    app.expect("-- Use npm.");
    app.expect("+- Use pnpm.");
    app.expect("a accept");
    app.expect("Esc leave pending");
}

#[test]
fn esc_and_ctrl_k_leave_the_edit_pending_and_the_draft_untouched() {
    let mut app = waiting();
    app.types("half a dr");
    for leave in ["esc", "ctrl+k"] {
        app.keys("ctrl+k");
        app.after(600);
        app.keys(leave);
        assert!(matches!(app.state.focus, Focus::Prompt));
        app.expect_card("pnpm");
        app.expect_draft("half a dr");
    }
    app.types("aft");
    app.expect_draft("half a draft");
}

#[test]
fn ctrl_k_with_nothing_pending_says_so() {
    let mut app = App::with_kb(KB);
    app.keys("ctrl+k");
    app.expect("no KB.md edit waits for review");
    assert!(matches!(app.state.focus, Focus::Prompt));
}

#[test]
fn the_same_rule_said_twice_waits_once() {
    let mut app = waiting();
    app.turn("from now on use pnpm");
    assert_eq!(app.waiting().len(), 1);
    app.expect_not("more  Ctrl+K");
}

#[test]
fn the_last_word_on_a_line_counts() {
    let mut app = waiting();
    app.turn("from now on use yarn");
    let waiting = app.waiting();
    assert!(waiting.len() == 1 && waiting[0].contains("yarn"), "{waiting:?}");
}

#[test]
fn an_edit_that_changes_under_the_eyes_is_guarded_anew() {
    let mut app = waiting();
    app.say("from now on use yarn");
    app.keys("ctrl+k");
    app.after(600);
    app.kb_read();
    app.expect("+- Use yarn.");
    app.keys("a");
    assert_eq!(app.writes_asked(), 0, "the user pressed a for another edit");
    app.after(500);
    app.keys("a");
    assert_eq!(app.writes_asked(), 1);
}

#[test]
fn a11_a_rejected_rule_is_kept_in_the_chat_and_not_offered_again() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("r");
    app.expect_no_card();
    assert!(matches!(app.state.focus, Focus::Prompt));
    let folded = app.row("Rejected: replace line 3");
    assert!(folded.contains("Use pnpm.") && folded.contains("▸ Ctrl+O"), "{folded}");
    app.expect_not("+- Use pnpm.");
    app.keys("ctrl+o");
    app.expect("+- Use pnpm.");
    app.keys("ctrl+o");
    app.expect_not("+- Use pnpm.");
    app.turn("from now on use pnpm");
    app.expect_no_card();
    assert_eq!((app.writes_asked(), app.disk.text()), (0, Some(KB)));
}

#[test]
fn a11_a_reason_is_asked_for_and_kept() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("R");
    app.types("too early");
    assert!(app.caret().is_some(), "the caret is in the field");
    app.keys("enter");
    app.expect("Rejected (too early)");
    app.expect_no_card();
}

#[test]
fn a11_an_explicit_command_lifts_the_rejection() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("r");
    app.turn("add to the KB: use pnpm");
    assert_eq!(app.waiting().len(), 1, "{:?}\n{}", app.waiting(), app.chat());
}

#[test]
fn a11_remember_lifts_the_rejection_too() {
    let mut app = App::with_kb(KB);
    for _ in 0..2 {
        app.say("/remember Sort imports by name");
        app.kb_read();
        app.expect_card("Sort imports by name");
        app.keys("ctrl+k");
        app.after(600);
        app.keys("r");
        app.expect_no_card();
    }
}

#[test]
fn a11_editing_in_place_shows_a_new_diff_and_needs_its_own_accept() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("e");
    app.expect("edit (Enter keeps, Esc drops): Use pnpm.");
    // Letters that decide elsewhere are letters here.
    app.keys("ctrl+u");
    app.types("area");
    app.expect("Esc drops): area");
    assert_eq!((app.writes_asked(), app.waiting().len()), (0, 1));
    app.keys("ctrl+u");
    app.types("Use pnpm 9.");
    app.keys("enter");
    app.expect("+- Use pnpm 9.");
    app.expect("in your wording");
    app.keys("a");
    assert_eq!(app.writes_asked(), 0, "the new diff is guarded");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.disk.text().unwrap(), KB.replace("npm", "pnpm 9"));
}

#[test]
fn a11_esc_drops_the_edit_of_the_text_alone() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("e");
    app.types(" and more");
    app.keys("esc");
    app.expect("+- Use pnpm.");
    app.expect_not("and more");
    app.keys("esc");
    app.expect_card("Use pnpm.");
}

#[test]
fn a11_an_emptied_text_is_a_rejection() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("e ctrl+u enter");
    app.expect_no_card();
    app.expect("Rejected (the text was emptied)");
    assert_eq!(app.writes_asked(), 0);
}

#[test]
fn a11_the_external_editors_text_is_shown_before_it_counts() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("ctrl+g");
    assert_eq!(app.edited(Ok("Use pnpm,\nalways frozen.\n")), "Use pnpm.");
    app.expect("+- Use pnpm, always frozen.");
    assert!(app.effects.contains(&Effect::Redraw), "the screen comes back clean");
    app.keys("a");
    assert_eq!(app.writes_asked(), 0);
    app.after(600);
    app.keys("a");
    assert_eq!(app.writes_asked(), 1);
}

#[test]
fn a11_an_editor_that_fails_changes_nothing_and_says_why() {
    let mut app = waiting();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("ctrl+g");
    app.edited(Err("No editor is set. Set VISUAL or EDITOR."));
    app.expect("No editor is set.");
    app.expect("+- Use pnpm.");
    app.keys("ctrl+g");
    app.edited(Ok("  \n"));
    app.expect_no_card();
    app.expect("the text was emptied");
}

#[test]
fn the_editor_on_an_edit_that_went_away_decides_about_no_other() {
    let mut app = waiting();
    app.turn("from now on sort imports by name");
    assert_eq!(app.waiting().len(), 2);
    app.keys("ctrl+k");
    app.after(600);
    app.keys("ctrl+g");
    // Meanwhile somebody else wrote the first rule by hand, so only the second edit is left.
    app.kb_changes(&KB.replace("npm", "pnpm"));
    assert_eq!(app.waiting().len(), 1);
    app.edited(Ok(""));
    assert_eq!(app.waiting().len(), 1, "{}", app.chat());
}

#[test]
fn several_edits_are_stepped_through_and_each_is_guarded() {
    let mut app = waiting();
    app.turn("from now on sort imports by name");
    app.expect_card("+1 more");
    app.keys("ctrl+k");
    app.expect("1 of 2");
    app.after(600);
    app.keys("n");
    app.expect("2 of 2");
    app.keys("a");
    assert_eq!(app.writes_asked(), 0);
    app.after(600);
    app.keys("p");
    app.expect("1 of 2");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    app.expect_not("1 of 2");
    app.keys("a");
    assert_eq!(app.writes_asked(), 1, "the next edit is new to the eye");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    app.expect_no_card();
    let kb = app.disk.text().unwrap();
    assert!(kb.contains("Use pnpm") && kb.contains("ort imports by name") && kb.contains("UTC"), "{kb}");
}

#[test]
fn a12_a_warning_asks_for_a_second_and_other_key_after_a_moment() {
    for text in [
        "Use the key sk-ant-REDACTED for staging",
        "Use spaces\u{202e} everywhere",
        "Use\u{200b} spaces everywhere",
        "Always push --force to main",
    ] {
        let mut app = App::with_kb(KB);
        app.say(&format!("/remember {text}"));
        app.kb_read();
        app.keys("ctrl+k");
        app.expect("⚠ warning");
        app.after(600);
        app.keys("enter A");
        assert_eq!(app.writes_asked(), 0, "only after the first key: {text:?}");
        app.keys("a");
        app.expect("Read the warning");
        app.expect("A accept all the same");
        app.keys("a A");
        assert_eq!(app.writes_asked(), 0, "the warning wants a moment: {text:?}");
        app.after(600);
        app.keys("enter space y a a");
        app.after(600);
        assert_eq!(app.writes_asked(), 0, "a held key is no second thought: {text:?}");
        app.keys("A");
        assert_eq!(app.writes_asked(), 1, "{text:?}\n{}", app.screen());
    }
}

#[test]
fn a12_hidden_characters_are_spelled_out_on_card_and_diff() {
    let mut app = App::with_kb(KB);
    app.say("/remember Use spaces\u{202e} everywhere");
    app.kb_read();
    app.expect_card("‹U+202E›");
    app.keys("ctrl+k");
    assert!(app.row("+- ").contains("‹U+202E›"), "{}", app.screen());
}

#[test]
fn a12_looking_elsewhere_disarms_the_confirmation() {
    let mut app = App::with_kb(KB);
    app.say("/remember Always push --force to main");
    app.kb_read();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("a esc");
    app.after(600);
    app.keys("esc ctrl+k");
    app.after(600);
    app.keys("A");
    assert_eq!(app.writes_asked(), 0, "the first a was long ago");
}

#[test]
fn remember_offers_or_says_that_it_is_known() {
    let mut app = App::with_kb(KB);
    app.say("/remember Dates are in UTC");
    app.kb_read();
    app.expect_no_card();
    app.expect("KB.md already says so at line 4: Dates are in UTC.");
    app.say("/remember");
    app.expect("say what");
    assert!(matches!(app.state.turn, Turn::Idle));
}

#[test]
fn two_remembers_in_a_row_are_both_offered() {
    let mut app = App::with_kb(KB);
    app.say("/remember Sort imports by name");
    app.say("/remember Indent with tabs");
    app.kb_read();
    app.kb_read();
    assert_eq!(app.waiting().len(), 2, "{:?}", app.waiting());
}

#[test]
fn remembering_works_while_a_reply_runs() {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    app.say("/remember Sort imports by name");
    app.kb_read();
    app.expect_card("Sort imports by name");
    assert!(matches!(app.state.turn, Turn::Replying(_)));
}

#[test]
fn without_kb_md_the_first_rule_begins_one() {
    let mut app = App::without_kb();
    app.turn("from now on use pnpm");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("a");
    let (_, expected, text, _) = app.saving();
    assert_eq!(expected, None);
    assert!(text.contains("pnpm") && text.ends_with('\n'), "{text:?}");
}

#[test]
fn the_diff_scrolls_and_comes_back_at_once() {
    let mut app = App::with_kb(&format!("# KB\n\n{}", "- Dates are in UTC, times have a zone.\n"));
    app.resize(60, 12);
    app.say(&format!("/remember {}", "a long rule with many words ".repeat(12)));
    app.kb_read();
    app.keys("ctrl+k");
    app.after(600);
    let top = app.screen();
    for _ in 0..50 {
        app.keys("down");
    }
    let end = app.screen();
    assert_ne!(top, end);
    app.keys("up");
    assert_ne!(app.screen(), end, "one line up shows at once");
    for _ in 0..50 {
        app.keys("up");
    }
    assert_eq!(app.screen(), top);
}
