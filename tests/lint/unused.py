"""Nothing without a user: what one file shows to others is used by another file of the program, a
header is included by somebody, and whoever includes a header uses a name of it."""

import re
import shutil
import subprocess
import sys

from tree import ROOT, Tap, header_path, includes, objects, sources, text

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NOISE = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|^[ \t]*#[ \t]*include[^\n]*", re.S | re.M
)


def declared(path):
    """The names that a header gives to who includes it."""
    out = subprocess.run(
        ["ctags", "-x", "--language-force=C", "--c-kinds=+pxdegmstuv", "--_xformat=%N", path],
        check=True, capture_output=True, text=True, cwd=ROOT,
    ).stdout  # fmt: skip
    guard = re.search(r"#ifndef (\w+)", text(path))
    names = set(out.split()) - {guard.group(1) if guard else ""}
    for ours, name in includes(path):
        # Headers of libraries that a header of ours is the way to.
        if not ours and name == "json-c/json.h":
            names |= {"json_object", "json_type"}
    return names


# What only tests look at, as it shows nowhere else: the tables of fields, which one holds against
# the documents, and how many lists of callers' keys are kept.
SHOWN = re.compile(r"main|\w+_tables|\w+_rings?_count|caller_keys_count")

if not shutil.which("ctags"):
    print("1..0 # SKIP ctags is not installed")
    sys.exit()

program = objects()
needed = set().union(*(o.needs for o in program))
tested = set()
for path in sources("tests", endings=(".c", ".h")):
    tested |= set(WORD.findall(NOISE.sub(" ", text(path))))


def uses_itself(o, name):
    return len(re.findall(rf"\b{name}\b", NOISE.sub(" ", text(o.source)))) > 1


# A function that its own file needs may be shown for the sake of a test.
alone = [
    f"{o.source}: {name}"
    for o in program
    for name in sorted(o.defines - needed)
    if not SHOWN.fullmatch(name) and not (name in tested and uses_itself(o, name))
]

headers = list(sources("include", "fcgi-app", endings=(".h",)))
names = {h: declared(h) for h in headers}
included = set()
vain = []
for path in sources("include", "fcgi-app", "tests", endings=(".c", ".h")):
    found = {name: header_path(path, name) for ours, name in includes(path) if ours}
    # A table of rows is written for who includes it.
    tables = [h for h in found.values() if h is not None and h.endswith(".def")]
    words = {w for p in [path, *tables] for w in WORD.findall(NOISE.sub(" ", text(p)))}
    for name, header in found.items():
        if header not in names:
            continue
        if not path.startswith("tests/"):
            included.add(header)
        # A source file includes its own header, a header its users' prerequisites.
        own = header.rsplit("/", 1)[1][:-2] == path.rsplit("/", 1)[1][:-2]
        if not own and not names[header] & words:
            vain.append(f'{path}: nothing of "{name}" is used')

tap = Tap()
tap.check("what other files can see is used by one (else: static, or not there)", alone)
tap.check(
    "each header is included by a file of the program", [h for h in headers if h not in included]
)
tap.check("whoever includes a header uses it", vain)
tap.end()
