//! The drawing rooms as a whole: any text at any size, streaming in any chunks, and a rich document as it looks.
#![allow(clippy::unwrap_used)]

#[path = "draw/textmap.rs"]
mod textmap;

use dictum::draw::blocks::{Blocks, Growth};
use dictum::draw::highlight::Highlighter;
use dictum::draw::markdown;
use dictum::draw::patch;
use dictum::draw::theme::Theme;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Markdown that is likely to go wrong: every line is some beginning, middle or end of a block.
fn adversarial() -> impl Strategy<Value = String> {
    let line = proptest::sample::select(vec![
        "text",
        "two words",
        "*emph* **strong** `code`",
        "[foo]",
        "[foo][bar]",
        "[a](b)",
        "# head",
        "#",
        "#tag",
        "## ",
        "===",
        "---",
        "-",
        "- item",
        "* item",
        "+ item",
        "1. one",
        "2) two",
        "10. ten",
        "- [ ] todo",
        "- - deep",
        "1. - mixed",
        "> quote",
        ">",
        "> - list",
        "> ```",
        ">lazy",
        "```",
        "```ts",
        "````",
        "~~~",
        "``",
        "const a = 1;",
        "| a | b |",
        "|---|---|",
        "|---|",
        "a | b",
        "--- | ---",
        "| 1 | 2 | 3 |",
        "|",
        "<div>",
        "</div>",
        "<!-- open",
        "-->",
        "<script>",
        "</script>",
        "<b>x</b>",
        "<?php",
        "?>",
        "<![CDATA[",
        "]]>",
        "<!X",
        "***",
        "___",
        "[foo]: /url",
        "[bar]:",
        "[foo]: /url 'title",
        "title'",
        "[^1]: note",
        "\\",
        "`",
        "``code",
        "**open",
        "http://x.y",
        "&amp; &#10; &lt;",
        "a\tb",
        "\tcode",
        "$$",
        "+++",
        "!",
        "| `a|b` |",
        "::",
        "\u{1b}[1mred",
        "\u{1b}Pq",
        "\u{9c}",
        "lone\rreturn",
        "漢字",
        "👩\u{200d}💻",
        "\u{200d}",
        "\u{fe0f}",
        "\u{301}",
        "",
    ]);
    let indent = proptest::sample::select(vec![
        "", "", "", "", " ", "  ", "   ", "    ", "      ", "\t", "> ", "  > ",
    ]);
    let end = proptest::sample::select(vec!["\n", "\n", "\n", "\n\n", "\n\n", "\r\n", "\n  \n", "  \n", ""]);
    proptest::collection::vec((indent, line, end), 0..14).prop_map(|parts| {
        parts.into_iter().map(|(indent, line, end)| format!("{indent}{line}{end}")).collect()
    })
}

/// All parts of a text, drawn one after the other.
fn drawn(blocks: &mut Blocks, width: usize, highlighter: Option<&Highlighter>) -> Vec<Line<'static>> {
    let theme = Theme::dark();
    (0..blocks.parts()).flat_map(|part| blocks.draw(part, width, &theme, highlighter)).collect()
}

/// Feeds `source` in pieces of `sizes` characters, over and over, and gives each step with its drawing to `check`. What stays as it was is
/// taken from the step before, as the screen does.
fn feed(
    source: &str,
    sizes: &[usize],
    (mut blocks, width, highlighter): (Blocks, usize, Option<&Highlighter>),
    check: impl Fn(&str, Growth, &Blocks, &[Line<'static>]),
) {
    let theme = Theme::dark();
    let mut parts: Vec<Vec<Line<'static>>> = Vec::new();
    let ends: Vec<usize> = source.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let mut sizes = sizes.iter().cycle();
    let mut fed = 0;
    while fed < ends.len() {
        fed = (fed + sizes.next().unwrap()).min(ends.len());
        let so_far = &source[..ends[fed - 1]];
        let ended = fed == ends.len();
        for growth in [Growth::Open, Growth::Ended].into_iter().take(1 + usize::from(ended)) {
            parts.truncate(blocks.update(so_far, growth));
            for part in parts.len()..blocks.parts() {
                parts.push(blocks.draw(part, width, &theme, highlighter));
            }
            check(so_far, growth, &blocks, &parts.concat());
        }
    }
    assert_eq!(blocks.closed(), blocks.parts());
}

/// Each step of a text is as a full drawing.
fn streams_like_one(source: &str, sizes: &[usize], width: usize, highlighter: Option<&Highlighter>) {
    feed(source, sizes, (Blocks::default(), width, highlighter), |so_far, growth, _, drawn| {
        let whole = markdown::render(so_far, width, &Theme::dark(), highlighter);
        assert_eq!(drawn, whole, "after {so_far:?}, {growth:?}");
    });
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn a16_any_chunking_draws_like_one_piece(
        source in adversarial(),
        sizes in proptest::collection::vec(1usize..9, 1..6),
        width in 1usize..60,
    ) {
        streams_like_one(&source, &sizes, width, None);
    }
}

/// Long blocks are cut by what they hold, not by how it came.
fn cut_like_one(source: &str, sizes: &[usize], long: usize, highlighter: Option<&Highlighter>) {
    feed(source, sizes, (Blocks::cut_after(long), 30, highlighter), |so_far, growth, blocks, lines| {
        let mut once = Blocks::cut_after(long);
        once.update(so_far, growth);
        assert_eq!(blocks.closed(), once.closed(), "after {so_far:?}, {growth:?}");
        assert_eq!(lines, drawn(&mut once, 30, highlighter), "after {so_far:?}, {growth:?}");
    });
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn a18_any_chunking_cuts_long_blocks_alike(
        source in adversarial(),
        sizes in proptest::collection::vec(1usize..9, 1..6),
        long in 4usize..60,
    ) {
        // On the way to a line that defines nothing there may be one that does, and what defines is not cut.
        cut_like_one(&source.replace("]:", "]"), &sizes, long, None);
    }
}

#[test]
fn a18_a_fence_in_pieces_looks_like_one() {
    let highlighter = Highlighter::new();
    let source = include_str!("draw/rich.md");
    let code = "text\n\n```ts\n/* a\n\n   b */ const c = `x\ny ${z}\n`; // e\nlet f = 1;\n  ~~~\n```\nafter\n\n~~~\n```\nx\n~~~\n\n```js\n1\n";
    for long in [1, 7, 20, 60] {
        for text in [code, "````sql\nselect 1\n```\nfrom a\nwhere b = 'c\nd'\n````\n`e`\n"] {
            let mut blocks = Blocks::cut_after(long);
            blocks.update(text, Growth::Ended);
            let whole = markdown::render(text, 40, &Theme::dark(), Some(&highlighter));
            assert_eq!(drawn(&mut blocks, 40, Some(&highlighter)), whole, "{text:?} cut after {long}");
            cut_like_one(text, &[1, 5], long, Some(&highlighter));
        }
        cut_like_one(source, &[211, 97], long * 9, Some(&highlighter));
    }
    let mut blocks = Blocks::cut_after(1);
    blocks.update("```\na\nb\nc\n```\n", Growth::Ended);
    assert_eq!(blocks.parts(), 4, "it is cut before each line of code");
}

#[test]
fn a18_a_paragraph_of_thousands_of_lines_costs_its_last_piece() {
    let mut blocks = Blocks::default();
    let mut source = String::new();
    for number in 0..3_000 {
        source.push_str(&format!("2026-11-28 {number} [info] a line of a log: it goes on\n"));
        let kept = blocks.update(&source, Growth::Open);
        let open: usize = (kept..blocks.parts()).map(|part| blocks.text(part).len()).sum();
        assert!(open < 10_000, "{open} bytes are drawn again");
    }
    let lines = drawn(&mut blocks, 80, None);
    let said: String = lines.iter().map(|line| format!("{line} ")).collect();
    assert!(lines.iter().all(|line| !line.spans.is_empty()), "no blank line stands inside");
    assert_eq!(said.split_whitespace().collect::<Vec<_>>(), source.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn a18_a_paragraph_is_cut_where_nothing_goes_on() {
    let cut = |source: &str| {
        let mut blocks = Blocks::cut_after(1);
        blocks.update(source, Growth::Ended);
        let lines = drawn(&mut blocks, 40, None);
        let said: Vec<String> = lines.iter().map(ToString::to_string).collect();
        (blocks.parts(), said.join("|"))
    };
    assert_eq!(cut("one\ntwo\nthree"), (2, "one|two three".into()), "the last line is not complete");
    assert_eq!(cut("**one\ntwo** x\nthree\n"), (2, "one two x|three".into()));
    assert_eq!(cut("[one\ntwo](/x)\nthree\n").0, 2);
    assert_eq!(cut("`one\ntwo`\nthree\n"), (2, "one two|three".into()));
    assert_eq!(cut("one\\\ntwo\\\nthree\n"), (3, "one|two|three".into()), "the sign for a new line is none");
    assert_eq!(cut("one\\\\\ntwo\n"), (2, "one\\|two".into()), "a sign that is said stays");
    assert_eq!(cut("one  \ntwo\n"), (2, "one|two".into()));
    assert_eq!(cut("one\n- two\n"), (2, "one||• two".into()), "another block is no piece");
}

/// A document that grows by whole blocks closes them: without that, the test above would hold for one block that is drawn anew.
#[test]
fn a18_finished_blocks_are_not_drawn_again() {
    let mut blocks = Blocks::default();
    let source = include_str!("draw/rich.md").repeat(3);
    let mut longest = 0;
    for (end, _) in source.match_indices('\n') {
        let kept = blocks.update(&source[..=end], Growth::Open);
        let open: usize = (kept..blocks.parts()).map(|part| blocks.text(part).lines().count()).sum();
        longest = longest.max(open);
    }
    assert!(blocks.closed() > 40, "only {} blocks are closed", blocks.closed());
    assert!(longest < 40, "{longest} lines were drawn again");
}

#[test]
fn a16_code_streams_in_its_colours() {
    let highlighter = Highlighter::new();
    let source = include_str!("draw/rich.md");
    streams_like_one(source, &[211, 97], 60, Some(&highlighter));
    let list = "1. a\n   ```ts\n   const a = `x\n   y`\n   ```\n2. b\n\n   ~~~json\n   {\"a\": 1}\n";
    streams_like_one(list, &[1, 3, 2], 40, Some(&highlighter));
    let fence = "text\n\n```ts\n/* a\nb */ const c = 1\n\n``\n ```\nafter\n\n````\n```\nx";
    streams_like_one(fence, &[1], 40, Some(&highlighter));
}

#[test]
fn a_changed_past_begins_anew() {
    let mut blocks = Blocks::default();
    for (source, growth) in [
        ("# a\n\nb\n\nc", Growth::Open),
        ("# x\n\nb\n\nc", Growth::Open),
        ("# x\n\nb\n\nc", Growth::Ended),
        ("# x\n\nb\n\nc\nd", Growth::Open),
        ("# x\n\nb", Growth::Ended),
        ("", Growth::Open),
    ] {
        blocks.update(source, growth);
        assert_eq!(
            drawn(&mut blocks, 20, None),
            markdown::render(source, 20, &Theme::dark(), None),
            "{source:?}"
        );
    }
}

/// Random text in which trouble is likely.
fn wild() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,16}",
        proptest::sample::select(vec![
            "\u{1b}[31m",
            "\u{1b}]0;x",
            "\u{1b}P",
            "\u{9b}",
            "\r",
            "\n",
            "\r\n",
            "\t",
            "\n\t",
            "\u{200d}",
            "\u{fe0f}",
            "\u{202e}",
            "\u{e0041}",
            "\u{301}",
            "👩\u{200d}💻",
            "☁\u{fe0f}",
            "🇩🇪",
            "漢字",
            "क्",
            "ﾞ",
            "لا",
            "ᄀ",
            "שלום",
            "⸻",
            "\n- ",
            "\n> ",
            "\n| a | b |\n|---|---|\n| ",
            " | ",
            "\n```ts\n",
            "\n# ",
            "**",
            "`",
            "[",
            "](",
            "<b>",
            "    ",
            "\u{a0}",
            "\u{3000}",
        ])
        .prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Draws each line on a row of its own and sees to it that nothing reaches past `width`, and that no control comes through.
fn fits(lines: &[Line<'_>], width: usize) {
    let wide = 400;
    for line in lines {
        let mut buffer = Buffer::empty(Rect::new(0, 0, wide, 1));
        let (end, _) = buffer.set_line(0, 0, line, wide);
        assert!(usize::from(end) <= width, "{end} cells at width {width}: {line:?}");
        assert!(!line.to_string().contains(char::is_control), "{line:?}");
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a22_any_text_any_size(
        text in prop_oneof![wild(), adversarial()],
        other in wild(),
        width in prop_oneof![1usize..12, 1usize..300],
    ) {
        let theme = Theme::dark();
        fits(&markdown::render(&text, width, &theme, None), width);
        fits(&markdown::render_plain(&text, width, theme.user), width);
        let changes = patch::unified(&text, &other, 2);
        fits(&patch::lines(&changes, width, &theme), width);
        prop_assert!(!patch::text(&changes).replace(['\n', '\t'], "").contains(char::is_control));
    }
}

#[test]
fn a22_any_text_any_size_a_line_of_a_megabyte() {
    let theme = Theme::dark();
    for unit in ["a", "word ", "漢", "👩\u{200d}💻"] {
        let big = unit.repeat(1_000_000 / unit.len());
        fits(&markdown::render(&big, 80, &theme, None), 80);
        fits(&markdown::render_plain(&big, 1, theme.text)[..1], 1);
        let changes = patch::unified("old\n", &format!("{big}\n"), 3);
        fits(&patch::lines(&changes, 80, &theme), 80);
    }
    for unit in ["| a ", "`x` ", "*a ", "[", "\u{1b}]0;", "<a ", "क्", "a\tb ", "&amp;"] {
        let big = unit.repeat(100_000 / unit.len());
        fits(&markdown::render(&big, 80, &theme, None), 80);
        fits(&markdown::render(&format!("{big}\n|---|---\n"), 80, &theme, None), 80);
    }
}

#[test]
fn a22_tabs_keep_their_indentation() {
    let theme = Theme::plain();
    let text = |lines: Vec<Line<'_>>| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        text(markdown::render_plain("\tif x:\n\t\treturn\ty", 40, theme.text)),
        ["    if x:", "        return  y"]
    );
    assert_eq!(
        text(markdown::render("```make\nall:\n\techo\n```", 40, &theme, None)),
        ["── make · 1 ──", "all:", "    echo"]
    );
    let changes = patch::unified("a:\n\tb\n", "a:\n\t\tc\n", 1);
    assert_eq!(text(patch::lines(&changes, 40, &theme)), ["1  a:", "2 -    b", "2 +        c"]);
}

/// The lines of the rich document.
fn snapshot(width: usize, theme: &Theme, highlighter: Option<&Highlighter>) -> String {
    let lines = markdown::render(include_str!("draw/rich.md"), width, theme, highlighter);
    fits(&lines, width);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_rich_document_reads_well_at_every_width() {
    for width in [40, 80, 120] {
        insta::assert_snapshot!(format!("rich_{width}"), snapshot(width, &Theme::plain(), None));
    }
}

#[test]
fn colours_change_no_character() {
    let highlighter = Highlighter::new();
    let plain = snapshot(60, &Theme::dark(), None);
    assert_eq!(plain, snapshot(60, &Theme::dark(), Some(&highlighter)));
    assert_eq!(plain, snapshot(60, &Theme::light(), Some(&highlighter)));
    assert_eq!(plain, snapshot(60, &Theme::ansi(), None));
}

/// What opens, closes or escapes something in some language.
const MARKS: &[&str] = &[
    "`", "${", "{", "{{", "\"", "'", "\"\"\"", "/*", "*/", "#", "--", "--[[", "<!--", "<", "</", "/>",
    "<script>", "<?", "[", "(", "$(", "$", "\\", "<<EOF", "r#\"", "'a", ":", "=", "=>", "- ", "|", "/", "@",
    "&", "*", "_", "!", ".", "..", ",", " ", "a<", "1", "e-", "<a ", "漢",
];

/// The processor time of this thread, which other programs do not lengthen.
#[cfg(unix)]
fn spent() -> std::time::Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    std::time::Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// Sixteen times the length costs about sixteen times as much, whatever opens and never closes; reading the rest of the line at
/// each mark would cost 256 times as much.
#[cfg(unix)]
#[test]
fn a_line_of_code_costs_what_its_length_costs() {
    let (theme, highlighter) = (Theme::plain(), Highlighter::new());
    for language in ["tsx", "sh", "yaml", "md", "html", "css", "rust", "ruby", "sql", "env", "cs", "toml"] {
        for mark in MARKS {
            let cost = |bytes: usize| {
                let line = mark.repeat(bytes / mark.len());
                let start = spent();
                highlighter.lines(language, [line.as_str()], &theme);
                spent() - start
            };
            let linear = (0..8).any(|_| cost(1_920) < 40 * cost(120));
            assert!(linear, "{language} {mark:?}");
        }
    }
}
