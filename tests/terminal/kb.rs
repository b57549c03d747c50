//! KB.md between the disk, the header and the wire: read anew before each task, never silently wrong, edited line by line.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::process::Signal;
use sha2::{Digest, Sha256};

use crate::pty::{Desk, ESC, F3, Terminal, is_gone};
use crate::server::Recorded;
use crate::wire::{self, count};
use crate::{FIRST, KB};

/// A KB.md that says one thing of the package manager.
fn kb_with(rule: &str) -> String {
    format!("# Knowledge base\n\n## Tooling\n\n- {rule}\n- Node 22 or newer.\n")
}

/// Writes KB.md, sends a task at once, and gives the request.
#[track_caller]
fn task_after(desk: &Desk, app: &Terminal<'_>, kb: &str, task: &str) -> Recorded {
    desk.write("KB.md", kb);
    let before = desk.server().asked().len();
    app.send(&format!("{task}\r"));
    let asked = app.wait_asked(before + 1);
    app.wait_idle();
    asked.last().unwrap().clone()
}

#[test]
fn a01_read_before_every_task() {
    let desk = Desk::with_model().kb(&kb_with("Use pnpm for installs."));
    let app = desk.open();
    let rules = [
        "Use npm for installs.",
        "Use yarn for installs.",
        "Use bun for installs.",
        "Use deno for installs.",
    ];
    let first = task_after(&desk, &app, &kb_with("Use pnpm for installs."), "task one");
    wire::check(&first, &kb_with("Use pnpm for installs."), FIRST);
    for (at, rule) in rules.iter().enumerate() {
        let mut persona = FIRST;
        match at {
            1 => {
                app.send("/clear\r");
                app.wait_gone("task one");
            }
            2.. => {
                persona = "installer.review.nodejs";
                app.send("/persona installer.review.nodejs\r");
                app.wait_for("the other persona", |screen| screen.header().contains(persona));
            }
            _ => {}
        }
        let request = task_after(&desk, &app, &kb_with(rule), &format!("task of round {at}"));
        wire::check(&request, &kb_with(rule), persona);
        assert_eq!(count(&request.body.to_string(), rule), 1, "the rule once: {}", request.body);
        for old in ["Use pnpm"].iter().chain(&rules[..at]) {
            assert_eq!(count(&request.body.to_string(), old), 0, "no trace of {old:?}: {}", request.body);
        }
    }
    let hash: String =
        Sha256::digest(kb_with(rules[3])).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    app.send(F3);
    let panel = app.wait_text(&format!("sha256 {hash}"));
    assert!(panel.has("Use deno for installs.") && !panel.has("Use pnpm"), "the panel shows what is sent");
    app.send(ESC);
    app.wait_gone("sha256");
    app.quit();
}

/// What stands at KB.md's place, made by `make`: the header says `words`, the app lives, and nothing of the content is sent.
#[track_caller]
fn nothing_silent(words: &str, explained: bool, make: impl Fn(&Desk)) {
    let desk = Desk::with_model();
    make(&desk);
    let app = desk.open();
    assert!(app.screen().header().contains(words), "{words:?} in {:?}", app.screen().header());
    app.send("hello there\r");
    let asked = app.wait_asked(1);
    app.wait_text("Understood.");
    let system = wire::system(&asked[0]);
    let sent = wire::kb_part(&asked[0]).unwrap_or_default();
    assert_eq!(sent.trim_start_matches('\u{feff}').trim(), "", "{words}");
    assert_eq!(count(&asked[0].body.to_string(), "MARK"), 0, "nothing of the content is sent: {words}");
    assert_eq!(wire::personas(&asked[0]), [FIRST]);
    if explained {
        let notice = app.wait_for("a notice in the chat", |screen| {
            screen.rows.iter().skip(2).any(|row| row.trim_start().starts_with('⚠'))
        });
        assert!(notice.has("hello there"));
        assert!(system.contains("# KB.md"), "the model is told, too");
    }
    app.quit();
}

#[test]
fn a02_nothing_silent_missing_or_empty() {
    nothing_silent("KB.md none here", false, |_| {});
    nothing_silent("KB.md is empty, read ", false, |desk| desk.write("KB.md", ""));
    nothing_silent("KB.md is empty, read ", false, |desk| desk.write("KB.md", "\u{feff}\r\n \t\r\n"));
}

#[test]
fn a02_nothing_silent_no_file() {
    nothing_silent("KB.md is a directory", true, |desk| desk.write("KB.md/MARK.md", "MARK"));
    nothing_silent("KB.md is a link to nowhere.md, which is not there", true, |desk| {
        symlink("nowhere.md", desk.path("KB.md")).unwrap();
    });
    nothing_silent("KB.md is a pipe", true, |desk| {
        let made = std::process::Command::new("mkfifo").arg(desk.path("KB.md")).status().unwrap();
        assert!(made.success());
    });
}

#[test]
fn a02_nothing_silent_unreadable() {
    // A link to itself cannot be opened by anyone.
    nothing_silent("KB.md cannot be read: ", true, |desk| symlink("KB.md", desk.path("KB.md")).unwrap());
    if rustix::process::geteuid().is_root() {
        println!("skipped: a file without permissions is readable for root, who runs this test");
        return;
    }
    nothing_silent("KB.md cannot be read: permission denied", true, |desk| {
        desk.write("KB.md", "- MARK\n");
        fs::set_permissions(desk.path("KB.md"), fs::Permissions::from_mode(0o000)).unwrap();
    });
}

#[test]
fn a02_nothing_silent_wrong_content_or_name() {
    nothing_silent("KB.md is not UTF-8 at line 2", true, |desk| {
        desk.write("KB.md", b"- MARK\n- caf\xe9 MARK\n")
    });
    nothing_silent("KB.md 2.0 MB, over the 256 KB limit: not sent", true, |desk| {
        desk.write("KB.md", "- MARK of a rule that fills the line\n".repeat(2 * 1024 * 1024 / 37));
    });
    nothing_silent("kb.md found, KB.md expected", true, |desk| desk.write("kb.md", "- MARK\n"));
}

/// Accepts a directive on a KB.md of these bytes and gives the proposed line.
#[track_caller]
fn accept(app: &Terminal<'_>) -> String {
    app.direct("from now on use pnpm");
    app.wait_idle();
    let proposed = app.review().patch('+');
    assert_eq!(proposed.iter().filter(|line| line.contains("pnpm")).count(), 1, "{proposed:?}");
    app.send("a");
    app.wait_text("Saved to KB.md");
    proposed.into_iter().find(|line| line.contains("pnpm")).unwrap()
}

/// The lines without their ends.
fn lines(text: &str) -> Vec<&str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect()
}

#[test]
fn a03_surgical_edit() {
    let filler: String =
        (0..290).map(|at| format!("- Rule {at}: keep  the two blanks, \tthe tab.  \r\n")).collect();
    let before = format!(
        "\u{feff}# Knowledge base\r\n\r\n## Tooling\r\n\r\n{filler}\r\n## Testing\r\n\r\n- Vitest runs the tests."
    );
    let desk = Desk::offline();
    desk.write("docs/rules.md", &before);
    fs::set_permissions(desk.path("docs/rules.md"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("docs/rules.md", desk.path("KB.md")).unwrap();
    let app = desk.open();
    let proposed = accept(&app);
    let after = desk.read("docs/rules.md");
    let mut expected = lines(&before);
    let at = lines(&after).iter().position(|line| *line == proposed).expect("the proposed line is there");
    expected.insert(at, &proposed);
    assert_eq!(lines(&after), expected, "only the proposed line came");
    assert!(
        after.starts_with('\u{feff}') && !after.ends_with('\n'),
        "the mark stays, and there is no last newline"
    );
    assert_eq!(count(&after, "\n"), count(&after, "\r\n"), "every line ends as before");
    assert_eq!(fs::read_link(desk.path("KB.md")).unwrap().to_str(), Some("docs/rules.md"), "the link stays");
    assert_eq!(fs::metadata(desk.path("docs/rules.md")).unwrap().permissions().mode() & 0o7777, 0o640);
    let names = fs::read_dir(desk.path("docs")).unwrap().count();
    assert_eq!(names, 1, "nothing is left beside the file");
    app.quit();
}

#[test]
fn a03_a_link_out_of_the_project_is_asked_about_first() {
    let desk = Desk::offline();
    fs::write(desk.outside("shared.md"), KB).unwrap();
    symlink(desk.outside("shared.md"), desk.path("KB.md")).unwrap();
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.review();
    app.send("a");
    app.wait_text("outside this project");
    assert_eq!(fs::read_to_string(desk.outside("shared.md")).unwrap(), KB, "nothing before the user agrees");
    app.wait_decisions();
    app.send("a");
    app.wait_text("Saved to KB.md");
    assert!(fs::read_to_string(desk.outside("shared.md")).unwrap().contains("pnpm"));
    app.quit();
}

#[test]
fn a08_contradiction_replaces() {
    let before = kb_with("Use pnpm for installs.");
    let desk = Desk::with_model().kb(&before);
    let app = desk.open();
    let card = app.direct("from now on use npm");
    assert!(card.row("◆ KB.md?").unwrap().contains("replace line 5"), "the card says what it replaces");
    let asked = app.wait_asked(1);
    app.wait_idle();
    let review = app.review();
    assert!(review.has("replaces  line 5: Use pnpm for installs."));
    assert_eq!(review.patch('-'), ["- Use pnpm for installs."]);
    let proposed = review.patch('+');
    assert!(
        proposed.len() == 1 && proposed[0].contains("npm") && !proposed[0].contains("pnpm"),
        "{proposed:?}"
    );

    // The same turn already follows the user: KB.md goes out as it is, and the contradiction is told.
    wire::check(&asked[0], &before, FIRST);
    let system = wire::system(&asked[0]);
    let (_, behind) = system.split_once(&before).unwrap();
    let gist = proposed[0].trim_start_matches("- ");
    let told =
        behind.to_lowercase().find("the user's words win over kb.md").expect("it is said whose words win");
    let (_, told) = behind.split_at(told);
    assert!(told.contains("replace line 5") && told.contains(gist), "{behind}");

    app.send("a");
    app.wait_text("Saved to KB.md");
    let (gone, come) = wire::changed(&before, &desk.read("KB.md"));
    assert_eq!(
        (gone.as_slice(), come.as_slice()),
        (&["- Use pnpm for installs.\n".to_string()][..], &[format!("{}\n", proposed[0])][..])
    );
    app.wait_gone("a accept");
    app.send("go on\r");
    let asked = app.wait_asked(2);
    wire::check(&asked[1], &desk.read("KB.md"), FIRST);
    assert_eq!(count(&wire::system(&asked[1]), "pnpm for installs"), 0);
    app.wait_idle();
    app.quit();
}

#[test]
fn a09_a_change_just_before_accept_survives_and_the_new_diff_comes_first() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.review();
    let theirs = KB.replace("- Lint with", "- Services talk through NATS.\n- Lint with");
    desk.write_by_rename("KB.md", &theirs);
    app.send("a");
    let review = app.wait_text("new diff");
    assert_eq!(desk.read("KB.md"), theirs, "nothing is written before the new diff was seen");
    assert!(review.has("Services talk through NATS."), "the new diff stands on the other program's text");
    let review = app.wait_decisions();
    let proposed = review.patch('+');
    app.send("a");
    app.wait_text("Saved to KB.md");
    let (gone, come) = wire::changed(&theirs, &desk.read("KB.md"));
    assert_eq!((gone, come), (Vec::new(), vec![format!("{}\n", proposed[0])]));
    app.quit();
}

#[test]
fn a09_a_change_while_the_review_is_open_is_seen_at_once() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    app.review();
    let theirs = KB.replace("- Lint with", "- Services talk through NATS.\n- Lint with");
    desk.write_by_rename("KB.md", &theirs);
    app.wait_for("the other program's rule", |screen| {
        screen.has("Services talk through NATS.") && screen.header().contains("KB.md 4 directives")
    });
    let proposed = app.wait_decisions().patch('+');
    app.send("a");
    app.wait_text("Saved to KB.md");
    let (gone, come) = wire::changed(&theirs, &desk.read("KB.md"));
    assert_eq!((gone, come), (Vec::new(), vec![format!("{}\n", proposed[0])]));
    app.quit();
}

#[test]
fn a09_what_another_program_wrote_already_is_no_longer_offered() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_idle();
    let proposed = app.review().patch('+')[0].clone();
    let theirs = KB.replace("- Node 22", &format!("{proposed}\n- Node 22"));
    desk.write("KB.md", &theirs);
    app.wait_text("KB.md now settles this by itself");
    app.wait_gone("a accept");
    assert_eq!(desk.read("KB.md"), theirs);
    // The focus is back on the draft.
    app.send("hello");
    app.wait_for("the draft", |screen| screen.draft() == "hello");
}

#[test]
fn a10_killed_while_it_accepts_the_file_is_old_or_new_and_undo_knows_it() {
    let desk = Desk::offline().kb(KB);
    for round in 0..6_u64 {
        let app = desk.open();
        app.direct("from now on use pnpm");
        app.wait_idle();
        let proposed = app.review().patch('+')[0].clone();
        app.send("a");
        // From before the key arrives to after the save; the exact moments are up to the system.
        std::thread::sleep(std::time::Duration::from_millis(round * 8));
        let pid = app.pid().as_raw_nonzero().get();
        app.signal(Signal::KILL);
        app.wait_until("the end", || is_gone(pid));
        let now = desk.read("KB.md");
        let kept =
            now.lines().filter(|line| *line != proposed).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(kept, KB, "round {round}: nothing but the accepted line came");
        if now != KB {
            let app = desk.open();
            app.send("/kb undo\r");
            app.wait_until("the old bytes", || desk.read("KB.md") == KB);
            app.quit();
        }
    }
}
