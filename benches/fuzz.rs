//! A long run over the parser, the splice, the detector and the sanitiser with arbitrary text. It writes no file.
//!
//! `cargo bench --bench fuzz -- 10000000` runs until so many texts were read, `-- 600s` for so many seconds; a second number is the seed
//! to begin with. A failure is printed with its own seed: `cargo bench --bench fuzz -- 1 SEED` repeats it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../tests/support/fuzz.rs"]
mod fuzz;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use fuzz::{Count, Fuzz};

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let amount = arguments.first().map_or("2000", String::as_str);
    let first: u64 = arguments.get(1).map_or(1, |seed| seed.parse().expect("the seed is a number"));
    let seconds = amount
        .strip_suffix('s')
        .map(|seconds| Duration::from_secs(seconds.parse().expect("seconds are a number")));
    let texts: u64 =
        if seconds.is_some() { u64::MAX } else { amount.parse().expect("the count is a number") };

    std::panic::set_hook(Box::new(|panic| {
        eprintln!("panic at {}", panic.location().map(ToString::to_string).unwrap_or_default())
    }));
    let fuzz = Fuzz::new();
    let (mut count, mut failures, start, mut told) =
        (Count::default(), 0_u64, Instant::now(), Instant::now());
    let mut seed = first;
    while count.all() < texts && seconds.is_none_or(|limit| start.elapsed() < limit) {
        if let Err(failure) = fuzz.round(seed, &mut count) {
            failures += 1;
            println!(
                "FAILED with seed {}: {}",
                failure.seed,
                failure.what.chars().take(2_000).collect::<String>()
            );
        }
        seed += 1;
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            println!("{} texts in {} s, {failures} failures so far", count.all(), start.elapsed().as_secs());
        }
    }
    println!(
        "{} texts ({} parsed, {} spliced, {} through the detector, {} reconciled, {} sanitised), seeds {first} to {}, {} s: {failures} failures",
        count.all(),
        count.parsed,
        count.spliced,
        count.detected,
        count.reconciled,
        count.sanitised,
        seed - 1,
        start.elapsed().as_secs(),
    );
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
