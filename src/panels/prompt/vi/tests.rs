//! vi's keys as a table: a draft with its caret, keys, the draft after them.

use super::*;

const ESC: char = '\u{1b}';
const REDO: char = '\u{12}';

/// A prompt in normal mode whose caret stands on the letter behind `|`.
fn normal(draft: &str) -> Prompt {
    let mut prompt = Prompt { vi: Some(Vi { mode: Mode::Normal, ..Vi::default() }), ..Prompt::default() };
    prompt.editor.set_text(&draft.replacen('|', "", 1));
    prompt.editor.move_to(draft.find('|').expect("a caret"));
    prompt
}

fn press(prompt: &mut Prompt, keys: &str) {
    for key in keys.chars() {
        let key = match key {
            ESC => Key::Escape,
            REDO => Key::Redo,
            letter => Key::Letter(letter),
        };
        if let (Taken::No, Key::Letter(letter)) = (prompt.press_vi(key, 40), key) {
            prompt.type_text(letter.encode_utf8(&mut [0; 4]));
        }
    }
}

fn shown(prompt: &Prompt) -> String {
    let mut shown = prompt.editor.under_caret().to_string();
    shown.insert(prompt.editor.caret(), '|');
    shown
}

fn check(table: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (draft, keys, expected) in table {
        let mut prompt = normal(draft);
        press(&mut prompt, keys);
        if shown(&prompt) != *expected {
            wrong.push(format!("{draft:?} {keys:?}: {:?} and not {expected:?}", shown(&prompt)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn motions() {
    check(&[
        ("one |two", "h", "one| two"),
        ("|one", "h", "|one"),
        ("on|e", "l", "on|e"),
        ("|one two", "3l", "one| two"),
        ("on|e\ntwo", "l", "on|e\ntwo"),
        ("|one, two", "w", "one|, two"),
        ("|one, two", "ww", "one, |two"),
        ("|one, two", "W", "one, |two"),
        ("one |two", "w", "one tw|o"),
        ("|one\n\ntwo", "w", "one\n|\ntwo"),
        ("|one\n\ntwo", "2w", "one\n\n|two"),
        ("|one two", "e", "on|e two"),
        ("on|e two", "e", "one tw|o"),
        ("|a.b c", "E", "a.|b c"),
        ("one tw|o", "b", "one |two"),
        ("one |two", "b", "|one two"),
        ("a.b |c", "B", "|a.b c"),
        ("one\n\n|two", "b", "one\n|\ntwo"),
        ("  one t|wo", "0", "|  one two"),
        ("  one t|wo", "^", "  |one two"),
        ("o|ne\ntwo", "$", "on|e\ntwo"),
        ("one\n  |two\nthree", "gg", "|one\n  two\nthree"),
        ("|one\ntwo\n  three", "G", "one\ntwo\n  |three"),
        ("|one\ntwo\nthree", "2G", "one\n|two\nthree"),
        ("|one two three", "ft", "one |two three"),
        ("|one two three", "2ft", "one two |three"),
        ("|one two three", "tt", "one| two three"),
        ("one two thre|e", "Ft", "one two |three"),
        ("one two thre|e", "Tt", "one two t|hree"),
        ("|one two three", "ft;", "one two |three"),
        ("|one two three", "tt;", "one two| three"),
        ("|one two three", "ft;,", "one |two three"),
        ("|one two", "fx", "|one two"),
        ("|one\ntwo", "ft", "|one\ntwo"),
    ]);
}

#[test]
fn one_visible_character_is_one_letter() {
    check(&[
        ("|a👩\u{200d}💻b", "ll", "a👩\u{200d}💻|b"),
        ("a|👩\u{200d}💻b", "x", "a|b"),
        ("|e\u{301}a", "x", "|a"),
        ("|e\u{301}a", "~", "E\u{301}|a"),
        ("|日本語 text", "w", "日本語 |text"),
        ("日|本語 text", "diw", "| text"),
        ("|日本語", "f語", "日本|語"),
        ("🇩🇪|🇫🇷x", "rX", "🇩🇪|Xx"),
    ]);
}

#[test]
fn deleting_and_changing() {
    check(&[
        ("|one two", "x", "|ne two"),
        ("one tw|o", "x", "one t|w"),
        ("one |two", "X", "one|two"),
        ("one |two three", "D", "one| "),
        ("one |two\nthree", "CX\u{1b}", "one |X\nthree"),
        ("one |two", "sX\u{1b}", "one |Xwo"),
        ("o|ne\ntwo", "SX\u{1b}", "|X\ntwo"),
        ("|one two three", "dw", "|two three"),
        ("|one two three", "2dw", "|three"),
        ("|one two three", "d2w", "|three"),
        ("one |two\nthree", "dw", "one| \nthree"),
        ("one t|wo", "db", "one |wo"),
        ("|one two", "de", "| two"),
        ("one |two", "d0", "|two"),
        ("  one| two", "d^", "  | two"),
        ("one |two", "d$", "one| "),
        ("|one two", "dfw", "|o"),
        ("|one two", "dtw", "|wo"),
        ("one two|", "dFw", "one t|o"),
        ("|one two", "cwX\u{1b}", "|X two"),
        ("|a two", "cwX\u{1b}", "|X two"),
        ("one| two", "cwX\u{1b}", "one|Xtwo"),
        ("o|ne\ntwo\nthree", "dd", "|two\nthree"),
        ("one\ntw|o", "dd", "|one"),
        ("one|", "dd", "|"),
        ("|one\ntwo\nthree", "2dd", "|three"),
        ("|one\ntwo\nthree", "dj", "|three"),
        ("one\ntwo\n|three", "dk", "|one"),
        ("one\n|two\nthree", "dG", "|one"),
        ("one\n|two\nthree", "dgg", "|three"),
        ("|one", "dj", "|one"),
        ("one\n|two", "ccX\u{1b}", "one\n|X"),
        ("|one", "rX", "|Xne"),
        ("|one", "2rX", "X|Xe"),
        ("|one", "9rX", "|one"),
        ("|oNe", "3~", "On|E"),
        ("|one\n  two", "J", "one| two"),
        ("|one\n) two", "J", "one|) two"),
        ("|a\nb\nc", "3J", "a b| c"),
        ("|one", "J", "|one"),
    ]);
}

#[test]
fn objects() {
    check(&[
        ("one t|wo three", "diw", "one | three"),
        ("one t|wo three", "daw", "one |three"),
        ("one two thre|e", "daw", "one tw|o"),
        ("one t|wo three four", "d2aw", "one |four"),
        ("a.b|.c d", "daW", "|d"),
        ("say \"a |b\" now", "di\"", "say \"|\" now"),
        ("say \"a |b\" now", "da\"", "say |now"),
        ("|say \"a b\" now", "ci\"X\u{1b}", "say \"|X\" now"),
        ("say 'it\\'s |b'", "ci'X\u{1b}", "say '|X'"),
        ("f(a, g(|b), c)", "di(", "f(a, g(|), c)"),
        ("f(a, g(|b), c)", "d2i(", "f(|)"),
        ("f(a, |g(b), c)", "dib", "f(|)"),
        ("f|(a)", "da(", "|f"),
        ("f(a|)", "di)", "f(|)"),
        ("{\n  a|\n}", "di{", "{|}"),
        ("[a, |b]", "ci[X\u{1b}", "[|X]"),
        ("no |brackets", "di(", "no |brackets"),
    ]);
}

#[test]
fn yanking_and_putting() {
    check(&[
        ("|one two", "yiwwP", "one on|etwo"),
        ("|one two", "ywP", "one| one two"),
        ("|one two", "yw$p", "one twoone| "),
        ("|one\ntwo", "yyp", "one\n|one\ntwo"),
        ("one\n|two", "yyP", "one\n|two\ntwo"),
        ("|one\ntwo", "ddp", "two\n|one"),
        ("|one\ntwo", "yj", "|one\ntwo"),
        ("one\n|two", "yk", "|one\ntwo"),
        ("|one two", "dw2p", "tone one| wo"),
        ("|ab", "xp", "b|a"),
        ("|one\ntwo", "yy2p", "one\n|one\none\ntwo"),
        ("|one", "p", "|one"),
    ]);
}

#[test]
fn inserting() {
    check(&[
        ("o|ne", "iX\u{1b}", "o|Xne"),
        ("o|ne", "aX\u{1b}", "on|Xe"),
        ("  on|e", "IX\u{1b}", "  |Xone"),
        ("o|ne\ntwo", "AX\u{1b}", "one|X\ntwo"),
        ("o|ne\ntwo", "oX\u{1b}", "one\n|X\ntwo"),
        ("one\nt|wo", "OX\u{1b}", "one\n|X\ntwo"),
        ("|one", "3iab\u{1b}", "ababa|bone"),
        ("|", "ione\u{1b}", "on|e"),
        ("|", "aone\u{1b}", "on|e"),
    ]);
}

#[test]
fn undoing_and_repeating() {
    check(&[
        ("|one two", "dwu", "|one two"),
        ("|one two", "dwu\u{12}", "|two"),
        ("|one two three", "dwdwuu", "|one two three"),
        ("|one two three", "dwdw2u", "|one two three"),
        ("|one", "iX Y Z\u{1b}u", "|one"),
        ("|one two", "cwX Y\u{1b}u", "|one two"),
        ("|one two three", "dw.", "|three"),
        ("|one two three four", "dw2.", "|four"),
        ("|one two three", "cwX\u{1b}w.w.", "X X |X"),
        ("|one\ntwo", "A;\u{1b}j.", "one;\ntwo|;"),
        ("|abcd", "x..", "|d"),
        ("|abcd", "rXl.", "X|Xcd"),
        ("|one\ntwo\nthree", "dd.", "|three"),
        ("|abcdef", "vld.", "|ef"),
        ("|a\nb\nc\nd", "Vjd.", "|"),
        ("|a b", "~w.", "A |B"),
        ("|one", "oX\u{1b}.", "one\nX\n|X"),
    ]);
}

#[test]
fn selecting() {
    check(&[
        ("|one two", "ved", "| two"),
        ("one| two", "vbd", "|two"),
        ("|one two", "v$cX\u{1b}", "|X"),
        ("one |two", "vbyP", "one |tone two"),
        ("one t|wo three", "viwd", "one | three"),
        ("one |two three", "vlohd", "one|o three"),
        ("o|ne\ntwo\nthree", "Vjd", "|three"),
        ("o|ne\ntwo", "VcX\u{1b}", "|X\ntwo"),
        ("|one two", "ve~", "|ONE two"),
        ("|one two", "verx", "|xxx two"),
        ("|a\nb\nc", "VjJ", "a| b\nc"),
        ("|one two", "yiwwvep", "one on|e"),
        ("|one two", "vw\u{1b}x", "one |wo"),
        ("|one two", "vvx", "|ne two"),
        ("f(|a b)", "vi(d", "f(|)"),
        ("|one", "vVd", "|"),
    ]);
}

#[test]
fn keys_without_a_meaning_do_nothing() {
    check(&[
        ("|one", "Z", "|one"),
        ("|one", "dZx", "|ne"),
        ("|one", "gZx", "|ne"),
        ("|one", "di%x", "|ne"),
        ("|one two", "d\u{1b}w", "one |two"),
        ("|one two", "2\u{1b}x", "|ne two"),
        ("|", "x", "|"),
        ("|", "dw", "|"),
        ("|", "dd", "|"),
        ("|", "D~JpX$", "|"),
        ("|one", "99999999999999999999x", "|"),
    ]);
}

#[test]
fn a_folded_paste_is_one_letter_and_comes_back_whole() {
    let log = "line\n".repeat(100);
    let mut prompt = normal("|see  ok");
    press(&mut prompt, "4li");
    prompt.paste(&log);
    press(&mut prompt, "\u{1b}");
    let whole = format!("see {log} ok");
    assert_eq!(prompt.editor.text(), whole);
    press(&mut prompt, "x");
    assert_eq!(prompt.editor.text(), "see  ok");
    press(&mut prompt, "P");
    assert_eq!(prompt.editor.text(), whole);
    assert_eq!(prompt.editor.under_caret().chars().count(), 8);
    press(&mut prompt, "yy");
    press(&mut prompt, "dwu~b");
    assert_eq!(prompt.editor.text(), whole);
    press(&mut prompt, "u");
    press(&mut prompt, "p");
    assert!(prompt.editor.text().contains(&log));
}

#[test]
fn the_origin_of_text_stays_with_it() {
    let mut prompt = normal("|ab ");
    press(&mut prompt, "A");
    prompt.paste("pasted");
    press(&mut prompt, "\u{1b}b");
    press(&mut prompt, "~");
    for keys in ["", "diwP", "ddp", "yyP"] {
        press(&mut prompt, keys);
        let pasted: String = prompt
            .editor
            .spans()
            .into_iter()
            .filter(|span| span.origin != crate::domain::kb::Origin::Typed)
            .map(|span| span.text)
            .collect();
        assert!(pasted.starts_with("Pasted"), "{pasted:?} after {keys:?}: {:?}", prompt.editor.spans());
    }
}

#[test]
fn escape_is_taken_until_nothing_is_left_to_leave() {
    let mut prompt = Prompt { vi: Some(Vi::default()), ..Prompt::default() };
    prompt.type_text("draft");
    assert_eq!(prompt.press_vi(Key::Escape, 40), Taken::Yes);
    assert_eq!(shown(&prompt), "draf|t");
    press(&mut prompt, "v");
    assert_eq!(prompt.press_vi(Key::Escape, 40), Taken::Yes);
    press(&mut prompt, "2d");
    assert_eq!(prompt.press_vi(Key::Escape, 40), Taken::Yes);
    assert_eq!(prompt.press_vi(Key::Escape, 40), Taken::No);
    assert_eq!(prompt.editor.text(), "draft");
    prompt.take();
    assert_eq!(prompt.vi.as_ref().map(Vi::mode), Some(Mode::Insert));
}

#[test]
fn at_the_edges_the_history_is_walked() {
    let mut prompt = normal("|first\nline");
    prompt.take();
    prompt.editor.set_text("draft");
    press(&mut prompt, "\u{1b}k");
    assert_eq!(shown(&prompt), "first\nlin|e");
    press(&mut prompt, "kj");
    assert_eq!(prompt.editor.text(), "first\nline");
    press(&mut prompt, "j");
    assert_eq!(shown(&prompt), "draf|t");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_keys_on_any_draft_leave_whole_letters_and_can_be_undone(
        draft in "[a-c .,()\"\n\t日👩\u{200d}💻e\u{301}]{0,30}",
        keys in "[hjklwbeWBE0^$gGfFtT;,xXDCSsr~JdcyiapPuvVIAoO.1-3\"(\u{1b}\u{12}a-c]{0,40}",
    ) {
        let mut prompt = normal(&format!("|{draft}"));
        for key in keys.chars() {
            press(&mut prompt, key.encode_utf8(&mut [0; 4]));
            let text = prompt.editor.under_caret();
            let letters = Letters::new(text);
            let caret = prompt.editor.caret();
            proptest::prop_assert_eq!(letters.byte(letters.number(caret)), caret, "{:?}", text);
            proptest::prop_assert!(prompt.selection().is_none_or(|selected| text.get(selected).is_some()));
        }
        press(&mut prompt, "\u{1b}\u{1b}");
        let found = (0..200).any(|_| {
            let is_back = prompt.editor.text() == draft;
            press(&mut prompt, "u");
            is_back
        });
        // An undo among the keys may have taken back the draft itself.
        proptest::prop_assert!(found || keys.contains('u'), "{:?} is not {:?}", prompt.editor.text(), draft);
    }
}
