//! The mouse: dragging marks the text itself, copies are asked for, and nothing but a click, a key or another text takes a mark away.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dictum::domain::exchange::ReplyEvent;
use dictum::protocol::message::{Effect, Event};

use crate::app::{App, copied};

const KB: &str = "- One\n";

const LEFT: MouseButton = MouseButton::Left;

impl App {
    fn mouse(&mut self, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Effect> {
        self.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// Column and row of words on the screen.
    #[track_caller]
    fn cell(&self, words: &str) -> (u16, u16) {
        let screen = self.screen();
        let (row, line) = screen
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(words))
            .unwrap_or_else(|| panic!("{words:?} is not on\n{screen}"));
        let before = &line[..line.find(words).unwrap()];
        (dictum::base::text::width(before) as u16, row as u16)
    }

    /// The cell of the last letter of words.
    #[track_caller]
    fn last_cell(&self, words: &str) -> (u16, u16) {
        let (column, row) = self.cell(words);
        (column + dictum::base::text::width(words) as u16 - 1, row)
    }

    /// Marks from the beginning of `first` to the end of `last`.
    #[track_caller]
    fn drags(&mut self, first: &str, last: &str) {
        let (from, to) = (self.cell(first), self.last_cell(last));
        self.drags_between(from, to);
    }

    pub fn drags_between(&mut self, from: (u16, u16), to: (u16, u16)) {
        for (kind, at) in [
            (MouseEventKind::Down(LEFT), from),
            (MouseEventKind::Drag(LEFT), to),
            (MouseEventKind::Up(LEFT), to),
        ] {
            assert_eq!(self.mouse(kind, at), [], "nothing is copied by mere selecting");
        }
    }

    fn clicks(&mut self, at: (u16, u16), times: usize) {
        for _ in 0..times {
            self.mouse(MouseEventKind::Down(LEFT), at);
            self.mouse(MouseEventKind::Up(LEFT), at);
        }
    }
}

/// A chat with one question and this answer.
fn answered(reply: &str) -> App {
    let mut app = App::with_kb(KB);
    app.resize(60, 30);
    app.say("what is it");
    app.kb_read();
    app.replies(reply);
    app
}

#[test]
fn a24_a_drag_marks_the_text_and_y_copies_it() {
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";
    let mut app = answered(long);
    app.drags("two three", "thirteen");
    app.expect(" marked");
    app.expect("y copy  Esc take away");
    let text = &long[long.find("two").unwrap()..long.find(" fourteen").unwrap()];
    assert_eq!(app.keys("y"), [copied("1 line", text)]);
    app.expect_not(" marked");
    // The keys are the draft's again.
    app.types("yes");
    app.expect_draft("yes");
    app.send(Event::Copied { what: "2 lines".into(), way: Ok("xclip".into()) });
    app.expect("copied 2 lines (xclip)");
    app.send(Event::Copied { what: "2 lines".into(), way: Err("it has 900 kB.".into()) });
    app.expect("2 lines were not copied: it has 900 kB.");
}

#[test]
fn a24_bars_labels_and_indentation_stay_behind() {
    let wide = "x".repeat(400);
    let code = format!("\tif a\t{{\n\t\tb = \"{wide}\"\n\t}}");
    let mut app = answered(&format!(
        "Take this:\n\n```ts\n{code}\n```\n\n> a quote of many words that goes on and on over the line until here\n\nfin"
    ));
    app.drags("Take", "fin");
    let quote = "a quote of many words that goes on and on over the line until here";
    assert_eq!(app.keys("enter"), [copied("9 lines", &format!("Take this:\n\n{code}\n\n{quote}\n\nfin"))]);
    // From the margin of the first line of code to below the last.
    let (label, quoted) = (app.cell("── ts"), app.cell("▎ a quote"));
    app.drags_between((0, label.1 + 1), (59, quoted.1 - 2));
    assert_eq!(app.keys("ctrl+c"), [copied("3 lines", &code)]);
}

#[test]
fn a24_from_message_to_message_nothing_but_what_was_said() {
    let mut app = answered("It is **this**.");
    app.drags("what is", "this.");
    assert_eq!(app.keys("y"), [copied("3 lines", "what is it\n\nIt is this.")]);
    app.drags_between(app.last_cell("this."), app.cell("is it"));
    assert_eq!(app.keys("y"), [copied("3 lines", "is it\n\nIt is this.")]);
}

#[test]
fn a24_wide_characters_are_never_cut() {
    let mut app = answered("ab 日本語 👩\u{200d}💻 cd");
    let (column, row) = app.cell("日本語");
    // From the second cell of the first to the first cell of the last.
    app.drags_between((column + 1, row), (column + 4, row));
    assert_eq!(app.keys("y"), [copied("1 line", "日本語")]);
    let (column, row) = app.cell("👩");
    app.drags_between((column + 1, row), (column + 2, row));
    assert_eq!(app.keys("y"), [copied("1 line", "👩\u{200d}💻 ")]);
}

#[test]
fn a_double_click_marks_a_word_and_a_triple_click_a_line() {
    let long =
        "look into src/app/mouse.rs, which is where the mouse is heard and nothing else is done at all";
    let mut app = answered(long);
    app.clicks(app.cell("app/mouse"), 2);
    assert_eq!(app.keys("y"), [copied("1 line", "src/app/mouse.rs")]);
    app.after(1_000);
    app.clicks(app.cell("nothing"), 3);
    assert_eq!(app.keys("y"), [copied("1 line", long)]);
    // A drag after a double click goes on by words.
    app.after(1_000);
    let at = app.cell("which");
    app.clicks(at, 1);
    app.mouse(MouseEventKind::Down(LEFT), at);
    let to = app.cell("ere the");
    app.mouse(MouseEventKind::Drag(LEFT), to);
    app.mouse(MouseEventKind::Up(LEFT), to);
    assert_eq!(app.keys("y"), [copied("1 line", "which is where")]);
    // Clicks far apart in time are single ones.
    app.clicks(at, 1);
    app.after(1_000);
    app.clicks(at, 1);
    app.expect_not(" marked");
}

#[test]
fn a_mark_goes_with_esc_a_click_or_typing_and_not_with_scrolling() {
    let mut app = answered("some words of an answer");
    app.drags("some", "answer");
    app.keys("pageup");
    app.expect(" marked");
    app.keys("esc");
    app.expect_not(" marked");
    app.drags("some", "answer");
    app.clicks(app.cell("words"), 1);
    app.expect_not(" marked");
    app.drags("some", "answer");
    app.types("no");
    app.expect_not(" marked");
    app.expect_draft("no");
    // Without a mark the keys do what they do elsewhere.
    app.keys("ctrl+c");
    app.expect("draft put aside");
    app.mouse(MouseEventKind::Down(MouseButton::Right), (10, 10));
    assert!(!app.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
}

#[test]
fn the_right_button_copies_what_is_marked() {
    let mut app = answered("some words of an answer");
    app.drags("words", "an answer");
    let at = app.cell("some");
    assert_eq!(
        app.mouse(MouseEventKind::Down(MouseButton::Right), at),
        [copied("1 line", "words of an answer")]
    );
    app.expect_not(" marked");
}

#[test]
fn a_copy_asked_for_before_the_frame_is_made_after_it() {
    let mut app = answered("some words of an answer");
    let (from, to) = (app.cell("words"), app.last_cell("answer"));
    for (kind, (column, row)) in
        [(MouseEventKind::Down(LEFT), from), (MouseEventKind::Drag(LEFT), to), (MouseEventKind::Up(LEFT), to)]
    {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        dictum::app::update::update(&mut app.state, Event::Mouse(event));
    }
    assert_eq!(dictum::app::update::update(&mut app.state, Event::Key(crate::app::key("y"))), []);
    assert_eq!(app.frame(), [copied("1 line", "words of an answer")]);
}

#[test]
fn neither_new_text_nor_scrolling_nor_another_width_moves_a_mark() {
    let mut app = App::with_kb(KB);
    app.resize(60, 24);
    app.say("tell me");
    app.kb_read();
    let first = "a first paragraph of words that goes over one line of the screen, surely so";
    app.streams(ReplyEvent::Text(format!("{first}\n\nand now ")));
    app.drags("paragraph", "screen");
    let marked = "paragraph of words that goes over one line of the screen";
    for number in 0..60 {
        app.streams(ReplyEvent::Text(format!("line {number}\n\n")));
    }
    app.expect("paragraph of words");
    app.expect("new lines");
    app.keys("pagedown pagedown");
    app.expect_not("paragraph of words");
    app.resize(35, 24);
    app.resize(110, 30);
    app.keys("ctrl+home");
    app.expect(" marked");
    assert_eq!(app.keys("y"), [copied("1 line", marked)]);
}

#[test]
fn text_that_becomes_another_one_drops_its_mark() {
    let mut app = App::with_kb(KB);
    app.resize(60, 24);
    app.say("tell me");
    app.kb_read();
    app.streams(ReplyEvent::Text("this is **bold".into()));
    app.drags("bold", "bold");
    app.expect(" marked");
    app.streams(ReplyEvent::Text("** and plain".into()));
    app.expect_not(" marked");
    app.drags("plain", "plain");
    app.say("/clear");
    app.expect_not(" marked");
}

#[test]
fn a_drag_beyond_the_edge_scrolls_on() {
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}.")).collect();
    let mut app = answered(&lines.join("  \n"));
    let from = app.cell("line 95.");
    app.mouse(MouseEventKind::Down(LEFT), from);
    app.mouse(MouseEventKind::Drag(LEFT), (0, 0));
    for _ in 0..200 {
        app.after(60);
    }
    app.expect("▌ what is it");
    assert!(app.state.next_tick().is_none(), "nothing ticks where nothing moves");
    app.mouse(MouseEventKind::Up(LEFT), (0, 0));
    let Effect::Copy(clip) = &app.keys("y")[0] else { panic!("no copy") };
    assert_eq!(clip.text, format!("what is it\n\n{}\nl", lines[..95].join("\n")));
}

#[test]
fn a_click_places_the_caret_and_a_drag_selects_in_the_draft() {
    let mut app = App::with_kb(KB);
    app.types("a draft of 日本 words");
    app.clicks(app.cell("draft"), 1);
    app.types("long ");
    app.expect_draft("a long draft of 日本 words");
    app.drags("日本", "words");
    // Up to the last letter, before which the caret stands.
    assert_eq!(app.keys("ctrl+c"), [copied("1 line of the draft", "日本 word")]);
    app.expect_draft("a long draft of 日本 words");
    app.drags("long", "draft");
    app.types("x");
    app.expect_draft("a xt of 日本 words");
}

#[test]
fn a_drag_to_below_the_chat_marks_to_its_end() {
    let mut app = answered("Take this:\n\nand that");
    app.drags_between(app.cell("Take"), (5, 29));
    println!("{}", app.screen());
    assert_eq!(app.keys("y"), [copied("3 lines", "Take this:\n\nand that\n")]);
}
