#!/usr/bin/env python3
"""Tests the validator: good replies pass, spoiled ones do not. Prints TAP."""

import copy
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import exchange  # noqa: E402
import google  # noqa: E402
import samples  # noqa: E402
import validate  # noqa: E402
from schema import BadOverlay, Schema  # noqa: E402

count = failed = 0


def reply(kind):
    return copy.deepcopy(samples.REPLIES[kind]())


def events_of(kind):
    return copy.deepcopy(samples.STREAMS[kind]())


def ok(good, name, remarks=()):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name))
    for remark in [] if good else remarks:
        print("# %s" % (remark,))


# ---- replies: every required member is missed, every unknown one is seen ----


def spoiled(schema, node, value, path="$"):
    """(what was done, function that does it and undoes it) for each place of a good value."""
    for plain in schema._meant(schema._plain([node]), value):
        if schema.faults_of(plain, value) == []:
            break
    else:
        return
    if isinstance(value, dict):
        for name in plain.get("required", []):
            yield "%s without %s" % (path, name), value, name, None
        if "map" not in plain:
            yield "%s with an unknown member" % path, value, "zz_unknown", 1
        for name, inner in value.items():
            if name in plain.get("properties", {}):
                yield from spoiled(schema, plain["properties"][name], inner, path + "." + name)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from spoiled(schema, plain["items"], inner, "%s[%d]" % (path, i))


def check_reply(kind):
    good = reply(kind)
    faults = validate.validate(kind, json.dumps(good))
    ok(not faults, "%s: a good reply" % kind, faults)
    node = validate.SCHEMA.kinds[kind]["reply"]
    # A plain transcription is not told from one whose verbose members are missing.
    loose = ("$ without language", "$ without duration")
    missed = []
    places = list(spoiled(validate.SCHEMA, node, copy.deepcopy(good)))
    for number in range(len(places)):
        value = copy.deepcopy(good)
        what, owner, name, new = list(spoiled(validate.SCHEMA, node, value))[number]
        if new is None:
            del owner[name]
        else:
            owner[name] = new
        if not validate.validate(kind, value) and what not in loose:
            missed.append(what)
    ok(places and not missed, "%s: %d spoiled replies are seen" % (kind, len(places)), missed)


def change(kind, what, spoil):
    value = reply(kind)
    spoil(value)
    ok(validate.validate(kind, value), "%s: %s" % (kind, what))


def check_meanings():
    def message(value, **more):
        value["choices"][0]["message"].update(more)

    def items(value):
        return value["output"]

    def first(value):
        return value["choices"][0]

    def spoil(name, *rows):
        for what, function in rows:
            change(name, what, function)

    spoil(
        "chat",
        ("a finish reason of no enum", lambda v: first(v).update(finish_reason="STOP")),
        ("calls and stop", lambda v: v["choices"][1].update(finish_reason="stop")),
        ("tool_calls and no calls", lambda v: first(v).update(finish_reason="tool_calls")),
        (
            "arguments that are no JSON",
            lambda v: v["choices"][1]["message"]["tool_calls"][0]["function"].update(arguments="{"),
        ),
        (
            "calls with one id",
            lambda v: v["choices"][1]["message"].update(
                tool_calls=v["choices"][1]["message"]["tool_calls"] * 2
            ),
        ),
        ("a wrong total", lambda v: v["usage"].update(total_tokens=1)),
        (
            "more cached than there was",
            lambda v: v["usage"]["prompt_tokens_details"].update(cached_tokens=8),
        ),
        ("an index twice", lambda v: v["choices"][1].update(index=0)),
        ("no choices", lambda v: v["choices"].clear()),
        ("an annotation behind the text", lambda v: message(v, content="H")),
        ("a decimal for an integer", lambda v: v.update(created=1.5)),
        ("true for an integer", lambda v: v.update(created=True)),
        ("half a surrogate pair", lambda v: message(v, content="\ud83d is not whole")),
        ("a positive logprob", lambda v: first(v)["logprobs"]["content"][0].update(logprob=1)),
    )
    spoil(
        "response",
        ("a wrong total", lambda v: v["usage"].update(total_tokens=1)),
        (
            "completed with an error",
            lambda v: v.update(error={"code": "server_error", "message": "No"}),
        ),
        ("incomplete without details", lambda v: v.update(status="incomplete")),
        ("failed without error", lambda v: v.update(status="failed")),
        ("ids twice", lambda v: items(v)[1].update(id="rs_1")),
        ("an item in progress", lambda v: items(v)[1].update(status="in_progress")),
        ("arguments that are no object", lambda v: items(v)[2].update(arguments="[]")),
        ("no logprobs", lambda v: items(v)[1]["content"][0].pop("logprobs")),
    )
    spoil(
        "embedding",
        ("not base64", lambda v: v["data"][1].update(embedding="?")),
        ("half a float", lambda v: v["data"][1].update(embedding="AAA=")),
        ("different lengths", lambda v: v["data"][0].update(embedding=[1])),
        ("a wrong index", lambda v: v["data"][1].update(index=2)),
    )
    spoil(
        "image",
        ("neither data nor url", lambda v: v["data"][0].clear()),
        ("no base64", lambda v: v["data"][0].update(b64_json="data:x")),
    )
    spoil("models", ("a model twice", lambda v: v.update(data=v["data"] * 2)))
    spoil("transcription", ("time that goes back", lambda v: v["words"][0].update(start=2)))
    for text in ('{"error":1,"error":2}', '{"error":NaN}', "", b"\xff", "[]", "null"):
        ok(validate.validate("error", text), "error: %r" % (text,))


# ---- streams ----


def check_stream(kind):
    events = events_of(kind)
    faults = validate.validate_sse(kind, samples.framed(kind, events))
    ok(not faults, "%s: a good stream" % kind, faults)
    for at in range(len(events)):
        part = samples.framed(kind, events[:at])
        faults = validate.validate_sse(kind, part + b"da", whole=False)
        if faults or not validate.validate_sse(kind, part):
            ok(False, "%s: cut before event %d" % (kind, at), faults)
    data = samples.framed(kind, events)
    for what, bad in (
        ("cut inside an event", data[:-1]),
        ("CRLF", data.replace(b"\n", b"\r\n")),
        ("an event after the end", data + data[: data.index(b"\n\n") + 2]),
        ("no stream", b"{}"),
        ("another field", b"id: 1\n" + data),
        ("not UTF-8", data.replace(b"x", b"\xff").replace(b"a", b"\xff")),
    ):
        ok(validate.validate_sse(kind, bad), "%s: %s" % (kind, what))
    ok(not validate.validate_sse(kind, b": ok\n\n" + data), kind + ": a comment")


def stream(kind, what, spoil, good=False, **more):
    events = events_of(kind)
    events = spoil(events) or events
    faults = validate.validate_sse(kind, samples.framed(kind, events), **more)
    ok(bool(faults) != good, "%s stream: %s" % (kind, what), faults)


def at(index, **more):
    return lambda events: events[index].update(more)


def without(*indices):
    return lambda events: [e for i, e in enumerate(events) if i not in indices]


def swapped(a, b):
    def spoil(events):
        events[a], events[b] = events[b], events[a]

    return spoil


def check_chat_streams():
    error = reply("error")
    one = [samples.chunk({"role": "assistant"}), samples.chunk({}, "stop", usage=None), "[DONE]"]
    for event in one[:-1]:
        del event["usage"]
    stream("chat", "no usage asked for", lambda e: one, good=True, usage=False)
    stream("chat", "usage without a request for it", lambda e: None, usage=False)
    stream("chat", "no usage although asked for", lambda e: one, usage=True)
    stream("chat", "an error at the end", lambda e: e[:3] + [error], good=True)
    stream("chat", "[DONE] after an error", lambda e: e[:3] + [error, "[DONE]"])
    stream("chat", "content after an error", lambda e: e[:3] + [error] + e[3:])
    stream("chat", "an error without code", lambda e: e[:3] + [{"error": {"message": "No"}}])
    stream("chat", "no role", without(0))
    stream("chat", "the role twice", lambda e: e[:1] + e)
    stream("chat", "no finish reason", without(8))
    stream("chat", "two finish reasons", lambda e: e[:9] + e[8:])
    stream("chat", "content after the finish reason", swapped(3, 8))
    stream("chat", "usage before the finish reason", swapped(8, 9))
    stream("chat", "a chunk without usage:null", lambda e: e[2].pop("usage") and None)
    stream("chat", "usage in a chunk with choices", at(2, usage=samples.USAGE))
    stream("chat", "another id", at(3, id="y"))
    stream("chat", "another time", at(3, created=2))
    stream("chat", "another model", at(3, model="n"))
    stream("chat", "stop after calls", lambda e: e[8]["choices"][0].update(finish_reason="stop"))
    stream(
        "chat",
        "an index left out",
        lambda e: e[7]["choices"][0]["delta"]["tool_calls"][0].update(index=2),
    )
    stream(
        "chat",
        "one id for two calls",
        lambda e: e[7]["choices"][0]["delta"]["tool_calls"][0].update(id="c1"),
    )
    stream("chat", "a call that never began", without(4))
    stream("chat", "arguments cut", without(6))
    stream(
        "chat",
        "a second choice alone",
        lambda e: [c["choices"][0].update(index=1) for c in e if c != "[DONE]" and c["choices"]]
        and None,
    )
    cite = {"type": "url_citation", "url_citation": samples.CITE}
    custom = {"index": 2, "id": "c3", "type": "custom", "custom": {"name": "g", "input": "no JSON"}}
    audio = {"id": "a1", "data": samples.DATA}

    def more(delta):
        return lambda e: e[:8] + [samples.chunk(delta)] + e[8:]

    def shifted(**ends):
        return {"annotations": [dict(cite, url_citation=dict(samples.CITE, **ends))]}

    stream("chat", "annotations", more({"annotations": [cite]}), good=True)
    stream("chat", "an annotation behind the text", more(shifted(end_index=6)))
    stream("chat", "an annotation that ends first", more(shifted(start_index=3, end_index=2)))
    stream("chat", "a custom call", more({"tool_calls": [custom]}), good=True)
    custom = dict(custom, type="function")
    stream("chat", "a custom call as a function", more({"tool_calls": [custom]}))
    stream("chat", "audio", more({"audio": audio}), good=True)
    stream("chat", "audio without id", more({"audio": {"data": samples.DATA}}))
    stream("chat", "audio that is no Base64", more({"audio": dict(audio, data="@")}))
    named = samples.framed("chat", events_of("chat")).replace(b"data: {", b"event: x\ndata: {")
    ok(validate.validate_sse("chat", named), "chat stream: events with names")


def check_response_streams():
    def text(index, **more):
        return at(index, **more)

    stream(
        "response",
        "numbers from 1",
        lambda e: [x.update(sequence_number=x["sequence_number"] + 1) for x in e] and None,
        good=True,
    )
    stream(
        "response",
        "numbers from 2",
        lambda e: [x.update(sequence_number=x["sequence_number"] + 2) for x in e] and None,
    )
    stream("response", "a number twice", at(5, sequence_number=4))
    stream("response", "[DONE]", lambda e: e + ["[DONE]"])
    stream("response", "not created", lambda e: _numbered(e[1:]))
    stream("response", "not in progress", lambda e: _numbered(e[:1] + e[2:]))
    stream("response", "two ends", lambda e: _numbered(e + e[-1:]))
    stream("response", "the wrong end", at(-1, type="response.incomplete"))
    stream(
        "response",
        "an error at the end",
        lambda e: _numbered(
            e[:5] + [{"type": "error", "code": None, "message": "No", "param": None}]
        ),
        good=True,
    )
    stream(
        "response",
        "an error, then completed",
        lambda e: _numbered(
            e[:-1] + [{"type": "error", "code": None, "message": "No", "param": None}] + e[-1:]
        ),
    )
    stream("response", "an item that was not added", lambda e: _numbered(without(2)(e)))
    stream("response", "a part that was not added", lambda e: _numbered(without(9)(e)))
    stream("response", "a delta lost", lambda e: _numbered(without(10)(e)))
    stream("response", "no end of the text", lambda e: _numbered(without(13)(e)))
    stream("response", "no end of the part", lambda e: _numbered(without(14)(e)))
    stream("response", "no end of the item", lambda e: _numbered(without(15)(e)))
    stream("response", "an annotation lost", lambda e: _numbered(without(12)(e)))
    stream("response", "arguments without deltas", lambda e: _numbered(without(17)(e)))
    stream("response", "a delta of another item", text(10, output_index=0))
    stream("response", "another item_id", text(10, item_id="rs_1"))
    stream("response", "another content_index", text(10, content_index=1))
    stream("response", "another name of the function", text(18, name="g"))
    stream("response", "an output_index left out", text(8, output_index=2))
    stream(
        "response",
        "an item that differs at its end",
        lambda e: e[15].update(item=dict(e[15]["item"], id="msg_2")),
    )
    stream(
        "response",
        "an output that differs",
        lambda e: e[-1].update(response=samples.response(items=samples.output()[:2])),
    )
    stream(
        "response",
        "text that differs in the output",
        lambda e: e[-1]["response"]["output"][1]["content"][0].update(text="Hello!"),
    )
    stream("response", "another id of the response", lambda e: e[-1]["response"].update(id="r"))
    stream("response", "no usage at the end", lambda e: e[-1]["response"].pop("usage") and None)
    stream("response", "deltas without logprobs", lambda e: e[10].pop("logprobs"))
    events = events_of("response")
    bare = samples.framed("", events)
    ok(validate.validate_sse("response", bare), "response stream: events without names")
    wrong = samples.framed("response", events).replace(
        b"event: response.output_text.done", b"event: response.output_text.delta"
    )
    ok(validate.validate_sse("response", wrong), "response stream: a wrong name")


def _numbered(events):
    return [dict(e, sequence_number=i) for i, e in enumerate(events)]


def check_other_streams():
    stream("image", "an index left out", at(1, partial_image_index=2))
    stream("image", "two images", lambda e: e + e, good=True)
    stream("image", "no base64", at(2, b64_json="?"))
    stream("image", "an event of edits", at(2, type="image_edit.completed"))
    stream("speech", "no audio", without(0))
    stream("speech", "no base64", at(0, audio="?"))
    stream("transcription", "a delta lost", without(0))
    stream("completion", "no finish reason", without(1))
    for kind in ("image", "speech", "transcription"):
        stream(kind, "[DONE]", lambda e: e + ["[DONE]"])


# ---- paths, overlay ----


def check_paths():
    bearer, google = [("Authorization", "Bearer x")], [("x-goog-api-key", "x")]
    for method, path, headers, kind, openai in (
        ("POST", "/v1/chat/completions", (), "chat", True),
        ("POST", "/gemini/v1beta/openai//chat/completions/?a=b", (), "chat", True),
        ("POST", "/v1/completions", (), "completion", True),
        ("GET", "/v1/chat/completions", (), None, True),
        ("GET", "/v1/responses/resp_1", (), "response", True),
        ("DELETE", "/v1/responses/resp_1", (), "response_deleted", True),
        ("POST", "/v1/responses/input_tokens", (), "response_input_tokens", True),
        ("GET", "/v1/responses/resp_1/input_items?limit=2", (), "response_items", True),
        ("GET", "/v1/models", bearer, "models", True),
        ("GET", "/v1/models/gemini-2.5-flash", bearer, "model", True),
        ("GET", "/v1/models", google, None, False),
        ("GET", "/v1beta/models", bearer, None, False),
        ("GET", "/v1beta/openai/models", bearer, "models", True),
        ("POST", "/v1beta/models/x:generateContent", bearer, None, False),
        ("GET", "/healthz", (), None, False),
    ):
        ok(exchange.kind_of(method, path, headers) == (kind, openai), "%s %s" % (method, path))
    json_type = [("content-type", "application/json")]
    body = json.dumps(reply("chat")).encode()
    post = ("POST", "/v1/chat/completions", (), b"{}", 200)
    ok(not exchange.check(*post, json_type, body), "an exchange")
    ok(exchange.check(*post, [("content-type", "text/html")], body), "an exchange as HTML")
    ok(exchange.check(*post[:3], b'{"stream":true}', 200, json_type, body), "no stream")
    error = json_type + [("x-request-id", "r")]
    ok(exchange.check(*post[:4], 400, error, b'{"error":"No"}'), "a bad error")
    ok(not exchange.check(*post[:4], 502, [("content-type", "text/html")], b"<h1>"), "not ours")


def check_overlay():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schema.json")
    for overlay in (
        {"properties": {"Model.id": {}}},
        {"properties": {"Model.none.x": {}}},
        {"values": {"Model.object": ["model"]}},
        {"types": {"Model": {}}},
    ):
        name = os.path.join(os.environ.get("TMPDIR", "/tmp"), "overlay-%d.json" % os.getpid())
        with open(name, "w", encoding="utf-8") as f:
            json.dump(overlay, f)
        try:
            Schema(path, name)
            ok(False, "overlay: %s" % overlay)
        except (BadOverlay, KeyError):
            ok(True, "overlay: %s" % list(overlay.items())[0][0])
        finally:
            os.unlink(name)


def check_google():
    part = {"text": "Hello"}
    good = {
        "contents": [{"role": "user", "parts": [part, {"inline_data": {"data": "AA=="}}]}],
        "generationConfig": {
            "temperature": 1,
            "seed": 7,
            "thinkingConfig": {"thinkingLevel": "low"},
        },
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "x"}}]}],
    }
    ok(not list(google.request_faults(good)), "google: a good request")
    level = {"thinkingConfig": {"thinkingLevel": "XHIGH"}}
    ok(not list(google.request_faults(dict(good, generationConfig=level))), "google: XHIGH")
    one = {"model": "models/m", "content": {"parts": [part]}, "outputDimensionality": 2}
    ok(not list(google.request_faults({"requests": [one]})), "google: a good batch")
    for what, bad in (
        ("no contents", {}),
        ("no parts", {"contents": [{"role": "user", "parts": []}]}),
        ("a role", {"contents": [{"role": "system", "parts": [part]}]}),
        ("an unknown field", dict(good, n=1)),
        ("an unknown field inside", {"contents": [{"role": "user", "parts": [{"txt": ""}]}]}),
        ("a number as text", dict(good, generationConfig={"temperature": "1"})),
        ("too large a number", dict(good, generationConfig={"seed": 1 << 31})),
        ("null", dict(good, generationConfig={"seed": None})),
        ("no list", dict(good, tools={})),
        ("no such value", dict(good, generationConfig={"thinkingConfig": {"thinkingLevel": "x"}})),
        ("bad base64", {"contents": [{"role": "user", "parts": [{"thoughtSignature": "A"}]}]}),
        ("both spellings", dict(good, generationConfig={"topP": 1, "top_p": 1})),
        ("a bad batch", {"requests": [dict(one, dimensions=2)]}),
    ):
        ok(list(google.request_faults(bad)), "google: " + what)


def main():
    for kind in sorted(samples.REPLIES):
        check_reply(kind)
    ok(set(samples.REPLIES) | {"speech"} == set(validate.SCHEMA.kinds), "a sample of each kind")
    check_meanings()
    for kind in sorted(samples.STREAMS):
        check_stream(kind)
    check_chat_streams()
    check_response_streams()
    check_other_streams()
    check_paths()
    check_overlay()
    check_google()
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
