//! Slips of the finger in a cue word. It knows no word by itself.

/// Whether `word` is `cue` with two neighbours swapped, or one inner letter lost or doubled in. Both ends must agree, since a changed
/// end is an inflection ("ricordo") and no slip.
pub fn slip(word: &str, cue: &str) -> bool {
    let (word, cue): (Vec<char>, Vec<char>) = (word.chars().collect(), cue.chars().collect());
    if word.first() != cue.first() || word.last() != cue.last() || word == cue {
        return false;
    }
    if word.len() == cue.len() {
        let different: Vec<usize> = (0..word.len()).filter(|i| word.get(*i) != cue.get(*i)).collect();
        return match different.as_slice() {
            [a, b] => *b == a + 1 && word.get(*a) == cue.get(*b) && word.get(*b) == cue.get(*a),
            _ => false,
        };
    }
    let (long, short) = if word.len() > cue.len() { (word, cue) } else { (cue, word) };
    long.len() == short.len() + 1
        && (0..long.len())
            .any(|gone| long.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, c)| c).eq(short.iter()))
}
