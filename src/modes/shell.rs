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
    print(&script(shell))
}

fn script(shell: Shell) -> String {
    let mut command = Invocation::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "dictum", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    // What is generated for PowerShell knows the options alone and none of their values.
    if shell == Shell::PowerShell {
        script.replacen(PARAMETERS, &format!("{PARAMETERS}{}", values_for_powershell(&command)), 1)
    } else {
        script
    }
}

/// The line of the script for PowerShell behind which completing begins.
const PARAMETERS: &str = "    param($wordToComplete, $commandAst, $cursorPosition)\n";

/// Behind an option whose values are known, these are all that is offered.
fn values_for_powershell(command: &Command) -> String {
    let mut known = String::new();
    for option in command.get_arguments().filter(|option| option.get_action().takes_values()) {
        let values: Vec<String> =
            option.get_possible_values().iter().map(|value| format!("'{}'", value.get_name())).collect();
        if let (Some(long), false) = (option.get_long(), values.is_empty()) {
            known.push_str(&format!("        '--{long}' = @({})\n", values.join(", ")));
        }
    }
    format!(
        r#"
    $values = @{{
{known}    }}
    $before = $commandAst.CommandElements |
        Where-Object {{ $_.Extent.EndOffset -lt $cursorPosition }} | Select-Object -Last 1
    if ($before -and $values.ContainsKey($before.Extent.Text)) {{
        $values[$before.Extent.Text] | Where-Object {{ $_ -like "$wordToComplete*" }} | ForEach-Object {{
            [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
        }}
        return
    }}
"#
    )
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
            let script = script(*shell);
            assert!(script.contains("dictum") && script.contains("persona"), "{shell}");
        }
    }

    /// What the values of --provider are completed with.
    #[test]
    fn each_shell_but_elvish_completes_the_providers() {
        let all = "anthropic openai gemini openrouter groq mistral deepseek ollama lmstudio llamacpp offline";
        let quoted = format!("'--provider' = @('{}')", all.replace(' ', "', '"));
        let lines = format!("{}\\t''", all.replace(' ', "\\t''\n"));
        for (shell, words) in [
            (Shell::Bash, format!("compgen -W \"{all}\"")),
            (Shell::Zsh, format!(":NAME:({all})'")),
            (Shell::Fish, format!("-r -f -a \"{lines}\"")),
            (Shell::PowerShell, quoted),
        ] {
            let script = script(shell);
            assert!(script.contains(&words), "{shell}: no {words} in\n{script}");
        }
        // A profile has a name of its own.
        let run = <Invocation as clap::Parser>::try_parse_from(["dictum", "--provider", "work"]).unwrap();
        assert_eq!(run.model.provider.as_deref(), Some("work"));
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
