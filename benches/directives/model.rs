//! From labelled messages to weights: how rare each piece of evidence is, which clause of a message states the rule where no mark says
//! so, and which pieces are worth their row in the table. It reads and writes no file.

use super::said::{Clause, Example};
use super::solve::{Labelled, Line, Row, solve};

/// What a fit may be told.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The inverse of the penalty on large weights.
    pub c: f32,
    /// As many rows the table has at most.
    pub top: usize,
    /// In as many clauses a piece of evidence is seen at least.
    pub least: usize,
}

/// The clause is chosen and the weights are fitted by turns, so many times.
const TURNS: usize = 3;

/// The fitted weights of the names that are kept.
pub struct Model {
    /// The numbers of the names, in their order.
    pub kept: Vec<u32>,
    /// How rare each is, to a tenth.
    pub rarity: Vec<f32>,
    pub line: Line,
    /// The column of every name.
    columns: Vec<Option<u32>>,
}

impl Model {
    /// Fits on the examples, keeps the strongest pieces of evidence, and fits again on those.
    pub fn fit(examples: &[&Example], names: usize, settings: Settings) -> Self {
        let all = Self::trained(examples, &vec![true; names], settings);
        if all.kept.len() <= settings.top {
            return all;
        }
        let strongest = all.strongest(examples, names, settings.top);
        Self::trained(examples, &strongest, settings)
    }

    /// The log-odds of the clause that speaks most for a directive; `None` without a clause.
    pub fn odds(&self, example: &Example) -> Option<f32> {
        example.clauses.iter().map(|clause| self.line.odds(&self.row(clause))).reduce(f32::max)
    }

    fn trained(examples: &[&Example], allowed: &[bool], settings: Settings) -> Self {
        let mut model = Self::untrained(examples, allowed, settings.least);
        let rows: Vec<Vec<Row>> = examples
            .iter()
            .map(|example| example.clauses.iter().map(|clause| model.row(clause)).collect())
            .collect();
        let mut odds: Vec<Vec<f32>> = examples
            .iter()
            .map(|example| example.clauses.iter().map(|clause| clause.score).collect())
            .collect();
        for _ in 0..TURNS {
            let labelled: Vec<Labelled<'_>> = examples
                .iter()
                .zip(&rows)
                .zip(&odds)
                .flat_map(|((example, rows), odds)| labelled(example, rows, odds))
                .collect();
            model.line = solve(&labelled, settings.c, &model.line);
            for (row, odds) in rows.iter().flatten().zip(odds.iter_mut().flatten()) {
                *odds = model.line.odds(row);
            }
        }
        model
    }

    /// The names that are allowed and seen often enough, with no weight yet.
    fn untrained(examples: &[&Example], allowed: &[bool], least: usize) -> Self {
        let mut seen = vec![0_usize; allowed.len()];
        let mut clauses = 0_usize;
        for clause in examples.iter().flat_map(|example| &example.clauses) {
            clauses += 1;
            for name in clause.shows.iter().flatten() {
                seen[*name as usize] += 1;
            }
        }
        let (mut kept, mut rarity, mut columns) = (Vec::new(), Vec::new(), vec![None; allowed.len()]);
        for (name, seen) in seen.iter().enumerate().filter(|(name, seen)| allowed[*name] && **seen >= least) {
            columns[name] = Some(kept.len() as u32);
            kept.push(name as u32);
            let rare = ((1 + clauses) as f32 / (1 + seen) as f32).ln() + 1.0;
            rarity.push((rare * 10.0).round() / 10.0);
        }
        let line = Line { weights: vec![0.0; kept.len()], bias: 0.0 };
        Self { kept, rarity, line, columns }
    }

    /// What a clause shows of the kept names; each block has the length one.
    fn row(&self, clause: &Clause) -> Row {
        let mut row = Row::new();
        for block in &clause.shows {
            let shown: Vec<(u32, f32)> = block
                .iter()
                .filter_map(|name| self.columns[*name as usize])
                .map(|column| (column, self.rarity[column as usize]))
                .collect();
            let length = shown.iter().map(|(_, rare)| rare * rare).sum::<f32>().sqrt();
            row.extend(shown.iter().map(|(column, rare)| (*column, rare / length)));
        }
        row
    }

    /// The names that decide most: those of a large weight that are seen often.
    fn strongest(&self, examples: &[&Example], names: usize, top: usize) -> Vec<bool> {
        let mut shown = vec![0.0_f32; self.kept.len()];
        for clause in examples.iter().flat_map(|example| &example.clauses) {
            for (column, x) in self.row(clause) {
                shown[column as usize] += x;
            }
        }
        let force = |column: usize| self.line.weights[column].abs() * shown[column].sqrt();
        let mut order: Vec<usize> = (0..self.kept.len()).collect();
        order.sort_by(|a, b| force(*b).total_cmp(&force(*a)));
        let mut strongest = vec![false; names];
        for column in order.into_iter().take(top) {
            strongest[self.kept[column] as usize] = true;
        }
        strongest
    }
}

/// What an example teaches: of a message without a rule every clause is none; of one with marks the marked clauses are the rule and the
/// others are none; else the clause that speaks most for one is the rule, and of the others nothing is known.
fn labelled<'a>(example: &Example, rows: &'a [Row], odds: &[f32]) -> Vec<Labelled<'a>> {
    let weight = example.weight;
    if !example.rule {
        return rows.iter().map(|row| Labelled { row, label: -1.0, weight }).collect();
    }
    if example.marks {
        // A mark that no clause covers is not to teach that all of them are none.
        if !example.clauses.iter().any(|clause| clause.marked) {
            return Vec::new();
        }
        let label = |clause: &Clause| if clause.marked { 1.0 } else { -1.0 };
        let all = rows.iter().zip(&example.clauses);
        return all.map(|(row, clause)| Labelled { row, label: label(clause), weight }).collect();
    }
    let best = rows.iter().zip(odds).max_by(|a, b| a.1.total_cmp(b.1));
    best.map(|(row, _)| Labelled { row, label: 1.0, weight }).into_iter().collect()
}
