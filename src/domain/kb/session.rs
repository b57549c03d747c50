//! Rules that the user wants for this session only: they go to the model, never to KB.md, and end with the session.

use super::document::Document;
use super::proposal::{self, Proposal};
use super::reconcile::Reconciler;
use super::{Op, Verdict};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRule {
    /// As the model and the user read it.
    pub text: String,
    /// The key of the edit that it came from.
    key: String,
    /// The sentences that would say the same.
    sentences: Vec<String>,
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRules {
    rules: Vec<SessionRule>,
}

impl SessionRules {
    /// The rules in their order; their numbers count from 1.
    pub fn all(&self) -> &[SessionRule] {
        &self.rules
    }

    /// The rules of a session that is gone on with.
    pub fn again(texts: Vec<String>) -> Self {
        let rule = |text: String| SessionRule { sentences: vec![text.clone()], key: String::new(), text };
        Self { rules: texts.into_iter().map(rule).collect() }
    }

    /// Takes a proposal as a rule of this session and gives it as it reads now. A rule that it contradicts goes.
    pub fn add(&mut self, proposal: &Proposal, reconciler: &Reconciler) -> String {
        let (text, sentences) = match (proposal.edit.op, &proposal.edit.supersedes) {
            (Op::Remove, Some(line)) => (format!("Disregard this line of KB.md: {}", line.text), Vec::new()),
            (Op::Add | Op::Replace | Op::Remove, _) => {
                let mut sentences = vec![proposal.edit.text.clone(), proposal.candidate.text.clone()];
                sentences.retain(|sentence| !sentence.is_empty());
                (proposal.edit.text.clone(), sentences)
            }
        };
        let list: String = self.rules.iter().map(|rule| format!("- {}\n", rule.text)).collect();
        let newest = reconciler.reconcile(&Document::parse(&list), &proposal.candidate);
        if let Verdict::Change(edit) = newest
            && let Some(line) = edit.supersedes
        {
            self.rules.retain(|rule| rule.text != line.text);
        }
        self.rules.retain(|rule| rule.text != text);
        self.rules.push(SessionRule { text: text.clone(), key: proposal.key(), sentences });
        text
    }

    /// Whether one of them says what the proposal says.
    pub fn say(&self, proposal: &Proposal, reconciler: &Reconciler) -> bool {
        let key = proposal.key();
        let sentences: Vec<String> = self.rules.iter().flat_map(|rule| rule.sentences.clone()).collect();
        self.rules.iter().any(|rule| rule.key == key)
            || proposal::said_among(&sentences, &proposal.candidate, reconciler)
    }

    /// Takes out the rule with this number; gives its text.
    pub fn drop_numbered(&mut self, number: usize) -> Option<String> {
        let at = number.checked_sub(1).filter(|at| *at < self.rules.len())?;
        Some(self.rules.remove(at).text)
    }

    /// Takes out all; gives how many there were.
    pub fn clear(&mut self) -> usize {
        std::mem::take(&mut self.rules).len()
    }

    /// The rule that KB.md holds from now on is none of this session's any more.
    pub fn saved(&mut self, proposal: &Proposal) {
        let key = proposal.key();
        self.rules.retain(|rule| rule.key != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::proposal::{Source, remembered};
    use crate::domain::kb::warnings::Alarms;
    use crate::domain::kb::{Edit, LineRef};

    fn proposal(op: Op, text: &str, line: &str) -> Proposal {
        let supersedes = (!line.is_empty()).then(|| LineRef { line: 3, text: line.to_string() });
        let edit = Edit { op, text: text.to_string(), supersedes, section: None };
        Proposal::new(1, remembered(text), edit, Source::Told, &Alarms::default())
    }

    #[test]
    fn the_last_word_counts_and_a_removal_names_its_line() {
        let (reconciler, mut rules) = (Reconciler::new(), SessionRules::default());
        rules.add(&proposal(Op::Replace, "Use pnpm.", "Use npm."), &reconciler);
        rules.add(&proposal(Op::Add, "Sort imports by name.", ""), &reconciler);
        rules.add(&proposal(Op::Replace, "Use yarn.", "Use npm."), &reconciler);
        rules.add(&proposal(Op::Remove, "", "Dates are in UTC."), &reconciler);
        let texts: Vec<&str> = rules.all().iter().map(|rule| rule.text.as_str()).collect();
        assert_eq!(
            texts,
            ["Sort imports by name.", "Use yarn.", "Disregard this line of KB.md: Dates are in UTC."]
        );
    }

    #[test]
    fn what_a_rule_says_is_known_in_other_words() {
        let (reconciler, mut rules) = (Reconciler::new(), SessionRules::default());
        rules.add(&proposal(Op::Replace, "Use pnpm.", "Use npm."), &reconciler);
        assert!(rules.say(&proposal(Op::Add, "Always install with pnpm.", ""), &reconciler));
        assert!(!rules.say(&proposal(Op::Add, "Use yarn.", ""), &reconciler));
        assert_eq!(rules.drop_numbered(2), None);
        assert_eq!(rules.drop_numbered(1).as_deref(), Some("Use pnpm."));
        assert!(!rules.say(&proposal(Op::Add, "Use pnpm.", ""), &reconciler));
    }
}
