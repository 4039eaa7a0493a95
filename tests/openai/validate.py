#!/usr/bin/env python3
"""Holds what a client is sent against OpenAI's specification.

    validate.py KIND FILE...           whole replies; "-" is standard input
    validate.py --stream KIND FILE...  event streams
    validate.py --recorded DIRECTORY   exchanges that a client wrote down (see exchange.py)
    validate.py --kinds                what KIND may be

Prints the faults and ends with 1 if there are any. As a module: validate(), validate_sse(),
exchange.check().
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import meaning  # noqa: E402
import response_stream  # noqa: E402
import sequence  # noqa: E402
from schema import Schema, parse, shown  # noqa: E402

SCHEMA = Schema()
STREAMS = {
    "chat": sequence.Chat,
    "completion": sequence.Completion,
    "response": response_stream.Response,
    "image": sequence.Image,
    "image_edit": sequence.Image,
    "speech": sequence.Speech,
    "transcription": sequence.Transcription,
}
# Streams whose events are told apart by `event:` lines, and those that have none.
NAMED = ("response",)
UNNAMED = ("chat", "completion")
WITH_USAGE = ("chat", "completion")


def validate(kind, document):
    """document: a value or its text. Faults, each with its path; none: []."""
    if isinstance(document, (str, bytes, bytearray)):
        try:
            document = parse(document)
        except ValueError as e:
            return ["$: " + str(e)]
    node = SCHEMA.kinds[kind].get("reply")
    if node is None:
        return ["$: a %s is no document" % kind]
    faults = SCHEMA.faults_of(node, document)
    if not faults and kind in meaning.RULES:
        faults = list(meaning.RULES[kind](document))
    return faults


class Framing(Exception):
    pass


def blocks(data, whole=True):
    """[(event name or None, data)] of a stream, comments left out. As OpenAI frames them: one data
    line, ends of lines are LF. whole: the last block must have its end."""
    text = data.decode("utf-8", "strict" if whole else "ignore")
    pieces = text.split("\n\n")
    rest = pieces.pop()
    if rest and whole:
        raise Framing("the stream ends inside an event: " + shown(rest[-100:]))
    out = []
    for piece in pieces:
        lines = [line for line in piece.split("\n") if not line.startswith(":")]
        name = None
        body = []
        for line in lines:
            field = re.match(r"(event|data): ?(.*)\Z", line, re.S)
            if not field:
                raise Framing("no line of an event: " + shown(line))
            if field.group(1) == "data":
                body.append(field.group(2))
            else:
                name = field.group(2)
        if len(body) > 1 or (name and not body):
            raise Framing("an event without exactly one data line: " + shown(piece))
        if body:
            out.append((name, body[0]))
    return out


def _follow(rule, value):
    """An event that is not as it should be still has its place among the others."""
    try:
        list(rule.event(value))
    except (AttributeError, IndexError, KeyError, TypeError):
        pass


def _event_faults(kind, name, text, rule):
    """One event: its name, its type, its place in the sequence."""
    if text == sequence.DONE:
        return list(rule.event(text))
    try:
        value = parse(text)
    except ValueError as e:
        return [str(e)]
    if kind != "response" and isinstance(value, dict) and "error" in value:
        return validate("error", value) + list(rule.event(value))
    faults = SCHEMA.faults_of(SCHEMA.kinds[kind]["event"], value)
    if name is not None and kind in UNNAMED:
        faults.append("the event has a name: " + name)
    elif kind not in UNNAMED and (name is not None or kind in NAMED):
        if not isinstance(value, dict) or name != value.get("type"):
            faults.append("the event is called %s" % name)
    if faults:
        _follow(rule, value)
    else:
        faults = list(rule.event(value))
        if kind == "response" and "response" in value:
            faults += meaning.response(value["response"])
        elif kind == "chat" and value.get("usage"):
            faults += meaning.usage_faults(
                value["usage"], "prompt_tokens", "completion_tokens", "$.usage"
            )
    return faults


def validate_sse(kind, data, usage=None, whole=True):
    """data: the bytes of a stream. usage: whether include_usage was asked for; None: the stream
    shows it. whole: False for the beginning of a stream that the client left."""
    if kind not in STREAMS:
        return ["a %s is no stream" % kind]
    try:
        events = blocks(data, whole)
    except (Framing, UnicodeDecodeError) as e:
        return [str(e)]
    rule = STREAMS[kind](usage) if kind in WITH_USAGE else STREAMS[kind]()
    faults = []
    for i, (name, text) in enumerate(events):
        faults += [
            "event %d: %s (%s)" % (i, f, shown(text)) for f in _event_faults(kind, name, text, rule)
        ]
        if len(faults) > 20:
            return faults
    if whole:
        faults += list(rule.end())
    return faults


def _read(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as f:
        return f.read()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--recorded", metavar="DIRECTORY")
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("kind", nargs="?")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    if options.kinds:
        print("\n".join(sorted(SCHEMA.kinds)))
        return 0
    if options.recorded:
        import exchange

        found = exchange.recorded(options.recorded)
    elif options.kind in SCHEMA.kinds and options.files:
        check = validate_sse if options.stream else validate
        found = [(path, check(options.kind, _read(path))) for path in options.files]
    else:
        parser.error("a KIND (see --kinds) and files are needed")
    for name, faults in found:
        for fault in faults:
            print("%s: %s" % (name, fault))
    return 1 if any(faults for _, faults in found) else 0


if __name__ == "__main__":
    sys.exit(main())
