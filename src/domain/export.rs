//! A conversation as a text for others: Markdown to read, JSON for programs. It never writes a file.

use serde_json::{Map, Value, json};

use super::attach::Attachment;
use super::chat::{Body, Level, Presence, Reply, Version, Voice, versions};
use super::exchange::{Outcome, StopReason, Usage};
use super::session::{Kept, SessionId};
use crate::base::text;

/// The two forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Markdown,
    Json,
}

impl Form {
    /// The form that is called so: `md`, `markdown` or `json`.
    pub fn named(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The end of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json => "json",
        }
    }
}

/// A conversation with what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// `None` when it was not stored.
    pub session: Option<SessionId>,
    pub title: String,
    pub entries: Vec<Kept>,
}

/// The text in a form. `when` tells a time in words.
pub fn write(conversation: &Conversation, form: Form, when: impl Fn(i64) -> String) -> String {
    match form {
        Form::Markdown => markdown(conversation, when),
        Form::Json => json_text(conversation, when),
    }
}

fn markdown(conversation: &Conversation, when: impl Fn(i64) -> String) -> String {
    let mut out = format!("# {}\n", title(conversation));
    for (kept, version) in conversation.entries.iter().zip(versions_of(conversation)) {
        let place = place(kept.presence, version).map(|words| format!(" · {words}")).unwrap_or_default();
        let at = kept.at.map(|at| format!(" · {}", when(at))).unwrap_or_default();
        let at = format!("{place}{at}");
        match &kept.body {
            Body::User { text, attached, .. } => {
                out.push_str(&format!("\n## You{at}\n\n{}\n", clean(text)));
                let lines: Vec<String> = attached.iter().map(Attachment::label).collect();
                if !lines.is_empty() {
                    out.push_str(&format!("\n{}\n", quoted(&lines.join("\n"))));
                }
            }
            Body::Reply(reply) => markdown_reply(reply, &at, &mut out),
            Body::Divider { voice } => out.push_str(&format!("\n*{} speaks now.*\n", name(voice))),
            Body::Notice { text, .. } | Body::Compaction { text, .. } => {
                out.push_str(&format!("\n{}\n", quoted(text)));
            }
            Body::Decision { summary, diff, .. } => {
                out.push_str(&format!("\n{}\n", quoted(summary)));
                if !diff.is_empty() {
                    out.push_str(&format!("\n{}\n", fenced(diff, "diff")));
                }
            }
        }
    }
    out
}

fn versions_of(conversation: &Conversation) -> Vec<Version> {
    versions(conversation.entries.iter().map(|kept| (&kept.body, kept.presence)))
}

/// How an entry takes part, where that is not plain.
fn place(presence: Presence, version: Version) -> Option<String> {
    match presence {
        Presence::Current if version.has_others() => {
            Some(format!("version {} of {}, the one that counts", version.number, version.of))
        }
        Presence::Current => None,
        // One that said nothing has no number.
        Presence::OtherVersion if version.number == 0 => Some("another version".to_string()),
        Presence::OtherVersion => Some(format!("version {} of {}", version.number, version.of)),
        Presence::TakenBack => Some("taken back".to_string()),
    }
}

fn markdown_reply(reply: &Reply, at: &str, out: &mut String) {
    // A round that only called a tool said nothing.
    let silent = reply.text.trim().is_empty() && matches!(reply.outcome, Some(Outcome::Complete(_)));
    if silent && !reply.calls.is_empty() {
        return;
    }
    let mut head = vec![name(&reply.voice)];
    head.extend((!reply.model.is_empty()).then(|| text::one_line(&reply.model)));
    head.push(match reply.kb.as_str() {
        "" => "no KB.md".to_string(),
        kb => format!("KB.md {}", text::one_line(kb)),
    });
    out.push_str(&format!("\n## {}{at}\n", head.join(" · ")));
    let said = clean(&reply.text);
    if !said.is_empty() {
        out.push_str(&format!("\n{said}\n"));
    }
    if let Some(remark) = reply.outcome.as_ref().and_then(remark) {
        out.push_str(&format!("\n{}\n", quoted(&remark)));
    }
}

/// How a reply ended, where it did not come to its end.
fn remark(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse | StopReason::Other(_)) => None,
        Outcome::Complete(StopReason::MaxTokens) => Some("Cut at the token limit.".to_string()),
        Outcome::Complete(StopReason::Refusal) => Some("The provider declined to answer.".to_string()),
        Outcome::Truncated => Some("Cut: the connection ended before the reply did.".to_string()),
        Outcome::Failed(failure) => Some(failure.what.clone()),
        Outcome::Cancelled => Some("Stopped.".to_string()),
    }
}

fn title(conversation: &Conversation) -> String {
    let title = text::one_line(&conversation.title);
    if title.trim().is_empty() { "A conversation".to_string() } else { title.trim().to_string() }
}

fn name(voice: &Voice) -> String {
    text::one_line(&voice.name)
}

/// Text that moves no cursor where the file is printed.
fn clean(words: &str) -> String {
    text::sanitise(words).trim_end().to_string()
}

fn quoted(words: &str) -> String {
    clean(words).lines().map(|line| format!("> {line}").trim_end().to_string()).collect::<Vec<_>>().join("\n")
}

/// A code block whose fence no line of it ends.
fn fenced(code: &str, language: &str) -> String {
    let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", clean(code))
}

fn json_text(conversation: &Conversation, when: impl Fn(i64) -> String) -> String {
    let entry = |(kept, version): (&Kept, Version)| {
        let mut fields = Map::new();
        if let Some(at) = kept.at {
            fields.insert("at".to_string(), when(at).into());
        }
        if let Value::Object(more) = body_value(&kept.body) {
            fields.extend(more);
        }
        if version.number > 0 && version.has_others() {
            fields.insert("version".to_string(), version.number.into());
            fields.insert("versions".to_string(), version.of.into());
        }
        match kept.presence {
            Presence::Current => {}
            Presence::OtherVersion => drop(fields.insert("presence".to_string(), "other version".into())),
            Presence::TakenBack => drop(fields.insert("presence".to_string(), "taken back".into())),
        }
        Value::Object(fields)
    };
    let value = json!({
        "session": conversation.session.map(|session| session.0),
        "title": title(conversation),
        "entries": conversation.entries.iter().zip(versions_of(conversation)).map(entry).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn body_value(body: &Body) -> Value {
    match body {
        Body::User { text, attached, .. } => json!({
            "kind": "user",
            "text": clean(text),
            "attached": attached.iter().map(|attached| text::one_line(&attached.label())).collect::<Vec<_>>(),
        }),
        Body::Reply(reply) => json!({
            "kind": "reply",
            "persona": name(&reply.voice),
            "model": text::one_line(&reply.model),
            "kb": if reply.kb.is_empty() { Value::Null } else { reply.kb.as_str().into() },
            "text": clean(&reply.text),
            "thinking": clean(&reply.thinking),
            "outcome": reply.outcome.as_ref().map_or("open", outcome_word),
            "remark": reply.outcome.as_ref().and_then(remark).map(|words| text::one_line(&words)),
            "usage": usage_value(reply.usage),
        }),
        Body::Divider { voice } => json!({ "kind": "persona", "persona": name(voice) }),
        Body::Notice { level, text } => {
            json!({ "kind": "notice", "level": level_word(*level), "text": clean(text) })
        }
        Body::Compaction { text, summary, usage, model, .. } => {
            let mut value = json!({ "kind": "compaction", "text": clean(text), "summary": clean(summary) });
            if let Some(fields) = value.as_object_mut().filter(|_| !model.is_empty()) {
                fields.insert("model".to_string(), text::one_line(model).into());
                fields.insert("usage".to_string(), usage_value(*usage));
            }
            value
        }
        Body::Decision { level, summary, diff } => json!({
            "kind": "decision",
            "level": level_word(*level),
            "text": clean(summary),
            "diff": clean(diff),
        }),
    }
}

fn usage_value(usage: Usage) -> Value {
    json!({ "input": usage.input, "output": usage.output, "cached": usage.cached })
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete(_) => "complete",
        Outcome::Truncated => "cut",
        Outcome::Failed(_) => "failed",
        Outcome::Cancelled => "stopped",
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Good => "good",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// A name for the file: the first words of the title, in letters that every system takes.
pub fn file_name(conversation: &Conversation, form: Form) -> String {
    const LONGEST: usize = 40;
    let mut slug = String::new();
    for letter in title(conversation).to_lowercase().chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    let number = conversation.session.map(|session| format!("-{session}")).unwrap_or_default();
    let slug = if slug.is_empty() { String::new() } else { format!("-{slug}") };
    format!("dictum{number}{slug}.{}", form.ending())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exchange::Usage;
    use crate::domain::kb::origins::Origins;

    fn conversation() -> Conversation {
        let voice = Voice { name: "reviewer".into(), color: "yellow".into() };
        let reply = Reply {
            voice,
            text: "It is\n\n```\nfine\n```\n\u{1b}]0;x\u{7}".into(),
            outcome: Some(Outcome::Cancelled),
            usage: Usage { input: Some(3), ..Usage::default() },
            model: "m-1".into(),
            kb: "1a2b3c4d".into(),
            ..Reply::default()
        };
        let decision =
            Body::Decision { level: Level::Good, summary: "Written.".into(), diff: "+ a ``` b".into() };
        let entries = [
            Body::User { text: "why?".into(), attached: Vec::new(), origins: Origins::default() },
            Body::Reply(Box::new(reply)),
            decision,
        ];
        Conversation {
            session: Some(SessionId(7)),
            title: "Why? It's the *build*".into(),
            entries: entries.into_iter().map(|body| Kept::new(Some(5), body)).collect(),
        }
    }

    #[test]
    fn markdown_names_persona_model_and_kb_for_each_reply() {
        let text = write(&conversation(), Form::Markdown, |at| format!("t{at}"));
        let expect = "# Why? It's the *build*\n\n## You · t5\n\nwhy?\n\n## reviewer · m-1 · KB.md 1a2b3c4d · t5\n\n\
                      It is\n\n```\nfine\n```\n\n> Stopped.\n\n> Written.\n\n````diff\n+ a ``` b\n````\n";
        assert_eq!(text, expect);
    }

    #[test]
    fn json_names_them_too_and_is_json() {
        let text = write(&conversation(), Form::Json, |at| format!("t{at}"));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["session"], 7);
        let reply = &value["entries"][1];
        assert_eq!((&reply["persona"], &reply["kb"]), (&"reviewer".into(), &"1a2b3c4d".into()));
        assert_eq!((&reply["outcome"], &reply["at"]), (&"stopped".into(), &"t5".into()));
        assert_eq!(value["entries"][2]["diff"], "+ a ``` b");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn versions_and_what_was_taken_back_are_named() {
        let reply = |version, text: &str| {
            let voice = Voice { name: "r".into(), ..Voice::default() };
            Body::Reply(Box::new(Reply { voice, text: text.into(), version, ..Reply::default() }))
        };
        let said =
            |text: &str| Body::User { text: text.into(), attached: Vec::new(), origins: Origins::default() };
        let kept = |presence, body| Kept { presence, ..Kept::new(None, body) };
        let entries = vec![
            kept(Presence::Current, said("a")),
            kept(Presence::OtherVersion, reply(0, "one")),
            kept(Presence::OtherVersion, reply(1, "")),
            kept(Presence::Current, reply(2, "two")),
            kept(Presence::TakenBack, said("slip")),
            kept(Presence::TakenBack, reply(0, "three")),
        ];
        let conversation = Conversation { entries, title: "a".into(), ..Conversation::default() };
        let text = write(&conversation, Form::Markdown, |_| String::new());
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        let expect = [
            "## You",
            "## r · no KB.md · version 1 of 2",
            "## r · no KB.md · another version",
            "## r · no KB.md · version 2 of 2, the one that counts",
            "## You · taken back",
            "## r · no KB.md · taken back",
        ];
        assert_eq!(heads, expect, "{text}");
        let value: Value =
            serde_json::from_str(&write(&conversation, Form::Json, |_| String::new())).unwrap();
        let entry = |at: usize| &value["entries"][at];
        assert_eq!((&entry(1)["version"], &entry(1)["versions"]), (&1.into(), &2.into()));
        assert_eq!((&entry(1)["presence"], &entry(3)["presence"]), (&"other version".into(), &Value::Null));
        assert_eq!(entry(4)["presence"], "taken back");
    }

    #[test]
    fn the_file_is_named_after_session_and_title() {
        assert_eq!(file_name(&conversation(), Form::Json), "dictum-7-why-it-s-the-build.json");
        assert_eq!(file_name(&Conversation::default(), Form::Markdown), "dictum-a-conversation.md");
    }
}
