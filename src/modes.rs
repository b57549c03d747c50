//! The wiring of app and io: the screen and the subcommands. It never holds a rule of its own.

pub mod config;
mod conversation;
mod doctor;
pub mod kb;
pub mod persona;
pub mod plain;
pub mod print;
pub mod session;
pub mod shell;
pub mod tui;

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::{Command, Invocation, KbCommand, PersonaCommand};
use crate::domain::kb::document::Document;
use crate::domain::kb::journal::Journal;
use crate::domain::kb::state;
use crate::io::kbfile::{self, Keep};
use crate::io::{files, personas};

/// How a subcommand prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

impl From<bool> for Form {
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Does what the command line asks and gives the exit code.
pub fn run(invocation: Invocation) -> Result<u8> {
    let directory = match &invocation.directory {
        Some(directory) => {
            directory.canonicalize().with_context(|| format!("cannot enter {}", directory.display()))?
        }
        None => std::env::current_dir()
            .context("the current folder cannot be found; cd to a folder that exists")?,
    };
    match &invocation.command {
        _ if invocation.print.is_some() => print::run(&invocation, &directory),
        None => match plain::Why::here(&invocation) {
            Some(why) => plain::run(&invocation, &directory, why),
            None => tui::run(&invocation, &directory),
        },
        Some(Command::Config { command }) => config::run(command, &invocation.values(), &directory),
        Some(Command::Completions { shell }) => shell::completions(*shell),
        Some(Command::Man { command }) => shell::man(command),
        Some(Command::Doctor(arguments)) => doctor::run(&invocation, arguments, &directory),
        Some(Command::Session { command }) => session::run(command, &directory),
        Some(Command::Kb { command }) => run_kb(command, &directory),
        Some(Command::Persona { command }) => {
            let library = personas::load(&folders(&directory));
            match command {
                PersonaCommand::List { json } => print(&persona::list(&library, (*json).into())),
                PersonaCommand::Show { name, json } => match persona::show(&library, name, (*json).into()) {
                    Ok(text) => print(&text),
                    Err(why) => anyhow::bail!(why),
                },
                PersonaCommand::Check { json } => {
                    let (text, broken) = persona::check(&library, (*json).into());
                    print(&text)?;
                    Ok(u8::from(broken > 0))
                }
            }
        }
    }
}

fn run_kb(command: &KbCommand, directory: &Path) -> Result<u8> {
    match command {
        KbCommand::Show { json } => print(&kb::show(&kb_of(directory)?, (*json).into())),
        KbCommand::Add { text } => kb::change::add(directory, &text.join(" ")),
        KbCommand::Remove { what } => kb::change::remove(directory, &what.join(" ")),
        KbCommand::Apply { file } => kb::apply::run(directory, file.as_deref()),
        KbCommand::Undo => kb::change::undo(directory),
        KbCommand::Log { number, json } => {
            let journal = journal_of(directory)?;
            print(&kb::history::log(&journal, *number, (*json).into()))
        }
        KbCommand::Blame { line } => {
            let document = kb_of(directory)?;
            match kb::history::blame(&journal_of(directory)?, &document, *line) {
                Some(answer) => print(&answer),
                None => {
                    eprintln!("dictum: line {line} of KB.md holds no directive; `dictum kb show` lists them");
                    Ok(2)
                }
            }
        }
        KbCommand::Merge(arguments) => kb::merge::run(directory, arguments),
        KbCommand::Check { fix: true, .. } => kb::check::run(directory, kb::check::Then::Offer),
        KbCommand::Check { json, .. } => kb::check::run(directory, kb::check::Then::Print((*json).into())),
        KbCommand::Init => kb::init::run(directory),
        KbCommand::Detect { file, .. } => {
            let output = io::stdout().lock();
            match file {
                Some(path) => {
                    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
                    kb::detect_jsonl(BufReader::new(file), output)?;
                }
                None => kb::detect_jsonl(io::stdin().lock(), output)?,
            }
            Ok(0)
        }
    }
}

/// The KB.md of the folder; fails, with the reason, where there is none that can be read.
fn kb_of(directory: &Path) -> Result<Document> {
    let snapshot = kbfile::read(directory, state::LIMIT);
    match (snapshot.text(), snapshot.explanation()) {
        (Some(text), _) => Ok(Document::parse(text)),
        (None, Some(why)) => anyhow::bail!(why),
        (None, None) => {
            anyhow::bail!("there is no KB.md in this folder; state a rule in dictum to begin one")
        }
    }
}

/// What the journal tells of the folder's KB.md. What it cannot tell is said at once.
fn journal_of(directory: &Path) -> Result<Journal> {
    let journal = Keep::below(&files::state_dir()?).journal.read(directory)?;
    if let Some(why) = kb::history::skipped(&journal) {
        eprintln!("dictum: {why}");
    }
    Ok(journal)
}

/// Prints; a reader that goes away (`| head`) is no error.
fn print(text: &str) -> Result<u8> {
    let mut output = io::stdout().lock();
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    match output.write_all(text.as_bytes()).and_then(|()| output.write_all(end.as_bytes())) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(0),
    }
}

/// The folders that personas are read from.
pub fn folders(project: &Path) -> Vec<personas::Folder> {
    let home = std::env::home_dir();
    let config = crate::io::config::config_home(&|name| std::env::var(name).ok());
    personas::folders(home.as_deref(), config.as_deref(), project)
}
