#!/usr/bin/env python3
"""Fails on dead links: in Markdown, on crates.io, on docs.rs and in the generated documentation.

    cargo doc --all-features --no-deps --workspace
    python3 ci/links.py [DOC_DIR]

DOC_DIR is where `cargo doc` writes: $CARGO_TARGET_DIR/doc, or target/doc. Nothing is fetched: links to
other sites are not followed.

    python3 ci/links.py --self-test

checks that each kind of dead link is noticed in a sample, and that sound links are not.

Three kinds of Markdown file have different rules:

- A published README, which crates.io shows: absolute links and #anchors only.
- A page that rustdoc includes: absolute links, #anchors and intra-doc paths only. What these lead to
  is checked in the HTML.
- All others: relative links lead to files of the repository, and to headings in them.

Anywhere, a link to a page of these crates on docs.rs leads to a page, and a heading, that `cargo doc`
has generated. What the sources include is part of the package.
"""

import argparse
import os
import re
import sys
import tempfile
import tomllib
from fnmatch import fnmatch
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
# Where no Markdown of ours lies.
SKIPPED = {"target", "node_modules", "venv", ".venv"}
# https://docs.rs/CRATE/VERSION/PAGE
DOCS_RS = re.compile(r"https://docs\.rs/([\w-]+)(?:/([\w.-]+)(?:/(.*))?)?$")
# `RateLimiter::acquire`, `crate::guide#anchor`, `wrap()`, `struct@Quota`, `println!`
INTRA_DOC = re.compile(r"(?:\w+@)?(?:(?:crate|self|super)::)?\w+(?:::\w+)*(?:!|\(\))?(?:#[\w-]+)?|crate#[\w-]+")
# What stands between the parentheses of a link; `wrap()` may.
TARGET = r"(?:\(\)|[^\s()>])*"
# A line of source code: its number is its anchor.
SOURCE_LINES = re.compile(r"\d+(?:-\d+)?")


# --- Markdown ------------------------------------------------------------------------------------


class Markdown:
    """The links and the anchors of a Markdown text."""

    def __init__(self, text):
        prose = "\n".join(without_code(text))
        self.anchors = set()
        self._headings(prose)
        self.anchors |= set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", prose))
        # Headings may have code in them, which is part of the anchor; links may not.
        prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", lambda code: re.sub(r"[^\n]", "x", code[0]), prose, flags=re.S)
        self.images = set(re.findall(rf"!\[[^\]]*\]\(\s*<?({TARGET})", prose))
        self.images |= set(re.findall(r"<img[^>]*\ssrc=\"([^\"]+)\"", prose))
        inline = rf"\]\(\s*<?({TARGET})>?(?:\s+\"[^\"]*\")?\s*\)"
        definition = r"^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?\s*(?:\"[^\"]*\")?$"
        self.links = set(re.findall(inline, prose))
        self.links |= set(re.findall(definition, prose, flags=re.M))
        self.links |= set(re.findall(r"<a[^>]*\shref=\"([^\"]+)\"", prose))
        self.links |= set(re.findall(r"<(https?://[^>\s]+)>", prose))

    def _headings(self, prose):
        seen = {}
        for heading in re.findall(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", prose, flags=re.M):
            name = slug(heading)
            count = seen.get(name, 0)
            seen[name] = count + 1
            self.anchors.add(f"{name}-{count}" if count else name)


def without_code(text):
    """The lines outside of fenced and indented code."""
    fence, blank = None, True
    for line in text.splitlines():
        if fence is None:
            opened = re.match(r" {0,3}(`{3,}|~{3,})", line)
            if opened:
                fence = opened[1]
            elif blank and re.match(r"(?: {4}|\t)", line) and not re.match(r"\s+(?:[-*+]|\d+\.) ", line):
                continue
            else:
                blank = not line.strip()
                yield line
        elif re.match(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*$", line):
            fence, blank = None, False


def slug(heading):
    """The anchor of a heading, as the usual sites and rustdoc make it."""
    text = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?", r"\1", heading)
    text = re.sub(r"[^\w\- ]", "", text.lower())
    return text.replace(" ", "-")


# --- HTML ----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The links and the anchors of a page of the documentation."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.images = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        if tag == "a" and attrs.get("href"):
            self.links.add(attrs["href"])
        if tag == "img" and attrs.get("src"):
            self.images.add(attrs["src"])


@cache
def page(path):
    return Page(path.read_text(encoding="utf-8"))


# --- Checks --------------------------------------------------------------------------------------


class Check:
    """Collects what is wrong with the Markdown under `root` and the documentation under `doc`."""

    def __init__(self, root, doc):
        self.root, self.doc = root, doc
        self.dead = []
        self.checked = 0
        self.crates = [package["name"].replace("-", "_") for package in packages(root).values()]

    def run(self):
        published = {(directory / "README.md").resolve() for directory in packages(self.root)}
        included = included_by_rustdoc(self.root)
        for path in markdown_files(self.root):
            text = Markdown(path.read_text(encoding="utf-8"))
            if path in published:
                self._no_relative_links(path, text, "crates.io")
            elif path in included:
                self._rustdoc_source(path, text)
            else:
                self._repository_page(path, text)
            self._docs_rs(path, text.links | text.images)
        for directory, package in packages(self.root).items():
            self._shipped(directory, package.get("include"))
        for name in self.crates:
            if not (self.doc / name / "index.html").is_file():
                self._fail(self.doc / name, "index.html", "is missing: run `cargo doc --all-features --no-deps --workspace`")
            for path in sorted((self.doc / name).rglob("*.html")):
                self._html(path)

    def _fail(self, path, link, why):
        base = self.doc if path.is_relative_to(self.doc) else self.root
        self.dead.append(f"{path.relative_to(base)}: {link}: {why}")

    def _no_relative_links(self, path, text, shown):
        """Absolute links and anchors are all that works where this is shown."""
        for link in text.links | text.images:
            self.checked += 1
            if link.startswith("#"):
                self._anchor(path, link, text)
            elif not absolute(link):
                self._fail(path, link, f"is relative, so it is dead on {shown}")

    def _rustdoc_source(self, path, text):
        """A page that rustdoc includes: what intra-doc paths and anchors lead to is seen in the HTML."""
        for link in text.links:
            self.checked += 1
            if not (absolute(link) or link.startswith("#") or INTRA_DOC.fullmatch(link)):
                self._fail(path, link, "is relative, so it is dead on docs.rs: use an intra-doc path")
        for image in text.images:
            self.checked += 1
            if not absolute(image):
                self._fail(path, image, "is a relative picture, so it is missing on docs.rs")

    def _repository_page(self, path, text):
        for link in text.links | text.images:
            self.checked += 1
            if absolute(link):
                continue
            target, _, anchor = unquote(link).partition("#")
            file = (path.parent / target).resolve() if target else path
            if not file.exists():
                self._fail(path, link, "there is no such file")
            elif not file.is_relative_to(self.root):
                self._fail(path, link, "lies outside of the repository")
            elif anchor and file.suffix == ".md":
                linked = text if file == path else Markdown(file.read_text(encoding="utf-8"))
                self._anchor(path, link, linked)

    def _anchor(self, path, link, text):
        if link.partition("#")[2] not in text.anchors:
            self._fail(path, link, "there is no such heading")

    def _shipped(self, directory, patterns):
        """What the sources include is in the package, or docs.rs cannot build its documentation."""
        for source in sorted((directory / "src").rglob("*.rs")):
            for name in re.findall(r"include_str!\(\"([^\"]+)\"\)", source.read_text(encoding="utf-8")):
                self.checked += 1
                file = (source.parent / name).resolve()
                if not file.is_relative_to(directory):
                    self._fail(source, name, "lies outside of the package")
                elif patterns is not None and not any(
                    fnmatch(f"/{file.relative_to(directory)}", "/" + pattern.lstrip("/")) for pattern in patterns
                ):
                    self._fail(source, name, "is not among the `include` of Cargo.toml, so it is missing on docs.rs")

    def _docs_rs(self, path, links):
        """A page of ours on docs.rs is one that `cargo doc` generates."""
        for link in links:
            address, _, anchor = link.partition("#")
            found = DOCS_RS.match(address)
            if not found or found[1].replace("-", "_") not in self.crates:
                continue
            self.checked += 1
            name, version, rest = found[1], found[2], found[3] or ""
            if version is None:
                continue  # redirects to the newest
            if version != "latest":
                self._fail(path, link, "names a version: it is `latest` that stays right")
                continue
            file = self.doc / (rest or name.replace("-", "_"))
            file = file / "index.html" if rest.endswith("/") or file.is_dir() else file
            if not file.is_file():
                self._fail(path, link, "is not among the pages that `cargo doc` generates")
            elif anchor and anchor not in page(file).anchors:
                self._fail(path, link, "the page has no such anchor")

    def _html(self, path):
        text = page(path)
        self._docs_rs(path, text.links)
        for link in text.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            self.checked += 1
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            file = file / "index.html" if file.is_dir() else file
            if not file.is_file():
                self._fail(path, link, "there is no such page")
            elif not file.is_relative_to(self.doc):
                self._fail(path, link, "lies outside of the documentation")
            elif parts.fragment and file.suffix == ".html" and not self._has(file, parts.fragment):
                self._fail(path, link, "the page has no such anchor")
        for image in text.images:
            self.checked += 1
            if absolute(image) or image.startswith("data:"):
                continue
            file = (path.parent / unquote(urlsplit(image).path)).resolve()
            if not (file.is_file() and file.is_relative_to(self.doc)):
                self._fail(path, image, "the picture is not part of the documentation")

    def _has(self, file, anchor):
        if file.is_relative_to(self.doc / "src") and SOURCE_LINES.fullmatch(anchor):
            return True
        # As browsers do: as it is written, then decoded. The anchors of rustdoc's impls are encoded themselves.
        return not page(file).anchors.isdisjoint({anchor, unquote(anchor)})


def absolute(link):
    return bool(re.match(r"(?:https?|mailto):", link))


def files(root):
    """All files of the repository, but none that cargo or a tool has written."""
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        folders[:] = [name for name in folders if not Path(directory, name, "CACHEDIR.TAG").exists()]
        yield from (Path(directory, name).resolve() for name in sorted(names))


def markdown_files(root):
    return [path for path in files(root) if path.suffix == ".md"]


def packages(root):
    """The packages that can be published, by directory."""
    found = {}
    for path in files(root):
        if path.name == "Cargo.toml":
            package = tomllib.loads(path.read_text(encoding="utf-8")).get("package", {})
            if package and package.get("publish", True) not in (False, []):
                found[path.parent] = package
    return found


def included_by_rustdoc(root):
    """The Markdown files that sources include as documentation."""
    found = set()
    for path in files(root):
        if path.suffix == ".rs":
            source = path.read_text(encoding="utf-8")
            for name in re.findall(r"doc\s*=\s*include_str!\(\"([^\"]+\.md)\"\)", source):
                found.add((path.parent / name).resolve())
    return found


# --- The test of the test ------------------------------------------------------------------------

SOUND = {
    "Cargo.toml": '[package]\nname = "limitor"\ninclude = ["/src/**/*.rs", "/docs/*.md"]',
    "README.md": "# A b\n[a](https://docs.rs/limitor/latest/limitor/struct.A.html#method.f) [b](#a-b) [c](https://docs.rs/limitor)",
    "docs/crate.md": "# Waiting\n[`A`] [f](A::f) [w](#waiting) [g](crate::guide#x) [m](wrap())\n\n[`A`]: crate::A",
    "docs/other.md": "# One `two` [three](crate.md)\n[c](crate.md#waiting) [o](#one-two-three) ![p](p.svg) `[x](no.md)`\n"
    "```\n[x](no.md)\n```\n\n    [x](no.md)\n\n# Same\n# Same\n[s](#same-1)",
    "docs/p.svg": "<svg/>",
    "src/lib.rs": '#![doc = include_str!("../docs/crate.md")]',
    "doc/limitor/index.html": '<a href="struct.A.html#method.f">f</a> <a href="#top" id="top">t</a> <a href="https://a.b">x</a>'
    '<a href="../src/limitor/lib.rs.html#3-7">s</a> <img src="../static/p.svg"><a href="../static/">d</a>'
    '<i id="impl-A%3CT%3E"></i><a href="#impl-A%3CT%3E">i</a>',
    "doc/limitor/struct.A.html": '<section id="method.f"></section>',
    "doc/src/limitor/lib.rs.html": "",
    "doc/static/p.svg": "<svg/>",
    "doc/static/index.html": "",
}

# What is written instead or added, and what must then be said.
BROKEN = [
    ({"README.md": "[a](docs/other.md)"}, "README.md: docs/other.md: is relative"),
    ({"README.md": "![a](docs/p.svg)"}, "README.md: docs/p.svg: is relative"),
    ({"README.md": '<img alt="" src="docs/p.svg">'}, "README.md: docs/p.svg: is relative"),
    ({"README.md": "[a][b]\n\n[b]: docs/other.md"}, "README.md: docs/other.md: is relative"),
    ({"README.md": "[a](#no)"}, "README.md: #no: there is no such heading"),
    ({"README.md": "[a](https://docs.rs/limitor/latest/limitor/struct.B.html)"}, "struct.B.html: is not among"),
    ({"README.md": "[a](https://docs.rs/limitor/latest/limitor/struct.A.html#g)"}, "struct.A.html#g: the page has no"),
    ({"README.md": "<https://docs.rs/limitor/latest/limitor/no/>"}, "limitor/no/: is not among"),
    ({"README.md": "[a](https://docs.rs/limitor/0.1.0/limitor/)"}, "names a version"),
    ({"macros/Cargo.toml": '[package]\nname = "limitor-macros"', "macros/README.md": "[a](../README.md)",
      "doc/limitor_macros/index.html": ""}, "macros/README.md: ../README.md: is relative"),
    ({"docs/crate.md": "[a](other.md)"}, "docs/crate.md: other.md: is relative, so it is dead on docs.rs"),
    ({"docs/crate.md": "![a](p.svg)"}, "docs/crate.md: p.svg: is a relative picture"),
    ({"docs/other.md": "[a](no.md)"}, "docs/other.md: no.md: there is no such file"),
    ({"docs/other.md": "![a](no.svg)"}, "docs/other.md: no.svg: there is no such file"),
    ({"docs/other.md": "[a](crate.md#no)"}, "docs/other.md: crate.md#no: there is no such heading"),
    ({"docs/other.md": "# A\n[a](#a-1)"}, "docs/other.md: #a-1: there is no such heading"),
    ({"docs/other.md": "[a](../../passwd)"}, "docs/other.md: ../../passwd: there is no such file"),
    ({"deep/docs.md": "[a](../docs/no.md)"}, "deep/docs.md: ../docs/no.md: there is no such file"),
    ({"doc/limitor/index.html": '<a href="struct.B.html">b</a>'}, "limitor/index.html: struct.B.html: there is no such page"),
    ({"doc/limitor/index.html": '<a href="struct.A.html#g">b</a>'}, "struct.A.html#g: the page has no such anchor"),
    ({"doc/limitor/index.html": '<a href="#g">b</a>'}, "#g: the page has no such anchor"),
    ({"doc/limitor/index.html": '<a href="../src/limitor/lib.rs.html#g">b</a>'}, "lib.rs.html#g: the page has no"),
    ({"doc/limitor/index.html": '<a href="../../src/lib.rs">b</a>'}, "../../src/lib.rs: lies outside"),
    ({"doc/limitor/index.html": '<img src="p.svg">'}, "p.svg: the picture is not part"),
    ({"doc/limitor/index.html": '<img src="../../docs/p.svg">'}, "../../docs/p.svg: the picture is not part"),
    ({"doc/limitor/index.html": '<a href="https://docs.rs/limitor/latest/limitor/no.html">x</a>'}, "no.html: is not among"),
    ({"src/lib.rs": '#![doc = include_str!("../docs/p.svg")]'}, "src/lib.rs: ../docs/p.svg: is not among the `include`"),
    ({"src/lib.rs": '#![doc = include_str!("../../p.md")]'}, "src/lib.rs: ../../p.md: lies outside"),
    ({"doc/limitor/index.html": None}, "limitor: index.html: is missing"),
]


def examine(samples):
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        for name, text in samples.items():
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
        check = Check(root, root / "doc")
        check.run()
        page.cache_clear()
        return check.dead


def self_test():
    failures = [f"a sound link is called dead: {dead}" for dead in examine(SOUND)]
    for change, expected in BROKEN:
        dead = examine(SOUND | change)
        if not any(expected in line for line in dead):
            failures.append(f"not noticed: {expected!r} in {change}; said: {dead}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"links: {len(BROKEN)} broken samples, {len(failures)} mistakes")
    return not failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "doc"
    parser.add_argument("doc", nargs="?", type=Path, default=default, help=f"where `cargo doc` writes [{default}]")
    parser.add_argument("--self-test", action="store_true", help="check the check, on samples")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    check = Check(ROOT, args.doc.resolve())
    check.run()
    for dead in sorted(check.dead):
        print(dead, file=sys.stderr)
    print(f"links: {check.checked} checked, {len(check.dead)} dead")
    return not check.dead


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
