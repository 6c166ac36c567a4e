//! Shell completion, and the manual pages.

use std::process::{Command, Stdio};

use crate::missing::did_not_run;
use crate::repository::Repository;

/// The candidates for the last of these words, requested as fish does.
fn offered(repository: &Repository, words: &[&str]) -> Vec<String> {
    let mut program = repository.program(&[&["--", "servanda"], words].concat());
    let output = program.env("COMPLETE", "fish").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "a shell would show it in the command line");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn completion_offers_the_names_of_the_repository() {
    let repository = Repository::example();
    for (words, expected) in [
        (&["renew", "severny-veter-a"][..], &["severny-veter-accounting-2026"][..]),
        (&["explain", "severny-veter-2"], &["severny-veter-2026"]),
        (&["explain", "E30"], &["E301", "E302", "E303", "E309"]),
        (&["terminate", "dental-2026/dent-a"], &["dental-2026/dent-art"]),
        (&["new", "--from", "almaty"], &["almaty-trade-2026"]),
        (&["new", "--template", "support-"], &["support-premium", "support-standard"]),
        (&["new", "--client", "port"], &["portovik"]),
        (&["new", "--clients", "portovik,ural"], &["portovik,uralstal"]),
        (&["new", "--without", "vp"], &["vpn"]),
        (&["new", "--manager", "i."], &["i.petrova"]),
        (&["new", "--calendar", "off"], &["office-9x5"]),
        (&["entitled", "--client", "vostok"], &["vostok-log"]),
        (&["entitled", "--client", "portovik", "--service", "ema"], &["email"]),
        (&["ren"], &["renew"]),
        (&["renew", "--ending"], &["--ending-within"]),
        // Names that do not exist yet have no candidates.
        (&["new", "--id", "sev"], &[]),
        (&["init", "--client", "port"], &[]),
    ] {
        assert_eq!(offered(&repository, words), expected, "{words:?}");
    }
}

#[test]
fn a_repository_with_errors_offers_what_can_be_read_and_no_repository_offers_nothing() {
    let repository = Repository::example();
    let path = repository.root().display().to_string();
    repository.file("agreements/broken.yaml", "client: [\n");
    assert_eq!(offered(&repository, &["renew", "almaty"]), ["almaty-trade-2026"]);
    let elsewhere = Repository::empty();
    assert!(offered(&elsewhere, &["renew", ""]).iter().all(|word| word.starts_with('-')), "only switches");
    assert_eq!(offered(&elsewhere, &["-C", &path, "renew", "almaty"]), ["almaty-trade-2026"]);
    assert_eq!(
        offered(&elsewhere, &["renew", &format!("--repository={path}"), "almaty"]),
        ["almaty-trade-2026"]
    );
}

#[test]
fn the_script_of_every_shell_calls_this_program() {
    let repository = Repository::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = repository.expect(0, &["completions", shell]).stdout;
        assert!(script.contains("COMPLETE") && script.contains("servanda"), "{shell}: {script}");
    }
    let run = repository.expect(1, &["completions", "bahs"]);
    assert!(run.stderr.contains("bash"), "{}", run.stderr);
}

/// Every command below these words, found through the help texts.
fn commands(repository: &Repository, way: &[String]) -> Vec<Vec<String>> {
    let words: Vec<&str> = way.iter().map(String::as_str).chain(["--help"]).collect();
    let help = repository.expect(0, &words).stdout;
    // The commands of the program stand in groups, those of a command below one heading.
    let listed = help.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1);
    let listed = listed.take_while(|line| !line.starts_with("Arguments:") && !line.starts_with("Options:"));
    let listed = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut all = vec![way.to_vec()];
    for name in names {
        all.extend(commands(repository, &[way, &[name.to_owned()]].concat()));
    }
    all
}

#[test]
fn every_command_has_a_manual_page_with_its_examples() {
    let repository = Repository::empty();
    repository.expect(0, &["man", "pages"]);
    let commands = commands(&repository, &[]);
    assert!(commands.len() > 30, "{commands:?}");
    let folder = repository.root().join("pages");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), commands.len());
    for command in commands {
        let name = [&["servanda".to_owned()], &command[..]].concat().join("-");
        let page = repository.read(&format!("pages/{name}.1"));
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH EXAMPLES\n.nf\n"] {
            assert!(page.contains(section), "{name} has no {section}\n{page}");
        }
        let help: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = repository.expect(0, &help).stdout;
        let mut examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
        let first = examples.next().unwrap().trim().replace('-', "\\-");
        assert!(page.contains(&first), "{name} lacks `{first}`");
    }
    assert!(repository.read("pages/servanda-renew.1").contains(".SH \"EXIT STATUS\""));
}

/// Renders the pages with groff, where it is installed.
#[test]
fn groff_renders_the_manual_without_a_warning() {
    let repository = Repository::empty();
    repository.expect(0, &["man", "pages"]);
    let mut pages: Vec<_> = std::fs::read_dir(repository.root().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    let mut groff = Command::new("groff");
    let drawn =
        groff.args(["-man", "-Tutf8", "-Kutf8", "-ww", "-z"]).args(&pages).stdin(Stdio::null()).output();
    match drawn {
        Ok(drawn) => {
            assert_eq!(String::from_utf8_lossy(&drawn.stderr), "");
            assert!(drawn.status.success());
        }
        Err(error) => {
            did_not_run("manual pages rendered by groff", &format!("groff cannot be started: {error}"));
        }
    }
}
