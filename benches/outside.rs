//! The real program from outside, in a pseudo-terminal of 120x40 beside a model server on this machine: what it takes to type, to stream,
//! to resize and to rest. It looks into no part of the program.
//!
//! `cargo bench --bench outside` prints a table; `-- --quick` leaves out the minute of rest, and the names of parts (`starts`, `once`,
//! `rest`, `streams`, `floods`, `long`) all others. Processor time, wake-ups and memory are read
//! from /proc and are missing elsewhere.
#![allow(clippy::unwrap_used, dead_code)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

#[path = "../tests/support/server.rs"]
mod server;

use server::{Reply, Server};

const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
/// A terminal that gets nothing for so long has all that belongs to what was done.
const QUIET: Duration = Duration::from_millis(250);
/// A wait that takes so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// With this argument and an address the benchmark itself is the program that only copies.
const COPY: &str = "--copy";
/// The end of a reply: its last word on the screen.
const LAST: &str = "ENDOFREPLY";

fn main() {
    let mut arguments = std::env::args();
    if arguments.any(|argument| argument == COPY) {
        return copied(&arguments.next().unwrap());
    }
    // `cargo test --benches` only asks whether the benchmark runs.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let quick = !measured || std::env::args().any(|argument| argument == "--quick");
    let runs = if measured { 12 } else { 1 };
    let parts = ["starts", "once", "rest", "streams", "floods", "long"];
    let chosen: Vec<String> =
        std::env::args().filter(|argument| parts.contains(&argument.as_str())).collect();
    let wanted = |part: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == part);
    println!("\nthe real program from outside, 120x40");
    if wanted("starts") {
        starts(runs);
    }
    if wanted("once") {
        once(runs * 2);
    }
    if wanted("rest") && !quick {
        rest(Duration::from_secs(60));
    }
    if wanted("streams") && measured {
        copy(&words(2_000));
        stream("prose", &words(2_000));
        stream("with code", &code(2_000));
    }
    if wanted("floods") && measured {
        for (name, tokens) in [("prose", words(20_000)), ("with code", code(20_000))] {
            flood(name, &tokens);
        }
    }
    if wanted("long") && measured {
        long();
    }
}

/// So many tokens of prose.
fn words(count: usize) -> Vec<String> {
    (0..count).map(|at| if at % 61 == 60 { format!("w{at}.\n\n") } else { format!("w{at} ") }).collect()
}

/// So many tokens, a fifth of them TypeScript.
fn code(count: usize) -> Vec<String> {
    let block = "```ts\nexport async function load(id: string): Promise<Order> {\n  return await db.one(`select ${id}`) // why\n}\n```\n\n";
    let pieces: Vec<String> = block.split_inclusive(' ').map(str::to_string).collect();
    let mut tokens = Vec::new();
    while tokens.len() < count {
        tokens.extend(words(61));
        tokens.extend(pieces.iter().cloned());
    }
    tokens.truncate(count);
    tokens.push("\n```\n".to_string());
    tokens
}

/// The program in a home and a terminal of its own.
struct Program {
    place: TempDir,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    written: usize,
}

impl Program {
    fn start(arguments: &[&str]) -> (Self, Instant) {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_dictum"));
        command.args(["--theme", "dark"]);
        command.args(arguments);
        Self::run(command)
    }

    fn run(mut command: CommandBuilder) -> (Self, Instant) {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("KB.md"), "# KB\n\n- Install with pnpm.\n").unwrap();
        let pty = native_pty_system().openpty(SIZE).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let writer = pty.master.take_writer().unwrap();
        let (sender, chunks) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send((Instant::now(), bytes[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        command.cwd(place.path());
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("HOME", place.path());
        let begin = Instant::now();
        let child = pty.slave.spawn_command(command).unwrap();
        (Self { place, master: pty.master, writer, child, chunks, written: 0 }, begin)
    }

    fn beside(server: &Server) -> Self {
        let url = format!("{}/v1", server.url());
        let (mut program, _) = Self::start(&["--provider", "openai", "--base-url", &url, "--model", "m"]);
        program.quiet();
        program
    }

    fn type_keys(&mut self, keys: &str) -> Instant {
        let now = Instant::now();
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        now
    }

    /// When these bytes came. A word may be cut by moves of the caret, so they are looked for among the printed letters.
    fn wait(&mut self, words: &str) -> Instant {
        let mut seen = String::new();
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok((when, bytes)) = self.chunks.recv_timeout(left) else { panic!("{words} never came") };
            self.written += bytes.len();
            seen.push_str(&String::from_utf8_lossy(&bytes));
            if seen.contains(words) {
                return when;
            }
            let keep = seen.len().saturating_sub(words.len() * 2);
            seen = seen.split_off(seen.ceil_char_boundary(keep));
        }
    }

    /// Takes everything until nothing more comes; tells when the last of it came.
    fn quiet(&mut self) -> Option<Instant> {
        let mut last = None;
        while let Ok((when, bytes)) = self.chunks.recv_timeout(QUIET) {
            self.written += bytes.len();
            last = Some(when);
        }
        last
    }

    /// Processor time of all threads so far.
    fn processor(&self) -> Duration {
        let of = |task: fs::DirEntry| -> Option<u64> {
            fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        let tasks = self.proc("task").and_then(|folder| fs::read_dir(folder).ok());
        Duration::from_nanos(tasks.into_iter().flatten().flatten().filter_map(of).sum())
    }

    fn wakes(&self) -> u64 {
        let of = |task: fs::DirEntry| -> Option<u64> {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
        };
        let tasks = self.proc("task").and_then(|folder| fs::read_dir(folder).ok());
        tasks.into_iter().flatten().flatten().filter_map(of).sum()
    }

    /// The most memory so far, in MiB.
    fn memory(&self) -> u64 {
        let status = self.proc("status").and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1_024
    }

    fn proc(&self, name: &str) -> Option<String> {
        self.child.process_id().map(|id| format!("/proc/{id}/{name}"))
    }

    /// The times from a key to what it draws.
    fn keys(&mut self, count: usize) -> Vec<Duration> {
        (0..count)
            .map(|at| {
                let pressed = self.type_keys(if at % 2 == 0 { "x" } else { "\x7f" });
                let (when, bytes) = self.chunks.recv_timeout(PATIENCE).unwrap();
                self.written += bytes.len();
                thread::sleep(Duration::from_millis(15));
                while let Ok((_, bytes)) = self.chunks.try_recv() {
                    self.written += bytes.len();
                }
                when - pressed
            })
            .collect()
    }

    /// The times from a new size to the last byte that it causes.
    fn resizes(&mut self) -> Vec<Duration> {
        [90, 120, 80, 120, 100, 120]
            .into_iter()
            .filter_map(|cols| {
                let begin = Instant::now();
                self.master.resize(PtySize { cols, ..SIZE }).unwrap();
                self.quiet().map(|last| last - begin)
            })
            .collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn starts(runs: usize) {
    let one = || {
        let (mut program, begin) = Program::start(&["--provider", "offline"]);
        program.type_keys("~");
        program.wait("~") - begin
    };
    // The first start reads the program from disk and is not counted.
    one();
    show("start to a typed key on the screen", (0..runs).map(|_| one()).collect(), "below 20 ms");
}

/// One message as a whole process, from start to end, beside curl that asks the same server for the same.
fn once(runs: usize) {
    let server = Server::start();
    let tokens = words(100);
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let body = server::chat_frames(&[server::Part::Text(&texts)]).concat();
    let url = format!("{}/v1", server.url());
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("KB.md"), "# KB\n\n- Install with pnpm.\n").unwrap();
    let time = |program: &str, arguments: &[&str]| {
        server.enqueue(Reply::stream(&body));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(place.path()).stdin(Stdio::null()).stderr(Stdio::null());
        command
            .env_clear()
            .env("HOME", place.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let begin = Instant::now();
        let output = command.output();
        let took = begin.elapsed();
        output.ok().filter(|output| output.status.success() && !output.stdout.is_empty()).map(|_| took)
    };
    let posted = "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"what do we install with?\"}]}";
    let chat = format!("{url}/chat/completions");
    let curl = || time("curl", &["-sSN", "-H", "content-type: application/json", "-d", posted, &chat]);
    let dictum = |more: &[&str]| {
        let mut arguments = vec!["--provider", "openai", "--base-url", &url, "--model", "m"];
        arguments.extend(["-p", "what do we install with?"]);
        arguments.extend(more);
        time(env!("CARGO_BIN_EXE_dictum"), &arguments).unwrap()
    };
    // The first of each reads its program from disk, and makes the file of sessions.
    dictum(&[]);
    if curl().is_none() {
        println!("  one message, 100 tokens: curl is not installed, so there is nothing to compare with");
    }
    let (mut theirs, mut ours, mut unsaved) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        theirs.extend(curl());
        ours.push(dictum(&[]));
        unsaved.push(dictum(&["--no-save"]));
    }
    if !theirs.is_empty() {
        show("one message, 100 tokens: curl", theirs, "");
    }
    show("one message, 100 tokens: dictum -p", ours, "below curl and 30 ms");
    show("one message, 100 tokens: dictum -p --no-save", unsaved, "");
}

fn rest(time: Duration) {
    let (mut program, _) = Program::start(&["--provider", "offline"]);
    program.type_keys("what do we install with?\r");
    program.quiet();
    thread::sleep(Duration::from_secs(2));
    program.quiet();
    let (written, processor, wakes) = (program.written, program.processor(), program.wakes());
    thread::sleep(time);
    program.quiet();
    println!(
        "  {time:?} of rest: {} bytes, {} wake-ups, {:.1?} of processor time   (nothing)",
        program.written - written,
        program.wakes().saturating_sub(wakes),
        program.processor().saturating_sub(processor)
    );
}

/// A program that writes the text of a reply as it comes and does nothing else: what waking for each word costs on this machine.
fn copied(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: local\r\ncontent-length: 2\r\n\r\n{}")
        .unwrap();
    let mut out = std::io::stdout();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let text = line.split_once("\"content\":\"").and_then(|(_, rest)| rest.split_once("\"}"));
        if let Some((text, _)) = text {
            out.write_all(text.replace("\\n", "\n").as_bytes()).unwrap();
            out.flush().unwrap();
        }
    }
    // Stays until it was looked at.
    thread::sleep(PATIENCE);
}

/// What the program that only copies takes.
fn copy(tokens: &[String]) {
    let server = Server::start();
    server.enqueue(paced(tokens));
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([COPY, server.url().trim_start_matches("http://")]);
    let (mut program, _) = Program::run(command);
    program.wait(LAST);
    println!(
        "  {} tokens at 100 a second, only copied: {:.2?} of processor time, {} KiB written",
        tokens.len(),
        program.processor(),
        program.written / 1_024
    );
}

/// A reply of so many tokens, a hundred of them a second.
fn paced(tokens: &[String]) -> Reply {
    let texts: Vec<&str> = tokens.iter().map(String::as_str).chain(["\n", LAST]).collect();
    Reply::chat(&texts).paced(Duration::from_millis(10))
}

fn stream(name: &str, tokens: &[String]) {
    let server = Server::start();
    server.enqueue(paced(tokens));
    let mut program = Program::beside(&server);
    let (written, processor) = (program.written, program.processor());
    program.type_keys("go\r");
    program.wait(LAST);
    program.quiet();
    println!(
        "  {} tokens at 100 a second, {name}: {:.2?} of processor time, {} KiB written   (below 0.5 s, 200 KiB)",
        tokens.len(),
        program.processor().saturating_sub(processor),
        (program.written - written) / 1_024
    );
}

fn flood(name: &str, tokens: &[String]) {
    let server = Server::start();
    let texts: Vec<&str> = tokens.iter().map(String::as_str).chain(["\n", LAST]).collect();
    let body = server::chat_frames(&[server::Part::Text(&texts)]).concat();
    server.enqueue(Reply::stream(&body));
    let mut program = Program::beside(&server);
    let pressed = program.type_keys("go\r");
    let shown = program.wait(LAST) - pressed;
    program.quiet();
    println!(
        "  a flood of {} tokens, {name}: on the screen {shown:.1?} after Enter   (below 100 ms)",
        tokens.len()
    );
    show("    a key after it", program.keys(100), "p50 below 1 ms, p99 below 5 ms");
    show("    a new size", program.resizes(), "below 30 ms");
    println!("    memory {} MiB   (below 40 MiB)", program.memory());
}

/// A reply of 5 MB: keys cost what they cost on an empty screen.
fn long() {
    let server = Server::start();
    let line = "one more line of a very long reply that goes on and on and on, word after word\n\n";
    let mut text = line.repeat(5_000_000 / line.len());
    text.push_str(LAST);
    let pieces: Vec<String> =
        text.as_bytes().chunks(4_096).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    let texts: Vec<&str> = pieces.iter().map(String::as_str).collect();
    server.enqueue(Reply::stream(&server::chat_frames(&[server::Part::Text(&texts)]).concat()));
    let mut program = Program::beside(&server);
    show("a key on the empty screen", program.keys(100), "");
    let pressed = program.type_keys("go\r");
    let shown = program.wait(LAST) - pressed;
    program.quiet();
    println!("  a reply of 5 MB: on the screen {shown:.1?} after Enter");
    show("    a key after it", program.keys(100), "as on the empty screen");
    show("    a new size", program.resizes(), "below 30 ms");
    println!("    memory {} MiB", program.memory());
}

fn show(what: &str, mut times: Vec<Duration>, limit: &str) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    let limit = if limit.is_empty() { String::new() } else { format!("   ({limit})") };
    println!("  {what}: p50 {:.1?}, p99 {:.1?}, most {:.1?}{limit}", at(50), at(99), at(100));
}
