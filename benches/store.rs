//! The store of sessions with ten thousand sessions and a million messages: what it takes to open it, to list and to search. It makes the
//! file once for each run, in a folder that goes with it.
//!
//! `cargo bench --bench store` prints a line for each figure and says whether it is below a tenth of a second.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

#[path = "../tests/support/many.rs"]
mod many;

/// What the user may wait for each of them.
const LIMIT: Duration = Duration::from_millis(100);

fn main() {
    // `cargo test --benches` only asks whether the benchmark runs.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (sessions, messages) = if measured { (10_000, 100) } else { (20, 10) };
    let place = tempfile::tempdir().unwrap();
    let (folder, project) = (place.path().join("sessions"), place.path().join("project"));
    std::fs::create_dir(&project).unwrap();
    let start = Instant::now();
    many::fill(&folder, &project, sessions, messages);
    let bytes = std::fs::metadata(dictum::io::store::file::path(&folder)).unwrap().len();
    println!(
        "\n{sessions} sessions, {} messages, {} MB, written in {:.1?}",
        sessions * messages,
        bytes >> 20,
        start.elapsed()
    );
    let mut slow = 0;
    for round in ["first", "again"] {
        println!("  {round}");
        for (what, time) in many::measure(&folder, &project) {
            let mark = if time <= LIMIT { "ok" } else { "SLOW" };
            slow += usize::from(time > LIMIT);
            println!("    {what:<48} {time:>10.1?}  {mark}");
        }
    }
    println!("  over {LIMIT:?}: {slow}");
}
