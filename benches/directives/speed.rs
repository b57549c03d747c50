//! How long the detector takes: median and 95th percentile of the quietest of several series. It says what is over its limit and fails nothing, since a busy machine is no slow detector.

use std::path::Path;
use std::time::{Duration, Instant};

use dictum::domain::kb::Span;
use dictum::domain::kb::detect::Detector;
use dictum::domain::kb::document::Document;
use divan::black_box;

use super::score::{Case, cases};

const KB: usize = 1024;

const PROSE: &str = "we looked at the cart again and the total is off by one cent, but only for some orders in the export. \
I think the rounding happens twice, once per line and once at the end, which would explain why it grows with the number of lines. \
from now on amounts are integers in cents, never floats. can you check where applyDiscount is called and fix the callers? \
the customer sees the wrong sum on the invoice, so it is a bit urgent, and Marta wants to ship on Thursday.\n\n";

const CODE: &str = "```ts\nexport function applyDiscount(total: number, percent: number): number {\n  // always round down\n  \
const cut = total * (percent / 100)\n  if (cut < 0) throw new RangeError('a discount is never negative')\n  \
return Math.round((total - cut) * 100) / 100\n}\n```\n\n";

fn log_line(at: usize) -> String {
    let level = ["INFO", "WARN", "ERROR", "DEBUG"][at % 4];
    format!(
        "2024-05-{:02} 10:{:02}:{:02}.{:03} {level} [worker-{}] order {} must always be paid before it ships (attempt {})\n",
        at % 28 + 1,
        at % 60,
        at * 7 % 60,
        at * 37 % 1000,
        at % 8,
        10_000 + at * 13,
        at % 5
    )
}

/// Prose with code and a log, as a bug report has them.
fn report() -> String {
    let mut text = String::new();
    let mut at = 0;
    while text.len() < 4 * KB {
        text.push_str(PROSE);
        text.push_str(CODE);
        for _ in 0..6 {
            text.push_str(&log_line(at));
            at += 1;
        }
        text.push('\n');
    }
    cut(text, 4 * KB)
}

/// Short statements and nothing else, no two alike: the most clauses that a message can have.
fn dense(cases: &[Case]) -> String {
    let short =
        cases.iter().map(|case| case.message.as_str()).filter(|text| text.len() < 90 && !text.contains('\n'));
    let mut text = String::new();
    for line in short.cycle().take(1000) {
        if text.len() >= 4 * KB {
            break;
        }
        text.push_str(line);
        text.push_str(if line.ends_with(['.', '?', '!']) { " " } else { ". " });
    }
    cut(text, 4 * KB)
}

/// A long paste: logs, code and prose by turns.
fn paste() -> String {
    let mut text = String::new();
    let mut at = 0;
    while text.len() < 200 * KB {
        text.push_str(&log_line(at));
        at += 1;
        if at % 40 == 0 {
            text.push_str(CODE);
            text.push_str(PROSE);
        }
    }
    cut(text, 200 * KB)
}

fn cut(mut text: String, length: usize) -> String {
    text.truncate(text.floor_char_boundary(length));
    text
}

/// Prints median and 95th percentile of each kind of message.
pub fn run(data: &Path) {
    let start = Instant::now();
    let detector = Detector::new();
    let first = start.elapsed();
    let built = times(20, || {
        black_box(Detector::new());
    });
    println!("speed");
    println!("  Detector::new()                    first {first:.1?}  {}", shown(&built, None));
    let document = Document::parse(
        "# KB\n\n## Stack\n- Package manager: npm\n- Node 20\n\n## Tests\n- Run them before each commit\n",
    );
    let dense = dense(&cases(&data.join("directives_dev.jsonl")));
    let typed = "\nfrom now on never log the number of an order";
    let (short, long) = (Some(Duration::from_millis(2)), Some(Duration::from_millis(20)));
    let messages = [
        ("4 KB of prose, code and log", vec![Span::typed(report())], 200, short),
        ("4 KB of nothing but statements", vec![Span::typed(dense)], 200, short),
        ("200 KB pasted, and a typed line", vec![Span::pasted(paste()), Span::typed(typed)], 100, long),
        ("200 KB that came as if typed", vec![Span::typed(format!("{}{typed}", paste()))], 20, None),
    ];
    for (name, spans, rounds, limit) in messages {
        let taken = times(rounds, || {
            black_box(detector.detect(black_box(&spans), &document));
        });
        println!("  {name:<34} {}", shown(&taken, limit));
    }
}

/// Of so many series the one with the lowest 95th percentile counts: in the others the machine was busy with something else.
const SERIES: usize = 7;

/// The times of the runs of the quietest series, shortest first, after one run that does not count.
fn times(rounds: usize, mut run: impl FnMut()) -> Vec<Duration> {
    run();
    let mut series = || {
        let mut taken: Vec<Duration> = (0..rounds)
            .map(|_| {
                let start = Instant::now();
                run();
                start.elapsed()
            })
            .collect();
        taken.sort();
        taken
    };
    let all: Vec<Vec<Duration>> = (0..SERIES).map(|_| series()).collect();
    all.into_iter().min_by_key(|taken| percentile(taken, 95)).unwrap_or_default()
}

fn percentile(taken: &[Duration], percent: usize) -> Duration {
    taken[(taken.len() * percent / 100).min(taken.len() - 1)]
}

fn shown(taken: &[Duration], limit: Option<Duration>) -> String {
    let (median, late) = (percentile(taken, 50), percentile(taken, 95));
    let verdict = match limit {
        Some(limit) if late < limit => format!("  below {limit:?}"),
        Some(limit) => format!("  OVER {limit:?}"),
        None => String::new(),
    };
    format!("p50 {median:.2?}  p95 {late:.2?}{verdict}")
}
