//! What a conversation begins and ends with, on the screen and line by line alike. It opens no terminal and takes no input.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::folders;
use crate::app::sessions::Begin;
use crate::app::state::{FIRST_PERSONA, Fixed, Search, Start, State, Storing, Tools};
use crate::app::update::update;
use crate::base::text;
use crate::cli::Invocation;
use crate::domain::exchange::Endpoint;
use crate::domain::kb::detect::Detector;
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::roster::Roster;
use crate::domain::settings::{Choice, SaveSessions, Settings};
use crate::draw::theme::Theme;
use crate::io::kbfile::Keep;
use crate::io::providers::Keys;
use crate::io::runtime::{Configured, Workplace};
use crate::io::vault::Vault;
use crate::io::{config, files, kbfile, personas, store};
use crate::protocol::message::Event;
use crate::protocol::sessions::Named;

/// What is told when no thread can be had.
pub(super) const NO_THREADS: &str =
    "the program's threads cannot be started; check the limit of processes (ulimit -u)";

/// The folder of the store of sessions, below the state folder.
pub(super) const SESSIONS: &str = "sessions";

/// The folder of drafts and histories, below the state folder.
pub(super) const PROMPTS: &str = "prompts";

/// Everything that was read before the first word.
pub(super) struct Begun {
    pub settings: Settings,
    pub keys: Keys,
    /// For a plain screen of 80x24; who has another one says so.
    pub start: Start,
    pub place: Workplace,
    /// Where pasted keys are kept.
    pub vault: Vault,
}

/// Reads the settings, the personas and KB.md.
pub(super) fn begin(invocation: &Invocation, directory: &Path) -> Begun {
    let loaded = config::load(&invocation.values(), directory);
    let settings = loaded.settings;
    let folders = folders(directory);
    let library = personas::load(&folders);
    let snapshot = kbfile::read(directory, settings.kb_limit_bytes);
    let (endpoint, search) = match settings.choice.clone() {
        Choice::Endpoint(endpoint) => (endpoint, Search::Done),
        Choice::Discover => (Endpoint::offline(), Search::Running),
    };
    let kept = files::state_dir().ok();
    let place = Workplace {
        project: directory.to_path_buf(),
        keep: kept.as_ref().map(|state| Keep::below(state)),
        never: kept.as_ref().map(|state| state.join("never")),
        trust: kept.as_ref().map(|state| state.join("trust")),
        prompts: kept.as_ref().map(|state| state.join(PROMPTS)),
        sessions: store::Place {
            folder: kept.as_ref().map(|state| state.join(SESSIONS)),
            days: settings.keep_sessions_days,
            prompts: kept.map(|state| state.join(PROMPTS)),
        },
        folders,
        notes: settings.notes.clone(),
        kb_limit: settings.kb_limit_bytes,
        configured: Some(Box::new(Configured {
            flags: invocation.values(),
            settings: settings.clone(),
            file: loaded.path,
            warnings: loaded.warnings.clone(),
        })),
    };
    let start = Start {
        columns: 80,
        rows: 24,
        theme: Theme::plain(),
        library,
        persona: settings.persona.clone().unwrap_or_else(|| FIRST_PERSONA.to_string()),
        snapshot,
        endpoint,
        search,
        max_tokens: settings.max_tokens,
        warnings: loaded.warnings,
    };
    let vault = Vault { file: loaded.key_file, store: settings.key_store };
    Begun { settings, keys: loaded.keys, start, place, vault }
}

/// The state at the first frame or line, under the settings.
pub(super) fn state(start: Start, tools: Tools, settings: &Settings, invocation: &Invocation) -> State {
    let mut state = State::with_tools(start, tools);
    let saved = settings.save_sessions == SaveSessions::On && !invocation.no_save;
    state.recording.storing = if saved { Storing::On } else { Storing::Off };
    let named = |given: bool| if given { Named::ByUser } else { Named::No };
    state.recording.fixed = Fixed {
        persona: named(invocation.persona.is_some()),
        model: named(
            invocation.model.model.is_some()
                || invocation.model.provider.is_some()
                || invocation.model.base_url.is_some(),
        ),
    };
    state.connection.roster = Roster::new(settings.roster.clone());
    state.kb.trust.setting = settings.trust;
    state.connection.models = settings.models.clone();
    state.connection.proposing.tools = settings.tools;
    state.connection.proposing.extra_call = settings.kb_extra_call;
    state
}

/// Who has a key, or a command for one.
pub(super) fn keyed(settings: &Settings, keys: &Keys) -> BTreeSet<String> {
    let names = settings.roster.iter().map(|endpoint| endpoint.provider.clone());
    names.filter(|name| keys.has(name)).collect()
}

/// What the command line says a conversation begins with.
pub(super) fn beginning(invocation: &Invocation) -> Begin {
    match invocation.resume {
        _ if invocation.continue_last => Begin::Continue,
        Some(Some(session)) => Begin::Resume(session),
        Some(None) => Begin::Pick,
        None => Begin::New,
    }
}

/// What the store told at the very end, after which nothing is performed any more.
pub(super) fn take_stored(state: &mut State, events: &mut UnboundedReceiver<Event>) {
    while let Ok(event) = events.try_recv() {
        if matches!(event, Event::Stored(_)) {
            update(state, event);
        }
    }
}

/// How the conversation is gone on with, where it was stored.
pub(super) fn resume_words(state: &State, invocation: &Invocation) -> Option<String> {
    let session = state.recording.session?;
    let folder = invocation.directory.as_ref().map(|folder| {
        let shown = files::shown(folder);
        let plain = shown.chars().all(|letter| letter.is_alphanumeric() || "/._-+~".contains(letter));
        if plain { format!("-C {shown} ") } else { format!("-C '{}' ", shown.replace('\'', "'\\''")) }
    });
    Some(format!("To go on: dictum {}--resume {session}", folder.unwrap_or_default()))
}

/// The threads beside the conversation: one is enough, since the long work has threads of its own.
pub(super) fn threads() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().context(NO_THREADS)
}

/// Makes detector and reconciler beside the conversation, and sends them to it.
pub(super) fn make_tables(sender: &UnboundedSender<Event>) {
    make_detector(sender);
    make_reconciler(sender);
}

/// Makes the detector alone.
pub(super) fn make_detector(sender: &UnboundedSender<Event>) {
    let sender = sender.clone();
    std::thread::spawn(move || {
        // The conversation may be over already.
        let _ = sender.send(Event::DetectorMade(Box::new(Detector::new())));
    });
}

/// Makes the reconciler alone.
pub(super) fn make_reconciler(sender: &UnboundedSender<Event>) {
    let sender = sender.clone();
    std::thread::spawn(move || {
        // As above.
        let _ = sender.send(Event::ReconcilerMade(Box::new(Reconciler::new())));
    });
}

/// What edits would do, in a line each.
pub(super) fn gists(pending: &[Proposal]) -> Vec<String> {
    pending.iter().map(|edit| text::one_line(&format!("{}: {}", edit.title(), edit.gist()))).collect()
}

/// Names the edits that were left undecided at the end of a conversation.
pub(super) fn tell_undecided(gists: &[String]) {
    if gists.is_empty() {
        return;
    }
    eprintln!("dictum: KB.md was not changed by what you left undecided:");
    for gist in gists {
        eprintln!("  {gist}");
    }
}
