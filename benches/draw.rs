//! What drawing costs: a reply of 20 000 tokens, streamed and whole, and the wrapping of a megabyte. Run with
//! `cargo bench --bench draw`.

use dictum::base::text;
use dictum::draw::blocks::{Blocks, Growth};
use dictum::draw::highlight::Highlighter;
use dictum::draw::markdown;
use dictum::draw::theme::Theme;
use divan::Bencher;

fn main() {
    divan::main();
}

/// Characters of a token, and of a delta: most providers send one token at a time.
const DELTA: usize = 4;

/// About 20 000 tokens of prose, lists, tables and code.
fn reply() -> String {
    include_str!("../tests/draw/rich.md").chars().cycle().take(20_000 * DELTA).collect()
}

/// One file of TypeScript as long as a model writes.
fn file(lines: usize) -> String {
    let line = "export const handler = async (request: Request): Promise<number> => { return 42 } // why\n";
    format!("Here it is:\n\n```ts\n{}", line.repeat(lines))
}

/// The ends of the deltas of `source`.
fn ends(source: &str) -> Vec<usize> {
    source.char_indices().map(|(at, c)| at + c.len_utf8()).skip(DELTA - 1).step_by(DELTA).collect()
}

fn stream(
    source: &str,
    range: std::ops::Range<usize>,
    cache: &mut Blocks,
    highlighter: Option<&Highlighter>,
) {
    let theme = Theme::dark();
    for end in ends(source).get(range).unwrap_or_default() {
        let kept = cache.update(source.get(..*end).unwrap_or_default(), Growth::Open);
        for part in kept..cache.parts() {
            divan::black_box(cache.draw(part, 100, &theme, highlighter));
        }
    }
}

/// All 20 000 deltas of the reply, without and with colours.
#[divan::bench(args = [false, true], sample_count = 3)]
fn streamed_reply(bencher: Bencher, coloured: bool) {
    let (source, highlighter) = (reply(), Highlighter::new());
    let count = ends(&source).len();
    bencher.bench(|| stream(&source, 0..count, &mut Blocks::default(), coloured.then_some(&highlighter)));
}

/// 2 000 deltas after this many: the cost must not grow with what is already there.
#[divan::bench(args = [0, 9_000, 18_000], sample_count = 5)]
fn two_thousand_deltas_after(bencher: Bencher, before: usize) {
    let source = reply();
    bencher
        .with_inputs(|| {
            let mut cache = Blocks::default();
            let end = ends(&source).get(before.wrapping_sub(1)).copied().unwrap_or(0);
            for at in source.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at <= end) {
                cache.update(source.get(..at).unwrap_or_default(), Growth::Open);
            }
            cache
        })
        .bench_local_values(|mut cache| stream(&source, before..before + 2_000, &mut cache, None));
}

/// 100 deltas at the end of an open block of code that has this many lines.
#[divan::bench(args = [10, 100, 900], sample_count = 5)]
fn hundred_deltas_in_open_code(bencher: Bencher, lines: usize) {
    let (source, highlighter) = (file(lines), Highlighter::new());
    let count = ends(&source).len();
    bencher
        .with_inputs(|| {
            let mut cache = Blocks::default();
            stream(&source, count - 101..count - 100, &mut cache, Some(&highlighter));
            cache
        })
        .bench_local_values(|mut cache| stream(&source, count - 100..count, &mut cache, Some(&highlighter)));
}

/// The whole reply at once, without and with colours.
#[divan::bench(args = [false, true], sample_count = 5)]
fn full_render(bencher: Bencher, coloured: bool) {
    let (source, theme, highlighter) = (reply(), Theme::dark(), Highlighter::new());
    bencher.bench(|| markdown::render(&source, 100, &theme, coloured.then_some(&highlighter)));
}

/// A megabyte of words, of one word, and of ideographs.
#[divan::bench(args = ["word ", "a", "漢"], sample_count = 10)]
fn wrap_a_megabyte(bencher: Bencher, unit: &str) {
    let big = unit.repeat(1_000_000 / unit.len());
    bencher.bench(|| text::wrap(&big, 100));
}

/// A megabyte of hostile text made harmless.
#[divan::bench(args = ["plain text ", "\u{1b}[31mred ", "\u{202e}"], sample_count = 10)]
fn sanitise_a_megabyte(bencher: Bencher, unit: &str) {
    let big = unit.repeat(1_000_000 / unit.len());
    bencher.bench(|| text::sanitise(&big));
}

/// A thousand lines of code in their colours; the first use of a language costs what every use costs.
#[divan::bench(args = ["ts", "sh", "sql"], sample_count = 5)]
fn colour_a_thousand_lines(bencher: Bencher, language: &str) {
    let source = file(1_000);
    let theme = Theme::dark();
    bencher.bench(|| Highlighter::new().lines(language, source.lines(), &theme));
}
