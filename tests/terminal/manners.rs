//! Manners of the chat and of the screen: stopping, queueing, errors, the draft, overlays, sizes, and how much is written.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::pty::{
    ALT_ENTER, ALT_UP, CTRL_J, CTRL_K, CTRL_L, CTRL_P, Desk, ENTER, ESC, F1, F2, F3, LIMIT, TAB, UP, pasted,
};
use crate::server::{Gate, Reply};
use crate::wire;
use crate::{FIRST, KB};

#[test]
fn a26_esc_stops_at_once_and_keeps_the_partial_text() {
    let desk = Desk::with_model().kb(KB);
    // The first piece opens the reply, three bring text, and then the server says nothing.
    desk.server().enqueue(Reply::chat(&["alpha ", "beta ", "gamma ", "never"]).only(4).stall());
    let app = desk.open();
    app.send("count\r");
    app.wait_text("alpha beta gamma");
    let start = Instant::now();
    app.send(ESC);
    let screen = app.wait_text("■ stopped");
    assert!(start.elapsed() < Duration::from_secs(2), "200 ms are promised; it took {:?}", start.elapsed());
    assert!(screen.has("alpha beta gamma") && !screen.has("Esc stops"));
    assert!(desk.server().wait_for_drop(LIMIT), "the connection is closed");
    app.send("go on\r");
    let asked = app.wait_asked(2);
    assert_eq!(wire::replied(&asked[1]).len(), 1);
    assert!(wire::replied(&asked[1])[0].contains("alpha beta gamma"), "the model knows what it had said");
    app.wait_text("Understood.");
    app.wait_idle();
    app.quit();
}

#[test]
fn a21_queued_messages_are_visible_editable_and_sent_in_order() {
    let gate = Gate::default();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Working ", "on it."]).gated(2, &gate));
    let app = desk.open();
    app.send("first\r");
    app.wait_text("Working");
    app.send("second\r");
    app.wait_text("queued  second");
    app.send("third\r");
    app.wait_text("queued  third");
    app.send(ALT_UP);
    let screen = app.wait_for("the third back in the draft", |screen| screen.draft() == "third");
    assert!(screen.has("queued  second") && !screen.has("queued  third"));
    app.send(", changed\r");
    app.wait_text("queued  third, changed");
    assert_eq!(desk.server().asked().len(), 1);
    gate.open();
    let asked = app.wait_asked(3);
    assert_eq!(wire::said(&asked[1]), ["first", "second"]);
    assert_eq!(wire::said(&asked[2]), ["first", "second", "third, changed"]);
    let screen = app.wait_idle();
    assert!(!screen.has("queued"));
    app.quit();
}

#[test]
fn a21_esc_keeps_the_queue_and_enter_sends_it() {
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&["Working "]).only(2).stall());
    let app = desk.open();
    app.send("first\r");
    app.wait_text("Working");
    app.send("second\r");
    app.wait_text("queued  second");
    app.send(ESC);
    let screen = app.wait_text("■ stopped");
    assert!(screen.has("queued  second"), "a stop throws nothing away");
    app.send(ENTER);
    let asked = app.wait_asked(2);
    assert_eq!(wire::said(&asked[1]), ["first", "second"]);
    app.wait_gone("queued");
    app.wait_idle();
    app.quit();
}

#[test]
fn a27_a_refused_key_is_one_sentence_with_a_next_step_and_without_the_key() {
    let key = "sk-secret-0123456789abcdef";
    let desk = Desk::with_model().kb(KB).variable("OPENAI_API_KEY", key);
    let error = serde_json::json!({ "error": { "message": format!("Incorrect API key provided: {key}."), "type": "invalid_request_error", "code": "invalid_api_key" } });
    desk.server().enqueue(Reply::json(401, &error));
    let app = desk.open();
    app.send("hello\r");
    let screen = app.wait_text("did not accept the key (401");
    assert!(screen.row("did not accept the key").unwrap().trim().starts_with('✗'));
    app.wait_text("Check OPENAI_API_KEY");
    app.wait_idle();
    let raw = app.raw();
    assert!(!raw.contains(&key[3..]), "the key is never shown");
    assert!(!raw.contains("invalid_request_error"), "nor is raw JSON");
    assert_eq!(desk.server().asked()[0].header("authorization"), Some(format!("Bearer {key}").as_str()));
    app.send("again\r");
    app.wait_text("Understood.");
    app.wait_idle();
    app.quit();
}

#[test]
fn a27_a_refused_connection_is_one_sentence_with_a_next_step() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/v1");
    let desk = Desk::bare(&["--provider", "openai", "--base-url", &url, "--model", "m"]).kb(KB);
    let app = desk.open();
    app.send("hello\r");
    app.wait_text("nothing listens there");
    app.wait_text("Is the server running?");
    app.wait_idle();
    app.send("/help\r");
    app.wait_text(" Help ");
    app.send(ESC);
    app.wait_gone(" Help ");
    app.quit();
}

#[test]
fn a23_new_lines_in_the_prompt_and_its_history() {
    let desk = Desk::with_model().kb(KB);
    let app = desk.open();
    let message = "one\ntwo\nthree\nfour";
    for (keys, draft) in [
        (format!("one{ALT_ENTER}two"), "one\ntwo"),
        (format!("{CTRL_J}three\\"), "one\ntwo\nthree\\"),
        (format!("{ENTER}four"), message),
    ] {
        app.send(&keys);
        app.wait_for(draft, |screen| screen.draft() == draft);
    }
    assert!(desk.server().asked().is_empty());
    app.send(ENTER);
    let asked = app.wait_asked(1);
    assert_eq!(wire::said(&asked[0]), [message]);
    app.wait_text("Understood.");
    app.wait_idle();
    app.send("unsent");
    app.wait_for("the draft", |screen| screen.draft() == "unsent");
    app.send(UP);
    app.wait_for("the message from the history", |screen| screen.draft() == message);
    app.send("\x1b[B");
    app.wait_for("the draft again", |screen| screen.draft() == "unsent");
}

#[test]
fn a23_a_long_paste_is_one_insert_that_never_submits() {
    let lines: Vec<String> = (0..5_000).map(|at| format!("line {at}")).collect();
    let desk = Desk::with_model().kb(KB);
    let app = desk.open();
    app.send("look: ");
    app.send(&pasted(&lines.join("\r\n")));
    app.wait_for("the paste", |screen| screen.draft().ends_with("[paste 1 · 5000 lines]"));
    assert!(desk.server().asked().is_empty(), "no line of a paste submits");
    app.send(ENTER);
    let asked = app.wait_asked(1);
    assert_eq!(wire::said(&asked[0]), [format!("look: {}", lines.join("\n"))]);
    app.wait_idle();
    app.quit();
}

#[test]
fn slash_commands_complete() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("/");
    for command in ["/persona", "/model", "/kb", "/remember", "/review", "/clear", "/help", "/quit"] {
        app.wait_text(command);
    }
    app.send("cl");
    app.wait_gone("/persona");
    app.wait_text("The same as /new");
    app.send(TAB);
    app.wait_for("the completed command", |screen| screen.draft() == "/clear");
    app.send("\x15/nope\r");
    let screen = app.wait_text("there is no command /nope");
    assert_eq!(screen.draft(), "/nope", "what was typed stays");
    app.send("\x15/api/v2 is slow\r");
    app.wait_for("a path is a message", |screen| screen.has("▌ /api/v2 is slow"));
    app.wait_idle();
    app.quit();
}

#[test]
fn overlays_open_and_close_and_the_palette_reaches_everything() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("a draft");
    app.wait_for("the draft", |screen| screen.draft() == "a draft");
    let plain = app.screen().rows;
    for (key, title) in [
        (CTRL_P, " Everything "),
        (F1, " Help "),
        (F2, " Personas "),
        (F3, " KB.md as the model is sent it "),
    ] {
        app.send(key);
        app.wait_text(title);
        app.send(ESC);
        let screen = app.wait_gone(title);
        assert_eq!(screen.rows, plain, "the screen after {title:?}");
    }
    app.send(F1);
    let help = app.wait_text(" Help ");
    assert!(help.has("Ctrl+K"));
    // Another overlay takes the place of the first.
    app.send(F3);
    // The help has these words too, so the panel is told by its corner.
    let panel = app.wait_text("╭ KB.md as the model is sent it ");
    assert!(!panel.has(" Help "), "{}", panel.rows.join("\n"));
    assert!(panel.has("- Lint with Biome before each commit."), "{}", panel.rows.join("\n"));
    app.send(ESC);
    app.wait_gone(" KB.md as the model is sent it ");
    app.send(CTRL_P);
    app.wait_text(" Everything ");
    app.send("show this help");
    app.wait_for("the found action", |screen| {
        screen.row("▸").is_some_and(|row| row.contains("Show this help"))
    });
    app.send(ENTER);
    app.wait_text(" Help ");
    app.send(ESC);
    let screen = app.wait_gone(" Help ");
    assert_eq!(screen.draft(), "a draft");
}

#[test]
fn a22_any_size() {
    const SIZES: [(u16, u16); 14] = [
        (1, 1),
        (300, 100),
        (2, 1),
        (1, 2),
        (1, 100),
        (300, 1),
        (3, 3),
        (5, 2),
        (10, 4),
        (20, 9),
        (20, 10),
        (41, 16),
        (80, 24),
        (120, 40),
    ];
    let text = "# Title\n\nWords, 日本語, 👩‍👩‍👧 and `code`.\n\n```ts\nconst\ta = 1; // a comment that is wide enough to wrap somewhere\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&[text]));
    let app = desk.open();
    app.direct("from now on use pnpm");
    app.wait_text("Title");
    app.wait_idle();
    app.send("ein Entwurf 日本語 mit mehr Text, als in eine schmale Zeile passt");
    app.wait_for("the draft", |screen| screen.draft().starts_with("ein Entwurf"));
    for (key, name, leave) in [
        ("", "chat", ""),
        (CTRL_K, "review", ESC),
        (F1, "help", ESC),
        (F2, "personas", ESC),
        (CTRL_P, "palette", ESC),
    ] {
        app.send(key);
        if name == "review" {
            app.wait_decisions();
        }
        for (columns, rows) in SIZES {
            let before = app.written();
            app.resize(columns, rows);
            app.wait_until(&format!("a frame of the {name} at {columns}x{rows}"), || app.written() > before);
            assert!(app.is_running(), "{name} at {columns}x{rows}");
        }
        let screen =
            app.wait_for(name, |screen| screen.header().contains("KB.md 3 directives") || name != "chat");
        assert_eq!(screen.rows.len(), 40);
        app.send(leave);
        app.wait_for("the chat", |screen| {
            screen.caret().is_some() && screen.draft().starts_with("ein Entwurf")
        });
    }
    assert_eq!(desk.read("KB.md"), KB);
}

#[test]
fn a22_a_key_that_comes_with_a_change_of_the_size_is_not_lost() {
    let desk = Desk::with_model().kb(KB);
    let app = desk.open();
    let mut draft = String::new();
    for round in 0..100_u16 {
        let letter = char::from(b'a' + u8::try_from(round % 26).unwrap());
        draft.push(letter);
        app.resize(119 + round % 2, 40);
        app.send(&letter.to_string());
        app.wait_for("the letter", |screen| screen.draft().replace('\n', "") == draft);
    }
}

#[test]
fn a23_a_burst_of_letters_arrives_whole() {
    let desk = Desk::with_model().kb(KB);
    let app = desk.open();
    // As a terminal without bracketed paste sends what is pasted: more at once than any buffer on the way holds.
    let burst = "abcd efgh ".repeat(400);
    app.send(&burst);
    app.send("the last word");
    app.wait_for("the end of it", |screen| screen.draft().ends_with("the last word"));
    app.send(ENTER);
    let asked = app.wait_asked(1);
    assert_eq!(wire::said(&asked[0]), [format!("{burst}the last word")]);
}

#[test]
fn a16_no_flicker_while_a_reply_streams() {
    // 1,000 tokens a second.
    let tokens: Vec<String> = (0..5_000)
        .map(|at| if at % 60 == 59 { format!("word{at}.\n\n") } else { format!("word{at} ") })
        .collect();
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&texts).in_bursts(20, Duration::from_millis(20)));
    let app = desk.open();
    let (start, from) = (Instant::now(), app.written());
    app.send("go\r");
    app.wait_text("word4999");
    app.wait_idle();
    let elapsed = start.elapsed();
    let raw = app.raw();
    let stream = raw.get(from..).unwrap_or(&raw);
    assert!(!stream.contains("\x1b[2J") && !stream.contains("\x1b[3J"), "the screen is never cleared");
    assert!(!stream.contains("\x1b[?25l"), "the caret is never hidden");
    let frames = stream.matches("\x1b[?2026h").count();
    let most = elapsed.as_millis() / 16 + 2;
    assert!((10..=most).contains(&(frames as u128)), "{frames} frames in {elapsed:?}, at most 60 a second");
    assert!(stream.len() / frames < 2_048, "{} bytes in {frames} frames", stream.len());
    assert!(stream.len() < 200 * 1024, "{} bytes for {} of text", stream.len(), tokens.concat().len());
    assert!(stream.contains("M\x1b[r"), "what scrolls is moved, not written again");
    app.quit();
}

#[test]
fn a16_a_typed_key_is_shown_while_a_reply_streams() {
    let tokens: Vec<String> = (0..2_000).map(|at| format!("word{at} ")).collect();
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let desk = Desk::with_model().kb(KB);
    desk.server().enqueue(Reply::chat(&texts).in_bursts(20, Duration::from_millis(20)));
    let app = desk.open();
    app.send("go\r");
    app.wait_text("word20");
    for typed in ["t", "ty", "typ", "type", "typed"] {
        app.send(typed.get(typed.len() - 1..).unwrap());
        app.wait_for("the letter", |screen| screen.draft() == typed);
    }
    assert!(!app.screen().has("word1999"), "the reply is still on its way");
    app.wait_text("word1999");
    app.wait_idle();
    assert_eq!(app.screen().draft(), "typed");
}

#[test]
fn a19_idle_means_idle() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("what do our tests run with?\r");
    app.wait_text("Tests run with Vitest");
    app.wait_idle();
    let ticks = || -> u64 {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", app.pid().as_raw_nonzero())).unwrap_or_default();
        let fields =
            stat.rsplit(") ").next().unwrap_or_default().split(' ').map(str::to_string).collect::<Vec<_>>();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        number(11) + number(12)
    };
    // The first request makes the highlighter beside the screen; that work is over when the processor rests.
    let last = std::cell::Cell::new(ticks());
    app.wait_until("the processor to rest", || {
        std::thread::sleep(Duration::from_millis(300));
        let now = ticks();
        now == last.replace(now)
    });
    let (bytes, before) = (app.written(), ticks());
    // The one case that is about time: nothing shall happen in it.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(app.written(), bytes, "not a byte: {:?}", app.raw().get(bytes..));
    assert!(ticks() - before <= 10, "0.1 s of processor time at most, in hundredths: {}", ticks() - before);
    app.quit();
}

#[test]
fn ctrl_l_draws_everything_anew() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.send("a draft");
    let before = app.wait_for("the draft", |screen| screen.draft() == "a draft");
    let from = app.written();
    app.send(CTRL_L);
    app.wait_until("a whole frame", || app.raw().get(from..).is_some_and(|raw| raw.contains(FIRST)));
    assert_eq!(app.screen().rows, before.rows);
    assert!(!app.raw().contains("\x1b[6n"), "the terminal is asked nothing that it must answer");
    assert!(app.is_running());
}

#[test]
fn what_the_terminal_answers_never_lands_in_the_draft() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.wait_until("the question for the background", || app.raw().contains("\x1b]11;?"));
    // The answer comes in pieces, as over a slow line, with keys right behind it.
    app.send("\x1b]11;rgb:ffff/");
    app.send("ffff/ffff\x1b\\hello");
    app.wait_for("the keys alone", |screen| screen.draft() == "hello");
    assert_eq!(app.raw().matches("\x1b]11;").count(), 1, "it is asked once");
    app.send("\x1b]not an answer");
    app.wait_for("what is no answer is typed", |screen| screen.draft().contains("not an answer"));
}
