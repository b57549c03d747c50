//! Three versions of a block of lines merged into one, line by line, as git does it. It knows nothing of rules.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// A stretch of the merged block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    Settled(String),
    Clash { ours: String, theirs: String },
}

/// Merges three texts by lines; neighbouring settled stretches are one.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Vec<Stretch> {
    let cut = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (base, ours, theirs) = (cut(base), cut(ours), cut(theirs));
    let (to_ours, to_theirs) = (partners(&base, &ours), partners(&base, &theirs));
    let mut stretches = Vec::new();
    let (mut b, mut o, mut t) = (0, 0, 0);
    while b < base.len() || o < ours.len() || t < theirs.len() {
        // The next base line that both sides kept ends the stretch that is looked at.
        let kept = (b..base.len()).find_map(|at| {
            let (ours, theirs) = (to_ours.get(at).copied()??, to_theirs.get(at).copied()??);
            Some((at, ours, theirs))
        });
        let (at, ours_at, theirs_at) = kept.unwrap_or((base.len(), ours.len(), theirs.len()));
        let part = |lines: &[&str], from: usize, to: usize| lines.get(from..to).unwrap_or(&[]).concat();
        let (was, we, they) = (part(&base, b, at), part(&ours, o, ours_at), part(&theirs, t, theirs_at));
        push(&mut stretches, settle(was, we, they));
        if kept.is_some() {
            push(&mut stretches, Stretch::Settled(part(&ours, ours_at, ours_at + 1)));
        }
        (b, o, t) = (at + 1, ours_at + 1, theirs_at + 1);
    }
    stretches
}

fn settle(base: String, ours: String, theirs: String) -> Stretch {
    if ours == base || ours == theirs {
        Stretch::Settled(theirs)
    } else if theirs == base {
        Stretch::Settled(ours)
    } else {
        Stretch::Clash { ours, theirs }
    }
}

fn push(stretches: &mut Vec<Stretch>, next: Stretch) {
    match (stretches.last_mut(), next) {
        (_, Stretch::Settled(text)) if text.is_empty() => {}
        (Some(Stretch::Settled(before)), Stretch::Settled(text)) => before.push_str(&text),
        (_, next) => stretches.push(next),
    }
}

/// For each old line the new one that it became, when it was kept.
fn partners(old: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    let mut partners = vec![None; old.len()];
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for step in 0..len {
                if let Some(partner) = partners.get_mut(old_index + step) {
                    *partner = Some(new_index + step);
                }
            }
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_changed_clashes() {
        let settled = |text: &str| Stretch::Settled(text.to_string());
        assert_eq!(merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"), [settled("A\nb\nC\n")]);
        assert_eq!(
            merge("a\nb\nc\n", "x\nb\nc\n", "y\nb\n"),
            [Stretch::Clash { ours: "x\n".into(), theirs: "y\n".into() }, settled("b\n")]
        );
        assert_eq!(merge("", "", ""), []);
    }
}
