//! Runs the git program: for the commit of the files, for pull requests, and for a ledger on a branch.
//!
//! A plan of the files on disk does not need it: without git, or outside of a repository, the plan names no commit.
//! Git runs no program for the files of a branch: it runs at the top of the work tree, takes no folder of the branch for a
//! repository, and reads no attributes from the branch. Its environment is a list of variables that git and its helpers need, without
//! the secrets of this process; its arguments, which every process of the machine can read, hold no secret either.
#![expect(clippy::disallowed_methods, reason = "the one place that starts another program")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::http::decode::percent_decoded;
use crate::http::redact;
use crate::process::context::Context;
use crate::process::runtime::on_own_thread;

/// Settings that take precedence over those of the repository.
const SETTINGS: [&str; 10] = [
    // Files named `HEAD`, `config`, `objects/` and `refs/` could pass as a repository whose settings name programs.
    "safe.bareRepository=explicit",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    // The empty tree in place of `.gitattributes`, which select filters, merge drivers and programs that compare files.
    "attr.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "log.showSignature=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// The trailer of a commit message that acknowledges the number of a guard: `Servanda-Accept: weakened=1`.
pub(crate) const ACKNOWLEDGEMENT_TRAILER: &str = "Servanda-Accept";

/// Complaints of git, with what to do about each.
const HELP: [(&str, &str); 8] = [
    (
        "dubious ownership",
        "the checkout belongs to another user, as in a container: name it with `git config --global --add safe.directory DIR`",
    ),
    ("not a git repository", "`git init` makes the folder a repository; a CI job must check it out with git"),
    ("unrelated histories", DEPTH_HELP),
    ("Needed a single revision", DEPTH_HELP),
    ("bad object", DEPTH_HELP),
    ("shallow", DEPTH_HELP),
    ("not a tree object", "check the submodules out together with the repository"),
    ("couldn't find remote ref", "check the name of the branch, and fetch it first"),
];

/// The advice where commits are missing.
pub(crate) const DEPTH_HELP: &str = "fetch it first; a CI job needs the whole history (`fetch-depth: 0`, `GIT_DEPTH: 0`, `git fetch --unshallow`)";

/// The line of git's errors that says what is wrong; empty if there are none.
pub(crate) fn complaint(errors: &str) -> &str {
    let says = |line: &&str| line.starts_with("fatal:") || line.starts_with("error:");
    errors.lines().find(says).or_else(|| errors.lines().next()).unwrap_or_default()
}

/// The advice for a complaint of git.
pub(crate) fn help(errors: &str) -> Option<&'static str> {
    HELP.iter().find(|(words, _)| errors.contains(words)).map(|(_, help)| *help)
}

/// The top of the work tree of a folder: the nearest folder at or above it that has a `.git`; else the folder itself.
pub(crate) fn top(folder: &Path) -> PathBuf {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let top = folder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok());
    top.unwrap_or(&folder).to_path_buf()
}

/// Whether a folder is in a work tree. Outside of one, no commit is to be asked for.
fn is_repository(folder: &Path) -> bool {
    top(folder).join(".git").symlink_metadata().is_ok()
}

/// The path of a folder within its work tree, with `/` at its end; empty for the top.
pub(crate) fn prefix(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let within = folder.strip_prefix(top(&folder)).unwrap_or(Path::new(""));
    let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
    if parts.is_empty() { String::new() } else { parts.join("/") + "/" }
}

/// The commit that is checked out, followed by `+` if files differ from it.
pub(crate) fn commit(root: &Path) -> Option<String> {
    if !is_repository(root) {
        return None;
    }
    let head = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let within = format!("./{}", prefix(root));
    let changed = git(root, &["status", "--porcelain", "--ignore-submodules=dirty", "--", &within])?;
    Some(if changed.is_empty() { head } else { format!("{head}+") })
}

/// The values of a trailer in the messages of commits on the first-parent line: those after `since`, or that of the
/// checked-out commit only, where `since` is unknown. The trailers of a merged branch's own commits do not count.
pub(crate) fn trailers(root: &Path, since: Option<&str>, key: &str) -> Vec<String> {
    if !is_repository(root) {
        return Vec::new();
    }
    let format = format!("--format=%(trailers:key={key},valueonly)");
    let log = |range: &[&str]| git(root, &[&["log", "--first-parent", &format][..], range, &["--"]].concat());
    let since = since.map(|since| since.trim_end_matches('+'));
    let since = since.filter(|since| since.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let since = since.map(|since| format!("{since}..HEAD"));
    let found = since.and_then(|range| log(&[&range])).or_else(|| log(&["-1", "HEAD"]));
    found.unwrap_or_default().lines().flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// The user name of the Git configuration.
pub(crate) fn user(root: &Path) -> Option<String> {
    git(root, &["config", "user.name"]).filter(|name| !name.is_empty())
}

/// The address of a remote, as it is written in the configuration.
pub(crate) fn remote(root: &Path, name: &str) -> Option<String> {
    git(root, &["config", "--get", &format!("remote.{name}.url")])
}

/// The default branch of the remote `origin`; else the branch that is checked out, if it has no commit yet or a name that is
/// usual for a default branch.
pub(crate) fn default_branch(root: &Path) -> Option<String> {
    let of_remote = git(root, &["symbolic-ref", "--short", "refs/remotes/origin/HEAD"]);
    let branch = of_remote.and_then(|name| name.strip_prefix("origin/").map(str::to_owned)).or_else(|| {
        let own = git(root, &["symbolic-ref", "--short", "HEAD"])?;
        let is_usual = ["main", "master", "trunk"].contains(&own.as_str());
        (is_usual || git(root, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_none()).then_some(own)
    });
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-._/".contains(sign);
    branch.filter(|name| name.chars().all(is_plain))
}

/// The output of git; `None` if it is not installed or fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let arguments = [&["--no-optional-locks"], arguments].concat();
    let output = on_own_thread(run(root, &arguments, b"")).ok()?.ok()?;
    (output.code == Some(0)).then(|| String::from_utf8_lossy(&output.output).trim().to_owned())
}

/// The deadline of one call of git, including a slow network.
const LIMIT: Duration = Duration::from_mins(2);

/// The largest output that is read. More would only use up memory.
pub(crate) const OUTPUT_LIMIT: u64 = 256 * 1024 * 1024;
/// The largest error output that is read.
const ERROR_LIMIT: u64 = 1024 * 1024;

/// The beginnings of the names of variables that git, its transports and its credential helpers read. A helper of one's own
/// gets those that begin with `GIT_CREDENTIAL_`.
const PASSED_ON: [&str; 15] = [
    "GIT_ASKPASS",
    "GIT_CONFIG_",
    "GIT_CREDENTIAL_",
    "GIT_CURL_",
    "GIT_HTTP_",
    "GIT_PROXY_",
    "GIT_SSH",
    "GIT_SSL_",
    "GIT_TRACE",
    "GCM_",
    "KRB5",
    "LC_",
    "NIX_SSL_",
    "SSH_",
    "XDG_",
];
/// The names of further such variables, without regard to case.
const PASSED_ON_BY_NAME: [&str; 38] = [
    "GIT_ALLOW_PROTOCOL",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
    "GIT_PROTOCOL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "DISPLAY",
    "GNUPGHOME",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "USERPROFILE",
    "USERNAME",
    "HOMEDRIVE",
    "HOMEPATH",
    "MSYSTEM",
];
/// The configuration of the `git` that started this process, such as a hook's.
const NOT_PASSED_ON: &str = "GIT_CONFIG_PARAMETERS";

/// The result of a call of git.
pub(crate) struct GitOutput {
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) output: Vec<u8>,
    /// Standard error.
    pub(crate) errors: String,
}

/// Values of git's configuration for one call, by their names. They travel in the environment.
pub(crate) type GitConfig = [(String, SecretString)];

/// The git program by its path, if it can be found. Where the system must search the `PATH` of the child, it starts the child
/// by `fork`, which copies the page tables of this process and takes longer than git itself.
fn program() -> &'static OsStr {
    static PROGRAM: OnceLock<OsString> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = Context::environment().find(|(name, _)| name == "PATH");
        let path = path.map(|(_, path)| path).unwrap_or_default();
        let mut candidates = std::env::split_paths(&path).map(|folder| folder.join("git"));
        candidates.find(|candidate| is_program(candidate)).map_or_else(|| "git".into(), PathBuf::into)
    })
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Where names of programs have endings, the system searches for them.
#[cfg(not(unix))]
fn is_program(_: &Path) -> bool {
    false
}

/// Runs git in a folder with this input. Fails if git cannot be started, exceeds the deadline or prints too much; any exit
/// code is a success here.
pub(crate) async fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Result<GitOutput, String> {
    run_with(folder, &[], arguments, input).await
}

/// Runs git like [`run`], with values of its configuration that must not stand in its arguments.
pub(crate) async fn run_with(
    folder: &Path,
    config: &GitConfig,
    arguments: &[&str],
    input: &[u8],
) -> Result<GitOutput, String> {
    let failed = |error: io::Error| format!("cannot run git: {error}");
    let mut child = tokio::process::Command::new(program())
        .arg("-C")
        .arg(top(folder))
        .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
        .args(arguments)
        .env_clear()
        .envs(environment(Context::environment(), config))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().expect("it was piped");
    let output = child.stdout.take().expect("it was piped");
    let errors = child.stderr.take().expect("it was piped");
    let exchange = async {
        let write = async {
            // If git ends before it has read everything, its exit code tells why.
            let _ = stdin.write_all(input).await;
            drop(stdin);
            Ok(())
        };
        // The first that exceeds its limit ends the exchange, and with it the process.
        let (output, errors, ()) =
            tokio::try_join!(read_limited(output, OUTPUT_LIMIT), read_limited(errors, ERROR_LIMIT), write)?;
        Ok((child.wait().await?, output, errors))
    };
    let exchanged = tokio::time::timeout(LIMIT, exchange).await;
    let (status, output, errors) =
        exchanged.map_err(|_| "git exceeded its deadline of two minutes".to_owned())?.map_err(failed)?;
    Ok(GitOutput {
        code: status.code(),
        output,
        errors: redact::text(String::from_utf8_lossy(&errors).trim()),
    })
}

/// Reads a pipe to its end. Fails as soon as it holds more than the limit.
async fn read_limited(pipe: impl AsyncRead + Unpin, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(limit + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > limit {
        let mebibytes = limit / (1024 * 1024);
        return Err(io::Error::other(format!("it printed more than {mebibytes} MiB and was ended")));
    }
    Ok(bytes)
}

/// The environment of git: the variables that it needs, and its configuration. Without `GIT_DIR` and the like, which a hook
/// has set for another repository, the folder alone says which repository is meant.
fn environment(
    own: impl Iterator<Item = (OsString, OsString)>,
    config: &GitConfig,
) -> Vec<(OsString, OsString)> {
    let is_passed_on = |name: &OsStr| {
        let name = name.to_string_lossy().to_uppercase();
        let is_needed = PASSED_ON_BY_NAME.contains(&&*name)
            || PASSED_ON.iter().any(|beginning| name.starts_with(beginning));
        is_needed && name != NOT_PASSED_ON
    };
    let mut passed: Vec<(OsString, OsString)> = own.filter(|(name, _)| is_passed_on(name)).collect();
    let count = passed.iter().find(|(name, _)| name == "GIT_CONFIG_COUNT");
    let count: usize = count.and_then(|(_, count)| count.to_str()?.parse().ok()).unwrap_or(0);
    for (number, (name, value)) in (count..).zip(config) {
        passed.push((format!("GIT_CONFIG_KEY_{number}").into(), name.into()));
        passed.push((format!("GIT_CONFIG_VALUE_{number}").into(), value.expose_secret().into()));
    }
    if !config.is_empty() {
        passed.push(("GIT_CONFIG_COUNT".into(), (count + config.len()).to_string().into()));
    }
    passed
}

/// A remote: a name for the arguments of git, and the configuration that goes with it.
///
/// An address may contain a user, a password or a token. Git passes the address of a remote on in the arguments of its
/// transports, so that these travel apart from it, as configuration.
pub(crate) struct Remote {
    name: String,
    shown: String,
    config: Vec<(String, SecretString)>,
}

/// The name of a remote that was given by its address.
const ADDRESSED: &str = "servanda-ledger-address";

impl Remote {
    /// The remote of this name in the repository, or at this address.
    pub(crate) fn new(written: &str) -> Self {
        if !written.contains(['/', '\\', ':']) {
            return Self { name: written.to_owned(), shown: written.to_owned(), config: Vec::new() };
        }
        let (address, mut config) = without_login(written);
        let shown = match (address.split_once("://"), address.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => address.clone(),
        };
        config.push((format!("remote.{ADDRESSED}.url"), SecretString::from(address)));
        Self { name: ADDRESSED.to_owned(), shown, config }
    }

    /// Its name, for the arguments of git.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The configuration that belongs to it.
    pub(crate) fn config(&self) -> &GitConfig {
        &self.config
    }

    /// Its name or address without a login, for messages.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// A message of git with its address in place of the name that only this process knows.
    pub(crate) fn explained(&self, message: &str) -> String {
        message.replace(ADDRESSED, &self.shown)
    }
}

/// The address without its login, and the configuration that logs in. Only HTTP has logins in its addresses.
fn without_login(written: &str) -> (String, Vec<(String, SecretString)>) {
    let unchanged = (written.to_owned(), Vec::new());
    let Ok(mut url) = reqwest::Url::parse(written) else { return unchanged };
    if !matches!(url.scheme(), "https" | "http") || (url.username().is_empty() && url.password().is_none()) {
        return unchanged;
    }
    let decoded = |text: &str| String::from_utf8_lossy(&percent_decoded(text)).into_owned();
    let user = decoded(url.username());
    let password = url.password().map(decoded);
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return unchanged;
    }
    let setting = |name: &str, value: String| (name.to_owned(), SecretString::from(value));
    let config = match password {
        // A credential helper may know the password of a user.
        None => {
            redact::register(&SecretString::from(user.as_str()));
            vec![setting(&format!("credential.{url}.username"), user)]
        }
        Some(password) => {
            redact::register_login(&user, &SecretString::from(password.as_str()));
            let login = STANDARD.encode(format!("{user}:{password}"));
            vec![
                setting(&format!("http.{url}.extraHeader"), format!("Authorization: Basic {login}")),
                // A redirect would pass the header on to another host.
                setting(&format!("http.{url}.followRedirects"), "false".to_owned()),
            ]
        }
    };
    (url.to_string(), config)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;
    use std::process::Command;

    use secrecy::ExposeSecret as _;

    use super::{Remote, environment, run};

    fn names(own: &[(&str, &str)], remote: &Remote) -> Vec<(String, String)> {
        let own = own.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let text = |text: OsString| text.into_string().expect("text");
        environment(own, remote.config()).into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn git_gets_the_variables_that_it_needs_and_no_other() {
        let own = [
            ("PATH", "/bin"),
            ("https_proxy", "http://proxy:3128"),
            ("GIT_SSH_COMMAND", "ssh -i key"),
            ("GIT_SSL_CAINFO", "/ca.pem"),
            ("KEY", "secret"),
            ("SERVANDA_LEDGER_SECRET", "secret"),
            ("GITHUB_TOKEN", "secret"),
            ("GIT_DIR", "/other/.git"),
            ("GIT_LEDGER_SECRET", "secret"),
            ("GIT_CREDENTIAL_TOKEN", "of a helper"),
        ];
        let passed = names(&own, &Remote::new("origin"));
        let passed: Vec<&str> = passed.iter().map(|(name, _)| name.as_str()).collect();
        let expected = ["PATH", "https_proxy", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_CREDENTIAL_TOKEN"];
        assert_eq!(passed, expected);
    }

    #[test]
    fn no_variable_says_which_repository_is_meant() {
        let listed = Command::new("git").args(["rev-parse", "--local-env-vars"]).output().expect("git");
        let listed = String::from_utf8(listed.stdout).expect("names");
        assert!(listed.lines().count() > 10);
        for name in listed.lines().filter(|name| *name != "GIT_CONFIG_COUNT") {
            assert!(names(&[(name, "x")], &Remote::new("origin")).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_login_in_an_address_travels_in_the_environment() {
        let remote = Remote::new("https://user:p%40ss%20word@git.example/ledger.git");
        assert_eq!(remote.shown(), "https://git.example/ledger.git");
        assert_eq!(remote.explained(&format!("no {}", remote.name())), "no https://git.example/ledger.git");
        let passed = names(&[("GIT_CONFIG_COUNT", "2")], &remote);
        let value = |name: &str| {
            let found = passed.iter().rfind(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).expect("it is passed")
        };
        assert_eq!(value("GIT_CONFIG_COUNT"), "5");
        assert_eq!(value("GIT_CONFIG_KEY_2"), "http.https://git.example/ledger.git.extraHeader");
        assert_eq!(value("GIT_CONFIG_VALUE_2"), "Authorization: Basic dXNlcjpwQHNzIHdvcmQ=");
        assert_eq!(value("GIT_CONFIG_KEY_4"), "remote.servanda-ledger-address.url");
        assert_eq!(value("GIT_CONFIG_VALUE_4"), "https://git.example/ledger.git");
        let remote = Remote::new("https://a-long-token@git.example/ledger.git");
        let values: Vec<&str> = remote.config().iter().map(|(_, value)| value.expose_secret()).collect();
        assert_eq!(values, ["a-long-token", "https://git.example/ledger.git"]);
        for unchanged in ["origin", "ledger.git"] {
            assert!(Remote::new(unchanged).config().is_empty(), "{unchanged}");
        }
        for address in ["ssh://git@git.example/a.git", "git@git.example:a.git", "/srv/a.git", "../a.git"] {
            let remote = Remote::new(address);
            assert_eq!(remote.config().len(), 1, "{address}");
            assert_eq!(remote.config()[0].1.expose_secret(), address);
        }
    }

    #[cfg(unix)]
    #[test]
    fn git_is_started_by_its_path() {
        assert!(Path::new(super::program()).is_absolute(), "{:?}", super::program());
    }

    #[tokio::test]
    async fn git_is_ended_as_soon_as_it_prints_too_much() {
        for script in ["!yes", "!yes >&2"] {
            let endless = format!("alias.endless={script}");
            let ended = run(Path::new("."), &["-c", &endless, "endless"], b"").await;
            let why = ended.err().expect("it never ends by itself");
            assert!(why.contains("MiB"), "{script}: {why}");
        }
    }
}
