//! How long a reply may be where a server says that prompt and reply together do not fit into its room, read from the numbers of its
//! refusal. It never shortens the prompt, and it reads nothing out of a refusal that does not repeat what was asked.

use serde_json::Value;

use super::quirks::limit_of;
use super::trouble::Trouble;

/// What stands before the number of the whole room.
const LEADS: &[&str] = &[
    // OpenAI, vLLM, DeepSeek, OpenRouter, SGLang.
    "context length is ",
    "context length of ",
    "context length: ",
    "context window is ",
    "context window of ",
    // Text Generation Inference and Together.
    "must be <= ",
];

/// A shorter reply than this, in tokens, is of no use: then the prompt is what is too long.
const SMALLEST: u64 = 256;

/// What a refusal says about the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// All of it, in tokens.
    pub context: u64,
    /// What is left of it for the reply, in tokens.
    pub left: u32,
}

/// The room that a refusal of `body` names, where a shorter reply fits into it. `estimate` is the length of the prompt in tokens, for
/// servers that only say how long it is at least.
pub fn named(trouble: &Trouble, body: &Value, estimate: u64) -> Option<Room> {
    if !matches!(trouble.status, Some(400 | 413 | 422) | None) {
        return None;
    }
    let asked = limit_of(body).map(|(_, asked)| asked);
    let asked = asked.or_else(|| body.pointer("/options/num_predict")?.as_u64())?;
    let message = trouble.message.to_lowercase();
    let context = whole(&message)?;
    let mut named = numbers(&message);
    for known in [context, asked] {
        named.remove(named.iter().position(|number| *number == known)?);
    }
    // The sum of prompt and reply counts tools, too, which the number of the prompt may not.
    let sums = named.iter().filter(|number| **number > context).filter_map(|sum| sum.checked_sub(asked));
    let prompt = sums.max().or_else(|| named.iter().copied().filter(|number| *number < context).max())?;
    let left = if message.contains("at least") {
        let guess = prompt.max(estimate + estimate / 8);
        context.saturating_sub(guess).min(asked / 4 * 3)
    } else {
        context.saturating_sub(prompt)
    };
    let left = u32::try_from(left).ok().filter(|_| left >= SMALLEST && left < asked)?;
    Some(Room { context, left })
}

/// The number of the whole room.
fn whole(message: &str) -> Option<u64> {
    let behind = |lead: &str| message.find(lead).and_then(|at| message.get(at + lead.len()..));
    // Anthropic: `context limit: 195000 + 8192 > 200000`.
    let sum = behind("context limit").and_then(|rest| rest.split_once('>')).map(|(_, rest)| rest);
    let rest = sum.or_else(|| LEADS.iter().find_map(|lead| behind(lead)))?;
    numbers(rest).first().copied().filter(|number| *number > 0)
}

/// All whole numbers of a text, in order; commas between digits belong to them.
fn numbers(text: &str) -> Vec<u64> {
    let digit = |sign: &char| sign.is_ascii_digit();
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '0'..='9' => digits.push(sign),
            ',' | '_' if !digits.is_empty() && signs.peek().is_some_and(digit) => {}
            _ => found.extend(std::mem::take(&mut digits).parse::<u64>()),
        }
    }
    found.extend(digits.parse::<u64>());
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `context left`, or nothing; the prompt is guessed to have 1,000 tokens.
    fn told(asked: u64, message: &str) -> String {
        let trouble = Trouble { status: Some(400), message: message.to_string(), ..Trouble::default() };
        let room = named(&trouble, &json!({ "max_tokens": asked }), 1_000);
        room.map(|room| format!("{} {}", room.context, room.left)).unwrap_or_default()
    }

    #[test]
    fn the_room_is_read_in_every_notation() {
        for (asked, message, expect) in [
            (
                8192,
                "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and \
                 your request has 1500 input tokens (8192 > 8192 - 1500). None",
                "8192 6692",
            ),
            (
                1000,
                "This model's maximum context length is 4097 tokens. However, you requested 4197 tokens (3197 in the messages, 1000 in \
                 the completion). Please reduce the length of the messages or completion.",
                "4097 900",
            ),
            (
                8192,
                "This model's maximum context length is 8192 tokens. However, you requested 8192 output tokens and your prompt contains \
                 1500 input tokens, for a total of 9692 tokens.",
                "8192 6692",
            ),
            // Only a bound of the prompt is told: the estimate counts.
            (
                8192,
                "This model's maximum context length is 9000 tokens. However, you requested 8192 output tokens and your prompt contains \
                 at least 809 input tokens, for a total of at least 9001 tokens.",
                "9000 6144",
            ),
            (
                8192,
                "input length and `max_tokens` exceed context limit: 195,000 + 8192 > 200,000, decrease input length or `max_tokens` and \
                 try again",
                "200000 5000",
            ),
            (
                8192,
                "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9692 tokens: \
                 1500 tokens from the input messages and 8192 tokens for the completion.",
                "8192 6692",
            ),
            (
                131_000,
                "This endpoint's maximum context length is 131072 tokens. However, you requested about 140500 tokens (9000 of text input, \
                 500 of tool input, 131000 in the output).",
                "131072 121572",
            ),
            (
                2000,
                "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3000 `inputs` tokens and 2000 \
                 `max_new_tokens`",
                "4096 1096",
            ),
        ] {
            assert_eq!(told(asked, message), expect, "{message}");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_itself_is_told_from_it() {
        for (asked, message) in [
            (
                1000,
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 8500 tokens.",
            ),
            (
                8192,
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9692 tokens.",
            ),
            (8192, "prompt is too long: 210000 tokens > 200000 maximum"),
            (
                1000,
                "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in \
                 the completion).",
            ),
            (8192, "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens"),
            (8192, "context length is 99999999999999999999999 tokens, you asked for 8192"),
            (8192, ""),
        ] {
            assert_eq!(told(asked, message), "", "{message}");
        }
    }
}
