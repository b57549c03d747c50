//! Writing an accepted edit, and keeping edits true while KB.md changes on disk.

use dictum::app::state::Focus;
use dictum::domain::kb::journal::How;
use dictum::domain::kb::state::{KbState, Snapshot};
use dictum::protocol::message::{Effect, Event, OutsideFile};

use crate::app::{App, read};

const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

fn reviewing() -> App {
    let mut app = App::with_kb(KB);
    app.turn("from now on use pnpm");
    app.keys("ctrl+k");
    app.after(600);
    app
}

#[test]
fn saved_is_said_after_the_disk_answered() {
    let mut app = reviewing();
    app.keys("a");
    app.expect("writing KB.md …");
    app.expect_not("Saved to KB.md");
    app.kb_saved();
    app.expect("Saved to KB.md: replace line 3");
    app.expect("/kb undo takes it back");
    app.expect("+- Use pnpm.");
    app.expect_no_card();
    assert!(matches!(app.state.focus, Focus::Prompt));
    app.turn("hello");
    assert_eq!(app.system().matches("Use pnpm.").count(), 1);
    assert!(!app.system().contains("- Use npm"));
}

#[test]
fn the_answer_to_the_model_does_not_wait_for_the_review() {
    let mut app = App::with_kb(KB);
    app.say("from now on use pnpm");
    app.kb_read();
    app.keys("ctrl+k");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    app.replies("Understood.");
    app.expect("Understood.");
    app.expect("Saved to KB.md");
}

#[test]
fn a_watcher_that_is_faster_than_the_answer_takes_nothing_away() {
    let mut app = reviewing();
    app.keys("a");
    let (task, _, text, _) = app.saving();
    app.kb_changes(&text);
    app.send(Event::KbSaved { task, snapshot: read(&text) });
    let chat = app.chat();
    assert!(chat.contains("decision: Saved to KB.md: replace line 3"), "{chat}");
    assert!(chat.contains("-- Use npm.\n+- Use pnpm."), "{chat}");
    assert!(!chat.contains("no longer offered"), "{chat}");
    app.expect_no_card();
}

#[test]
fn a_disk_that_never_answers_holds_no_key_back() {
    let mut app = reviewing();
    app.types("");
    app.keys("a");
    app.expect("writing KB.md …");
    app.keys("a r e");
    assert_eq!(app.writes_asked(), 1);
    app.keys("esc");
    assert!(matches!(app.state.focus, Focus::Prompt), "{}", app.screen());
    app.types("still here");
    app.expect_draft("still here");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("a");
    assert_eq!(app.writes_asked(), 1, "the same edit is not written twice");
    app.kb_saved();
    app.expect_no_card();
    app.expect("Saved to KB.md");
}

#[test]
fn a09_a_change_before_the_accept_survives_and_the_new_diff_comes_first() {
    let mut app = reviewing();
    app.writes(&format!("{KB}- Added by vim.\n"));
    app.keys("a");
    app.kb_saved();
    app.expect("nothing was written. This is the new diff.");
    app.keys("a");
    assert_eq!(app.writes_asked(), 1, "the new diff is guarded");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.disk.text().unwrap(), format!("{}- Added by vim.\n", KB.replace("npm", "pnpm")));
}

#[test]
fn a09_an_open_review_follows_the_file() {
    let mut app = reviewing();
    app.kb_changes("# KB\n\nA new paragraph.\n\n- Dates are in UTC.\n- Use npm.\n");
    app.expect("replace line 6");
    app.keys("a");
    assert_eq!(app.writes_asked(), 0);
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert!(app.disk.text().unwrap().ends_with("- Use pnpm.\n"));
}

#[test]
fn a09_an_edit_that_became_true_by_itself_is_withdrawn() {
    let mut app = reviewing();
    app.kb_changes(&KB.replace("npm", "pnpm"));
    app.expect_no_card();
    assert!(matches!(app.state.focus, Focus::Prompt));
    app.expect("KB.md now settles this by itself");
}

#[test]
fn a09_the_replaced_line_went_away_so_the_rule_is_added() {
    let mut app = reviewing();
    app.kb_changes("# KB\n\n- Dates are in UTC.\n");
    app.expect("add to “KB”");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    let kb = app.disk.text().unwrap();
    assert!(kb.contains("Dates are in UTC.") && kb.contains("pnpm"), "{kb}");
}

#[test]
fn a09_a_wording_of_the_users_survives_the_rebase() {
    let mut app = reviewing();
    app.keys("e ctrl+u");
    app.types("Use pnpm 9, and only that.");
    app.keys("enter");
    app.kb_changes("# KB\n\n- Dates are in UTC.\n- Use npm.\n");
    app.expect("+- Use pnpm 9, and only that.");
}

#[test]
fn a09_a_change_elsewhere_disturbs_no_text_field() {
    let mut app = reviewing();
    app.keys("e");
    app.types(" Always");
    app.kb_changes(&format!("{KB}- Added by vim.\n"));
    app.types(".");
    app.expect("Use pnpm. Always.");
}

#[test]
fn a09_merge_conflict_markers_are_named_and_nothing_is_written() {
    let mut app = reviewing();
    app.kb_changes("# KB\n<<<<<<< ours\n- Use npm.\n=======\n- Use yarn.\n>>>>>>> theirs\n");
    app.after(600);
    app.keys("a");
    assert_eq!(app.writes_asked(), 0);
    app.expect("merge-conflict markers");
}

#[test]
fn a_failed_write_keeps_the_edit_and_says_why() {
    let mut app = reviewing();
    app.keys("a");
    let (task, ..) = app.saving();
    app.send(Event::KbSaveFailed { task, cause: "The disk is full, so KB.md was not written.".into() });
    app.expect("The disk is full");
    assert_eq!(app.waiting().len(), 1);
    app.after(600);
    app.keys("a");
    app.kb_saved();
    app.expect("Saved to KB.md");
}

#[test]
fn a_link_out_of_the_project_is_asked_about_once_each_time() {
    let mut app = reviewing();
    app.keys("a");
    let (task, _, _, outside) = app.saving();
    assert_eq!(outside, OutsideFile::Ask);
    app.send(Event::KbIsOutside { task, target: "/home/me/rules.md".into() });
    app.expect("KB.md is a link to /home/me/rules.md, outside this project; a writes there.");
    app.keys("a");
    assert_eq!(app.writes_asked(), 1, "guarded");
    app.after(600);
    app.keys("a");
    let (task, _, text, outside) = app.saving();
    assert_eq!(outside, OutsideFile::Allow);
    app.send(Event::KbSaved { task, snapshot: read(&text) });
    app.expect("Saved to KB.md");
}

#[test]
fn agreeing_to_a_link_does_not_carry_over_to_another_edit() {
    let mut app = App::with_kb(KB);
    app.turn("from now on use pnpm");
    app.turn("from now on sort imports by name");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("a");
    let (task, ..) = app.saving();
    app.send(Event::KbIsOutside { task, target: "/home/me/rules.md".into() });
    app.after(600);
    app.keys("n");
    app.after(600);
    app.keys("a");
    assert_eq!(app.saving().3, OutsideFile::Ask);
}

#[test]
fn undo_takes_the_last_edit_back_or_shows_what_it_would_do() {
    let mut app = App::with_kb(KB);
    assert_eq!(app.say("/kb undo"), [Effect::UndoKb]);
    app.send(Event::KbUndone { snapshot: read("- Older\n"), summary: "KB.md is as it was before.".into() });
    app.expect("✓ KB.md is as it was before.");
    assert_eq!(app.state.kb.text(), "- Older\n");
    app.say("/kb undo");
    app.send(Event::KbUndoRefused { current: "- Mine\n".into(), would_restore: "- Older\n".into() });
    app.expect("nothing was undone");
    app.expect("-- Mine");
    app.expect("+- Older");
    app.keys("esc");
    app.send(Event::KbUndoFailed { cause: "There is nothing to undo here.".into() });
    app.expect("There is nothing to undo here.");
}

#[test]
fn an_undone_edit_can_be_offered_again() {
    let mut app = reviewing();
    app.keys("a");
    app.kb_saved();
    app.writes(KB);
    app.send(Event::KbUndone { snapshot: read(KB), summary: "Undone.".into() });
    app.turn("from now on use pnpm");
    app.expect_card("replace line 3");
}

#[test]
fn kb_md_that_vanishes_turns_the_edit_into_a_first_rule() {
    let mut app = reviewing();
    app.disk = Snapshot::default();
    app.send(Event::KbChanged(Snapshot::default()));
    app.after(600);
    app.keys("a");
    let (_, expected, text, _) = app.saving();
    assert_eq!(expected, None);
    assert!(text.contains("pnpm") && !text.contains("UTC"), "{text}");
}

#[test]
fn an_unusable_kb_md_is_never_overwritten_blindly() {
    let mut app = reviewing();
    app.disk = Snapshot { state: KbState::NotUtf8 { line: 3 } };
    app.send(Event::KbChanged(app.disk.clone()));
    app.after(600);
    app.keys("a");
    // The disk refuses, since something it cannot read stands there.
    let effects = app.effects.iter().filter_map(|effect| match effect {
        Effect::SaveKb { expected, .. } => Some(expected.clone()),
        _ => None,
    });
    assert!(effects.flatten().next().is_none());
}

#[test]
fn the_journal_is_told_how_the_edit_came_and_in_which_words() {
    let mut app = reviewing();
    app.keys("a");
    let told = app.effects.iter().find_map(|effect| match effect {
        Effect::SaveKb { provenance, .. } => Some(provenance.clone()),
        _ => None,
    });
    let told = told.expect("an edit is written");
    assert_eq!((told.how, told.quote.as_str()), (How::Told, "from now on use pnpm"));
}

#[test]
fn a_journal_that_could_not_be_written_is_told_and_the_edit_stays_saved() {
    let mut app = reviewing();
    app.keys("a");
    app.kb_saved();
    app.send(Event::Warned("KB.md was written, but the journal could not be.".into()));
    app.expect("⚠ KB.md was written, but the journal could not be.");
    app.expect("Saved to KB.md");
    app.expect_no_card();
}
