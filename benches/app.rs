//! What a frame costs: a reply of 20 000 tokens while it streams, a key under a long conversation, the first frame. It never opens a
//! terminal; what one would be sent is counted.
//!
//! `cargo bench --bench app` prints divan's table, then medians, 99th percentiles and ratios.
#![allow(clippy::unwrap_used)]

#[path = "app/session.rs"]
mod session;

use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use session::{Session, code, prose, tokens};

/// A reply of this length streams.
const TOKENS: usize = 20_000;
/// As many deltas come between two frames.
const DELTAS: usize = 16;
/// A long conversation has as many lines on the screen.
const LINES: usize = 70_000;
/// As many keys are measured for a percentile.
const KEYS: usize = 2_000;

fn main() {
    divan::main();
    // `cargo test --benches` only asks whether the benchmarks run.
    if std::env::args().any(|argument| argument == "--bench") {
        figures();
    }
}

/// The whole of a streamed reply, with a frame after every few deltas.
#[divan::bench(args = ["prose and code", "one code block"], sample_count = 3, sample_size = 1)]
fn stream(bencher: Bencher, what: &str) {
    let deltas = tokens(&source(what), TOKENS);
    bencher.with_inputs(Session::asking).bench_local_values(|mut session| {
        for some in deltas.chunks(DELTAS) {
            some.iter().for_each(|delta| session.delta(delta));
            session.draw();
        }
        session
    });
}

/// One key, from the event to the bytes for the terminal.
#[divan::bench(args = [0, LINES])]
fn key(bencher: Bencher, lines: usize) {
    let mut session = Session::with_lines(lines);
    session.draw();
    bencher.bench_local(|| {
        session.key();
        session.draw();
    });
}

/// From settings in memory to the bytes of the first frame.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn start() -> Session {
    let mut session = Session::new();
    session.draw();
    black_box(session)
}

fn source(what: &str) -> String {
    match what {
        "one code block" => code(TOKENS),
        _ => prose(TOKENS),
    }
}

fn figures() {
    println!("\nframes of a reply of {TOKENS} tokens, 120x40");
    // The fewer deltas come between two frames, the more frames there are: 3 are 200 tokens a second at 60 frames a second.
    for (what, some) in [("prose and code", DELTAS), ("prose and code", 3), ("one code block", DELTAS)] {
        let mut session = Session::asking();
        session.draw();
        session.written();
        let mut frames = Vec::new();
        for deltas in tokens(&source(what), TOKENS).chunks(some) {
            frames.push(time(|| {
                deltas.iter().for_each(|delta| session.delta(delta));
                session.draw();
            }));
        }
        let tenth = frames.len() / 10;
        let (first, last) = (mean(&frames[tenth..2 * tenth]), mean(&frames[frames.len() - tenth..]));
        let bytes = session.written() / frames.len();
        show(&format!("{what}, {some} tokens to a frame"), frames);
        println!("    last tenth to second tenth {:.2}, {bytes} bytes a frame", ratio(last, first));
    }

    println!("\nkey to bytes, {KEYS} keys, 120x40");
    let empty = keys("empty conversation", Session::new());
    let mut long = Session::with_lines(LINES);
    let cold = time(|| {
        long.top();
        long.draw();
    });
    println!("    Ctrl+Home before anything was drawn: {cold:.1?}");
    long.end();
    long.draw();
    let long = keys("long conversation", long);
    println!("    ratio of medians {:.2}", ratio(long, empty));
    let mut up = Session::with_lines(LINES);
    up.page_up(3);
    up.draw();
    keys("long, three pages up", up);
    let mut top = Session::with_lines(LINES);
    top.top();
    keys("long, at the top", top);
    let mut streaming = Session::with_lines(LINES);
    streaming.ask();
    keys_in_stream("long, reply at 200 tokens a second", streaming);
    let mut huge = Session::asking();
    huge.delta(&prose(LINES * 15));
    huge.draw();
    keys_in_stream("one reply of 4 MB, streaming", huge);
}

/// Times keys and prints their percentiles; the median comes back.
fn keys(what: &str, mut session: Session) -> Duration {
    session.draw();
    let times = (0..KEYS).map(|_| {
        time(|| {
            session.key();
            session.draw();
        })
    });
    show(what, times.collect())
}

/// As [`keys`], while every key finds forty new tokens of a reply: five keys a second at 200 tokens.
fn keys_in_stream(what: &str, mut session: Session) {
    let deltas = tokens(&prose(TOKENS), TOKENS);
    session.draw();
    let times = deltas.chunks(40).take(KEYS).map(|some| {
        some.iter().for_each(|delta| session.delta(delta));
        time(|| {
            session.key();
            session.draw();
        })
    });
    show(what, times.collect());
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// Prints median, 99th percentile and maximum, and gives the median back.
fn show(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("  {what:<40} p50 {:>8.1?}  p99 {:>8.1?}  max {:>8.1?}", at(50), at(99), at(100));
    at(50)
}
