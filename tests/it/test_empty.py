"""RETRY_EMPTY: empty answers of Google."""

import json

from calls import chat, finishes, post, said, scripted
from harness import wait_for
from stack import MODEL, Stack, part_text
from tap import contains, equal, once, true

# Faults of the stand-in that leave an answer empty without a reason.
EMPTY = ("empty_object", "no_candidates", "no_parts", "empty_parts", "stop_empty")
ENV = {"RETRY_EMPTY": "yes"}


def _line(s, out):
    """The access line of an answer."""
    request = out.headers["x-request-id"]
    return wait_for(
        "the access line", lambda: [line for line in s.access_lines() if line["id"] == request]
    )[0]


@once
def an_empty_answer_is_tried_again_with_another_key(options):
    with Stack(options, env=ENV) as s:
        for fault in EMPTY:
            for stream in (False, True):
                bad, good = s.key(fault), s.key()
                out = chat(s, "Good morning", key="%s,%s" % (bad, good), stream=stream)
                text = said(out.chunks) if stream else out.message["content"]
                equal(text.count("Good morning"), 1, "times that the text comes after " + fault)
                equal(len(s.standin.requests(bad)), 1, "calls with the first key")
                equal(len(s.standin.requests(good)), 1, "calls with the other key")
                line = _line(s, out)
                contains(line["failed"], "=empty", "what failed")
                equal((line["class"], line["attempts"]), ("ok", 2), "class and attempts")


@once
def the_same_key_serves_when_there_is_no_other(options):
    with Stack(options, env=ENV) as s:
        for path, body in (
            ("/v1/completions", {"prompt": "Good morning"}),
            ("/v1/responses", {"input": "Good morning"}),
        ):
            for stream in (False, True):
                with scripted(s, {"name": "no_parts", "times": 1}):
                    out = post(s, path, dict(body, model=MODEL, stream=stream))
                contains(json.dumps(out.value or out.events), "Good morning", "the answer")
                equal(len(out.requests()), 2, "calls")
                contains(_line(s, out)["failed"], "=empty", "what failed")


@once
def native_answers_that_are_empty_are_tried_again(options):
    with Stack(options, env=ENV) as s:
        for verb, query in (
            ("generateContent", ""),
            ("streamGenerateContent", "?alt=sse"),
            ("streamGenerateContent", ""),
        ):
            for fault in EMPTY:
                bad, good = s.key(fault), s.key()
                keys = "%s,%s" % (bad, good)
                with s.generate("Good morning", key=keys, verb=verb, query=query) as r:
                    equal(r.status, 200, "status")
                    if query:
                        text = "".join(part_text(e) for e in r.events())
                    else:
                        value = json.loads(r.text())
                        value = value if isinstance(value, list) else [value]
                        text = "".join(part_text(v) for v in value)
                equal(text.count("Good morning"), 1, "times that the text comes after " + fault)
                equal(len(s.standin.requests(bad)), 1, "calls with the first key")


@once
def an_answer_that_stays_empty_is_passed_on(options):
    with Stack(options) as off, Stack(options, env=ENV) as on:
        for stream in (False, True):
            for s, calls in ((off, 1), (on, 3)):
                out = chat(s, key=s.key("no_parts"), stream=stream)
                if stream:
                    equal(said(out.chunks), "", "text")
                    equal(finishes(out.chunks), {0: "stop"}, "finish reasons")
                    equal(out.events[-1], "[DONE]", "last event")
                else:
                    true(not out.message["content"], "no text")
                    equal(out.value["choices"][0]["finish_reason"], "stop", "finish reason")
                equal(len(out.requests()), calls, "calls")
        line = _line(on, out)
        equal(line["failed"].count("=empty"), 3, "empty answers in the access line")
        equal((line["class"], line["status"]), ("empty", 200), "class and status")


@once
def an_empty_answer_with_a_reason_is_an_answer(options):
    with Stack(options, env=ENV) as s:
        for word in ("finish:MAX_TOKENS", "finish:SAFETY", "block:OTHER"):
            out = chat(s, word, status=None)
            equal(len(out.requests()), 1, "calls after " + word)
