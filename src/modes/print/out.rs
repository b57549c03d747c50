//! Where `dictum -p` writes: the reply, or events, to standard output, and all else to standard error. A reader that goes away is no error,
//! and nothing of a reply reaches either of them that a terminal would obey.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

use crate::app::once::{News, json};
use crate::base::text::{self, Running};
use crate::domain::chat::Level;
use crate::modes::Form;

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Open,
    Gone,
}

impl Flow {
    /// Gone, if either is.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Open, Self::Open) => Self::Open,
            (Self::Gone, _) | (_, Self::Gone) => Self::Gone,
        }
    }
}

/// Standard output.
pub struct Out {
    form: Form,
    running: Running,
    /// Blanks that are written only if words follow: a reply ends with one line end, whatever the model ends it with.
    blanks: String,
    line: Line,
}

/// What was written of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Nothing,
    Words,
}

impl Out {
    pub fn new(form: Form) -> Self {
        Self { form, running: Running::default(), blanks: String::new(), line: Line::Nothing }
    }

    /// Tells some news where it belongs.
    pub fn tell(&mut self, news: &News) -> Result<Flow> {
        match news {
            News::Retry { attempt, seconds, cause } => {
                aside(&format!("{cause}; try {} in {seconds} s", attempt + 1));
            }
            News::Silence(seconds) => aside(&format!("{seconds} seconds without a byte; Ctrl+C stops it")),
            News::Notice(level, words) => aside(&format!("{}{words}", word(*level))),
            News::Attached(one) => aside(&format!("sent along: {}", one.label())),
            News::Failed { what, next } => aside(&format!("{what} {next}")),
            News::Start { .. } | News::Text(_) | News::Thinking(_) | News::Usage(_) => {}
        }
        match (self.form, news) {
            (Form::Json, news) => write(&json::event(news)),
            (Form::Text, News::Text(text)) => {
                let clean = self.running.feed(text);
                self.words(&clean)
            }
            (
                Form::Text,
                News::Start { .. }
                | News::Thinking(_)
                | News::Usage(_)
                | News::Retry { .. }
                | News::Silence(_)
                | News::Notice(..)
                | News::Attached(_)
                | News::Failed { .. },
            ) => Ok(Flow::Open),
        }
    }

    fn words(&mut self, clean: &str) -> Result<Flow> {
        let words = clean.trim_end();
        if words.is_empty() {
            self.blanks.push_str(clean);
            return Ok(Flow::Open);
        }
        let before = std::mem::take(&mut self.blanks);
        let whole = format!("{before}{words}");
        let whole = match self.line {
            Line::Nothing => whole.trim_start_matches('\n'),
            Line::Words => &whole,
        };
        self.line = Line::Words;
        let flow = write(whole)?;
        self.blanks.push_str(clean.get(words.len()..).unwrap_or_default());
        Ok(flow)
    }

    /// The reply is over.
    pub fn finish(&mut self) -> Result<Flow> {
        let rest = self.running.finish();
        let flow = self.words(&rest)?;
        match (self.form, self.line) {
            (Form::Text, Line::Words) => Ok(flow.and(write("\n")?)),
            (Form::Text, Line::Nothing) | (Form::Json, _) => Ok(flow),
        }
    }

    /// Writes an event where events are written.
    pub fn event(&self, event: impl FnOnce() -> String) -> Result<Flow> {
        match self.form {
            Form::Json => write(&event()),
            Form::Text => Ok(Flow::Open),
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Info | Level::Good => "",
        Level::Warning => "warning: ",
        Level::Error => "error: ",
    }
}

fn write(words: &str) -> Result<Flow> {
    let mut out = io::stdout().lock();
    match out.write_all(words.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Flow::Open),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Flow::Gone),
        Err(error) => Err(error).context("the output cannot be written any further"),
    }
}

/// Tells something beside the reply, on one line.
pub fn aside(words: &str) {
    // Nobody may read it.
    let _ = writeln!(io::stderr(), "dictum: {}", text::one_line(words));
}

/// Puts a patch beside the reply, as it stands.
pub fn patch(patch: &str) {
    // As above.
    let _ = io::stderr().write_all(patch.as_bytes());
}
