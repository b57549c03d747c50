//! Watches folders for KB.md and personas. Events say look, never what: the state comes from disk, and only a difference is told.
//!
//! A file that is watched itself is lost after an editor's first save by rename, so its folder is watched. A folder that is not there
//! is awaited at its nearest ancestor, and every step down looks again, because what happens before a watch stands is not told.

mod sight;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use sight::Sight;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// An editor's save is several events within a few milliseconds.
const QUIET: Duration = Duration::from_millis(150);

/// A folder that never rests is still looked at this often.
const AT_LATEST: Duration = Duration::from_secs(1);

/// How often is looked where the system tells nothing.
const POLL: Duration = Duration::from_secs(2);

/// Each round of watching may show a deeper folder; real paths need a few.
const MOST_STEPS: usize = 64;

/// What there is to look at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Look {
    Kb,
    Personas,
    Settings,
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// The path of a KB.md, which need not be there.
    KbFile,
    /// The path of a settings file, which need not be there.
    SettingsFile,
    /// A folder with persona files at any depth, which need not be there.
    PersonaFolder,
}

/// Something to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub path: PathBuf,
    pub kind: TargetKind,
}

/// Watches until dropped.
#[derive(Debug)]
pub struct Watcher {
    stop: mpsc::Sender<Message>,
    note: Arc<Mutex<Option<String>>>,
}

impl Watcher {
    /// Why changes are noticed late, in one sentence; `None` while the system tells them. May change while running; a `Look` of each
    /// kind is sent then.
    pub fn note(&self) -> Option<String> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // The thread may have ended before.
        let _ = self.stop.send(Message::Stop);
    }
}

/// Watches the targets and tells each difference from now on. The second value is [`Watcher::note`] at the start.
pub fn start(targets: Vec<Target>, sender: UnboundedSender<Look>) -> (Watcher, Option<String>) {
    start_by(targets, sender, Method::events)
}

/// As [`start`], without the system's help: looks every two seconds.
pub fn start_polling(targets: Vec<Target>, sender: UnboundedSender<Look>) -> (Watcher, Option<String>) {
    start_by(targets, sender, |_| {
        Err("Changes of KB.md and personas are looked for every 2 seconds.".to_string())
    })
}

fn start_by(
    targets: Vec<Target>,
    sender: UnboundedSender<Look>,
    method: impl FnOnce(mpsc::Sender<Message>) -> Result<Method, String>,
) -> (Watcher, Option<String>) {
    let (stop, messages) = mpsc::channel();
    let note = Arc::new(Mutex::new(None));
    let mut eye = Eye {
        sights: targets.into_iter().map(Sight::new).collect(),
        watched: BTreeMap::new(),
        method: Method::Polling,
        note: Arc::clone(&note),
        sender,
    };
    match method(stop.clone()) {
        Ok(method) => eye.method = method,
        Err(why) => eye.say(why),
    }
    if let Err(why) = eye.arm() {
        eye.degrade(why);
    }
    for sight in &mut eye.sights {
        sight.remember();
    }
    let thread = std::thread::Builder::new().name("watch".to_string());
    let watcher = Watcher { stop, note };
    if thread.spawn(move || eye.run(&messages)).is_err() {
        *watcher.note.lock().unwrap_or_else(PoisonError::into_inner) =
            Some("Folders cannot be watched here, so KB.md is checked before each task.".to_string());
    }
    let note = watcher.note();
    (watcher, note)
}

#[derive(Debug)]
enum Message {
    Event(notify::Result<Event>),
    Stop,
}

/// How changes come to be known.
enum Method {
    Events(RecommendedWatcher),
    Polling,
}

impl Method {
    fn events(sender: mpsc::Sender<Message>) -> Result<Self, String> {
        notify::recommended_watcher(move |event| {
            // Nobody listens any more when this fails.
            let _ = sender.send(Message::Event(event));
        })
        .map(Self::Events)
        .map_err(|error| reason(&error))
    }
}

/// The one sentence for a user whose folders cannot be watched.
fn reason(error: &notify::Error) -> String {
    let why = match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the system has no free file watches (raise fs.inotify.max_user_watches)".to_string()
        }
        ErrorKind::Io(error) => crate::io::files::cause(error),
        ErrorKind::Generic(_)
        | ErrorKind::PathNotFound
        | ErrorKind::WatchNotFound
        | ErrorKind::InvalidConfig(_) => "the system does not tell them".to_string(),
    };
    format!("Changes of KB.md and personas are looked for every 2 seconds, because {why}.")
}

/// Events that were not looked into yet.
struct Pending {
    first: Instant,
    last: Instant,
    asked_again: bool,
}

impl Pending {
    fn due(&self) -> Instant {
        (self.last + QUIET).min(self.first + AT_LATEST)
    }
}

/// Everything the watching thread owns.
struct Eye {
    sights: Vec<Sight>,
    /// Each watched folder with its identity, by which a folder that was made anew shows.
    watched: BTreeMap<PathBuf, sight::Identity>,
    method: Method,
    note: Arc<Mutex<Option<String>>>,
    sender: UnboundedSender<Look>,
}

impl Eye {
    fn run(mut self, messages: &mpsc::Receiver<Message>) {
        let mut pending: Option<Pending> = None;
        while !self.sender.is_closed() {
            let now = Instant::now();
            let wait = match (&pending, &self.method) {
                (Some(pending), _) => Some(pending.due().saturating_duration_since(now)),
                (None, Method::Polling) => Some(POLL),
                (None, Method::Events(_)) => None,
            };
            let message = match wait {
                Some(wait) => messages.recv_timeout(wait),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let now = Instant::now();
            match message {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Message::Event(Ok(event))) if self.matters(&event) => match &mut pending {
                    Some(pending) => pending.last = now,
                    None => pending = Some(Pending { first: now, last: now, asked_again: false }),
                },
                Ok(Message::Event(Ok(_))) => {}
                Ok(Message::Event(Err(error))) => self.degrade(reason(&error)),
                Err(RecvTimeoutError::Timeout) if pending.is_none() => {
                    if self.sights.iter_mut().any(Sight::stamp_changed) {
                        pending = Some(Pending { first: now, last: now, asked_again: false });
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if pending.as_ref().is_some_and(|pending| pending.due() <= Instant::now()) {
                pending = pending.and_then(|pending| self.settle(&pending));
            }
        }
    }

    /// Looks at everything and tells what differs. Answers with a wait when a file looks half-written for the first time.
    fn settle(&mut self, pending: &Pending) -> Option<Pending> {
        if let Err(why) = self.arm() {
            self.degrade(why);
        }
        if !pending.asked_again && self.sights.iter().any(Sight::looks_half_written) {
            let now = Instant::now();
            return Some(Pending { first: now, last: now, asked_again: true });
        }
        let looks: BTreeSet<Look> = self.sights.iter_mut().filter_map(Sight::look).collect();
        self.tell(looks);
        None
    }

    fn tell(&self, looks: impl IntoIterator<Item = Look>) {
        for look in looks {
            // The loop ends by itself when nobody listens.
            let _ = self.sender.send(look);
        }
    }

    /// Watches what has to be watched now, until a round finds nothing new.
    fn arm(&mut self) -> Result<(), String> {
        let Method::Events(watcher) = &mut self.method else { return Ok(()) };
        for _ in 0..MOST_STEPS {
            let wanted: BTreeMap<PathBuf, sight::Identity> =
                self.sights.iter_mut().flat_map(Sight::folders).collect();
            if wanted == self.watched {
                return Ok(());
            }
            if let Some(folder) = wanted.keys().find(|folder| sight::tells_nothing(folder)) {
                let folder = crate::io::files::shown(folder);
                return Err(format!(
                    "Changes of KB.md and personas are looked for every 2 seconds, because {folder} is on a file system that \
                     does not tell them."
                ));
            }
            for (folder, identity) in &self.watched {
                if wanted.get(folder) != Some(identity) {
                    // A folder that is gone is not watched any more anyway.
                    let _ = watcher.unwatch(folder);
                }
            }
            self.watched.retain(|folder, identity| wanted.get(folder) == Some(identity));
            for (folder, identity) in wanted {
                if self.watched.contains_key(&folder) {
                    continue;
                }
                match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                    Ok(()) => {
                        self.watched.insert(folder, identity);
                    }
                    // It went away meanwhile; the next round finds its ancestor.
                    Err(error) if vanished(&error) => {}
                    Err(error) => return Err(reason(&error)),
                }
            }
        }
        Ok(())
    }

    fn degrade(&mut self, why: String) {
        self.method = Method::Polling;
        self.watched.clear();
        self.say(why);
        let looks: BTreeSet<Look> = self.sights.iter().map(Sight::kind).collect();
        self.tell(looks);
    }

    fn say(&self, why: String) {
        *self.note.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    fn matters(&self, event: &Event) -> bool {
        let quiet = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
            EventKind::Access(_) => true,
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => false,
        };
        let concerns = |path: &Path| self.sights.iter().any(|sight| sight.concerns(path));
        !quiet
            && (event.need_rescan()
                || event.paths.is_empty()
                || event.paths.iter().any(|path| concerns(path)))
    }
}

fn vanished(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        ErrorKind::Generic(_)
        | ErrorKind::WatchNotFound
        | ErrorKind::InvalidConfig(_)
        | ErrorKind::MaxFilesWatch => false,
    }
}
