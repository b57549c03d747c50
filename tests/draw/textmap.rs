//! What drawn lines say: each cell of text leads back to the text, decoration to none, and no width changes what a copy holds.

use dictum::base::text;
use dictum::draw::blocks::{Blocks, Growth};
use dictum::draw::highlight::Highlighter;
use dictum::draw::textmap::TextMap;
use dictum::draw::theme::Theme;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

/// The parts of a text, drawn, with what their lines say.
fn parts(source: &str, width: usize) -> Vec<(Vec<Line<'static>>, TextMap)> {
    let (theme, highlighter) = (Theme::dark(), Highlighter::new());
    let mut blocks = Blocks::default();
    blocks.update(source, Growth::Ended);
    (0..blocks.parts())
        .map(|part| (blocks.draw(part, width, &theme, Some(&highlighter)), blocks.map(part, width, &theme)))
        .collect()
}

/// The text of everything.
fn said(source: &str, width: usize) -> String {
    parts(source, width).iter().map(|(_, map)| map.text()).collect()
}

/// The text between two cells of the screen that the parts make, each as line and cell, both included.
fn between(source: &str, width: usize, from: (usize, usize), to: (usize, usize)) -> String {
    let [(_, map)] = &parts(source, width)[..] else { panic!("{source:?} is not one block") };
    let (from, to) = (map.at(from.0, from.1), map.at(to.0, to.1));
    map.text()[from.start.min(to.start)..from.end.max(to.end)].to_string()
}

/// Whether a line is a rule, a label or the like: nothing of it was said.
fn is_ornament(row: &str) -> bool {
    row.trim_start_matches(['▎', '•', ' '])
        .trim_start_matches(|c: char| c.is_numeric() || c == '.')
        .trim_start()
        .starts_with('─')
}

fn each_cell_leads_back(source: &str, width: usize) {
    for (lines, map) in parts(source, width) {
        assert_eq!(lines.len(), map.height(), "{source:?} at {width}: {lines:#?}\n{map:#?}");
        for (number, line) in lines.into_iter().enumerate() {
            let area = Rect::new(0, 0, u16::try_from(width).unwrap(), 1);
            let mut buffer = Buffer::empty(area);
            line.render(area, &mut buffer);
            // A mark that has nothing to stand on stands on what is beside it.
            let bare = |x| buffer[(x, 0)].symbol().trim_matches('\u{301}').to_string();
            let symbols: Vec<String> = (0..area.width).map(bare).collect();
            let row: String = symbols.concat();
            for (cell, shown) in symbols.iter().enumerate() {
                let range = map.at(number, cell);
                let letters = &map.text()[range.clone()];
                let wide = text::width(letters) > 1 && map.at(number, cell.saturating_sub(1)) == range;
                match letters.trim_matches('\u{301}') {
                    "" if is_ornament(&row) => {}
                    "" => assert!(
                        !shown.chars().any(char::is_alphanumeric),
                        "{shown:?} says nothing in {row:?}"
                    ),
                    "\t" => assert_eq!(shown, " ", "{row:?}"),
                    "-" => assert!(matches!(shown.as_str(), "•" | "-"), "{row:?}"),
                    // The second cell of a wide character, and what has no room at all.
                    _ if wide || shown == "…" => {}
                    letters => assert_eq!(shown, letters, "cell {cell} of {row:?} in {source:?} at {width}"),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(super::config(500))]

    #[test]
    fn a24_each_cell_leads_back_to_its_text(source in super::adversarial(), width in 4usize..60) {
        each_cell_leads_back(&source, width);
    }

    #[test]
    fn a24_no_width_changes_what_is_said(source in super::adversarial(), width in 20usize..60) {
        // Only tables are laid out in another way, as lists of their cells, where they are too wide.
        let source = source.replace('|', "/");
        prop_assert_eq!(said(&source, width), said(&source, 200));
    }
}

#[test]
fn a24_a_rich_document_leads_back_at_every_width() {
    for width in [5, 12, 20, 33, 60, 100] {
        each_cell_leads_back(include_str!("rich.md"), width);
    }
}

#[test]
fn a24_what_the_drawing_adds_is_not_said() {
    let long = "word ".repeat(30).trim_end().to_string();
    for (source, expected) in [
        (long.as_str(), format!("{long}\n")),
        ("> a quote of **some** words\n> and `more`", "a quote of some words and more\n".into()),
        ("> first\n>\n> second", "first\n\nsecond\n".into()),
        ("```ts\n\tif (a) {\n\t\tb\t= 1  \n\t}\n```", "\tif (a) {\n\t\tb\t= 1  \n\t}\n".into()),
        (
            "- one two three four\n  - deeper\n- [x] done",
            "- one two three four\n  - deeper\n- [x] done\n".into(),
        ),
        ("1. do\n   ```sh\n   npm  ci\n   ```", "1. do\nnpm  ci\n".into()),
        ("| a | b b |\n|--|--:|\n| one two three four | 1 |", "a\tb b\none two three four\t1\n".into()),
        ("日本語のテキストと👩\u{200d}💻と🇩🇪", "日本語のテキストと👩\u{200d}💻と🇩🇪\n".into()),
        ("one  \ntwo", "one\ntwo\n".into()),
    ] {
        for width in [20, 80] {
            assert_eq!(said(source, width), expected, "at {width}");
        }
    }
}

#[test]
fn a24_parts_of_lines_are_said_as_they_were() {
    // Broken after "two": the space is there again.
    assert_eq!(between("one two three", 8, (0, 4), (1, 4)), "two three");
    // The label is line 0.
    assert_eq!(between("```\n\ta\tb\n```", 40, (1, 0), (1, 8)), "\ta\tb");
    assert_eq!(between("```\n\ta\tb\n```", 40, (1, 2), (1, 4)), "\ta");
    // Both cells of a wide character are that character.
    assert_eq!(between("a日b", 40, (0, 1), (0, 1)), "日");
    assert_eq!(between("a日b", 40, (0, 2), (0, 3)), "日b");
    // The rule below the head is no line of text.
    assert_eq!(between("| ab | cd |\n|--|--|\n| ef | gh |", 40, (0, 5), (2, 0)), "cd\ne");
    // A cell on two lines goes on in the second one.
    let table = "| name | what it does |\n|--|--|\n| a | it does a lot of things |";
    assert_eq!(between(table, 22, (2, 7), (3, 60)), "it does a lot of things");
}

#[test]
fn words_and_lines_are_found_around_a_character() {
    let source = "see src/draw/flow.rs: it's on, or https://a.b/c?d=1. 東京タワー";
    let [(_, map)] = &parts(source, 24)[..] else { panic!("one block") };
    let word = |letters: &str| {
        let at = source.find(letters).unwrap();
        &map.text()[map.word_of(&(at..at + letters.chars().next().unwrap().len_utf8()))]
    };
    assert_eq!(word("draw"), "src/draw/flow.rs");
    assert_eq!(word("s on"), "it's");
    assert_eq!(word("a.b"), "https://a.b/c?d=1");
    assert_eq!(word("on,"), "on");
    assert_eq!(word(", or"), ",");
    assert_eq!(word("タワー"), "タワー");
    assert_eq!(&map.text()[map.line_of(&(9..10))], source);
    assert_eq!(map.word_of(&(3..3)), 3..3);
}
