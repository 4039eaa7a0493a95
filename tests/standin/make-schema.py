#!/usr/bin/env python3
"""Turns Google's OpenAPI document of the Gemini API into schema.json: names and types, no prose.

    make-schema.py generativelanguage-v1beta-openapi.json > schema.json

A field is one of {"type": T}, {"message": NAME}, {"enum": [...], "name": NAME}, each perhaps within
{"array": FIELD} or {"map": FIELD}. T: string bool int32 int64 float double bytes timestamp duration
fieldmask value (any JSON) struct (any JSON object).
"""
import json
import re
import sys

FORMATS = {
    ("string", None): "string",
    ("string", "byte"): "bytes",
    ("string", "int64"): "int64",
    ("string", "google-datetime"): "timestamp",
    ("string", "google-duration"): "duration",
    ("string", "google-fieldmask"): "fieldmask",
    ("boolean", None): "bool",
    ("integer", "int32"): "int32",
    ("number", "float"): "float",
    ("number", "double"): "double",
}

# The document does not name enums; errors do. Others are called after their message and field.
ENUM_NAMES = {
    "SafetySetting.category": "HarmCategory",
    "SafetySetting.threshold": "SafetySetting.HarmBlockThreshold",
    "Schema.type": "Type",
    "GenerationConfig.responseModalities": "GenerationConfig.Modality",
    "EmbedContentRequest.taskType": "TaskType",
    "V1mainMediaResolution.level": "MediaResolution.Level",
}


def enum_name(message, field):
    short = field[0].upper() + field[1:]
    return ENUM_NAMES.get(f"{message}.{field}", f"{message}.{short}")


def convert(message, name, prop):
    if "$ref" in prop:
        return {"message": prop["$ref"].split("/")[-1]}
    kind = prop.get("type")
    if kind == "array":
        return {"array": convert(message, name, prop["items"])}
    if kind == "object":
        extra = prop.get("additionalProperties", {})
        if "$ref" in extra or "type" in extra:
            return {"map": convert(message, name, extra)}
        return {"type": "struct"}
    if "enum" in prop:
        return {"enum": prop["enum"], "name": enum_name(message, name)}
    if kind is None:
        return {"type": "value"}
    return {"type": FORMATS[kind, prop.get("format")]}


def methods_of(paths):
    """"POST /models/{}:generateContent" -> its request message (or null) and query parameters."""
    methods = {}
    for path, verbs in paths.items():
        for verb, operation in verbs.items():
            content = operation.get("requestBody", {}).get("content", {})
            ref = content.get("application/json", {}).get("schema", {}).get("$ref")
            key = f"{verb.upper()} {re.sub('{[^}]*}', '{}', path)}"
            methods[key] = {
                "body": ref.split("/")[-1] if ref else None,
                "query": sorted(p["name"] for p in operation.get("parameters", [])
                                if p["in"] == "query"),
            }
    return methods


def reachable(messages, roots):
    """Only what request bodies can hold."""
    seen, waiting = set(), [r for r in roots if r]

    def refs(field):
        if "message" in field:
            yield field["message"]
        for key in ("array", "map"):
            if key in field:
                yield from refs(field[key])

    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            for field in messages[name].values():
                waiting.extend(refs(field))
    return seen


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        doc = json.load(f)
    messages = {
        name: {field: convert(name, field, prop)
               for field, prop in sorted(schema.get("properties", {}).items())}
        for name, schema in doc["components"]["schemas"].items()
    }
    methods = methods_of(doc["paths"])
    wanted = reachable(messages, (m["body"] for m in methods.values()))
    json.dump({
        "methods": dict(sorted(methods.items())),
        "messages": {name: messages[name] for name in sorted(wanted)},
    }, sys.stdout, indent="\t")
    sys.stdout.write("\n")


main()
