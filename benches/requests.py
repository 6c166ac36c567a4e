#!/usr/bin/env python3
"""Counts the requests to a helpdesk that docs/scale.md computes with, and prints its tables.

    cargo build && python3 benches/requests.py

Two estates of different size live through a renewal on the embedded helpdesk: each client has an agreement of 2026, gets a
successor in November, and changes over on 1 January. `-vv` logs every request. The difference between the two estates,
divided by the difference of their sizes, is the number for one agreement; a number that is not whole is an error.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(os.environ.get("SERVANDA", Path(__file__).parent.parent / "target/debug/servanda")).resolve()
SIZES = (10, 30)
PRIORITIES = ("critical", "high", "normal", "low")
AGREEMENTS = 100_000
RATES = (5, 20, 50)


def estate(folder: Path, clients: int, targets: int) -> None:
    """Writes the repository, without the successors."""
    for name in ("agreements", "templates"):
        (folder / name).mkdir()
    (folder / "servanda.yaml").write_text("timezone: Europe/Moscow\n")
    listed = [f"  c{number}: {{ title: Client {number} }}\n" for number in range(clients)]
    priorities = ", ".join(f"{name}: {{ title: {name} }}" for name in PRIORITIES)
    catalog = f"clients:\n{''.join(listed)}services: {{ email: {{ title: Mail }} }}\npriorities: {{ {priorities} }}\n"
    (folder / "catalog.yaml").write_text(catalog)
    rows = [f"    {name}: {{ response: 1h, resolution: 8h }}\n" for name in PRIORITIES[:targets]]
    sla = f"sla:\n  targets:\n{''.join(rows)}" if rows else ""
    (folder / "templates/support.yaml").write_text(f"services: {{ email: true }}\n{sla}")
    agreements(folder, clients, 2026, "")


def agreements(folder: Path, clients: int, year: int, renews: str) -> None:
    """Writes an agreement of the year for each client."""
    for number in range(clients):
        period = f"period: {{ first_day: {year}-01-01, last_day: {year}-12-31 }}\n"
        text = f"extends: support\nclient: c{number}\n{renews.format(number)}{period}"
        (folder / f"agreements/c{number}-{year}.yaml").write_text(text)


def requests(folder: Path, day: str) -> int:
    """Applies on a day, and counts the requests."""
    command = [PROGRAM, "apply", "--yes", "-vv", "--as-of", day]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stderr.count("DEBUG request path=")


def year(clients: int, targets: int) -> tuple[int, int, int]:
    """The requests to create active agreements, to create planned ones, and of the changeover."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        estate(folder, clients, targets)
        active = requests(folder, "2026-02-01")
        agreements(folder, clients, 2027, "renews: c{}-2026\n")
        return active, requests(folder, "2026-11-01"), requests(folder, "2027-01-01")


def each(targets: int) -> tuple[int, ...]:
    """The requests for one agreement, of the same three."""
    few, many = (year(clients, targets) for clients in SIZES)
    found = []
    for low, high in zip(few, many):
        number, rest = divmod(high - low, SIZES[1] - SIZES[0])
        if rest:
            sys.exit(f"the requests do not grow evenly: {low} for {SIZES[0]} agreements, {high} for {SIZES[1]}")
        found.append(number)
    return tuple(found)


def main() -> None:
    """Prints the tables."""
    print("| targets | create, hidden | create, active at once | activate one and deactivate its predecessor |\n|---|---|---|---|")
    counts = {targets: each(targets) for targets in range(len(PRIORITIES) + 1)}
    for targets, (active, planned, both) in counts.items():
        print(f"| {targets} | {planned} | {active} | {both} |")
    _, planned, both = counts[len(PRIORITIES)]
    print("\n| requests a second | 1 January takes | creating the successors before it takes |\n|---|---|---|")
    for rate in RATES:
        hours = [f"{AGREEMENTS * count / rate / 3600:.1f} hours" for count in (both, planned)]
        print(f"| {rate} | {' | '.join(hours)} |")


if __name__ == "__main__":
    main()
