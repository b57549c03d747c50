//! What a shell and a manual know of the command line: completions and manual pages, made from its definition. It prints them and
//! installs nothing.

use anyhow::{Result, bail};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::print;
use crate::cli::Invocation;

/// Prints the completions of a shell.
pub fn completions(shell: Shell) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Invocation::command(), "dictum", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page of dictum, or of the subcommand of these names.
pub fn man(names: &[String]) -> Result<u8> {
    let mut command = Invocation::command();
    // Gives the subcommands their whole names.
    command.build();
    let mut page = Vec::new();
    Man::new(named(command, names)?).render(&mut page)?;
    print(&String::from_utf8_lossy(&page))
}

fn named(command: Command, names: &[String]) -> Result<Command> {
    let Some((first, rest)) = names.split_first() else { return Ok(command) };
    let Some(found) = command.find_subcommand(first) else {
        let whole = command.get_bin_name().unwrap_or_else(|| command.get_name());
        bail!("there is no `{whole} {first}`; `{whole} --help` lists what there is");
    };
    named(found.clone(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn each_shell_gets_its_completions() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Invocation::command(), "dictum", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("dictum") && script.contains("persona"), "{shell}");
        }
    }

    #[test]
    fn a_page_is_found_by_its_names() {
        let page = |names: &[&str]| {
            let mut command = Invocation::command();
            command.build();
            let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
            let mut page = Vec::new();
            named(command, &names).map(|command| {
                Man::new(command).render(&mut page).unwrap();
                String::from_utf8(page).unwrap()
            })
        };
        assert!(page(&[]).unwrap().contains(".TH dictum 1"));
        assert!(page(&["kb", "apply"]).unwrap().contains(".TH dictum-kb-apply 1"));
        assert!(page(&["kb", "nothing"]).is_err());
    }
}
