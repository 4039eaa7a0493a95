"""What the structural lints read: the sources, the objects that the compiler made of them; TAP."""

import os
import re
import subprocess
import sys

ROOT = os.environ.get("srcdir", ".")
BUILD = os.environ.get("builddir", ".")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def sources(*roots, endings=(".c", ".h", ".def")):
    """Paths of the tree below these folders, from the root of the sources."""
    for root in roots:
        for folder, folders, names in os.walk(os.path.join(ROOT, root)):
            folders[:] = sorted(f for f in folders if f not in ("node_modules", "__pycache__"))
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def module(path):
    """The folder that a source or a header belongs to: core/json of both trees."""
    return os.path.dirname(path).partition("/")[2] or "main"


def includes(path):
    """(is ours, name as written) of each include of a file."""
    return [(quote == '"', name) for quote, name in INCLUDE.findall(text(path))]


def header_path(path, name):
    """The file that `#include "name"` in path means, or None."""
    for place in (os.path.dirname(path), "include", "fcgi-app", "tests"):
        found = os.path.normpath(os.path.join(place, name))
        if os.path.isfile(os.path.join(ROOT, found)):
            return found
    return None


class Object:
    """One compiled source file of the program."""

    def __init__(self, source):
        self.source = source
        self.path = os.path.join(BUILD, source[:-2] + ".o")
        self.defines = set()
        self.needs = set()
        listing = subprocess.run(
            ["nm", "-P", self.path], check=True, capture_output=True, text=True
        ).stdout
        for line in listing.splitlines():
            name, kind = line.split()[:2]
            if name.startswith("__"):  # the compiler's, such as those of sanitizers
                continue
            if kind == "U":
                self.needs.add(name)
            elif kind in "TDBRVWC":
                self.defines.add(name)

    def headers(self):
        """Our headers that the compiler read for it. None without dependency tracking."""
        folder, name = os.path.split(self.source)
        rule = os.path.join(BUILD, folder, ".deps", name[:-2] + ".Po")
        if not os.path.exists(rule):
            return
        with open(rule, encoding="utf-8") as file:
            words = file.read().split(":", 1)[1].replace("\\\n", " ").split("\n")[0].split()
        root = os.path.realpath(ROOT)
        for word in words:
            path = os.path.realpath(os.path.join(BUILD, word))
            if path.startswith(root + os.sep):
                path = os.path.relpath(path, root)
                if path.startswith(("include/", "fcgi-app/")) and not path.endswith(".c"):
                    yield path


def objects():
    return [Object(s) for s in sources("fcgi-app", endings=(".c",))]


def uses(program):
    """{source: {other source: the symbols that the first takes from it}}"""
    owner = {symbol: o.source for o in program for symbol in o.defines}
    graph = {}
    for o in program:
        graph[o.source] = {}
        for symbol in o.needs:
            if symbol in owner and owner[symbol] != o.source:
                graph[o.source].setdefault(owner[symbol], set()).add(symbol)
    return graph


def circles(graph):
    """The strongly connected components of {node: nodes} that hold more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = []
            while not component or component[-1] != node:
                component.append(stack.pop())
            if len(component) > 1:
                found.append(sorted(component))

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


class Tap:
    """Prints a test for each list of faults; it passes when the list is empty."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, what, faults):
        self.count += 1
        for fault in faults:
            print(f"# {fault}")
        print(f"{'not ok' if faults else 'ok'} {self.count} - {what}")
        self.failed += bool(faults)

    def end(self):
        print(f"1..{self.count}")
        sys.exit(self.failed > 0)
