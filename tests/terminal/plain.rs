//! Readable by everyone: the linear mode in a real terminal, no colour under `NO_COLOR`, and the theme that suits the background.

use std::cell::Cell;

use dictum::draw::theme::Theme;
use ratatui::style::Color;

use crate::KB;
use crate::pty::{CTRL_C, CTRL_D, Desk, Terminal};
use crate::server::{Gate, Reply};
use crate::wire;

/// A program that only ever appends: what came is read once, from the start to the end.
struct Linear<'a> {
    app: Terminal<'a>,
    read: Cell<usize>,
}

impl<'a> Linear<'a> {
    #[track_caller]
    fn open(desk: &'a Desk) -> Self {
        let linear = Self { app: desk.start(desk.binary()), read: Cell::new(0) };
        linear.expect("Model: ");
        linear.expect("> ");
        linear
    }

    /// Waits for a text further on; gives everything up to it.
    #[track_caller]
    fn expect(&self, text: &str) -> String {
        let mut passed = String::new();
        self.app.wait_for(&format!("{text:?} further on"), |_| {
            let raw = self.app.raw();
            let rest = raw.get(self.read.get()..).unwrap_or_default();
            let Some(at) = rest.find(text) else { return false };
            self.read.set(self.read.get() + at + text.len());
            true
        });
        let raw = self.app.raw();
        passed.push_str(raw.get(..self.read.get()).unwrap_or_default());
        passed
    }

    /// Waits for a question, and answers.
    #[track_caller]
    fn answer(&self, question: &str, answer: &str) {
        self.expect(question);
        self.app.send(&format!("{answer}\r"));
    }

    /// Quits at the empty prompt; nothing that was printed ever moved a cursor or set a colour.
    #[track_caller]
    fn quit(&self) {
        self.app.send(CTRL_D);
        assert_eq!(self.app.wait_end(), 0);
        is_linear(&self.app.raw());
    }
}

#[track_caller]
fn is_linear(raw: &str) {
    let lines = raw.replace("\r\n", "\n");
    let odd: Vec<char> = lines.chars().filter(|letter| letter.is_control() && *letter != '\n').collect();
    assert!(odd.is_empty(), "{odd:?} in {lines:?}");
}

fn plain(desk: Desk) -> Desk {
    // Wide enough that the emulator wraps nothing that a test looks for.
    desk.argument("--plain").size(200, 60)
}

#[test]
fn a25_a_whole_review_in_plain_lines() {
    let desk = plain(Desk::with_model()).kb(KB);
    let linear = Linear::open(&desk);
    linear.app.send("from now on use pnpm\r");
    linear.expect("KB.md? ");
    linear.expect("Understood.");
    linear.answer("(1 KB.md edit waits: /review) > ", "/review");
    let card = linear.expect("a accept");
    assert!(card.contains("\r\n+- Use pnpm.") && card.contains("\r\n - Node 22 or newer."), "{card}");
    linear.answer("leave it > ", "e");
    linear.answer("New words", "Use pnpm 9 for all installs.");
    linear.expect("\r\n+- Use pnpm 9 for all installs.");
    assert_eq!(desk.read("KB.md"), KB, "nothing is written before accept");
    linear.answer("leave it > ", "a");
    linear.expect("Saved to KB.md");
    let (gone, come) = wire::changed(KB, &desk.read("KB.md"));
    assert_eq!((gone, come), (Vec::new(), vec!["- Use pnpm 9 for all installs.\n".to_string()]));
    // The watcher may have told of the new text before the write was answered.
    linear.app.wait_until("the new state of KB.md", || linear.app.raw().contains("KB.md 4 directives"));
    linear.answer("> ", "/kb undo");
    linear.expect("KB.md is back to what it held before");
    assert_eq!(desk.read("KB.md"), KB);
    linear.expect("> ");
    linear.quit();
}

#[test]
fn a25_no_answer_counts_before_its_question() {
    let desk = plain(Desk::offline()).kb(KB);
    let linear = Linear::open(&desk);
    linear.answer("", "/remember Use pnpm.");
    linear.expect("/review) > ");
    // Typed in one go, as a hasty hand or a paste does.
    linear.app.send("/review\ra\ra\raccept\r");
    linear.expect("a accept");
    assert_eq!(desk.read("KB.md"), KB);
    linear.answer("leave it > ", "l");
    linear.answer("(1 KB.md edit waits: /review) > ", "/quit");
    assert_eq!(linear.app.wait_end(), 0);
    assert_eq!(desk.read("KB.md"), KB);
    assert!(linear.app.raw().contains("left undecided"));
}

#[test]
fn a25_personas_are_chosen_by_number() {
    let desk = plain(Desk::offline()).kb(KB);
    let linear = Linear::open(&desk);
    linear.app.send("/persona\r");
    linear.expect("  2. installer.data.nodejs");
    linear.answer("Number or name", "2");
    linear.expect("Persona: installer.data.nodejs.");
    linear.expect("> ");
    linear.quit();
}

#[test]
fn a25_a_block_is_one_message() {
    let desk = plain(Desk::with_model()).kb(KB);
    let linear = Linear::open(&desk);
    linear.app.send("why does this fail? \"\"\"\rError: x\r\r  at y\r\"\"\"\r");
    let asked = linear.app.wait_asked(1);
    assert_eq!(wire::said(&asked[0]), ["why does this fail?\nError: x\n\n  at y"]);
    linear.expect("Understood.");
    linear.app.send("first\\\rsecond\r");
    let asked = linear.app.wait_asked(2);
    assert_eq!(wire::said(&asked[1]).last().map(String::as_str), Some("first\nsecond"));
    linear.expect("Understood.");
    linear.expect("> ");
    linear.quit();
}

#[test]
fn a25_ctrl_c_stops_the_reply_and_twice_quits() {
    let gate = Gate::default();
    let desk = plain(Desk::with_model()).kb(KB);
    desk.server().enqueue(Reply::chat(&["A whole line.\n", "The rest."]).gated(2, &gate));
    let linear = Linear::open(&desk);
    linear.app.send("go\r");
    linear.expect("A whole line.\r\n");
    linear.app.send(CTRL_C);
    linear.expect("Stopped.");
    gate.open();
    linear.expect("> ");
    linear.app.send(CTRL_C);
    linear.expect("Ctrl+C again quits");
    linear.app.send(CTRL_C);
    assert_eq!(linear.app.wait_end(), 0);
    assert!(!linear.app.raw().contains("The rest."));
    is_linear(&linear.app.raw());
}

#[test]
fn a25_a_dumb_terminal_is_told_in_one_line() {
    let desk = Desk::offline().kb(KB).variable("TERM", "dumb").size(200, 60);
    let linear = Linear::open(&desk);
    assert!(linear.app.raw().starts_with("TERM is dumb: "), "{}", linear.app.raw());
    linear.answer("", "what do our tests run with?");
    linear.expect("Tests run with Vitest");
    linear.expect("> ");
    linear.quit();
}

/// What a shell command prints into a file, run at a terminal in the desk's project.
#[track_caller]
fn printed(desk: &Desk, command: &str) -> (String, u32) {
    let mut shell = desk.command("/bin/sh");
    shell.args(["-c", command]);
    let app = desk.start(shell);
    let code = app.wait_end();
    (desk.read("out.txt"), code)
}

#[test]
fn a25_a_pipe_gets_its_answers_in_order_and_writes_nothing() {
    let desk = Desk::offline().kb(KB);
    let words = desk.shell_words();
    let script = "what do our tests run with?\nfrom now on use pnpm\n/review\na\n/persona installer.data.nodejs\n\"\"\"\nwhat lints\nour code?";
    desk.write("in.txt", script);
    let (out, code) = printed(&desk, &format!("{words} --plain < in.txt > out.txt"));
    assert_eq!(code, 0);
    let at = |text: &str| out.find(text).unwrap_or_else(|| panic!("no {text:?} in {out}"));
    assert!(at("Tests run with Vitest") < at("You: from now on use pnpm"));
    assert!(at("\n+- Use pnpm.\n") < at("Nothing was written: only at a terminal"));
    assert!(at("Persona: installer.data.nodejs.") < at("You: what lints\nour code?"));
    is_linear(&out);
    assert_eq!(desk.read("KB.md"), KB);
}

#[test]
fn a25_output_that_goes_elsewhere_is_linear() {
    let desk = Desk::offline().kb(KB);
    let words = desk.shell_words();
    let mut shell = desk.command("/bin/sh");
    shell.args(["-c", &format!("{words} | cat > out.txt")]);
    let app = desk.start(shell);
    app.wait_until("the first lines", || {
        std::fs::read_to_string(desk.path("out.txt")).is_ok_and(|out| out.contains("Model: "))
    });
    app.send("what do our tests run with?\r/quit\r");
    app.wait_end();
    let out = desk.read("out.txt");
    assert!(out.starts_with("Output is no terminal"), "{out}");
    assert!(out.contains("Tests run with Vitest"), "{out}");
    is_linear(&out);
}

/// The parameters of every SGR sequence in the output.
fn colours(raw: &str) -> Vec<String> {
    let sequences = raw.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ';' && letter != ':')?;
        (rest[end..].starts_with('m')).then(|| rest[..end].to_string())
    });
    let sets_colour = |number: &str| {
        number
            .parse::<u32>()
            .is_ok_and(|number| matches!(number, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107))
    };
    sequences.filter(|sequence| sequence.split([';', ':']).any(sets_colour)).collect()
}

#[test]
fn a25_no_color_means_no_colour() {
    let script = |desk: &Desk| {
        let app = desk.open();
        app.direct("from now on use pnpm");
        app.wait_idle();
        app.send(crate::CTRL_K);
        app.wait_text("r reject");
        app.send(CTRL_C);
        app.wait_gone("r reject");
        app.send(crate::pty::F2);
        app.wait_text("Personas");
        app.raw()
    };
    let raw = script(&Desk::offline().kb(KB).variable("NO_COLOR", "1"));
    assert_eq!(colours(&raw), Vec::<String>::new());
    assert!(raw.contains("\x1b[1m"), "bold still tells things apart");
    assert!(!colours(&script(&Desk::offline().kb(KB))).is_empty(), "the test can fail");
}

#[test]
fn a25_a_light_background_gets_the_light_theme() {
    let desk = Desk::offline().kb(KB);
    let app = desk.open();
    app.wait_until("the question for the background", || app.raw().contains("\x1b]11;?"));
    let from = app.written();
    let shows = |theme: Theme| {
        let Some(Color::Rgb(red, green, blue)) = theme.dim.fg else { panic!("no colour") };
        let raw = app.raw();
        raw.get(from..).is_some_and(|raw| raw.contains(&format!("38;2;{red};{green};{blue}")))
    };
    app.send("\x1b]11;rgb:fafa/fafa/fafa\x1b\\");
    app.wait_until("the colours of the light theme", || shows(Theme::light()));
    assert!(!shows(Theme::dark()), "and nothing more of the dark one");
}
