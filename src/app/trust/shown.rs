//! The words of the first time in a folder: what is shown of each file, whole or as a diff. What a text hides is spelled out, since the model
//! would read it all the same. It decides nothing.

use crate::app::plain::Form;
use crate::base::text;
use crate::domain::trust::{Item, Trusted};
use crate::draw::patch::{PatchKind, PatchLine, unified};
use crate::panels::pager::{Content, Height, Pager, Told, Tone};

/// Lines around a change.
const AROUND: usize = 2;

/// Lines of a diff that stand in the chat.
const FEW: usize = 12;

/// Lines that hide something, of those that are cut off.
const MOST_HIDDEN: usize = 40;

/// Lines of one file that are printed where nothing scrolls.
const MOST_PRINTED: usize = 400;

/// The question's text.
pub(super) fn pager(items: &[Item], trusted: &Trusted, failed: Option<&str>, form: Form) -> Pager {
    let first = items.iter().all(|item| trusted.before(&item.name).is_none());
    let names = names(items);
    let (title, head) = if first {
        let head = format!(
            "The model is sent what this project brings: {names}. Look at it once; from then on you are shown what others change."
        );
        ("First time in this folder", head)
    } else {
        let head = format!(
            "Changed outside dictum, for example by a git pull: {names}. The model is sent it with every task."
        );
        ("Changed since you looked", head)
    };
    let mut lines = vec![Told::new(Tone::Text, head)];
    if let Some(failed) = failed {
        lines.push(Told::new(Tone::Dim, format!("({})", text::one_line(failed))));
    }
    for item in items {
        lines.push(Told::new(Tone::Text, ""));
        lines.push(Told::new(Tone::Head, format!("── {}", text::one_line(&item.title))));
        let mut of_item = match trusted.before(&item.name) {
            None => whole(&item.text),
            Some(before) => diff(before, &item.text),
        };
        if form != Form::Screen {
            bound(&mut of_item, MOST_PRINTED, &item.name);
        }
        lines.append(&mut of_item);
    }
    Pager::new(title, Content::Told(lines)).of(Height::Content)
}

/// `KB.md, AGENTS.md and 3 more`.
fn names(items: &[Item]) -> String {
    const NAMED: usize = 4;
    let names: Vec<String> = items.iter().take(NAMED).map(|item| text::one_line(&item.name)).collect();
    match (names.split_last(), items.len().saturating_sub(NAMED)) {
        (Some((last, [])), 0) => last.clone(),
        (Some((last, before)), 0) => format!("{} and {last}", before.join(", ")),
        (Some(_), more) => format!("{} and {more} more", names.join(", ")),
        (None, _) => String::new(),
    }
}

/// Every line of a text, with what it hides spelled out.
fn whole(words: &str) -> Vec<Told> {
    unified("", words, 0).into_iter().map(|line| Told::new(Tone::Text, line.text)).collect()
}

fn diff(before: &str, after: &str) -> Vec<Told> {
    if is_another(before, after) {
        let mut lines = vec![Told::new(Tone::Dim, "(so much changed that all of it is shown)")];
        lines.append(&mut whole(after));
        return lines;
    }
    unified(before, after, AROUND).iter().map(signed).collect()
}

/// Whether two texts differ in so many lines that a diff would say nothing, and take too long to make.
fn is_another(before: &str, after: &str) -> bool {
    const MOST: usize = 4_000_000;
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = before.iter().zip(&after).take_while(same).count();
    let shorter = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(shorter).take_while(same).count();
    (before.len() - head - tail).saturating_mul(after.len() - head - tail) > MOST
}

fn signed(line: &PatchLine) -> Told {
    let note = if line.note.is_empty() { String::new() } else { format!("  ({})", line.note) };
    let (tone, sign) = match line.kind {
        PatchKind::Context => (Tone::Text, ' '),
        PatchKind::Added => (Tone::Added, '+'),
        PatchKind::Removed => (Tone::Removed, '-'),
        PatchKind::Gap => return Told::new(Tone::Dim, "  …"),
    };
    Told::new(tone, format!("{sign} {}{note}", line.text))
}

/// Cuts what is too long, and says so. Lines that hide something are shown wherever they stand.
fn bound(lines: &mut Vec<Told>, most: usize, name: &str) {
    let over = lines.len().saturating_sub(most);
    if over > 1 {
        let rest = lines.split_off(most);
        let words = format!("… {over} more lines; all of them are in {}", text::one_line(name));
        lines.push(Told::new(Tone::Dim, words));
        let hidden: Vec<Told> = rest.into_iter().filter(|line| text::has_spelled(&line.text)).collect();
        if !hidden.is_empty() {
            lines.push(Told::new(Tone::Dim, "of these, lines that hide characters:".to_string()));
            lines.extend(hidden.into_iter().take(MOST_HIDDEN));
        }
    }
}

/// What a folder brings, for the chat: of each file as many lines as say what it is.
pub(super) fn first_time(items: &[&Item]) -> String {
    let mut lines = vec!["First time in this folder: the model is sent what follows.".to_string()];
    for item in items {
        lines.push(format!("── {}", text::one_line(&item.title)));
        let mut of_item = whole(&item.text);
        bound(&mut of_item, FEW, &item.name);
        lines.extend(of_item.into_iter().map(|line| line.text));
    }
    lines.join("\n")
}

/// What changed since it was looked at, here or elsewhere, for the chat.
pub(super) fn changed(item: &Item, before: &str, elsewhere: bool) -> String {
    let name = text::one_line(&item.name);
    let place = if elsewhere { "outside dictum" } else { "here" };
    let patch = patch_of(before, &item.text);
    let counted = counted(before, &item.text, patch.as_deref());
    let head = format!("{name} changed {place} ({counted}); this task uses it.");
    let Some(patch) = patch else { return head };
    let changed = patch.iter().filter(|line| matches!(line.kind, PatchKind::Added | PatchKind::Removed));
    let mut lines: Vec<Told> = changed.map(signed).collect();
    bound(&mut lines, FEW, &item.name);
    let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    format!("{head}\n{}", lines.join("\n"))
}

/// What is said where nobody can be asked.
pub(super) fn nobody_looked(trusted: &Trusted, items: &[&Item]) -> String {
    let named = |item: &&Item| {
        let name = text::one_line(&item.name);
        match trusted.before(&item.name) {
            None => name,
            Some(before) => {
                let patch = patch_of(before, &item.text);
                let counted = counted(before, &item.text, patch.as_deref());
                format!("{name} (changed since then: {counted})")
            }
        }
    };
    let names: Vec<String> = items.iter().map(named).collect();
    format!(
        "Used here, and nobody has looked at it: {}. A conversation in a terminal shows what a folder brings once; \
         DICTUM_TRUST=always trusts every folder, and says nothing.",
        names.join(", ")
    )
}

/// The lines that changed; `None` where the texts are too different to be compared.
fn patch_of(before: &str, after: &str) -> Option<Vec<PatchLine>> {
    (!is_another(before, after)).then(|| unified(before, after, 0))
}

/// `+2 −1 lines`.
fn counted(before: &str, after: &str, patch: Option<&[PatchLine]>) -> String {
    let Some(lines) = patch else {
        return format!("{} lines in place of {}", after.lines().count(), before.lines().count());
    };
    let count = |kind| lines.iter().filter(|line| line.kind == kind).count();
    format!("+{} −{} lines", count(PatchKind::Added), count(PatchKind::Removed))
}
