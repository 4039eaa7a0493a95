"""Printed, not enforced, for whoever wants to see where the code is least good: the longest files
and functions, the most complex ones, and static functions of the same name in several files."""

import re
import shutil
import subprocess
from collections import defaultdict

from tree import ROOT, sources, text

MOST = 10
STATIC = re.compile(r"^static [^;={}]*?\n?\b(\w+)\(", re.M)


def ranked(what, rows):
    print(f"# {what}:")
    for row in sorted(rows, reverse=True)[:MOST]:
        print("#   " + "  ".join(f"{cell:>6}" if isinstance(cell, int) else cell for cell in row))


program = list(sources("fcgi-app", endings=(".c",)))
ranked("longest files (lines)", [(text(p).count("\n"), p) for p in program])

users = defaultdict(set)
for path in program:
    for name in STATIC.findall(text(path)):
        users[name].add(path)
ranked(
    "static functions of the same name (files)",
    [(len(paths), name) for name, paths in users.items() if len(paths) > 1],
)

if shutil.which("pmccabe"):
    out = subprocess.run(
        ["pmccabe", *program], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    # modified complexity, complexity, statements, first line, lines, file(line): function
    rows = [line.split("\t") for line in out.splitlines()]
    ranked("longest functions (lines)", [(int(r[4]), r[5]) for r in rows])
    ranked("most complex functions (McCabe)", [(int(r[0]), r[5]) for r in rows])
else:
    print("# pmccabe is not installed: no lengths and complexities of functions")
print("ok 1 - printed\n1..1")
