//! The provider without a model: gathers KB.md, the project's Markdown and the persona, and streams what they say on the question. It
//! never leaves the machine, and never claims to be a model.

use crate::domain::briefing::PENDING;
use crate::domain::exchange::{Failure, Message, Outcome, ReplyEvent, Request, StopReason};
use crate::domain::handbook::{Page, acknowledge, answer, is_italian};
use crate::domain::kb::state::LIMIT;
use crate::io::files::{self, Content};
use crate::io::kbfile;
use crate::io::providers::Listener;
use crate::io::walk::{Reach, walk};
use crate::io::work;
use std::path::{Path, PathBuf};

/// How a model is connected; the end of each answer's first paragraph.
pub const HOW_TO_CONNECT: &str = "`/login` connects one. So does a new start with `ANTHROPIC_API_KEY` or `OPENAI_API_KEY` set, with \
    `OPENAI_BASE_URL` for a compatible server, or with Ollama running.";

/// The same for an Italian question.
const HOW_TO_CONNECT_ITALIAN: &str = "`/login` ne collega uno. Oppure riavvia dictum con `ANTHROPIC_API_KEY` o `OPENAI_API_KEY`, con \
    `OPENAI_BASE_URL` per un server compatibile, o con Ollama in funzione.";

/// Bounds of what is read for an answer.
const MOST_FILES: usize = 200;
const LARGEST_FILE: u64 = 256 * 1024;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// So many entries of a project are looked at for Markdown; a home folder taken for a project must not be read through.
const MOST_ENTRIES: usize = 50_000;

/// Folders of other people's Markdown and of build products, also where no ignore file names them.
const SKIPPED: [&str; 8] =
    ["node_modules", ".git", "target", "dist", "build", "vendor", "coverage", "bower_components"];

/// Words are sent in groups of so many, so that an answer is seen to grow.
const GROUP: usize = 4;

/// Answers the last user message of `request` from the files of `project`.
pub async fn ask(request: &Request, project: &Path, listener: impl Listener) -> Outcome {
    let question = last_question(request).to_string();
    let (name, body) = persona(request);
    let told = part(request, "KB.md").map(str::to_string);
    // One line each, after the introduction for a model.
    let waiting: Vec<String> = part(request, PENDING)
        .map(|text| text.lines().filter_map(|line| line.strip_prefix("- ")).map(str::to_string).collect())
        .unwrap_or_default();
    let project = project.to_path_buf();
    let made = work::aside_here(move || {
        // The file itself gives exact line numbers; what the request holds stands in where the file cannot be read here.
        let kb = kbfile::read(&project, LIMIT).text().map(str::to_string).or(told);
        let pages = gather(&project);
        let connect = if is_italian(&question) { HOW_TO_CONNECT_ITALIAN } else { HOW_TO_CONNECT };
        if !waiting.is_empty() && !question.contains('?') {
            return acknowledge(&question, &waiting, connect);
        }
        answer(&question, kb.as_deref(), &name, &body, &pages, connect)
    })
    .await;
    let Ok(text) = made else {
        return Outcome::Failed(Failure::new(
            "The answer from your files could not be put together, because of an error in dictum itself.",
            "Connect a model, or ask in other words; please report it with the question.",
        ));
    };
    let start = ReplyEvent::Start { id: "offline".to_string(), model: "offline".to_string() };
    if listener.hear(start).is_err() {
        return Outcome::Cancelled;
    }
    for piece in groups(&text) {
        if listener.hear(ReplyEvent::Text(piece.to_string())).is_err() {
            return Outcome::Cancelled;
        }
        tokio::task::yield_now().await;
    }
    Outcome::Complete(StopReason::EndTurn)
}

fn last_question(request: &Request) -> &str {
    let mut from_the_end = request.messages.iter().rev();
    from_the_end
        .find_map(|message| match message {
            Message::User { text } => Some(text.as_str()),
            Message::Attached(_) | Message::Assistant { .. } | Message::Results(_) => None,
        })
        .unwrap_or_default()
}

fn part<'a>(request: &'a Request, label: &str) -> Option<&'a str> {
    request.system.iter().find(|part| part.label == label).map(|part| part.text.as_str())
}

/// The persona's name and text from the part labelled `persona` or `persona NAME`.
fn persona(request: &Request) -> (String, String) {
    let found =
        request.system.iter().find_map(|part| Some((part.label.strip_prefix("persona")?, part.text.clone())));
    let (name, body) = found.unwrap_or_default();
    let name = name.trim_start_matches([':', ' ']);
    (if name.is_empty() { "in use".to_string() } else { name.to_string() }, body)
}

/// The project's own Markdown, nearest to the root first. What cannot be read is left out.
fn gather(project: &Path) -> Vec<Page> {
    let walk = walk(project, Reach::Shown, &SKIPPED).build();
    let mut paths: Vec<(usize, PathBuf)> = walk
        .take(MOST_ENTRIES)
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()) && is_markdown(entry.path()))
        .map(|entry| (entry.depth(), entry.into_path()))
        .collect();
    paths.sort();
    let mut pages = Vec::new();
    let mut room = MOST_BYTES;
    for (_, path) in paths {
        let name = files::shown(path.strip_prefix(project).unwrap_or(&path));
        if pages.len() == MOST_FILES || name.eq_ignore_ascii_case("KB.md") {
            continue;
        }
        let Ok(Content::Whole(bytes)) = files::read_bounded(&path, LARGEST_FILE) else { continue };
        if bytes.len() > room {
            continue;
        }
        room -= bytes.len();
        pages.push(Page { path: name, text: String::from_utf8_lossy(&bytes).into_owned() });
    }
    pages
}

fn is_markdown(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
        ["md", "markdown", "mdx"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Cuts a text behind every fourth blank; joined, the pieces are the text.
fn groups(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let cut = rest
            .char_indices()
            .filter(|(_, letter)| letter.is_whitespace())
            .nth(GROUP - 1)
            .map_or(rest.len(), |(at, letter)| at + letter.len_utf8());
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    pieces
}
