//! What becomes of code of every language, with literals. It never looks at a screen.

use super::*;
use proptest::prelude::*;

/// The text of `line` whose style is `style`.
fn styled(highlighter: &Highlighter, language: &str, source: &str, style: Style) -> Vec<String> {
    let theme = Theme::dark();
    let lines = highlighter.lines(language, source.lines(), &theme);
    let text: Vec<String> =
        lines.iter().map(|line| line.iter().map(|span| span.content.as_ref()).collect()).collect();
    assert_eq!(text.join("\n"), text::expand_tabs(source, 0));
    lines
        .into_iter()
        .flatten()
        .filter(|span| span.style == style)
        .map(|span| span.content.trim().to_string())
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// `source` with a letter and brackets around each piece that has a colour: `K‹const› a = N‹1›`.
fn marked(language: &str, source: &str) -> String {
    let theme = Theme::dark();
    let syntax = &theme.syntax;
    let letters = [
        (syntax.keyword, "K"),
        (syntax.string, "S"),
        (syntax.comment, "C"),
        (syntax.number, "N"),
        (syntax.type_name, "T"),
        (syntax.function, "F"),
        (syntax.property, "P"),
        (theme.added, "A"),
        (theme.removed, "R"),
        (syntax.function.add_modifier(Modifier::BOLD), "H"),
        (theme.strong, "B"),
        (theme.emphasis, "E"),
    ];
    let piece = |span: Span<'static>| match letters.iter().find(|(style, _)| *style == span.style) {
        Some((_, letter)) => format!("{letter}‹{}›", span.content),
        None => span.content.to_string(),
    };
    let lines = Highlighter::new().lines(language, source.lines(), &theme);
    let lines: Vec<String> = lines.into_iter().map(|line| line.into_iter().map(piece).collect()).collect();
    lines.join("\n")
}

/// Asserts that the lines are marked as they say, in each language of `languages`.
#[track_caller]
fn reads(languages: &str, expected: &str) {
    let mut source = String::new();
    let mut rest = expected;
    while let Some((before, after)) = rest.split_once('‹') {
        let (piece, after) = after.split_once('›').unwrap();
        let mut before = before.to_string();
        before.pop();
        source.push_str(&before);
        source.push_str(piece);
        rest = after;
    }
    source.push_str(rest);
    for language in languages.split(' ') {
        assert_eq!(marked(language, &source), expected, "{language}");
    }
}

#[test]
fn code_of_a_node_project_is_coloured() {
    let syntax = Theme::dark().syntax;
    let grammars = Highlighter::new();
    let ts = "import { a } from 'x' // why\nexport async function go(n: number): Promise<User> {\n\treturn `a${n + 42}`\n}";
    assert_eq!(styled(&grammars, "ts", ts, syntax.comment), ["// why"]);
    assert_eq!(styled(&grammars, "ts", ts, syntax.function), ["go"]);
    assert_eq!(styled(&grammars, "ts", ts, syntax.number), ["42"]);
    assert_eq!(styled(&grammars, "ts", ts, syntax.type_name), ["number", "Promise", "User"]);
    assert_eq!(styled(&grammars, "TypeScript", ts, syntax.string), ["'x'", "`a", "`"]);
    assert_eq!(
        styled(&grammars, "tsx", ts, syntax.keyword),
        ["import", "from", "export", "async", "function", "return"]
    );
    assert_eq!(
        styled(&grammars, "json", "{\"key\": \"value\", \"n\": 1}", syntax.property),
        ["\"key\"", "\"n\""]
    );
    assert_eq!(styled(&grammars, "yaml", "name: push\nsize: 1", syntax.property), ["name", "size"]);
    assert_eq!(styled(&grammars, "diff", "-old\n+new\n same", Theme::dark().added), ["+new"]);
    assert_eq!(styled(&grammars, "sql", "SELECT id FROM users", syntax.keyword), ["SELECT", "FROM"]);
    assert_eq!(styled(&grammars, "Dockerfile", "FROM node:22", syntax.keyword), ["FROM"]);
}

#[test]
fn scripts_read_well() {
    reads("ts js jsx tsx", "K‹const› re = S‹/[a/]+\\/(\\d)$/g›\nhalf = total / N‹2› / count");
    reads("ts js tsx", "S‹`a ›${x.F‹map›(y => S‹`›${y}S‹`›).F‹join›(S‹'}'›)}S‹ b›\nS‹c`›");
    reads("ts js mjs node", "app.F‹get›(S‹'/'›, K‹async› () => ({ P‹ok›: K‹true›, P‹n›: N‹1_000n› }))");
    reads("ts js tsx", "K‹export› K‹const› F‹go› = K‹async› (a, b = {}) => K‹await› F‹load›(a)");
    reads("ts js", "C‹/* a›\nC‹b */› K‹case› S‹'a'›: K‹return› x ? y : z");
    reads("ts", "K‹class› T‹A› K‹extends› T‹B› {\n  K‹private› K‹readonly› P‹a›: T‹string›\n}");
    reads("ts", "F‹@Injectable›()\nK‹const› type = req.type, from = N‹1›");
    reads("ts tsx", "K‹type› T‹Id› = T‹string› | { P‹a›?: T‹number›; P‹'b'›: K‹null› }");
    reads("ts tsx", "K‹const› [a, setA] = F‹useState›<T‹Map›<T‹string›, T‹User›>>(K‹null›)");
    reads(
        "tsx jsx",
        "K‹return› <K‹div› P‹id›=S‹\"a\"› P‹on›={() => F‹go›(N‹1›)}>it's {n} <T‹Item› /></K‹div›>",
    );
    reads("tsx js", "x = a < b && c > d");
    reads("js", "K‹const› s = S‹'open›\nK‹const› t = N‹1›");
}

#[test]
fn data_reads_well() {
    reads("json jsonc json5 jsonl", "{ P‹\"a\"›: [N‹1›, -N‹2.5e3›, K‹true›, K‹null›, S‹\"x: y\"›] } C‹// c›");
    reads("yaml yml", "P‹on›:\n  P‹push›: { P‹branches›: [S‹main›, S‹\"a: b\"›] } C‹# c›");
    reads("yaml", "P‹url›: S‹http://a:80/b#c›\nP‹on›: K‹yes›\nK‹-› P‹n›: N‹1.5›\nK‹-› S‹1 apple›");
    reads("yaml", "P‹a›: K‹|›\nS‹  x: 1›\n\nS‹  # y›\nP‹b›: T‹*a›");
    reads("yaml", "K‹-› P‹run›: K‹|›\n    F‹npm› ci P‹--x›\nK‹-› P‹uses›: S‹a@v4›");
    reads(
        "toml",
        "T‹[a.b]› C‹# c›\nP‹x-y› = { P‹v› = S‹'1'›, P‹on› = K‹true› }\nP‹t› = N‹1979-05-27T07:32:00Z›",
    );
    reads("toml", "P‹a› = S‹\"\"\"›\nS‹b = 1›\nS‹\"\"\"›\nP‹c› = [\n  S‹\"d\"›,\n]");
    reads(
        "env dotenv ini",
        "C‹# a›\nP‹URL›=S‹\"a:b›P‹$X›S‹\"›\nK‹export› P‹ON›=K‹true›\nP‹PORT›=N‹30›C‹ # c›",
    );
    reads(
        "http",
        "K‹POST› S‹/a?b=1›K‹ HTTP/1.1›\nP‹Host›: S‹x:80›\n\n{ P‹\"a\"›: N‹1› }\n\nK‹HTTP/1.1› N‹201›S‹ Created›",
    );
    reads(
        "diff patch",
        "H‹diff --git a/x b/x›\nH‹--- a/x›\nH‹+++ b/x›\nC‹@@ -1,2 +1,2 @@›F‹ go()›\n a\nR‹--- b›\nA‹+++ c›",
    );
    reads("md markdown", "H‹# A›\nB‹**b**› S‹`c`› F‹[d]›S‹(e)›\nC‹```ts›\nK‹let› a\nC‹```›\nK‹-› a_b_c * d");
}

#[test]
fn queries_and_schemas_read_well() {
    reads(
        "sql postgres mysql",
        "K‹SELECT› F‹count›(*), a.id K‹from› a K‹WHERE› b = P‹$1› K‹and› c = S‹'it''s'› C‹-- d›",
    );
    reads(
        "sql",
        "K‹create› K‹table› K‹if› K‹not› K‹exists› T‹users› (id T‹uuid›, n T‹varchar›(N‹9›) K‹not› K‹null›);",
    );
    reads("sql", "K‹select› F‹left›(a, N‹2›)::T‹text›, P‹:b› K‹left› K‹join› c");
    reads(
        "graphql gql",
        "K‹query› F‹Get›(P‹$id›: T‹ID›!) {\n  F‹user›(P‹id›: P‹$id›) F‹@skip›(P‹if›: K‹true›) { name }\n}",
    );
    reads("graphql", "K‹type› T‹User› K‹implements› T‹Node› { P‹type›: [T‹String›!]! } C‹# c›");
    reads(
        "prisma",
        "K‹model› T‹User› {\n  P‹id›   T‹Int› F‹@id› F‹@default›(F‹now›())\n  P‹type› T‹Role›? C‹// c›\n}",
    );
}

#[test]
fn commands_read_well() {
    reads("sh bash zsh shell", "P‹A›=b F‹npm› run x P‹--› P‹--y›=z P‹-v› | F‹tee› a.txt C‹# c›");
    reads(
        "sh",
        "K‹if› K‹[[› P‹-f› S‹\"›P‹$F›S‹\"› ]]; K‹then› F‹echo› S‹\"it's ›$(F‹date› +%s)S‹ ›P‹${H:-x}›S‹\"›; K‹fi›",
    );
    reads("sh", "F‹curl› P‹-d› S‹'{›\nS‹\"a\": 1}'› url \\\n  P‹-X› POST");
    reads("sh", "F‹cat› C‹<<EOF› > .env\nS‹A=›P‹$B›\nC‹EOF›\nF‹ls›");
    reads("sh", "K‹for› f K‹in› *.ts; K‹do› F‹node› P‹$f›; K‹done›");
    reads("console sh bash", "C‹$ ›F‹npm› i \\\n    P‹-D› x\nadded 1 package for you\nC‹$ ›F‹ls›");
    reads("console", "F‹npm› install x");
    reads(
        "dockerfile docker",
        "K‹FROM› P‹--platform›=x S‹node:22› K‹AS› build\nK‹ENV› P‹A›=b P‹C›=S‹\"d\"›\nK‹RUN› F‹npm› ci && \\\nC‹  # why›\n  F‹npm› test",
    );
    reads("dockerfile", "K‹COPY› P‹--from›=build /a ./\nK‹CMD› [S‹\"node\"›, S‹\"a.js\"›]");
}

#[test]
fn other_languages_read_well() {
    reads(
        "rust",
        "#[P‹derive›(T‹Debug›)]\nK‹pub› K‹fn› F‹go›(x: &T‹'a› T‹str›) { F‹vec!›[S‹'\\''›, S‹r#\"\"\"#›]; x.K‹await› }",
    );
    reads("rust", "C‹/* a /* b */ c */› T‹Foo› { P‹a›: N‹1›..N‹2› }");
    reads(
        "python",
        "F‹@app.x›\nK‹def› F‹go›(a: T‹int›):\n  S‹\"\"\"b›\nS‹  c\"\"\"› {P‹\"d\"›: S‹f\"{{ ›{a}S‹\"›}",
    );
    reads("go", "K‹func› (u *T‹User›) F‹Go›(n T‹int›) T‹error› { fmt.F‹Println›(S‹`a`›); K‹return› K‹nil› }");
    reads(
        "java",
        "F‹@Override› K‹public› T‹List›<T‹String›> F‹go›() { K‹return› K‹new› T‹ArrayList›<>(N‹1›); }",
    );
    reads("kotlin", "K‹fun› F‹go›(a: T‹Int›) = F‹println›(S‹\"a ›P‹$b›S‹ ›${c}S‹\"›)");
    reads("c cpp", "K‹#include› S‹<a.h>›\nK‹static› T‹int› F‹go›(T‹char› *s) { K‹return› K‹NULL›; } C‹// c›");
    reads("cs", "K‹var› a = S‹$\"b ›{c}S‹\"›; T‹Console›.F‹Write›(S‹@\"c:\\\"›);");
    reads("php", "K‹function› F‹go›(T‹int› P‹$a›) { K‹return› [P‹'b'› => S‹\"c ›P‹$d›S‹\"›]; }");
    reads("ruby", "K‹def› F‹go›(a, P‹b›: N‹:c›)\n  S‹\"x ›#{y}S‹\"› K‹unless› P‹@z›\nK‹end›");
    reads("swift", "K‹func› F‹go›(_ n: T‹Int›) -> T‹String›? { K‹return› S‹\"a ›\\(n)S‹\"› }");
    reads("html", "C‹<!-- a -->›<K‹p› P‹id›=S‹'a'›>a N‹&amp;› b</K‹p›><K‹script›>K‹let› a</K‹script›>");
    reads("vue svelte", "<K‹b› P‹:a›=S‹\"c\"›>{n + N‹1›}</K‹b›>");
    reads(
        "css scss",
        "T‹.a›F‹:hover› { P‹color›: F‹var›(P‹--x›); P‹margin›: N‹-1px› K‹!important›; } C‹/* c */›",
    );
    reads("xml", "<?K‹xml› P‹version›=S‹\"1\"›?><K‹a› P‹b›=S‹\"c\"›/>");
    reads("make", "P‹CC› := gcc\nF‹all›: a.o");
    assert_eq!(marked("make", "all:\n\t@echo $(CC)"), "F‹all›:\n    K‹@›F‹echo› P‹$(CC)›");
    reads("nginx", "K‹server› {\n  K‹listen› N‹80›; K‹return› N‹301› https://P‹$host›;\n}");
    reads("hcl tf", "K‹resource› S‹\"a\"› S‹\"b\"› {\n  P‹x› = S‹\"›${var.y}S‹\"› C‹# c›\n}");
    reads("proto", "K‹message› T‹User› { K‹repeated› T‹int32› ids = N‹1›; }");
    reads("lua", "K‹local› K‹function› F‹go›() K‹return› S‹[[a›\nS‹b]]›, K‹nil› K‹end› C‹-- c›");
    reads(
        "elixir",
        "K‹defmodule› T‹App› K‹do›\n  K‹def› F‹go›(x), P‹do›: {N‹:ok›, S‹\"a ›#{x}S‹\"›}\nK‹end›",
    );
}

/// The names that a fence may carry.
const NAMES: &str = "ts tsx js jsx mjs cjs typescript javascript json jsonc json5 jsonl yaml yml sql graphql gql prisma \
    dockerfile docker sh bash zsh shell console http toml diff patch env dotenv md markdown rust rs python py go golang \
    html css scss vue svelte nginx ini make JSON java kotlin c cpp cs php ruby swift xml makefile hcl terraform proto lua \
    elixir";

#[test]
fn every_language_has_a_row() {
    let highlighter = Highlighter::new();
    for name in NAMES.split_whitespace() {
        assert!(highlighter.knows(name), "{name}");
    }
    assert!(!highlighter.knows("text") && !highlighter.knows("") && !highlighter.knows("漢"));
    assert_eq!(highlighter.language_of("ts title=\"a\""), "ts");
    assert_eq!(highlighter.language_of("src/a.ts"), "ts");
}

#[test]
fn what_is_too_long_is_plain() {
    let theme = Theme::dark();
    let highlighter = Highlighter::new();
    let long = format!("const a = '{}'", "x".repeat(MAX_LINE));
    let lines = highlighter.lines("ts", ["const a = 1", &long, "const b = 2"], &theme);
    let plain: Vec<bool> =
        lines.iter().map(|line| line.iter().all(|span| span.style == theme.block)).collect();
    assert_eq!(plain, [false, true, true]);
    let lines = highlighter.lines("json", std::iter::repeat_n("1", MAX_LINES + 1), &theme);
    let plain: Vec<bool> =
        lines.iter().map(|line| line.iter().all(|span| span.style == theme.block)).collect();
    assert_eq!((plain[MAX_LINES - 1], plain[MAX_LINES]), (false, true));
}

/// Marks that open, close or escape something in some language, and letters that no language expects.
const PARTS: &[&str] = &[
    "`",
    "${",
    "}",
    "{",
    "{{",
    "\"",
    "'",
    "\"\"\"",
    "/*",
    "*/",
    "//",
    "#",
    "--",
    "--[[",
    "]]",
    "<!--",
    "-->",
    "<",
    "</",
    ">",
    "/>",
    "<script>",
    "</script>",
    "<style>",
    "<?",
    "[",
    "]",
    "(",
    ")",
    "$(",
    "$",
    "\\",
    "<<EOF",
    "EOF",
    "r#\"",
    "'a",
    ":",
    "=",
    "=>",
    "- ",
    "|",
    "/",
    "@",
    "@@ -1,2 +3 @@",
    "~~~",
    "```ts",
    "```",
    "+",
    "-",
    "&",
    "*",
    "!",
    "?",
    ".",
    "..",
    ",",
    ";",
    " ",
    "\t",
    "const",
    "class ",
    "function ",
    "async",
    "run: |",
    "FROM ",
    "RUN ",
    "GET / HTTP/1.1",
    "$ ",
    "a",
    "B",
    "1",
    "0x",
    "e-",
    "é",
    "漢",
    "👩‍💻",
    "e\u{301}",
    "\u{fe0f}",
    "\u{301}",
    "\u{200d}",
    "%",
    "case ",
    " in ",
    "=begin",
    "---",
    "\u{a0}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn any_text_in_any_language_keeps_its_text(
        language in proptest::sample::select(NAMES.split_whitespace().collect::<Vec<_>>()),
        lines in proptest::collection::vec(
            prop_oneof![
                4 => proptest::collection::vec(proptest::sample::select(PARTS), 0..14).prop_map(|parts| parts.concat()),
                1 => "\\PC{0,30}",
            ],
            0..8,
        ),
    ) {
        let (theme, highlighter) = (Theme::dark(), Highlighter::new());
        let mut session = highlighter.begin(language);
        for line in &lines {
            let before = session.clone();
            let spans = highlighter.line(&mut session, line, &theme);
            let text: String = spans.iter().map(|span| span.content.as_ref()).collect();
            prop_assert_eq!(text, text::expand_tabs(line, 0));
            // The same line after the same lines is the same, and leads to the same.
            let mut again = before;
            prop_assert_eq!(&highlighter.line(&mut again, line, &theme), &spans);
            prop_assert_eq!(&again, &session);
        }
        let whole = highlighter.lines(language, lines.iter().map(String::as_str), &theme);
        prop_assert_eq!(whole.len(), lines.len());
    }
}

#[test]
fn a_line_of_64_kb_keeps_its_text() {
    let line = PARTS.concat().repeat(MAX_BYTES / PARTS.concat().len());
    for row in table::TABLES.iter().flat_map(|rows| rows.iter()) {
        let pieces = lexer::line(&mut State::new(row), &line);
        assert_eq!(pieces.last().map_or(0, |(end, _)| *end), line.len(), "{row:?}");
    }
}
