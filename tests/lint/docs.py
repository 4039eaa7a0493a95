#!/usr/bin/env python3
"""The Markdown files: both languages are built alike (headings, tables, links, code), no link is
dead, in the tree and in what `make install` puts into docdir, files that are mentioned exist.
Prints TAP.

$srcdir: the root of the sources; $builddir: a build with a Makefile, for the installed files.
"""

import os
import re
import subprocess
import tempfile
import urllib.parse

from tree import BUILD, ROOT, Tap

OTHER = ".zh-CN.md"
FOLDERS = ("deploy", "fcgi-app", "tests")
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
tap = Tap()
IMAGE = re.compile(r"!\[[^\]]*\]\(([^()\s]+)\)|<img[^>]* src=\"([^\"]+)\"")

def anchor(title):
    """GitHub's anchor of a heading: letters of any script, digits, _ and - stay."""
    title = LINK.sub(r"\1", title).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


class Page:
    def __init__(self, root, path):
        self.root, self.path = root, path
        self.headings, self.tables, self.code = [], [], []
        self.anchors = []
        with open(os.path.join(root, path), encoding="utf-8") as file:
            prose = self.read(file.read().splitlines())
        # Code between backquotes is no Markdown.
        self.text = re.sub(r"(`+)(?:(?!\1).)+?\1", lambda m: "`" * len(m.group()), prose)
        self.targets = [m.group(2) for m in LINK.finditer(self.text)]
        self.images = [a or b for a, b in IMAGE.findall(prose)]

    def read(self, lines):
        """Takes the lines apart; returns what is neither code nor a heading."""
        prose, fence, cells = [], None, 0
        for line in lines:
            mark = re.match(r"\s*(```+)(\w*)", line)
            if fence is not None:
                fence = None if line.strip() == fence else fence
                continue
            if mark:
                fence = mark.group(1)
                self.code.append(mark.group(2))
                continue
            heading = re.match(r"(#+) (.*)", line)
            if heading:
                self.add_heading(len(heading.group(1)), heading.group(2))
            columns = len(re.findall(r"(?<!\\)\|", line)) - 1 if line.startswith("|") else 0
            if columns and not cells:
                self.tables.append((columns, 0))
            if columns:
                self.tables[-1] = (self.tables[-1][0], self.tables[-1][1] + 1)
                if columns != self.tables[-1][0]:
                    self.tables[-1] = (-1, self.tables[-1][1])
            cells = columns
            prose.append(line)
        return "\n".join(prose)

    def add_heading(self, level, title):
        self.headings.append(level)
        base = name = anchor(title)
        again = 0
        while name in self.anchors:
            again += 1
            name = "%s-%d" % (base, again)
        self.anchors.append(name)

    def place_of(self, target):
        """(path in the tree, anchor or None) of a link that leads to a file, None for a URL."""
        if re.match(r"[a-z+]+:", target):
            return None
        path, _, name = urllib.parse.unquote(target).partition("#")
        folder = os.path.dirname(self.path)
        place = os.path.normpath(os.path.join(folder, path)) if path else self.path
        return place, name or None


def pages(root, folders):
    found = {}
    names = [n for n in os.listdir(root) if n.endswith(".md")]
    for folder in folders:
        for at, below, files in os.walk(os.path.join(root, folder)):
            below[:] = [b for b in below if b not in ("node_modules", "__pycache__")]
            names += [os.path.relpath(os.path.join(at, f), root) for f in files if f[-3:] == ".md"]
    for name in sorted(names):
        found[name] = Page(root, name)
    return found


def dead_links(page, all_pages):
    for target in page.targets + page.images:
        place = page.place_of(target)
        if place is None:
            continue
        path, name = place
        if path.startswith("..") or not os.path.exists(os.path.join(page.root, path)):
            yield "%s: there is no %s" % (page.path, target)
        elif name is not None and path in all_pages and name not in all_pages[path].anchors:
            yield "%s: there is no heading %s" % (page.path, target)


def dead_mentions(page):
    """Sources and tests that the text names between backquotes and that are not there."""
    with open(os.path.join(page.root, page.path), encoding="utf-8") as file:
        for path in re.findall(r"`((?:fcgi-app|include|tests)/[\w./-]+)`", file.read()):
            if not os.path.exists(os.path.join(page.root, path)):
                yield "%s: there is no %s" % (page.path, path)


def link_keys(page, all_pages):
    """The links of a page in a form that is the same in both languages."""
    keys = []
    for target in page.targets:
        place = page.place_of(target)
        if place is None:
            keys.append(target)
            continue
        path, name = place
        known = all_pages[path].anchors if path in all_pages else []
        number = "#%d" % known.index(name) if name in known else ""
        keys.append(path.replace(OTHER, ".md") + number)
    return sorted(keys)


def differences(one, other, all_pages):
    for what, a, b in (
        ("levels of headings", one.headings, other.headings),
        ("tables (columns, rows)", one.tables, other.tables),
        ("blocks of code", one.code, other.code),
        ("images", one.images, other.images),
    ):
        if a != b:
            yield "%s: %s, %s" % (what, a, b)
    a, b = link_keys(one, all_pages), link_keys(other, all_pages)
    for key in sorted(set(a + b)):
        if a.count(key) != b.count(key):
            yield "links to %s: %d, %d" % (key, a.count(key), b.count(key))
    if any(columns < 0 for columns, _ in one.tables + other.tables):
        yield "a table has rows of different lengths"


def check_tree():
    found = pages(ROOT, FOLDERS)
    told = [p for p in found if not p.endswith(OTHER) and (p == "README.md" or "deploy/" in p)]
    for path in told:
        other = path[:-3] + OTHER
        faults = ["there is no " + other]
        if other in found:
            faults = list(differences(found[path], found[other], found))
        tap.check("%s: both languages are alike" % path, faults)
    dead = [fault for page in found.values() for fault in dead_links(page, found)]
    tap.check("no dead link in %d files" % len(found), dead)
    gone = [f for name in told + ["fcgi-app/README.md"] for f in dead_mentions(found[name])]
    tap.check("the sources and tests that they mention are there", gone)


def check_installed():
    if not os.path.exists(os.path.join(BUILD, "Makefile")):
        tap.check("installed documents # SKIP there is no build", [])
        return
    env = {n: v for n, v in os.environ.items() if not n.startswith(("MAKE", "MFLAGS"))}
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            ["make", "-s", "-C", BUILD, "DESTDIR=" + place, "docdir=/doc", "exampledir=/doc"]
            + ["install-dist_docDATA", "install-nobase_dist_exampleDATA"],
            env=env,
            capture_output=True,
            text=True,
        )
        faults = done.stderr.splitlines() if done.returncode else []
        tap.check("the documents can be installed", faults)
        if done.returncode:
            return
        root = os.path.join(place, "doc")
        found = pages(root, [f for f in os.listdir(root) if os.path.isdir(os.path.join(root, f))])
        missing = [p for p in pages(ROOT, ("deploy",)) if p not in found]
        tap.check("every page of deploy/ is installed", missing)
        dead = [fault for page in found.values() for fault in dead_links(page, found)]
        tap.check("no dead link in %d installed files" % len(found), dead)


check_tree()
check_installed()
tap.end()
