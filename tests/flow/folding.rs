//! Large pastes as one token, and selection, as they are seen in the prompt.

use dictum::domain::kb::{Origin, Span};
use dictum::protocol::message::Effect;

use crate::app::App;

const KB: &str = "# KB\n\n- Use npm.\n";

fn log() -> String {
    (1..=120).map(|number| format!("line {number}\n")).collect()
}

#[test]
fn a_large_paste_is_shown_as_one_token_and_sent_whole() {
    let mut app = App::with_kb(KB);
    app.types("see ");
    app.paste(&log());
    app.types(" please");
    app.expect("› see [paste 1 · 120 lines] please");
    app.expect_draft(&format!("see {} please", log()));
    let spans = app.state.prompt.editor.spans();
    assert_eq!(spans, [Span::typed("see "), Span::pasted(log()), Span::typed(" please")]);
    app.keys("enter");
    assert_eq!(app.chat(), format!("you: see {} please\n", log()));
    app.kb_read();
    app.replies("Done.");
    app.keys("up");
    app.expect("› see [paste 1 · 120 lines] please");
}

#[test]
fn a_token_is_passed_and_deleted_in_one_step_and_can_be_unfolded() {
    let mut app = App::with_kb(KB);
    app.paste(&log());
    app.paste(&"x".repeat(2_000));
    app.expect("[paste 1 · 120 lines][paste 2 · 2000 bytes]");
    app.keys("left");
    app.types("-");
    app.expect("[paste 1 · 120 lines]-[paste 2 · 2000 bytes]");
    app.keys("right backspace");
    app.expect("[paste 1 · 120 lines]-");
    app.expect_not("paste 2");
    app.keys("home alt+o");
    app.expect_not("[paste 1");
    app.expect_draft(&format!("{}-", log()));
    assert_eq!(app.state.prompt.editor.spans()[0].origin, Origin::Pasted);
    app.keys("alt+o");
    app.expect("nothing is folded in the draft");
    app.keys("ctrl+_");
    app.expect("[paste 1 · 120 lines]-");
}

#[test]
fn a_small_paste_is_shown_as_it_is() {
    let mut app = App::with_kb(KB);
    app.paste("one\ntwo\nthree");
    app.expect("three");
    app.expect_not("[paste");
}

#[test]
fn a_folded_paste_goes_whole_to_the_editor_and_to_the_disk() {
    let mut app = App::with_kb(KB);
    app.state.recording.storing = dictum::app::state::Storing::On;
    app.paste(&log());
    app.after(600);
    let kept = app.effects.iter().any(
        |effect| matches!(effect, Effect::KeepDraft { drafts, .. } if *drafts == [vec![Span::pasted(log())]]),
    );
    assert!(kept, "{:?}", app.effects);
    app.keys("ctrl+g");
    assert_eq!(app.edited(Ok(&format!("look:\n{}", log()))), log());
    app.expect("look:");
    app.expect("· 120 lines]");
    app.expect_draft(format!("look:\n{}", log()).trim_end());
}

#[test]
fn a_key_beside_a_huge_paste_moves_in_a_short_text() {
    let mut app = App::with_kb(KB);
    app.paste(&"a line of some words\n".repeat(5_000));
    app.types("and more");
    assert!(app.state.prompt.editor.under_caret().len() < 20);
}

#[test]
fn what_is_selected_is_shown_replaced_killed_and_yanked() {
    let mut app = App::with_kb(KB);
    app.types("one two three");
    app.keys("ctrl+shift+left shift+left");
    assert_eq!(app.state.prompt.editor.selection(), Some(7..13));
    app.types("!");
    app.expect_draft("one two!");
    app.keys("shift+home ctrl+w");
    app.expect_draft("");
    app.keys("ctrl+y");
    app.expect_draft("one two!");
    app.keys("alt+enter");
    app.types("second");
    app.keys("shift+up shift+up");
    app.paste("P");
    app.expect_draft("P");
    app.keys("shift+left");
    assert_eq!(app.keys("ctrl+c"), [crate::app::copied("1 line of the draft", "P")]);
    app.keys("ctrl+c");
    app.expect_draft("");
    app.expect("draft put aside");
}
