//! What `dictum -p` is asked: the words of the command line, and what is piped in as material for them. It never takes piped text for words
//! that the user typed.

use std::io::{self, IsTerminal, Read};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::out;
use crate::app::commands;
use crate::base::text;
use crate::cli::Invocation;
use crate::domain::kb::Span;
use crate::domain::persona::Library;
use crate::domain::settings::endpoints::{KNOWN, known as known_provider};

/// More than this is no message. Bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// An input that keeps still for so long is told of.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the command line can be used; else why not.
pub fn usable(invocation: &Invocation) -> Result<(), String> {
    if invocation.command.is_some() {
        return Err("--print goes with no subcommand".to_string());
    }
    if invocation.resume == Some(None) {
        return Err(
            "--print needs the number of the session: --resume ID; `dictum session list` shows them, and \
            --continue takes the last one"
                .to_string(),
        );
    }
    if let Some(name) = &invocation.model.provider
        && known_provider(&name.to_ascii_lowercase()).is_none()
    {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        return Err(format!("--provider: {name:?} is no provider; there are {}", names.join(", ")));
    }
    match words(invocation) {
        Some(words) if commands::is_command(words) => Err(format!(
            "{} is a command of the conversation, which --print has none of; with words before it, it is a message",
            text::one_line(words)
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether the persona of the command line is there; a script shall not be answered by another.
pub fn known(invocation: &Invocation, library: &Library) -> Result<(), String> {
    match &invocation.persona {
        Some(name) if library.get(name).is_none() => {
            Err(format!("--persona: there is no {name:?}; `dictum persona list` shows those that there are"))
        }
        Some(_) | None => Ok(()),
    }
}

fn words(invocation: &Invocation) -> Option<&str> {
    let words = invocation.print.as_ref()?.as_deref()?.trim();
    (!words.is_empty()).then_some(words)
}

/// The message: the words as typed, what is piped in as pasted.
pub fn message(invocation: &Invocation) -> Result<Vec<Span>, String> {
    let words = words(invocation).map(text::sanitise);
    let piped = if is_piped(words.as_deref()) { piped()? } else { String::new() };
    match (words, piped.trim_end()) {
        (None, "") => {
            Err("there is no message; say it: dictum -p \"what do our tests run with?\", or pipe it in"
                .to_string())
        }
        (None, piped) => Ok(vec![Span::pasted(piped)]),
        (Some(words), "") => Ok(vec![Span::typed(words)]),
        (Some(words), piped) => Ok(vec![Span::typed(words), Span::pasted(format!("\n\n{piped}"))]),
    }
}

/// Whether something is piped in. Beside words only a pipe, a file or a socket counts, so that a hook whose input is nothing is not kept.
fn is_piped(words: Option<&str>) -> bool {
    if io::stdin().is_terminal() {
        return false;
    }
    #[cfg(unix)]
    if words.is_some() {
        use rustix::fs::FileType;
        return rustix::fs::fstat(io::stdin()).is_ok_and(|input| {
            matches!(
                FileType::from_raw_mode(input.st_mode),
                FileType::Fifo | FileType::RegularFile | FileType::Socket
            )
        });
    }
    #[cfg(not(unix))]
    let _ = words;
    true
}

/// Everything that is piped in.
fn piped() -> Result<String, String> {
    let (sender, read) = channel();
    let work = move || {
        let mut bytes = Vec::new();
        let result = io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes).map(|_| bytes);
        // Whoever waited may have gone.
        let _ = sender.send(result);
    };
    let failed = |cause: String| format!("standard input cannot be read: {cause}");
    thread::Builder::new()
        .name("input".to_string())
        .spawn(work)
        .map_err(|error| failed(error.to_string()))?;
    let result = match read.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => {
            out::aside("waiting for the end of standard input; `< /dev/null` if nothing is piped in");
            read.recv().map_err(|error| failed(error.to_string()))?
        }
        Err(RecvTimeoutError::Disconnected) => return Err(failed("the reading has stopped".to_string())),
        Ok(result) => result,
    };
    let bytes = result.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err("standard input is larger than 8 MiB; send less of it".to_string());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text::sanitise(text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            out::aside("standard input is not UTF-8; what is not stands as \u{fffd} in the message");
            Ok(text::sanitise(&String::from_utf8_lossy(error.as_bytes())))
        }
    }
}
