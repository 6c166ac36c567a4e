#!/usr/bin/env python3
"""Measures the figures of the README, as ratios within one run, and prints the table.

    python3 benches/compare.py [--agreements 10000] [--quick]

Builds the binary as it is shipped (profile `dist`) and copies it as an installation does, writes a seeded corpus, and times whole processes
in turns (so that a busy machine slows all of them alike); the median of the rounds counts. ajv-cli and octoDNS are
installed below target/bench when npm and pip can be had; where they cannot, their rows say so.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
SERVANDA = WORK / "servanda"
AS_OF = "2026-09-01"
# The key of the embedded helpdesk, which opens nothing else.
KEY = "5e7a9da0-0000-4000-8000-000000000001"


def say(text):
    print(text, file=sys.stderr, flush=True)


def cargo(*arguments):
    """Runs cargo without flags of the environment, which would make another program than the one that is shipped."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("RUSTFLAGS")}
    run(["cargo", *arguments], cwd=ROOT, env=environment)


def run(command, ok=(0,), **keywords):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)
    if done.returncode not in ok:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stderr.decode()[-2000:]}{done.stdout.decode()[-2000:]}")
    return done


# Linux counts the peak of a starting process to the one that it starts. A small starter, of about 10 MiB, stands in between,
# so that no figure is below that.
STARTER = """
import os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - begin, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
"""


def timed(command, ok=(0,)):
    """Wall seconds and peak MiB of one process."""
    seconds, peak, code = run([sys.executable, "-I", "-S", "-c", STARTER, *command]).stdout.split()
    if int(code) not in ok:
        sys.exit(f"{command}: exit {int(code)}")
    return float(seconds), float(peak)


def in_turns(commands, rounds, ok=(0,)):
    """The median wall seconds and the peak MiB of each command, run in turns after one warm-up."""
    samples = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            sample = timed(command, ok)
            if turn:
                samples[name].append(sample)
    return {
        name: (statistics.median(s for s, _ in taken), max(m for _, m in taken)) for name, taken in samples.items()
    }


def corpus(agreements, name="corpus", more=()):
    folder = WORK / f"{name}-{agreements}"
    if not (folder / "servanda.yaml").exists():
        say(f"writing {agreements} agreements")
        shutil.rmtree(folder, ignore_errors=True)
        generate = ["run", "--profile", "dist", "--quiet", "--example", "generate", "--"]
        cargo(*generate, "--agreements", str(agreements), *more, str(folder))
    return folder


def estate(agreements):
    """The corpus of a large provider: two agreements of each client, who has two contacts and two departments."""
    more = ("--clients", str(agreements // 2), "--contacts", "2", "--departments", "2")
    return corpus(agreements, "clients", more)


def renew(agreements, rounds):
    """All of so many agreements renewed in one go, each time in a copy: ext4 takes seconds to find room for new files
    where as many were just deleted."""
    folder = corpus(agreements, "ending", ("--ending", "--chain", "1"))
    copies = [WORK / f"renewed-{number}" for number in range(rounds + 1)]
    for copy in copies:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
    os.sync()
    samples = []
    for copy in copies:
        command = [str(SERVANDA), "-C", str(copy), "renew", "--ending-within", "1200d", "--as-of", "2026-05-01"]
        samples.append(timed(command)[0])
        files = sum(1 for _ in (copy / "agreements").rglob("*.yaml"))
        if files != 2 * agreements:
            sys.exit(f"{files - agreements} of {agreements} agreements were renewed")
    for copy in copies:
        shutil.rmtree(copy)
    return statistics.median(samples[1:])


def cat(folder):
    script = f"find '{folder}' -name '*.yaml' -not -path '*/.servanda/*' -print0 | xargs -0 cat"
    return ["sh", "-c", script]


def ajv(folder):
    if not shutil.which("npm"):
        return None
    tool = WORK / "ajv" / "node_modules" / ".bin" / "ajv"
    if not tool.exists():
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(WORK / "ajv"), "ajv-cli@5"]
        if subprocess.run(install, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            return None
    # ajv-cli reads bare dates as Date objects, so that it gets the same documents as JSON.
    pattern = str(folder / "ajv" / "*.json")
    schema = str(ROOT / "schemas" / "agreement.json")
    return [str(tool), "validate", "--strict=false", "-s", schema, "-d", pattern]


def write_json_twins(folder):
    """The agreements of the corpus as JSON, for tools that read YAML dates otherwise."""
    twins = folder / "ajv"
    if twins.exists():
        return
    try:
        import yaml
    except ImportError:
        run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(WORK / "pyyaml"), "pyyaml"])
        sys.path.insert(0, str(WORK / "pyyaml"))
        import yaml

    class Plain(yaml.SafeLoader):
        pass

    # YAML 1.2 core: a day stays text, and only `true` and `false` are yes and no (`on` is a key here).
    left_out = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
    Plain.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag not in left_out]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    twins.mkdir()
    for number, path in enumerate(sorted((folder / "agreements").rglob("*.yaml"))):
        document = yaml.load(path.read_text(), Plain)
        (twins / f"{number}.json").write_text(json.dumps(document, ensure_ascii=False))


def octodns(folder, agreements):
    """octoDNS over as many zone files of its own kind."""
    tool = WORK / "octodns" / "bin" / "octodns-validate"
    if not tool.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(WORK / "octodns")], stderr=subprocess.DEVNULL)
        pip = [str(WORK / "octodns" / "bin" / "pip"), "install", "--quiet", "octodns"]
        if made.returncode or subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            return None
    zones = WORK / f"zones-{agreements}"
    if not zones.exists():
        total = sum(path.stat().st_size for path in (folder / "agreements").rglob("*.yaml"))
        size = total // agreements
        (zones / "config").mkdir(parents=True)
        names = [f"client{number}.example." for number in range(agreements)]
        for number, name in enumerate(names):
            records, filled = [], 0
            while filled < size - 60:
                record = f"host{len(records)}:\n  ttl: 300\n  type: A\n  value: 192.0.2.{len(records) % 250 + 1}\n"
                records.append(record)
                filled += len(record)
            (zones / "config" / f"{name}yaml").write_text("---\n" + "".join(sorted(records)))
        provider = "class: octodns.provider.yaml.YamlProvider"
        listed = "".join(f"  {name}:\n    sources: [config]\n    targets: [copy]\n" for name in names)
        (zones / "copy").mkdir()
        (zones / "octodns.yaml").write_text(
            f"providers:\n  config:\n    {provider}\n    directory: {zones}/config\n    enforce_order: false\n"
            f"  copy:\n    {provider}\n    directory: {zones}/copy\nzones:\n{listed}"
        )
    return [str(tool), "--config-file", str(zones / "octodns.yaml")]


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def fill(folder):
    """Applies the corpus to its own embedded helpdesk. Returns the database, the creations, the seconds and the MiB."""
    shutil.rmtree(folder / ".servanda", ignore_errors=True)
    say("filling the helpdesk; this takes a while")
    seconds, peak = timed([str(SERVANDA), "-C", str(folder), "apply", "--yes", "--as-of", AS_OF])
    lines = (folder / ".servanda" / "journal.jsonl").read_text().splitlines()
    created = sum('"event":"begin"' in line and '"verb":"create"' in line for line in lines)
    return folder / ".servanda" / "sandbox.db", created, seconds, peak


def serve(folder):
    """The peak MiB of a server that holds the repository, and has answered a question and sent its page."""
    port = free_port()
    command = [str(SERVANDA), "-C", str(folder), "serve", "--listen", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path in ("/v1/entitlement?client=client-0001&service=cameras&priority=normal", "/"):
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"the server answered {answer.status}")
        answer.read()
    status = Path(f"/proc/{server.pid}/status").read_text()
    server.terminate()
    server.wait()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def served_rate(folder, live, agreements):
    """Requests a second on `/v1/entitlement` while a reader loads pages one after another, and how many it loaded. Both
    the reader and wrk take their part of the machine."""
    if not shutil.which("wrk"):
        return None
    port = free_port()
    command = [str(SERVANDA), "-C", str(folder), "serve", "--listen", f"127.0.0.1:{port}", "--snapshot", str(live)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    script = """import http.client, itertools, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for turn in itertools.count(1):
    for path in ("/", f"/clients/client-{turn % int(sys.argv[2]):04}", "/plan"):
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200 or not answer.read():
            sys.exit(f"{path}: {answer.status}")
        print(path, flush=True)
"""
    clients = min(agreements // 4, 1_000)
    reader = [sys.executable, "-c", script, str(port), str(clients)]
    reader = subprocess.Popen(reader, stdout=subprocess.PIPE, text=True)
    # An entitled client, so that due times are computed.
    query = f"client=client-0001&service=accounting&priority=normal&at={AS_OF}T09:00:00Z"
    question = f"http://127.0.0.1:{port}/v1/entitlement?{query}"
    try:
        talk = run(["wrk", "-t", "1", "-c", "32", "-d", "10s", question]).stdout.decode()
        failed = reader.poll() is not None or "Non-2xx" in talk
    finally:
        reader.terminate()
        server.terminate()
        server.wait()
    if failed:
        sys.exit(f"the pages or the answers failed: {talk}")
    pages = len(reader.communicate()[0].splitlines())
    return float(re.search(r"Requests/sec:\s+([\d.]+)", talk)[1]), pages


def every_command(agreements):
    """Runs commands over clients with contacts and departments. Returns how many there were, and the slowest."""
    folder = WORK / "every-command"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(estate(agreements), folder)
    client, one = ["--client", "client-0001"], first_id(folder)
    commands = [["validate"], ["status"], ["status", *client], ["report"], ["forecast"], ["explain", one]]
    saved = str(folder / ".servanda" / "saved.plan")
    commands += [["plan", "--as-of", AS_OF, "--out", saved], ["show", saved], ["apply", "--yes", "--as-of", AS_OF]]
    commands += [["notify", "--preview"]]
    commands += [["snapshot", "--out", str(folder / ".servanda" / "live.json.gz")], ["catalog", "pull"], ["discover"]]
    commands += [["renew", "--ending-within", "60d"], ["doctor"]]
    question = ["entitled", *client, "--service", "cameras", "--priority", "normal"]
    taken = {" ".join(command): timed([str(SERVANDA), "-C", str(folder), *command])[0] for command in commands}
    taken["entitled"] = timed([str(SERVANDA), "-C", str(folder), *question], ok=(0, 10))[0]
    shutil.rmtree(folder)
    slowest = max(taken, key=taken.get)
    return len(taken), slowest.split()[0], taken[slowest]


def first_id(folder):
    return min((folder / "agreements").rglob("*.yaml")).stem


def against_a_server(folder, live, rounds):
    """Plan over HTTP against a helpdesk of another process, and the bare fetch of the same pages."""
    database, *filled = fill(folder)
    port = free_port()
    helpdesk = f"http://127.0.0.1:{port}"
    command = [str(SERVANDA), "-C", str(folder), "sandbox", "serve", "--port", str(port), "--db", str(database)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        os.environ["SERVANDA_BENCH_KEY"] = KEY
        twin = WORK / f"{folder.name}-tenant"
        point_at(folder, twin, helpdesk)
        run([str(SERVANDA), "-C", str(twin), "snapshot", "--out", str(live)])
        plan = [str(SERVANDA), "-C", str(twin), "plan", "--as-of", AS_OF, "--format", "json"]
        talk = run([*plan, "-vv"]).stderr.decode()
        asked = re.findall(r'path="?(find/[^" ]+)"?.*?"attrs", "([^"]*)".*?"offset", "(\d+)".*?"limit", "(\d+)"', talk)
        requests = int(re.findall(r"requests=(\d+)", talk)[-1])
        samples = {"plan": [], "fetch": []}
        for _ in range(rounds):
            samples["plan"].append(timed(plan)[0])
            samples["fetch"].append(fetch(port, asked))
        pages = sum(1 for path, *_ in asked if path.startswith(("find/agreement$", "find/agreementRule$")))
        return {name: statistics.median(taken) for name, taken in samples.items()}, requests, pages, filled
    finally:
        server.terminate()
        server.wait()


def wait_for(port):
    for _ in range(200):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the helpdesk does not answer")


def point_at(folder, twin, helpdesk):
    """The same repository with a tenant's address in its settings."""
    if not twin.exists():
        shutil.copytree(folder, twin, ignore=shutil.ignore_patterns(".servanda", "ajv"))
    (twin / "servanda.yaml").write_text(
        (folder / "servanda.yaml").read_text()
        + "\nhelpdesk:\n  kind: itsm365\n  rehearsal: true\n"
        + f"  url: {helpdesk}/sd\n  access_key: {{ env: SERVANDA_BENCH_KEY }}\n  rate: 1000\n  concurrency: 8\n"
        + "  sla_rules: { class: agreementRule$agreementRule, agreement: agreement, service: service, priority: priority,"
        + " response: reactionTime, resolution: resolutionTime, calendar: serviceTime, interval: object }\n"
    )


def fetch(port, asked):
    """The bare fetch: the same requests, one after another, on one connection, thrown away."""
    begin = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path, attributes, offset, limit in asked:
        query = f"accessKey={KEY}&attrs={attributes}&offset={offset}&limit={limit}"
        connection.request("POST", f"/sd/services/rest/{path}?{query}", "{}", {"Content-Type": "application/json"})
        connection.getresponse().read()
    return time.perf_counter() - begin


def hostile():
    """The slowest and the largest of the hostile inputs, whole processes."""
    cases = ROOT / "tests" / "cases" / "bad"
    made = WORK / "hostile"
    shutil.rmtree(made, ignore_errors=True)
    slowest, largest, count = 0.0, 0.0, 0
    for case in sorted(cases.iterdir()):
        expect = case / "expect.txt"
        if not expect.exists() or "hostile: yes" not in expect.read_text():
            continue
        folder = made / case.name
        shutil.copytree(case, folder, symlinks=True)
        if not make(folder):
            continue
        samples = [timed([str(SERVANDA), "-C", str(folder), "validate"], ok=(3,)) for _ in range(3)]
        slowest = max(slowest, statistics.median(seconds for seconds, _ in samples))
        largest = max(largest, max(peak for _, peak in samples))
        count += 1
    return count, slowest, largest


def make(folder):
    """Follows the recipes of a case, as tests/cases/bad/README.md tells them."""
    recipe = folder / "make.txt"
    for line in recipe.read_text().splitlines() if recipe.exists() else []:
        verb, file, rest = line.split(" ", 2)
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        unescape = lambda text: text.replace("\\n", "\n").replace("\\s", " ")
        if verb == "symlink":
            path.symlink_to(rest)
        elif verb == "repeat":
            times, text = rest.split(" ", 1)
            with path.open("a") as out:
                out.write(unescape(text) * int(times))
        elif verb == "hex":
            with path.open("ab") as out:
                out.write(bytes.fromhex(rest.replace(" ", "")))
        elif verb == "copy-lines":
            times, text = rest.split(" ", 1)
            with path.open("a") as out:
                for number in range(int(times)):
                    out.write(unescape(text).replace("{n}", str(number)) + ("" if text.endswith("\\n") else "\n"))
        else:
            return False
    return True


def row(work, goal, measured, met):
    return f"| {work} | {goal} | {measured} | {'yes' if met else 'no'} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--agreements", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no corpus of 100,000")
    options = parser.parse_args()
    rounds = 3 if options.quick else 7
    WORK.mkdir(parents=True, exist_ok=True)
    say("building")
    cargo("build", "--profile", "dist", "--quiet", "--bin", "servanda", "--example", "generate")
    # As it is installed: a file as the linker leaves it lies in the page cache in small pieces, which each start
    # maps one by one.
    shutil.copy(ROOT / "target" / "dist" / "servanda", SERVANDA)
    count = options.agreements
    folder = estate(count)
    write_json_twins(folder)
    servanda = [str(SERVANDA), "-C", str(folder)]
    live = WORK / f"{folder.name}-live.json.gz"
    rows = []

    say("validate")
    commands = {"servanda": [*servanda, "validate"], "cat": cat(folder)}
    if ajv(folder):
        commands["ajv"] = ajv(folder)
    found = in_turns(commands, rounds)
    (validate, peak), (bound, _) = found["servanda"], found["cat"]
    name = f"validate {count:,} agreements"
    measured = f"{validate * 1000:.0f} ms, {validate / bound:.2f} × `cat`, peak {peak:.0f} MiB"
    met = validate <= 2 * bound and peak <= 60
    rows.append(row(name, "≤ 2.0 × `cat` of the same files, ≤ 60 MiB", measured, met))
    if "ajv" in found:
        theirs = found["ajv"][0]
        measured = f"{validate / theirs:.2f} × ajv-cli ({theirs * 1000:.0f} ms)"
        rows.append(row(f"{name}, compared with ajv-cli on the schema only", "≤ 0.25 ×", measured, validate <= theirs / 4))
    else:
        rows.append(row("compared with ajv-cli", "≤ 0.25 ×", "ajv-cli could not be installed", False))
    say("octoDNS")
    zones = octodns(folder, count)
    if zones:
        theirs = timed(zones)[0]
        measured = f"{validate / theirs:.3f} × ({theirs:.1f} s, one run)"
        rows.append(row("compared with octoDNS on as many files and bytes", "for scale", measured, True))
    else:
        rows.append(row("compared with octoDNS", "for scale", "octoDNS could not be installed", True))

    say("plan against a server, and against a snapshot")
    served, requests, pages, (created, seconds, applied) = against_a_server(folder, live, rounds)
    commands = {"plan": [*servanda, "plan", "--as-of", AS_OF, "--snapshot", str(live)], "validate": [*servanda, "validate"]}
    found = in_turns(commands, rounds)
    (plan, peak), (validate, _) = found["plan"], found["validate"]
    measured = f"{plan * 1000:.0f} ms, {plan / validate:.2f} × validate, peak {peak:.0f} MiB"
    name = f"plan {count:,} against a snapshot"
    rows.append(row(name, "≤ 2 × validate, ≤ 120 MiB", measured, plan <= 2 * validate and peak <= 120))
    ratio = served["plan"] / served["fetch"]
    measured = f"{requests} requests, {pages} of them pages of agreements and rules; {ratio:.2f} × the bare fetch"
    rows.append(row(f"plan {count:,} against a live server", "pages + a constant; ≤ 1.3 ×", measured, ratio <= 1.3))
    name = f"apply of {created:,} creations on the embedded helpdesk"
    met = seconds <= 15 * created / 6_000 and applied <= 200
    rows.append(row(name, "≤ 15 s for 6,000, ≤ 200 MiB", f"{seconds:.1f} s, peak {applied:.0f} MiB", met))

    say("renew")
    renewed = renew(count, rounds)
    measured = f"{renewed * 1000:.0f} ms, {renewed / validate:.2f} × validate"
    rows.append(row(f"renew {count:,} agreements, each into its own file", "≤ 1 s", measured, renewed <= 1))

    if not options.quick:
        say("growth")
        sizes = {size: [str(SERVANDA), "-C", str(corpus(size)), "validate"] for size in (1_000, 10_000, 100_000)}
        grown = in_turns(sizes, 3)
        each = {size: grown[size][0] / size for size in sizes}
        ratio = each[100_000] / each[1_000]
        measured = ", ".join(f"{size:,}: {each[size] * 1e6:.1f} µs each" for size in sizes)
        peak = grown[100_000][1]
        measured = f"{ratio:.2f} × ({measured}), peak {peak:.0f} MiB"
        goal = "time per agreement ≤ 1.2 ×, ≤ 600 MiB"
        rows.append(row("growth from 1,000 to 100,000", goal, measured, ratio <= 1.2 and peak <= 600))

    say("start-up")
    small = in_turns({"small": [str(SERVANDA), "-C", str(corpus(10)), "validate"]}, 4 * rounds)["small"][0]
    rows.append(row("start-up, `validate` of 10 files", "≤ 10 ms", f"{small * 1000:.1f} ms", small <= 0.010))

    question = ["entitled", "--client", "client-0001", "--service", "cameras", "--priority", "normal"]
    asked = in_turns({"asked": [str(SERVANDA), "-C", str(corpus(1_000)), *question]}, 4 * rounds, ok=(0, 10))["asked"][0]
    rows.append(row("`entitled` among 1,000 agreements, from cold", "≤ 10 ms", f"{asked * 1000:.1f} ms", asked <= 0.010))

    status = in_turns({"status": [*servanda, "status", "--client", "client-0001"]}, 4 * rounds)["status"][0]
    rows.append(row(f"`status --client` of {count:,}", "≤ 60 ms", f"{status * 1000:.0f} ms", status <= 0.060))
    served = serve(folder)
    rows.append(row(f"`serve` with {count:,} agreements", "< 100 MiB", f"peak {served:.0f} MiB", served < 100))
    name = f"answers of `serve` with {count:,} agreements, while its pages are loaded"
    rate = served_rate(folder, live, count)
    measured = f"{rate[0]:,.0f} a second, beside {rate[1]} pages in 10 s" if rate else "wrk is not installed"
    rows.append(row(name, "≥ 20,000 a second", measured, bool(rate) and rate[0] >= 20_000))

    say("every command")
    commands, slowest, seconds = every_command(count)
    name = f"{commands} commands over {count // 2:,} clients with 2 contacts and 2 departments each"
    rows.append(row(name, "each works", f"each works; the slowest, `{slowest}`, took {seconds:.1f} s", True))

    say("hostile input")
    hostile_count, slowest, largest = hostile()
    measured = f"{slowest * 1000:.0f} ms and {largest:.0f} MiB at most"
    rows.append(row(f"{hostile_count} hostile inputs, each", "≤ 50 ms, ≤ 64 MiB", measured, slowest <= 0.05 and largest <= 64))

    print("| work | goal | measured | met |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
