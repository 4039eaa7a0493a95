"""Models come and go: names that another family serves, that are retired or rerouted, and what is
learnt of them. Nothing here depends on what the built-in aliases stand for."""

import contextlib
import json

from calls import chat, form, get, post, said
from harness import wait_for
from stack import Stack
from stores import shared, sqlite_state
from tap import called, equal, once, true
from test_audio import wav
from test_share import _second

MODEL_HEADER = "x-gemini-balance-model"
# Families whose rules differ; any name may be served by any of them.
FAMILIES = (
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3-flash-preview",
    "gemini-3.5-flash-lite",
    "gemini-3.8-flash",
)
ALIASES = ("gpt-4", "gpt-4o-mini", "gpt-3.5-turbo", "gpt-5", "o3")
# What built-in aliases stand for, today or some day.
TARGETS = (
    "gemini-pro-latest",
    "gemini-flash-latest",
    "gemini-flash-lite-latest",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
)
WEATHER = {
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@contextlib.contextmanager
def overlaid(s, *models):
    """Inside, the stand-in has these models."""
    s.standin.control("POST", "/models", {"models": list(models)})
    try:
        yield
    finally:
        s.standin.control("DELETE", "/models")


# ---- what agents do, in both dialects ----


def _chat_answer(s, model, messages, stream, **more):
    out = chat(s, messages, model=model, stream=stream, **more)
    if not stream:
        return out.message.get("content"), out.message.get("tool_calls") or []
    calls = {}
    for chunk in out.chunks:
        true("error" not in chunk, "an error in the stream: %s" % chunk)
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls") or []:
                one = calls.setdefault(call["index"], {"type": "function", "function": {}})
                one["id"] = call.get("id") or one.get("id")
                for name, value in call["function"].items():
                    one["function"][name] = one["function"].get(name, "") + (value or "")
    return said(out.chunks), list(calls.values())


def _chat_loop(s, model, stream):
    """A history from another provider, then a call of the model itself, whose signature is lost."""
    tools = [{"type": "function", "function": WEATHER}]
    call = {
        "id": "call_foreign_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"Rome"}'},
    }
    messages = [
        {"role": "user", "content": "The weather in Rome?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_foreign_1", "content": "sunny"},
    ]
    _chat_answer(s, model, messages, stream, tools=tools, reasoning_effort="high")
    messages = [{"role": "user", "content": "call:weather please"}]
    for _ in range(2):
        _, calls = _chat_answer(s, model, messages, stream, tools=tools)
        if not calls:
            break
        messages.append(
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": c["id"], "type": "function", "function": c["function"]} for c in calls
                ],
            }
        )
        messages += [{"role": "tool", "tool_call_id": c["id"], "content": "rain"} for c in calls]
    true(len(messages) > 1, "the model called nothing")


def _chat_thinking(s, model, stream):
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max"):
        _chat_answer(s, model, "Hello", stream, reasoning_effort=effort)
    _chat_answer(s, model, "Hello", stream, thinking_budget=100)


def _chat_prefill(s, model, stream):
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "I say"}]
    _chat_answer(s, model, messages, stream, temperature=0.2, top_p=0.9, frequency_penalty=0.1)


def _chat_format(s, model, stream):
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    text, _ = _chat_answer(s, model, "Hello", stream, response_format=form)
    true("answer" in json.loads(text), "no JSON: %r" % text)
    tools = [{"type": "function", "function": WEATHER}]
    _chat_answer(s, model, "Hello", stream, response_format=form, tools=tools, n=2)


def _respond(s, model, given, stream, **more):
    body = dict(model=model, input=given, stream=stream, store=False, **more)
    out = post(s, "/v1/responses", body)
    if not stream:
        return out.value
    events = [json.loads(e) for e in out.events]
    equal(events[-1]["type"], "response.completed", "the last event")
    return events[-1]["response"]


def _responses_loop(s, model, stream):
    tools = [dict(type="function", **WEATHER)]
    given = [
        {"role": "user", "content": "The weather in Rome?"},
        {
            "type": "function_call",
            "call_id": "call_foreign_1",
            "name": "weather",
            "arguments": '{"city":"Rome"}',
        },
        {"type": "function_call_output", "call_id": "call_foreign_1", "output": "sunny"},
    ]
    _respond(s, model, given, stream, tools=tools, reasoning={"effort": "high"})
    given = [{"role": "user", "content": "call:weather please"}]
    calls = [
        o
        for o in _respond(s, model, given, stream, tools=tools)["output"]
        if o["type"] == "function_call"
    ]
    true(calls, "the model called nothing")
    for call in calls:
        given.append({k: call[k] for k in ("type", "call_id", "name", "arguments")})
    for call in calls:
        given.append(
            {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        )
    _respond(s, model, given, stream, tools=tools)


def _responses_thinking(s, model, stream):
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh"):
        _respond(s, model, "Hello", stream, reasoning={"effort": effort, "summary": "auto"})


def _responses_prefill(s, model, stream):
    given = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "I say"}]
    _respond(s, model, given, stream, temperature=0.2)


def _responses_format(s, model, stream):
    form = {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}
    value = _respond(s, model, "Hello", stream, text=form)
    text = [o for o in value["output"] if o["type"] == "message"][0]["content"][0]["text"]
    true("answer" in json.loads(text), "no JSON: %r" % text)
    _respond(s, model, "Hello", stream, text=form, tools=[dict(type="function", **WEATHER)])


TASKS = (
    _chat_loop,
    _responses_loop,
    _chat_format,
    _responses_format,
    _chat_thinking,
    _responses_thinking,
    _chat_prefill,
    _responses_prefill,
)


# ---- renamed families ----


def _renamed(options, tasks):
    for family in FAMILIES:
        with Stack(options) as s, overlaid(s, *({"name": n, "like": family} for n in TARGETS)):
            for alias in ALIASES:
                for task in tasks:
                    for stream in (False, True):
                        task(s, alias, stream)


@once
@called("tool loops pass on every default alias from the first request on, whatever serves it")
def loops_on_aliases(options):
    _renamed(options, (_chat_loop, _responses_loop))


@once
@called("structured output and prefill pass on every default alias, whatever serves it")
def formats_on_aliases(options):
    _renamed(options, (_chat_format, _responses_format, _chat_prefill, _responses_prefill))


@once
@called("all ways to think pass on every default alias, whatever serves it")
def thinking_on_aliases(options):
    _renamed(options, (_responses_thinking, _chat_thinking))


@once
@called("a name that no table knows passes everything with the first request")
def unknown_names(options):
    names = ["%s-%d" % (n, i) for n in ("my-fast-model", "gemini-5-foo") for i in range(16)]
    for family in FAMILIES:
        models = [{"name": n, "like": family, "version": n} for n in names]
        with Stack(options) as s, overlaid(s, *models):
            fresh = iter(names)
            for task in TASKS:
                for stream in (False, True):
                    for _ in range(2):
                        task(s, next(fresh), stream)


@once
@called("a refusal costs one more call, once: the next request leaves it out by itself")
def remembered(options):
    model = {"name": "my-model", "like": "gemini-3.8-flash", "version": "my-model"}
    with Stack(options) as s, overlaid(s, model):
        messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        messages[1] = {"role": "assistant", "tool_calls": [call]}
        messages.append({"role": "tool", "tool_call_id": "c", "content": "1"})
        first = chat(s, messages, model="my-model")
        equal(len(first.requests()), 2, "calls of the first request")
        equal(len(chat(s, messages, model="my-model").requests()), 1, "calls of the second")
        true("/messages/1/tool_calls/0/function" in first.changes, "changes: %s" % first.changes)
        line = [x for x in s.box.log_lines() if x.get("event") == "model_refuses"]
        equal([(x["model"], x["what"]) for x in line], [("my-model", "unsigned")], "in the log")


@shared("what one process learns of a model the others know, by way of %s")
def lesson_is_shared(options, state):
    with contextlib.ExitStack() as stack:
        one, two = (stack.enter_context(Stack(options, env={"STATE": state})) for _ in range(2))
        model = {"name": "gemini-2.5-pro", "like": "gemini-3.8-flash"}
        stack.enter_context(overlaid(one, model))
        chat(one, model="gemini-2.5-pro")
        _second(one)
        out = chat(two, model="gemini-2.5-pro", reasoning_effort="high")
        thinking = out.sent_one()["generationConfig"]["thinkingConfig"]
        equal(thinking.get("thinkingLevel"), "HIGH", "as the model that serves it wants it")


# ---- retired names ----


@once
@called("a name that is gone is answered by the newest model of its line, which the reply names")
def retired(options):
    with Stack(options) as s:
        key = s.key()
        gone = {"name": "gemini-3-flash-preview", "gone": "not_found", "listed": False}
        with overlaid(s, gone):
            for stream in (False, True):
                out = chat(s, model="gemini-3-flash-preview", key=key, stream=stream)
                equal(out.headers.get(MODEL_HEADER), "gemini-flash-latest", "the header")
                equal(out.changes, {"/model": "rewritten"}, "changes")
            paths = [r["path"] for r in s.standin.requests(key)]
            equal(len([p for p in paths if "gemini-3-flash-preview" in p]), 1, "calls to it")
            equal(len([p for p in paths if "gemini-flash-latest" in p]), 2, "calls to the other")
            wait_for("the log", lambda: len(s.access_lines()) == 2)
            equal(
                [x.get("instead_of") for x in s.access_lines()],
                ["gemini-3-flash-preview"] * 2,
                "the access lines",
            )
            told = [x for x in s.box.log_lines() if x.get("event") == "model_replaced"]
            equal([x["by"] for x in told], ["gemini-flash-latest"], "the log")
        body = {"model": "gemini-3-flash-preview", "input": "Hello"}
        equal(post(s, "/v1/responses", body).status, 200, "for others it is there")


@once
@called("aliases answer although what they stand for is gone")
def retired_aliases(options):
    gone = [{"name": n, "gone": "not_found"} for n in TARGETS if "flash-lite" not in n]
    left = {"name": "gemini-4-flash", "like": "gemini-3.8-flash"}
    for closed in (False, True):
        rows = [dict(g, gone="closed" if closed else "not_found") for g in gone]
        with Stack(options) as s, overlaid(s, left, *rows):
            for alias in ALIASES:
                out = chat(s, model=alias)
                true(out.value["model"] not in [g["name"] for g in gone], "the model used")
                chat(s, model=alias, stream=True, n=2)


@once
@called("a misspelt name and the name of no model get a clear 404")
def misspelt(options):
    with Stack(options) as s:
        get(s, "/v1/models")
        out = chat(s, model="gemini-3.8-flsh", status=404)
        true("Did you mean 'gemini-3.8-flash'?" in out.error["message"], out.error["message"])
        equal(len(out.requests()), 1, "calls")
        for model in ("gemini-99-flash", "no-such-model", "gemini-4-xenon"):
            equal(chat(s, model=model, status=404).error["code"], "model_not_found", model)
        gone = {"name": "gemini-embedding-001", "gone": "not_found"}
        with overlaid(s, gone):
            post(s, "/v1/embeddings", {"model": "gemini-embedding-001", "input": "a"}, status=404)


# ---- images, speech and transcription ----


@once
@called("images, speech and transcription pass whatever generation serves their names")
def media_renamed(options):
    rows = (
        {"name": "gemini-3.1-flash-image", "like": "gemini-2.5-flash-image"},
        {"name": "gemini-3.8-flash-tts", "like": "gemini-2.5-flash-preview-tts"},
        {"name": "gemini-3.5-transcribe", "like": "gemini-3.8-flash"},
    )
    with Stack(options) as s, overlaid(s, *rows):
        for _ in range(2):
            body = {"model": "gemini-3.1-flash-image", "prompt": "a cat", "size": "2048x2048"}
            true(post(s, "/v1/images/generations", body).value["data"], "no image")
            body = {"model": "gemini-3.8-flash-tts", "input": "Hello", "voice": "alloy"}
            post(s, "/v1/audio/speech", dict(body, response_format="wav"))
            fields = [("model", "gemini-3.5-transcribe")]
            sound = [("file", "a.wav", "audio/wav", wav())]
            out = form(s, "/v1/audio/transcriptions", fields, sound)
            true(out.value["text"], "no text")


@once
@called("images and speech go to the newest of their line when their model is gone")
def media_retired(options):
    rows = (
        {"name": "gemini-3.1-flash-image", "gone": "not_found"},
        {"name": "gemini-3.8-flash-tts", "gone": "closed"},
        {"name": "gemini-4-flash-tts", "like": "gemini-3.8-flash-tts"},
        {"name": "gemini-4-flash-image", "like": "gemini-3.1-flash-image"},
    )
    with Stack(options) as s, overlaid(s, *rows):
        body = {"model": "gpt-image-1", "prompt": "a cat", "n": 2}
        out = post(s, "/v1/images/generations", body)
        equal(out.headers.get(MODEL_HEADER), "gemini-4-flash-image", "the model that drew")
        body = {"model": "gemini-3.8-flash-tts", "input": "Hello", "voice": "alloy"}
        for more in ({}, {"stream_format": "sse"}):
            out = post(s, "/v1/audio/speech", dict(body, response_format="wav", **more))
            equal(out.headers.get(MODEL_HEADER), "gemini-4-flash-tts", "the model that spoke")
        post(s, "/v1/audio/speech", dict(body, model="tts-1-hd"))


@once
@called("a model that is gone is asked for once by all processes of a store")
def gone_is_shared(options):
    with contextlib.ExitStack() as stack:
        state = stack.enter_context(sqlite_state(options))
        keys = stack.enter_context(Stack(options, gateway=False)).key()
        env = {
            "STATE": state,
            "GEMINI_API_KEYS": keys,
            "ACCESS_TOKENS": "token-of-the-callers",
        }
        one, two = (stack.enter_context(Stack(options, env=env)) for _ in range(2))
        gone = {"name": "gemini-3-flash-preview", "gone": "not_found"}
        stack.enter_context(overlaid(one, gone))
        for s in (one, two):
            out = chat(s, model="gemini-3-flash-preview", key="token-of-the-callers")
            equal(out.headers.get(MODEL_HEADER), "gemini-flash-latest", "the header")
            _second(s)
        paths = [r["path"] for r in one.standin.requests(keys)]
        equal(len([p for p in paths if "gemini-3-flash-preview" in p]), 1, "calls to it")
        equal(len([p for p in paths if "gemini-flash-latest" in p]), 2, "calls to the other")
