//! The mouse in the real terminal: what is dragged over and asked for is on the clipboard byte for byte.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dictum::base::text::width;

use crate::KB;
use crate::pty::{Desk, Terminal};
use crate::server::Reply;

/// One line of the model's text, which the screen breaks at spaces.
const PARAGRAPH: &str = "A paragraph with\u{a0}no markup that is much longer than the window is wide, so that it is broken twice \
                         or more; the spaces at which it is broken are not on the screen, and they are in the text.";

const QUOTE: &str =
    "said by somebody else, and long enough to go on in a second line behind its bar, which was never said";

const WIDE: &str = "日本語のテキスト、絵文字👩\u{200d}💻と🇩🇪、それから長い行。この行は画面の幅よりも長いので、折り返されます。";

fn code() -> String {
    format!("\tif (a) {{\n\t\tb\t= \"{}\";   \n\t}}", "wide ".repeat(80).trim_end())
}

impl Terminal<'_> {
    /// Column and row, from 1, of the first or the last cell of words.
    #[track_caller]
    fn cell(&self, words: &str, at_end: bool) -> String {
        let screen = self.screen();
        let Some(row) = screen.row_at(words) else { self.fail(&format!("{words:?} is not there")) };
        let before = screen.rows[row].split(words).next().unwrap();
        let column = width(before) + if at_end { width(words) } else { 1 };
        format!("{column};{}", row + 1)
    }

    /// Drags from the beginning of `first` to the end of `last` and copies with a key.
    #[track_caller]
    fn marks(&self, first: &str, last: &str, key: &str, told: &str) {
        let (from, to) = (self.cell(first, false), self.cell(last, true));
        self.send(&format!("\x1b[<0;{from}M\x1b[<32;{to}M\x1b[<0;{to}m"));
        self.wait_text(" marked");
        self.send(key);
        self.wait_text(&format!("copied {told} (through the terminal, OSC 52)"));
        self.wait_gone(" marked");
    }
}

#[test]
fn a24_what_the_mouse_marks_is_copied_byte_for_byte() {
    let code = code();
    let reply = format!("{PARAGRAPH}\n\n```ts\n{code}\n```\n\n> {QUOTE}\n\n{WIDE}\n\nDone.");
    let desk = Desk::with_model().kb(KB).size(60, 50).variable("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22");
    desk.server().enqueue(Reply::chat(&[&reply]));
    let app = desk.open();
    app.send("show\r");
    app.wait_text("Done.");
    app.wait_idle();
    app.marks("A paragraph", "in the text.", "y", "1 line");
    app.marks("    if (a) {", "wide wide\";", "\r", "2 lines");
    app.marks("    if (a) {", "}", "\x03", "3 lines");
    app.marks("said by", "never said", "y", "1 line");
    app.marks("日本語", "折り返されます。", "y", "1 line");
    app.marks("本語", "絵文字", "y", "1 line");
    let raw = app.raw();
    let copies: Vec<String> = raw
        .split("\x1b]52;c;")
        .skip(1)
        .filter_map(|rest| STANDARD.decode(rest.split('\x07').next()?).ok())
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .collect();
    let until_end_of_string = code.split("\";").next().unwrap().to_string() + "\";";
    let expected = [PARAGRAPH, &until_end_of_string, &code, QUOTE, WIDE, "本語のテキスト、絵文字"];
    assert_eq!(copies, expected);
    assert!(app.is_running(), "Ctrl+C copied and did not quit");
    app.quit();
}
