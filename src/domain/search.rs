//! Words in texts, without regard to case unless they hold a capital. It never draws and keeps nothing.

/// The byte offsets at which `words` stand in `text`, apart from each other.
pub fn occurrences<'a>(text: &'a str, words: &'a str) -> impl Iterator<Item = usize> + 'a {
    let exact = words.chars().any(char::is_uppercase);
    let mut at = 0;
    std::iter::from_fn(move || {
        if words.is_empty() {
            return None;
        }
        let rest = text.get(at..)?;
        let found =
            if exact { rest.find(words).map(|start| (start, words.len())) } else { find(rest, words) };
        let (start, length) = found?;
        let place = at + start;
        at = place + length.max(1);
        Some(place)
    })
}

/// The first place that holds the words in any case, and its length in bytes, which may be another than that of the words.
fn find(text: &str, words: &str) -> Option<(usize, usize)> {
    let first = words.chars().next()?;
    let begins = |c: char| c == first || (!c.is_ascii_lowercase() && c.to_lowercase().next() == Some(first));
    let starts = text.char_indices().filter(|(_, c)| begins(*c)).map(|(start, _)| start);
    starts.into_iter().find_map(|start| Some((start, length_of(text.get(start..)?, words)?)))
}

/// How many bytes at the beginning of `text` are `words` in any case.
fn length_of(text: &str, words: &str) -> Option<usize> {
    let mut sought = words.chars();
    for (at, c) in text.char_indices() {
        if sought.as_str().is_empty() {
            return Some(at);
        }
        for c in c.to_lowercase() {
            if sought.next() != Some(c) {
                return None;
            }
        }
    }
    sought.as_str().is_empty().then_some(text.len())
}

/// Of lines that were one text before they were broken, the one in which match `number` begins.
pub fn line_of(lines: impl Iterator<Item = String>, words: &str, number: usize) -> Option<usize> {
    let mut text = String::new();
    let mut starts = Vec::new();
    for line in lines {
        starts.push(text.len());
        text.push_str(line.trim());
        text.push(' ');
    }
    let place = occurrences(&text, words).nth(number)?;
    starts.iter().rposition(|start| *start <= place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, words: &str) -> Vec<usize> {
        occurrences(text, words).collect()
    }

    #[test]
    fn small_letters_find_any_case_and_a_capital_finds_itself() {
        assert_eq!(places("Zod, zod and ZOD", "zod"), [0, 5, 13]);
        assert_eq!(places("Zod, zod and ZOD", "Zod"), [0]);
        assert_eq!(places("aaaa", "aa"), [0, 2]);
        assert_eq!(places("È così, È COSÌ", "è così"), [0, 10]);
        assert_eq!(places("any", ""), Vec::<usize>::new());
        assert_eq!(places("İstanbul", "i"), Vec::<usize>::new());
    }

    #[test]
    fn words_over_the_end_of_a_line_are_found_where_they_begin() {
        let lines = ["  one two", "  three two", "  three"].map(String::from);
        assert_eq!(line_of(lines.into_iter(), "two three", 1), Some(1));
    }
}
