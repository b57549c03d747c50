//! Words that the lexicon does not know and that are near in form: "navigate" and "navigation", "passengers" and "passeggeri". It knows
//! no meanings.

/// What may follow the common root of two words of one language.
const TAILS: &str = " e ed er ers es s ing ings ion ions or ors ive able ence ences ance ment ments al ally ly ure y ies ity ist ic ize ise ized ised ization \
    isation ation ations d r n able ible ant ent a o i are ere ire ato ati ata ate zione azione ioni amento amenti ando iamo ano ono ar er ir \
    ado ada ados idas cion aciones amos an en ons ez ent ement eur euse ung ungen iert ieren t te ten st em e ei ";

/// Whether two folded words of one language are forms of one word.
pub fn is_kin(a: &str, b: &str) -> bool {
    let common = prefix(a, b);
    let tail = |word: &str| {
        let rest = word.get(common..).unwrap_or("");
        rest.is_empty() || TAILS.split(' ').any(|tail| tail == rest)
    };
    is_plain(a) && is_plain(b) && common >= 5 && common * 2 >= a.len().max(b.len()) && tail(a) && tail(b)
}

/// Whether two folded words of different languages are likely one word.
pub fn is_cognate(a: &str, b: &str) -> bool {
    let (a, b) = (bones(a), bones(b));
    let long = a.len().max(b.len());
    if !is_plain(&a) || !is_plain(&b) || a.len().min(b.len()) < 4 || a.get(..2) != b.get(..2) {
        return false;
    }
    let allowed = if long < 5 {
        0
    } else if long < 8 {
        1
    } else {
        2
    };
    distance(&a, &b) <= allowed || (prefix(&a, &b) >= 5 && prefix(&a, &b) * 10 >= long * 7)
}

/// Only words in plain letters have kin; names, paths and numbers are themselves alone.
fn is_plain(word: &str) -> bool {
    word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// A word's sound in rough, without its ending: what the Latin words of several languages share.
fn bones(word: &str) -> String {
    let mut kept = String::with_capacity(word.len());
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let sound = match (c, next) {
            ('p', Some('h')) => {
                chars.next();
                'f'
            }
            ('q', Some('u')) | ('c', Some('h')) => {
                chars.next();
                'c'
            }
            ('t', Some('h')) => {
                chars.next();
                't'
            }
            ('k' | 'q', _) => 'c',
            ('y' | 'j', _) => 'i',
            ('z', _) => 's',
            (other, _) => other,
        };
        if !kept.ends_with(sound) {
            kept.push(sound);
        }
    }
    super::words::stem(&kept)
}

/// How many letters must be put in, left out or exchanged to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, c) in a.chars().enumerate() {
        let mut left = at + 1;
        let mut corner = at;
        for (cell, other) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            let step = (corner + usize::from(c != *other)).min(above + 1).min(left + 1);
            corner = above;
            left = step;
            *cell = step;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kin_of_one_language_share_their_root() {
        assert!(is_kin("navigate", "navigation"));
        assert!(is_kin("serializer", "serialize"));
        assert!(is_kin("persist", "persistence"));
        assert!(!is_kin("comment", "commit"));
        assert!(!is_kin("contract", "contrast"));
        assert!(!is_kin("models", "modal"));
    }

    #[test]
    fn cognates_meet_across_languages() {
        for (a, b) in [
            ("passengers", "passeggeri"),
            ("technique", "tecnica"),
            ("author", "autore"),
            ("catalogue", "catalogo"),
            ("warrant", "warranty"),
        ] {
            assert!(is_cognate(a, b), "{a} {b}");
        }
        for (a, b) in [("table", "cable"), ("commit", "comment"), ("ticket", "tasse"), ("4326", "4327")] {
            assert!(!is_cognate(a, b), "{a} {b}");
        }
    }
}
