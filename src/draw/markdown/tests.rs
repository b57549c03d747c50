//! What the Markdown room promises, on small samples. The large document lives in `tests/draw.rs`.

use super::*;

fn shows(source: &str, width: usize, expect: &str) {
    let lines: Vec<String> =
        render(source, width, &Theme::dark(), None).iter().map(ToString::to_string).collect();
    assert_eq!(lines.join("\n"), expect, "render({source:?}, {width})");
}

#[test]
fn paragraphs_flow_and_breaks_hold() {
    shows("one\ntwo  \nthree\n\nfour", 20, "one two\nthree\n\nfour");
    shows("a b<br>c", 20, "a b\nc");
    shows("", 20, "");
}

#[test]
fn lists_hang_under_their_bullets() {
    shows("- one two three\n- b\n  1. c\n  2. d", 10, "• one two\n  three\n• b\n  1. c\n  2. d");
    shows("3. a\n\n   b\n\n4. c", 20, "3. a\n\n   b\n\n4. c");
    shows("- [ ] open\n- [x] done", 20, "• [ ] open\n• [x] done");
    shows("- a\n\n      code\n-\n- b", 20, "• a\n\n  ── code · 1 ──\n  code\n\n•\n\n• b");
    shows("para\n- a\n\nnext", 20, "para\n\n• a\n\nnext");
}

#[test]
fn quotes_have_a_bar_and_rules_a_line() {
    shows("> a\n>\n> b\n\n***\nc", 9, "▎ a\n▎\n▎ b\n\n─────────\n\nc");
    shows(">\n\na\n\n>\n\nb", 9, "a\n\nb");
}

#[test]
fn links_name_their_target_once() {
    shows(
        "[docs](https://a.b/c) <https://a.b/> [a@b.c](mailto:a@b.c)",
        60,
        "docs (https://a.b/c) https://a.b/ a@b.c",
    );
    shows("![logo](x.png) [](y)", 60, "image: logo (x.png) (y)");
    shows("[ref]\n\n[ref]: https://a.b", 60, "ref (https://a.b)");
}

#[test]
fn a24_code_has_nothing_around_it() {
    shows("```ts\n\tconst a = 1\n\n```\n", 40, "── ts · 1 ──\n    const a = 1\n");
    shows("```\nabcdefghij\n```", 4, "── …\nabcd\nefgh\nij");
}

#[test]
fn tables_share_the_width() {
    let table = "| name | what it is |\n|---|---:|\n| a | b |\n| long one | some more words here |";
    shows(
        table,
        40,
        "name     │           what it is\n─────────┼─────────────────────\na        │                    b\nlong one │ some more words here",
    );
    shows(
        table,
        20,
        "name     │   what it\n         │        is\n─────────┼──────────\na        │         b\n─────────┼──────────\nlong one │ some more\n         │     words\n         │      here",
    );
    shows(table, 9, "name: a\nwhat it\nis: b\n\nname:\nlong one\nwhat it\nis: some\nmore\nwords\nhere");
}

#[test]
fn html_is_text() {
    shows("<div>\n<b>x</b>\n</div>\n\na <kbd>k</kbd>", 40, "<div>\n<b>x</b>\n</div>\n\na <kbd>k</kbd>");
}

#[test]
fn a30_no_control_comes_through_an_entity() {
    shows("a&#27;[31mb&#x202e;c &#155;2J", 40, "a[31mb‹U+202E›c 2J");
    shows("[x](<http://a&#27;]0;t&#7;b>)", 40, "x (http://ab)");
}

#[test]
fn a25_code_is_marked_where_there_is_no_colour() {
    let lines = render("a `b` ~~c~~", 20, &Theme::plain(), None);
    assert_eq!(lines.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a `b` ~~c~~"]);
}

#[test]
fn depth_costs_no_stack() {
    render(&">".repeat(20_000), 80, &Theme::dark(), None);
    render(&"- ".repeat(20_000), 80, &Theme::dark(), None);
    render(&format!("{}x{}", "*a **b ".repeat(5_000), "** a*".repeat(5_000)), 80, &Theme::dark(), None);
}
