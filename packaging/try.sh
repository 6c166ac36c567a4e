#!/bin/sh
# Builds the wheel and the Debian package from the program of the dev profile, and tries each in a place where nothing else
# is: an empty virtual environment, and an empty file system. `.ci/run` runs it after the tests.
#
# It needs target/maturin (a virtual environment with maturin) and cargo-deb.
set -eu
cd "$(dirname "$0")/.."
fail() {
  echo "$1" >&2
  exit 1
}
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The first command of the tour, in a copy of the example.
mkdir "$work/example"
cp -R servanda.yaml catalog.yaml agreements templates calendars "$work/example/"
tour() {
  (cd "$work/example" && env -i PATH="$1" servanda status --as-of 2026-09-01) | tee "$work/status"
  grep -q '^21 agreements: ' "$work/status"
}

echo "== wheel"
target/maturin/bin/maturin build --quiet --profile dev --out "$work/wheels"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index --no-deps "$work"/wheels/servanda-*.whl
env -i PATH="$work/venv/bin" servanda --version
tour "$work/venv/bin"
"$work/venv/bin/pip" uninstall --quiet --yes servanda
[ ! -e "$work/venv/bin/servanda" ] || fail "the program is left"

echo "== Debian package"
program=target/debug/servanda
python3 packaging/release.py documents "$program" target/documents
cargo deb --quiet --no-build --no-strip --profile dev --output "$work/servanda.deb"
# An empty file system with a database of packages, without the dependencies: those are of the system below it.
root="$work/root"
mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info"
: > "$root/var/lib/dpkg/status"
in_root() {
  dpkg --root="$root" --force-not-root --force-depends --force-script-chrootless --log="$work/log" "$@"
}
in_root --install "$work/servanda.deb"
"$root/usr/bin/servanda" --version
tour "$root/usr/bin"
for name in man/man1/servanda.1 man/man1/servanda-plan.1 bash-completion/completions/servanda \
  zsh/vendor-completions/_servanda fish/vendor_completions.d/servanda.fish doc/servanda/copyright; do
  [ -e "$root/usr/share/$name" ] || [ -e "$root/usr/share/$name.gz" ] || fail "the package has no $name"
done
in_root --purge servanda
left="$(find "$root" -path "$root/var" -prune -o -type f -print)"
[ -z "$left" ] || fail "the package leaves $left"
