//! The terminal and the way to the network, as far as the environment tells. It never asks the terminal and shows no password of a proxy.

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;

use super::Finding;
use crate::domain::settings::endpoints::host;
use crate::io::config::Loaded;
use crate::io::providers::trouble::{Cause, Certificate};
use crate::io::providers::{Http, Limits, MISLED};
use crate::modes::tui::keyboard_reported;
use crate::protocol::keymap::Keyboard;

const TERMINAL: &str = "terminal";
const NETWORK: &str = "network";

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the terminal is and can do.
pub fn terminal() -> Vec<Finding> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return vec![Finding::note(
            TERMINAL,
            "Input or output is no terminal here.",
            "dictum then works line by line.",
        )];
    }
    let name = set("TERM").unwrap_or_default();
    let mut found = Vec::new();
    if name == "dumb" || name.is_empty() {
        found.push(Finding::note(
            TERMINAL,
            "TERM names no terminal with a cursor.",
            "dictum works line by line; set TERM to what the terminal is for the full screen.",
        ));
    }
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns < 60 || rows < 15 => found.push(Finding::note(
            TERMINAL,
            format!("{columns}x{rows} cells are few."),
            "From 80x24 on everything has its place.",
        )),
        Ok((columns, rows)) => {
            found.push(Finding::good(TERMINAL, format!("{columns}x{rows} cells, TERM={name}.")))
        }
        Err(error) => found.push(Finding::note(
            TERMINAL,
            format!("Its size cannot be read ({error})."),
            "80x24 is assumed.",
        )),
    }
    let full = set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
    found.push(match (set("NO_COLOR").is_some(), full) {
        (true, _) => Finding::note(TERMINAL, "NO_COLOR is set, so no colours are used.", "A theme in config.toml stands above it."),
        (false, true) => Finding::good(TERMINAL, "24-bit colours (COLORTERM)."),
        (false, false) => Finding::note(
            TERMINAL,
            "COLORTERM does not name 24-bit colours, so the terminal's sixteen are used where its name says no more.",
            "If it has them, set COLORTERM=truecolor.",
        ),
    });
    found.push(match keyboard_reported() {
        Keyboard::Full => Finding::good(TERMINAL, "It reports every key (kitty protocol)."),
        Keyboard::Legacy => Finding::note(
            TERMINAL,
            "It may not tell Shift+Enter from Enter.",
            "Alt+Enter and Ctrl+J make a new line everywhere.",
        ),
    });
    if set("TMUX").is_some() {
        found.push(Finding::note(
            TERMINAL,
            "It runs inside tmux.",
            "`set -g set-clipboard on` lets copying through, `set -s extended-keys on` all keys.",
        ));
    }
    found
}

/// Proxies and certificates.
pub fn network(loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        if let Some(value) = set(name) {
            let address = value.rsplit('@').next().unwrap_or_default();
            let login = if value.contains('@') { ", with a login" } else { "" };
            let next =
                if host(address).is_empty() { "It names no host; correct it or unset it." } else { "" };
            found.push(Finding::note(
                NETWORK,
                format!("{name} leads through {}{login}.", host(address)),
                next,
            ));
        }
    }
    if found.is_empty() {
        found.push(Finding::good(NETWORK, "No proxy is set."));
    }
    let file = loaded.settings.ca_file.as_deref();
    let http = Http::new(Limits::default()).trusting(file.map(Path::new));
    let client = http.client("https://example.com");
    // Where nothing could be read at all, that says it.
    let variables = if client.is_ok() { ["SSL_CERT_FILE", "SSL_CERT_DIR"].as_slice() } else { &[] };
    for name in variables {
        if let Some(value) = set(name).filter(|value| !Path::new(value).exists()) {
            found.push(Finding::broken(
                NETWORK,
                format!("{name} names {value}, which is not there."),
                "Unset it, or name a file or folder that is there.",
            ));
        }
    }
    found.push(match (client, file) {
        (Ok(_), None) => Finding::good(NETWORK, "The machine's certificates can be read."),
        (Ok(_), Some(file)) => {
            Finding::good(NETWORK, format!("The machine's certificates and those in {file} can be read."))
        }
        (Err(cause), _) => {
            let next = match &cause {
                Cause::Certificate(Certificate::Misled(_)) => MISLED,
                _ => "Check ca_file in config.toml, NODE_EXTRA_CA_CERTS, and the package ca-certificates.",
            };
            Finding::broken(NETWORK, format!("https cannot be spoken: {}.", cause.in_words()), next)
        }
    });
    found
}
