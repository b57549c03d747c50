//! Frames through an emulator: whatever came before, the screen equals the frame. It takes no terminal.

use std::num::NonZeroU16;
use std::ops::Range;

use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier, Style};

use super::scroll::Shift;
use super::{Caret, Painter};

/// A terminal, and the painter that draws on it.
struct Bench {
    painter: Painter,
    parser: vt100::Parser,
    size: Size,
}

impl Bench {
    fn new(width: u16, height: u16) -> Self {
        let size = Size { width, height };
        Self { painter: Painter::default(), parser: emulator(size), size }
    }

    /// Draws a frame, holds the screen against it, and gives the bytes.
    #[track_caller]
    fn draw(&mut self, frame: &Buffer, caret: Option<Position>) -> String {
        let bytes = self.painter.bytes(self.size, |buffer| {
            buffer.content.clone_from(&frame.content);
            caret
        });
        self.holds(frame, caret, bytes)
    }

    /// Draws a frame over the last one, given the rows in which it may differ.
    #[track_caller]
    fn go_on(&mut self, frame: &Buffer, rows: &[u16], up: Option<(Range<u16>, u16)>) -> String {
        assert!(self.painter.goes_on(self.size));
        let width = usize::from(self.size.width);
        let before = self.painter.shown.clone();
        let bytes = self.painter.further_bytes(|buffer| {
            assert_eq!(*buffer, before, "what is drawn on is what is shown");
            if let Some((block, by)) = up.clone() {
                Shift::up(block, by).unwrap().apply(buffer);
            }
            for row in rows {
                let cells = usize::from(*row) * width..(usize::from(*row) + 1) * width;
                buffer.content[cells.clone()].clone_from_slice(&frame.content[cells]);
            }
            (rows.to_vec(), up, None)
        });
        assert!(self.painter.shows(frame));
        let caret = match self.painter.caret {
            Caret::At(position) => Some(position),
            Caret::Hidden | Caret::Unknown => None,
        };
        self.holds(frame, caret, bytes)
    }

    #[track_caller]
    fn holds(&mut self, frame: &Buffer, caret: Option<Position>, bytes: Vec<u8>) -> String {
        self.parser.process(&bytes);
        let bytes = String::from_utf8(bytes).unwrap();
        let screen = self.parser.screen();
        for (y, (shown, wanted)) in shown(screen).into_iter().zip(wanted(frame)).enumerate() {
            assert_eq!(shown, wanted, "row {y} after {bytes:?}");
        }
        assert_eq!(screen.hide_cursor(), caret.is_none());
        if let Some(caret) = caret {
            assert_eq!(screen.cursor_position(), (caret.y, caret.x));
        }
        bytes
    }

    fn lines(&mut self, lines: &[&str]) -> String {
        let frame = lines_of(self.size, lines);
        self.draw(&frame, Some(Position { x: 1, y: self.size.height - 1 }))
    }
}

fn emulator(size: Size) -> vt100::Parser {
    vt100::Parser::new(NonZeroU16::new(size.height).unwrap(), NonZeroU16::new(size.width).unwrap(), 0)
}

fn lines_of(size: Size, lines: &[&str]) -> Buffer {
    let mut buffer = Buffer::empty(Rect::from((Position::ORIGIN, size)));
    for (y, line) in (0..).zip(lines) {
        buffer.set_string(0, y, line, Style::default());
    }
    buffer
}

/// One cell as a user sees it.
#[derive(PartialEq)]
struct Seen {
    text: String,
    fg: vt100::Color,
    bg: vt100::Color,
    marks: [bool; 5],
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.text)?;
        let marks: String =
            "bdiur".chars().zip(self.marks).filter(|(_, on)| *on).map(|(mark, _)| mark).collect();
        match (self.fg, self.bg) {
            (vt100::Color::Default, vt100::Color::Default) => write!(out, "{marks}"),
            colors => write!(out, "{marks}{colors:?}"),
        }
    }
}

fn shown(screen: &vt100::Screen) -> Vec<Vec<Seen>> {
    let (rows, columns) = screen.size();
    let see = |y, x| {
        let cell = screen.cell(y, x).unwrap();
        let text = if cell.has_contents() { cell.contents() } else { " " };
        Seen {
            text: text.to_string(),
            fg: cell.fgcolor(),
            bg: cell.bgcolor(),
            marks: [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()],
        }
    };
    let letters = |y| {
        let own = move |x: &u16| !screen.cell(y, *x).unwrap().is_wide_continuation();
        (0..columns.get()).filter(own).map(move |x| see(y, x)).collect()
    };
    (0..rows.get()).map(letters).collect()
}

fn wanted(frame: &Buffer) -> Vec<Vec<Seen>> {
    let width = usize::from(frame.area.width);
    frame.content.chunks(width).map(wanted_row).collect()
}

fn wanted_row(row: &[Cell]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut at = 0;
    while at < row.len() {
        let cell = &row[at];
        let width = usize::from(cell.symbol().cell_width()).max(1);
        let fits = at + width <= row.len() && cell.symbol().cell_width() > 0;
        let marks =
            [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
        seen.push(Seen {
            text: if fits { cell.symbol() } else { " " }.to_string(),
            fg: color(cell.fg),
            bg: color(cell.bg),
            marks: marks.map(|mark| cell.modifier.contains(mark)),
        });
        at += if fits { width } else { 1 };
    }
    seen
}

fn color(color: Color) -> vt100::Color {
    match color {
        Color::Red => vt100::Color::Idx(1),
        Color::LightBlue => vt100::Color::Idx(12),
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        _ => vt100::Color::Default,
    }
}

#[test]
fn what_is_as_before_is_not_written() {
    let mut bench = Bench::new(20, 4);
    let first = bench.lines(&["one", "two", "three", "> "]);
    assert!(first.starts_with("\x1b[?2026h") && first.contains("\x1b[?25h"), "{first:?}");
    assert!(!first.contains("\x1b[2J"), "{first:?}");
    assert_eq!(bench.lines(&["one", "two", "three", "> "]), "");
}

#[test]
fn a_caret_that_moves_alone_is_one_short_sequence() {
    let mut bench = Bench::new(20, 4);
    let frame = lines_of(bench.size, &["one", "two"]);
    bench.draw(&frame, Some(Position { x: 2, y: 3 }));
    assert_eq!(bench.draw(&frame, Some(Position { x: 3, y: 3 })), "\x1b[C");
    assert_eq!(bench.draw(&frame, Some(Position { x: 1, y: 3 })), "\x08\x08");
    assert_eq!(bench.draw(&frame, Some(Position { x: 9, y: 1 })), "\x1b[2;10H");
    assert_eq!(bench.draw(&frame, None), "\x1b[?25l");
    assert_eq!(bench.draw(&frame, None), "");
    assert_eq!(bench.draw(&frame, Some(Position { x: 9, y: 1 })), "\x1b[?25h");
}

#[test]
fn a_typed_letter_is_the_letter_and_two_marks() {
    let mut bench = Bench::new(20, 4);
    let typed = |text: &str| lines_of(Size { width: 20, height: 4 }, &["one", "", "", text]);
    bench.draw(&typed("> a"), Some(Position { x: 3, y: 3 }));
    let bytes = bench.draw(&typed("> ab"), Some(Position { x: 4, y: 3 }));
    assert_eq!(bytes, "\x1b[?2026hb\x1b[?2026l");
}

#[test]
fn rows_that_moved_are_moved_and_not_written_again() {
    let letters = ('a'..='z').cycle();
    let texts: Vec<String> = letters
        .zip(0..40)
        .map(|(letter, at)| format!("line {at} {}", letter.to_string().repeat(30)))
        .collect();
    let frame = |from: usize| {
        let mut lines = vec!["header"];
        lines.extend(texts[from..from + 10].iter().map(String::as_str));
        lines.push("status");
        lines
    };
    let mut bench = Bench::new(60, 12);
    bench.lines(&frame(20));
    let up = bench.lines(&frame(21));
    assert!(up.contains("\x1b[2;11r\x1b[2H\x1b[1M\x1b[r"), "{up:?}");
    assert!(up.contains("line 30") && !up.contains("line 29") && up.len() < 120, "{up:?}");
    let down = bench.lines(&frame(18));
    assert!(down.contains("\x1b[2;11r\x1b[2H\x1b[3L\x1b[r"), "{down:?}");
    assert!(down.contains("line 18") && !down.contains("line 21"), "{down:?}");
}

#[test]
fn what_is_cheaper_to_write_is_not_moved() {
    let mut bench = Bench::new(20, 6);
    bench.lines(&["a", "b", "", "", "", "status"]);
    let bytes = bench.lines(&["b", "c", "", "", "", "status"]);
    assert!(!bytes.contains('r'), "{bytes:?}");
}

#[test]
fn a_screen_that_was_forgotten_or_resized_is_drawn_as_a_whole() {
    let mut bench = Bench::new(20, 3);
    bench.lines(&["one", "two", "three"]);
    bench.parser.process("\x1b[2;3r\x1b[31;44m\x1b[2J\x1b[Hother program\x1b[?25l".as_bytes());
    bench.painter.forget();
    let bytes = bench.lines(&["one", "two", "three"]);
    assert!(bytes.contains("one") && !bytes.contains("\x1b[2J"), "{bytes:?}");

    bench.size = Size { width: 12, height: 4 };
    bench.parser = emulator(bench.size);
    bench.parser.process(b"stale \x1b[41mand colored \x1b[?25l");
    bench.lines(&["one", "two", "three", "four"]);
    bench.lines(&["one", "two", "three", "for you"]);
}

#[test]
fn a_wide_letter_is_replaced_as_a_whole() {
    let mut bench = Bench::new(6, 2);
    for line in [
        "日本語",
        "a日本b",
        "日本語",
        "ab本 c",
        "語",
        "",
        "日a語",
        "abcdef",
        " 日本 ",
        "e\u{301}日",
        "😀b😀a",
    ] {
        bench.lines(&[line]);
    }
}

#[test]
fn the_last_column_and_the_last_cell_are_written_without_a_scroll() {
    let mut bench = Bench::new(6, 2);
    bench.lines(&["abcdef", "ghijkl"]);
    bench.lines(&["abcdeF", "ghijkL"]);
    bench.lines(&["abcd日", "ghij日"]);
}

#[test]
fn what_cannot_be_written_in_its_cell_is_blank() {
    let mut bench = Bench::new(4, 2);
    let mut frame = lines_of(bench.size, &["abcd", "abcd"]);
    frame[(1, 0)].set_symbol("");
    frame[(2, 0)].set_symbol("\u{301}");
    frame[(3, 0)].set_symbol("日");
    frame[(0, 1)].set_symbol("\u{9b}");
    let bytes = bench.painter.bytes(bench.size, |buffer| {
        *buffer = frame;
        None
    });
    bench.parser.process(&bytes);
    let rows: Vec<String> = bench.parser.screen().rows(0, 4).collect();
    assert_eq!(rows, ["a   ", " bcd"]);
}

#[test]
fn styles_go_by_the_shortest_way() {
    let mut bench = Bench::new(12, 1);
    let mut frame = Buffer::empty(Rect::new(0, 0, 12, 1));
    let red = Style::default().fg(Color::Rgb(200, 0, 0));
    frame.set_string(0, 0, "ab", red.add_modifier(Modifier::BOLD));
    frame.set_string(2, 0, "cd", red);
    frame.set_string(4, 0, "ef", Style::default());
    let bytes = bench.draw(&frame, None);
    assert!(bytes.contains("\x1b[1;38;2;200;0;0mab\x1b[22mcd\x1b[mef"), "{bytes:?}");
}

fn style() -> impl Strategy<Value = Style> {
    let colors = || {
        prop_oneof![
            4 => Just(Color::Reset),
            1 => Just(Color::Red),
            1 => Just(Color::LightBlue),
            1 => Just(Color::Indexed(99)),
            1 => Just(Color::Rgb(1, 2, 3)),
        ]
    };
    let marks = prop_oneof![
        4 => Just(Modifier::empty()),
        1 => Just(Modifier::BOLD),
        1 => Just(Modifier::DIM | Modifier::ITALIC),
        1 => Just(Modifier::BOLD | Modifier::REVERSED),
        1 => Just(Modifier::UNDERLINED),
        1 => Just(Modifier::REVERSED),
    ];
    (colors(), colors(), marks).prop_map(|(fg, bg, marks)| Style::default().fg(fg).bg(bg).add_modifier(marks))
}

/// What happens to the frame before it is drawn.
#[derive(Clone, Debug)]
enum Change {
    Write { x: u16, y: u16, text: String, style: Style },
    Empty { y: u16 },
    Move { top: u16, bottom: u16, by: u16, down: bool },
    Forget,
}

const WIDTH: u16 = 24;
const HEIGHT: u16 = 12;

fn change() -> impl Strategy<Value = Change> {
    let letter = prop_oneof![
        6 => Just("a"), 4 => Just("bc d"), 3 => Just(" "), 3 => Just("日"), 2 => Just("語x"), 1 => Just("e\u{301}"), 1 => Just("😀"),
        2 => Just("some more words"), 1 => Just("─────"),
    ];
    let text = proptest::collection::vec(letter, 1..6).prop_map(|letters| letters.concat());
    prop_oneof![
        8 => (0..WIDTH, 0..HEIGHT, text, style()).prop_map(|(x, y, text, style)| Change::Write { x, y, text, style }),
        1 => (0..HEIGHT).prop_map(|y| Change::Empty { y }),
        4 => (0..HEIGHT, 0..HEIGHT, 1..6_u16, any::<bool>()).prop_map(|(one, other, by, down)| {
            Change::Move { top: one.min(other), bottom: one.max(other) + 1, by, down }
        }),
        1 => Just(Change::Forget),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frame_after_any_other_is_what_the_terminal_shows(
        frames in proptest::collection::vec(
            (proptest::collection::vec(change(), 0..12), 0..=WIDTH, 0..HEIGHT, proptest::option::of(up())), 1..8
        )
    ) {
        let mut bench = Bench::new(WIDTH, HEIGHT);
        let mut frame = Buffer::empty(Rect::new(0, 0, WIDTH, HEIGHT));
        for (changes, x, y, over) in frames {
            let before = frame.clone();
            for change in changes {
                apply(&mut frame, change, &mut bench);
            }
            match over {
                Some(up) if bench.painter.goes_on(bench.size) => {
                    let mut moved = before;
                    if let Some((block, by)) = up.clone() {
                        Shift::up(block, by).unwrap().apply(&mut moved);
                    }
                    bench.go_on(&frame, &differing(&moved, &frame), up);
                }
                _ => _ = bench.draw(&frame, (x < WIDTH).then_some(Position { x, y })),
            }
        }
    }
}

/// A block of rows that moved up, or none.
fn up() -> impl Strategy<Value = Option<(Range<u16>, u16)>> {
    let block = (0..HEIGHT, 0..HEIGHT, 0..HEIGHT).prop_map(|(one, other, by)| {
        let block = one.min(other)..one.max(other) + 1;
        (by > 0 && by < block.end - block.start).then_some((block, by))
    });
    prop_oneof![Just(None), block]
}

/// The rows in which two frames differ, and the first one, which need not.
fn differing(before: &Buffer, after: &Buffer) -> Vec<u16> {
    let width = usize::from(WIDTH);
    let rows = (0..).zip(before.content.chunks(width).zip(after.content.chunks(width)));
    rows.filter(|(row, (before, after))| *row == 0 || before != after).map(|(row, _)| row).collect()
}

fn apply(frame: &mut Buffer, change: Change, bench: &mut Bench) {
    let width = usize::from(WIDTH);
    match change {
        Change::Write { x, y, text, style } => {
            // The emulator takes bold and dim for one or the other, so they do not add up.
            frame.set_string(x, y, text, Style::reset().patch(style));
        }
        Change::Empty { y } => {
            let row = usize::from(y) * width;
            frame.content[row..row + width].iter_mut().for_each(Cell::reset);
        }
        Change::Move { top, bottom, by, down } => {
            let block = &mut frame.content[usize::from(top) * width..usize::from(bottom) * width];
            let by = (usize::from(by) * width).min(block.len());
            if down { block.rotate_right(by) } else { block.rotate_left(by) }
        }
        Change::Forget => {
            bench.parser.process("\x1b[31;44m\x1b[3;5r\x1b[2J\x1b[2;2H日本語 something else".as_bytes());
            bench.painter.forget();
        }
    }
}
