//! Labels before a value: `**Label:** value`, `Label: value`, `**Label** – value`. It copies how the siblings write them and edits nothing.

use super::document::{Document, Entry, Kind};
use super::prose;
use super::style;

/// A text that opens with a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead<'a> {
    /// What stands before the name: emphasis or nothing.
    open: &'a str,
    pub name: &'a str,
    /// What stands between the name and the value.
    between: &'a str,
    pub value: &'a str,
}

impl Lead<'_> {
    /// Another label and value in this one's manner.
    fn like(&self, name: &str, value: &str) -> String {
        format!("{}{name}{}{value}", self.open, self.between)
    }
}

/// The label that a text opens with.
pub fn lead(text: &str) -> Option<Lead<'_>> {
    let (name, at) = match prose::label(text) {
        Some(found) => found,
        None => dashed(text)?,
    };
    let head = text.get(..at)?;
    let open = head.find(name)?;
    Some(Lead {
        open: head.get(..open)?,
        name,
        between: head.get(open + name.len()..)?,
        value: text.get(at..)?,
    })
}

/// `**Label** – value`: without emphasis a dash makes no label.
fn dashed(text: &str) -> Option<(&str, usize)> {
    let mark = ["**", "__"].into_iter().find(|mark| text.starts_with(mark))?;
    let (name, rest) = text.get(mark.len()..)?.split_once(mark)?;
    let after = rest.trim_start();
    let dash = after.chars().next().filter(|c| matches!(c, '–' | '—' | '-'))?;
    let value = after.get(dash.len_utf8()..)?;
    let blank = value.starts_with(char::is_whitespace) && after.len() < rest.len();
    let named = (1..=5).contains(&name.split_whitespace().count()) && name.trim() == name;
    (blank && named && !value.trim().is_empty()).then(|| (name, text.len() - value.trim_start().len()))
}

/// A new text in the manner of its siblings: its label written like theirs, its value ending and beginning like theirs.
pub fn like_siblings(text: &str, siblings: &[&str]) -> String {
    let leads: Vec<Lead<'_>> = siblings.iter().filter_map(|text| lead(text)).collect();
    // One label among plain lines makes no habit.
    let model = leads.last().filter(|_| leads.len() * 2 >= siblings.len());
    match (lead(text), model) {
        (Some(ours), Some(model)) => {
            let name = style::begun(ours.name, leads.iter().map(|lead| lead.name));
            let value = style::adapted(ours.value, leads.iter().map(|lead| lead.value));
            model.like(&name, &value)
        }
        (Some(_), None) | (None, Some(_) | None) => style::adapted(text, siblings.iter().copied()),
    }
}

/// The text that replaces `old`: its label stays where the new words answer it.
pub fn replaced(kb: &Document, old: &Entry, text: &str) -> String {
    // Emphasis that goes on in the next sentence hides how the old one begins.
    let plain = match old.kind {
        Kind::Sentence => old.text.trim_matches(['*', '_']),
        Kind::Item { .. } | Kind::Row | Kind::Label => old.text.as_str(),
    };
    let whole = || style::adapted(text, std::iter::once(plain));
    let Some(model) = lead(&old.text) else { return whole() };
    // A value that shows no habit of its own is one in the middle of a line.
    let first = if style::initial(model.value).is_some() { model.value } else { "small" };
    let value = |value: &str| {
        style::begun(&style::adapted(value, std::iter::once(model.value)), std::iter::once(first))
    };
    if let Some(ours) = lead(text) {
        let same = ours.name.eq_ignore_ascii_case(model.name);
        let name =
            if same { model.name.to_string() } else { style::begun(ours.name, std::iter::once(model.name)) };
        return model.like(&name, &value(ours.value));
    }
    if let Some(said) = said_of(model.name, text) {
        return model.like(model.name, &value(said));
    }
    let named = text.to_lowercase().contains(&model.name.to_lowercase());
    let kept = match old.kind {
        Kind::Label => true,
        Kind::Item { .. } => !named && all_labelled(kb, old),
        Kind::Row | Kind::Sentence => false,
    };
    if kept { model.like(model.name, &value(text)) } else { whole() }
}

/// Whether the entry has siblings and all of them open with a label.
fn all_labelled(kb: &Document, old: &Entry) -> bool {
    let mut siblings = kb.entries.iter().filter(|other| other.block == old.block && other.span != old.span);
    siblings.clone().next().is_some() && siblings.all(|other| lead(&other.text).is_some())
}

/// What "the label is value" says of it.
fn said_of<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    const ARTICLES: &[&str] =
        &["the ", "our ", "il ", "la ", "lo ", "el ", "le ", "der ", "die ", "das ", "o ", "a "];
    const VERBS: &[&str] = &["is ", "are ", "è ", "es ", "est ", "ist ", "é ", "= "];
    let after = |text: &'a str, start: &str| {
        let head = text.get(..start.len())?;
        if head.eq_ignore_ascii_case(start) { text.get(start.len()..) } else { None }
    };
    let bare = ARTICLES.iter().find_map(|article| after(text, article)).unwrap_or(text);
    let rest = after(bare, name)?.strip_prefix(' ')?;
    VERBS.iter().find_map(|verb| rest.strip_prefix(verb)).map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_written_like_its_siblings() {
        let like = |text: &str, sibling: &str| like_siblings(text, &[sibling]);
        assert_eq!(like("cache: Redis", "**Runtime:** Node"), "**Cache:** Redis");
        assert_eq!(like("Cache: Redis", "**Runtime**: Node"), "**Cache**: Redis");
        assert_eq!(like("Cache: Redis", "**Runtime** – Node"), "**Cache** – Redis");
        assert_eq!(like("Cache: Redis", "Use tabs."), "Cache: Redis.");
        assert_eq!(like("Log with pino", "**Runtime:** Node"), "Log with pino");
    }

    #[test]
    fn what_is_said_of_a_label_is_its_value() {
        assert_eq!(said_of("Package manager", "The package manager is pnpm."), Some("pnpm."));
        assert_eq!(said_of("Package manager", "Use pnpm."), None);
    }
}
