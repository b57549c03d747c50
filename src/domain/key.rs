//! A key on its way from the user's hands to where it is kept: whose it is, by its shape. It never prints itself and leaves no copy behind.

use std::fmt;

use secrecy::zeroize::Zeroize;

use super::settings::endpoints::KNOWN;

/// A text that nothing may show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Takes a text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for who may have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Adds what was typed or pasted, without blanks and control characters, which no key has.
    pub fn push(&mut self, text: &str) {
        // Growing in place would leave the old bytes behind.
        let mut whole = String::with_capacity(self.0.len() + text.len());
        whole.push_str(&self.0);
        whole.extend(text.chars().filter(|sign| !sign.is_whitespace() && !sign.is_control()));
        self.0.zeroize();
        self.0 = whole;
    }

    /// Takes the last character back.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.0.zeroize();
    }

    /// How many characters it has.
    pub fn count(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hidden")
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// How keys begin; the longer beginning stands first.
const BEGINNINGS: &[(&str, &str)] = &[
    ("sk-ant-", "anthropic"),
    ("sk-or-", "openrouter"),
    ("sk-proj-", "openai"),
    ("sk-svcacct-", "openai"),
    ("sk-admin-", "openai"),
    ("gsk_", "groq"),
    ("AIza", "gemini"),
    ("AQ.", "gemini"),
];

/// The provider whose keys look like this.
pub fn owner(key: &str) -> Option<&'static str> {
    const SHORTEST: usize = 20;
    let key = key.trim();
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
    if key.len() < SHORTEST || !key.chars().all(plain) {
        return None;
    }
    if let Some((_, owner)) = BEGINNINGS.iter().find(|(beginning, _)| key.starts_with(beginning)) {
        return Some(owner);
    }
    match key.strip_prefix("sk-") {
        // Both begin alike: DeepSeek's are 32 hexadecimal digits.
        Some(rest) if rest.len() == 32 && rest.chars().all(|sign| sign.is_ascii_hexdigit()) => {
            Some("deepseek")
        }
        Some(_) => Some("openai"),
        None => None,
    }
}

/// The key in what stands in the prompt, where that is nothing else, or `/login` with one.
pub fn in_draft(draft: &str) -> Option<&str> {
    let words = draft.trim();
    let words = words.strip_prefix("/login").map_or(words, str::trim_start);
    owner(words).map(|_| words)
}

/// The providers that take a key.
pub fn owners() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().filter(|known| !known.key_env.is_empty()).map(|known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_shape() {
        for (key, expect) in [
            ("sk-ant-api03-abcdefghijklmnop", Some("anthropic")),
            (" sk-or-v1-0123456789abcdef0123 \n", Some("openrouter")),
            ("sk-proj-abcDEF_0123456789-xyz", Some("openai")),
            ("sk-0123456789abcdef0123456789abcdef", Some("deepseek")),
            ("sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL", Some("openai")),
            ("AIzaSyA-0123456789_abcdefghij", Some("gemini")),
            ("gsk_0123456789abcdefghijKLMN", Some("groq")),
            ("sk-short", None),
            ("0123456789abcdef0123456789abcdef", None),
            ("sk-ant-api03 is not a key alone", None),
            ("", None),
        ] {
            assert_eq!(owner(key), expect, "{key}");
        }
        assert_eq!(in_draft("/login sk-ant-api03-abcdefghijklmnop"), Some("sk-ant-api03-abcdefghijklmnop"));
        assert_eq!(in_draft("what is sk-ant-api03-abcdefghijklmnop?"), None);
    }

    #[test]
    fn it_shows_nothing_of_itself() {
        let mut hidden = Hidden::new("sk-");
        hidden.push("ant \n-secret");
        assert_eq!((hidden.expose(), hidden.count()), ("sk-ant-secret", 13));
        assert_eq!(format!("{hidden:?}"), "Hidden");
        hidden.pop();
        assert_eq!(hidden.expose(), "sk-ant-secre");
        hidden.clear();
        assert_eq!(hidden.expose(), "");
    }
}
