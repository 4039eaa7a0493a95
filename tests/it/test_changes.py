"""Honest repairs: the gateway reports what it changes in a request, or refuses it with STRICT."""

import json

from calls import CHANGES, GEMINI_3, IMAGE_MODEL, PNG, chat, form, function, post
from stack import CHAT, MODEL, Stack
from tap import called, contains, each, equal, once, true

USER = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
LARGE = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1e400}'}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "fine"}
TOOLS = [function("f")]


def _schema(**more):
    tool = function("f", {"a": {"type": "string"}})
    tool["function"]["parameters"].update(more)
    return [tool]


# What is sent besides model and messages, and what is reported; the first pointer is the one that
# a strict gateway refuses.
REPAIRS = (
    ({"frequency_penalty": 0.5}, {"/frequency_penalty": "dropped"}),
    ({"model": GEMINI_3, "temperature": 0.5}, {"/temperature": "dropped"}),
    ({"seed": 1 << 40}, {"/seed": "rewritten"}),
    ({"model": GEMINI_3, "reasoning_effort": "none"}, {"/reasoning_effort": "clamped"}),
    ({"tools": [function("a b")]}, {"/tools/0/function/name": "renamed"}),
    (
        {"tools": _schema(required=["a", "z"])},
        {"/tools/0/function/parameters/required/1": "dropped"},
    ),
    (
        {"tools": TOOLS, "response_format": {"type": "json_object"}},
        {"/response_format": "rewritten"},
    ),
    ({"tools": TOOLS + [{"type": "web_search"}]}, {"/tools/1": "dropped"}),
    ({"messages": [{"role": "system", "content": "x"}]}, {"/messages": "rewritten"}),
    (
        {"messages": [USER, {"role": "assistant", "content": ""}, USER]},
        {"/messages/1": "dropped"},
    ),
    (
        {"model": GEMINI_3, "messages": [USER, {"role": "assistant", "content": "Hi"}]},
        {"/messages/2": "added"},
    ),
    ({"messages": [RESULT, USER]}, {"/messages/0": "rewritten"}),
    (
        {"tools": TOOLS, "messages": [USER, {"role": "assistant", "tool_calls": [CALL]}, USER]},
        {"/messages/1/tool_calls/0": "added"},
    ),
    (
        {"messages": [USER, {"role": "assistant", "tool_calls": [LARGE]}, RESULT]},
        {"/messages/1/tool_calls/0/function/arguments": "rewritten"},
    ),
    (
        {"messages": [{"role": "user", "content": [PICTURE]}]},
        {"/messages/0/content/0/image_url/url": "rewritten"},
    ),
    ({"top_logprobs": 2}, {"/top_logprobs": "dropped"}),
    ({"stop": list("123456")}, {"/stop": "dropped"}),
    ({"logit_bias": {"50256": 1}}, {"/logit_bias": "dropped"}),
    ({"max_tokens": 0}, {"/max_tokens": "dropped"}),
    ({"temperature": 3}, {"/temperature": "clamped"}),
    ({"reasoning_effort": "extreme"}, {"/reasoning_effort": "dropped"}),
    ({"service_tier": "gold"}, {"/service_tier": "dropped"}),
    ({"model": IMAGE_MODEL, "tools": TOOLS}, {"/tools": "dropped"}),
)
# Parameters without effect on the answer: reported, never refused.
HARMLESS = (
    ({"user": "x"}, {"/user": "ignored"}),
    ({"store": True}, {"/store": "ignored"}),
    ({"metadata": {"a": "b"}}, {"/metadata": "ignored"}),
    ({"prompt_cache_key": "x"}, {"/prompt_cache_key": "ignored"}),
    ({"safety_identifier": "x"}, {"/safety_identifier": "ignored"}),
    ({"tools": _schema(**{"$schema": "x"})}, {"/tools/0/function/parameters/$schema": "dropped"}),
)
CLEAN = (
    {},
    {"temperature": 1, "top_p": 0.9, "max_tokens": 100, "stop": ["x"]},
    {"model": GEMINI_3, "reasoning_effort": "low"},
    {"tools": _schema(additionalProperties=False), "tool_choice": "auto"},
    {"tools": TOOLS, "messages": [USER, {"role": "assistant", "tool_calls": [CALL]}, RESULT]},
    {"stream_options": {"include_usage": True}, "n": 1, "frequency_penalty": 0},
    {"response_format": {"type": "json_object"}},
)


def ask(s, more, status=200):
    body = dict({"model": MODEL, "messages": [USER]}, **more)
    return post(s, CHAT, body, status=status)


@once
def every_repair_is_reported_with_its_place(options):
    with Stack(options) as s:
        for more, told in REPAIRS + HARMLESS:
            for stream in (False, True):
                equal(ask(s, dict(more, stream=stream)).changes, told, "told of %s" % more)


@once
def a_clean_request_gets_no_header_of_repairs(options):
    with Stack(options) as s:
        for more in CLEAN:
            equal(ask(s, more).headers.get(CHANGES), None, "header after %s" % more)


def dotted(pointer):
    """A JSON pointer as OpenAI's errors name the place."""
    out = ""
    for word in pointer.split("/")[1:]:
        out += "[%s]" % word if word.isdigit() else ("." if out else "") + word
    return out


@once
def a_strict_gateway_refuses_each_and_names_the_place(options):
    with Stack(options, env={"STRICT": "yes"}) as s:
        for more, told in REPAIRS:
            out = ask(s, more, status=None)
            equal(out.status, 400, "status for %s" % more)
            param = out.error["param"].replace("/", ".")
            equal(param, dotted(next(iter(told))), "param for %s" % more)
            equal(out.requests(), [], "calls upstream for %s" % more)
        for more in CLEAN:
            equal(ask(s, more).headers.get(CHANGES), None, "header after %s" % more)
        for more, told in HARMLESS:
            equal(ask(s, more).changes, told, "told of %s" % more)


@each
def five_thousand_repairs_fit_the_header(s):
    messages = []
    for n in range(2500):
        messages += [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": ""},
        ]
    properties = {
        "property %d %s" % (n, "ä" * 50): {"const": n, "$comment": "x"} for n in range(500)
    }
    tools = [function("a b" * 10, properties)]
    for stream in (False, True):
        out = chat(s, messages + [USER], tools=tools, stream=stream)
        text = out.headers[CHANGES]
        true(len(text) <= 4096, "%d bytes of header" % len(text))
        true(text.isascii() and text.isprintable(), "visible ASCII")
        contains(text, " more")
    # A name may hold anything.
    evil = "a\r\nX-Evil: 1\u2028\x00\x7f, /b dropped"
    out = chat(s, tools=_schema(**{evil: {"x": 1}}))
    true("x-evil" not in out.headers, "no header of the caller's")
    out = chat(s, **{evil: 1})
    true("x-evil" not in out.headers, "no header of the caller's")


@once
@called("other endpoints tell their repairs too")
def other_endpoints(options):
    with Stack(options) as s:
        url = "data:image/png;base64," + PNG
        cases = (
            (
                "/v1/responses",
                {"model": GEMINI_3, "input": "x", "temperature": 0.5},
                "/temperature",
            ),
            ("/v1/responses", {"model": GEMINI_3, "input": "x", "user": "u"}, "/user"),
            ("/v1/completions", {"model": GEMINI_3, "prompt": "x", "top_p": 0.5}, "/top_p"),
            ("/v1/completions", {"model": MODEL, "prompt": "x", "user": "u"}, "/user"),
            (
                "/v1/embeddings",
                {"model": "gemini-embedding-001", "input": "x", "user": "u"},
                "/user",
            ),
            (
                "/v1/images/generations",
                {"model": IMAGE_MODEL, "prompt": "x", "style": "vivid"},
                "/style",
            ),
            (
                "/v1/images/edits",
                {
                    "model": IMAGE_MODEL,
                    "prompt": "x",
                    "images": [{"image_url": url}],
                    "background": "transparent",
                },
                "/background",
            ),
            (
                "/v1/audio/speech",
                {"model": "gemini-3.8-flash-tts", "input": "x", "voice": "alloy", "speed": 2},
                "/speed",
            ),
        )
        for path, body, pointer in cases:
            out = post(s, path, body, status=None)
            if out.status == 400:
                equal(out.error["param"], pointer[1:], "%s refuses %s" % (path, pointer))
            else:
                true(pointer in out.changes, "%s tells of %s: %s" % (path, pointer, out.changes))
        file = [("file", "a.wav", "audio/wav", b"RIFF" + b"\0" * 60)]
        fields = [("model", "gemini-3.5-transcribe"), ("temperature", "0.3")]
        out = form(s, "/v1/audio/transcriptions", fields, file)
        true("/temperature" in out.changes, "transcriptions tell of /temperature")


@once
@called("the header is for browsers too")
def exposed(options):
    with Stack(options) as s:
        out = chat(s, user="u", headers=[("Origin", "https://app.example")])
        told = out.headers["access-control-expose-headers"]
        true(told == "*" or CHANGES in told.lower(), "exposed: " + told)
        true(json.dumps(out.changes), "changes")
