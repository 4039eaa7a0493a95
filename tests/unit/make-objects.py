#!/usr/bin/env python3
"""Turns Google's OpenAPI document of the Gemini API into objects.json: where the bodies of requests
may name stored objects, and what lies on the way there.

    make-objects.py generativelanguage-v1beta-openapi.json > objects.json

A path has the name of its body's message. A field is {"message": NAME} or {"names": COLLECTION},
perhaps with "many": true for a list or map of them; where a name has other forms a field has
{"samples": {TEXT: NAME}} instead. The collections are those that have a path `/COLLECTION/{...}`.
A string names one when its description has `COLLECTION/` or speaks of the name of its message,
`File`, or when it is the URI of a file. objects-newer.json, written by hand, has what the document
does not know yet.
"""
import json
import re
import sys


def collections(paths):
    found = {re.match(r"/(\w+)/\{", path) for path in paths}
    return {m.group(1) for m in found if m} - {"models", "dynamic"}


def named(name, field, known):
    """The collection that a string names, or None."""
    text = field.get("description", "")
    if "Identifier." in text:
        return None
    for word in sorted(known):
        if re.search(r"\b%s/|name of the `%s`" % (word, word[0].upper() + word[1:-1]), text):
            return word
    return "files" if re.search(r"file.*uri", name, re.I) else None


def inner(field):
    """What a field holds, without the lists and maps around it, and whether there were any."""
    many = False
    while True:
        if "allOf" in field:
            field = dict(field, **field["allOf"][0])
            del field["allOf"]
        elif field.get("type") == "array":
            field, many = dict(field["items"], description=field.get("description", "")), True
        elif isinstance(field.get("additionalProperties"), dict):
            field, many = field["additionalProperties"], True
        else:
            return field, many


def read_messages(schemas, known):
    messages = {}
    for message, schema in schemas.items():
        fields = messages[message] = {}
        for name, field in schema.get("properties", {}).items():
            if field.get("readOnly") or "Output only" in field.get("description", ""):
                continue
            what, many = inner(field)
            if "$ref" in what:
                entry = {"message": what["$ref"].split("/")[-1]}
            elif what.get("type") == "string" and named(name, what, known):
                entry = {"names": named(name, what, known)}
            else:
                continue
            fields[name] = dict(entry, many=True) if many else entry
    return messages


def leading(messages):
    """The messages that lead to a name."""
    good = {m for m, fields in messages.items() if any("names" in f for f in fields.values())}
    while True:
        more = {
            m
            for m, fields in messages.items()
            if m not in good and any(f.get("message") in good for f in fields.values())
        }
        if not more:
            return good
        good |= more


def reached(messages, good, roots):
    """Those of the good messages that a body holds."""
    found, ahead = set(), set(roots)
    while ahead:
        found |= ahead
        ahead = {
            f["message"]
            for m in ahead
            for f in messages[m].values()
            if f.get("message") in good - found
        }
    return found


def bodies(paths):
    for path, operations in paths.items():
        for method in ("post", "put", "patch"):
            content = operations.get(method, {}).get("requestBody", {}).get("content", {})
            for body in content.values():
                reference = body.get("schema", {}).get("$ref", "")
                yield "/v1beta" + re.sub(r"\{\w+\}", "x", path), reference.split("/")[-1]


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        document = json.load(f)
    messages = read_messages(document["components"]["schemas"], collections(document["paths"]))
    good = leading(messages)
    paths = {path: m for path, m in sorted(bodies(document["paths"])) if m in good}
    good = reached(messages, good, paths.values())
    out = {
        "paths": paths,
        "messages": {
            m: {
                name: field
                for name, field in sorted(messages[m].items())
                if "names" in field or field["message"] in good
            }
            for m in sorted(good)
        },
    }
    json.dump(out, sys.stdout, indent=1)
    print()


main()
