//! Text to the system's clipboard: by a program of the desktop, else through the terminal (OSC 52). It reads nothing from it.

use std::env;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most base64 that terminals take in one OSC 52 write (xterm's limit of 100 000 bytes, less the frame, is widely copied).
const MOST: usize = 74_994;

/// A program that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(2);

/// Programs that take text on standard input, and the environment variable that says that their desktop is there.
const PROGRAMS: &[(&str, &str, &[&str])] = &[
    ("WAYLAND_DISPLAY", "wl-copy", &[]),
    ("DISPLAY", "xclip", &["-selection", "clipboard"]),
    ("DISPLAY", "xsel", &["--clipboard", "--input"]),
];

/// How the text got there, or goes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A program took it.
    Program(&'static str),
    /// These bytes, written to the terminal, put it there.
    Terminal(Vec<u8>),
}

/// Puts text on the clipboard; blocks up to two seconds for a program that hangs. Over ssh the desktop's programs would fill the
/// clipboard of the wrong machine, so the terminal is asked.
pub fn copy(text: &str) -> Result<Way, String> {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !set("SSH_CONNECTION") && !set("SSH_TTY") {
        let mut programs: Vec<(&'static str, &'static [&'static str])> = Vec::new();
        if cfg!(target_os = "macos") {
            programs.push(("pbcopy", &[]));
        }
        if cfg!(windows) {
            programs.push(("clip.exe", &[]));
        }
        programs.extend(
            PROGRAMS
                .iter()
                .filter(|(variable, ..)| set(variable))
                .map(|(_, name, arguments)| (*name, *arguments)),
        );
        if let Some((name, _)) = programs.into_iter().find(|(name, arguments)| fed(name, arguments, text)) {
            return Ok(Way::Program(name));
        }
    }
    let encoded = STANDARD.encode(text);
    if encoded.len() > MOST {
        let most = MOST / 4 * 3 / 1_000;
        let long = text.len() / 1_000;
        return Err(format!(
            "it has {long} kB, and a terminal takes {most} kB at once (OSC 52); install wl-copy, xclip or xsel, or open it with F4 and e"
        ));
    }
    Ok(Way::Terminal(format!("\x1b]52;c;{encoded}\x07").into_bytes()))
}

/// Whether a program took the text.
fn fed(name: &str, arguments: &[&str], text: &str) -> bool {
    let child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    let Some(mut input) = child.stdin.take() else { return false };
    let text = text.to_string();
    // A program that does not read would hold a long text up for ever.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).is_ok());
    ended_well(&mut child) && writer.join().unwrap_or(false)
}

fn ended_well(child: &mut Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => return false,
        }
    }
    // It is of no use any more, and gone already in the worst case.
    let _ = child.kill();
    let _ = child.wait();
    false
}
