#!/usr/bin/env python3
"""Writes the figures of TESTING.md: counts of what is in the tree, and the recorded results of long runs.

    python3 ci/figures.py                       write the figures
    python3 ci/figures.py --check               fail if a figure in TESTING.md is out of date
    python3 ci/figures.py record NAME [TEXT]    record the result of a long run (default: the last line of standard input)

A figure is between `<!-- NAME -->` and `<!-- / -->`. Tests are counted from `cargo test -- --list`; those under loom and shuttle are
counted in the source, because they need a build of their own. Claims of ci/proof.py are counted if z3 can be imported. The commands
that take long record their results, with the date, in ci/record.toml.
"""

import collections
import datetime
import functools
import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "TESTING.md"
RECORD = ROOT / "ci" / "record.toml"
FIGURE = re.compile(r"<!-- ([\w:]+) -->(.*?)<!-- / -->", re.DOTALL)


def read(name):
    return (ROOT / name).read_text()


def count(number, noun):
    return f"{number:,} {noun if number == 1 else noun + 's'}"


@functools.cache
def listed():
    """The number of tests in each test target, as cargo lists them."""
    command = ["cargo", "test", "--locked", "--workspace", "--all-features", "--lib", "--tests", "--", "--list"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(done.stdout)
    tests, target = collections.Counter(), None
    for line in done.stdout.splitlines():
        if running := re.match(r"\s+Running (?:unittests )?(\S+) \(", line):
            target = running[1]
        elif number := re.match(r"(\d+) tests?, \d+ benchmarks?$", line):
            tests[target] += int(number[1])
    return tests


def suite(name):
    found = [number for target, number in listed().items() if target in (f"tests/{name}.rs", f"tests/{name}/main.rs")]
    if len(found) != 1:
        sys.exit(f"{name}: not a suite of cargo test")
    return count(found[0], "test")


def suites():
    return f"{count(sum(listed().values()), 'test')} in {count(len(+listed()), 'suite')}"


def marked(*names):
    """The number of tests that the source of these suites has."""
    return sum(read(f"tests/{name}.rs").count("#[test]") for name in names)


def races(*names):
    return count(marked(*names), "race")


def programs():
    """Pairs of operations, and longer programs, of the races at different readings."""
    operations = int(re.search(r"const ALL: \[Op; (\d+)\]", read("tests/order/programs.rs"))[1])
    setups = int(re.search(r"const SETUPS: \[&\[Step\]; (\d+)\]", read("tests/order/programs.rs"))[1])
    readings = int(re.search(r"const READINGS: \[\[u64; 2\]; (\d+)\]", read("tests/loom_order.rs"))[1])
    sources = [ROOT / "tests" / "loom_order.rs", *(ROOT / "tests" / "order").glob("*.rs")]
    rounds = [re.findall(r"^    for \w+ in 0\.\.([\d_]+) \{", source.read_text(), re.MULTILINE) for source in sources]
    longer = sum(int(number) for found in rounds for number in found)
    return f"{operations**2} pairs after {setups} set-ups each at {readings} pairs of readings, and {longer:,} longer programs"


def schedules():
    each = int(re.search(r"const SCHEDULES: usize = ([\d_]+);", read("tests/shuttle.rs"))[1])
    return f"{count(marked('shuttle'), 'scenario')} with {each:,} schedules each"


def timelines():
    source = read("tests/line.rs")
    each = int(re.search(r"with_cases\(([\d_]+)\)", source)[1])
    properties = source[source.index("proptest! {") : source.index("\n}\n", source.index("proptest! {"))].count("#[test]")
    return f"{each * properties:,} timelines"


def sanitized():
    """The suites that ci/tsan.sh runs: the words between the features and the arguments of the tests."""
    words = re.search(r"^run_tests \S+ \S+(.*?) --(?: |$)", read("ci/tsan.sh"), re.DOTALL | re.MULTILINE)[1]
    suites = re.findall(r"\w+", words)
    return f"the unit tests and {count(len(suites), 'suite')}"


def steps():
    lines = read("tests/vectors/decisions.jsonl").splitlines()
    return count(sum(len(json.loads(line)["steps"]) for line in lines), "step")


def claims():
    try:
        from smt import code
    except ImportError:
        return None
    import proof

    return count(sum(1 for room in proof.ROOMS.values() for _ in room.claims(code.Code())), "claim")


def instructions():
    path = ROOT / "benches" / "instructions" / "recorded.txt"
    counts = dict(line.rsplit(" ", 1) for line in path.read_text().splitlines() if line.startswith("limitor "))
    grant, refusal = (float(counts[f"limitor {what}"]) for what in ("grant", "refusal"))
    return f"{grant:.0f} instructions per grant, {refusal:.0f} per refusal"


FIGURES = {
    "tests": suites,
    "loom": lambda: races("loom", "loom_slots"),
    "loom_order": programs,
    "loom_keyed": lambda: races("loom_keyed"),
    "loom_exact": lambda: races("loom_exact"),
    "loom_set": lambda: races("loom_set"),
    "loom_llm": lambda: races("loom_llm"),
    "shuttle": schedules,
    "vectors": steps,
    "line": timelines,
    "tsan": sanitized,
    "claims": claims,
    "mutants": lambda: count(read("ci/smt/mutants.py").count("@mutant("), "broken formula"),
    "breaks": lambda: count(len(tomllib.loads(read("ci/broken.toml"))["break"]), "break"),
    "headers": lambda: count(len(list((ROOT / "tests" / "headers").iterdir())), "recorded or malformed answer"),
    "instructions": instructions,
}


def recorded(name):
    record = tomllib.loads(RECORD.read_text()).get(name)
    return f"{record['date']}: {record['result']}" if record else sys.exit(f"{name}: not in ci/record.toml")


def figure(name):
    """The text of a figure; `None` if it cannot be computed here."""
    kind, _, rest = name.partition(":")
    return {"suite": suite, "record": recorded}[kind](rest) if rest else FIGURES[name]()


def updated(page):
    def write(match):
        text = figure(match[1])
        if text is None:
            print(f"{match[1]}: not computed, because z3 is not installed", file=sys.stderr)
            return match[0]
        if text != match[2]:
            print(f"{match[1]}: {match[2]!r} becomes {text!r}", file=sys.stderr)
        return f"<!-- {match[1]} -->{text}<!-- / -->"

    return FIGURE.sub(write, page)


def record(name, text=None):
    """Replaces the entry of a long run in ci/record.toml, which stays sorted by name."""
    text = text or next(line.strip() for line in reversed(sys.stdin.read().splitlines()) if line.strip())
    source = RECORD.read_text()
    comment = source[: source.index("[")]
    entries = tomllib.loads(source)
    entries[name] = {"date": datetime.date.today().isoformat(), "result": text}
    tables = [f"[{key}]\ndate = \"{entry['date']}\"\nresult = {json.dumps(entry['result'], ensure_ascii=False)}\n" for key, entry in sorted(entries.items())]
    RECORD.write_text(comment + "\n".join(tables))


def main():
    match sys.argv[1:]:
        case ["record", name, *text] if len(text) <= 1:
            record(name, *text)
        case [] | ["--check"]:
            page = PAGE.read_text()
            new = updated(page)
            if len(sys.argv) == 1:
                PAGE.write_text(new)
            elif new != page:
                sys.exit("TESTING.md is out of date: run `python3 ci/figures.py`")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
