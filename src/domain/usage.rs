//! How much of a model's room a request fills, by parts, and what replies used and cost. It estimates where nobody counted, and says which
//! is which.

use super::attach::{Attachment, Content};
use super::briefing::{KB, PERSONA};
use super::chat::{Body, Log};
use super::exchange::{Message, Request, Usage};

/// Tokens of a text, estimated: four letters of Latin script make one, one of a script without spaces is about one by itself.
pub fn tokens(text: &str) -> u64 {
    tokens_of([text])
}

/// Tokens of texts that stand together, estimated as those of one.
pub fn tokens_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let (mut latin, mut accented, mut others) = (0_u64, 0_u64, 0_u64);
    for letter in texts.into_iter().flat_map(str::chars) {
        match letter.len_utf8() {
            1 => latin += 1,
            2 => accented += 1,
            _ => others += 1,
        }
    }
    latin.div_ceil(4) + accented.div_ceil(2) + others
}

/// What a request is made of, in tokens, estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    pub persona: u64,
    pub kb: u64,
    /// How to propose edits, the rules of the session, what waits, and the tools.
    pub conduct: u64,
    pub history: u64,
}

impl Shares {
    /// Measures a request.
    pub fn of(request: &Request) -> Self {
        let mut shares = Self::default();
        for part in &request.system {
            let counted = tokens(&part.text);
            match part.label.as_str() {
                KB => shares.kb += counted,
                label if label.starts_with(PERSONA) => shares.persona += counted,
                _ => shares.conduct += counted,
            }
        }
        for tool in &request.tools {
            shares.conduct += tokens(&tool.name) + tokens(&tool.description) + tokens(&tool.schema);
        }
        shares.history = request.messages.iter().map(of_message).sum();
        shares
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.persona + self.kb + self.conduct + self.history
    }
}

/// The tokens of one message, estimated; each has a frame of a few.
pub fn of_message(message: &Message) -> u64 {
    const FRAME: u64 = 4;
    FRAME
        + match message {
            Message::User { text } => tokens(text),
            Message::Assistant { text, calls, opaque } => {
                let called: u64 = calls.iter().map(|call| tokens(&call.name) + tokens(&call.arguments)).sum();
                tokens(text) + called + opaque.iter().map(|part| tokens(&part.json)).sum::<u64>()
            }
            Message::Attached(attached) => attached.iter().map(of_attachment).sum(),
            Message::Results(results) => results.iter().map(|result| tokens(&result.text)).sum(),
        }
}

/// What providers count for a picture of usual size, about.
pub const PICTURE: u64 = 1_600;

/// The tokens of what goes along with a message, estimated.
fn of_attachment(attached: &Attachment) -> u64 {
    match &attached.content {
        Content::Text(text) => tokens(text),
        Content::Picture { .. } => PICTURE,
        Content::Gone => tokens(&attached.label()),
    }
}

/// Whether a number was reported by the provider or estimated here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    Exactly,
    #[default]
    Roughly,
}

impl Counted {
    /// The mark before a number that is a guess.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Exactly => "",
            Self::Roughly => "~",
        }
    }
}

/// The request that was sent last, and what came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub shares: Shares,
    /// What the provider reported of it.
    pub usage: Usage,
    /// The reply's length, estimated, for when nobody reports it.
    pub reply: u64,
}

impl Sent {
    /// How many tokens the conversation holds after the reply.
    pub fn used(&self) -> (u64, Counted) {
        match (self.usage.input, self.usage.output) {
            (Some(input), output) if input > 0 => {
                (input + output.unwrap_or(self.reply), output.map_or(Counted::Roughly, |_| Counted::Exactly))
            }
            (_, output) => (self.shares.total() + output.unwrap_or(self.reply), Counted::Roughly),
        }
    }

    /// An estimate of another request of this conversation, made better by what this one turned out to be.
    pub fn corrected(&self, estimate: u64) -> u64 {
        let (Some(real), guessed @ 1..) = (self.usage.input, self.shares.total()) else { return estimate };
        // A report that is far off the mark counts something else.
        let ratio = (real as f64 / guessed as f64).clamp(0.5, 3.0);
        (estimate as f64 * ratio) as u64
    }
}

/// What the replies of a conversation used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    pub replies: u64,
    /// Summaries that made room.
    pub summaries: u64,
    pub usage: Usage,
    /// US dollars, of the replies whose price is known.
    pub cost: f64,
    pub priced: u64,
    /// Replies and summaries of which the provider reported nothing.
    pub unreported: u64,
}

impl Spent {
    /// Adds what a reply or a summary used, with its price where that is known.
    fn add(&mut self, usage: Usage, cost: Option<f64>) {
        let sum = |all: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *all = Some(all.unwrap_or_default() + more);
            }
        };
        sum(&mut self.usage.input, usage.input);
        sum(&mut self.usage.output, usage.output);
        sum(&mut self.usage.cached, usage.cached);
        sum(&mut self.usage.written, usage.written);
        self.unreported += u64::from(usage.input.is_none() && usage.output.is_none());
        if let Some(cost) = cost {
            self.cost += cost;
            self.priced += 1;
        }
    }

    /// All replies and summaries of a conversation; `cost` tells what one cost, by its provider, where that is known, and its model.
    pub fn of(log: &Log, cost: impl Fn(Usage, &str, &str) -> Option<f64>) -> Self {
        let mut spent = Self::default();
        for entry in log.entries() {
            match &entry.body {
                Body::Reply(reply)
                    if reply.outcome.is_some()
                        && (reply.usage != Usage::default() || !reply.text.is_empty()) =>
                {
                    spent.replies += 1;
                    spent.add(reply.usage, cost(reply.usage, &reply.provider, &reply.model));
                }
                // Only a summary that was asked for has a model.
                Body::Compaction { usage, model, .. } if !model.is_empty() => {
                    spent.summaries += 1;
                    spent.add(*usage, cost(*usage, "", model));
                }
                Body::Reply(_)
                | Body::Compaction { .. }
                | Body::User { .. }
                | Body::Divider { .. }
                | Body::Notice { .. }
                | Body::Decision { .. } => {}
            }
        }
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_estimated_by_script() {
        let told = ["", "four", "hello there", "наука", "世界和平", "🦀"].map(tokens);
        assert_eq!(told, [0, 1, 3, 3, 4, 1]);
    }

    #[test]
    fn what_was_reported_is_exact_and_mends_the_next_estimate() {
        let shares = Shares { persona: 100, kb: 50, conduct: 50, history: 200 };
        let sent = Sent { shares, reply: 30, ..Sent::default() };
        assert_eq!(sent.used(), (430, Counted::Roughly));
        assert_eq!(sent.corrected(1_000), 1_000);
        let usage = Usage { input: Some(500), output: Some(40), ..Usage::default() };
        let sent = Sent { usage, ..sent };
        assert_eq!(sent.used(), (540, Counted::Exactly));
        assert_eq!(sent.corrected(1_000), 1_250);
    }
}
