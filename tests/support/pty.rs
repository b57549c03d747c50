//! The real binary in a pseudo-terminal, with a home of its own: keys go in, the screen and every raw byte come out. It never reads the
//! machine's settings or keys, and it waits for what is to be seen, never for time.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test helper may fail the test")]

use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::server::{MODEL, Server};

/// How long anything may take; generous, since the machine may be busy with other tests.
pub const LIMIT: Duration = Duration::from_secs(20);

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const BACKSPACE: &str = "\x7f";
pub const TAB: &str = "\t";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const END: &str = "\x1b[F";
pub const PAGE_UP: &str = "\x1b[5~";
pub const ALT_UP: &str = "\x1b[1;3A";
pub const ALT_ENTER: &str = "\x1b\r";
pub const CTRL_A: &str = "\x01";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_E: &str = "\x05";
pub const CTRL_G: &str = "\x07";
pub const CTRL_J: &str = "\n";
pub const CTRL_K: &str = "\x0b";
pub const CTRL_L: &str = "\x0c";
pub const CTRL_O: &str = "\x0f";
pub const CTRL_P: &str = "\x10";
pub const CTRL_U: &str = "\x15";
pub const CTRL_Z: &str = "\x1a";
pub const CTRL_END: &str = "\x1b[1;5F";
pub const F1: &str = "\x1bOP";
pub const F2: &str = "\x1bOQ";
pub const F3: &str = "\x1bOR";

/// What a text looks like to the program when the terminal pastes it.
pub fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

/// A place to run the binary in: home, settings, state, project folder, and a model server or none.
pub struct Desk {
    folder: TempDir,
    server: Option<Server>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    size: (u16, u16),
}

impl Desk {
    fn new(server: Option<Server>, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "config", "state", "tmp", "project"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let arguments = arguments.iter().map(|argument| argument.to_string()).collect();
        Self { folder, server, arguments, variables: Vec::new(), size: (120, 40) }
    }

    /// With a server that speaks chat completions, named on the command line.
    pub fn with_model() -> Self {
        let server = Server::start();
        let url = server.url();
        Self::new(Some(server), &["--provider", "openai", "--base-url", &url, "--model", MODEL])
    }

    /// With a server that speaks Anthropic Messages, named in the environment with its key.
    pub fn with_anthropic(key: &str) -> Self {
        let server = Server::start();
        let url = server.url();
        Self::new(Some(server), &[]).variable("ANTHROPIC_BASE_URL", &url).variable("ANTHROPIC_API_KEY", key)
    }

    /// Without any server.
    pub fn offline() -> Self {
        Self::new(None, &["--provider", "offline"])
    }

    /// With these arguments alone, and no server.
    pub fn bare(arguments: &[&str]) -> Self {
        Self::new(None, arguments)
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_string(), value.to_string()));
        self
    }

    /// The first size of the terminal, in columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    pub fn kb(self, text: &str) -> Self {
        self.write("KB.md", text);
        self
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a desk with a server")
    }

    /// A path in the project folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// A path beside the project folder.
    pub fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the project, with its folders.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes a file as editors do: beside its place, then renamed over it.
    pub fn write_by_rename(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        let aside = path.with_extension("swap");
        fs::write(&aside, bytes).unwrap();
        fs::rename(aside, path).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// An executable script in the desk, outside the project; its path.
    pub fn script(&self, name: &str, body: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.outside(name);
        // Written by another process: a file that this one has open for writing while another test forks could not be run.
        let status = std::process::Command::new("/bin/sh")
            .args([
                "-c",
                "printf '%s\\n' \"$1\" > \"$0\"",
                path.to_str().unwrap(),
                &format!("#!/bin/sh\n{body}"),
            ])
            .status()
            .unwrap();
        assert!(status.success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_string()
    }

    /// A command in this desk's environment, and in no other.
    pub fn command(&self, program: &str) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        for (name, folder) in
            [("HOME", "home"), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"), ("TMPDIR", "tmp")]
        {
            command.env(name, self.outside(folder));
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LANG", "C.UTF-8");
        // Each desk is a folder that was never seen before; the tests of that question set it to ask.
        command.env("DICTUM_TRUST", "always");
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.cwd(self.path(""));
        command
    }

    /// Runs the binary and waits for its first frame.
    #[track_caller]
    pub fn open(&self) -> Terminal<'_> {
        let terminal = self.start(self.binary());
        terminal.wait_for("the first frame", |screen| screen.has("KB.md") || screen.has("kb.md"));
        terminal
    }

    /// The binary with the desk's arguments.
    pub fn binary(&self) -> CommandBuilder {
        let mut command = self.command(env!("CARGO_BIN_EXE_dictum"));
        command.args(&self.arguments);
        command
    }

    /// The binary and its arguments for a shell.
    pub fn shell_words(&self) -> String {
        let words =
            std::iter::once(env!("CARGO_BIN_EXE_dictum")).chain(self.arguments.iter().map(String::as_str));
        words.map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
    }

    /// Runs any command in a new terminal.
    pub fn start(&self, command: CommandBuilder) -> Terminal<'_> {
        let (columns, rows) = self.size;
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let before = format!("{:?}", pair.master.get_termios().unwrap());
        let child = pair.slave.spawn_command(command).unwrap();
        // Without this copy of the other end, the end of the program ends the reading.
        drop(pair.slave);
        let parser = vt100::Parser::new(non_zero(rows), non_zero(columns), 0);
        let seen = Arc::new(Seen { output: Mutex::new(Output::new(parser)), changed: Condvar::new() });
        let reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let sink = Arc::clone(&seen);
        std::thread::spawn(move || listen(reader, &sink));
        Terminal {
            desk: self,
            master: pair.master,
            writer: Mutex::new(writer),
            child: Mutex::new(child),
            seen,
            before,
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn non_zero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

/// What came out of the program so far.
struct Output {
    /// `None` while the terminal is too small for the emulator, which is not under test.
    parser: Option<vt100::Parser>,
    raw: Vec<u8>,
    /// Between the beginning and the end of a synchronised update the screen is half drawn.
    torn: bool,
    over: bool,
}

struct Seen {
    output: Mutex<Output>,
    changed: Condvar,
}

impl Output {
    fn new(parser: vt100::Parser) -> Self {
        Self { parser: Some(parser), raw: Vec::new(), torn: false, over: false }
    }

    fn take(&mut self, bytes: &[u8]) {
        const MARK: &[u8] = b"\x1b[?2026";
        let from = self.raw.len().saturating_sub(MARK.len());
        self.raw.extend_from_slice(bytes);
        let fresh = &self.raw[from..];
        let last = fresh.windows(MARK.len() + 1).rev().find(|window| window.starts_with(MARK));
        if let Some(window) = last {
            self.torn = window.ends_with(b"h");
        }
        if let Some(parser) = &mut self.parser {
            parser.process(bytes);
        }
    }
}

fn listen(mut reader: Box<dyn Read + Send>, seen: &Seen) {
    let mut bytes = [0; 1 << 16];
    loop {
        let count = reader.read(&mut bytes).unwrap_or(0);
        let mut output = seen.output.lock().unwrap();
        output.take(&bytes[..count]);
        output.over = count == 0;
        let over = output.over;
        drop(output);
        seen.changed.notify_all();
        if over {
            return;
        }
    }
}

/// One look at the screen.
pub struct Screen {
    pub rows: Vec<String>,
    screen: Option<vt100::Screen>,
}

impl Screen {
    fn of(parser: Option<&vt100::Parser>) -> Self {
        let screen = parser.map(|parser| parser.screen().clone());
        let rows = screen.as_ref().map(|screen| {
            screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_string()).collect()
        });
        Self { rows: rows.unwrap_or_default(), screen }
    }

    pub fn has(&self, text: &str) -> bool {
        self.row(text).is_some()
    }

    /// The first row that holds the text.
    pub fn row(&self, text: &str) -> Option<&str> {
        self.rows.iter().map(String::as_str).find(|row| row.contains(text))
    }

    /// The position of the first row that holds the text.
    pub fn row_at(&self, text: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.contains(text))
    }

    pub fn header(&self) -> &str {
        self.rows.first().map_or("", String::as_str)
    }

    /// The draft: what stands in the lowest box, without its border.
    pub fn draft(&self) -> String {
        let bottom = self.rows.iter().rposition(|row| row.starts_with('╰')).unwrap_or(0);
        let top = self.rows[..bottom].iter().rposition(|row| row.starts_with('╭')).unwrap_or(bottom);
        let inside = self.rows.get(top + 1..bottom).unwrap_or_default();
        let lines = inside.iter().map(|row| {
            let row = row.trim_start_matches('│').trim_end_matches('│');
            row.trim_start_matches('›').trim().to_string()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Row and column of the caret; `None` while it is hidden.
    pub fn caret(&self) -> Option<(u16, u16)> {
        self.screen.as_ref().filter(|screen| !screen.hide_cursor()).map(vt100::Screen::cursor_position)
    }

    /// Whether the alternate screen is on.
    pub fn is_alternate(&self) -> bool {
        self.screen.as_ref().is_some_and(vt100::Screen::alternate_screen)
    }

    /// The lines that the open review would add to (`+`) or take out of (`-`) KB.md, without sign and line number.
    pub fn patch(&self, sign: char) -> Vec<String> {
        let inner = |row: &str| -> Option<String> {
            let row = row.strip_prefix("│ ")?.strip_suffix('│')?;
            // Line numbers, where there are any, stand before the sign.
            let numbered = row.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit());
            let has_number = row.trim_start().len() > numbered.len();
            let row = if has_number { numbered.strip_prefix(' ')? } else { row };
            row.strip_prefix(sign).map(|line| line.trim_end().to_string())
        };
        self.rows.iter().filter_map(|row| inner(row)).collect()
    }

    /// Whether the review has the focus and takes keys: they are lit once the guard has passed.
    pub fn takes_decisions(&self) -> bool {
        let Some(screen) = &self.screen else { return false };
        self.rows.iter().enumerate().any(|(y, row)| {
            let Some(at) = row.find("a accept") else { return false };
            let x = u16::try_from(row[..at].chars().count()).unwrap();
            let y = u16::try_from(y).unwrap();
            let color = |x| screen.cell(y, x).map(vt100::Cell::fgcolor);
            color(x) != color(x + 2)
        })
    }

    /// The screen as text, framed, for a failing test.
    fn picture(&self) -> String {
        self.rows.iter().map(|row| format!("  |{row}\n")).collect()
    }
}

/// The binary in its terminal.
pub struct Terminal<'a> {
    desk: &'a Desk,
    master: Box<dyn MasterPty + Send>,
    writer: Mutex<Box<dyn Write + Send>>,
    child: Mutex<Box<dyn Child + Send + Sync>>,
    seen: Arc<Seen>,
    /// The modes of the terminal before the program began.
    before: String,
}

impl Terminal<'_> {
    /// Types; everything arrives at once.
    pub fn send(&self, keys: &str) {
        let mut writer = self.writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// The screen as it is now.
    pub fn screen(&self) -> Screen {
        let output = self.whole_frame(Instant::now() + LIMIT);
        Screen::of(output.parser.as_ref())
    }

    /// Waits until the screen is as wanted, and gives it.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Screen) -> bool) -> Screen {
        let end = Instant::now() + LIMIT;
        loop {
            let output = self.whole_frame(end);
            let screen = Screen::of(output.parser.as_ref());
            let (seen, over) = (output.raw.len(), output.over);
            // What is wanted may itself look at the output.
            drop(output);
            if wanted(&screen) {
                return screen;
            }
            if over || Instant::now() >= end {
                self.fail(&format!("waited for {what}{}", if over { "; the program has ended" } else { "" }));
            }
            let rest = end.saturating_duration_since(Instant::now());
            let output = self.seen.output.lock().unwrap();
            let same = |output: &mut Output| output.raw.len() == seen && !output.over;
            drop(self.seen.changed.wait_timeout_while(output, rest, same).unwrap());
        }
    }

    /// Waits for a text on the screen.
    #[track_caller]
    pub fn wait_text(&self, text: &str) -> Screen {
        self.wait_for(&format!("{text:?}"), |screen| screen.has(text))
    }

    /// Waits until the text is no longer on the screen.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) -> Screen {
        self.wait_for(&format!("{text:?} to go"), |screen| !screen.has(text))
    }

    /// Waits until something outside the screen is as wanted: a file, the server.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn() -> bool) {
        let end = Instant::now() + LIMIT;
        while !wanted() {
            if Instant::now() >= end {
                self.fail(&format!("waited for {what}"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the server was asked so often.
    #[track_caller]
    pub fn wait_asked(&self, count: usize) -> Vec<crate::server::Recorded> {
        self.wait_until(&format!("question {count}"), || self.desk.server().asked().len() >= count);
        self.desk.server().asked()
    }

    fn whole_frame(&self, end: Instant) -> MutexGuard<'_, Output> {
        let output = self.seen.output.lock().unwrap();
        let rest = end.saturating_duration_since(Instant::now());
        let waiting = |output: &mut Output| output.torn && !output.over;
        self.seen.changed.wait_timeout_while(output, rest, waiting).unwrap().0
    }

    /// Every byte so far.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.output.lock().unwrap().raw).into_owned()
    }

    /// How many bytes came so far.
    pub fn written(&self) -> usize {
        self.seen.output.lock().unwrap().raw.len()
    }

    /// Gives the window another size. The emulator follows only where it can.
    pub fn resize(&self, columns: u16, rows: u16) {
        const SMALLEST: u16 = 4;
        let mut output = self.seen.output.lock().unwrap();
        let fits = columns >= SMALLEST && rows >= SMALLEST;
        output.parser = fits.then(|| {
            let mut parser = vt100::Parser::new(non_zero(rows), non_zero(columns), 0);
            parser.process(b"\x1b[?1049h");
            parser
        });
        drop(output);
        self.master.resize(size(columns, rows)).unwrap();
    }

    pub fn pid(&self) -> Pid {
        let pid = self.child.lock().unwrap().process_id().unwrap();
        Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end of the program and gives its exit code.
    #[track_caller]
    pub fn wait_end(&self) -> u32 {
        let end = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                break status;
            }
            if Instant::now() >= end {
                self.fail("waited for the end of the program");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        // What the program wrote last is still on its way.
        let output = self.seen.output.lock().unwrap();
        let rest = end.saturating_duration_since(Instant::now());
        drop(self.seen.changed.wait_timeout_while(output, rest, |output| !output.over).unwrap());
        status.exit_code()
    }

    /// Whether the program runs.
    pub fn is_running(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_none()
    }

    /// Quits by command and checks the exit code.
    #[track_caller]
    pub fn quit(&self) {
        self.send("/quit\r");
        assert_eq!(self.wait_end(), 0);
    }

    /// The modes of the terminal now, and those before the program began.
    pub fn modes(&self) -> (String, &str) {
        (format!("{:?}", self.master.get_termios().unwrap()), &self.before)
    }

    /// Fails the test with everything that one needs to know.
    #[track_caller]
    pub fn fail(&self, why: &str) -> ! {
        let output = self.seen.output.lock().unwrap();
        let tail = output.raw.len().saturating_sub(1_500);
        let raw = String::from_utf8_lossy(&output.raw[tail..]).replace('\x1b', "␛");
        let picture = Screen::of(output.parser.as_ref()).picture();
        drop(output);
        let requests = self.desk.server.as_ref().map(Server::requests).unwrap_or_default();
        let requests: String = requests
            .iter()
            .map(|request| format!("  {} {} {}\n", request.method, request.path, brief(&request.body)))
            .collect();
        panic!("{why}\nscreen:\n{picture}last bytes: {raw}\nrequests:\n{requests}");
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A JSON value with its long texts cut.
fn brief(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > 160 => {
            Value::String(text.chars().take(160).chain(" …".chars()).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(brief).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), brief(value))).collect())
        }
        other => other.clone(),
    }
}

/// Whether a process is gone; one that nobody has asked for its exit code yet is gone, too.
pub fn is_gone(pid: i32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}
