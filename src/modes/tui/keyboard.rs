//! What the terminal reports of keys, as far as its name tells. It never asks the terminal, which would have to be waited for.

use crate::protocol::keymap::Keyboard;

/// Terminals that have the kitty protocol in every version that is about, and switched on without a setting. WezTerm and iTerm2 are not
/// among them: there it is a setting, and the first key that only the protocol can send shows that it is on.
const FULL: &[&str] = &["kitty", "ghostty", "foot", "rio"];

/// What the environment says of this terminal.
pub fn reported() -> Keyboard {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if cfg!(windows) { Keyboard::Full } else { of(&set("TERM"), &set("TERM_PROGRAM")) }
}

/// Multiplexers give both variables names of their own, since they pass on only what they know themselves.
fn of(term: &str, program: &str) -> Keyboard {
    let term = term.trim_start_matches("xterm-");
    let named = |name: &&str| term == *name || term.starts_with(&format!("{name}-"));
    let inside = ["tmux", "screen"].iter().any(|outer| term.starts_with(outer) || program == *outer);
    let known = FULL.iter().any(named) || FULL.iter().any(|name| program.eq_ignore_ascii_case(name));
    if known && !inside { Keyboard::Full } else { Keyboard::Legacy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a23_terminals_are_known_by_name() {
        for (term, program) in [
            ("xterm-kitty", ""),
            ("xterm-ghostty", "ghostty"),
            ("foot", ""),
            ("foot-direct", ""),
            ("xterm-256color", "rio"),
        ] {
            assert_eq!(of(term, program), Keyboard::Full, "{term} {program}");
        }
        for (term, program) in [
            ("xterm-256color", ""),
            ("xterm-256color", "Apple_Terminal"),
            ("xterm-256color", "WezTerm"),
            ("tmux-256color", "tmux"),
            ("screen", "ghostty"),
            ("xterm-kitty", "tmux"),
            ("", ""),
            ("footling", ""),
        ] {
            assert_eq!(of(term, program), Keyboard::Legacy, "{term} {program}");
        }
    }
}
