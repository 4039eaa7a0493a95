"""Holds what is sent upstream against Google's schema: tests/standin/schema.json and its overlay,
whose form tests/standin/make-schema.py describes. As strict as the stand-in, and stricter about
what a program should not write although Google takes it: numbers as text, null, both spellings of
a name.
"""

import json
import os
import re

from schema import shown

STANDIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../standin")
INT = {"int32": 31, "int64": 63}
TEXT = {
    "string": r"",
    "fieldmask": r"",
    "bytes": r"([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}\Z",
    "duration": r"-?\d+(\.\d{1,9})?s\Z",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z",
}


def _messages():
    out = {}
    for name in ("schema.json", "schema-overlay.json"):
        with open(os.path.join(STANDIN, name), encoding="utf-8") as f:
            for message, fields in json.load(f)["messages"].items():
                known = out.setdefault(message, {})
                for field, spec in fields.items():
                    known[field] = _joined(known.get(field), spec)
    return out


def _joined(known, more):
    """The overlay adds values to an enum; any other field it replaces."""
    if known and "enum" in known and "enum" in more:
        return dict(known, enum=known["enum"] + more["enum"])
    return more


MESSAGES = _messages()


def snake(name):
    return re.sub("[A-Z]", lambda m: "_" + m.group(0).lower(), name)


def _scalar_fault(kind, value):
    if kind == "value":
        return None
    if kind == "struct":
        return None if isinstance(value, dict) else "no object"
    if kind == "bool":
        return None if isinstance(value, bool) else "no boolean"
    if isinstance(value, bool):
        return "a boolean"
    if kind == "int64" and isinstance(value, str) and re.match(r"-?\d{1,18}\Z", value):
        return None
    if kind in INT:
        good = isinstance(value, int) and -(2 ** INT[kind]) <= value < 2 ** INT[kind]
        return None if good else "no " + kind
    if kind in ("float", "double"):
        return None if isinstance(value, (int, float)) else "no number"
    if not isinstance(value, str) or not re.match(TEXT[kind], value):
        return "no " + kind
    if kind == "bytes" and len(value.rstrip("=")) % 4 == 1:
        return "no base64"
    return None


def _field(spec, value, path):
    if "array" in spec:
        if not isinstance(value, list):
            yield "%s: no list" % path
            return
        for i, inner in enumerate(value):
            yield from _field(spec["array"], inner, "%s[%d]" % (path, i))
    elif "map" in spec:
        if not isinstance(value, dict):
            yield "%s: no object" % path
            return
        for name, inner in value.items():
            yield from _field(spec["map"], inner, "%s.%s" % (path, name))
    elif "message" in spec:
        yield from faults(spec["message"], value, path)
    elif "enum" in spec:
        # In any case: what a caller says in Google's own words passes as it is.
        if not isinstance(value, str) or value.lower() not in map(str.lower, spec["enum"]):
            yield "%s: %s is no %s" % (path, shown(value), spec.get("name", "known value"))
    else:
        fault = _scalar_fault(spec["type"], value)
        if fault:
            yield "%s: %s: %s" % (path, fault, shown(value))


def faults(message, value, path="$"):
    """Of a value that is to be this message."""
    if not isinstance(value, dict):
        yield "%s: no object" % path
        return
    fields = MESSAGES[message]
    names = {snake(name): name for name in fields}
    seen = set()
    for name, inner in value.items():
        where = "%s.%s" % (path, name)
        known = name if name in fields else names.get(name)
        if known is None:
            yield "%s: %s has no such field" % (where, message)
        elif known in seen:
            yield "%s: there in both spellings" % where
        elif inner is None and fields[known] != {"type": "value"}:
            yield "%s: null" % where
        else:
            yield from _field(fields[known], inner, where)
        seen.add(known)


def request_faults(value):
    """Of the body of a generateContent or batchEmbedContents request."""
    if isinstance(value, dict) and "requests" in value:
        yield from faults("BatchEmbedContentsRequest", value)
        return
    yield from faults("GenerateContentRequest", value)
    contents = value.get("contents") if isinstance(value, dict) else None
    if not contents:
        yield "$.contents: none"
    for i, content in enumerate(contents or []):
        if not content.get("parts"):
            yield "$.contents[%d].parts: none" % i
        if content.get("role") not in ("user", "model"):
            yield "$.contents[%d].role: %s" % (i, content.get("role"))
