"""The order of the folders, read from the includes: a file includes headers of its own folder and
of folders in the rows above it, and no private header (one beside the sources) of another."""

import re

from tree import Tap, header_path, includes, module, sources

# What the operating system and the libraries offer, by who must not use it.
IO = r"(unistd|fcntl|poll|signal|pthread|threads|time|netdb)\.h|(sys|arpa|net|netinet)/.*"
SERVERS = r"curl/.*|uv\.h|uv/.*|fcgi.*"
JSON = r"json-c/.*"

# Folder, what of the rows above it may include, system headers that it may not.
LAYERS = [
    ("base", "base", f"{SERVERS}|{JSON}"),
    ("core/json", "base core", f"{SERVERS}|{IO}"),
    ("core/api", "base core", f"{SERVERS}|{IO}"),
    ("core/http", "base core", f"{SERVERS}|{IO}"),
    ("core/gemini", "base core", f"{SERVERS}|{IO}"),
    ("core/schema", "base core/json core/api", f"{SERVERS}|{IO}"),
    ("core/keys", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/common", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/chat", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/completions", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/responses", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/images", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/audio", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/embeddings", "base core", f"{SERVERS}|{IO}"),
    ("core/openai/models", "base core", f"{SERVERS}|{IO}"),
    ("core/route", "base core", f"{SERVERS}|{IO}"),
    ("core/pages", "base core", f"{SERVERS}|{IO}"),
    ("net/http", "base net", JSON),
    ("net/fcgi", "base net", JSON),
    ("net/fetch", "base net", JSON),
    ("net", "base net", JSON),
    ("app/state", "base", f"{SERVERS}|{JSON}"),
    ("app/conf", "base core net app", f"{SERVERS}|{JSON}"),
    ("app/keys", "base core net app", SERVERS),
    ("app/request", "base core net app", SERVERS),
    ("app/ops", "base core net app", SERVERS),
    ("app", "base core net app", SERVERS),
    ("main", "base core net app", SERVERS),
]
# core knows no time and writes no log.
UNLIKE = {"core": r"base/(log|clock|random)\.h"}

ORDER = [folder for folder, _, _ in LAYERS]


def under(folder, roots):
    return any(folder == root or folder.startswith(root + "/") for root in roots.split())


def faults(path, row):
    folder, above, never = LAYERS[row]
    first = path.endswith(".c")
    for ours, name in includes(path):
        if first and name != "config.h":
            yield "config.h comes first"
        first = False
        if name == "config.h":
            continue
        header = header_path(path, name) if ours else None
        if not ours and re.fullmatch(never, name):
            yield f"{folder} must not include <{name}>"
        if ours and header is None:
            yield f'there is no "{name}"'
        if header is None:
            continue
        other = module(header)
        if other not in ORDER[: row + 1] or not (other == folder or under(other, above)):
            yield f'{folder} must not include "{name}"'
        if header.startswith("fcgi-app/") and other != folder:
            yield f'"{name}" is private to {other}'
        unlike = UNLIKE.get(folder.split("/")[0])
        if unlike and re.fullmatch(unlike, name):
            yield f'{folder} must not include "{name}"'


tap = Tap()
files = {}
for source in sources("include", "fcgi-app"):
    files.setdefault(module(source), []).append(source)
for number, folder in enumerate(ORDER):
    found = [f"{path}: {f}" for path in files.get(folder, []) for f in faults(path, number)]
    tap.check(f"{folder} includes what it may ({len(files.get(folder, []))} files)", found)
tap.check("each folder has a row", sorted(set(files) - set(ORDER)))
tap.end()
