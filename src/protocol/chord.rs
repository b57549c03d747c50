//! One key with its modifiers: read from settings, from the terminal, and written for people. It never knows what the key does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers, in one normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The keys that have names, the word in settings and the word for people.
const NAMED: &[(&str, &str, KeyCode)] = &[
    ("enter", "Enter", KeyCode::Enter),
    ("esc", "Esc", KeyCode::Esc),
    ("tab", "Tab", KeyCode::Tab),
    ("space", "Space", KeyCode::Char(' ')),
    ("up", "↑", KeyCode::Up),
    ("down", "↓", KeyCode::Down),
    ("left", "←", KeyCode::Left),
    ("right", "→", KeyCode::Right),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("pageup", "PgUp", KeyCode::PageUp),
    ("pagedown", "PgDn", KeyCode::PageDown),
    ("insert", "Ins", KeyCode::Insert),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("delete", "Delete", KeyCode::Delete),
];

/// The modifiers, the word in settings and the word for people, in the order in which they are written.
const MODIFIERS: &[(&str, &str, KeyModifiers)] = &[
    ("ctrl", "Ctrl", KeyModifiers::CONTROL),
    ("alt", "Alt", KeyModifiers::ALT),
    ("shift", "Shift", KeyModifiers::SHIFT),
];

/// The highest function key that terminals report.
const HIGHEST: u8 = 24;

impl Chord {
    /// The normal form of a terminal's key event: a shifted letter is its capital, Ctrl+letter is lower case.
    pub fn of(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match key.code {
            // Space has no capital: Shift with it is a key of its own, where it is reported.
            KeyCode::Char(letter) if letter != ' ' => {
                let shifted = modifiers.contains(KeyModifiers::SHIFT);
                modifiers.remove(KeyModifiers::SHIFT);
                if modifiers.contains(KeyModifiers::CONTROL) {
                    KeyCode::Char(letter.to_ascii_lowercase())
                } else if shifted {
                    KeyCode::Char(letter.to_uppercase().next().unwrap_or(letter))
                } else {
                    KeyCode::Char(letter)
                }
            }
            KeyCode::BackTab => {
                modifiers.insert(KeyModifiers::SHIFT);
                KeyCode::Tab
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// Reads `ctrl+k`, `alt+enter`, `R`, `f1`. `None` when it is no key, or none that terminals tell apart from another one.
    pub fn parse(words: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = words.trim();
        while let Some((word, tail)) = rest.split_once('+').filter(|(_, tail)| !tail.is_empty()) {
            let (_, _, modifier) = MODIFIERS.iter().find(|(name, ..)| word.eq_ignore_ascii_case(name))?;
            modifiers.insert(*modifier);
            rest = tail;
        }
        let named = NAMED.iter().find(|(name, ..)| rest.eq_ignore_ascii_case(name));
        let function = || rest.strip_prefix(['f', 'F'])?.parse().ok().filter(|at| (1..=HIGHEST).contains(at));
        let code = match (named, function()) {
            (Some((_, _, code)), _) => *code,
            (None, Some(number)) => KeyCode::F(number),
            (None, None) => {
                let mut letters = rest.chars();
                let letter = letters.next().filter(|letter| !letter.is_control())?;
                letters.next().is_none().then_some(KeyCode::Char(letter))?
            }
        };
        if let KeyCode::Char(letter) = code
            && letter != ' '
            && modifiers.contains(KeyModifiers::SHIFT)
        {
            // Which sign Shift makes of another sign is the keyboard's affair, and Ctrl+Shift+K is Ctrl+K to most terminals.
            let is_capital = letter.is_alphabetic() && !modifiers.contains(KeyModifiers::CONTROL);
            return is_capital.then(|| Self::of(KeyEvent::new(code, modifiers)));
        }
        Some(Self::of(KeyEvent::new(code, modifiers)))
    }

    /// How the chord is written for people: `Ctrl+K`.
    pub fn label(self) -> String {
        let mut parts: Vec<String> = MODIFIERS
            .iter()
            .filter(|(_, _, modifier)| self.modifiers.contains(*modifier))
            .map(|(_, label, _)| label.to_string())
            .collect();
        let named = NAMED.iter().find(|(_, _, code)| *code == self.code);
        let key = match (named, self.code) {
            (Some((_, label, _)), _) => label.to_string(),
            (None, KeyCode::Char(letter)) if parts.is_empty() => letter.to_string(),
            (None, KeyCode::Char(letter)) if letter.is_uppercase() => format!("Shift+{letter}"),
            (None, KeyCode::Char(letter)) => letter.to_uppercase().collect(),
            (None, KeyCode::F(number)) => format!("F{number}"),
            (None, other) => format!("{other:?}"),
        };
        parts.push(key);
        parts.join("+")
    }

    /// How the chord is written in settings: `ctrl+k`.
    pub fn word(self) -> String {
        let mut parts: Vec<String> = MODIFIERS
            .iter()
            .filter(|(_, _, modifier)| self.modifiers.contains(*modifier))
            .map(|(name, ..)| name.to_string())
            .collect();
        let named = NAMED.iter().find(|(_, _, code)| *code == self.code);
        parts.push(match (named, self.code) {
            (Some((name, ..)), _) => name.to_string(),
            (None, KeyCode::Char(letter)) => letter.to_string(),
            (None, KeyCode::F(number)) => format!("f{number}"),
            (None, other) => format!("{other:?}"),
        });
        parts.join("+")
    }

    /// Whether the key types something where text is typed.
    pub fn types(self) -> bool {
        matches!(self.code, KeyCode::Char(_))
            && !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    }

    /// Whether a terminal without the kitty protocol cannot tell this key from another one: Shift+Enter is Enter there.
    pub fn needs_full_keyboard(self) -> bool {
        let (ctrl, alt) =
            (self.modifiers.contains(KeyModifiers::CONTROL), self.modifiers.contains(KeyModifiers::ALT));
        let shift = self.modifiers.contains(KeyModifiers::SHIFT);
        match self.code {
            KeyCode::Enter | KeyCode::Esc | KeyCode::Backspace => ctrl || shift,
            KeyCode::Tab => ctrl || alt,
            KeyCode::Char(' ') => shift,
            // Ctrl+I is Tab and Ctrl+M is Enter; of the signs, only some have a code with Ctrl.
            KeyCode::Char(letter) if ctrl => {
                matches!(letter, 'i' | 'm' | '[')
                    || !(letter.is_ascii_lowercase() || "@\\]^_/4567".contains(letter))
            }
            _ => false,
        }
    }

    /// The chord that a terminal without the kitty protocol sends in this one's place: some signs with Ctrl share a code.
    pub fn in_legacy(self) -> Option<Self> {
        let KeyCode::Char(letter) = self.code else { return None };
        let instead = match letter {
            '\\' => '4',
            ']' => '5',
            '^' => '6',
            '_' | '/' => '7',
            '@' => ' ',
            _ => return None,
        };
        let ctrl = self.modifiers.contains(KeyModifiers::CONTROL);
        ctrl.then_some(Self { code: KeyCode::Char(instead), ..self })
    }
}

/// How a key is written for people: `ctrl+k` becomes `Ctrl+K`. What is no key stays as it is.
pub fn label(words: &str) -> String {
    Chord::parse(words).map_or_else(|| words.to_string(), Chord::label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_letter_is_its_capital_however_it_is_reported() {
        let legacy = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT);
        let kitty = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::SHIFT);
        assert_eq!(Chord::parse("R"), Some(Chord::of(legacy)));
        assert_eq!(Chord::parse("shift+r"), Some(Chord::of(legacy)));
        assert_eq!(Chord::of(kitty), Chord::of(legacy));
    }

    #[test]
    fn labels_read_well() {
        for (words, told) in [
            ("ctrl+k", "Ctrl+K"),
            ("Ctrl+K", "Ctrl+K"),
            ("R", "R"),
            ("a", "a"),
            ("alt+enter", "Alt+Enter"),
            ("ctrl+_", "Ctrl+_"),
            ("ctrl++", "Ctrl++"),
            ("+", "+"),
            ("shift+tab", "Shift+Tab"),
            ("alt+d", "Alt+D"),
            ("alt+D", "Alt+Shift+D"),
            ("pageup", "PgUp"),
            ("F5", "F5"),
            ("space", "Space"),
        ] {
            assert_eq!(label(words), told, "{words}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for words in
            ["ctrl+k", "alt+enter", "R", "f12", "shift+tab", "ctrl++", "ctrl+alt+left", "space", "alt+D"]
        {
            assert_eq!(Chord::parse(words).map(Chord::word).as_deref(), Some(words));
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for words in [
            "",
            " ",
            "pgup",
            "ctrl",
            "ctrl+",
            "f0",
            "f25",
            "ctrl+shift+k",
            "shift+1",
            "super+a",
            "ab",
            "\u{1b}",
        ] {
            assert_eq!(Chord::parse(words), None, "{words:?}");
        }
    }

    #[test]
    fn a23_what_only_the_kitty_protocol_tells_apart_is_known() {
        for words in ["shift+enter", "ctrl+enter", "ctrl+i", "ctrl+m", "ctrl+[", "ctrl+backspace", "ctrl+1"] {
            assert!(Chord::parse(words).is_some_and(Chord::needs_full_keyboard), "{words}");
        }
        for words in [
            "enter",
            "alt+enter",
            "ctrl+j",
            "ctrl+k",
            "ctrl+_",
            "shift+tab",
            "shift+up",
            "f1",
            "ctrl+delete",
            "R",
        ] {
            assert!(Chord::parse(words).is_some_and(|chord| !chord.needs_full_keyboard()), "{words}");
        }
    }
}
