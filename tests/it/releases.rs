//! The steps of a release, and what its users run: archives, installers and the action, with a local release server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use crate::missing::did_not_run;
use crate::python::interpreter;
use crate::recipes::{is_missing, step};
use crate::repository::{Repository, copy};

/// What does not run where a program of others is missing.
const TESTED: &str = "the steps of a release";
/// Systems as `uname` names them, with the target of their archive.
const SYSTEMS: [(&str, &str, &str); 3] = [
    ("Linux", "x86_64", "x86_64-unknown-linux-musl"),
    ("Darwin", "arm64", "aarch64-apple-darwin"),
    ("MINGW64_NT-10.0-26100", "x86_64", "x86_64-pc-windows-msvc"),
];
/// A program that is small enough to be packed often.
const PROGRAM: &str = r#"#!/bin/sh
case "$1" in
  man) mkdir -p "$2" && echo .TH > "$2/servanda.1" ;;
  *) echo "servanda 9.8.7" ;;
esac
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A checkout of what a release needs, of version 9.8.7, and the folders of a machine that runs jobs.
struct Checkout {
    files: Repository,
}

impl Checkout {
    fn new() -> Self {
        let files = Repository::empty();
        for name in ["packaging", "action.yml", "Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            copy(&root().join(name), &files.root().join(name));
        }
        let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
        files.edit("Cargo.toml", &version, "version = \"9.8.7\"");
        files.file(
            "CHANGELOG.md",
            "# Changelog\n\n## Unreleased\n\n## 9.8.7 (2026-11-30)\n\n- It is new.\n\n## 9.8.6\n",
        );
        Self { files }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.root().join(name)
    }

    /// Puts a program of a test on the PATH of the jobs.
    fn program(&self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.files.file(path, text);
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a script as a forge does.
    fn run(&self, script: &str, environment: &[(&str, &str)]) -> Output {
        let python = interpreter().parent().unwrap();
        let found = std::env::var("PATH").unwrap();
        let path = format!("{}:{}:{found}", self.path("stubs").display(), python.display());
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]);
        command.current_dir(self.files.root()).env_clear().env("PATH", path).env("HOME", self.path("home"));
        command.env("GITHUB_PATH", self.path("path")).env("GITHUB_OUTPUT", self.path("output"));
        command.env("SOURCE", self.files.root()).env("VERSION", "9.8.7").env("GIT_CONFIG_NOSYSTEM", "1");
        command.envs(environment.iter().copied()).output().unwrap()
    }

    #[track_caller]
    fn expect(&self, is_success: bool, script: &str, environment: &[(&str, &str)]) -> String {
        let output = self.run(script, environment);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), is_success, "{script}\n{said}");
        said
    }

    /// Packs the archives of all systems by the step of the workflow, and fills the installers.
    fn release(&self) {
        for (_, _, target) in SYSTEMS {
            let name = if target.contains("windows") { "servanda.exe" } else { "servanda" };
            self.program(&format!("target/{target}/dist/{name}"), PROGRAM);
            self.expect(true, &step(".github/workflows/release.yml", "Pack"), &[("TARGET", target)]);
        }
        self.expect(true, &step(".github/workflows/release.yml", "Fill the installers"), &[]);
    }
}

/// Serves the files of a folder by their last name. Returns the address, and the paths that were requested.
fn serve(folder: PathBuf) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requested = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requested);
    std::thread::Builder::new()
        .spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let path = head[0].split(' ').nth(1).unwrap().to_owned();
                let file = std::fs::read(folder.join(path.rsplit('/').next().unwrap()));
                kept.lock().unwrap().push(path);
                let (status, body) = file.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                // A client may leave early.
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        })
        .unwrap();
    (url, requested)
}

#[test]
fn the_same_files_give_the_same_archive() {
    if is_missing(TESTED, &["python3"]) {
        return;
    }
    let (first, second) = (Checkout::new(), Checkout::new());
    first.release();
    // Another time, and another mask of rights.
    second.expect(true, "umask 077; touch -d 2001-01-01 README.md", &[]);
    second.release();
    for (_, _, target) in SYSTEMS {
        let ending = if target.contains("windows") { "zip" } else { "tar.gz" };
        let name = format!("out/servanda-9.8.7-{target}.{ending}");
        let [one, other] = [&first, &second].map(|checkout| std::fs::read(checkout.path(&name)).unwrap());
        assert!(one == other, "{name} differs");
    }
    assert_eq!(first.files.read("notes.md"), "- It is new.\n");
}

#[test]
fn only_the_version_of_the_tree_is_released_and_with_notes() {
    if is_missing(TESTED, &["python3"]) {
        return;
    }
    let checkout = Checkout::new();
    let check = "python3 packaging/release.py check";
    checkout.expect(true, &format!("{check} 9.8.7"), &[]);
    assert!(checkout.expect(false, &format!("{check} 9.8.6"), &[]).contains("version 9.8.7"));
    checkout.files.edit("CHANGELOG.md", "- It is new.", "");
    assert!(checkout.expect(false, &format!("{check} 9.8.7"), &[]).contains("no section for 9.8.7"));
}

#[test]
fn the_action_installs_the_archive_of_each_system_and_keeps_it() {
    if is_missing(TESTED, &["python3", "curl", "unzip"]) {
        return;
    }
    let checkout = Checkout::new();
    checkout.release();
    let (url, requested) = serve(checkout.path("out"));
    let install = step("action.yml", "Install servanda");
    for (system, machine, target) in SYSTEMS {
        let names = format!("#!/bin/sh\n[ \"$1\" = -m ] && echo {machine} || echo {system}\n");
        checkout.program("stubs/uname", &names);
        for file in ["path", "output"] {
            checkout.files.file(file, "");
        }
        let tools = checkout.path("tools").display().to_string();
        let environment = [("SERVANDA_RELEASES", url.as_str()), ("RUNNER_TOOL_CACHE", tools.as_str())];
        for _ in 0..2 {
            checkout.expect(true, &install, &environment);
        }
        let paths = std::mem::take(&mut *requested.lock().unwrap());
        assert_eq!(paths.len(), 1, "the second run finds the program: {paths:?}");
        assert!(paths[0].starts_with(&format!("/v9.8.7/servanda-9.8.7-{target}.")), "{paths:?}");
        let output = checkout.files.read("output");
        let program = output.lines().find_map(|line| line.strip_prefix("path=")).unwrap();
        assert!(output.ends_with("version=9.8.7\n"), "{output}");
        assert_eq!(std::fs::read_to_string(program).unwrap(), PROGRAM);
        let folder = checkout.files.read("path").lines().next().unwrap().to_owned();
        assert!(program.starts_with(&folder) && folder.starts_with(&tools), "{folder} {program}");
    }
}

#[test]
fn a_job_that_init_wrote_installs_the_release() {
    if is_missing(TESTED, &["python3", "curl"]) {
        return;
    }
    let checkout = Checkout::new();
    checkout.release();
    std::fs::copy(checkout.path("packaging/install.sh"), checkout.path("out/install.sh")).unwrap();
    let (url, requested) = serve(checkout.path("out"));
    checkout.program("stubs/uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo x86_64 || echo Linux\n");
    let made = Repository::empty();
    made.expect(0, &["init", "--yes", "--forge", "github"]);
    let workflow = made.root().join(".github/workflows/apply.yml");
    let temporary = checkout.path("tmp").display().to_string();
    let environment = [("SERVANDA_RELEASES", url.as_str()), ("RUNNER_TEMP", temporary.as_str())];
    checkout.expect(true, &step(workflow.to_str().unwrap(), "Install"), &environment);
    assert_eq!(requested.lock().unwrap()[0], "/v9.8.7/install.sh");
    let folder = checkout.files.read("path").trim().to_owned();
    assert_eq!(std::fs::read_to_string(Path::new(&folder).join("servanda")).unwrap(), PROGRAM);
}

#[test]
fn an_archive_with_another_digest_is_not_installed() {
    if is_missing(TESTED, &["python3", "curl"]) {
        return;
    }
    let checkout = Checkout::new();
    checkout.release();
    let (url, _) = serve(checkout.path("out"));
    let (system, machine, target) = SYSTEMS[0];
    checkout
        .program("stubs/uname", &format!("#!/bin/sh\n[ \"$1\" = -m ] && echo {machine} || echo {system}\n"));
    let archive = format!("out/servanda-9.8.7-{target}.tar.gz");
    std::fs::copy(checkout.path(&archive.replace(target, SYSTEMS[1].2)), checkout.path(&archive)).unwrap();
    let tools = checkout.path("tools").display().to_string();
    let environment = [("SERVANDA_RELEASES", url.as_str()), ("RUNNER_TOOL_CACHE", tools.as_str())];
    let said = checkout.expect(false, &step("action.yml", "Install servanda"), &environment);
    assert!(said.contains("the digest of"), "{said}");
    assert!(!checkout.path("path").exists() && !checkout.path("tools").exists(), "nothing is left");
    checkout.program("stubs/uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo riscv64 || echo Linux\n");
    let said = checkout.expect(false, "sh packaging/install.sh", &environment);
    assert!(said.contains("no archive for Linux on riscv64"), "{said}");
}

#[test]
fn the_action_of_an_unreleased_commit_builds_its_source() {
    let checkout = Checkout::new();
    let cargo = "#!/bin/sh\nfor last; do :; done\nmkdir -p \"$last/bin\"\necho \"$@\" > \"$HOME/arguments\"\n\
                 printf '#!/bin/sh\\necho servanda 9.8.7\\n' > \"$last/bin/servanda\"; chmod +x \"$last/bin/servanda\"\n";
    checkout.program("stubs/cargo", cargo);
    checkout.files.file("home/arguments", "");
    checkout.expect(true, &step("action.yml", "Install servanda"), &[]);
    let arguments = checkout.files.read("home/arguments");
    let source = checkout.files.root().display();
    assert!(
        arguments.starts_with(&format!("install --quiet --locked --path {source} --root ")),
        "{arguments}"
    );
    assert!(checkout.files.read("output").ends_with("version=9.8.7\n"));
    let said = checkout.expect(false, "sh packaging/install.sh", &[]);
    assert!(said.contains("this tree is no release"), "{said}");
}

#[test]
fn a_release_is_tagged_with_its_digests_and_published_once() {
    if is_missing(TESTED, &["python3"]) {
        return;
    }
    let (checkout, remote) = (Checkout::new(), Repository::empty());
    remote.git(&["init", "-q", "--bare"]);
    checkout.files.file(".gitignore", "/out\n/target\n/home\n/stubs\n/notes.md\n");
    let source = checkout.files.commit();
    checkout.files.git(&["remote", "add", "origin", remote.root().to_str().unwrap()]);
    checkout.release();
    checkout.program("stubs/gh", "#!/bin/sh\necho \"$@\" > \"$HOME/published\"\n");
    checkout.files.file("home/published", "");
    let publish = step(".github/workflows/release.yml", "Tag and publish");
    let environment = [("GH_TOKEN", "a-token"), ("GITHUB_SERVER_URL", "https://github.com")];
    checkout.expect(true, &publish, &environment);
    let changed = remote.git(&["diff", "--name-only", "refs/tags/v9.8.7^", "refs/tags/v9.8.7"]);
    assert_eq!(changed, "packaging/install.ps1\npackaging/install.sh");
    assert_eq!(remote.git(&["rev-parse", "refs/tags/v9.8.7^"]), source);
    let published = checkout.files.read("home/published");
    assert!(published.starts_with("release create v9.8.7 --verify-tag"), "{published}");
    for name in ["SHA256SUMS", "install.sh", "install.ps1", "servanda-9.8.7-aarch64-apple-darwin.tar.gz"] {
        assert!(published.contains(&format!("out/{name}")), "{name}: {published}");
    }
    let digests = checkout.files.read("out/SHA256SUMS");
    let installers =
        ["install.sh", "install.ps1"].map(|name| remote.git(&["show", &format!("v9.8.7:packaging/{name}")]));
    assert!(
        digests.lines().count() == 3
            && digests.lines().all(|line| installers.iter().all(|text| text.contains(line)))
    );
    checkout.files.git(&["reset", "-q", "--hard", &source]);
    checkout.files.file("packaging/install.sh", "another");
    checkout.expect(false, &publish, &environment);
}

#[test]
fn the_documents_of_a_package_are_those_of_the_program() {
    if is_missing(TESTED, &["python3"]) {
        return;
    }
    let folder = Repository::empty();
    let mut made = Command::new(interpreter());
    made.arg(root().join("packaging/release.py")).args(["documents", env!("CARGO_BIN_EXE_servanda")]);
    made.arg(folder.root()).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = made.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.read("man/servanda-plan.1").contains("servanda"));
    for name in ["servanda", "_servanda", "servanda.fish", "_servanda.ps1"] {
        let script = folder.read(&format!("completions/{name}"));
        assert!(script.contains("servanda") && !script.contains(env!("CARGO_BIN_EXE_servanda")), "{script}");
    }
}

#[test]
fn the_program_says_where_it_comes_from() {
    let said = Repository::empty().expect(0, &["--version"]).stdout;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], concat!("servanda ", env!("CARGO_PKG_VERSION")));
    let labels: Vec<&str> = lines[1..].iter().map(|line| line.split_once(": ").unwrap().0).collect();
    assert_eq!(labels, ["commit", "target", "zone data"], "{said}");
}

#[test]
fn every_place_names_the_same_repository() {
    let address = env!("CARGO_PKG_REPOSITORY");
    for name in
        ["packaging/install.sh", "packaging/install.ps1", "pyproject.toml", "ci/gitlab.yml", "docs/github.md"]
    {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        let repository = address.strip_prefix("https://github.com/").unwrap();
        assert!(text.contains(repository), "{name} does not name {repository}");
    }
}

#[test]
fn scripts_and_the_image_pass_their_linters() {
    for (program, files) in [
        ("shellcheck", &["packaging/install.sh", "packaging/try.sh", ".ci/run"][..]),
        ("hadolint", &["packaging/Containerfile"]),
    ] {
        let own = root().join("target/zizmor/bin").join(program);
        let linter = if own.exists() { own } else { PathBuf::from(program) };
        let Ok(output) = Command::new(linter).args(files).current_dir(root()).output() else {
            return did_not_run(TESTED, &format!("{program} is missing"));
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
