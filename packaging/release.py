#!/usr/bin/env python3
"""The steps of a release that are more than one command. The release workflow runs them, and so do the tests.

  release.py check VERSION               the version is that of Cargo.toml, and CHANGELOG.md has a section for it
  release.py notes VERSION               prints that section
  release.py documents BINARY DIR        manual pages and completions, written by the program itself
  release.py archive TARGET BINARY DOCUMENTS OUT
                                         the archive of a target; the same files give the same bytes
  release.py fill VERSION OUT            writes version and digests of OUT's archives into the installers of this tree
"""

import gzip
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXTS = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]
COMPLETIONS = {"bash": "servanda", "zsh": "_servanda", "fish": "servanda.fish", "powershell": "_servanda.ps1"}
# Zip cannot express an earlier time.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def version():
    return re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.M)[1]


def notes(wanted):
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \[?{re.escape(wanted)}\]?.*?\n(.+?)(?=^## |\Z)", text, re.M | re.S)
    if not found or not found[1].strip():
        sys.exit(f"CHANGELOG.md has no section for {wanted}")
    return found[1].strip() + "\n"


def check(wanted):
    if wanted != version():
        sys.exit(f"Cargo.toml has version {version()}, and not {wanted}")
    notes(wanted)


def documents(binary, out):
    """Writes what a package has beside the program."""
    folder = Path(out)
    (folder / "completions").mkdir(parents=True, exist_ok=True)
    program = str(Path(binary).resolve())
    subprocess.run([program, "man", str(folder / "man")], check=True)
    for shell, name in COMPLETIONS.items():
        script = subprocess.run([program, "completions", shell], check=True, capture_output=True).stdout
        # The script names the program as it was started; in a package it is on the PATH.
        text = script.decode().replace(program, "servanda")
        (folder / "completions" / name).write_text(text, encoding="utf-8", newline="\n")


def contents(binary, extras):
    """The members of an archive by name: the program first, so that a reader may stop after it."""
    yield Path(binary).name, Path(binary), 0o755
    for name in TEXTS:
        yield name, ROOT / name, 0o644
    for path in sorted(path for path in Path(extras).rglob("*") if path.is_file()):
        yield path.relative_to(extras).as_posix(), path, 0o644


def archive(target, binary, extras, out):
    """Packs an archive without times, owners and umask, in a fixed order."""
    stem = f"servanda-{version()}-{target}"
    Path(out).mkdir(parents=True, exist_ok=True)
    members = list(contents(binary, extras))
    if "windows" in target:
        path = Path(out) / f"{stem}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            for name, source, mode in members:
                entry = zipfile.ZipInfo(f"{stem}/{name}", ZIP_EPOCH)
                entry.external_attr, entry.create_system, entry.compress_type = mode << 16, 3, zipfile.ZIP_DEFLATED
                packed.writestr(entry, source.read_bytes())
    else:
        path = Path(out) / f"{stem}.tar.gz"
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped:
            with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as packed:
                for name, source, mode in members:
                    entry = tarfile.TarInfo(f"{stem}/{name}")
                    entry.size, entry.mode = source.stat().st_size, mode
                    with open(source, "rb") as content:
                        packed.addfile(entry, content)
    print(path)


def fill(wanted, out):
    """Writes version and digests between the marks of both installers, and the digests beside the archives."""
    archives = sorted(path for path in Path(out).iterdir() if path.name.endswith((".tar.gz", ".zip")))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in archives]
    if not lines:
        sys.exit(f"{out} has no archive")
    (Path(out) / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    for name, quote in [("install.sh", "version={}"), ("install.ps1", "$Version = '{}'")]:
        path = ROOT / "packaging" / name
        text = path.read_text(encoding="utf-8")
        line = "^" + re.escape(quote).replace(r"\{\}", ".*") + "$"
        text, versions = re.subn(line, lambda _: quote.format(wanted), text, count=1, flags=re.M)
        block = "\n".join(["# digests", *lines, "# end"])
        text, blocks = re.subn(r"^# digests$.*?^# end$", lambda _: block, text, count=1, flags=re.M | re.S)
        if (versions, blocks) != (1, 1):
            sys.exit(f"{name} has no place for version and digests")
        path.write_text(text, encoding="utf-8", newline="\n")


STEPS = {
    "check": check,
    "notes": lambda wanted: sys.stdout.write(notes(wanted)),
    "documents": documents,
    "archive": archive,
    "fill": fill,
}

if __name__ == "__main__":
    os.umask(0o022)
    if len(sys.argv) < 2 or sys.argv[1] not in STEPS:
        sys.exit(__doc__)
    STEPS[sys.argv[1]](*sys.argv[2:])
