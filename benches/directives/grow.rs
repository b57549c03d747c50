//! Grows boosted decision trees for a yes or no, leaf by leaf on binned columns. It knows numbers alone.

/// Rows of the same length with their labels and how much each counts.
pub struct Lessons<'a> {
    pub rows: Vec<&'a [f32]>,
    pub labels: Vec<bool>,
    pub weights: Vec<f32>,
}

/// How trees grow.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub trees: usize,
    pub leaves: usize,
    /// Rows that a leaf must hold.
    pub least: usize,
    /// How much of a tree is believed.
    pub rate: f32,
    /// What is added to each leaf's weight, so that few rows say little.
    pub caution: f32,
}

/// A node: a branch with its column, bound and two sides, or a leaf.
#[derive(Clone, Debug)]
pub enum Node {
    Branch { column: usize, bound: f32, below: Box<Node>, other: Box<Node> },
    Leaf(f32),
}

/// A bias and trees whose leaves add up to log-odds.
#[derive(Clone, Debug)]
pub struct Grown {
    pub bias: f32,
    pub trees: Vec<Node>,
}

const BINS: usize = 48;

impl Grown {
    pub fn chance(&self, row: &[f32]) -> f32 {
        let odds = self.bias + self.trees.iter().map(|tree| walk(tree, row)).sum::<f32>();
        1.0 / (1.0 + (-odds).exp())
    }
}

fn walk(tree: &Node, row: &[f32]) -> f32 {
    match tree {
        Node::Leaf(value) => *value,
        Node::Branch { column, bound, below, other } => {
            walk(if row[*column] < *bound { below } else { other }, row)
        }
    }
}

/// Rows of a leaf to be, with the best way to split it.
struct Leaf {
    rows: Vec<u32>,
    g: f64,
    h: f64,
    split: Option<Split>,
    /// Where it hangs: its number among all nodes.
    node: usize,
}

#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    bin: usize,
}

/// The columns in bins, and the bounds between the bins of each.
struct Binned {
    columns: Vec<Vec<u8>>,
    bounds: Vec<Vec<f32>>,
}

impl Binned {
    fn of(rows: &[&[f32]]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
        let mut binned = Self { columns: Vec::new(), bounds: Vec::new() };
        for column in 0..width {
            let mut values: Vec<f32> = rows.iter().map(|row| row[column]).collect();
            values.sort_by(f32::total_cmp);
            let mut bounds: Vec<f32> = Vec::new();
            let mut distinct = values.clone();
            distinct.dedup();
            if distinct.len() <= BINS {
                bounds.extend(distinct.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0));
            } else {
                for part in 1..BINS {
                    let at = values[part * values.len() / BINS];
                    let before = distinct[distinct.partition_point(|value| *value < at).saturating_sub(1)];
                    bounds.push((before + at) / 2.0);
                }
                bounds.dedup();
            }
            // What is written is what is grown.
            let bounds: Vec<f32> = bounds.iter().map(|bound| written(*bound)).collect();
            binned.columns.push(
                rows.iter().map(|row| bounds.partition_point(|bound| row[column] >= *bound) as u8).collect(),
            );
            binned.bounds.push(bounds);
        }
        binned
    }
}

fn written(value: f32) -> f32 {
    format!("{value:.4}").parse().unwrap()
}

pub fn grow(lessons: &Lessons<'_>, growth: Growth) -> Grown {
    let n = lessons.rows.len();
    let binned = Binned::of(&lessons.rows);
    let all: f32 = lessons.weights.iter().sum();
    let yes: f32 =
        lessons.labels.iter().zip(&lessons.weights).map(|(label, w)| if *label { *w } else { 0.0 }).sum();
    let share = (yes / all).clamp(0.001, 0.999);
    let bias = written((share / (1.0 - share)).ln());
    let mut grown = Grown { bias, trees: Vec::new() };
    let mut odds = vec![bias; n];
    for _ in 0..growth.trees {
        let (mut g, mut h) = (vec![0f64; n], vec![0f64; n]);
        for at in 0..n {
            let p = 1.0 / (1.0 + (-odds[at]).exp());
            let (p, w) = (f64::from(p), f64::from(lessons.weights[at]));
            g[at] = w * (p - f64::from(u8::from(lessons.labels[at])));
            h[at] = w * p * (1.0 - p);
        }
        let tree = tree(&binned, &g, &h, growth);
        for (at, odds) in odds.iter_mut().enumerate() {
            *odds += walk(&tree, lessons.rows[at]);
        }
        grown.trees.push(tree);
    }
    grown
}

enum Draft {
    Branch { column: usize, bound: f32, below: usize, other: usize },
    Leaf(f32),
}

fn tree(binned: &Binned, g: &[f64], h: &[f64], growth: Growth) -> Node {
    let leaf = |rows: Vec<u32>, node: usize| {
        let sum = |of: &[f64]| rows.iter().map(|row| of[*row as usize]).sum::<f64>();
        let (sum_g, sum_h) = (sum(g), sum(h));
        let split = best(binned, &rows, g, h, growth);
        Leaf { rows, g: sum_g, h: sum_h, split, node }
    };
    let value = |leaf: &Leaf| written((-leaf.g / (leaf.h + f64::from(growth.caution))) as f32 * growth.rate);
    let mut drafts = vec![Draft::Leaf(0.0)];
    let mut leaves = vec![leaf((0..g.len() as u32).collect(), 0)];
    while leaves.len() < growth.leaves {
        let best = (0..leaves.len())
            .filter_map(|at| leaves[at].split.map(|split| (at, split)))
            .max_by(|a, b| a.1.gain.total_cmp(&b.1.gain).then(b.0.cmp(&a.0)));
        let Some((at, split)) = best else { break };
        let parent = leaves.swap_remove(at);
        let column = &binned.columns[split.column];
        let (below, other): (Vec<u32>, Vec<u32>) =
            parent.rows.iter().partition(|row| usize::from(column[**row as usize]) <= split.bin);
        let bound = binned.bounds[split.column][split.bin];
        drafts.push(Draft::Leaf(0.0));
        drafts.push(Draft::Leaf(0.0));
        let (left, right) = (drafts.len() - 2, drafts.len() - 1);
        drafts[parent.node] = Draft::Branch { column: split.column, bound, below: left, other: right };
        leaves.push(leaf(below, left));
        leaves.push(leaf(other, right));
    }
    for leaf in &leaves {
        drafts[leaf.node] = Draft::Leaf(value(leaf));
    }
    built(&drafts, 0)
}

fn built(drafts: &[Draft], at: usize) -> Node {
    match drafts[at] {
        Draft::Leaf(value) => Node::Leaf(value),
        Draft::Branch { column, bound, below, other } => Node::Branch {
            column,
            bound,
            below: Box::new(built(drafts, below)),
            other: Box::new(built(drafts, other)),
        },
    }
}

/// The split that wins most; `None` when none wins anything.
fn best(binned: &Binned, rows: &[u32], g: &[f64], h: &[f64], growth: Growth) -> Option<Split> {
    if rows.len() < 2 * growth.least {
        return None;
    }
    let caution = f64::from(growth.caution);
    let score = |g: f64, h: f64| g * g / (h + caution);
    let all = rows.iter().fold((0.0, 0.0), |sum, row| (sum.0 + g[*row as usize], sum.1 + h[*row as usize]));
    let mut best: Option<Split> = None;
    for (column, bins) in binned.columns.iter().enumerate() {
        let mut sums = [(0.0f64, 0.0f64, 0usize); BINS + 1];
        for row in rows {
            let sum = &mut sums[usize::from(bins[*row as usize])];
            sum.0 += g[*row as usize];
            sum.1 += h[*row as usize];
            sum.2 += 1;
        }
        let mut left = (0.0, 0.0, 0);
        for (bin, sum) in sums.iter().enumerate().take(binned.bounds[column].len()) {
            left = (left.0 + sum.0, left.1 + sum.1, left.2 + sum.2);
            if left.2 < growth.least || rows.len() - left.2 < growth.least {
                continue;
            }
            let gain = score(left.0, left.1) + score(all.0 - left.0, all.1 - left.1) - score(all.0, all.1);
            if gain > 1e-6 && best.is_none_or(|best| gain > best.gain) {
                best = Some(Split { gain, column, bin });
            }
        }
    }
    best
}
