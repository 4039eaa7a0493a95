#!/usr/bin/env python3
"""Every type of tool, item and content part, every role and every form of tool_choice that a
request may hold after OpenAI's schema has a row in the compatibility tables of the guide, in both
languages, and a golden case. Prints TAP. Reads the tree at $srcdir.

A table is found by the comment in front of it, `<!-- words NAME -->`; its words are those in
backquotes in the first column.
"""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../lint")]
sys.dont_write_bytecode = True

from schema import Schema  # noqa: E402
from tree import Tap  # noqa: E402

ROOT = os.environ.get("srcdir") or os.path.join(HERE, "../..")
GUIDE = os.path.join(ROOT, "deploy/guide")
LANGUAGES = {"English": ".md", "Chinese": ".zh-CN.md"}
PARTS = ("parts of user", "parts of assistant")
CHAT, RESPONSES = "CreateChatCompletionRequest", "CreateResponse"

# What is told apart by a word: the request, the place of the word, the tables that have a row for
# it. A place leads over names of members; [] is an element of a list.
PLACES = (
    (CHAT, "tools[].type", ("tools",)),
    (CHAT, "tool_choice", ("tool_choice",)),
    (CHAT, "tool_choice.type", ("tool_choice",)),
    (CHAT, "function_call", ("tool_choice",)),
    (CHAT, "messages[].role", ("roles",)),
    (CHAT, "messages[].content[].type", PARTS),
    (CHAT, "messages[].tool_calls[].type", ("tools",)),
    (RESPONSES, "tools[].type", ("tools",)),
    (RESPONSES, "tools[].tools[].type", ("tools",)),
    (RESPONSES, "tool_choice", ("tool_choice",)),
    (RESPONSES, "tool_choice.type", ("tool_choice",)),
    (RESPONSES, "input[].type", ("items",)),
    (RESPONSES, "input[].role", ("roles",)),
    (RESPONSES, "input[].content[].type", PARTS),
    (RESPONSES, "input[].output[].type", PARTS),
    (RESPONSES, "input[].output.type", PARTS),
    (RESPONSES, "input[].tools[].type", ("tools",)),
)
CASES = {CHAT: "chat_request", RESPONSES: "responses_request"}

tap = Tap()


def variants(schema, node):
    """The plain nodes that a node may be."""
    if "ref" in node:
        return variants(schema, schema.types[node["ref"]])
    if "any" in node:
        return [v for one in node["any"] for v in variants(schema, one)]
    return [node]


def words_of_schema(schema, request, place):
    nodes = variants(schema, {"ref": request})
    for step in re.findall(r"\[\]|[^.\[\]]+", place):
        inner = []
        for node in nodes:
            if step == "[]":
                inner += variants(schema, node["items"]) if "items" in node else []
            elif step in node.get("properties", {}):
                inner += variants(schema, node["properties"][step])
        nodes = inner
    return {word for node in nodes for word in node.get("enum", ())}


def values_at(value, steps):
    if not steps:
        yield value
    elif steps[0] == "[]":
        for one in value if isinstance(value, list) else []:
            yield from values_at(one, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from values_at(value[steps[0]], steps[1:])


def cases(directory):
    path = os.path.join(ROOT, "tests/golden", directory)
    for name in sorted(os.listdir(path)):
        if name.endswith(".in.json"):
            with open(os.path.join(path, name), encoding="utf-8") as f:
                try:
                    yield json.load(f)
                except ValueError:
                    continue  # some cases are no JSON on purpose


def words_of_cases(docs, place):
    steps = re.findall(r"\[\]|[^.\[\]]+", place)
    return {v for doc in docs for v in values_at(doc, steps) if isinstance(v, str)}


def pages(ending):
    """The pages of the guide in one language."""
    for name in sorted(os.listdir(GUIDE)):
        if name.endswith(ending) and name.count(".") == ending.count("."):
            with open(os.path.join(GUIDE, name), encoding="utf-8") as f:
                yield f.read()


def words_of_table(text, name):
    """None: there is no such table."""
    found = re.search(r"<!-- words %s -->\n((?:\|.*\n)+)" % re.escape(name), text)
    if found is None:
        return None
    cells = [row.split("|")[1] for row in found[1].splitlines()[2:]]
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def main():
    schema = Schema()
    docs = {request: list(cases(directory)) for request, directory in CASES.items()}
    texts = {}
    for language, ending in LANGUAGES.items():
        texts[language] = "".join(pages(ending))
    for request, place, tables in PLACES:
        words = words_of_schema(schema, request, place)
        told = words_of_cases(docs[request], place)
        tap.check(
            "%s: %s: golden cases" % (CASES[request], place),
            ([] if words else ["the schema has no words there"])
            + ["no golden case has '%s'" % word for word in sorted(words - told)],
        )
        for language, text in texts.items():
            rows = [words_of_table(text, name) for name in tables]
            known = set().union(*[row for row in rows if row])
            tap.check(
                "%s: %s: rows in %s" % (CASES[request], place, language),
                ["there is no table '%s'" % n for n, row in zip(tables, rows) if not row]
                + ["no row has '%s'" % word for word in sorted(words - known)],
            )
    tap.end()


if __name__ == "__main__":
    main()
