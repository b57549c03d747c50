//! What lies over the chat: palette, persona menu, model menu, help, KB panel. It never changes the draft.

use ratatui::layout::Rect;

use super::actions::page;
use super::models::{self, Choosing};
use super::plain::{self, Form};
use super::state::{Focus, MenuOf, Overlay, State};
use super::update::open;
use super::{chat, commands, compare, messages, sessions, setup};
use crate::domain::briefing;
use crate::domain::persona::{Library, Listed, Reading};
use crate::draw::patch;
use crate::draw::theme::Theme;
use crate::panels::menu::{Item, Menu};
use crate::panels::pager::{Content, Pager, Scroll};
use crate::panels::prompt::vi;
use crate::protocol::action::{ACTIONS, Action, Context};
use crate::protocol::message::Effect;

/// The menu of an overlay that has one.
pub fn menu(over: &mut Overlay) -> Option<&mut Menu> {
    match over {
        Overlay::Menu(_, menu) => Some(menu),
        Overlay::Pager(_) | Overlay::Trust(_) | Overlay::Compare(_) | Overlay::Key(_) => None,
    }
}

/// The wheel over an overlay.
pub fn wheel(over: &mut Overlay, by: isize, area: Rect, theme: &Theme) {
    match over {
        Overlay::Menu(_, menu) => menu.step(by.signum()),
        Overlay::Pager(pager) | Overlay::Trust(pager) => {
            pager.scroll(Scroll::Lines(by));
            pager.settle(area, theme);
        }
        Overlay::Key(_) => {}
        Overlay::Compare(compare) => compare.scroll(Scroll::Lines(by)),
    }
}

/// Everything that can be done, by name.
pub fn palette(state: &mut State) {
    let keymap = &state.tools.keymap;
    let action = |row: &crate::protocol::action::Row| Item {
        id: format!("action {}", row.id),
        label: row.sentence.to_string(),
        tag: keymap.hint(row.context, row.action),
        ..Item::default()
    };
    // The sentence of a command with a word tells both, the word after the semicolon.
    let told =
        |command: &commands::Command| command.sentence.split_once("; ").unwrap_or((command.sentence, ""));
    let command = |command: &commands::Command| Item {
        id: format!("command {}", command.name),
        label: format!("/{}", command.name),
        detail: told(command).0.to_string(),
        ..Item::default()
    };
    let persona = |listed: &Listed| Item {
        id: format!("persona {}", listed.persona.name),
        label: format!("Persona: {}", listed.persona.name),
        detail: first_line(&listed.persona.description),
        color: listed.persona.color.clone(),
        ..Item::default()
    };
    let offered = |row: &&crate::protocol::action::Row| {
        let useful = matches!(
            row.action,
            Action::EditExternally
                | Action::QueueTakeBack
                | Action::TakeBack
                | Action::Queue
                | Action::History
                | Action::TryAgain
        );
        (row.context == Context::Everywhere && row.action != Action::Palette)
            || (row.context == Context::Prompt && useful)
    };
    let mut items: Vec<Item> = Vec::new();
    for row in commands::COMMANDS {
        items.push(command(row));
        items.extend(row.word().map(|word| Item {
            id: format!("command {} {word}", row.name),
            label: format!("/{} {word}", row.name),
            detail: told(row).1.trim_start_matches(word).trim_start().to_string(),
            ..Item::default()
        }));
    }
    items.extend(state.personas.library.listed.iter().map(persona));
    items.extend(ACTIONS.iter().filter(offered).map(action));
    open(state, Overlay::Menu(MenuOf::Palette, Menu::new("Everything", items, "")));
}

/// The persona menu; the folders are looked at anew while it is open.
pub fn personas(state: &mut State) -> Vec<Effect> {
    let items = persona_items(&state.personas.library);
    let menu = Menu::new("Personas", items, &state.personas.active.name);
    open(state, Overlay::Menu(MenuOf::Personas, menu));
    vec![Effect::LoadPersonas]
}

/// The library as menu items; broken files are listed with their cause.
pub fn persona_items(library: &Library) -> Vec<Item> {
    let usable = library.listed.iter().map(|listed| {
        let persona = &listed.persona;
        let (group, label) = match persona.name.rsplit_once('.') {
            Some((group, last)) => (format!("{group}."), last.to_string()),
            None => (String::new(), persona.name.clone()),
        };
        let mark = match persona.reading {
            Reading::Strict => "",
            Reading::Rescued => "⚠ ",
        };
        let mut preview = vec![persona.description.clone()];
        if !persona.instruction.is_empty() {
            preview.push(format!("When: {}", persona.instruction));
        }
        let model = persona.model.as_ref().map(|model| format!(" · model {model}")).unwrap_or_default();
        preview.push(format!("From: {}{model}", persona.path));
        preview.extend(listed.shadows.iter().map(|path| format!("Hides: {path}")));
        preview.extend(persona.notes.iter().map(|note| format!("⚠ {note}")));
        preview.push(String::new());
        let when = [first_line(&persona.instruction), first_line(&persona.description)];
        Item {
            id: persona.name.clone(),
            label,
            group,
            detail: when.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" · "),
            tag: format!("{mark}{}", source_word(persona.source)),
            color: if persona.color.is_empty() { "gray".into() } else { persona.color.clone() },
            preview: preview.join("\n"),
            body: persona.body.clone(),
            ..Item::default()
        }
    });
    let broken = library.broken.iter().map(|broken| {
        let place = broken.line.map(|line| format!(":{line}")).unwrap_or_default();
        Item {
            label: format!("✗ {}{place}", broken.path),
            detail: broken.cause.clone(),
            tag: source_word(broken.source).to_string(),
            preview: format!("This file cannot speak.\n{}{place}: {}", broken.path, broken.cause),
            ..Item::default()
        }
    });
    usable.chain(broken).collect()
}

fn source_word(source: crate::domain::persona::Source) -> &'static str {
    use crate::domain::persona::Source;
    match source {
        Source::BuiltIn => "built in",
        Source::User => "yours",
        Source::Project => "project",
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_string()
}

/// The help, from the keymap and the commands.
pub fn help(state: &mut State) {
    if state.screen.form != Form::Screen {
        open(state, Overlay::Pager(Pager::new("Help", Content::Verbatim(plain::help()))));
        return;
    }
    let keymap = &state.tools.keymap;
    let look = match keymap.hint(Context::Everywhere, Action::FocusReview) {
        key if key.is_empty() => "/review".to_string(),
        key => key,
    };
    let mut text = format!(
        "dictum reads KB.md before every task, and writes down what you tell it, once you agree.\n\n\
         Say a rule in your own words (“from now on use pnpm”), then look at the edit with {look}.\n",
    );
    let contexts = [
        Context::Everywhere,
        Context::Prompt,
        Context::Reading,
        Context::Marked,
        Context::Review,
        Context::Menu,
        Context::Pager,
        Context::Compare,
        Context::Trust,
    ];
    for context in contexts {
        text.push_str(&format!("\n{}\n", context.title()));
        for row in ACTIONS.iter().filter(|row| row.context == context) {
            // Two keys say enough; more would push the sentences apart.
            let keys: Vec<String> = keymap.labels(context, row.action).take(2).collect();
            text.push_str(&format!("  {:<22}  {}\n", keys.join("  "), row.sentence));
        }
    }
    if state.prompt.vi.is_some() {
        text.push_str("\nvi in the prompt\n");
        for (keys, sentence) in vi::HELP {
            text.push_str(&format!("  {keys:<22}  {sentence}\n"));
        }
    }
    text.push_str("\nCommands\n");
    for command in commands::COMMANDS {
        let words = format!("/{} {}", command.name, command.arguments);
        text.push_str(&format!("  {:<22}  {}\n", words.trim_end(), command.sentence));
    }
    let mouse = keymap.told("; ", Context::Everywhere, Action::MouseMode, "hands the mouse over");
    text.push_str(&format!(
        "\nDragging the mouse over the chat marks text; a double click marks a word, a triple click a line.\n\
         Shift with the mouse selects text as the terminal does, in most of them{mouse}.\n\
         The [keys] table of config.toml gives actions other keys; assets/settings.toml names them.\n"
    ));
    open(state, Overlay::Pager(Pager::new("Help", Content::Verbatim(text))));
}

/// The title of the KB panel.
const KNOWLEDGE: &str = "KB.md as the model is sent it";

/// What the model is sent about KB.md.
pub fn knowledge(state: &mut State) {
    let content = Content::Verbatim(knowledge_text(state));
    open(state, Overlay::Pager(Pager::new(KNOWLEDGE, content)));
}

/// The KB panel, if it is open, goes on showing what is sent when KB.md changes.
pub fn refresh_knowledge(state: &mut State) {
    let text = knowledge_text(state);
    if let Focus::Overlay(Overlay::Pager(pager)) = &mut state.focus
        && pager.title == KNOWLEDGE
    {
        pager.content = Content::Verbatim(text);
    }
}

fn knowledge_text(state: &State) -> String {
    let kb = &state.kb;
    let mut text = format!("{}\n", kb.snapshot.badge(kb.document.directives()));
    if let Some(hash) = kb.snapshot.hash() {
        text.push_str(&format!("sha256 {hash}…, sent verbatim after the persona, before every task\n"));
    }
    if let Some(why) = &kb.degraded {
        text.push_str(&format!("not watched ({why}); read before each task all the same\n"));
    }
    text.push_str(&session_text(state));
    text.push_str(&format!("\n{}", patch::spelled(&briefing::knowledge(&kb.snapshot))));
    text
}

/// The rules of this session with their numbers; empty when there are none.
fn session_text(state: &State) -> String {
    let rules = state.decided.session.all();
    if rules.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nFor this session only (/rules drop 1 takes the first one out):\n");
    for (at, rule) in rules.iter().enumerate() {
        text.push_str(&format!("  {}. {}\n", at + 1, crate::base::text::one_line(&rule.text)));
    }
    text
}

/// The rules of this session.
pub fn session(state: &mut State) {
    let text = session_text(state);
    if text.is_empty() {
        let make =
            state.tools.keymap.told("; ", Context::Review, Action::SessionOnly, "in the review makes one");
        state.note(format!("no rule holds for this session only{make}"));
        return;
    }
    let content = Content::Verbatim(text.trim_start().to_string());
    open(state, Overlay::Pager(Pager::new("Rules for this session", content)));
}

/// Keys of menus and pagers.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let theme = state.screen.theme.clone();
    let area = super::screen::area(state);
    match action {
        Action::Remove if is_over_sessions(state) => return sessions::delete_chosen(state),
        Action::RenameItem => {
            sessions::rename_chosen(state);
            return Vec::new();
        }
        Action::MoveUp | Action::MoveDown | Action::Remove => {
            messages::act_on_queued(state, action);
            return Vec::new();
        }
        _ => {}
    }
    if matches!(state.focus, Focus::Overlay(Overlay::Compare(_))) {
        compare::act(state, action);
        return Vec::new();
    }
    let Focus::Overlay(over) = &mut state.focus else { return Vec::new() };
    match over {
        Overlay::Compare(_) => {}
        Overlay::Pager(pager) | Overlay::Trust(pager) => {
            let page = isize::try_from(area.height.saturating_sub(4).max(1)).unwrap_or(1);
            pager.settle(area, &theme);
            match action {
                Action::PagerDown => pager.scroll(Scroll::Lines(1)),
                Action::PagerUp => pager.scroll(Scroll::Lines(-1)),
                Action::PagerPageDown => pager.scroll(Scroll::Lines(page)),
                Action::PagerPageUp => pager.scroll(Scroll::Lines(-page)),
                Action::PagerTop => pager.scroll(Scroll::Top),
                Action::PagerEnd => pager.scroll(Scroll::End),
                Action::ClosePager => state.focus = Focus::Prompt,
                _ => {}
            }
        }
        Overlay::Key(_) => return setup::act(state, action),
        Overlay::Menu(_, menu) => match action {
            Action::MenuDown => menu.step(1),
            Action::MenuUp => menu.step(-1),
            Action::MenuPageDown => page(menu, 1),
            Action::MenuPageUp => page(menu, -1),
            Action::CloseMenu => state.focus = Focus::Prompt,
            Action::Choose => return choose(state),
            _ => {}
        },
    }
    Vec::new()
}

fn is_over_sessions(state: &State) -> bool {
    matches!(state.focus, Focus::Overlay(Overlay::Menu(MenuOf::Sessions, _)))
}

fn choose(state: &mut State) -> Vec<Effect> {
    let Focus::Overlay(over) = std::mem::take(&mut state.focus) else { return Vec::new() };
    let chosen = |menu: &Menu| menu.selected().map(|item| item.id.clone()).filter(|id| !id.is_empty());
    match &over {
        Overlay::Menu(MenuOf::Personas, menu) => match chosen(menu) {
            Some(name) => chat::switch(state, &name),
            None => {
                state.focus = Focus::Overlay(over);
                state.note("this file cannot speak; its cause stands beside it");
            }
        },
        Overlay::Menu(MenuOf::Models, menu) => {
            let id = chosen(menu).unwrap_or_default();
            if models::choose(state, &id) == Choosing::Stays {
                state.focus = Focus::Overlay(over);
            }
        }
        Overlay::Menu(MenuOf::Setup, menu) => {
            return setup::choose(state, &chosen(menu).unwrap_or_default());
        }
        Overlay::Menu(MenuOf::History, menu) => messages::recall(state, &chosen(menu).unwrap_or_default()),
        Overlay::Menu(MenuOf::Sessions, menu) => {
            return sessions::choose(state, &chosen(menu).unwrap_or_default());
        }
        Overlay::Menu(MenuOf::Queue, menu) => messages::edit_queued(state, &chosen(menu).unwrap_or_default()),
        Overlay::Menu(MenuOf::Palette, menu) => {
            let id = chosen(menu).unwrap_or_default();
            if let Some(name) = id.strip_prefix("persona ") {
                chat::switch(state, name);
            } else if let Some(name) = id.strip_prefix("command ") {
                return commands::from_palette(state, name);
            } else if let Some(row) = ACTIONS.iter().find(|row| id.strip_prefix("action ") == Some(row.id)) {
                return super::actions::perform(state, row.action);
            }
        }
        Overlay::Pager(_) | Overlay::Trust(_) | Overlay::Compare(_) | Overlay::Key(_) => {}
    }
    Vec::new()
}
