//! Performs each effect, owns what runs by its id, and answers with events. It never decides anything.

mod broken;
mod writing;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::config::{self, Loaded};
use super::ground;
use super::kbfile::{self, Keep};
use super::mentions;
use super::prompts::{Keeper, Left};
use super::providers::{self, Http, Keys, Listener, Unheard, offline};
use super::store::{self, Store};
use super::vault::Vault;
use super::watch::{self, Look, Target, TargetKind};
use super::{attach, export, files, never, notes, personas, trust, work};
use crate::domain::exchange::{Endpoint, Protocol, ReplyEvent, Request};
use crate::domain::kb::state::FILE_NAME;
use crate::domain::key::Hidden;
use crate::domain::settings::project::ProjectNotes;
use crate::domain::settings::{Settings, Values};
use crate::protocol::message::{Effect, Event, Reread, TaskId};
use crate::protocol::sessions::{Ask, Exported, Told};

/// A local server has this long to answer; the screen does not wait for it.
const SEARCH: Duration = Duration::from_millis(300);

/// A provider has this long to list its models; nothing waits for it.
const LISTING: Duration = Duration::from_secs(8);

/// The last words and the last draft have this long each to reach the disk when the program ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the runtime works.
#[derive(Clone, Debug)]
pub struct Workplace {
    pub project: PathBuf,
    /// Where the bytes before each edit and the journal are kept; `None` when no state folder can be had.
    pub keep: Option<Keep>,
    /// Where it is kept what a project is never asked about; `None` when no state folder can be had.
    pub never: Option<PathBuf>,
    /// Where it is kept what was looked at; `None` when no state folder can be had.
    pub trust: Option<PathBuf>,
    /// Where drafts and messages are kept; `None` when no state folder can be had.
    pub prompts: Option<PathBuf>,
    pub sessions: store::Place,
    pub folders: Vec<personas::Folder>,
    /// The notes of other tools that are read.
    pub notes: ProjectNotes,
    /// A KB.md over this is not sent. Bytes.
    pub kb_limit: u64,
    /// `None` where a change of the settings is not looked for.
    pub configured: Option<Box<Configured>>,
}

/// What the settings were read with, and what they were, so that they can be read again.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The values of the command line.
    pub flags: Values,
    pub settings: Settings,
    /// The user's file, whether or not it is there.
    pub file: Option<PathBuf>,
    /// What was wrong in the files, and was told.
    pub warnings: Vec<String>,
}

/// Runs work and remembers it by id, so that it can be dropped.
pub struct Runtime {
    /// Where the work runs.
    on: Handle,
    place: Workplace,
    http: Arc<Http>,
    keys: Arc<Keys>,
    events: UnboundedSender<Event>,
    running: HashMap<TaskId, AbortHandle>,
    /// Where pasted keys are kept.
    vault: Vault,
    /// From the first read on.
    prompts: Option<Keeper>,
    /// From the first session that is stored or looked for on.
    store: Option<Store>,
}

/// Sends what a reply brings as events of its task.
struct ReplyTo {
    task: TaskId,
    events: UnboundedSender<Event>,
}

impl Listener for ReplyTo {
    fn hear(&self, event: ReplyEvent) -> Result<(), Unheard> {
        self.events.send(Event::Replied { task: self.task, event }).map_err(|_| Unheard)
    }
}

impl Runtime {
    /// A runtime that works on a tokio runtime and answers into `events`.
    pub fn new(on: Handle, place: Workplace, http: Http, keys: Keys, events: UnboundedSender<Event>) -> Self {
        Self {
            on,
            place,
            http: Arc::new(http),
            keys: Arc::new(keys),
            events,
            running: HashMap::new(),
            vault: Vault::default(),
            prompts: None,
            store: None,
        }
    }

    /// Keeps pasted keys there.
    pub fn keeping_keys_in(self, vault: Vault) -> Self {
        Self { vault, ..self }
    }

    /// Starts the effect, or gives it back when it concerns the terminal alone.
    pub fn perform(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::ReadKb { task } => {
                self.blocking(move |place| read_kb(&place, task), move |why| [broken::kb_read(task, why)]);
            }
            Effect::Trust { items } => self.blocking(
                move |place| {
                    let failed = trust::add(place.trust.as_ref()?, &place.project, &items).err()?;
                    Some(Event::TrustFailed { cause: failed.to_string() })
                },
                |why| [Event::TrustFailed { cause: format!("What you looked at could not be kept: {why}") }],
            ),
            Effect::ReadNotes => self.blocking(
                |place| [Event::NotesRead(notes::read(&place.project, &place.notes))],
                |why| [broken::warned("The notes of other tools could not be read", why)],
            ),
            Effect::ReadMentions { task, mentions, agreed } => {
                let names = broken::names(&mentions);
                self.blocking(
                    move |place| {
                        let found = attach::read(&place.project, &mentions, agreed);
                        [Event::MentionsRead { task, found }]
                    },
                    move |why| [broken::mentions_read(task, names, why)],
                );
            }
            Effect::Ask { task, request } => self.ask(task, *request),
            Effect::ListModels { endpoint } => self.list_models(*endpoint),
            Effect::TryKey { endpoint, key } => self.try_key(*endpoint, key),
            Effect::KeepKey { provider } => self.keep_key(provider),
            Effect::MakeBody { request } => {
                let (http, keys) = (Arc::clone(&self.http), Arc::clone(&self.keys));
                self.blocking(
                    move |_| [Event::BodyMade { text: providers::body_text(&http, &keys, *request) }],
                    |why| [Event::BodyMade { text: format!("The request could not be made: {why}.") }],
                );
            }
            Effect::Cancel { task } => {
                if let Some(handle) = self.running.remove(&task) {
                    handle.abort();
                }
            }
            Effect::SaveKb { task, expected, text, outside, provenance } => self.blocking(
                move |place| writing::save(&place, task, expected.as_deref(), &text, outside, &provenance),
                move |why| [Event::KbSaveFailed { task, cause: broken::kb("The edit", &why) }],
            ),
            Effect::UndoKb => self.blocking(
                |place| writing::undo(&place),
                |why| [Event::KbUndoFailed { cause: broken::kb("Undo", &why) }],
            ),
            Effect::NeverAsk { hashes } => self.blocking(
                move |place| writing::never_ask(&place, &hashes),
                |why| [Event::NeverFailed { cause: format!("it holds for this session only: {why}") }],
            ),
            Effect::LoadPersonas => self.blocking(
                |place| [Event::PersonasLoaded(personas::load(&place.folders))],
                |why| [broken::warned("The personas could not be read", why)],
            ),
            Effect::ReadStack => self.blocking(
                |place| [Event::StackRead(ground::stack(&place.project))],
                |why| [broken::warned("What the project is made of could not be read", why)],
            ),
            Effect::ListFiles => {
                let events = self.events.clone();
                self.blocking(
                    move |place| {
                        let paths = mentions::list(&place.project, || !events.is_closed());
                        [Event::FilesListed(Arc::new(paths))]
                    },
                    |why| {
                        let none = Event::FilesListed(Arc::default());
                        [none, broken::warned("The files of the project could not be listed", why)]
                    },
                );
            }
            Effect::Remember { messages } => {
                if let Some(prompts) = &self.prompts {
                    prompts.remember(messages);
                }
            }
            Effect::KeepDraft { drafts, queue } => {
                if let Some(prompts) = &self.prompts {
                    prompts.keep(drafts, queue);
                }
            }
            Effect::Store(ask) => self.ask_store(*ask),
            Effect::Export(export) => {
                let keys = Arc::clone(&self.keys);
                self.blocking(
                    move |place| [Event::Exported(export::write(&place.project, &keys, *export))],
                    |cause| [Event::Exported(Exported::Failed { cause })],
                );
            }
            Effect::EditExternally { .. }
            | Effect::Copy(_)
            | Effect::Mouse(_)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Quit => return Some(effect),
        }
        None
    }

    /// Does what blocks, and tells what comes of it; where it breaks off, `broken` says in the words of that work what is told instead.
    fn blocking<E: IntoIterator<Item = Event>, B: IntoIterator<Item = Event>>(
        &self,
        work: impl FnOnce(Workplace) -> E + Send + 'static,
        broken: impl FnOnce(String) -> B + Send + 'static,
    ) {
        let place = self.place.clone();
        answered(&self.on, &self.events, move || work(place), broken);
    }

    /// Reads what this project is never asked about, in the background.
    pub fn read_never(&self) {
        self.blocking(
            |place| {
                let read = never::read(place.never.as_ref()?, &place.project);
                Some(match read {
                    Ok(hashes) => Event::NeverRead { hashes },
                    Err(error) => Event::NeverFailed { cause: error.to_string() },
                })
            },
            |why| {
                [Event::NeverFailed {
                    cause: format!("what you never want to be asked about is not known: {why}"),
                }]
            },
        );
    }

    /// Reads what the prompt of this project held, in the background; from now on it is kept, too.
    pub fn read_prompts(&mut self, left: Left) {
        let events = self.events.clone();
        // The screen may be gone by now; then nobody needs the answer.
        let tell = move |event| {
            let _ = events.send(event);
        };
        match Keeper::start(self.place.prompts.as_deref(), &self.place.project, Arc::clone(&self.keys), tell)
        {
            Ok(keeper) => {
                keeper.read(left);
                self.prompts = Some(keeper);
            }
            Err(error) => {
                let why =
                    format!("Drafts and history are not kept for the next start: {}", files::cause(&error));
                let _ = self.events.send(Event::Warned(why));
            }
        }
    }

    /// Hands something to the store of sessions, which the first asking starts.
    fn ask_store(&mut self, ask: Ask) {
        if self.store.is_none() {
            let events = self.events.clone();
            // As above.
            let tell = move |told| {
                let _ = events.send(Event::Stored(told));
            };
            let (place, project) = (self.place.sessions.clone(), self.place.project.clone());
            match Store::start(place, project, Arc::clone(&self.keys), tell) {
                Ok(store) => self.store = Some(store),
                Err(error) => {
                    let cause = files::cause(&error);
                    let _ = self.events.send(Event::Stored(Told::Unusable { cause }));
                }
            }
        }
        if let Some(store) = &self.store {
            store.ask(ask);
        }
    }

    /// Waits until what was said and what stands in the prompt is on the disk, but not for one that hangs.
    pub fn finish(&mut self) {
        // Longer than the store itself waits for another dictum, so that it stores or says why not.
        let store = self.store.take();
        if store.is_some_and(|store| !store.finish(store::file::PATIENCE + PATIENCE)) {
            let _ = self.events.send(Event::Stored(Told::Late));
        }
        if let Some(prompts) = self.prompts.take() {
            prompts.finish(PATIENCE);
        }
    }

    fn ask(&mut self, task: TaskId, request: Request) {
        self.running.retain(|_, handle| !handle.is_finished());
        let (http, keys) = (Arc::clone(&self.http), Arc::clone(&self.keys));
        let (events, project) = (self.events.clone(), self.place.project.clone());
        let listener = ReplyTo { task, events: events.clone() };
        let handle = self.on.spawn(async move {
            let outcome = match request.endpoint.protocol {
                Protocol::Offline => offline::ask(&request, &project, listener).await,
                Protocol::Anthropic
                | Protocol::Chat
                | Protocol::Responses
                | Protocol::Ollama
                | Protocol::Gemini => providers::ask(&http, &keys, request, listener).await,
            };
            let _ = events.send(Event::ReplyEnded { task, outcome });
        });
        self.running.insert(task, handle.abort_handle());
    }

    /// Asks a provider for its models in the background.
    fn list_models(&self, endpoint: Endpoint) {
        let (http, keys, events) = (Arc::clone(&self.http), Arc::clone(&self.keys), self.events.clone());
        self.on.spawn(async move {
            let found = providers::look(&http, &keys, &endpoint, LISTING).await;
            // As above.
            let _ = events.send(Event::ModelsListed { provider: endpoint.provider, found });
        });
    }

    /// Tries a key at its provider, and keeps it.
    fn try_key(&self, endpoint: Endpoint, key: Hidden) {
        let (http, keys, events) = (Arc::clone(&self.http), Arc::clone(&self.keys), self.events.clone());
        let (vault, project) = (self.vault.clone(), self.place.project.clone());
        self.on.spawn(async move {
            let tried = vault.try_key(&http, &keys, &endpoint, key, &project).await;
            // As above.
            let _ = events.send(Event::KeyTried { endpoint: Box::new(endpoint), tried });
        });
    }

    /// Keeps a key that is in use in the file.
    fn keep_key(&self, provider: String) {
        let (keys, events) = (Arc::clone(&self.keys), self.events.clone());
        let (vault, project) = (self.vault.clone(), self.place.project.clone());
        self.on.spawn(async move {
            let kept = vault.keep_in_file(&keys, &provider, &project).await;
            // As above.
            let _ = events.send(Event::KeyKept { provider, kept });
        });
    }

    /// Looks for a local model server in the background.
    pub fn discover(&self) {
        let (http, events) = (Arc::clone(&self.http), self.events.clone());
        self.on.spawn(async move {
            let found = providers::discover(&http, SEARCH).await;
            let _ = events.send(Event::Discovered(found));
        });
    }

    /// What is watched.
    fn targets(&self) -> Vec<Target> {
        let place = &self.place;
        let kb = Target { path: place.project.join(FILE_NAME), kind: TargetKind::KbFile };
        let personas = place.folders.iter().map(|folder| (folder.path.clone(), TargetKind::PersonaFolder));
        let settings = place.configured.as_ref().into_iter().flat_map(|configured| {
            let files = configured.file.clone().into_iter().chain([config::project_file(&place.project)]);
            files.map(|path| (path, TargetKind::SettingsFile))
        });
        let more = personas.chain(settings).map(|(path, kind)| Target { path, kind });
        std::iter::once(kb).chain(more).collect()
    }

    /// Watches KB.md, the persona folders and the settings as long as the program runs.
    pub fn watch(&self) {
        let (looks, mut incoming) = unbounded_channel();
        let (watcher, mut told) = watch::start(self.targets(), looks);
        if let Some(why) = told.clone() {
            let _ = self.events.send(Event::WatchDegraded(why));
        }
        let (mut place, events) = (self.place.clone(), self.events.clone());
        self.on.spawn(async move {
            // What changed between the first reading and the first look of the watcher shows in no difference.
            let here = place.clone();
            match work::aside_here(move || settings_again(here)).await {
                Ok(Some(Event::SettingsRead(reread))) if reread.before != reread.after => {
                    tell(&mut place, &events, Event::SettingsRead(reread));
                }
                Ok(_) => {}
                Err(why) => tell(&mut place, &events, broken::looked(Look::Settings, why.to_string())),
            }
            while let Some(look) = incoming.recv().await {
                let note = watcher.note();
                if let Some(why) = note.clone().filter(|_| note != told) {
                    let _ = events.send(Event::WatchDegraded(why));
                    told = note;
                }
                let here = place.clone();
                let read = work::aside_here(move || match look {
                    Look::Kb => Some(Event::KbChanged(kbfile::read(&here.project, here.kb_limit))),
                    Look::Personas => Some(Event::PersonasLoaded(personas::load(&here.folders))),
                    Look::Settings => settings_again(here),
                });
                let read = read.await.unwrap_or_else(|why| Some(broken::looked(look, why.to_string())));
                if let Some(event) = read {
                    tell(&mut place, &events, event);
                }
            }
        });
    }
}

/// Starts work that blocks and sends what comes of it; where it breaks off, what `broken` says of that, so that nobody waits for ever.
fn answered<E: IntoIterator<Item = Event>, B: IntoIterator<Item = Event>>(
    on: &Handle,
    events: &UnboundedSender<Event>,
    work: impl FnOnce() -> E + Send + 'static,
    broken: impl FnOnce(String) -> B + Send + 'static,
) {
    // The screen may be gone by now; then nobody needs the answer.
    let send = |events: &UnboundedSender<Event>, event| drop(events.send(event));
    let (sender, events) = (events.clone(), events.clone());
    let running = work::aside(on, move || work().into_iter().for_each(|event| send(&sender, event)));
    on.spawn(async move {
        if let Err(why) = running.await {
            broken(why.to_string()).into_iter().for_each(|event| send(&events, event));
        }
    });
}

/// The notes, what was looked at, and KB.md, in this order.
fn read_kb(place: &Workplace, task: TaskId) -> Vec<Event> {
    let notes = notes::read(&place.project, &place.notes);
    let snapshot = kbfile::read(&place.project, place.kb_limit);
    let looked_at = place.trust.as_ref().map(|folder| {
        let (trusted, from_git) = trust::look(folder, &place.project, snapshot.text(), &notes);
        Event::TrustRead { trusted, from_git }
    });
    let kb = Event::KbRead { task, snapshot };
    [Some(Event::NotesRead(notes)), looked_at, Some(kb)].into_iter().flatten().collect()
}

/// Tells an event; what settings it brings are those that the next ones are compared with.
fn tell(place: &mut Workplace, events: &UnboundedSender<Event>, event: Event) {
    if let (Event::SettingsRead(reread), Some(configured)) = (&event, &mut place.configured) {
        configured.settings = reread.after.clone();
        configured.warnings.extend(reread.warnings.iter().cloned());
    }
    // The screen may be gone by now.
    let _ = events.send(event);
}

/// The settings as the files are now.
fn settings_again(place: Workplace) -> Option<Event> {
    let Configured { flags, settings: before, warnings: told, .. } = *place.configured?;
    let Loaded { settings: after, mut warnings, broken, .. } = config::load(&flags, &place.project);
    warnings.retain(|warning| !told.contains(warning));
    Some(match broken {
        Some(why) => Event::SettingsBroken(why),
        None => Event::SettingsRead(Box::new(Reread { before, after, warnings })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told by work that breaks off behind its first event.
    async fn told(broken: impl FnOnce(String) -> [Event; 1] + Send + 'static) -> String {
        let (sender, mut events) = unbounded_channel();
        let work = || [0, 1].map(|at| if at == 0 { Event::Noted("one".into()) } else { panic!("two") });
        answered(&Handle::current(), &sender, work, broken);
        format!("{:?}", events.recv().await.unwrap())
    }

    #[tokio::test]
    async fn work_that_breaks_off_is_told_as_what_its_asker_waits_for() {
        let task = TaskId(7);
        let cause = "an error in dictum itself";
        let kb = told(move |why| [broken::kb_read(task, why)]).await;
        assert!(kb.starts_with("KbRead { task: TaskId(7)") && kb.contains(cause), "{kb}");
        let names = vec!["src/a.ts".to_string()];
        let mentions = told(move |why| [broken::mentions_read(task, names, why)]).await;
        assert!(mentions.starts_with("MentionsRead { task: TaskId(7)"), "{mentions}");
        assert!(mentions.contains("src/a.ts") && mentions.contains(cause), "{mentions}");
        let personas = told(|why| [broken::looked(Look::Personas, why)]).await;
        assert!(personas.starts_with("Warned(\"The personas could not be read: an error"), "{personas}");
    }
}
