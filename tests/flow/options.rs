//! Choosing in the review: which line is meant, which further lines go along, and what it does to the size of KB.md.

use crate::app::App;

const KB: &str = "# KB\n\n- Use npm.\n- Run `npm test` before each push.\n- CI caches the npm store.\n- Mocha is the test runner.\n- Mocha timeouts are five seconds.\n";

fn reviewing(kb: &str, rule: &str) -> App {
    let mut app = App::with_kb(kb);
    app.resize(100, 40);
    app.turn(rule);
    app.keys("ctrl+k");
    app.after(600);
    app
}

#[test]
fn further_lines_are_off_and_go_along_in_one_write_when_chosen() {
    let mut app = reviewing(KB, "from now on use pnpm");
    app.expect("1 [ ] line 4: Run `pnpm test` before each push.");
    app.expect("2 [ ] line 5: CI caches the pnpm store.");
    app.expect_not("+- CI caches");
    app.keys("2");
    app.expect("2 [x] line 5");
    app.expect("+- CI caches the pnpm store.");
    app.keys("a");
    assert_eq!(app.writes_asked(), 0, "the new diff is guarded");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.writes_asked(), 1);
    assert_eq!(app.disk.text().unwrap(), KB.replace("Use npm", "Use pnpm").replace("the npm", "the pnpm"));
    assert!(app.chat().contains("Saved to KB.md: replace line 3, and line 5: Use pnpm."), "{}", app.chat());
}

#[test]
fn a_further_line_that_nobody_chose_stays() {
    let mut app = reviewing(KB, "from now on use pnpm");
    app.keys("1 2 1 2");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.disk.text().unwrap(), KB.replace("Use npm", "Use pnpm"));
}

#[test]
fn a_further_line_is_marked_and_left_in_peace_by_a_change_of_the_file() {
    let mut app = reviewing(KB, "from now on use pnpm");
    app.keys("2");
    app.kb_changes(&format!("# KB\n\n- New rule.\n{}", KB.trim_start_matches("# KB\n\n")));
    app.expect("2 [x] line 6: CI caches the pnpm store.");
    app.expect("1 [ ] line 5");
}

#[test]
fn a05_a_number_never_accepts() {
    let mut app = reviewing(KB, "from now on use pnpm");
    for _ in 0..2 {
        app.keys("1 2 3 4 9 enter space y");
        app.after(600);
    }
    assert_eq!((app.writes_asked(), app.waiting().len()), (0, 1));
    app.keys("3");
    app.expect("there is no row 3");
    // In the first moment it does not choose either.
    app.keys("esc ctrl+k 1");
    app.expect_not("[x] line 4");
}

#[test]
fn the_line_that_is_meant_can_be_chosen_and_the_diff_follows() {
    let mut app = reviewing(KB, "drop the rule on mocha");
    app.expect("1 ● remove line 6: Mocha is the test runner.");
    app.expect("2 ○ remove line 7: Mocha timeouts are five seconds.");
    app.expect("-- Mocha is");
    app.keys("2");
    app.expect("1 ○ remove line 6");
    app.expect("2 ● remove line 7");
    app.expect("-- Mocha timeouts");
    app.expect_not("-- Mocha is");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.disk.text().unwrap(), KB.replace("- Mocha timeouts are five seconds.\n", ""));
}

#[test]
fn a09_the_chosen_line_stays_chosen_when_the_file_changes() {
    let mut app = reviewing(KB, "drop the rule on mocha");
    app.keys("2");
    app.kb_changes(&format!("{KB}- New rule.\n"));
    app.expect("2 ● remove line 7");
    app.kb_changes(&KB.replace("- Mocha timeouts are five seconds.\n", ""));
    app.expect("-- Mocha is");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert!(!app.disk.text().unwrap().contains("Mocha"));
}

#[test]
fn a_value_that_is_forbidden_may_be_turned_round_or_go() {
    let kb = "# KB\n\n- Use lodash for collections.\n- Dates are in UTC.\n";
    let mut app = reviewing(kb, "from now on never use lodash");
    app.expect("+- Never use lodash.");
    app.keys("2");
    app.expect("-- Use lodash for collections.");
    app.expect_not("+- Never");
    app.after(600);
    app.keys("a");
    app.kb_saved();
    assert_eq!(app.disk.text().unwrap(), "# KB\n\n- Dates are in UTC.\n");
}

#[test]
fn a_narrower_rule_may_be_added_or_put_into_the_line() {
    let mut app =
        reviewing("# KB\n\n- Use pnpm.\n- Dates are in UTC.\n", "from now on use npm in packages/legacy");
    app.expect("1 ● add a line: Use npm in packages/legacy.");
    app.expect("2 ○ replace line 3: Use pnpm.");
    app.keys("2");
    app.expect("+- Use pnpm; use npm in packages/legacy.");
    // The own wording stays the own wording on the other line.
    app.after(600);
    app.keys("e ctrl+u");
    app.types("Use npm in legacy.");
    app.keys("enter");
    app.keys("1");
    app.expect("+- Use npm in legacy.");
}

#[test]
fn the_size_before_and_after_is_told() {
    let app = reviewing("# KB\n\n- Dates are in UTC.\n", "from now on sort imports by name");
    app.expect(" KB.md 26 bytes → 50 bytes, 3 → 4 lines");
    app.expect_not("⚠ long");
}

#[test]
fn a_file_that_grows_long_is_named_in_words() {
    let many: String = (0..200).map(|number| format!("- Rule {number} about thing {number}.\n")).collect();
    let app = reviewing(&format!("# KB\n\n{many}"), "from now on sort imports by name");
    app.expect("⚠ long  KB.md is over 200 lines");
    let heavy = format!("# KB\n\n- Dates are in UTC.\n\n```\n{}\n```\n", "x".repeat(26 * 1024));
    let app = reviewing(&heavy, "from now on sort imports by name");
    app.expect("⚠ long  KB.md is over 25 KB");
}

#[test]
fn a12_a_secret_is_marked_in_its_place_on_card_quote_and_diff() {
    let mut app = App::with_kb(KB);
    app.resize(100, 40);
    app.say("/remember Use the key sk-ant-REDACTED for staging");
    app.kb_read();
    app.expect_card("‹secret? sk-ant-REDACTED›");
    app.keys("ctrl+k");
    for place in ["you said", "+- Use the key"] {
        assert!(app.row(place).contains("‹secret? sk-ant-REDACTED› for"), "{}", app.screen());
    }
    app.after(600);
    app.keys("a");
    app.after(600);
    app.keys("A");
    let (_, _, text, _) = app.saving();
    assert!(text.contains("- Use the key sk-ant-REDACTED for staging"), "the mark is no text: {text}");
}

#[test]
fn a22_the_keys_fit_at_every_size() {
    let mut app = reviewing(KB, "from now on use pnpm");
    app.resize(80, 24);
    app.expect("a accept  e edit  r reject  s session  N never  Esc leave pending  F1 keys");
    app.resize(20, 6);
    app.expect("a accept  r reject");
    app.resize(120, 40);
    app.expect("s session only  N never ask  Esc leave pending  F1 all keys");
}
