//! One whole conversation with keys in every place that may hold one, and then nothing of them anywhere: not on the screen, not in what the
//! terminal was sent, not in what is kept.

use std::fs;

use crate::pty::{Desk, ENTER, ESC, F3, Terminal};
use crate::server::{Reply, Server};
use crate::setup::everything;

/// No shape of a known provider, so that only knowing the key helps; and one of a known shape.
const OF_ENVIRONMENT: &str = "zq-environment-81f3c2d4e5a69788";
const OF_FILE: &str = "zq-pasted-file-90817263544536271";
const OF_COMMAND: &str = "zq-command-prints-5546372819100";
const OF_HEADER: &str = "zq-header-token-1122334455667788";
const ALL: &[&str] = &[OF_ENVIRONMENT, OF_FILE, OF_COMMAND, OF_HEADER];

#[track_caller]
fn check(place: &str, text: &str) {
    for key in ALL {
        // Half of one would be a find as well.
        let half = &key[..key.len() - 8];
        assert!(!text.contains(half), "{place} holds {half}");
    }
}

/// A line of the command line of every process that runs for this desk, or ran a moment ago.
fn arguments(terminal: &Terminal<'_>) -> String {
    let pid = terminal.pid().as_raw_nonzero();
    let own = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&own).into_owned()
}

#[test]
fn no_key_reaches_screen_transcript_store_history_journal_or_arguments() {
    let (server, gateway) = (Server::start(), Server::start());
    let desk = Desk::bare(&[])
        .variable("ANTHROPIC_BASE_URL", &server.url())
        .variable("ANTHROPIC_API_KEY", OF_ENVIRONMENT)
        .variable("GATEWAY_TOKEN", OF_HEADER)
        .variable("OLLAMA_HOST", "127.0.0.1:1")
        .kb("- Use npm.\n");
    let script = desk.script("manager", &format!("echo {OF_COMMAND}"));
    let config = desk.outside("config/dictum");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("keys.toml"), format!("openai = \"{OF_FILE}\"\n")).unwrap();
    fs::write(
        config.join("config.toml"),
        format!(
            "[profiles.work]\nbase_url = \"{}\"\nmodel = \"gw\"\nkey_command = \"'{script}'\"\nheaders = {{ \"x-token\" = \"$GATEWAY_TOKEN\" }}\n",
            gateway.url()
        ),
    )
    .unwrap();
    let quoting = ALL.join(" and ");
    let terminal = desk.open();
    // The key of a command and a header go to the gateway alone; from then on dictum holds that key, too.
    gateway.enqueue(Reply::chat(&["It is ", &quoting, " indeed."]));
    terminal.send("/model work/gw\r");
    terminal.wait_text("gw of work answers");
    terminal.send(&format!("from now on use pnpm{ENTER}"));
    terminal.wait_text("indeed.");
    terminal.review();
    terminal.send("a");
    terminal.wait_until("the edit on the disk", || desk.read("KB.md").contains("pnpm"));
    terminal.wait_text("Ask, or state a rule");
    terminal.send("/model anthropic/claude-sonnet-5-5\r");
    terminal.wait_text("claude-sonnet-5-5 of anthropic answers");
    terminal.send("/clear\r");
    terminal.wait_gone("indeed.");
    // A reply that quotes all of them, in the middle of which the stream cuts.
    let (head, tail) = quoting.split_at(quoting.len() / 2 + 3);
    server.enqueue(Reply::anthropic(&["Your keys: ", head, tail, " were read."]));
    terminal.send(&format!("what do you know?{ENTER}"));
    terminal.wait_text("were read.");
    terminal.wait_idle();
    // Errors that echo them.
    for status in [400, 401, 403, 404] {
        let body = format!("{{\"error\":{{\"type\":\"x\",\"message\":\"bad key {quoting}\"}}}}");
        server.enqueue(Reply::status(status, "application/json", &body));
        terminal.send(&format!("what went wrong?{ENTER}"));
        terminal.wait_text(&format!("({status}"));
        terminal.wait_idle();
        terminal.send("/clear\r");
        terminal.wait_gone(&format!("({status}"));
    }
    server.enqueue(Reply::anthropic(&["Once more: ", &quoting, ", at last."]));
    terminal.send(&format!("and now?{ENTER}"));
    terminal.wait_text("at last.");
    terminal.wait_idle();
    // Lists, panels and a look at what is used.
    let refusal = format!("{{\"error\":{{\"message\":\"{quoting}\"}}}}");
    server.fix("/models", Reply::status(401, "application/json", &refusal));
    terminal.send("/model\r");
    terminal.wait_text("refuses the key");
    check("the screen", &terminal.screen().rows.join("\n"));
    terminal.send(ESC);
    terminal.wait_gone("refuses the key");
    terminal.send("/usage\r");
    terminal.wait_text("Last reply");
    terminal.send(ESC);
    terminal.wait_gone("Last reply");
    terminal.send(F3);
    terminal.wait_text("KB.md as the model is sent it");
    terminal.send(ESC);
    terminal.wait_gone("KB.md as the model is sent it");
    terminal.send("/export json out.json\r");
    terminal.wait_text("out.json");
    check("the arguments", &arguments(&terminal));
    terminal.quit();
    check("what the terminal was sent", &terminal.raw());
    check("the state folder", &everything(&desk.outside("state")));
    check("the project", &everything(&desk.path("")));
    check("the temporary files", &everything(&desk.outside("tmp")));
    // They did go where they belong.
    assert_eq!(server.asked()[0].header("x-api-key"), Some(OF_ENVIRONMENT));
    let asked = &gateway.asked()[0];
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {OF_COMMAND}").as_str()));
    assert_eq!(asked.header("x-token"), Some(OF_HEADER));
    assert!(server.asked().iter().all(|asked| asked.header("x-token").is_none()));
}
