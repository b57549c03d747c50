//! `dictum session`: list, show, export, rename and delete what was kept. It never deletes or replaces anything unasked.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::conversation::{PROMPTS, SESSIONS};
use super::print;
use crate::base::text;
use crate::cli::SessionCommand;
use crate::domain::export::{self, Conversation, Form};
use crate::domain::session::{SessionId, Summary, ago};
use crate::domain::settings::Values;
use crate::io::config;
use crate::io::export::{put, when};
use crate::io::files::{self, WriteError};
use crate::io::providers::Keys;
use crate::io::store::file;
use crate::io::store::write::Book;
use crate::protocol::sessions::Overwrite;

/// Does what is asked and gives the exit code.
pub fn run(command: &SessionCommand, directory: &Path) -> Result<u8> {
    let state = files::state_dir()?;
    let folder = state.join(SESSIONS);
    // Looking makes no file.
    let keys = match command {
        // A title is written, and no key may stand in it. What a command or the keyring holds is not asked for: a password manager that opens
        // at a rename would surprise more than it protects.
        SessionCommand::Rename { .. } => config::load(&Values::default(), directory).keys,
        SessionCommand::List { .. }
        | SessionCommand::Show { .. }
        | SessionCommand::Export { .. }
        | SessionCommand::Delete { .. } => Keys::default(),
    };
    let book = file::path(&folder).exists().then(|| Book::open(&folder, directory, Arc::new(keys)));
    let book = book.transpose()?;
    let Some(mut book) = book else {
        return match command {
            SessionCommand::List { json: true, .. } => print("[]\n"),
            SessionCommand::List { .. } => print("No session was kept in this folder yet.\n"),
            SessionCommand::Show { .. }
            | SessionCommand::Export { .. }
            | SessionCommand::Rename { .. }
            | SessionCommand::Delete { .. } => bail!("no session was kept yet"),
        };
    };
    match command {
        SessionCommand::List { words, all, number, json } => {
            let query = words.join(" ");
            let (found, folders) = match all {
                true => (book.list_all(&query, *number)?, Folders::Each),
                false => (book.list(&query, *number)?, Folders::Here),
            };
            print(&if *json { list_json(&found) } else { list(&found, words, folders) })
        }
        SessionCommand::Show { id, json } => {
            let form = if *json { Form::Json } else { Form::Markdown };
            print(&export::write(&conversation(&mut book, *id)?, form, when))
        }
        SessionCommand::Export { id, file, json, force } => {
            let overwrite = if *force { Overwrite::Agreed } else { Overwrite::Never };
            export(&conversation(&mut book, *id)?, file.as_deref(), form(file.as_deref(), *json), overwrite)
        }
        SessionCommand::Rename { id, title } => {
            let title = book.rename(*id, &title.join(" "))?;
            print(&format!("Session {id} is called {title} now.\n"))
        }
        SessionCommand::Delete { ids, yes } => delete(&mut book, &state.join(PROMPTS), ids, (*yes).into()),
    }
}

fn conversation(book: &mut Book, id: SessionId) -> Result<Conversation> {
    let opened = book.read(id)?;
    Ok(Conversation { session: Some(id), title: opened.summary.title, entries: opened.entries })
}

/// Of which folders a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folders {
    Here,
    Each,
}

fn list(found: &[Summary], words: &[String], folders: Folders) -> String {
    if found.is_empty() && folders == Folders::Each {
        return "No session was found in any folder.\n".to_string();
    }
    if found.is_empty() && words.is_empty() {
        return "No session was kept in this folder yet.\n".to_string();
    }
    if found.is_empty() {
        return format!("No session of this folder speaks of {}.\n", text::one_line(&words.join(" ")));
    }
    let width = found.iter().map(|summary| summary.id.to_string().len()).max().unwrap_or(1);
    let age = found.iter().map(|summary| ago(summary.age).len()).max().unwrap_or(1);
    let row = |summary: &Summary| {
        let count = if summary.messages == 1 { "message" } else { "messages" };
        let (id, when) = (summary.id.to_string(), ago(summary.age));
        let words = if words.is_empty() || summary.words.is_empty() {
            String::new()
        } else {
            format!("{:indent$}{}\n", "", summary.words, indent = width + age + 4)
        };
        let words = match folders {
            Folders::Here => words,
            Folders::Each => format!("{:indent$}{}\n{words}", "", summary.folder, indent = width + age + 4),
        };
        let branch = summary.parent.map(|parent| format!(", branch of {parent}")).unwrap_or_default();
        format!(
            "{id:>width$}  {when:<age$}  {}  ({} {count}{branch})\n{words}",
            summary.title, summary.messages
        )
    };
    found.iter().map(row).collect()
}

fn list_json(found: &[Summary]) -> String {
    let row = |summary: &Summary| {
        json!({
            "id": summary.id.0,
            "parent": summary.parent.map(|parent| parent.0),
            "title": summary.title,
            "messages": summary.messages,
            "persona": summary.persona,
            "model": summary.model,
            "folder": summary.folder,
            "began": when(summary.began),
            "changed": when(summary.changed),
            "words": summary.words,
        })
    };
    format!("{:#}\n", Value::Array(found.iter().map(row).collect()))
}

fn form(file: Option<&Path>, json: bool) -> Form {
    let ending = file.and_then(Path::extension).and_then(|ending| ending.to_str()).and_then(Form::named);
    if json { Form::Json } else { ending.unwrap_or_default() }
}

fn export(conversation: &Conversation, file: Option<&Path>, form: Form, overwrite: Overwrite) -> Result<u8> {
    let path = file.map_or_else(|| PathBuf::from(export::file_name(conversation, form)), Path::to_path_buf);
    match put(&path, &export::write(conversation, form, when), overwrite) {
        Ok(()) => print(&format!("Written to {}; only you may read it.\n", files::shown(&path))),
        Err(WriteError::Changed(_)) => {
            bail!("{} is there already and was left as it is; --force replaces it", files::shown(&path))
        }
        Err(error) => bail!(error),
    }
}

/// Whether the user is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Ask,
    Agreed,
}

impl From<bool> for Question {
    fn from(yes: bool) -> Self {
        if yes { Self::Agreed } else { Self::Ask }
    }
}

fn delete(book: &mut Book, histories: &Path, ids: &[SessionId], question: Question) -> Result<u8> {
    for id in ids {
        let title = book.read(*id)?.summary.title;
        if question == Question::Ask && !agrees(*id, &title)? {
            print(&format!("Session {id} was left as it is.\n"))?;
            continue;
        }
        book.delete(*id, Some(histories))?;
        print(&format!("Session {id} is deleted: {title}\n"))?;
    }
    Ok(0)
}

fn agrees(id: SessionId, title: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked here, so nothing was deleted; --yes deletes without asking");
    }
    let mut out = io::stdout();
    write!(out, "Delete session {id} for good ({title})? y or n > ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("the answer cannot be read")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
