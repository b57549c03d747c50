//! The history as every protocol wants it: in order, each call with its result, each id once. It never changes what was said.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::attach::{self, Attachment, Content, Media};
use crate::domain::chat::{ToolCall, ToolResult};
use crate::domain::exchange::{Anchor, Message, Request};

/// A picture that the user showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub media: Media,
    /// In base64.
    pub data: Arc<str>,
}

impl Picture {
    /// As an address that holds it whole.
    pub fn address(&self) -> String {
        format!("data:{};base64,{}", self.media.mime(), self.data)
    }
}

/// The history as every protocol wants it: turns alternate, the user begins, each call has its result right behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Results of the calls before it, then what the user showed and wrote.
    User { results: Vec<ToolResult>, pictures: Vec<Picture>, texts: Vec<String> },
    Assistant {
        text: String,
        calls: Vec<ToolCall>,
        /// What the one who is asked made itself and wants back.
        opaque: Vec<(Anchor, Value)>,
    },
}

/// The opaque parts of a turn that stand at `anchor`.
pub fn opaque_at(opaque: &[(Anchor, Value)], anchor: Anchor) -> impl Iterator<Item = &Value> {
    opaque.iter().filter(move |(at, _)| *at == anchor).map(|(_, value)| value)
}

/// Puts the history in order. Blank texts are dropped, neighbours of one side merged, a call without result gets one that says so,
/// and a result without its call is left out: providers refuse all of these.
/// What is opaque goes to its maker alone.
pub fn turns(request: &Request) -> Vec<Turn> {
    turns_named(request, str::to_string)
}

/// The same, with the ids of calls in the form that the server takes.
pub fn turns_named(request: &Request, form: fn(&str) -> String) -> Vec<Turn> {
    let mut turns = ordered(&request.messages, &request.endpoint.maker());
    name_calls(&mut turns, form);
    turns
}

/// Gives each call an id that no other call of the conversation has: servers that give none get the same ones in each reply, and some
/// providers refuse an id that comes twice. The same history always gets the same ids.
fn name_calls(turns: &mut [Turn], form: fn(&str) -> String) {
    let mut used = HashSet::new();
    let mut names = Vec::new();
    for turn in turns {
        match turn {
            Turn::Assistant { calls, opaque, .. } => {
                names.clear();
                for call in calls {
                    call.id = unique(&call.id, opaque, form, &mut used);
                    names.push(call.id.clone());
                }
            }
            Turn::User { results, .. } => {
                results.iter_mut().zip(names.drain(..)).for_each(|(result, name)| result.id = name);
            }
        }
    }
}

fn unique(
    id: &str,
    opaque: &[(Anchor, Value)],
    form: fn(&str) -> String,
    used: &mut HashSet<String>,
) -> String {
    let plain = if id.is_empty() { "call" } else { id };
    let name = form(plain);
    // What the maker wants back may name the call, and it takes its own ids.
    let quoted = format!("\"{plain}\"");
    let named = || opaque.iter().any(|(_, own)| own.to_string().contains(&quoted));
    if used.insert(name.clone()) || named() {
        return name;
    }
    // The number stands in front, where no form cuts it off.
    let free = (2..).map(|number| form(&format!("{number}-{plain}"))).find(|name| used.insert(name.clone()));
    free.unwrap_or(name)
}

fn ordered(messages: &[Message], maker: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        match message {
            Message::User { text } if text.trim().is_empty() => {}
            Message::User { text } => match user_turn(&mut turns) {
                Some(Turn::User { texts, .. }) => texts.push(text.clone()),
                Some(Turn::Assistant { .. }) | None => {}
            },
            Message::Attached(attached) => add_attached(&mut turns, attached),
            Message::Results(answers) => add_results(&mut turns, answers),
            Message::Assistant { text, calls, opaque } => {
                let own = opaque.iter().filter(|opaque| opaque.maker == maker);
                let own = own.filter_map(|own| Some((own.anchor, serde_json::from_str(&own.json).ok()?)));
                add_assistant(&mut turns, text, calls, own.collect());
            }
        }
    }
    if open_calls(&turns).is_some() {
        user_turn(&mut turns);
    }
    turns
}

/// The user turn at the end, opened where there is none: the calls before it are answered as cancelled until their results come.
fn user_turn(turns: &mut Vec<Turn>) -> Option<&mut Turn> {
    if !matches!(turns.last(), Some(Turn::User { .. })) {
        let results = open_calls(turns).unwrap_or_default().iter().map(|call| ToolResult {
            id: call.id.clone(),
            text: "The call was cancelled before it had a result.".to_string(),
            failed: true,
        });
        let turn = Turn::User { results: results.collect(), pictures: Vec::new(), texts: Vec::new() };
        turns.push(turn);
    }
    turns.last_mut()
}

/// What goes along with the message behind it stands before it.
fn add_attached(turns: &mut Vec<Turn>, attached: &[Attachment]) {
    let Some(text) = attach::text(attached) else { return };
    if let Some(Turn::User { pictures, texts, .. }) = user_turn(turns) {
        texts.push(text);
        pictures.extend(attached.iter().filter_map(|attached| match &attached.content {
            Content::Picture { media, data } => Some(Picture { media: *media, data: Arc::clone(data) }),
            Content::Text(_) | Content::Gone => None,
        }));
    }
}

/// The calls of the last turn, when they wait for their results.
fn open_calls(turns: &[Turn]) -> Option<&[ToolCall]> {
    match turns.last() {
        Some(Turn::Assistant { calls, .. }) if !calls.is_empty() => Some(calls),
        Some(Turn::Assistant { .. } | Turn::User { .. }) | None => None,
    }
}

fn add_results(turns: &mut Vec<Turn>, answers: &[ToolResult]) {
    if open_calls(turns).is_none() && !matches!(turns.last(), Some(Turn::User { .. })) {
        return;
    }
    if let Some(Turn::User { results, .. }) = user_turn(turns) {
        // Two calls of one id are answered in their order.
        let mut open: Vec<&mut ToolResult> = results.iter_mut().collect();
        for answer in answers {
            if let Some(at) = open.iter().position(|result| result.id == answer.id) {
                *open.remove(at) = answer.clone();
            }
        }
    }
}

fn add_assistant(turns: &mut Vec<Turn>, text: &str, calls: &[ToolCall], own: Vec<(Anchor, Value)>) {
    let blank = text.trim().is_empty();
    if blank && calls.is_empty() {
        return;
    }
    if open_calls(turns).is_some() {
        user_turn(turns);
    }
    match turns.last_mut() {
        // A history that was trimmed may begin with a reply; providers want the user first.
        None => {}
        // The turn before has no calls, so the numbers of these hold.
        Some(Turn::Assistant { text: before, calls: made, opaque }) => {
            if !blank {
                if !before.is_empty() {
                    before.push_str("\n\n");
                }
                before.push_str(text);
            }
            made.extend_from_slice(calls);
            opaque.extend(own);
        }
        Some(Turn::User { .. }) => {
            let text = if blank { String::new() } else { text.to_string() };
            turns.push(Turn::Assistant { text, calls: calls.to_vec(), opaque: own });
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::User { text: text.to_string() }
    }

    fn said(text: &str, ids: &[&str]) -> Message {
        let calls = ids.iter().map(|id| ToolCall {
            id: (*id).to_string(),
            name: "read".to_string(),
            arguments: String::new(),
        });
        Message::Assistant { text: text.to_string(), calls: calls.collect(), opaque: Vec::new() }
    }

    fn results(ids: &[&str]) -> Message {
        let made = ids.iter().map(|id| ToolResult {
            id: (*id).to_string(),
            text: format!("of {id}"),
            failed: false,
        });
        Message::Results(made.collect())
    }

    /// One line for each turn: `user[a=ok b=failed] text|text` or `assistant[a b] text`.
    fn check(messages: &[Message], expect: &[&str]) {
        let mut turns = ordered(messages, "");
        name_calls(&mut turns, |id| id.replace('.', "_"));
        let lines: Vec<String> = turns
            .iter()
            .map(|turn| match turn {
                Turn::User { results, texts, .. } => {
                    let results: Vec<String> = results
                        .iter()
                        .map(|result| {
                            format!("{}={}", result.id, if result.failed { "failed" } else { "ok" })
                        })
                        .collect();
                    format!("user[{}] {}", results.join(" "), texts.join("|"))
                }
                Turn::Assistant { text, calls, .. } => {
                    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
                    format!("assistant[{}] {text}", ids.join(" "))
                }
            })
            .collect();
        assert_eq!(lines, expect);
    }

    #[test]
    fn turns_alternate_and_the_user_begins() {
        check(&[user("a"), user(" "), user("b")], &["user[] a|b"]);
        check(&[said("x", &[]), user("a")], &["user[] a"]);
        check(&[results(&["z"]), user("a"), said("", &[]), user("b")], &["user[] a|b"]);
        check(
            &[user("a"), said("x", &[]), said("y", &[]), user("b")],
            &["user[] a", "assistant[] x\n\ny", "user[] b"],
        );
    }

    #[test]
    fn every_call_has_exactly_one_result_behind_it() {
        let calls = "assistant[1 2] ";
        check(&[user("a"), said("", &["1", "2"])], &["user[] a", calls, "user[1=failed 2=failed] "]);
        check(
            &[user("a"), said("", &["1", "2"]), results(&["2"]), user("b")],
            &["user[] a", calls, "user[1=failed 2=ok] b"],
        );
        check(
            &[user("a"), said("", &["1", "2"]), results(&["1"]), results(&["2", "9"]), said("x", &[])],
            &["user[] a", calls, "user[1=ok 2=ok] ", "assistant[] x"],
        );
        check(
            &[user("a"), said("", &["1", "2"]), user("stop"), said("x", &["3"]), said("y", &[])],
            &[
                "user[] a",
                calls,
                "user[1=failed 2=failed] stop",
                "assistant[3] x",
                "user[3=failed] ",
                "assistant[] y",
            ],
        );
    }

    #[test]
    fn no_id_comes_twice_in_a_conversation() {
        check(
            &[
                user("a"),
                said("", &["call_1", "call_1"]),
                results(&["call_1", "call_1"]),
                said("", &["call_1", "a.b"]),
                results(&["a.b"]),
                said("", &["a_b", ""]),
                said("", &[""]),
                results(&[""]),
            ],
            &[
                "user[] a",
                "assistant[call_1 2-call_1] ",
                "user[call_1=ok 2-call_1=ok] ",
                "assistant[3-call_1 a_b] ",
                "user[3-call_1=failed a_b=ok] ",
                "assistant[2-a_b call] ",
                "user[2-a_b=failed call=failed] ",
                "assistant[2-call] ",
                "user[2-call=ok] ",
            ],
        );
    }

    #[test]
    fn an_id_stays_that_its_maker_named_in_what_it_wants_back() {
        let call =
            |id: &str| ToolCall { id: id.to_string(), name: "read".to_string(), arguments: String::new() };
        let own = vec![(Anchor::Text, serde_json::json!({ "reasoning_details": [{ "id": "tool_0" }] }))];
        let said = |own: &Vec<_>| Turn::Assistant {
            text: String::new(),
            calls: vec![call("tool_0")],
            opaque: own.clone(),
        };
        let mut turns = vec![said(&own), said(&own), said(&Vec::new())];
        name_calls(&mut turns, str::to_string);
        let ids: Vec<&str> = turns
            .iter()
            .filter_map(|turn| match turn {
                Turn::Assistant { calls, .. } => calls.first().map(|call| call.id.as_str()),
                Turn::User { .. } => None,
            })
            .collect();
        assert_eq!(ids, ["tool_0", "tool_0", "2-tool_0"]);
    }
}
