//! The first run without a key, in the real program: a key is pasted, tried, kept, and used at the next start.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::pty::{CTRL_C, CTRL_D, Desk, ENTER, Terminal, pasted};
use crate::server::{Reply, Server};

const KEY: &str = "sk-ant-api03-pty-secret-abcdefghijklmnop";

/// Everything that lies below a folder, as one text.
pub fn everything(folder: &std::path::Path) -> String {
    let mut out = String::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = fs::read(&path) {
            out.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    out
}

/// Anthropic's provider at a server of the test, without a key.
fn at_anthropic(server: &Server) -> Desk {
    server.set_models(&["claude-sonnet-4-5"]);
    // Nothing listens where Ollama is looked for; the other doors are tried, too, and hardly ever open on a test machine.
    Desk::bare(&[])
        .variable("ANTHROPIC_BASE_URL", &server.url())
        .variable("OLLAMA_HOST", "127.0.0.1:1")
        .argument("--provider")
        .argument("anthropic")
        .kb("- Use pnpm.\n")
}

#[test]
fn a_pasted_key_is_tried_kept_privately_and_used_at_the_next_start() {
    let server = Server::start();
    let desk = at_anthropic(&server);
    let terminal = desk.open();
    terminal.send("/login anthropic\r");
    terminal.wait_text("Paste a key");
    server.fix(
        "/models",
        Reply::status(401, "application/json", "{\"error\":{\"message\":\"invalid x-api-key\"}}"),
    );
    terminal.send(&pasted(KEY));
    terminal.wait_text("40 characters");
    terminal.send(ENTER);
    terminal.wait_text("It was not kept.");
    let file = desk.outside("config/dictum/keys.toml");
    assert!(!file.exists());
    server.set_models(&["claude-sonnet-4-5"]);
    terminal.send(ENTER);
    terminal.wait_text("The key for anthropic is kept in");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    terminal.send(&format!("hello{ENTER}"));
    terminal.wait_text("Understood.");
    terminal.quit();
    assert_eq!(server.asked()[0].header("x-api-key"), Some(KEY));
    let again = desk.open();
    again.send(&format!("hello again{ENTER}"));
    again.wait_text("Understood.");
    again.quit();
    assert_eq!(server.asked()[1].header("x-api-key"), Some(KEY));
    assert!(!everything(&desk.outside("state")).contains("pty-secret"));
    assert!(!everything(&desk.path("")).contains("pty-secret"));
}

/// Whether the terminal is as it was before, so that what is typed is seen.
fn is_seen(terminal: &Terminal<'_>) -> bool {
    let (now, before) = terminal.modes();
    now == before
}

#[test]
fn line_by_line_a_key_is_typed_unseen_tried_and_kept() {
    let server = Server::start();
    let desk = at_anthropic(&server).argument("--plain").size(200, 60);
    let terminal = desk.open();
    terminal.send("/login anthropic\r");
    terminal.wait_text("Key of anthropic, not shown as it is typed");
    terminal.send(&format!("{KEY}\r"));
    terminal.wait_text("The key for anthropic is kept in");
    let file = desk.outside("config/dictum/keys.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    terminal.wait_until("typing is seen again", || is_seen(&terminal));
    terminal.send("hello\r");
    terminal.wait_text("Understood.");
    assert!(!terminal.raw().contains("pty-secret"), "{}", terminal.raw());
    assert_eq!(server.asked()[0].header("x-api-key"), Some(KEY));
    terminal.send(CTRL_D);
    assert_eq!(terminal.wait_end(), 0);
    assert!(!everything(&desk.outside("state")).contains("pty-secret"));
    assert!(!everything(&desk.path("")).contains("pty-secret"));
}

#[test]
fn a_signal_while_a_key_is_asked_for_leaves_typing_seen() {
    let desk = Desk::bare(&[]).argument("--plain").argument("--provider").argument("offline").size(200, 60);
    let terminal = desk.open();
    terminal.send("/login openai\r");
    terminal.wait_text("Key of openai, not shown as it is typed");
    assert!(!is_seen(&terminal));
    // Ctrl+C leaves the question, and typing is seen.
    terminal.send(CTRL_C);
    terminal.wait_until("typing is seen again", || is_seen(&terminal));
    terminal.send("/login openai\r");
    terminal.wait_until("typing is not seen", || !is_seen(&terminal));
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_end(), 143);
    assert!(is_seen(&terminal));
}
