//! What a request holds: one persona, KB.md as it is, the conversation. And what the header says of KB.md.

use dictum::domain::exchange::Message;
use dictum::domain::kb::state::{KbState, LIMIT, Snapshot};
use dictum::protocol::message::Event;

use crate::app::{App, READ_AT, SECOND, endpoint, files, library};

#[track_caller]
fn part(app: &App, label: &str) -> String {
    let parts: Vec<_> = app.request().system.iter().filter(|part| part.label.starts_with(label)).collect();
    assert_eq!(parts.len(), 1, "{label}: {:?}", app.request().system);
    parts[0].text.clone()
}

#[test]
fn kb_md_is_sent_verbatim_and_exactly_once() {
    for kb in [
        "# KB\n- Use npm\n",
        "# KB\n- no newline at the end",
        "# KB\r\n- Windows\r\n- line ends\r\n",
        "\u{feff}# KB\n- with a byte order mark\n",
        "# KB\n```sh\nnpm ci\n```\n````md\n```\nnested\n```\n````\n",
        "- a `code` span and ``two `ticks` `` \n",
        "- tabs\there\t\n\n\n- and  blanks  \n",
        "- 日本語 e\u{301} 👩‍💻 \u{202e}rtl\u{202c}\n",
        "`````\ncode",
    ] {
        let mut app = App::with_kb(kb);
        app.turn("hello");
        app.turn("hello again");
        let knowledge = part(&app, "KB.md");
        assert_eq!(app.system().matches(kb).count(), 1, "{kb:?} in {knowledge:?}");
        // The fence around it is longer than any run of backticks inside, and begins and ends a line.
        let (head, rest) = knowledge.split_once(kb).unwrap();
        let fence = rest.trim_start_matches('\n');
        assert!(fence.chars().all(|letter| letter == '`') && fence.len() >= 3, "{rest:?}");
        assert!(!kb.contains(fence), "{kb:?} holds its fence {fence:?}");
        assert!(head.ends_with(&format!("\n{fence}markdown KB.md\n")), "{head:?}");
        for message in &app.request().messages {
            let (Message::User { text } | Message::Assistant { text, .. }) = message else { continue };
            assert!(!text.contains(kb));
        }
    }
}

#[test]
fn without_kb_md_the_request_says_so() {
    let mut app = App::without_kb();
    app.turn("hello");
    assert!(part(&app, "KB.md").contains("no KB.md"), "{}", app.system());
}

#[test]
fn a02_every_state_of_kb_md_is_named_in_the_header_the_chat_and_the_request() {
    for (state, header, why) in [
        (KbState::Missing, "KB.md none here", None),
        (
            KbState::Empty { text: "\n".into(), read_at: READ_AT.into() },
            "KB.md is empty, read 12:03:07",
            None,
        ),
        (KbState::Directory, "KB.md is a directory", Some("Rename the directory")),
        (KbState::NotAFile { kind: "pipe".into() }, "KB.md is a pipe", Some("Put a plain text file")),
        (
            KbState::Unreadable { cause: "permission denied".into() },
            "KB.md cannot be read: permission denied",
            Some("ls -l KB.md"),
        ),
        (KbState::NotUtf8 { line: 12 }, "KB.md is not UTF-8 at line 12", Some("Save it again as UTF-8")),
        (KbState::OtherName { found: "kb.md".into() }, "kb.md found, KB.md expected", Some("mv kb.md KB.md")),
        (
            KbState::TooLarge { bytes: 2 << 20, limit: LIMIT },
            "KB.md 2.0 MB, over the 256 KB limit: not sent",
            Some("not even a part of it"),
        ),
        (
            KbState::DanglingLink { target: "gone.md".into() },
            "KB.md is a link to gone.md, which is not there",
            Some("Create that file"),
        ),
    ] {
        for columns in [80, 120] {
            let mut app = App::start(Snapshot { state: state.clone() }, endpoint(), library(&files()));
            app.resize(columns, 40);
            assert!(app.screen().lines().next().unwrap().contains(header), "{header:?} on\n{}", app.screen());
            app.say("hello");
            app.kb_read();
            let joined = app.screen().split_whitespace().collect::<Vec<_>>().join(" ");
            match why {
                Some(why) => {
                    assert!(joined.contains(why), "{why:?} on\n{}", app.screen());
                    assert!(part(&app, "KB.md").contains(why), "{}", part(&app, "KB.md"));
                }
                None => assert!(!app.chat().contains("notice"), "{}", app.chat()),
            }
        }
    }
}

#[test]
fn the_header_follows_the_file() {
    let mut app = App::with_kb("- One\n");
    app.expect("KB.md 1 directive, 6 bytes, read 12:03:07");
    app.kb_changes("- One\n- Two\n");
    app.expect("KB.md 2 directives, 12 bytes, read 12:03:07");
    app.send(Event::WatchDegraded("no watches are left".into()));
    app.keys("f3");
    app.expect("not watched (no watches are left); read before each task all the same");
    app.expect("- Two");
    app.expect("sent verbatim");
}

#[test]
fn the_kb_panel_shows_what_is_sent() {
    let mut app = App::with_kb("# KB\n- Use npm\n\u{1b}[31m- red?\n");
    app.keys("f3");
    app.expect("```markdown KB.md");
    app.expect("- Use npm");
    app.expect_not("\u{1b}");
    app.keys("q");
    app.expect_not("```markdown KB.md");
}

#[test]
fn the_kb_panel_spells_out_what_is_hidden_and_sent() {
    let kb = "- Use x\u{1b}]0;PWN\u{7} y\u{202e}\r\n- Tab\there\n";
    let mut app = App::with_kb(kb);
    app.turn("hello");
    assert!(app.system().contains(kb), "{}", app.system());
    app.keys("f3");
    app.expect("- Use x‹U+001B›]0;PWN‹U+0007› y‹U+202E› ");
    app.expect("- Tab");
    app.expect_not("U+000D");
}

#[test]
fn a15_exactly_one_persona_and_a_word_to_the_model_about_the_change() {
    let mut app = App::with_kb("- One\n");
    app.turn("first");
    assert_eq!(part(&app, "persona"), "You build Node.js back ends.");
    app.say(&format!("/persona {SECOND}"));
    app.turn("second");
    assert_eq!(part(&app, "persona"), "You review changes.");
    let said: Vec<&str> = app
        .request()
        .messages
        .iter()
        .filter_map(|message| match message {
            Message::User { text } => Some(text.as_str()),
            Message::Attached(_) | Message::Assistant { .. } | Message::Results(_) => None,
        })
        .collect();
    assert_eq!(said[0], "first");
    assert!(said[1].ends_with("\n\nsecond"), "{said:?}");
    assert!(said[1].contains("reviewer") && said[1].contains("installer.backend.nodejs"), "{said:?}");
    app.turn("third");
    let last = app.request().messages.last().cloned();
    assert_eq!(last, Some(Message::User { text: "third".into() }), "said once, where the voice changes");
}

#[test]
fn a15_a_switch_before_anything_was_said_needs_no_word() {
    let mut app = App::with_kb("- One\n");
    app.say(&format!("/persona {SECOND}"));
    app.turn("first");
    assert_eq!(app.request().messages[0], Message::User { text: "first".into() });
    assert_eq!(part(&app, "persona"), "You review changes.");
}

#[test]
fn a15_there_and_back_again_is_no_change() {
    let mut app = App::with_kb("- One\n");
    app.turn("first");
    app.say(&format!("/persona {SECOND}"));
    app.say("/persona installer.backend.nodejs");
    assert!(!app.chat().contains("--"), "{}", app.chat());
    app.turn("second");
    assert_eq!(app.request().messages.last(), Some(&Message::User { text: "second".into() }));
}
