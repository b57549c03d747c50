//! Logistic regression with an L2 penalty, solved by L-BFGS. It knows numbers alone.

/// The non-zero columns of a row.
pub type Row = Vec<(u32, f32)>;

/// A row with its label, plus or minus one, and how much it counts.
pub struct Labelled<'a> {
    pub row: &'a Row,
    pub label: f32,
    pub weight: f32,
}

/// Weights of the columns, and the bias.
#[derive(Clone, Default)]
pub struct Line {
    pub weights: Vec<f32>,
    pub bias: f32,
}

impl Line {
    pub fn odds(&self, row: &Row) -> f32 {
        odds(&self.weights, self.bias, row)
    }
}

fn odds(weights: &[f32], bias: f32, row: &Row) -> f32 {
    bias + row.iter().map(|(column, x)| weights[*column as usize] * x).sum::<f32>()
}

const ROUNDS: usize = 80;
/// Steps that the curvature is guessed from.
const MEMORY: usize = 8;
const HALVINGS: usize = 20;
/// Of the slope, what a step must win at least.
const ENOUGH: f32 = 1e-4;
/// Of the loss, the gain below which it is solved.
const SOLVED: f64 = 1e-5;

/// A step taken, how the gradient changed on it, and one by their product.
struct Step {
    moved: Vec<f32>,
    bent: Vec<f32>,
    rho: f32,
}

/// The line with the least loss, from `start` on. All sums run in the order of the rows, so that the same rows give the same bits.
pub fn solve(rows: &[Labelled<'_>], c: f32, start: &Line) -> Line {
    let mut point = start.weights.clone();
    point.push(start.bias);
    let mut gradient = vec![0.0; point.len()];
    let mut loss = loss_at(rows, c, &point, &mut gradient);
    let mut steps: Vec<Step> = Vec::new();
    for _ in 0..ROUNDS {
        let direction = direction(&gradient, &steps);
        let slope = dot(&gradient, &direction);
        let Some((next, bent_to, reached)) = search(rows, c, &point, &direction, loss, slope) else { break };
        let moved = minus(&next, &point);
        let bent = minus(&bent_to, &gradient);
        let product = dot(&moved, &bent);
        if product > 1e-9 {
            steps.push(Step { moved, bent, rho: 1.0 / product });
            if steps.len() > MEMORY {
                steps.remove(0);
            }
        }
        let gain = loss - reached;
        (point, gradient, loss) = (next, bent_to, reached);
        if gain <= loss * SOLVED {
            break;
        }
    }
    let bias = point.pop().unwrap_or(0.0);
    Line { weights: point, bias }
}

/// The sum of weight × log(1 + exp(-label × odds)) and of the squared weights by 2C, with its gradient; the last place is the bias.
fn loss_at(rows: &[Labelled<'_>], c: f32, point: &[f32], gradient: &mut [f32]) -> f64 {
    gradient.fill(0.0);
    let last = point.len() - 1;
    let (weights, bias) = (&point[..last], point[last]);
    let mut loss = 0.0_f64;
    for Labelled { row, label, weight } in rows {
        let margin = label * odds(weights, bias, row);
        let cost = if margin > 0.0 { (-margin).exp().ln_1p() } else { -margin + margin.exp().ln_1p() };
        loss += f64::from(weight * cost);
        let pull = -label * weight / (1.0 + margin.exp());
        for (column, x) in row.iter() {
            gradient[*column as usize] += pull * x;
        }
        gradient[last] += pull;
    }
    for (slope, weight) in gradient.iter_mut().zip(weights) {
        loss += f64::from(weight * weight / (2.0 * c));
        *slope += weight / c;
    }
    loss
}

/// The gradient bent by what the last steps say of the curvature; to go down is to go against it.
fn direction(gradient: &[f32], steps: &[Step]) -> Vec<f32> {
    let mut direction = gradient.to_vec();
    let mut shares = Vec::new();
    for step in steps.iter().rev() {
        let share = step.rho * dot(&step.moved, &direction);
        add(&mut direction, -share, &step.bent);
        shares.push(share);
    }
    match steps.last() {
        Some(step) => {
            let scale = dot(&step.moved, &step.bent) / dot(&step.bent, &step.bent);
            direction.iter_mut().for_each(|value| *value *= scale);
        }
        None => {
            let length = dot(gradient, gradient).sqrt().max(1e-9);
            direction.iter_mut().for_each(|value| *value /= length);
        }
    }
    for (step, share) in steps.iter().zip(shares.iter().rev()) {
        let back = step.rho * dot(&step.bent, &direction);
        add(&mut direction, share - back, &step.moved);
    }
    direction
}

/// The first of ever shorter steps that wins enough: where it leads, with gradient and loss.
fn search(
    rows: &[Labelled<'_>],
    c: f32,
    point: &[f32],
    direction: &[f32],
    loss: f64,
    slope: f32,
) -> Option<(Vec<f32>, Vec<f32>, f64)> {
    let mut gradient = vec![0.0; point.len()];
    let mut length = 1.0_f32;
    for _ in 0..HALVINGS {
        let next: Vec<f32> = point.iter().zip(direction).map(|(at, by)| at - length * by).collect();
        let reached = loss_at(rows, c, &next, &mut gradient);
        if reached <= loss - f64::from(ENOUGH * length * slope) {
            return Some((next, gradient, reached));
        }
        length *= 0.5;
    }
    None
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn minus(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add(to: &mut [f32], times: f32, what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}
