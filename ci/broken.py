#!/usr/bin/env python3
"""Breaks the code in the way that each claim of TESTING.md names, and runs the check that stands beside the claim.

    python3 ci/broken.py [WORD...]
    python3 ci/broken.py --dry [WORD...]    build nothing; fail if a break no longer fits the code

Each break of ci/broken.toml is made in a copy of the working tree. The check must pass before the break, and fail after it. If words are
given, only breaks with one of them in the claim or the check are made. Exits with 1 if a check does not notice its break. A run of all
breaks records its result in ci/record.toml.

A break fits the code if each text that it replaces occurs exactly once in its file, and if each suite, bench, package, script and fuzz
target that its check names exists.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib

import figures

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "broken" / "copy"
NOT_BUILT = re.compile(r"error: could not compile|error\[E\d+\]")


def refresh():
    """Makes the copy equal to the working tree. Unchanged files keep their time, so that little is built again."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    names = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    for gone in {str(path.relative_to(COPY)) for path in COPY.glob("tests/**/*.rs")} - names:
        (COPY / gone).unlink()
    for name in names:
        here, there = ROOT / name, COPY / name
        if not there.exists() or there.read_bytes() != here.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
            shutil.copymode(here, there)


def run(check, limit=None):
    """Returns whether the check passes, whether the code was built at all, and the output."""
    process = subprocess.Popen(
        ["bash", "-c", check],
        cwd=COPY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return False, True, output + f"error: the check did not end in {limit:.0f} s"
    return process.returncode == 0, not NOT_BUILT.search(output), output


def misfit(text, change):
    """Returns why a change does not fit the text of its file, or None."""
    times = text.count(change["replace"])
    if times != 1:
        return f"{change['file']}: {change['replace']!r} occurs {times} times"
    return f"{change['file']}: {change['by']!r} changes nothing" if change["by"] == change["replace"] else None


def make(change):
    path = COPY / change["file"]
    text = path.read_text()
    if why := misfit(text, change):
        sys.exit(f"{why}: ci/broken.toml is out of date")
    path.write_text(text.replace(change["replace"], change["by"]))


# What a check can name, and the files of which one must exist.
NAMED = [
    (r"--test[ =](\S+)", ["tests/{}.rs", "tests/{}/main.rs"]),
    (r"--bench[ =](\S+)", ["benches/{}.rs", "benches/{}/main.rs"]),
    (r"--example[ =](\S+)", ["examples/{}.rs", "examples/{}/main.rs"]),
    (r" -p (\S+)", ["{}/Cargo.toml", "demos/{}/Cargo.toml"]),
    (r"cargo fuzz run (?:-s none )?(\S+)", ["fuzz/fuzz_targets/{}.rs"]),
    (r"(?:bash|python3) (\S+)", ["{}"]),
]


def misfits(one):
    """Yields why a break no longer fits the code. Its changes are made one after the other."""
    texts = {}
    for change in one["change"]:
        name = change["file"]
        if name not in texts and not (ROOT / name).is_file():
            yield f"{name}: no such file"
            continue
        text = texts.get(name) or (ROOT / name).read_text()
        if why := misfit(text, change):
            yield why
        texts[name] = text.replace(change["replace"], change["by"])
    for pattern, places in NAMED:
        for name in re.findall(pattern, one["check"]):
            if not any((ROOT / place.format(name)).is_file() for place in places):
                yield f"{one['check']}: {name} does not exist"


def dry(breaks):
    """Returns whether all breaks fit the code."""
    found = [(one["claim"], why) for one in breaks for why in misfits(one)]
    for claim, why in found:
        print(f"{claim}\n    {why}", file=sys.stderr)
    print(f"{len(breaks)} breaks, {len(found)} misfits")
    return not found


def noticed_by(output):
    if output.endswith(" s") and "error: the check did not end" in output:
        return output.rpartition("error: ")[2]
    tests = re.findall(r"^test (\S+)(?: - should panic)? \.\.\. FAILED", output, re.MULTILINE)
    if tests:
        return ", ".join(tests[:2]) + (f" and {len(tests) - 2} more" if len(tests) > 2 else "")
    for telling in r"panicked at", r"error|FAILED|not |data race|signal":
        if found := [line.strip() for line in output.splitlines() if re.search(telling, line)]:
            return found[-1][:120]
    return "the exit status is not 0"


def main():
    parser = argparse.ArgumentParser(description="Break the code, and check that the check of each claim notices.")
    parser.add_argument("--dry", action="store_true", help="build nothing; fail if a break no longer fits the code")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only breaks with one of these in the claim or the check")
    arguments = parser.parse_args()
    words = arguments.words
    breaks = tomllib.loads((ROOT / "ci" / "broken.toml").read_text())["break"]
    breaks = [one for one in breaks if not words or any(word in one["claim"] + one["check"] for word in words)]
    if arguments.dry:
        sys.exit(0 if dry(breaks) else 1)
    whole, unnoticed = {}, []
    for number, one in enumerate(breaks, 1):
        claim, check = one["claim"], one["check"]
        began = time.monotonic()
        refresh()
        if check not in whole:
            passed, _, output = run(check)
            if not passed:
                sys.exit(f"{output[-4000:]}\n{check}\nfails on the unbroken code")
            whole[check] = time.monotonic() - began
        for change in one["change"]:
            make(change)
        # A waiter that is never woken hangs, which is noticed as well.
        passed, built, output = run(check, limit=120 + 2 * whole[check])
        noticed = not passed and (built or one.get("by_not_building", False))
        if not noticed:
            unnoticed.append(f"{claim}: {check}")
        verdict = f"noticed: {noticed_by(output)}" if noticed else "NOT NOTICED" if passed else f"NOT BUILT\n{output[-2000:]}"
        print(f"[{number}/{len(breaks)}, {time.monotonic() - began:.0f} s] {claim}\n    {verdict}", flush=True)
    result = f"{len(breaks) - len(unnoticed)} of {len(breaks)} breaks noticed"
    print(result)
    if not words:
        figures.record("broken", result)
    refresh()
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
