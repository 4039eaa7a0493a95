#!/usr/bin/env python3
"""Turns OpenAI's OpenAPI document into schema.json: names, types and bounds, no prose.

    make-schema.py openai-openapi.json > schema.json

Only what a reply or an event of the endpoints below can hold, and the requests that coverage.py
walks. A NODE is one of

    {}                                              any value
    {"ref": NAME}                                   a type of "types"
    {"any": [NODE...]}                              one of them
    {"type": "null" | "boolean"}
    {"type": "string", "enum": [...], "minLength", "maxLength"}
    {"type": "integer" | "number", "minimum", "maximum"}
    {"type": "array", "items": NODE, "minItems", "maxItems"}
    {"type": "object", "properties": {NAME: NODE}, "required": [...]}     closed
    {"type": "object", "map": NODE}                 any names; beside properties: further names

A kind has the type of its whole reply, of the events of its stream, or both.
"""

import json
import sys

KINDS = {
    "chat": ("CreateChatCompletionResponse", "CreateChatCompletionStreamResponse"),
    "completion": ("CreateCompletionResponse", "CreateCompletionResponse"),
    "response": ("Response", "ResponseStreamEvent"),
    "response_items": ("ResponseItemList", None),
    "response_input_tokens": ("TokenCountsResource", None),
    "response_compaction": ("CompactResource", None),
    "embedding": ("CreateEmbeddingResponse", None),
    "image": ("ImagesResponse", "ImageGenStreamEvent"),
    "image_edit": ("ImagesResponse", "ImageEditStreamEvent"),
    "speech": (None, "CreateSpeechResponseStreamEvent"),
    "transcription": (
        (
            "CreateTranscriptionResponseJson",
            "CreateTranscriptionResponseVerboseJson",
            "CreateTranscriptionResponseDiarizedJson",
        ),
        "CreateTranscriptionResponseStreamEvent",
    ),
    "models": ("ListModelsResponse", None),
    "model": ("Model", None),
    "error": ("ErrorResponse", None),
}
REQUESTS = ("CreateChatCompletionRequest", "CreateResponse")
BOUNDS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
NULL = {"type": "null"}


def name_of(ref):
    return ref.rsplit("/", 1)[-1]


def union(nodes):
    """Flat, without doubles, and without the names of strings where every string is allowed."""
    flat = []
    for node in nodes:
        for one in node["any"] if list(node) == ["any"] else [node]:
            if one not in flat:
                flat.append(one)
    if {"type": "string"} in flat:
        flat = [n for n in flat if not (n.get("type") == "string" and "enum" in n)]
    return flat[0] if len(flat) == 1 else {"any": flat}


class Document:
    def __init__(self, doc):
        self.schemas = doc["components"]["schemas"]

    def joined(self, parts):
        """allOf: one object with the properties of all; of two with one name the later counts."""
        out = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            if "$ref" in part:
                part = self.schemas[name_of(part["$ref"])]
            if "allOf" in part:
                part = self.joined(part["allOf"])
            if set(part) & {"anyOf", "oneOf", "additionalProperties"}:
                raise ValueError("allOf of more than plain objects")
            out["properties"].update(part.get("properties", {}))
            out["required"] += [r for r in part.get("required", []) if r not in out["required"]]
        return out

    def object_node(self, schema, root):
        props, more = schema.get("properties"), schema.get("additionalProperties")
        node = {"type": "object"}
        if props:
            node["properties"] = {n: self.node(p, root) for n, p in sorted(props.items())}
            required = [r for r in schema.get("required", []) if r in props]
            if required:
                node["required"] = sorted(required)
        if isinstance(more, dict):
            node["map"] = self.node(more, root)
        elif more is True or (more is None and not props):
            node["map"] = {}
        return node

    def node(self, schema, root):
        """root: what "#" of $recursiveRef means."""
        if schema.get("nullable"):
            return union([self.node({**schema, "nullable": False}, root), NULL])
        if "$ref" in schema:
            return {"ref": name_of(schema["$ref"])}
        if "$recursiveRef" in schema:
            return {"ref": root}
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return union([self.node(one, root) for one in schema[word]])
        if "allOf" in schema:
            return self.node(self.joined(schema["allOf"]), root)
        kind = schema.get("type")
        if isinstance(kind, list):
            return union([self.node({**schema, "type": one}, root) for one in kind])
        if kind == "object" or "properties" in schema:
            return self.object_node(schema, root)
        if kind is None and "enum" not in schema and "const" not in schema:
            return {}
        node = {"type": kind or "string"}
        if "const" in schema:
            node["enum"] = [schema["const"]]
        elif "enum" in schema:
            node["enum"] = schema["enum"]
        if kind == "array":
            node["items"] = self.node(schema.get("items", {}), root)
        node.update({b: schema[b] for b in BOUNDS if b in schema})
        return node


def names_in(node):
    if "ref" in node:
        yield node["ref"]
    inner = node.get("any", []) + list(node.get("properties", {}).values())
    for one in inner + [node[k] for k in ("items", "map") if k in node]:
        yield from names_in(one)


def kind_node(names):
    if names is None:
        return None
    return union([{"ref": n} for n in ([names] if isinstance(names, str) else names)])


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        document = Document(json.load(f))
    kinds, waiting = {}, list(REQUESTS)
    for kind, (reply, event) in KINDS.items():
        nodes = {"reply": kind_node(reply), "event": kind_node(event)}
        kinds[kind] = {k: v for k, v in nodes.items() if v}
        waiting += [n for node in kinds[kind].values() for n in names_in(node)]
    types = {}
    while waiting:
        name = waiting.pop()
        if name not in types:
            types[name] = document.node(document.schemas[name], name)
            waiting += names_in(types[name])

    def lines(table):
        return ",\n".join(
            "%s: %s" % (json.dumps(n), json.dumps(v, separators=(",", ":")))
            for n, v in sorted(table.items())
        )

    # One type a line: a change of the document shows as the lines of the types that changed.
    print('{"kinds": {\n%s\n},\n"types": {\n%s\n}}' % (lines(kinds), lines(types)))


if __name__ == "__main__":
    main()
