"""What users of such gateways suffer from, one test for each pain of the dialect; 1."""

import json

from calls import GEMINI_3, chat, counted, finishes, function, post, said, scripted, texts
from stack import MODEL, Stack, delta
from tap import called, contains, each, equal, once, true

WEATHER = function("weather", {"city": {"type": "string"}})
USER = {"role": "user", "content": "Hello"}


@once
@called("pain 2: the second turn of a tool conversation has its thought signatures")
def pain_2(options):
    with Stack(options) as s:
        for text in ("call:weather", "call:weather long-signature", "call:weather call:clock"):
            tools, key = [WEATHER, function("clock")], s.key()
            message = chat(s, text, key, model=GEMINI_3, tools=tools).message
            for call in message["tool_calls"]:
                true(len(call["id"]) <= 40, "the id is short: " + call["id"])
                call.pop("extra_content", None)
            messages = [{"role": "user", "content": text}, message]
            messages += [
                {"role": "tool", "tool_call_id": c["id"], "content": "fine"}
                for c in message["tool_calls"]
            ]
            with counted(s, signed_calls=1, bypassed_calls=0):
                chat(s, messages, key, model=GEMINI_3, tools=tools)


@once
@called("pain 3: schemas that Google refuses are repaired, and a property called const stays")
def pain_3(options):
    parameters = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "const": {"type": "string"},
            "mode": {"const": "fast"},
            "maybe": {"type": ["string", "null"]},
            "list": {"type": "array"},
            "any": True,
            "node": {"$ref": "#/definitions/node"},
            "open": {"type": "object", "propertyNames": {"pattern": "^a"}},
        },
        "required": ["const"],
        "definitions": {
            "node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/definitions/node"}},
            }
        },
    }
    tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
    with Stack(options) as s:
        for model in (MODEL, GEMINI_3):
            out = chat(s, "call:f", model=model, tools=tools + [WEATHER])
            sent = out.sent_one()["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
            equal(list(sent["properties"]), list(parameters["properties"]), "properties in order")
            equal(sent["properties"]["const"], {"type": "string"}, "the property called const")
            equal(sent["properties"]["mode"]["enum"], ["fast"], "const is an enum")
            true("items" in sent["properties"]["list"], "arrays have items")
            for word in ("$schema", "definitions", "propertyNames"):
                true('"%s"' % word not in json.dumps(sent), word + " does not go up")
            where = "/tools/0/function/parameters"
            equal(out.changes[where + "/$schema"], "dropped", "what is told")
            equal(out.changes[where + "/properties/mode/const"], "rewritten", "what is told")


@once
@called("pain 5: no empty success: the reason is mapped and told")
def pain_5(options):
    cases = (
        ("malformed_call", "stop", "MALFORMED_FUNCTION_CALL"),
        ("no_image", "stop", "NO_IMAGE"),
        ("other", "content_filter", "OTHER"),
        ("unexpected_call", "stop", "UNEXPECTED_TOOL_CALL"),
        ("max_tokens_empty", "length", "MAX_TOKENS"),
        ("unknown_finish", "stop", None),
    )
    with Stack(options) as s:
        for fault, want, native in cases:
            for stream in (False, True):
                out = chat(s, key=s.key(fault), stream=stream)
                choice = (out.chunks[-1] if stream else out.value)["choices"][0]
                equal(choice["finish_reason"], want, "finish reason of " + fault)
                true(native in (None, choice["native_finish_reason"]), "Google's word is told")
                equal(len(out.requests()), 1, "calls: nothing is hidden by trying again")
        for fault in ("empty_body", "empty_object", "no_candidates"):
            out = chat(s, key=s.key(fault), status=502)
            true(out.error["message"], "there is a message")


@once
@called("pain 6: streamed tool calls are numbered through and finish as tool_calls")
def pain_6(options):
    tools = [WEATHER, function("clock"), function("news")]
    with Stack(options) as s:
        for text in (
            "call:weather call:clock call:news",
            "calls-together call:weather call:clock call:news",
            "say-first call:weather call:clock call:news",
        ):
            for model in (MODEL, GEMINI_3):
                out = chat(s, text, model=model, tools=tools, stream=True)
                calls = [
                    c for k in out.chunks for c in k["choices"][0]["delta"].get("tool_calls", [])
                ]
                first = {c["index"]: c for c in reversed(calls)}
                equal(sorted(first), [0, 1, 2], "indices")
                for call in first.values():
                    true(call["id"] and call["function"]["name"], "id and name come first")
                equal(len({c["id"] for c in first.values()}), 3, "different ids")
                equal(finishes(out.chunks), {0: "tool_calls"}, "finish reasons")
                equal(out.chunks[-1]["choices"][0]["delta"], {}, "last delta")


@once
@called("pain 8: text, then the finish in a chunk of its own, and a cut is no success")
def pain_8(options):
    with Stack(options) as s:
        out = chat(s, stream=True, stream_options={"include_usage": True})
        kinds = []
        for chunk in out.chunks:
            choice = (chunk["choices"] or [{}])[0]
            kinds.append(
                "text"
                if choice.get("delta", {}).get("content")
                else "finish"
                if choice.get("finish_reason")
                else "usage"
                if chunk["usage"]
                else ""
            )
        equal(kinds[-2:], ["finish", "usage"], "last chunks")
        equal([k for k in kinds[:-2] if k], ["text"] * kinds.count("text"), "chunks before")
        equal(out.events[-1], "[DONE]", "last event")
        for fault in ("stream_cut", "stream_no_finish"):
            out = chat(s, key=s.key(fault), stream=True)
            true("[DONE]" not in out.events, "no [DONE] after " + fault)
            equal(finishes(out.chunks[:-1]), {}, "finish reasons after " + fault)
            true(out.chunks[-1]["error"]["message"], "the last event is the error")
        # A reset may overtake the text before it: then the status tells.
        out = chat(s, key=s.key("stream_reset"), stream=True, status=None)
        error = out.error if out.status == 502 else out.chunks[-1]["error"]
        true(error["message"], "an error after a reset")


@each
@called("pain 9: every form of the base URL leads to the same place")
def pain_9(s):
    body = {"model": MODEL, "messages": [USER]}
    for base in ("/v1", "", "/v1beta", "/v1beta/openai", "/openai/v1", "/", "/v1/", "/v1/v1", "/x"):
        out = post(s, base + "/chat/completions", body)
        true(out.message["content"], "there is an answer at " + base)
    for tail in ("/chat/completions/", "/v1/chat/completions/v1/chat/completions"):
        post(s, tail, body)
    for wrong, near in (
        ("/v1/chat/completion", "/v1/chat/completions"),
        ("/v1/embedding", "/v1/embeddings"),
        ("/v1/image/generations", "/v1/images/generations"),
    ):
        contains(post(s, wrong, body, status=404).error["message"], near)


@once
@called("pain 11: silence is filled, and a whole answer waits as long as a stream")
def pain_11(options):
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        with s.chat(model="silent-700", stream=True) as r:
            equal(r.status, 200, "status")
            true(r.block().startswith(":"), "a comment comes first")
            true(any(delta(e) for e in r.events()[:-1]), "the text comes after it")
        with s.chat(model="silent-700") as r:
            true(r.json()["choices"][0]["message"]["content"], "a whole answer comes too")


@each
@called("pain 12: preflight needs no key on any path, and errors may be read by browsers")
def pain_12(s):
    origin = ("Origin", "app://obsidian.md")
    for path in ("/v1/chat/completions", "/v1/responses", "/v1/images/edits", "/v1/models"):
        with s.request(
            "OPTIONS",
            path,
            [
                origin,
                ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "authorization,x-stainless-lang,x-own"),
            ],
        ) as r:
            true(r.status in (200, 204), "%s: status %d" % (path, r.status))
            for name in ("authorization", "x-stainless-lang", "x-own"):
                contains(r.header("access-control-allow-headers", "").lower(), name)
            r.read()
    for body, status in (({"model": MODEL}, 400), ({"model": "none", "messages": [USER]}, 404)):
        out = post(s, "/v1/chat/completions", body, headers=[origin], status=status)
        true(out.headers["access-control-allow-origin"] in ("*", origin[1]), "errors may be read")


@once
@called("pain 13: several system messages, developer ones and late ones all survive in order")
def pain_13(options):
    with Stack(options) as s:
        out = chat(
            s,
            [
                {"role": "system", "content": "one"},
                {"role": "developer", "content": [{"type": "text", "text": "two"}]},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hi"},
                {"role": "system", "content": "three"},
                {"role": "user", "content": "More"},
            ],
        )
        sent = out.sent_one()
        equal(texts(sent["systemInstruction"]), ["one", "two", "three"], "instruction")
        equal([c["role"] for c in sent["contents"]], ["user", "model", "user"], "turns")
        out = chat(s, [{"role": "system", "content": "only this"}])
        equal(texts(out.sent_one()["contents"][0]), ["only this"], "a system message alone")
        out = chat(s, [USER, {"role": "wizard", "content": "x"}], status=400)
        equal(out.error["param"], "messages[1].role", "param")


@once
@called("pain 14: empty turns and parts are dropped, calls and results are kept together")
def pain_14(options):
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    result = {"role": "tool", "tool_call_id": "c1", "content": "rain"}
    empty = ("", None, [], [{"type": "text", "text": ""}])
    with Stack(options) as s:
        for nothing in empty:
            turn = {"role": "assistant", "content": nothing, "tool_calls": [call]}
            for model in (MODEL, GEMINI_3):
                messages = [USER, turn, result, {"role": "user", "content": nothing or ""}]
                out = chat(s, messages, tools=[WEATHER], model=model)
                contents = out.sent_one()["contents"]
                true(all(c["parts"] for c in contents), "no content without parts")
                true('"text": ""' not in json.dumps(contents), "no empty text")
                equal([c["role"] for c in contents], ["user", "model", "user"], "turns")
                equal(contents[1]["parts"][0]["functionCall"]["args"], {}, "arguments")
        # Halves of pairs: a result without its call, a call without its result.
        chat(s, [result, USER], tools=[WEATHER])
        chat(s, [USER, {"role": "assistant", "tool_calls": [call]}, USER], tools=[WEATHER])
        chat(s, [{"role": "assistant", "tool_calls": [call]}, result], tools=[WEATHER])


EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", None)


@once
@called("pain 15: every effort works on every family, and what was clamped is told")
def pain_15(options):
    models = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-3.8-flash")
    models += ("gemini-3.1-pro-preview", "gemini-3.1-flash-lite", "gemma-4-31b-it")
    with Stack(options) as s:
        for model in models + ("gemini-3.1-flash-image", "gemini-2.5-flash-image"):
            for effort in EFFORTS:
                out = chat(s, model=model, reasoning_effort=effort)
                config = out.sent_one().get("generationConfig", {}).get("thinkingConfig", {})
                true(
                    not ("thinkingBudget" in config and "thinkingLevel" in config),
                    "%s, %s: one of level and budget: %s" % (model, effort, config),
                )
                true(effort is not None or not config, "no effort changes nothing")
        out = chat(s, model="gemini-3.8-flash", reasoning_effort="minimal")
        equal(out.changes, {"/reasoning_effort": "clamped"}, "what is told")
        out = chat(s, model="gemini-3.8-flash", reasoning_effort="high")
        equal(out.changes, {}, "what is told of an effort that fits")


@once
@called("pain 16: thoughts are reasoning_content, never content, whole or streamed")
def pain_16(options):
    with Stack(options) as s:
        for model in (MODEL, GEMINI_3):
            message = chat(s, model=model, reasoning_effort="low").message
            thought, answer = message["reasoning_content"], message["content"]
            true(thought and answer, "thoughts and an answer")
            true(thought not in answer and "<thought>" not in answer, "they are not mixed")
            out = chat(s, model=model, reasoning_effort="low", stream=True)
            deltas = [c["choices"][0]["delta"] for c in out.chunks]
            equal("".join(d.get("reasoning_content") or "" for d in deltas), thought, "streamed")
            equal(said(out.chunks), answer, "answer, streamed")
            true(
                all(not (d.get("content") and d.get("reasoning_content")) for d in deltas),
                "a delta has one of them",
            )


@each
@called("pain 17: a document of 5 MB passes, and one that is too large is a 413 of the dialect")
def pain_17(s):
    def content(size):
        data = "data:application/pdf;base64," + "JVBERi0x" * (size // 8)
        file = {"type": "file", "file": {"file_data": data, "filename": "a.pdf"}}
        return [{"type": "text", "text": "What is this?"}, file]

    out = chat(s, [{"role": "user", "content": content(5 << 20)}])
    true(out.requests()[0]["body_bytes"] > 5 << 20, "all of it goes up")
    # The stand is started with MAX_BODY=8 MiB; the web server lets more pass.
    out = chat(s, [{"role": "user", "content": content(9 << 20)}], status=413)
    equal(out.error["type"], "invalid_request_error", "type")


@once
@called("pain 19: a region that is not served is the host's fault and says so")
def pain_19(options):
    with Stack(options) as s:
        out = chat(s, key=s.key("region"), status=400)
        equal(out.error["code"], "unsupported_region", "code")
        contains(out.error["message"], "this gateway runs")


@once
@called("pain 20: an overloaded model is retried a little and the model used is shown")
def pain_20(options):
    with Stack(options) as s:
        with scripted(s, {"name": "overloaded", "times": 1}):
            out = chat(s, key="%s,%s" % (s.key(), s.key()))
        equal(out.value["model"], MODEL, "model after one refusal")
        out = chat(s, key=s.key("overloaded"), status=503)
        true(1 < len(out.requests()) <= 3, "%d calls" % len(out.requests()))
