//! Files that are mentioned with `@`: the list, its keys, and what goes into the draft.

use std::sync::Arc;

use dictum::domain::paths::{MOST, Paths};
use dictum::protocol::message::{Effect, Event};

use crate::app::App;

const FILES: &[&str] = &[
    "KB.md",
    "README.md",
    "docs/",
    "docs/my notes.md",
    "src/",
    "src/orders/",
    "src/orders/list.ts",
    "src/orders/pay.ts",
    "src/reorder.ts",
    "team notes/",
    "team notes/q 1.md",
];

fn paths(all: &[&str]) -> Arc<Paths> {
    Arc::new(Paths::new(all.iter().map(|path| path.to_string()).collect()))
}

/// An app that knows these files.
fn app() -> App {
    let mut app = App::without_kb();
    app.types("@");
    app.send(Event::FilesListed(paths(FILES)));
    app.keys("backspace");
    app
}

/// How often the files were asked for.
fn asked(app: &App) -> usize {
    app.effects.iter().filter(|effect| **effect == Effect::ListFiles).count()
}

/// The paths in the list from above to below, the chosen one with its mark.
fn listed(app: &App) -> Vec<String> {
    let screen = app.screen();
    let rows = screen.lines().map(|row| row.trim_end().trim_end_matches("Tab").trim_end());
    let rows = rows.filter(|row| row.starts_with("▸ ") || row.starts_with("  "));
    let rows = rows.map(|row| row.strip_prefix("  ").unwrap_or(row).to_string());
    rows.filter(|row| {
        let path = row.trim_start_matches("▸ ");
        FILES.contains(&path)
    })
    .collect()
}

#[test]
fn the_list_comes_when_it_is_there_and_holds_up_no_key() {
    let mut app = App::without_kb();
    app.types("look at @so");
    app.expect("looking for files…");
    app.expect_draft("look at @so");
    assert_eq!(asked(&app), 1);
    app.keys("tab");
    app.expect_draft("look at @so");
    app.send(Event::FilesListed(paths(FILES)));
    app.expect_not("looking for files…");
    assert_eq!(listed(&app)[0], "▸ src/orders/");
    app.keys("tab");
    app.expect_draft("look at @src/orders/");
}

#[test]
fn the_files_are_listed_again_when_the_list_is_old() {
    let mut app = app();
    app.types("@");
    assert_eq!(asked(&app), 1);
    app.keys("backspace");
    app.after(6_000);
    app.types("@k");
    assert_eq!(asked(&app), 2);
    assert_eq!(listed(&app), ["▸ KB.md"]);
    app.send(Event::FilesListed(paths(&["src/kind.ts"])));
    app.expect("▸ src/kind.ts");
    app.expect_not("▸ KB.md");
}

#[test]
fn what_was_chosen_stays_so_when_the_files_come_anew() {
    let mut app = app();
    app.after(6_000);
    app.types("@");
    app.keys("down down down");
    app.expect("▸ KB.md");
    let more: Vec<&str> = ["a/", "b/"].iter().chain(FILES).copied().collect();
    app.send(Event::FilesListed(paths(&more)));
    app.expect("▸ KB.md");
}

#[test]
fn names_are_ranked_before_folders_and_letters_narrow() {
    let mut app = app();
    app.types("@");
    assert_eq!(
        listed(&app),
        [
            "▸ docs/",
            "src/",
            "team notes/",
            "KB.md",
            "README.md",
            "src/orders/",
            "docs/my notes.md",
            "src/reorder.ts"
        ]
    );
    app.types("ord");
    assert_eq!(listed(&app), ["▸ src/orders/", "src/reorder.ts", "src/orders/list.ts", "src/orders/pay.ts"]);
    app.types("zz");
    app.expect("no file or folder is like this");
    app.keys("backspace backspace");
    assert_eq!(listed(&app)[0], "▸ src/orders/");
}

#[test]
fn up_and_down_move_in_the_list_and_enter_takes_without_sending() {
    let mut app = app();
    app.say("an earlier message");
    app.keys("esc");
    app.types("see @ord");
    app.keys("down down up");
    assert_eq!(listed(&app)[1], "▸ src/reorder.ts");
    let effects = app.keys("enter");
    assert!(effects.is_empty(), "{effects:?}");
    app.expect_draft("see @src/reorder.ts ");
    assert!(listed(&app).is_empty(), "{}", app.screen());
    let effects = app.keys("enter");
    app.expect_draft("");
    assert!(matches!(effects.as_slice(), [Effect::ReadMentions { .. }]), "{effects:?}");
    assert!(app.chat().contains("you: see @src/reorder.ts"), "{}", app.chat());
}

#[test]
fn a_folder_goes_on_with_what_it_holds() {
    let mut app = app();
    app.types("@sr");
    app.keys("tab");
    app.expect_draft("@src/");
    assert_eq!(listed(&app)[..2], ["▸ src/orders/", "src/reorder.ts"]);
    app.keys("enter");
    app.expect_draft("@src/orders/");
    assert_eq!(listed(&app), ["▸ src/orders/list.ts", "src/orders/pay.ts"]);
    app.types("p");
    app.keys("enter");
    app.expect_draft("@src/orders/pay.ts ");
}

#[test]
fn a_path_with_blanks_is_quoted() {
    let mut app = app();
    app.types("@myn");
    app.keys("tab");
    app.expect_draft("@\"docs/my notes.md\" ");
    app.types("and @team");
    app.keys("tab");
    app.expect_draft("@\"docs/my notes.md\" and @\"team notes/\"");
    assert_eq!(listed(&app), ["▸ team notes/q 1.md"]);
    app.types("q 1");
    app.keys("tab");
    app.expect_draft("@\"docs/my notes.md\" and @\"team notes/q 1.md\" ");
}

#[test]
fn the_whole_word_is_replaced_and_what_stands_behind_stays() {
    let mut app = app();
    app.types("compare  with that");
    for _ in 0..10 {
        app.keys("left");
    }
    app.types("@pay");
    app.keys("tab");
    app.expect_draft("compare @src/orders/pay.ts with that");
    app.types("X");
    app.expect_draft("compare @src/orders/pay.ts Xwith that");
    app.keys("ctrl+_ ctrl+_");
    app.expect_draft("compare @pay with that");
}

#[test]
fn escape_closes_the_list_and_leaves_the_text() {
    let mut app = app();
    app.say("a question");
    app.kb_read();
    app.types("@ord");
    assert!(!listed(&app).is_empty());
    let effects = app.keys("esc");
    assert!(effects.is_empty(), "the reply goes on: {effects:?}");
    app.expect_draft("@ord");
    assert!(listed(&app).is_empty());
    app.types("e");
    assert!(listed(&app).is_empty(), "it stays closed for this word");
    app.types(" @re");
    assert!(!listed(&app).is_empty(), "another word opens it");
    app.keys("esc");
    let effects = app.keys("esc");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Cancel { .. })), "{effects:?}");
}

#[test]
fn an_address_is_no_mention() {
    let mut app = App::without_kb();
    app.types("write to me@src.example and a@b");
    assert_eq!(asked(&app), 0);
    app.expect_not("looking for files");
    app.paste("@pasted");
    assert_eq!(asked(&app), 0);
}

#[test]
fn moving_and_the_history_leave_the_list_closed() {
    let mut app = app();
    app.types("@ord");
    app.keys("ctrl+a");
    assert!(listed(&app).is_empty());
    app.keys("ctrl+e");
    assert!(listed(&app).is_empty());
    app.keys("ctrl+c up");
    app.expect_draft("@ord");
    assert!(listed(&app).is_empty());
}

#[test]
fn without_a_match_enter_sends() {
    let mut app = app();
    app.types("install @nestjs/core");
    app.expect("no file or folder is like this");
    app.keys("enter");
    assert!(app.chat().contains("you: install @nestjs/core"), "{}", app.chat());
}

#[test]
fn a_hostile_name_is_not_shown() {
    let mut app = App::without_kb();
    app.types("@");
    app.send(Event::FilesListed(paths(&["evil\u{1b}[2J.md", "tr\u{202e}ick.md", "good.md"])));
    app.expect("▸ good.md");
    app.expect_not("evil");
    app.expect_not("ick.md");
}

#[test]
fn fifty_thousand_files_and_any_size_of_screen() {
    let all = (0..MOST + 10).map(|at| format!("packages/p{}/src/file{at}.ts", at % 97)).collect();
    let paths = Arc::new(Paths::new(all));
    assert_eq!(paths.len(), MOST);
    let mut app = App::without_kb();
    app.types("@");
    app.send(Event::FilesListed(paths));
    app.types("p5f499");
    app.expect("packages/p");
    for (columns, rows) in [(120, 40), (40, 8), (20, 4), (10, 3), (3, 2), (1, 1), (80, 24)] {
        app.resize(columns, rows);
        app.keys("down down down down down down down down down down");
    }
    app.expect("▸ packages/p");
}
