//! `/context`: what the next request would hold, part by part or byte for byte. It sends nothing and changes nothing in the conversation.

use super::state::{Looking, Overlay, State, What};
use super::update::open;
use super::{request, usage};
use crate::base::count::whole;
use crate::domain::attach::mention;
use crate::domain::attach::refusal::Found;
use crate::domain::chat::Body;
use crate::domain::context::{Group, Newest, Part, parts};
use crate::domain::kb::origins::Origins;
use crate::domain::kb::state::{Snapshot, size};
use crate::domain::kb::{Span, joined};
use crate::panels::pager::{Content, Pager};
use crate::protocol::message::{Agreed, Effect, TaskId};

/// `/context [raw] [MESSAGE]`: with the message given, or the draft where the command came from elsewhere.
pub fn begin(state: &mut State, words: &str) -> Vec<Effect> {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let (what, words) = if first == "raw" { (What::Bytes, rest.trim()) } else { (What::Parts, words) };
    let message = if words.is_empty() { state.prompt.editor.spans() } else { vec![Span::typed(words)] };
    let task = state.errands.task();
    let mentions = mention::of(&message);
    state.errands.looking = Some(Looking { task, what, message, attached: Vec::new(), told: Vec::new() });
    if mentions.is_empty() {
        vec![Effect::ReadKb { task }]
    } else {
        vec![Effect::ReadMentions { task, mentions, agreed: Agreed::No }]
    }
}

/// What the draft mentions was read.
pub fn found(state: &mut State, task: TaskId, found: Vec<Found>) -> Vec<Effect> {
    let Some(looking) = state.errands.looking.as_mut().filter(|looking| looking.task == task) else {
        return Vec::new();
    };
    for one in found {
        match one {
            Found::Word | Found::Folder { .. } => {}
            Found::Attached(one) => looking.attached.push(one),
            Found::Refused { name, why } => {
                looking.told.push(format!("{} It is not counted.", why.sentence(&name)))
            }
        }
    }
    vec![Effect::ReadKb { task }]
}

/// KB.md was read: all that the next request holds is known.
pub fn kb_read(state: &mut State, task: TaskId, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(looking) = state.errands.looking.take_if(|looking| looking.task == task) else {
        return Vec::new();
    };
    super::review::kb_changed(state, snapshot.clone());
    let mut log = state.log.clone();
    let words = joined(&looking.message);
    let mut hints = Vec::new();
    let newest = if words.trim().is_empty() { Newest::Said } else { Newest::Draft };
    if newest == Newest::Draft {
        hints = state.tools.reconciler.heard(&state.tools.detector, &looking.message, &state.kb.document);
        let origins = Origins::of(&looking.message);
        log.push(Body::User { text: words, attached: looking.attached.clone(), origins });
    }
    let persona = state.personas.active.clone();
    let request = request::request(state, &persona, &hints, Some(&log));
    match looking.what {
        What::Bytes => vec![Effect::MakeBody { request: Box::new(request) }],
        What::Parts => {
            let context = usage::context(state, &request.endpoint);
            let model = match request.endpoint.model.as_str() {
                "" => request.endpoint.provider.clone(),
                model => format!("{model} · {}", request.endpoint.provider),
            };
            let text = told(&parts(&request, newest), &model, context, &looking.told);
            open(state, Overlay::Pager(Pager::new("What the next request holds", Content::Verbatim(text))));
            Vec::new()
        }
    }
}

/// The bytes of the request were made, or there are none.
pub fn body_made(state: &mut State, text: String) {
    open(state, Overlay::Pager(Pager::new("The next request, as it is sent", Content::Verbatim(text))));
}

/// A row for each part, under its heading, and the sum.
fn told(parts: &[Part], model: &str, context: Option<u64>, remarks: &[String]) -> String {
    let row = |label: &str, tokens: u64, bytes: u64| {
        format!("{:>9}  {:>10}  {label}\n", format!("~{}", whole(tokens)), size(bytes))
    };
    let sum = |of: fn(&Part) -> u64| parts.iter().map(of).sum::<u64>();
    let (tokens, bytes) = (sum(|part| part.tokens), sum(|part| part.bytes));
    let room = match context {
        Some(context) if context > 0 => {
            format!(", {} % of the {} that it can read", (tokens * 100).div_ceil(context), whole(context))
        }
        Some(_) | None => String::new(),
    };
    let mut text = format!("{model}\n~{} tokens{room}\n", whole(tokens));
    text.push_str("Tokens are estimates (~), some four letters each. Bytes are those of the texts, without the JSON around them.\n");
    for group in [Group::System, Group::Tools, Group::History, Group::Draft] {
        let of_group: Vec<&Part> = parts.iter().filter(|part| part.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}\n", group.title()));
        for part in of_group {
            text.push_str(&row(&part.label, part.tokens, part.bytes));
        }
    }
    text.push_str(&format!("\n{}", row("in all", tokens, bytes)));
    for remark in remarks {
        text.push_str(&format!("\n{remark}\n"));
    }
    text
}
