//! Entries of the conversation as lines, kept while nothing about them changes. A cold cache draws the same as a warm one.

use std::collections::{HashMap, HashSet};

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::base::text;
use crate::domain::chat::{Body, Entry, EntryId, Fold, Level, Reply, Voice};
use crate::domain::exchange::{Outcome, StopReason};
use crate::draw::highlight::Highlighter;
use crate::draw::markdown;
use crate::draw::stream::StreamCache;
use crate::draw::theme::{Look, Theme};

/// Whether an entry's code has its colours yet. They do not change its height, so they wait until a line of it is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    Plain,
    Coloured,
}

/// An entry's lines at a width.
enum Lines {
    Whole {
        revision: u64,
        ink: Ink,
        lines: Vec<Line<'static>>,
    },
    /// `frame` and `height` are of the frame that asked last.
    Streaming {
        head: Vec<Line<'static>>,
        body: Box<StreamCache>,
        frame: u64,
        height: usize,
    },
}

/// Where the colours of code come from.
#[derive(Default)]
enum Colours {
    /// Made when code is drawn for the first time.
    #[default]
    OnDemand,
    /// Made elsewhere and not here yet; code is plain until then.
    Coming,
    Here(Box<Highlighter>),
}

/// Whether something drawn before wants drawing again now that the colours are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    Nothing,
    Code,
}

/// Lines of entries at one width and theme.
#[derive(Default)]
pub struct LineCache {
    pub(super) width: u16,
    look: Option<Look>,
    frame: u64,
    lines: HashMap<EntryId, Lines>,
    colours: Colours,
    /// The key that unfolds a decided edit.
    unfold: String,
}

impl LineCache {
    /// A cache whose highlighter is made elsewhere, because the first use of a grammar takes long.
    pub fn awaiting_colours() -> Self {
        Self { colours: Colours::Coming, ..Self::default() }
    }

    /// Takes the highlighter that was made elsewhere; tells whether code waits for it.
    pub fn set_colours(&mut self, highlighter: Highlighter) -> Waiting {
        self.colours = Colours::Here(Box::new(highlighter));
        let waits = |lines: &Lines| match lines {
            Lines::Whole { ink, .. } => *ink == Ink::Plain,
            Lines::Streaming { .. } => true,
        };
        if self.lines.values().any(waits) { Waiting::Code } else { Waiting::Nothing }
    }

    /// Takes the key that unfolds a decided edit, as people write it.
    pub fn name_unfolding(&mut self, key: String) {
        if self.unfold != key {
            self.unfold = key;
            self.lines.clear();
        }
    }

    /// Begins a frame at a width.
    pub(super) fn prepare(&mut self, width: u16, theme: &Theme) {
        self.frame += 1;
        if self.width != width || self.look != Some(theme.look()) {
            self.width = width;
            self.look = Some(theme.look());
            self.lines.clear();
        }
    }

    /// Drops the lines of entries that are gone, after the conversation was cleared.
    pub(super) fn forget(&mut self, entries: &[Entry]) {
        if self.lines.len() > entries.len() {
            let here: HashSet<EntryId> = entries.iter().map(|entry| entry.id).collect();
            self.lines.retain(|id, _| here.contains(id));
        }
    }

    /// Brings the entry's lines up to date and tells how many there are.
    pub(super) fn height(&mut self, entry: &Entry, theme: &Theme) -> usize {
        if let Body::Reply(reply) = &entry.body
            && reply.outcome.is_none()
        {
            return self.streaming(entry.id, reply, theme);
        }
        if let Some(Lines::Whole { revision, lines, .. }) = self.lines.get(&entry.id)
            && *revision == entry.revision
        {
            return lines.len();
        }
        let lines = entry_lines(entry, self.width, theme, None, &self.unfold);
        let count = lines.len();
        let ink = if has_code(entry) { Ink::Plain } else { Ink::Coloured };
        self.lines.insert(entry.id, Lines::Whole { revision: entry.revision, ink, lines });
        count
    }

    /// The height of a reply on its way, worked out once a frame.
    fn streaming(&mut self, id: EntryId, reply: &Reply, theme: &Theme) -> usize {
        let (width, now) = (self.width, self.frame);
        if let Some(Lines::Streaming { frame, height, .. }) = self.lines.get(&id)
            && *frame == now
        {
            return *height;
        }
        if reply.text.contains("```") {
            self.make_colours();
        }
        let Self { lines, colours, .. } = self;
        let known = lines.entry(id).or_insert_with(begun);
        if matches!(known, Lines::Whole { .. }) {
            *known = begun();
        }
        match known {
            Lines::Streaming { head, body, frame, height } => {
                *head = reply_head(reply, width, theme);
                let body = body.update(&reply.text, inner(width), theme, colours.highlighter());
                *height = head.len() + body.len() + 1;
                *frame = now;
                *height
            }
            Lines::Whole { lines, .. } => lines.len(),
        }
    }

    fn make_colours(&mut self) {
        if matches!(self.colours, Colours::OnDemand) {
            self.set_colours(Highlighter::new());
        }
    }

    /// Gives the code of an entry its colours, before a line of it is drawn.
    pub(super) fn colour(&mut self, entry: &Entry, theme: &Theme) {
        if !matches!(self.lines.get(&entry.id), Some(Lines::Whole { ink: Ink::Plain, .. })) {
            return;
        }
        self.make_colours();
        if let Some(highlighter) = self.colours.highlighter() {
            let lines = entry_lines(entry, self.width, theme, Some(highlighter), &self.unfold);
            let whole = Lines::Whole { revision: entry.revision, ink: Ink::Coloured, lines };
            self.lines.insert(entry.id, whole);
        }
    }

    /// The letters of an entry before one of its lines.
    pub(super) fn letters_before(&self, entry: &Entry, number: usize) -> usize {
        (0..number).map_while(|number| self.line(entry, number)).map(|line| letters(&line)).sum()
    }

    /// The line of an entry that holds the letter after so many, or the first one when there are fewer.
    pub(super) fn line_with(&self, entry: &Entry, before: usize) -> usize {
        let mut passed = 0;
        let lines = (0..).map_while(|number| Some((number, letters(&self.line(entry, number)?))));
        for (number, more) in lines {
            passed += more;
            if passed > before {
                return number;
            }
        }
        0
    }

    /// Line `number` of an entry whose height was asked before.
    pub(super) fn line(&self, entry: &Entry, number: usize) -> Option<Line<'static>> {
        match self.lines.get(&entry.id)? {
            Lines::Whole { lines, .. } => lines.get(number).cloned(),
            Lines::Streaming { head, body, .. } => match number.checked_sub(head.len()) {
                None => head.get(number).cloned(),
                Some(number) => body.lines().get(number).cloned().map(indented),
            },
        }
    }
}

impl Colours {
    fn highlighter(&self) -> Option<&Highlighter> {
        match self {
            Self::Here(highlighter) => Some(highlighter),
            Self::OnDemand | Self::Coming => None,
        }
    }
}

fn begun() -> Lines {
    Lines::Streaming { head: Vec::new(), body: Box::default(), frame: 0, height: 0 }
}

fn has_code(entry: &Entry) -> bool {
    match &entry.body {
        Body::Reply(reply) => reply.text.contains("```") || reply.text.contains("~~~"),
        Body::User { .. } | Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } => false,
    }
}

/// How many letters and digits are in a line. Marks and rules are left out, since they change with the width.
fn letters(line: &Line) -> usize {
    line.spans.iter().map(|span| span.content.chars().filter(|c| c.is_alphanumeric()).count()).sum()
}

/// Width of the text of a reply: it stands two cells in.
fn inner(width: u16) -> usize {
    usize::from(width.saturating_sub(2).max(1))
}

fn entry_lines(
    entry: &Entry,
    width: u16,
    theme: &Theme,
    highlighter: Option<&Highlighter>,
    unfold: &str,
) -> Vec<Line<'static>> {
    // A round that only called a tool said nothing; the reply that follows it speaks.
    if let Body::Reply(reply) = &entry.body
        && reply.text.trim().is_empty()
        && !reply.calls.is_empty()
        && matches!(reply.outcome, Some(Outcome::Complete(_)))
    {
        return Vec::new();
    }
    let mut lines = match &entry.body {
        Body::User { text } => user_lines(text, width, theme),
        Body::Reply(reply) => reply_lines(reply, width, theme, highlighter),
        Body::Divider { voice } => vec![divider(voice, width, theme)],
        Body::Notice { level, text } => notice_lines(*level, text, width, theme),
        Body::Decision { level, summary, diff } => match entry.fold {
            Fold::Open => decision_lines(*level, summary, diff, width, theme),
            Fold::Folded => vec![folded_line(*level, summary, width, theme, unfold)],
        },
    };
    lines.push(Line::default());
    lines
}

fn user_lines(said: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let bar = Span::styled("▌ ", theme.user);
    markdown::render_plain(said, inner(width), theme.user)
        .into_iter()
        .map(|line| {
            let mut spans = vec![bar.clone()];
            spans.extend(line.spans);
            Line::from(spans).style(line.style)
        })
        .collect()
}

fn reply_head(reply: &Reply, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let style = Style::default().fg(theme.persona(&reply.voice.color)).add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled(format!("● {}", text::one_line(&reply.voice.name)), style)];
    if !reply.model.is_empty() {
        let room = usize::from(width).saturating_sub(text::width(&reply.voice.name) + 6);
        let model = text::truncate(&text::one_line(&reply.model), room);
        spans.push(Span::styled(format!("  {model}"), theme.dim));
    }
    let mut lines = vec![Line::from(spans)];
    if !reply.thinking.is_empty() {
        let words = reply.thinking.split_whitespace().count();
        lines.push(Line::styled(format!("  thought about it in {words} words"), theme.dim));
    }
    lines
}

fn reply_lines(
    reply: &Reply,
    width: u16,
    theme: &Theme,
    highlighter: Option<&Highlighter>,
) -> Vec<Line<'static>> {
    let mut lines = reply_head(reply, width, theme);
    lines.extend(markdown::render(&reply.text, inner(width), theme, highlighter).into_iter().map(indented));
    let mut foot = |words: String, style: Style| {
        for range in text::wrap(&words, inner(width)) {
            let words = words.get(range).unwrap_or_default().to_string();
            lines.push(Line::styled(format!("  {words}"), style));
        }
    };
    match &reply.outcome {
        None | Some(Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse)) => {}
        Some(Outcome::Complete(StopReason::MaxTokens)) => {
            foot("⚠ cut at the token limit; say “continue”, or raise max_tokens".into(), theme.warning);
        }
        Some(Outcome::Complete(StopReason::Refusal)) => {
            foot("⚠ the provider declined to answer".into(), theme.warning);
        }
        Some(Outcome::Complete(StopReason::Other(reason))) => {
            foot(format!("ended: {}", text::one_line(reason)), theme.dim);
        }
        Some(Outcome::Cancelled) => foot("■ stopped".into(), theme.dim),
        Some(Outcome::Truncated) => {
            foot("⚠ the connection ended before the reply did; say “continue”".into(), theme.warning);
        }
        Some(Outcome::Failed(failure)) => {
            foot(format!("✗ {}", text::one_line(&failure.what)), theme.error);
            foot(text::one_line(&failure.next), theme.dim);
        }
    }
    lines
}

fn indented(line: Line<'static>) -> Line<'static> {
    let mut spans = vec![Span::raw("  ")];
    spans.extend(line.spans);
    Line::from(spans).style(line.style)
}

fn divider(voice: &Voice, width: u16, theme: &Theme) -> Line<'static> {
    let style = Style::default().fg(theme.persona(&voice.color));
    let words = format!("● {} speaks now ", text::one_line(&voice.name));
    let rest = usize::from(width).saturating_sub(text::width(&words) + 3);
    Line::from(vec![
        Span::styled("── ", theme.faint),
        Span::styled(words, style),
        Span::styled("─".repeat(rest), theme.faint),
    ])
}

fn marked(level: Level, theme: &Theme) -> (&'static str, Style) {
    match level {
        Level::Info => ("·", theme.dim),
        Level::Good => ("✓", theme.good),
        Level::Warning => ("⚠", theme.warning),
        Level::Error => ("✗", theme.error),
    }
}

fn notice_lines(level: Level, words: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let (mark, style) = marked(level, theme);
    let words = text::expand_tabs(&text::sanitise(words), 0);
    let mut lines = Vec::new();
    for line in words.lines() {
        for range in text::wrap(line, inner(width)) {
            let mark = if lines.is_empty() { mark } else { " " };
            let words = line.get(range).unwrap_or_default();
            lines.push(Line::styled(format!("{mark} {words}"), style));
        }
    }
    lines
}

/// A decided edit as one line, with the key that shows the rest.
fn folded_line(level: Level, summary: &str, width: u16, theme: &Theme, unfold: &str) -> Line<'static> {
    let (mark, style) = marked(level, theme);
    // On a narrow screen the words need the room; the help names the key.
    const NARROW: u16 = 40;
    let hint = if width < NARROW { " ▸".to_string() } else { format!("  ▸ {unfold}") };
    let room = usize::from(width).saturating_sub(text::width(&hint) + 2);
    let words = text::truncate(&text::one_line(summary), room);
    Line::from(vec![Span::styled(format!("{mark} {words}"), style), Span::styled(hint, theme.hint_key)])
}

fn decision_lines(level: Level, summary: &str, diff: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = notice_lines(level, summary, width, theme);
    // What did not change is of no interest any more.
    for line in diff.lines().filter(|line| !line.starts_with("@@")) {
        let style = match line.chars().next() {
            Some('+') => theme.added,
            Some('-') => theme.removed,
            _ => theme.dim,
        };
        let line = text::expand_tabs(&text::sanitise(line), 0);
        for (row, range) in text::wrap(&line, inner(width).saturating_sub(1).max(1)).into_iter().enumerate() {
            let indent = if row == 0 { 2 } else { 3 };
            let words = line.get(range).unwrap_or_default();
            lines.push(Line::styled(format!("{:indent$}{words}", ""), style));
        }
    }
    lines
}
