//! What a message mentions, read from a real folder: what goes along, how much of it, and what is refused before anything is sent.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use dictum::domain::attach::mention;
use dictum::domain::attach::refusal::{Found, Refusal};
use dictum::domain::attach::{Attachment, Content, MOST_OF_ONE};
use dictum::domain::kb::Span;
use dictum::io::attach;
use dictum::protocol::message::Agreed;
use tempfile::TempDir;

/// A project with these files, below a folder that has more.
fn project(files: &[(&str, &str)]) -> TempDir {
    let desk = TempDir::new().unwrap();
    fs::create_dir_all(desk.path().join("app/.git")).unwrap();
    for (name, text) in files {
        let path = desk.path().join("app").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    desk
}

fn read(desk: &TempDir, folder: &str, message: &str, agreed: Agreed) -> Vec<Found> {
    attach::read(&desk.path().join(folder), &mention::of(&[Span::typed(message)]), agreed)
}

/// A line for each answer.
fn told(found: &[Found]) -> Vec<String> {
    let line = |found: &Found| match found {
        Found::Word => "word".to_string(),
        Found::Folder { name } => format!("folder {name}"),
        Found::Attached(attached) => attached.label(),
        Found::Refused { name, why } => why.sentence(name),
    };
    found.iter().map(line).collect()
}

#[track_caller]
fn check(desk: &TempDir, message: &str, expect: &[&str]) {
    assert_eq!(told(&read(desk, "app", message, Agreed::No)), expect, "{message}");
}

fn text(found: &Found) -> String {
    match found {
        Found::Attached(Attachment { content: Content::Text(text), .. }) => text.to_string(),
        Found::Attached(_) | Found::Word | Found::Folder { .. } | Found::Refused { .. } => {
            panic!("{found:?}")
        }
    }
}

fn numbered(count: usize) -> String {
    (1..=count).map(|line| format!("line {line}\n")).collect()
}

#[test]
fn files_and_their_lines_go_along() {
    let desk =
        project(&[("src/a.ts", &numbered(120)), ("my notes.md", "note\n"), ("[id].tsx", "x"), ("a:1", "y")]);
    check(&desk, "@src/a.ts", &["src/a.ts · 972 bytes"]);
    check(&desk, "see (@./src/a.ts:10-12), please", &["src/a.ts 10-12 · 24 bytes"]);
    check(&desk, "@src/a.ts:120", &["src/a.ts 120 · 9 bytes"]);
    check(
        &desk,
        "@src/a.ts:119-200",
        &["src/a.ts 119-120 · 18 bytes · left out: lines 121-200, which are not there"],
    );
    check(&desk, "@src/a.ts:121-130", &["src/a.ts has 120 lines, so there is no line 121."]);
    check(&desk, "@\"my notes.md\"", &["my notes.md · 5 bytes"]);
    check(&desk, "@[id].tsx, @a:1", &["[id].tsx · 1 byte", "a:1 · 1 byte"]);
    assert_eq!(text(&read(&desk, "app", "@src/a.ts:2-3", Agreed::No)[0]), "line 2\nline 3\n");
}

#[test]
fn words_that_are_no_paths_stay_words() {
    let desk = project(&[("core/index.ts", "x"), ("types/index.d.ts", "x")]);
    for message in [
        "@Injectable()",
        "@nestjs/core",
        "@types/node",
        "@/components/Button.tsx",
        "@/",
        "@..",
        "@john.doe",
        "@media (a)",
    ] {
        check(&desk, message, &["word"]);
    }
    check(&desk, "me@example.org", &[]);
    check(&desk, "the @core package", &["folder core"]);
}

#[test]
fn what_is_not_there_is_said() {
    let desk = project(&[]);
    check(&desk, "@src/ap.ts:3", &["There is no src/ap.ts here."]);
    let said = told(&read(&desk, "app", "@https://example.org/a", Agreed::No));
    assert!(said[0].contains("dictum fetches none"), "{said:?}");
}

#[test]
fn a_folder_becomes_the_names_that_gitignore_leaves() {
    let desk = project(&[
        (".gitignore", "dist/\n*.log\n"),
        ("src/app.ts", "x"),
        ("src/lib/pay.ts", "x"),
        ("src/x.log", "x"),
        ("src/.hidden", "x"),
        ("src/node_modules/a/index.js", "x"),
        ("src/dist/app.js", "x"),
    ]);
    let found = read(&desk, "app", "@src/", Agreed::No);
    assert_eq!(told(&found), ["src/ 3 names · 23 bytes"]);
    assert_eq!(text(&found[0]), "app.ts\nlib/\nlib/pay.ts\n");
    for at in 0..600 {
        fs::write(desk.path().join(format!("app/src/lib/{at}.ts")), "").unwrap();
    }
    let found = read(&desk, "app", "@src/", Agreed::No);
    assert!(told(&found)[0].ends_with("left out: 103 names further down"), "{:?}", told(&found));
    assert!(text(&found[0]).starts_with("app.ts\nlib/\n"));
}

#[test]
fn a_large_file_goes_along_in_whole_lines_and_the_rest_is_named() {
    let line = "x".repeat(99);
    let desk =
        project(&[("big.log", &format!("{line}\n").repeat(2_000)), ("one.json", &"é".repeat(200_000))]);
    let found = read(&desk, "app", "@big.log @big.log:1990-2000 @one.json", Agreed::No);
    let most = MOST_OF_ONE / 100;
    let expect = [
        format!("big.log 1-{most} · 128 KB · left out: lines {}-2000", most + 1),
        "big.log 1990-2000 · 1.1 KB".to_string(),
        "one.json 1 · 128 KB · left out: the rest of line 1".to_string(),
    ];
    assert_eq!(told(&found), expect);
    assert!(text(&found[0]).lines().all(|taken| taken == line));
    // All files of a message together have a bound, too.
    let found =
        read(&desk, "app", "@big.log @./big.log @big.log:1-1999 @big.log:2-2000 @one.json:1", Agreed::No);
    assert!(told(&found)[4].contains("has no room"), "{:?}", told(&found));
}

#[cfg(unix)]
#[test]
fn what_lies_outside_is_asked_about_however_it_is_reached() {
    use std::os::unix::fs::symlink;
    let desk = project(&[("web/a.ts", "x"), ("shared.ts", "y")]);
    fs::write(desk.path().join("other.txt"), "outside\n").unwrap();
    symlink(desk.path().join("other.txt"), desk.path().join("app/link.txt")).unwrap();
    symlink(desk.path(), desk.path().join("app/up")).unwrap();
    symlink("nowhere", desk.path().join("app/gone.txt")).unwrap();
    let outside = desk.path().canonicalize().unwrap().join("other.txt").display().to_string();
    for way in ["@../other.txt", "@link.txt", "@up/other.txt", &format!("@{outside}")] {
        let found = read(&desk, "app", way, Agreed::No);
        let expect = Refusal::Outside { target: outside.clone() };
        assert!(matches!(&found[0], Found::Refused { why, .. } if *why == expect), "{way}: {found:?}");
        assert_eq!(text(&read(&desk, "app", way, Agreed::Yes)[0]), "outside\n", "{way}");
    }
    check(&desk, "@gone.txt", &["gone.txt cannot be read: it is a link to what is not there."]);
    // The repository is the project, not the folder below it.
    assert_eq!(told(&read(&desk, "app/web", "@../shared.ts", Agreed::No)), ["../shared.ts · 1 byte"]);
}

#[cfg(unix)]
#[test]
fn secrets_are_asked_about_and_pipes_never_opened() {
    use std::os::unix::fs::symlink;
    let desk = project(&[
        (".env", "KEY=1\n"),
        (".env.example", "KEY=\n"),
        ("keys/server.pem", "x"),
        ("keys/id_rsa", "x"),
    ]);
    symlink(".env", desk.path().join("app/notes.txt")).unwrap();
    for name in [".env", "keys/server.pem", "keys/id_rsa", "notes.txt"] {
        let found = read(&desk, "app", &format!("@{name}"), Agreed::No);
        assert!(matches!(&found[0], Found::Refused { why: Refusal::Secret, .. }), "{name}: {found:?}");
    }
    assert_eq!(text(&read(&desk, "app", "@.env", Agreed::Yes)[0]), "KEY=1\n");
    check(&desk, "@.env.example", &[".env.example · 5 bytes"]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        desk.path().join("app/pipe.txt"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    check(&desk, "@pipe.txt", &["pipe.txt is a pipe, which could block for ever, so it is not opened."]);
}

#[test]
fn hostile_text_is_cleaned_and_what_is_no_text_refused() {
    let desk = project(&[("a.md", "\u{feff}one\r\n\u{1b}]52;c;eA==\u{7}two\u{202e}\n"), ("b.txt", "a\0b")]);
    fs::write(desk.path().join("app/c.txt"), [0xff, 0xfe, b'a', 0]).unwrap();
    fs::write(desk.path().join("app/huge.txt"), vec![b'a'; 33 * 1024 * 1024]).unwrap();
    assert_eq!(text(&read(&desk, "app", "@a.md", Agreed::No)[0]), "one\ntwo‹U+202E›\n");
    for name in ["b.txt", "c.txt"] {
        let found = read(&desk, "app", &format!("@{name}"), Agreed::No);
        assert!(matches!(&found[0], Found::Refused { why: Refusal::Binary, .. }), "{found:?}");
    }
    check(&desk, "@huge.txt", &["huge.txt has 33 MB; files of up to 32 MB are read."]);
}

#[test]
fn pictures_go_along_up_to_a_size_whatever_they_are_called() {
    let desk = project(&[]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend([7; 92]);
    let put =
        |name: &str, bytes: &[u8]| fs::write(Path::new(desk.path()).join("app").join(name), bytes).unwrap();
    put("shot.txt", &png);
    check(&desk, "@shot.txt", &["shot.txt · 100 bytes"]);
    let found = read(&desk, "app", "@shot.txt", Agreed::No);
    assert!(matches!(&found[0], Found::Attached(picture) if picture.is_picture()));
    png.resize(4_000_000, 7);
    put("large.png", &png);
    check(
        &desk,
        "@large.png",
        &["large.png has 3.8 MB; pictures of up to 3.7 MB are taken. Make it smaller first."],
    );
}

#[test]
fn ranges_beyond_any_file_and_the_line_before_the_first_are_answered() {
    let desk = project(&[("a.txt", "one\ntwo\n"), ("b.mk", "x\n"), (".git/config", "[remote]\n")]);
    let all = usize::MAX;
    check(
        &desk,
        &format!("@a.txt:1-{all}"),
        &[&format!("a.txt 1-2 · 8 bytes · left out: lines 3-{all}, which are not there")],
    );
    check(
        &desk,
        &format!("@a.txt:2-{all}"),
        &[&format!("a.txt 2 · 4 bytes · left out: lines 3-{all}, which are not there")],
    );
    check(&desk, "@a.txt:0-5", &["a.txt has 2 lines, so there is no line 0."]);
    check(&desk, "@a.txt:2,@b.mk", &["a.txt 2 · 4 bytes", "b.mk · 2 bytes"]);
    check(&desk, "@./", &["./ 2 names · 11 bytes"]);
    check(
        &desk,
        "@.git/config",
        &[".git/config is a name under which secrets are kept, and what goes along is sent to the model."],
    );
}
