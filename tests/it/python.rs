//! Python, for the tests that start a program in it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The interpreter behind the name `python3`, which may be a script that looks for it at each start; the name alone where
/// there is none.
pub(crate) fn interpreter() -> &'static PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let path = asked.map(|asked| PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim()));
        path.ok().filter(|path| path.is_absolute()).unwrap_or_else(|| PathBuf::from("python3"))
    })
}
