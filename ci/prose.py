#!/usr/bin/env python3
"""Fails on words and shapes that the rules of prose ban, and says what to write instead.

    python3 ci/prose.py [PATH...]            check the tracked files below each path (default: all)
    python3 ci/prose.py --long [PATH...]     list the sentences of docs that have more than 25 words
    python3 ci/prose.py --self-test          check that each rule notices a sample

What is read: comments, doc comments, string literals and names of functions in *.rs and *.py; all of *.md and *.sh; comments and
claims in *.toml. Text between backquotes names code and is not read. A line that needs a banned word says why:
`prose: allow WORD, REASON` in a comment on that line.
"""

import argparse
import ast
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = tomllib.loads((ROOT / "ci" / "prose.toml").read_text())
FLAGS = re.IGNORECASE | re.MULTILINE
WORDS = [(re.compile(rule["word"].replace(" ", r"\s+"), FLAGS), rule["instead"]) for rule in RULES["words"]]
COLUMNS, NAME, SENTENCE = 100, 60, 25
RUST = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | b?r(?P<hashes>\#*)"(?P<raw>.*?)"(?P=hashes)
      | b?"(?P<string>(?:\\.|[^"\\])*)"
      | '(?:\\[^']+|[^\\'\n])'
      | \bfn\s+(?P<name>\w+)""",
    re.DOTALL | re.VERBOSE,
)
TOML = re.compile(r"""^(?:[^"'#\n]|"(?:\\.|[^"\\\n])*"|'[^'\n]*')*(?P<comment>\#[^\n]*)|^claim = (?P<string>[^\n]*)""", re.MULTILINE)


def rust(text):
    for match in RUST.finditer(text):
        if kind := next((kind for kind in ("comment", "raw", "string", "name") if match[kind]), None):
            yield text.count("\n", 0, match.start()) + 1, kind, match[kind]


def python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, "string", node.value
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.lineno, "name", node.name
    # A `#` inside a string is read twice, which does no harm.
    for match in re.finditer(r"(?:^|\s)#.*", text):
        yield text.count("\n", 0, match.end()) + 1, "comment", match[0].strip()


def toml(text):
    for match in TOML.finditer(text):
        kind = "comment" if match["comment"] else "string"
        yield text.count("\n", 0, match.start(kind)) + 1, kind, match[kind]


def whole(text):
    yield 1, "prose", text


READERS = {".rs": rust, ".py": python, ".toml": toml, ".md": whole, ".sh": whole, "": whole}


def pieces(path, text):
    """The prose of a file: runs of lines that belong together, each as (line, kind, text), without what names code."""
    run = None
    for line, kind, piece in sorted(READERS[path.suffix](text)):
        mark = re.match(r"(//[/!]?|#!?) ?", piece) if kind == "comment" else None
        piece = piece[mark.end() :] if mark else piece
        if run and kind == "comment" == run[1] and run[0] + run[2].count("\n") + 1 == line:
            run = (run[0], kind, f"{run[2]}\n{piece}")
            continue
        if run:
            yield run
        run = (line, kind, piece)
    if run:
        yield run


def prose(kind, piece):
    """A piece with every name of code replaced by spaces, so that what remains keeps its line."""
    if kind == "name":
        return re.sub("_+", " ", re.sub("(?<=[a-z])(?=[A-Z])", " ", piece))
    return re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", lambda code: re.sub(r"[^\n]", " ", code[0]), piece)


def banned(path, text):
    lines = text.split("\n")
    for line, kind, piece in pieces(path, text):
        spoken = prose(kind, piece)
        for word, instead in WORDS:
            for match in word.finditer(spoken):
                at = line + spoken.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip()))
                found = " ".join(match[0].split())
                if f"prose: allow {found.lower()}" not in lines[at - 1].lower():
                    yield at, found, instead
        if kind == "name" and len(piece) > NAME:
            yield line, piece, f"a name of at most {NAME} characters: subject_condition_outcome"
        if path.suffix == ".rs" and kind == "comment" and not re.search(r"https?://", piece):
            code = False
            for at in range(line, line + piece.count("\n") + 1):
                # Code has the width of code, and rows of a table stay on one line.
                code ^= bool(re.match(r"\s*//[/!]? ?```", lines[at - 1]))
                row = re.match(r"\s*//[/!]? ?\|", lines[at - 1])
                if len(lines[at - 1]) > COLUMNS and not code and not row:
                    yield at, "a comment", f"wrap it at {COLUMNS} columns: it has {len(lines[at - 1])}"


def long(path, text):
    for line, kind, piece in pieces(path, text):
        source = text.split("\n")[line - 1].strip()
        if path.suffix != ".md" and not (kind == "comment" and source.startswith(("///", "//!"))):
            continue
        piece = re.sub(r"^ *```.*?^ *```$|^\|.*?$", lambda code: "\n" * code[0].count("\n"), piece, flags=re.DOTALL | re.MULTILINE)
        begin = 0
        for end in re.finditer(r"[.:;!?]\)?(?=\s|$)|\n *\n|\n *(?=[-*#]|\d+\.)|\Z", piece):
            words = len(piece[begin : end.end()].split())
            if words > SENTENCE:
                skipped = len(piece[begin : end.end()]) - len(piece[begin : end.end()].lstrip())
                yield line + piece.count("\n", 0, begin + skipped), f"{words} words", " ".join(piece[begin : end.end()].split())[:90]
            begin = end.end()


def tracked(paths):
    names = subprocess.run(["git", "ls-files", "-z", "--", *paths], cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        path = pathlib.Path(name)
        read = path.suffix in READERS and (path.suffix or name == ".ci/run") and (ROOT / name).is_file()
        if read and not name.startswith(tuple(RULES["skip"])):
            yield path, (ROOT / name).read_text()


def self_test():
    """Checks that each sample of a rule is noticed, and that no sample of plain text is; returns how many are wrong."""
    samples = [("a.md", sample, 1) for rule in RULES["words"] for sample in rule["samples"]]
    samples += [("a.md", sample, 0) for sample in RULES["plain"]]
    samples += [
        ("a.rs", "// nobody", 1),
        ("a.rs", "/// A doc that\n/// ends so: who", 1),
        ("a.rs", 'panic!("somebody");', 1),
        ("a.rs", 'let quote = \'"\'; // whoever', 1),
        ("a.rs", "fn nobody_waits() {}", 1),
        ("a.rs", "let who = `a`;", 0),
        ("a.rs", "// `who` names code", 0),
        ("a.rs", "// WHO of the UN; prose: allow who, it is a name", 0),
        ("a.rs", f"#[test]\nfn {'a_' * 30}b() {{}}", 1),
        ("a.rs", f"// {'word ' * 20}", 1),
        ("a.rs", f"/// | {'cell ' * 20}|", 0),
        ("a.rs", f"let a = [{'1, ' * 40}];", 0),
        ("a.py", '"""nobody"""\n# who\ndef nobody(): pass', 3),
        ("a.toml", 'b = "who"  # who', 1),
        ("a.toml", 'claim = "nobody waits"', 1),
    ]
    wrong = [(text, n, found) for name, text, n in samples if len(found := list(banned(pathlib.Path(name), text))) != n]
    for words, n in (SENTENCE, 0), (SENTENCE + 1, 1):
        samples.append(("a.rs", f"/// {'word ' * (words - 1)}end.", n))
        if len(found := list(long(pathlib.Path("a.rs"), samples[-1][1]))) != n:
            wrong.append((samples[-1][1], n, found))
    for text, n, found in wrong:
        print(f"{text!r}: {n} expected, found {found}")
    print(f"{len(samples) - len(wrong)} of {len(samples)} samples are judged right")
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description="Fails on words and shapes that the rules of prose ban.")
    parser.add_argument("--long", action="store_true", help=f"list sentences of docs that have more than {SENTENCE} words")
    parser.add_argument("--self-test", action="store_true", help="check that each rule notices a sample of what it bans")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="check only what is below these paths")
    arguments = parser.parse_args()
    if arguments.self_test:
        return int(self_test() > 0)
    found = 0
    for path, text in tracked(arguments.paths):
        for line, word, instead in sorted((long if arguments.long else banned)(path, text)):
            print(f"{path}:{line}: {word}: {instead}")
            found += 1
    print(f"{found} found", file=sys.stderr)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
