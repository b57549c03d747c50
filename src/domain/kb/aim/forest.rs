//! Small decision trees whose leaves add up to log-odds. It knows numbers and their names, and nothing of what they tell.

use std::collections::HashMap;

/// One node; a tree is its nodes in the order of the text, each branch before the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    /// Below the bound the walk goes on with the next node, else with the one at `other`.
    Branch {
        sign: usize,
        bound: f32,
        other: usize,
    },
    Leaf(f32),
}

/// Trees that were grown together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    bias: f32,
    trees: Vec<Vec<Node>>,
}

impl Forest {
    /// Reads a `bias` row and then a tree a line: a branch is `name<bound` before its two sides, a leaf is a number. A row that cannot be
    /// read, or that names a sign that is not among `names`, is left out.
    pub fn parse<'a>(rows: impl Iterator<Item = &'a str>, names: &[&str]) -> Self {
        let names: HashMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let mut forest = Self::default();
        for row in rows {
            if let Some(bias) = row.strip_prefix("bias ") {
                forest.bias = bias.trim().parse().unwrap_or(0.0);
                continue;
            }
            let mut words = row.split_ascii_whitespace();
            let mut tree = Vec::new();
            if grow(&mut words, &names, &mut tree, 0).is_some() && words.next().is_none() {
                forest.trees.push(tree);
            }
        }
        forest
    }

    /// Whether it holds any tree.
    pub fn is_empty(&self) -> bool {
        self.trees.is_empty()
    }

    /// The chance, 0 to 1, of what the forest tells.
    pub fn chance(&self, signs: &[f32]) -> f32 {
        let odds = self.bias + self.trees.iter().map(|tree| walk(tree, signs)).sum::<f32>();
        1.0 / (1.0 + (-odds).exp())
    }
}

/// A tree deeper than this was not grown by us.
const DEEPEST: usize = 64;

fn grow<'a>(
    words: &mut impl Iterator<Item = &'a str>,
    names: &HashMap<&str, usize>,
    tree: &mut Vec<Node>,
    depth: usize,
) -> Option<()> {
    let word = words.next().filter(|_| depth < DEEPEST)?;
    let Some((name, bound)) = word.split_once('<') else {
        tree.push(Node::Leaf(word.parse().ok()?));
        return Some(());
    };
    let sign = *names.get(name)?;
    let at = tree.len();
    tree.push(Node::Branch { sign, bound: bound.parse().ok()?, other: 0 });
    grow(words, names, tree, depth + 1)?;
    let next = tree.len();
    if let Some(Node::Branch { other, .. }) = tree.get_mut(at) {
        *other = next;
    }
    grow(words, names, tree, depth + 1)
}

fn walk(tree: &[Node], signs: &[f32]) -> f32 {
    let mut at = 0;
    loop {
        match tree.get(at) {
            Some(Node::Branch { sign, bound, other }) => {
                let below = signs.get(*sign).is_some_and(|value| value < bound);
                at = if below { at + 1 } else { *other };
            }
            Some(Node::Leaf(value)) => return *value,
            None => return 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["shared", "spare"];

    fn chance(rows: &str, signs: &[f32]) -> f32 {
        Forest::parse(rows.lines(), &NAMES).chance(signs)
    }

    #[test]
    fn a_walk_ends_at_the_leaf_of_its_signs() {
        let tree = "bias 0\nshared<1.5 spare<0.5 -9 0 9";
        assert!(chance(tree, &[1.0, 0.0]) < 0.01);
        assert!((chance(tree, &[1.0, 1.0]) - 0.5).abs() < 1e-6);
        assert!(chance(tree, &[2.0, 0.0]) > 0.99);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for broken in ["shared<1.5 1", "other<1 0 1", "shared<x 0 1", "1 2", "", "shared<1 nothing 1"] {
            assert_eq!(Forest::parse(broken.lines(), &NAMES), Forest::default(), "{broken}");
        }
        let deep = format!("{} 1", "shared<1".repeat(9000).replace("1s", "1 s"));
        assert!(Forest::parse(deep.lines(), &NAMES).is_empty());
    }
}
