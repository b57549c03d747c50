//! The first run without a key, in the real program: a key is pasted, tried, kept, and used at the next start.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::pty::{Desk, ENTER, pasted};
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

#[test]
fn a_pasted_key_is_tried_kept_privately_and_used_at_the_next_start() {
    let server = Server::start();
    server.set_models(&["claude-sonnet-4-5"]);
    // Nothing listens where Ollama is looked for; the other doors are tried, too, and hardly ever open on a test machine.
    let desk = Desk::bare(&[])
        .variable("ANTHROPIC_BASE_URL", &server.url())
        .variable("OLLAMA_HOST", "127.0.0.1:1")
        .argument("--provider")
        .argument("anthropic")
        .kb("- Use pnpm.\n");
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
