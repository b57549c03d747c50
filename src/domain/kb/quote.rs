//! Finding a quote in what the user typed, whatever case, quotation marks and blanks it has. It knows no KB.md.

use std::ops::Range;

use super::words::{self, Folded};

/// Text without case, accents, quotation marks and repeated blanks, with the way back to its bytes.
struct Squeezed {
    text: String,
    folded: Folded,
    /// For each byte of `text`, the byte of the folded text.
    origin: Vec<usize>,
}

impl Squeezed {
    fn of(text: &str) -> Self {
        let folded = words::fold(text);
        let mut squeezed = Self { text: String::new(), origin: Vec::new(), folded };
        for (at, c) in squeezed.folded.text.char_indices() {
            let blank = c.is_whitespace();
            let doubled = blank && (squeezed.text.is_empty() || squeezed.text.ends_with(' '));
            if doubled || matches!(c, '\'' | '"' | '*' | '_') {
                continue;
            }
            squeezed.text.push(if blank { ' ' } else { c });
            squeezed.origin.resize(squeezed.text.len(), at);
        }
        squeezed
    }
}

/// Where the text holds the quote, as bytes of the text; quotes under four characters are found nowhere, since they prove nothing.
pub fn locate(text: &str, quote: &str) -> Option<Range<usize>> {
    let quote = Squeezed::of(quote).text;
    let quote = quote.trim_matches([' ', '.', ',', ';', ':']);
    if quote.chars().count() < 4 {
        return None;
    }
    let squeezed = Squeezed::of(text);
    let start = squeezed.text.find(quote)?;
    let from = *squeezed.origin.get(start)?;
    let to = *squeezed.origin.get(start + quote.len() - 1)?;
    let source = squeezed.folded.source(from..to);
    let last = text.get(source.end..)?.chars().next()?;
    Some(source.start..source.end + last.len_utf8())
}

/// Words that agree, or that ask to save; a confirmation begins with one.
const YES: &str = "yes yep yeah ok okay sure save add do please exactly right agreed perfect write note remember keep \
    si certo va salva salvalo salvala mettilo mettila aggiungilo aggiungila aggiungi segnalo segnala scrivilo ricordalo d'accordo esatto \
    perfetto volentieri vale claro guarda guardalo oui d'accord ja gern gerne bitte sim claro anota";

/// Words that may follow it without making it a task of its own.
const WITH: &str = "it that this them those one in into to the a as for on our your kb md kb.md file rule rules down go ahead let's let \
    us good great fine so too all both of course thanks thank you now always from again \
    lo la li le nella nel alla al a come regola regole pure bene grazie per favore anche tutto tutti tutte va tutta entrambe questo questa \
    en el regla por favor gracias tambien dans les regle s'il te vous plait merci das es in die der als regel danke na no regra \
    obrigado obrigada";

/// Whether the message only agrees to something said before ("yes, save it"): nothing in it asks, refuses or gives a task.
pub fn confirms(typed: &str) -> bool {
    const MOST: usize = 9;
    let folded = words::fold(typed).text;
    let words: Vec<&str> = folded
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '.'))
        .map(|word| word.trim_matches(['\'', '.']))
        .filter(|word| !word.is_empty())
        .collect();
    let among = |list: &str, word: &str| list.split_whitespace().any(|known| known == word);
    // "do" and "please" alone begin tasks as well; what follows decides.
    let all = words.iter().all(|word| among(YES, word) || among(WITH, word));
    (1..=MOST).contains(&words.len())
        && all
        && words.first().is_some_and(|first| among(YES, first))
        && !typed.contains('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_whatever_its_marks() {
        let check = |text: &str, quote: &str, expect: Option<&str>| {
            assert_eq!(locate(text, quote).map(|range| &text[range]), expect, "{quote}");
        };
        check("Well,  use\n`PNPM` here.", "use pnpm here", Some("use\n`PNPM` here"));
        check("è così: “sempre” così", "E cosi: sempre", Some("è così: “sempre"));
        check("use tabs", "tab", None);
        check("use tabs", "use spaces", None);
    }

    #[test]
    fn only_a_short_yes_confirms() {
        for yes in [
            "Sì, mettilo nella kb",
            "yes, save it",
            "ok",
            "Yes please, add that to KB.md.",
            "sì, salvala pure come regola, grazie",
            "va bene",
            "sure, write it down",
        ] {
            assert!(confirms(yes), "{yes}");
        }
        for other in [
            "now fix the failing build",
            "ok now fix the build",
            "add a test for the parser",
            "do we use tabs?",
            "save it?",
            "yes but only for tests",
            "no, don't save it",
            "sì, ma solo per oggi",
            "aggiungi un test",
            "",
        ] {
            assert!(!confirms(other), "{other}");
        }
    }
}
