//! Scripts whose words stand in runs without blanks: Chinese, Japanese, Korean with its particles, Thai, Lao, Khmer and Burmese. It takes
//! runs apart into letters, so that an index of words finds any part of one. It knows no words and guesses no borders.

/// Parts two runs from each other: no word reaches over it. Nobody types it, for it is no letter of any script.
const BORDER: char = '\u{e001}';

/// Whether a letter, digit or sign belongs to such a script. It goes by this table alone and not by the tables of the standard library,
/// which grow: what was taken apart once is taken apart in the same way for ever.
pub fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Thai and Lao, Burmese, Hangul letters, Khmer.
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e50}'..='\u{e59}' | '\u{e81}'..='\u{edf}'
        | '\u{1000}'..='\u{1049}' | '\u{1050}'..='\u{109d}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17d3}'
        | '\u{17d7}' | '\u{17dc}' | '\u{17dd}' | '\u{17e0}'..='\u{17e9}'
        // Kana, Bopomofo and what goes with ideographs.
        | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{3099}' | '\u{309a}'
        | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}'
        | '\u{3131}'..='\u{318e}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        // Ideographs, Hangul syllables, narrow kana and Hangul.
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97c}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{d7b0}'..='\u{d7fb}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{ffa1}'..='\u{ffdc}'
        | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3fffd}')
}

/// The text with blanks around each letter of a run and a border between runs; `None` where it holds no such letter.
///
/// An index is filled with what this gives and emptied by it: where it changes, what was indexed has to be indexed anew.
pub fn apart(text: &str) -> Option<String> {
    if text.is_ascii() || !text.chars().any(is_unspaced) {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut in_run, mut runs) = (false, 0);
    for c in text.chars() {
        let unspaced = is_unspaced(c);
        match (in_run, unspaced) {
            (true, true) => out.push(' '),
            (false, true) => {
                if runs > 0 {
                    out.extend([' ', BORDER]);
                }
                out.push(' ');
                runs += 1;
            }
            (true, false) => out.push(' '),
            (false, false) => {}
        }
        out.push(c);
        in_run = unspaced;
    }
    Some(out)
}

/// The parts of a word that are all of such a script, or not at all: `API部署` are two.
pub fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let first = is_unspaced(rest.chars().next()?);
        let end = rest.find(|c| is_unspaced(c) != first).unwrap_or(rest.len());
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_taken_apart_and_kept_from_each_other() {
        assert_eq!(apart("Deploy it naïvely, Ёлка"), None);
        assert_eq!(apart(""), None);
        assert_eq!(apart("用API部署。好").unwrap(), " 用 API \u{e001} 部 署 。 \u{e001} 好");
        assert_eq!(apart("배포는 done").unwrap(), " 배 포 는  done");
        assert_eq!(apart("ที่ดี").unwrap(), " ท ี ่ ด ี");
    }

    #[test]
    fn a_word_is_parted_where_the_script_changes() {
        let all = |word| parts(word).collect::<Vec<_>>();
        assert_eq!(all("API部署v2"), ["API", "部署", "v2"]);
        assert_eq!(all("コンポーネント"), ["コンポーネント"]);
        assert_eq!(all(""), Vec::<&str>::new());
    }
}
