//! Definitions of the command line: arguments to one `Invocation`. It never acts.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};

use crate::domain::session::SessionId;
use crate::domain::settings::Values;
use crate::domain::settings::endpoints::KNOWN;

/// The version, with the commit that it is built from where that is known.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("DICTUM_BUILT_FROM"));

/// What the exit codes of `--print` mean.
const EXIT_CODES: &str = "Exit codes of --print: 0 the reply is complete; 1 it failed, or was declined; 2 the command line cannot be used; \
    3 the reply is cut; 130 interrupted, 143 ended. A reader of the reply that goes away ends it with 0.";

/// A terminal coding assistant that reads your project's KB.md before every task, and writes down what you tell it, once you agree.
#[derive(Debug, Parser)]
#[command(name = "dictum", version = VERSION, max_term_width = 100, after_long_help = EXIT_CODES)]
pub struct Invocation {
    /// Work in this folder instead of the current one.
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,

    #[command(flatten)]
    pub model: ModelFlags,

    /// The persona to start with, by name.
    #[arg(long, value_name = "NAME")]
    pub persona: Option<String>,

    /// The colours: auto, dark, light, contrast, contrast-light, ansi or plain.
    #[arg(long, value_name = "THEME")]
    pub theme: Option<String>,

    /// Line by line and append-only, without colours: for screen readers, dumb terminals and pipes.
    #[arg(long)]
    pub plain: bool,

    /// Go on with the last session of this folder.
    #[arg(short = 'c', long = "continue", conflicts_with = "resume")]
    pub continue_last: bool,

    /// Go on with the session of this number; without a number, choose from a list.
    #[arg(long, value_name = "ID")]
    pub resume: Option<Option<SessionId>>,

    /// Save nothing of this conversation.
    #[arg(long)]
    pub no_save: bool,

    /// Answer one message and leave: the reply goes to standard output and all else to standard error. What is piped in is the message, or
    /// material for it; no rule is taken from that.
    #[arg(short, long, value_name = "MESSAGE", num_args = 0..=1)]
    pub print: Option<Option<String>>,

    /// With --print: one JSON event a line in place of the text.
    #[arg(long, requires = "print")]
    pub json: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The name of a provider: any, since profiles have names of their own. A shell completes the known ones.
#[derive(Clone, Copy, Debug)]
struct Provider;

impl TypedValueParser for Provider {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> clap::error::Result<String> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(KNOWN.iter().map(|known| PossibleValue::new(known.name))))
    }
}

/// Where the model is.
#[derive(Debug, Default, Args)]
pub struct ModelFlags {
    /// anthropic, openai (any compatible server), gemini, openrouter, groq, mistral, deepseek, ollama, lmstudio, llamacpp, or offline. Keys come
    /// from the environment (ANTHROPIC_API_KEY, OPENAI_API_KEY ...) or from config.toml.
    #[arg(long, value_name = "NAME", value_parser = Provider, hide_possible_values = true)]
    pub provider: Option<String>,

    /// The model, as the provider names it.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// The provider's address, with or without /v1.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// What to do instead of opening the screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at KB.md and its history, change it line by line, and score the detector.
    Kb {
        #[command(subcommand)]
        command: KbCommand,
    },
    /// Look at the personas.
    Persona {
        #[command(subcommand)]
        command: PersonaCommand,
    },
    /// Check terminal, settings, keys, providers, KB.md, personas and what is kept; exit code 1 when something is broken.
    Doctor(DoctorArguments),
    /// Look at the sessions that were kept, and export or delete them.
    Session {
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// Look at the settings and change your own.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the completions of a shell: `source <(dictum completions bash)`.
    Completions {
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of dictum, or of a subcommand: `dictum man kb apply | man -l -`.
    Man {
        /// The subcommand, word by word.
        command: Vec<String>,
    },
}

/// `dictum doctor ...`
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Ask each provider that answers for a reply of a few tokens, which may cost a fraction of a cent.
    #[arg(long)]
    pub online: bool,
}

/// `dictum kb ...`
#[derive(Debug, Subcommand)]
pub enum KbCommand {
    /// Print the directives of KB.md with their lines.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Offer a rule as an edit of KB.md; it is written once you accept the diff.
    Add {
        /// The rule, in one sentence.
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Offer to remove a line of KB.md.
    Remove {
        /// The number of the line, as `show` prints it, or words that stand in it.
        #[arg(required = true)]
        what: Vec<String>,
    },
    /// Offer the edits of a patch, such as --print gives; each is written once you accept it. Without a terminal they are shown, and the
    /// exit code is 1.
    Apply {
        /// The patch; `-`, or none, reads standard input.
        file: Option<PathBuf>,
    },
    /// Offer to take back the last edit that dictum wrote, if KB.md was not changed since.
    Undo,
    /// Print what dictum wrote to KB.md: when, in which session, by whom, on which words; newest last.
    Log {
        /// Print only the last N changes.
        #[arg(short = 'n', value_name = "N")]
        number: Option<usize>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print which change made a line of KB.md what it is.
    Blame {
        /// The number of the line, as `show` prints it.
        line: usize,
    },
    /// Report what is wrong with KB.md; exit code 1 when something is.
    Check {
        /// Print JSON.
        #[arg(long, conflicts_with = "fix")]
        json: bool,
        /// Offer each mend as an edit of KB.md.
        #[arg(long)]
        fix: bool,
    },
    /// Offer a first KB.md made from what the project's files state.
    Init,
    /// Merge KB.md rule by rule, as git's merge driver; without files, print how git is told to use it.
    Merge(MergeArguments),
    /// Read lines {"id","message","kb"} and write what would be proposed; nothing is written to any KB.md.
    Detect {
        /// One JSON object a line, in and out; the only form there is, so it may be left out.
        #[arg(long)]
        jsonl: bool,
        /// Read from this file instead of standard input.
        file: Option<PathBuf>,
    },
}

/// `dictum kb merge ...`: the files as git names them, %O %A %B.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The common ancestor.
    #[arg(requires_all = ["ours", "theirs"])]
    pub base: Option<PathBuf>,
    /// Your side; the result is written here.
    pub ours: Option<PathBuf>,
    /// The other side.
    pub theirs: Option<PathBuf>,
    /// Print how git is told to use it.
    #[arg(long)]
    pub how: bool,
    /// How many characters the conflict markers have (git's %L).
    #[arg(short = 'L', long, value_name = "N", default_value_t = crate::domain::kb::merge::MARKER_SIZE)]
    pub marker_size: usize,
}

/// `dictum persona ...`
#[derive(Debug, Subcommand)]
pub enum PersonaCommand {
    /// List every persona with its source and what it hides.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one persona with its whole text.
    Show {
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Report repairs and broken files; exit code 1 when a file is broken.
    Check {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `dictum session ...`
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List the sessions of this folder, newest first.
    List {
        /// Only those whose title or text holds all of these words.
        words: Vec<String>,
        /// Those of every folder, also of one that was moved or renamed.
        #[arg(long)]
        all: bool,
        /// Print at most N of them.
        #[arg(short = 'n', value_name = "N", default_value_t = 50)]
        number: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a session as Markdown.
    Show {
        id: SessionId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a session to a file that only you may read.
    Export {
        id: SessionId,
        /// The file; its name says whether it is Markdown (.md) or JSON (.json). Without one, a name is made from the title.
        file: Option<PathBuf>,
        /// Write JSON, whatever the file is called.
        #[arg(long)]
        json: bool,
        /// Replace the file if it is there.
        #[arg(long)]
        force: bool,
    },
    /// Give a session another title.
    Rename {
        id: SessionId,
        #[arg(required = true)]
        title: Vec<String>,
    },
    /// Delete sessions for good.
    Delete {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<SessionId>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// `dictum config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print where your settings file and the project's are.
    Path {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print each setting with its value and where it comes from; keys of providers are never shown.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the documented default settings as your config.toml, when there is none.
    Init,
    /// Change a setting in your config.toml; comments stay. The value is checked first.
    Set {
        /// A key of config.toml, such as theme, or keys.ACTION or models.NAME.
        key: String,
        /// The new value; of keys and models in TOML, such as '["ctrl+r"]'.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Print a JSON schema of config.toml, for editors.
    Schema,
}

impl Invocation {
    /// The values that the flags give to the settings.
    pub fn values(&self) -> Values {
        Values {
            provider: self.model.provider.clone(),
            model: self.model.model.clone(),
            base_url: self.model.base_url.clone(),
            persona: self.persona.clone(),
            theme: self.theme.clone(),
            ..Values::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Invocation::command().debug_assert();
    }
}
