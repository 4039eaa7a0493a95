#!/usr/bin/env python3
"""The golden files against both specifications: what is sent to clients against OpenAI's, what is
sent upstream against Google's. Prints TAP. Reads the tree at $srcdir.

A directory's name begins with the kind of its files. In an X.out.json the members "reply" and
"replies" are replies, "body" and "bodies" requests to Google; of a directory *_request the rest is
ours, of any other a file without those members is the reply itself. X.out.sse is a stream; that
include_usage was asked for is said by X.info.json or by a first line `: include_usage` of its
input. X.err.json has the "error" that the client gets.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import google  # noqa: E402
import validate  # noqa: E402

GOLDEN = os.path.join(os.environ.get("srcdir") or os.path.join(HERE, "../.."), "tests/golden")
# The longest beginning that fits counts. None: no messages of either side.
KINDS = {
    "chat": "chat",
    "completion": "completion",
    "embed": "embedding",
    "image": "image",
    "response": "response",
    "speech": "speech",
    "transcription": "transcription",
    "judgement": None,
    "schema": None,
}


def kind_of(directory):
    fit = [name for name in KINDS if directory.startswith(name)]
    return KINDS[max(fit, key=len)] if fit else "unknown"


def read(path):
    with open(path, "rb") as f:
        return f.read()


def stream_faults(kind, path):
    data = read(path)
    usage = None
    source = path[: -len(".out.sse")] + ".sse"
    if kind in validate.WITH_USAGE and os.path.exists(source):
        options = read(source).split(b"\n", 1)[0].split()
        usage = options[:1] == [b":"] and b"include_usage" in options
        info = source[: -len(".sse")] + ".info.json"
        if os.path.exists(info):
            usage = json.loads(read(info)).get("include_usage", False)
    if kind == "image" and b"image_edit." in data:
        kind = "image_edit"
    return validate.validate_sse(kind, data, usage)


def document_faults(kind, directory, path):
    value = json.loads(read(path))
    members = value if isinstance(value, dict) else {}
    bodies = members.get("bodies", []) + ([members["body"]] if "body" in members else [])
    replies = members.get("replies", []) + ([members["reply"]] if "reply" in members else [])
    if not directory.endswith("_request") and not bodies and not replies:
        replies = [value]
    out = []
    for body in bodies:
        out += ["upstream: " + f for f in google.request_faults(body)]
    # The files of speech describe bytes that are not a document.
    for reply in replies if "reply" in validate.SCHEMA.kinds[kind] else []:
        if isinstance(reply, (dict, list)):
            out += validate.validate(kind, reply)
    return out


def error_faults(path):
    value = json.loads(read(path))
    return validate.validate("error", {"error": value.get("error")})


def faults_of(directory):
    """[(file, fault)] and how many files were looked at."""
    kind = kind_of(directory)
    out, seen = [], 0
    for name in sorted(os.listdir(os.path.join(GOLDEN, directory))):
        path = os.path.join(GOLDEN, directory, name)
        if name.endswith(".err.json"):
            found = error_faults(path)
        elif name.endswith(".out.sse"):
            found = stream_faults(kind, path)
        elif name.endswith(".out.json"):
            found = document_faults(kind, directory, path)
        else:
            continue
        seen += 1
        out += [(name, fault) for fault in found]
    return out, seen


def main():
    count = failed = 0
    for directory in sorted(os.listdir(GOLDEN)):
        # A build inside the tree leaves its .deps here.
        if directory.startswith(".") or not os.path.isdir(os.path.join(GOLDEN, directory)):
            continue
        kind = kind_of(directory)
        if kind is None:
            continue
        if kind == "unknown":
            found, seen = [(directory, "what it holds is not said in KINDS")], 0
        else:
            found, seen = faults_of(directory)
        count += 1
        failed += bool(found)
        print("%sok %d - %s: %d files" % ("not " if found else "", count, directory, seen))
        for name, fault in found:
            print("# %s: %s" % (name, fault))
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
