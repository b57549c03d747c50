//! Which known name a misspelt one is closest to. It never corrects anything.

/// The known name that is meant, perhaps: the closest one, unless half of its letters would have to change.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let closest = known.into_iter().map(|candidate| (distance(name, candidate), candidate)).min();
    closest.filter(|(far, candidate)| *far <= candidate.len() / 2).map(|(_, candidate)| candidate)
}

/// How many letters must change to make `from` into `to`.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut before = at;
        let mut left = at + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let best = (before + usize::from(letter != *other)).min(*cell + 1).min(left + 1);
            before = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_none() {
        let known = ["scroll.page-up", "scroll.page-down", "help"];
        assert_eq!(nearest("scroll.pageup", known), Some("scroll.page-up"));
        assert_eq!(nearest("hlep", known), Some("help"));
        assert_eq!(nearest("completely-other", known), None);
        assert_eq!(nearest("", known), None);
    }
}
