//! Long sessions in the real terminal: what a word costs in a reply of megabytes, and what a thousand turns keep in memory.

use std::fs;
use std::time::{Duration, Instant};

use crate::KB;
use crate::pty::{Desk, Screen, Terminal};
use crate::server::Reply;

/// The processor time of all threads so far.
fn processor(app: &Terminal<'_>) -> Duration {
    let folder = format!("/proc/{}/task", app.pid().as_raw_nonzero());
    let of = |task: fs::DirEntry| -> Option<u64> {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(fs::read_dir(folder).into_iter().flatten().flatten().filter_map(of).sum())
}

/// The memory in use now, in KiB.
fn memory(app: &Terminal<'_>) -> u64 {
    let status =
        fs::read_to_string(format!("/proc/{}/status", app.pid().as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

#[test]
fn a18_a_word_costs_as_much_at_the_end_of_five_megabytes_as_at_the_beginning() {
    // 70,000 lines and more in 1,000 pieces.
    let line = |at: usize| format!("{at} more words of a very long reply, one after the other and again\n\n");
    let lines = 5_000_000 / line(10_000).len();
    let pieces: Vec<String> = (0..1_000)
        .map(|piece| (piece * lines / 1_000..(piece + 1) * lines / 1_000).map(line).collect())
        .collect();
    let texts: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let desk = Desk::with_model().kb(KB).size(120, 40);
    desk.server().enqueue(Reply::chat(&texts).in_bursts(5, Duration::from_millis(40)));
    let app = desk.open();
    // A frame shows the last lines of what came.
    let shown = |screen: &Screen| -> usize {
        let number = |row: &String| row.split(" more words").next()?.trim().parse().ok();
        screen.rows.iter().filter_map(number).max().unwrap_or(0)
    };
    let reached = |tenths: usize| {
        let least = lines * tenths / 10 - usize::from(tenths == 10);
        app.wait_for("so much of the reply", |screen| shown(screen) >= least);
        processor(&app)
    };
    let before = processor(&app);
    app.send("go\r");
    let first = reached(1) - before;
    // The keys of whoever types meanwhile.
    let mut times = Vec::new();
    while times.len() < 200 && shown(&app.screen()) < lines * 8 / 10 {
        let start = Instant::now();
        let letters = "x".repeat(times.len() + 1);
        app.send("x");
        app.wait_for("the letter", |screen| screen.draft().replace(['\n', ' '], "").ends_with(&letters));
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let late = times[times.len() * 95 / 100];
    assert!(shown(&app.screen()) < lines * 9 / 10, "the reply is still on its way");
    let nine = reached(9);
    let last = reached(10) - nine;
    // By twenty percent at most where nothing else runs; half as much again is what a busy machine adds, where the cost of a frame that
    // looks at the whole reply would be hundredfold.
    assert!(
        last < first * 3 / 2,
        "a tenth of the reply took {first:?} at the beginning and {last:?} at the end"
    );
    assert!(late < Duration::from_millis(300), "{late:?} for a key");
    app.send("\x15");
    app.quit();
}

#[test]
fn a19_a_thousand_turns_keep_no_more_than_they_said() {
    const TURNS: usize = 1_000;
    let desk = Desk::with_model().kb(KB);
    for at in 0..TURNS {
        desk.server().enqueue(Reply::chat(&[&format!(
            "Answer {at} in a few **words**, with `code`.\n\n- a list\n- of two"
        )]));
    }
    let app = desk.open();
    let mut middle = 0;
    for at in 0..TURNS {
        app.send(&format!("question {at}?\r"));
        app.wait_text(&format!("Answer {at} in"));
        if at == TURNS / 2 {
            middle = memory(&app);
        }
    }
    app.wait_idle();
    let grown = memory(&app).saturating_sub(middle);
    // Half of the turns say some 60 KiB.
    assert!(grown < 25 * 1_024, "{grown} KiB more after {TURNS} turns than after half of them");
    app.quit();
}
