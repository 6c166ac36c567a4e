//! A repository in a temporary folder, and the program run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// The files of a folder, by their paths in it.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The files of the example after one command that many tests begin with, by its arguments.
static BEGUN: Mutex<BTreeMap<Vec<String>, Arc<Files>>> = Mutex::new(BTreeMap::new());

/// A repository that is deleted at the end of the test.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

/// The result of a run of the program.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs a program to its end.
    pub(crate) fn of(program: &mut Command) -> Self {
        let output = program.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Repository {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A copy of the example, which is this project itself.
    pub(crate) fn example() -> Self {
        let repository = Self::empty();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["servanda.yaml", "catalog.yaml", "agreements", "templates", "calendars"] {
            copy(&source.join(name), &repository.root().join(name));
        }
        repository
    }

    /// A copy of the example in which this command has succeeded. It runs once for all tests.
    pub(crate) fn example_after(arguments: &[&str]) -> Self {
        let owned = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut begun = BEGUN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let files = begun.entry(owned).or_insert_with(|| {
            let repository = Self::example();
            repository.expect(0, arguments);
            Arc::new(repository.files())
        });
        let files = Arc::clone(files);
        drop(begun);
        Self::with_files(&files)
    }

    /// A repository in another folder, with the same files.
    pub(crate) fn duplicate(&self) -> Self {
        Self::with_files(&self.files())
    }

    fn with_files(files: &Files) -> Self {
        let repository = Self::empty();
        for (path, bytes) in files {
            let path = repository.root().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        repository
    }

    /// All its files with their bytes.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let within = path.strip_prefix(self.root()).unwrap().to_owned();
                    files.insert(within, std::fs::read(path).unwrap());
                }
            }
        }
        files
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub(crate) fn file(&self, path: &str, text: &str) -> &Self {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Replaces a text in a file, which must contain it.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(from), "{path} does not contain `{from}`");
        self.file(path, &text.replacen(from, to, 1))
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn remove(&self, path: &str) -> &Self {
        std::fs::remove_file(self.root().join(path)).unwrap();
        self
    }

    /// The program, prepared to run in the repository with an empty environment.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_servanda"));
        command.args(arguments).current_dir(self.root()).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.program(arguments))
    }

    /// Runs the program and expects this exit code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    /// Runs the program and parses its output as JSON.
    #[track_caller]
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> serde_json::Value {
        let run = self.expect(code, arguments);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
    }
}

/// Tries cases that mostly wait, all at the same time.
pub(crate) fn side_by_side<Case: Send>(cases: impl IntoIterator<Item = Case>, test: impl Fn(Case) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || test(case));
        }
    });
}

pub(crate) fn copy(from: &Path, to: &PathBuf) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}
