//! KB.md on a real disk: every state it can be in, surgical and crash-safe writes, many writers at once, undo, and the watcher.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test that cannot go on says so by panicking.

use dictum::domain::kb::document::Document;
use dictum::domain::kb::edit;
use dictum::domain::kb::journal::{How, Provenance};
use dictum::domain::kb::state::{KbState, LIMIT, Snapshot};
use dictum::domain::kb::{Edit, LineRef, Op};
use dictum::io::kbfile::{self, Journal, Keep, Outside, SaveError, UndoError, Undone};
use dictum::io::watch::{self, Look, Target, TargetKind, Watcher};
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The undo folder with a journal beside it.
fn keep(undo: &Path) -> Keep {
    Keep {
        undo: undo.to_path_buf(),
        journal: Journal::begin(undo.with_file_name("journal")),
        trust: undo.with_file_name("trust"),
    }
}

fn told(quote: &str) -> Provenance {
    Provenance { how: How::Told, quote: quote.to_string() }
}

/// A project folder and a state folder beside it.
struct Desk {
    _root: TempDir,
    project: PathBuf,
    undo: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("project");
        fs::create_dir(&project).unwrap();
        Self { undo: root.path().join("state/undo"), project, _root: root }
    }

    fn with(text: impl AsRef<[u8]>) -> Self {
        let desk = Self::new();
        fs::write(desk.kb(), text).unwrap();
        desk
    }

    fn kb(&self) -> PathBuf {
        self.project.join("KB.md")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.kb()).unwrap()
    }

    fn look(&self) -> Snapshot {
        kbfile::read(&self.project, LIMIT)
    }

    fn save(&self, expected: Option<&str>, new: &str) -> Result<kbfile::Saved, SaveError> {
        kbfile::save(&self.project, expected, new, &keep(&self.undo), Outside::Ask, &told("use b"))
    }

    fn undo(&self) -> Result<Undone, UndoError> {
        kbfile::undo(&self.project, &keep(&self.undo)).map(|undoing| undoing.undone)
    }

    /// Names in the project folder, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.project)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[track_caller]
fn state(desk: &Desk, expect: KbState) {
    let found = desk.look();
    assert_eq!(found.state, expect);
    assert_eq!(found.text(), None, "nothing of such a file may be sent");
    assert!(!found.badge(0).is_empty());
}

#[test]
fn a02_nothing_silent() {
    state(&Desk::new(), KbState::Missing);

    let desk = Desk::new();
    fs::create_dir(desk.kb()).unwrap();
    state(&desk, KbState::Directory);

    let desk = Desk::with(b"# Rules\n- one\n- caf\xe9\n- end\n");
    state(&desk, KbState::NotUtf8 { line: 3 });

    let desk = Desk::with("x".repeat(2 * 1024 * 1024));
    state(&desk, KbState::TooLarge { bytes: 2 * 1024 * 1024, limit: LIMIT });

    let desk = Desk::new();
    fs::write(desk.project.join("kb.md"), "- rule\n").unwrap();
    state(&desk, KbState::OtherName { found: "kb.md".to_string() });

    let desk = Desk::new();
    symlink("notes/rules.md", desk.kb()).unwrap();
    state(&desk, KbState::DanglingLink { target: "notes/rules.md".to_string() });

    let desk = Desk::new();
    symlink("KB.md", desk.kb()).unwrap();
    assert!(matches!(desk.look().state, KbState::Unreadable { .. }), "a link to itself");
}

#[test]
fn a02_empty_is_named_and_can_still_be_edited() {
    for blank in ["", "\n \n", "\u{feff}"] {
        let desk = Desk::with(blank);
        assert!(matches!(desk.look().state, KbState::Empty { .. }), "{blank:?}");
        assert_eq!(desk.look().text(), Some(blank));
        desk.save(Some(blank), "- rule\n").unwrap();
        assert_eq!(desk.bytes(), b"- rule\n");
    }
}

#[test]
fn a02_a_pipe_never_blocks() {
    let desk = Desk::new();
    assert!(Command::new("mkfifo").arg(desk.kb()).status().unwrap().success());
    state(&desk, KbState::NotAFile { kind: "pipe".to_string() });
}

#[test]
fn a02_unreadable_says_why() {
    let desk = Desk::with("- rule\n");
    fs::set_permissions(desk.kb(), Permissions::from_mode(0o000)).unwrap();
    if fs::read(desk.kb()).is_ok() {
        return; // Root reads everything, so there is no such state to see.
    }
    state(&desk, KbState::Unreadable { cause: "permission denied".to_string() });
}

#[test]
fn a02_every_unusable_state_says_what_to_do() {
    for unusable in [
        KbState::Directory,
        KbState::NotAFile { kind: "pipe".into() },
        KbState::Unreadable { cause: "permission denied".into() },
        KbState::NotUtf8 { line: 3 },
        KbState::OtherName { found: "kb.md".into() },
        KbState::TooLarge { bytes: LIMIT + 1, limit: LIMIT },
        KbState::DanglingLink { target: "x".into() },
    ] {
        let words = Snapshot { state: unusable }.explanation().unwrap();
        assert!(words.matches('.').count() >= 2, "what happened, and what to do: {words}");
    }
}

#[test]
fn the_hash_is_what_sha256sum_prints() {
    let KbState::Read { hash, bytes, text, .. } = Desk::with("- Use pnpm.\n").look().state else {
        panic!("a good file is read")
    };
    assert_eq!((hash.as_str(), bytes, text.as_str()), ("d327ee15", 12, "- Use pnpm.\n"));
}

#[test]
fn a_hostile_link_target_is_shown_harmless() {
    let desk = Desk::new();
    symlink("a\u{1b}]52;c;eA==\u{7}b\u{202e}", desk.kb()).unwrap();
    let badge = desk.look().badge(0);
    assert!(!badge.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{badge:?}");
}

#[test]
fn a03_mode_link_and_bytes_are_kept() {
    let desk = Desk::new();
    fs::create_dir(desk.project.join("docs")).unwrap();
    let real = desk.project.join("docs/rules.md");
    let old = format!("\u{feff}# Rules\r\n{}", "- rule\r\n".repeat(300)).trim_end().to_string();
    fs::write(&real, &old).unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    symlink("docs/rules.md", desk.kb()).unwrap();

    let new = format!("{old}\r\n- one more");
    let saved = desk.save(Some(&old), &new).unwrap();

    assert_eq!(saved.target, real.canonicalize().unwrap());
    assert_eq!(saved.snapshot.text(), Some(new.as_str()));
    assert_eq!(fs::read(&real).unwrap(), new.as_bytes());
    assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::read_link(desk.kb()).unwrap(), Path::new("docs/rules.md"));
    assert_eq!(desk.names(), ["KB.md", "docs"], "no stray file");
    assert_eq!(fs::read_dir(desk.project.join("docs")).unwrap().count(), 1, "no stray file");
}

#[test]
fn a03_the_owner_is_kept() {
    let desk = Desk::with("- a\n");
    if std::os::unix::fs::chown(desk.kb(), Some(1234), Some(4321)).is_err() {
        return; // Only root may make such a file.
    }
    desk.save(Some("- a\n"), "- b\n").unwrap();
    let meta = fs::metadata(desk.kb()).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (1234, 4321));
}

#[test]
fn a_link_out_of_the_project_is_asked_about() {
    let desk = Desk::new();
    let shared = desk.project.parent().unwrap().join("shared.md");
    fs::write(&shared, "- a\n").unwrap();
    symlink(&shared, desk.kb()).unwrap();

    let error = desk.save(Some("- a\n"), "- b\n").unwrap_err();
    assert!(
        matches!(&error, SaveError::OutsideProject { target } if *target == shared.canonicalize().unwrap())
    );
    assert_eq!(fs::read(&shared).unwrap(), b"- a\n");

    let keep = keep(&desk.undo);
    kbfile::save(&desk.project, Some("- a\n"), "- b\n", &keep, Outside::Allow, &told("")).unwrap();
    assert_eq!(fs::read(&shared).unwrap(), b"- b\n");
    assert!(fs::symlink_metadata(desk.kb()).unwrap().is_symlink());
}

#[test]
fn a_protected_file_stays_as_it_is() {
    let desk = Desk::with("- a\n");
    fs::set_permissions(desk.kb(), Permissions::from_mode(0o444)).unwrap();
    let error = desk.save(Some("- a\n"), "- b\n").unwrap_err().to_string();
    assert!(error.contains("read-only") && error.contains("chmod u+w"), "{error}");
    assert_eq!(desk.bytes(), b"- a\n");
    assert!(matches!(desk.undo(), Err(UndoError::Nothing)), "what was not written cannot be undone");
}

#[test]
fn a_state_folder_that_cannot_be_written_stops_the_edit() {
    let desk = Desk::with("- a\n");
    let blocked = desk.project.join("file");
    fs::write(&blocked, "").unwrap();
    let error = kbfile::save(
        &desk.project,
        Some("- a\n"),
        "- b\n",
        &keep(&blocked.join("undo")),
        Outside::Ask,
        &told(""),
    )
    .unwrap_err();
    assert!(error.to_string().contains("XDG_STATE_HOME"), "{error}");
    assert_eq!(desk.bytes(), b"- a\n");
}

#[test]
fn an_edit_is_refused_where_there_is_no_text_to_edit() {
    let desk = Desk::new();
    fs::write(desk.project.join("kb.md"), "- rule\n").unwrap();
    assert!(matches!(desk.save(None, "- b\n"), Err(SaveError::NotUsable(_))));
    assert_eq!(desk.names(), ["kb.md"]);

    let desk = Desk::with(b"\xff");
    assert!(matches!(desk.save(None, "- b\n"), Err(SaveError::NotUsable(_))));
    assert_eq!(desk.bytes(), b"\xff");
}

#[test]
fn a09_words_written_meanwhile_survive() {
    let desk = Desk::with("- theirs\n");
    let Err(SaveError::Changed(now)) = desk.save(Some("- seen\n"), "- seen\n- mine\n") else {
        panic!("the file changed")
    };
    assert_eq!(now.text(), Some("- theirs\n"), "the new diff is made on what is there");
    assert_eq!(desk.bytes(), b"- theirs\n");

    let Err(SaveError::Changed(_)) = desk.save(None, "- mine\n") else { panic!("there is a file by now") };
    fs::remove_file(desk.kb()).unwrap();
    let Err(SaveError::Changed(gone)) = desk.save(Some("- theirs\n"), "- mine\n") else {
        panic!("the file is gone")
    };
    assert_eq!(gone.state, KbState::Missing);
    assert!(desk.names().is_empty());
}

/// The test binary, run again as another process that does one `job` with this desk.
fn helper(desk: &Desk, job: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "helper_process", "--ignored", "--nocapture"])
        .env("JOB", job)
        .env("PROJECT", &desk.project)
        .env("UNDO", &desk.undo)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

#[test]
#[ignore = "is the other process of other tests"]
fn helper_process() {
    let Ok(job) = std::env::var("JOB") else { return };
    let project = PathBuf::from(std::env::var("PROJECT").unwrap());
    let undo = PathBuf::from(std::env::var("UNDO").unwrap());
    let keep = keep(&undo);
    let save = |expected: Option<&str>, new: &str| {
        kbfile::save(&project, expected, new, &keep, Outside::Ask, &told(""))
    };
    match job.split_once(' ').unwrap_or((&job, "")) {
        ("accept", number) => accept(&project, &keep, number.parse().unwrap()),
        ("flip", ready) => {
            fs::write(ready, "").unwrap();
            loop {
                save(Some(&old_text()), &new_text()).unwrap();
                save(Some(&new_text()), &old_text()).unwrap();
            }
        }
        ("grow", size) => {
            let new = "x".repeat(size.parse().unwrap());
            let error = save(Some("- a\n"), &new).unwrap_err().to_string();
            assert!(error.contains("no room"), "{error}");
        }
        ("full", _) => {
            fs::write(project.join("KB.md"), "- a\n").unwrap();
            // The disk is filled to the last byte.
            let mut filler = fs::File::create(project.join("filler")).unwrap();
            while filler.write_all(&[b'x'; 512]).is_ok() {}
            let error = save(Some("- a\n"), &"x".repeat(20_000)).unwrap_err().to_string();
            assert!(error.contains("no room"), "{error}");
            assert_eq!(fs::read(project.join("KB.md")).unwrap(), b"- a\n");
            assert_eq!(fs::read_dir(&project).unwrap().count(), 2, "no stray file");
            assert!(matches!(kbfile::undo(&project, &keep), Err(UndoError::Nothing)));
        }
        (other, _) => panic!("no job {other}"),
    }
}

/// What one of twenty processes does: it accepts its own edit, made on what it saw at first, and makes it anew on what it finds until it
/// is written. Ten replace a line, ten add one.
fn accept(project: &Path, keep: &Keep, number: usize) {
    let text = format!("Rule number {number}.");
    let first = kbfile::read(project, LIMIT).text().expect("KB.md is always readable").to_string();
    let old = format!("Old number {number}.");
    let document = Document::parse(&first);
    let entry = document.entries.iter().find(|entry| entry.text == old);
    let supersedes = entry.map(|entry| LineRef { line: entry.line, text: entry.text.clone() });
    let op = if supersedes.is_some() { Op::Replace } else { Op::Add };
    let mut edit = Edit { op, text, supersedes, section: Some("Rules".into()) };
    let mut seen = first;
    loop {
        let new = edit::apply(&seen, std::slice::from_ref(&edit)).expect("the line is there");
        match kbfile::save(project, Some(&seen), &new, keep, Outside::Ask, &told("")) {
            Ok(_) => return,
            Err(SaveError::Changed(now)) => {
                seen = now.text().expect("KB.md is always readable").to_string();
                edit = edit::rebase(&edit, &Document::parse(&seen)).expect("nobody else touches the line");
            }
            // Its turn did not come in ten seconds: on a busy machine it asks again, as the message says.
            Err(SaveError::Lock(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a09_twenty_writers_at_once_lose_nothing() {
    let olds: String = (0..10).map(|n| format!("- Old number {n}.\r\n")).collect();
    let start = format!("\u{feff}# Rules\r\n\r\n{olds}\r\n## Last\r\n\r\n- Stays.");
    let desk = Desk::with(&start);
    let mut writers: Vec<_> =
        (0..20).map(|n| helper(&desk, &format!("accept {n}")).spawn().unwrap()).collect();

    // A reader that looks all the time sees a whole file, and never fewer rules than before.
    let (mut seen, mut looks) = (0, 0);
    loop {
        let running = writers.iter_mut().any(|writer| writer.try_wait().unwrap().is_none());
        let text = String::from_utf8(desk.bytes()).unwrap();
        let whole =
            text.starts_with("\u{feff}# Rules\r\n\r\n") && text.ends_with("\r\n\r\n## Last\r\n\r\n- Stays.");
        assert!(whole, "{text:?}");
        let lines: Vec<&str> = text.split("\r\n").filter(|line| line.starts_with("- ")).collect();
        assert!(lines.iter().all(|line| line.ends_with('.') && !line.contains(['\r', '\n'])), "{lines:?}");
        let rules = lines.iter().filter(|line| line.starts_with("- Rule number ")).count();
        assert!(rules >= seen, "{rules} rules after {seen}");
        (seen, looks) = (rules, looks + 1);
        if !running {
            break;
        }
    }
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(desk.bytes()).unwrap();
    for n in 0..20 {
        assert_eq!(text.matches(&format!("- Rule number {n}.\r\n")).count(), 1, "{text}");
    }
    assert_eq!((text.matches("- Old").count(), text.lines().count()), (0, 26), "{text}");
    assert!(looks > 20, "the reader looked {looks} times");
    assert_eq!(desk.names(), ["KB.md"], "no stray file");
}

/// Looks until the condition holds; a minute is far more than any of them needs.
#[track_caller]
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn old_text() -> String {
    "# Rules\n".to_string() + &"- old\n".repeat(5_000)
}

fn new_text() -> String {
    "# Rules\n".to_string() + &"- new\n".repeat(6_000)
}

#[test]
fn a10_killed_at_any_moment_the_file_is_old_or_new() {
    let desk = Desk::with(old_text());
    let ready = desk.undo.with_file_name("ready");
    fs::create_dir_all(ready.parent().unwrap()).unwrap();
    let (mut olds, mut news) = (0, 0);
    for round in 0..200_u64 {
        let mut child = helper(&desk, &format!("flip {}", ready.display())).spawn().unwrap();
        wait_for("the other process writes", || ready.exists());
        fs::remove_file(&ready).unwrap();
        // Moments spread over several writes; the exact ones are up to the system.
        let wait = Duration::from_micros(round * 7_919 % 20_000);
        let start = Instant::now();
        while start.elapsed() < wait {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = desk.bytes();
        if bytes == old_text().as_bytes() {
            olds += 1;
        } else {
            assert_eq!(bytes, new_text().as_bytes(), "neither the old nor the new bytes after kill {round}");
            news += 1;
            // Undo knows the write, whether its process lived to report it or not.
            assert!(matches!(desk.undo().unwrap(), Undone::Restored(_)));
            assert_eq!(desk.bytes(), old_text().as_bytes());
        }
    }
    assert!(olds > 0 && news > 0, "the moments are spread: {olds} old, {news} new");

    // What the killed left behind goes with the next writes, and the way back is still open.
    wait_for("nothing lies beside KB.md", || {
        desk.save(Some(&old_text()), &new_text()).unwrap();
        assert!(matches!(desk.undo().unwrap(), Undone::Restored(_)));
        desk.names() == ["KB.md"]
    });
    let store = fs::read_dir(&desk.undo).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read_dir(store).unwrap().count();
    assert!(kept <= 30, "{kept} files are kept to undo");
}

#[test]
fn a10_a_disk_without_a_free_byte_changes_nothing() {
    let desk = Desk::new();
    let inner = helper(&desk, "full");
    let mut command = Command::new("unshare");
    // A small disk of its own, which goes with the process.
    command.args([
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs -o size=64k none \"$PROJECT\" || exit 77; exec \"$0\" \"$@\"",
    ]);
    command.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}", String::from_utf8_lossy(&output.stdout))
        }
        Ok(_) | Err(_) => {
            eprintln!("skipped: only root may make a disk; a10_a_full_disk_changes_nothing covers the rest")
        }
    }
}

#[test]
fn a10_a_full_disk_changes_nothing() {
    let desk = Desk::with("- a\n");
    let inner = helper(&desk, "grow 200000");
    let mut command = Command::new("sh");
    // A limit on the size of files is what a full disk looks like to a writer.
    command.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""]).arg(inner.get_program());
    command.args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(desk.bytes(), b"- a\n");
    assert_eq!(desk.names(), ["KB.md"], "no stray file");
    assert!(matches!(desk.undo(), Err(UndoError::Nothing)));
}

#[test]
fn a10_undo_goes_back_step_by_step() {
    let desk = Desk::with("- a\n");
    desk.save(Some("- a\n"), "- b\n").unwrap();
    desk.save(Some("- b\n"), "- c\n").unwrap();

    let plan = kbfile::preview(&desk.project, &keep(&desk.undo)).unwrap();
    assert_eq!((plan.current.text(), plan.restores.as_deref()), (Some("- c\n"), Some("- b\n")));
    assert_eq!(desk.bytes(), b"- c\n", "a preview changes nothing");

    for expect in ["- b\n", "- a\n"] {
        let Undone::Restored(snapshot) = desk.undo().unwrap() else { panic!("the text is restored") };
        assert_eq!(snapshot.text(), Some(expect));
        assert_eq!(desk.bytes(), expect.as_bytes());
    }
    assert!(matches!(desk.undo(), Err(UndoError::Nothing)));
}

#[test]
fn a10_undo_of_a_new_file_removes_it() {
    let desk = Desk::new();
    desk.save(None, "# Knowledge base\n").unwrap();
    assert_eq!(fs::metadata(desk.kb()).unwrap().mode() & 0o600, 0o600);
    assert_eq!(desk.undo().unwrap(), Undone::Removed);
    assert!(desk.names().is_empty());
}

#[test]
fn a10_undo_after_a_change_overwrites_nothing() {
    let desk = Desk::with("- a\n");
    desk.save(Some("- a\n"), "- b\n").unwrap();
    fs::write(desk.kb(), "- b\n- by hand\n").unwrap();
    let Err(UndoError::ChangedSince { current, would_restore }) = desk.undo() else {
        panic!("the file changed since")
    };
    assert_eq!(
        (current.text(), would_restore.as_deref()),
        (Some("- b\n- by hand\n"), Some("- a\n")),
        "enough to show a diff"
    );
    assert_eq!(desk.bytes(), b"- b\n- by hand\n");

    fs::remove_file(desk.kb()).unwrap();
    assert!(matches!(desk.undo(), Err(UndoError::ChangedSince { .. })));
    assert!(desk.names().is_empty());
}

#[test]
fn undo_remembers_twenty_steps_in_private() {
    let desk = Desk::with("- 0\n");
    for n in 0..25 {
        desk.save(Some(&format!("- {n}\n")), &format!("- {}\n", n + 1)).unwrap();
    }
    let store = fs::read_dir(&desk.undo).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::metadata(&store).unwrap().mode() & 0o777, 0o700);
    let records: Vec<_> = fs::read_dir(&store)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json"))
        .collect();
    assert_eq!(records.len(), 20);
    for record in records {
        assert_eq!(record.metadata().unwrap().mode() & 0o777, 0o600);
    }
    let mut steps = 0;
    while desk.undo().is_ok() {
        steps += 1;
    }
    assert_eq!((steps, desk.bytes()), (20, b"- 5\n".to_vec()));
}

/// A watcher over the desk's KB.md and its persona folder `.claude/agents`.
struct Watch {
    looks: tokio::sync::mpsc::UnboundedReceiver<Look>,
    watcher: Watcher,
}

impl Watch {
    fn events(desk: &Desk) -> Self {
        Self::by(desk, watch::start)
    }

    fn by(
        desk: &Desk,
        start: impl FnOnce(Vec<Target>, tokio::sync::mpsc::UnboundedSender<Look>) -> (Watcher, Option<String>),
    ) -> Self {
        let (sender, looks) = tokio::sync::mpsc::unbounded_channel();
        let targets = vec![
            Target { path: desk.kb(), kind: TargetKind::KbFile },
            Target { path: desk.personas(), kind: TargetKind::PersonaFolder },
            Target { path: desk.settings(), kind: TargetKind::SettingsFile },
        ];
        let (watcher, note) = start(targets, sender);
        assert_eq!(watcher.note(), note);
        Self { looks, watcher }
    }

    /// Waits for the next word, which must be this one.
    #[track_caller]
    fn says(&mut self, expect: Look) {
        let mut found = None;
        wait_for(&format!("{expect:?}"), || {
            found = found.or(self.looks.try_recv().ok());
            found.is_some()
        });
        assert_eq!(found, Some(expect));
    }
}

impl Desk {
    fn settings(&self) -> PathBuf {
        self.project.join(".dictum/config.toml")
    }

    fn personas(&self) -> PathBuf {
        self.project.join(".claude/agents")
    }

    /// Saves as vim does with `backupcopy=no`: the old file becomes the backup, the new one is written, the backup goes.
    fn vim_saves(&self, path: &Path, text: &str) {
        let backup = self.project.join(format!("{}~", path.file_name().unwrap().to_string_lossy()));
        fs::rename(path, &backup).unwrap();
        fs::write(path, text).unwrap();
        fs::remove_file(backup).unwrap();
    }
}

#[test]
fn a14_every_way_of_saving_is_seen_again_and_again() {
    let desk = Desk::with("- a\n");
    let mut watch = Watch::events(&desk);
    assert_eq!(watch.watcher.note(), None);
    for round in 0..3 {
        desk.vim_saves(&desk.kb(), &format!("- vim {round}\n"));
        watch.says(Look::Kb);
        fs::write(desk.kb(), format!("- in place {round}\n")).unwrap();
        watch.says(Look::Kb);
        let temp = desk.project.join("KB.md.tmp");
        fs::write(&temp, format!("- renamed {round}\n")).unwrap();
        fs::rename(&temp, desk.kb()).unwrap();
        watch.says(Look::Kb);
        fs::remove_file(desk.kb()).unwrap();
        watch.says(Look::Kb);
        fs::write(desk.kb(), format!("- new {round}\n")).unwrap();
        watch.says(Look::Kb);
    }
}

#[test]
fn a_settings_file_is_seen_in_a_folder_that_comes_later() {
    let desk = Desk::with("- a\n");
    let mut watch = Watch::events(&desk);
    fs::create_dir(desk.settings().parent().unwrap()).unwrap();
    for round in 0..3 {
        fs::write(desk.settings(), format!("max_tokens = {}\n", 5 + round)).unwrap();
        watch.says(Look::Settings);
        desk.vim_saves(&desk.settings(), &format!("# vim {round}\n"));
        watch.says(Look::Settings);
        fs::remove_file(desk.settings()).unwrap();
        watch.says(Look::Settings);
    }
}

#[test]
fn a14_looking_and_writing_the_same_is_no_change() {
    let desk = Desk::with("- a\n");
    fs::create_dir_all(desk.personas()).unwrap();
    let mut watch = Watch::events(&desk);
    for _ in 0..20 {
        assert_eq!(desk.look().text(), Some("- a\n"));
        fs::write(desk.kb(), "- a\n").unwrap();
        fs::write(desk.project.join("other.md"), "text").unwrap();
        fs::write(desk.personas().join(".one.md.swp"), "x").unwrap();
    }
    // Whatever were said of KB.md would come before this.
    fs::write(desk.personas().join("one.md"), "---\nname: one\n---\nYou are one.\n").unwrap();
    watch.says(Look::Personas);
    fs::remove_file(desk.kb()).unwrap();
    watch.says(Look::Kb);
}

#[test]
fn a14_a_folder_made_later_is_seen_with_its_first_file() {
    let desk = Desk::with("- a\n");
    let mut watch = Watch::events(&desk);
    for round in 0..3 {
        fs::create_dir_all(desk.personas().join("deep/er")).unwrap();
        fs::write(desk.personas().join("deep/er/one.md"), format!("You are {round}.\n")).unwrap();
        watch.says(Look::Personas);
        fs::write(desk.personas().join("deep/er/one.md"), format!("You are still {round}.\n")).unwrap();
        watch.says(Look::Personas);
        fs::remove_dir_all(desk.project.join(".claude")).unwrap();
        watch.says(Look::Personas);
    }
}

#[test]
fn a14_a_folder_that_is_swapped_is_seen() {
    let desk = Desk::new();
    fs::create_dir_all(desk.personas()).unwrap();
    fs::write(desk.personas().join("one.md"), "You are one.\n").unwrap();
    let mut watch = Watch::events(&desk);
    fs::rename(desk.project.join(".claude"), desk.project.join(".old")).unwrap();
    watch.says(Look::Personas);
    fs::create_dir_all(desk.personas()).unwrap();
    fs::write(desk.personas().join("two.md"), "You are two.\n").unwrap();
    watch.says(Look::Personas);
    fs::write(desk.personas().join("two.md"), "You are 2.\n").unwrap();
    watch.says(Look::Personas);
}

#[test]
fn a14_what_a_link_leads_to_is_watched_too() {
    let desk = Desk::new();
    let shared = desk.project.parent().unwrap().join("shared");
    symlink(shared.join("rules.md"), desk.kb()).unwrap();
    let mut watch = Watch::events(&desk);
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("rules.md"), "- a\n").unwrap();
    watch.says(Look::Kb);
    fs::write(shared.join("rules.md"), "- b\n").unwrap();
    watch.says(Look::Kb);
    fs::write(shared.join("other.md"), "- c\n").unwrap();
    fs::remove_file(desk.kb()).unwrap();
    symlink(shared.join("other.md"), desk.kb()).unwrap();
    watch.says(Look::Kb);
    fs::write(shared.join("other.md"), "- d\n").unwrap();
    watch.says(Look::Kb);
}

#[test]
fn a14_without_the_systems_help_changes_are_seen_late_but_seen() {
    let desk = Desk::with("- a\n");
    let mut watch = Watch::by(&desk, watch::start_polling);
    assert!(watch.watcher.note().unwrap().contains("every 2 seconds"));
    desk.vim_saves(&desk.kb(), "- b\n");
    watch.says(Look::Kb);
    fs::create_dir_all(desk.personas()).unwrap();
    fs::write(desk.personas().join("one.md"), "You are one.\n").unwrap();
    watch.says(Look::Personas);
}

#[test]
fn a14_own_writes_are_seen_once() {
    let desk = Desk::with("- a\n");
    let mut watch = Watch::events(&desk);
    desk.save(Some("- a\n"), "- b\n").unwrap();
    watch.says(Look::Kb);
    desk.undo().unwrap();
    watch.says(Look::Kb);
    assert_eq!(desk.look().text(), Some("- a\n"));
}

/// The one file of the journal beside the undo folder.
fn journal_file(desk: &Desk) -> PathBuf {
    let folder = desk.undo.with_file_name("journal");
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.next().unwrap();
    assert!(files.next().is_none(), "one file for one KB.md");
    file
}

fn journal(desk: &Desk) -> dictum::domain::kb::journal::Journal {
    keep(&desk.undo).journal.read(&desk.project).unwrap()
}

#[test]
fn each_write_and_each_undo_leaves_a_private_record() {
    let desk = Desk::new();
    assert!(journal(&desk).records.is_empty());
    desk.save(None, "- a\n").unwrap();
    desk.save(Some("- a\n"), "- b\n").unwrap();
    desk.undo().unwrap();
    desk.undo().unwrap();
    assert!(matches!(desk.save(Some("- not there\n"), "- c\n"), Err(SaveError::Changed(_))));
    assert!(matches!(desk.undo(), Err(UndoError::Nothing)));
    let records = journal(&desk).records;
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.how.word(), record.op.word(), record.old.as_str(), record.text.as_str()))
        .collect();
    let expect = [
        ("told", "add", "", "a"),
        ("told", "replace", "a", "b"),
        ("undo", "replace", "b", "a"),
        ("undo", "remove", "a", ""),
    ];
    assert_eq!(told, expect, "what was not written is not told");
    let hash = |text: &str| kbfile_hash(text);
    assert_eq!(
        (records[1].before.clone(), records[1].after.clone()),
        (Some(hash("- a\n")), Some(hash("- b\n")))
    );
    assert_eq!((records[0].before.clone(), records[3].after.clone()), (None, None), "there was no file");
    assert!(records.iter().all(|record| record.when.parse::<jiff::Timestamp>().is_ok()), "{records:?}");
    assert_eq!(records[0].quote, "use b");
    let file = journal_file(&desk);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert!(desk.names().is_empty(), "nothing is left in the project");
}

/// The first eight digits that `sha256sum` prints.
fn kbfile_hash(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_session_has_one_name_and_the_next_another() {
    let desk = Desk::with("- a\n");
    let (one, other) = (keep(&desk.undo), keep(&desk.undo));
    let save = |keep: &Keep, old: &str, new: &str| {
        kbfile::save(&desk.project, Some(old), new, keep, Outside::Ask, &told("")).unwrap();
    };
    save(&one, "- a\n", "- b\n");
    save(&one, "- b\n", "- c\n");
    save(&other, "- c\n", "- d\n");
    let sessions: Vec<String> = journal(&desk).records.into_iter().map(|record| record.session).collect();
    assert_eq!(sessions[0], sessions[1]);
    assert_ne!(sessions[1], sessions[2]);
}

#[test]
fn a_torn_record_spoils_no_other() {
    let desk = Desk::with("- a\n");
    desk.save(Some("- a\n"), "- b\n").unwrap();
    let file = journal_file(&desk);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [whole.as_slice(), &whole[..whole.len() / 2]].concat()).unwrap();
    desk.save(Some("- b\n"), "- c\n").unwrap();
    let read = journal(&desk);
    assert_eq!((read.records.len(), read.skipped), (2, 1));
    assert_eq!(read.records[1].text, "c");
}

#[test]
fn a_journal_that_cannot_be_written_stops_no_edit() {
    let desk = Desk::with("- a\n");
    desk.save(Some("- a\n"), "- b\n").unwrap();
    let file = journal_file(&desk);
    fs::remove_file(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    let saved = desk.save(Some("- b\n"), "- c\n").unwrap();
    let why = saved.unrecorded.expect("the user is told");
    assert!(why.starts_with("KB.md was written, but the journal"), "{why}");
    assert_eq!(desk.bytes(), b"- c\n");
    assert!(keep(&desk.undo).journal.read(&desk.project).is_err());
    let undoing = kbfile::undo(&desk.project, &keep(&desk.undo)).unwrap();
    assert!(undoing.unrecorded.is_some());
    assert_eq!(desk.bytes(), b"- b\n");
}

#[test]
fn an_undo_that_was_seen_undoes_nothing_else() {
    let desk = Desk::with("- a\n");
    desk.save(Some("- a\n"), "- b\n").unwrap();
    desk.save(Some("- b\n"), "- c\n").unwrap();
    let seen = kbfile::preview(&desk.project, &keep(&desk.undo)).unwrap();
    desk.undo().unwrap();
    let error = kbfile::undo_as_seen(&desk.project, &keep(&desk.undo), &seen).unwrap_err();
    assert!(matches!(error, UndoError::ChangedSince { .. }));
    assert_eq!(desk.bytes(), b"- b\n");
}
