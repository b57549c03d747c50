//! Tells where words hold a secret: the one table of shapes for detector, gate and review. It never keeps, copies or prints one.

use std::ops::Range;

use regex::bytes::{Regex, RegexSet};

use super::words;

/// Shapes that only secrets have.
const SHAPES: &[&str] = &[
    r"(?-u)\bsk-[A-Za-z0-9_-]{8,}",
    r"(?-u)\b(?:sk|rk|pk)[-_](?:live|test|ant|proj|or)[-_][A-Za-z0-9_-]{8,}",
    r"(?-u)\b(?:sk|rk|pk)[-_][A-Za-z0-9]{16,}",
    r"(?-u)\b(?:gh[opusr]|glpat|shpat|dop_v1)[-_][A-Za-z0-9_-]{10,}",
    r"(?-u)\b(?:github_pat|pypi|hf)[-_][A-Za-z0-9_]{16,}",
    r"(?-u)\bnpm_[A-Za-z0-9]{20,}",
    r"(?-u)\bxox[abprs]-[A-Za-z0-9-]{10,}",
    r"(?-u)\b(?:AKIA|ASIA)[A-Z0-9]{12,}",
    r"(?-u)\bAIza[A-Za-z0-9_-]{12,}",
    r"(?-u)\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"(?-u)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    r"(?-u)-----BEGIN [A-Z ]*PRIVATE KEY(?:-----)?",
    r"(?-u)\b[a-z][a-z0-9+.-]*://[^\s:/@]+:[^\s/@<{$]+@",
    r"(?i-u)\bbearer\s+[A-Za-z0-9._~+/-]{16,}",
];

/// Words that announce a secret, and as the last group the value behind them.
const ANNOUNCED: &[&str] = &[
    r#"(?i-u)(?:password|passwd|pwd|passphrase|secret|api[ _-]?key|access[ _-]?key|token|credentials?|chiave|parola d'ordine|contrase(?:n|ñ)a|mot de passe|passwort|kennwort|senha|segreto|pin)[`"']*\s*(?:is|are|è|e'|es|est|ist|é|=|:|:=)\s*[`"']?([^\s`"',;]{4,})"#,
    r"(?i-u)(?:^|[^\w])(?:password|passwd|passphrase|passcode|psk|pwd|passwort|kennwort|contrase(?:n|ñ)a|senha|mot de passe|parola d'ordine)(?: (?:of|for|to|on|in|del|della|di|dello|do|da|de|the|il|la|my|our|admin|root|staging|prod|production|test|user|email|wifi|account|\w*db|database|server))*(?: is|=|:| è| é| e'| es| est| ist|:=)\s*[`'\x22]?(\S*[\d!@#$%^&*?_+=-]\S*)",
    r"(?i-u)(?:^|[^\w])(?:password|passwd|passphrase|passcode|psk|pwd|senha) (\S*(?:[A-Za-z]\S*\d|\d\S*[A-Za-z])\S*[!@#$%^&*?_+=]\S*)",
    r"(?i-u)(?:^|[^\w])(?:pass|passw|pw)\s*(?:=|:| is| è| es| est| ist)\s*[`'\x22]?(\S{4,})",
    r"(?i-u)(?:^|[^\w])(?:pin|pincode|codice pin)(?: \w+){0,4}(?: is|=|:| è| é| e'| es| est| ist|:=)\s*[`'\x22]?(\d{4,})",
    r"(?i-u)(?:^|[^\w])(?:api[ _-]?key|secret|token|chiave|clave|cl(?:e|é)|schl(?:u|ü)ssel|chave|key|credential)s?(?: \w+){0,4}(?: is|=|:| è| e'| es| est| ist|:=)?\s*([A-Za-z0-9+/_.=-]*\d[A-Za-z0-9+/_.=-]*[A-Za-z][A-Za-z0-9+/_.=-]{10,})",
];

/// The shapes, compiled once.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// All shapes at once: one pass tells which of them are worth a search.
    any: RegexSet,
    shapes: Vec<Regex>,
}

impl Secrets {
    /// Compiles the shapes.
    pub fn new() -> Self {
        let all = || SHAPES.iter().chain(ANNOUNCED);
        Self {
            any: RegexSet::new(all()).unwrap_or_else(|_| RegexSet::empty()),
            shapes: all().filter_map(|shape| Regex::new(shape).ok()).collect(),
        }
    }

    /// Whether the text holds something shaped like a secret.
    pub fn found(&self, text: &str) -> bool {
        !self.ranges(text).is_empty()
    }

    /// Byte ranges that look like secrets, in order and apart from each other.
    pub fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        let mut found = long_words(text);
        found.extend(disguised_words(text));
        for (at, shape) in
            self.any.matches(bytes).into_iter().filter_map(|at| Some((at, self.shapes.get(at)?)))
        {
            if at < SHAPES.len() {
                found.extend(shape.find_iter(bytes).map(|found| found.range()));
                continue;
            }
            let values = shape.captures_iter(bytes).filter_map(|found| found.get(1));
            found.extend(values.filter_map(|value| secret_value(text, value.range())));
        }
        apart(found)
    }
}

/// Ranges in order, those that overlap as one.
pub fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, before| {
        let touches = next.start < before.end;
        if touches {
            before.end = before.end.max(next.end);
        }
        touches
    });
    ranges
}

/// The value behind "password is" without the comma that follows it, where it is a secret.
fn secret_value(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let value = text.get(range.clone())?.trim_end_matches([',', ';']);
    is_secret_value(value).then_some(range.start..range.start + value.len())
}

/// Whether the value behind "password is" is one, and no description of one ("hashed", "required", "stored in Vault").
fn is_secret_value(value: &str) -> bool {
    const METHODS: &[&str] = &["oauth2", "uuid", "uuidv4", "bcrypt", "base64", "pbkdf2", "md5", "oauth2.0"];
    let value = value.trim_end_matches(['.', ')', '!']);
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().any(char::is_alphabetic);
    let signs = value.chars().any(|c| matches!(c, '!' | '@' | '#' | '$' | '%' | '^' | '&' | '*' | '+' | '?'));
    let placeholder =
        value.starts_with(['<', '$', '{', '*', '/', '.']) || value.contains("://") || value.contains("env.");
    let path = value.contains('/') && (value.contains('-') || value.contains('.'));
    let small = value.to_lowercase();
    let described = ["argon", "sha", "hs", "rs"].iter().any(|method| small.starts_with(method))
        || METHODS.contains(&small.as_str());
    let mixed = value.chars().count() >= 5 && letters && (digits > 0 || signs);
    let number = digits >= 4 && digits == value.chars().count();
    !placeholder && !path && !described && (mixed || number)
}

/// Words that stand for others, as passwords that people make up do: a digit in place of a letter, and a sign or closing digits.
fn disguised_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let quotes =
        |c: char| matches!(c, '"' | '\'' | '`' | '“' | '”' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '.');
    let mut from = 0;
    text.split_inclusive(char::is_whitespace).filter_map(move |stretch| {
        let at = from;
        from = at + stretch.len();
        let word = stretch.trim_end();
        let start = at + word.len() - word.trim_start_matches(quotes).len();
        let inner = word.trim_matches(quotes);
        is_disguised(inner).then_some(start..start + inner.len())
    })
}

/// `tr0ta&Limone`, `Gr4nchio-77`, and no name of a tool, a path or a call.
fn is_disguised(word: &str) -> bool {
    const NAMES: &[&str] = &["log4", "web3", "d3", "h3", "n1ql", "s3"];
    let digits = || word.bytes().any(|byte| byte.is_ascii_digit());
    if !(8..=64).contains(&word.len()) || !word.is_ascii() || !digits() {
        return false;
    }
    let small = word.to_lowercase();
    let plain = !word.contains(['/', '.', '(', '{', '<', ':', '\\', '|', '`'])
        && !NAMES.iter().any(|name| small.starts_with(name));
    let letters: Vec<char> = word.chars().collect();
    let disguised = letters.windows(3).any(|three| match three {
        [a, d, b] => {
            a.is_ascii_alphabetic()
                && matches!(d, '0' | '1' | '3' | '4' | '5' | '7')
                && b.is_ascii_lowercase()
        }
        _ => false,
    });
    let upper = letters.iter().any(char::is_ascii_uppercase);
    let sign = word.contains(['!', '@', '#', '$', '%', '&', '*', '^', '+', '=', '?', '~']);
    let closing = letters.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    plain && disguised && (sign || (upper && closing >= 2 && word.contains(['-', '_'])))
}

/// Long words of mixed characters: in any text where every kind of character is there, else where the text speaks of a secret.
fn long_words(text: &str) -> Vec<Range<usize>> {
    const SPEAKS: &[&str] = &[
        "secret",
        "token",
        "password",
        "api key",
        "apikey",
        "credential",
        "chiave",
        "segreto",
        "passwort",
        "senha",
    ];
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-' | '=' | '.' | ':');
    let (mut found, mut dense) = (Vec::new(), Vec::new());
    let mut open = None;
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (part(c), open) {
            (true, None) => open = Some(at),
            (false, Some(start)) => {
                let word = text.get(start..at).unwrap_or_default();
                if is_mixed(word) {
                    found.push(start..at);
                } else if is_dense(word) {
                    dense.push(start..at);
                }
                open = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    if !dense.is_empty() {
        let folded = words::fold(text).text;
        let speaks = SPEAKS.iter().any(|word| folded.contains(word));
        found.extend(dense.into_iter().filter(|_| speaks));
    }
    found
}

/// A long word of upper case, lower case and digits without a separator that a path or an identifier would have.
fn is_mixed(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if word.len() < 24 || word.contains(['/', '.', ':', '-', '_']) {
        return false;
    }
    let count = |kind: fn(&char) -> bool| word.chars().filter(kind).count();
    count(char::is_ascii_digit) >= 3
        && count(char::is_ascii_uppercase) >= 3
        && count(char::is_ascii_lowercase) >= 3
}

/// Twenty or more characters with much variety: over 3.5 bits each (Shannon), with digits among letters.
fn is_dense(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':']);
    let length = word.len();
    if !(20..=512).contains(&length) || word.contains('/') && word.contains(['-', '.']) {
        return false;
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let mut counts = [0_u16; 256];
    for byte in word.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = f64::from(u16::try_from(length).unwrap_or(u16::MAX));
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum();
    digits >= 2 && entropy > 3.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_seen_and_descriptions_are_not() {
        let secrets = Secrets::new();
        let shapes = [
            "use sk-ant-REDACTED",
            "the key is AKIAIOSFODNN7EXAMPLE",
            "token: ghp_abcdefghij0123456789ABCDEFGHIJ",
            "connect with postgres://app:hunter22@db:5432/x",
            "the admin password is Tr0ub4dor",
            "la password è gatto77!",
            "the router admin pass = Gotham1939",
            "il pin del badge è 73310",
            "for the vault use br0ccoli&Mint",
            "office wifi: SSID attic, psk C4rciofo-88",
            "il login del banco prova: G4mber0ne_2024",
            "-----BEGIN RSA PRIVATE KEY-----",
            "api key: 9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c",
        ];
        for text in shapes {
            assert!(secrets.found(text), "{text}");
        }
        let harmless = [
            "Passwords are hashed with argon2",
            "secrets are read from Vault",
            "token lifetime: 15m",
            "the password is required",
            "Use https://example.com/docs",
            "api key: <your-key>",
            "Tokens are validated in src/auth/validate-token-middleware.ts",
            "Log4j-2024 is banned, use `retry_with_b0` and commit a1b2c3d4",
            "Name the queue Http2-Worker-10 and the flag --max-old-space-size=4096",
            "ids look like ord_01HZX3K9 and hashes like 5d41402abc4b2a76",
        ];
        for text in harmless {
            assert!(!secrets.found(text), "{text} {:?}", secrets.ranges(text));
        }
    }
}
