"""What users of such gateways suffer from: one test for each pain of the dialect."""

import base64
import json
import struct

from calls import (
    GEMINI_3,
    IMAGE_MODEL,
    chat,
    counted,
    finishes,
    function,
    get,
    post,
    said,
    scripted,
    texts,
)
from harness import wait_for
from stack import MODEL, Stack, delta
from tap import called, contains, each, equal, once, true, waiting

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
@called("pain 8: text, then the finish in a chunk of its own, and a cut is not a success")
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
@called("pain 15: every effort works on every family, and clamping is reported")
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


@once
@called("pain 21: extra parameters are mapped or ignored by name, and few are refused")
def pain_21(options):
    extra = {
        "store": True,
        "metadata": {"a": "b"},
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "prediction": {"type": "content", "content": "x"},
        "stream_options": {"include_usage": True},
        "nonsense_of_tomorrow": {"deep": [1]},
        "top_k": 5,
        "reasoning": {"effort": "low"},
    }
    with Stack(options) as s:
        out = chat(s, **extra)
        config = out.sent_one()["generationConfig"]
        equal(config["topK"], 5, "top_k has a meaning")
        equal(config["thinkingConfig"]["thinkingBudget"], 1024, "reasoning has a meaning")
        for name in ("store", "metadata", "user", "prediction", "nonsense_of_tomorrow"):
            equal(out.changes.get("/" + name), "ignored", "what is told of " + name)
        for name in ("top_k", "reasoning"):
            equal(out.changes.get("/" + name), None, "what is told of " + name)
        equal(chat(s, frequency_penalty=0, presence_penalty=0).changes, {}, "zeros are nothing")
        out = chat(s, logit_bias={"50256": -100})
        equal(out.changes, {"/logit_bias": "dropped"}, "what is told of a bias")


@once
@called("pain 22: a block is content_filter at once, never trouble of the network or of a key")
def pain_22(options):
    with Stack(options) as s:
        for word in ("block:SAFETY", "block:OTHER", "block:BLOCKLIST", "finish:SAFETY"):
            for stream in (False, True):
                keys = "%s,%s" % (s.key(), s.key())
                s.standin.clear()
                out = chat(s, word, key=keys, stream=stream)
                choice = (out.chunks[-1] if stream else out.value)["choices"][0]
                equal(choice["finish_reason"], "content_filter", "finish reason of " + word)
                equal(len(s.standin.requests()), 1, "calls for " + word)
                equal(chat(s, key=keys).status, 200, "the keys are good afterwards")
        sent = chat(s).sent_one()
        true("safetySettings" not in sent, "no safety settings without a request for them")


@each
@called("pain 24: models are listed whole, by bare names, with aliases; prefixes are understood")
def pain_24(s):
    out = get(s, "/v1/models")
    names = [m["id"] for m in out.value["data"]]
    true(len(names) > 50, "%d models: more than a page" % len(names))
    true(not [n for n in names if n.startswith("models/")], "bare names")
    for name in (MODEL, GEMINI_3, "text-embedding-ada-002"):
        true(name in names, name + " is listed")
    for name in ("models/" + MODEL, "google/" + MODEL, "gemini/" + MODEL, "gpt-4o"):
        equal(get(s, "/v1/models/" + name).value["id"].split("/")[-1], name.split("/")[-1], "id")
        true(chat(s, model=name).message["content"], "an answer for " + name)
    out = chat(s, model="gemini-0-nothing", status=404)
    equal(out.error["code"], "model_not_found", "code")
    contains(out.error["message"], "gemini-0-nothing")


@each
@called("pain 25: Stop cancels the call upstream and nothing is tried again")
def pain_25(s):
    key = s.key()

    def outcomes():
        return [r["outcome"] for r in s.standin.requests(key)]

    with s.chat(model="gated-5", stream=True, key=key) as r:
        while not delta(r.event()):
            pass
        equal(outcomes(), ["open"], "calls before")
    wait_for("the cancelled call", lambda: outcomes() == ["client_gone"])


@waiting
@once
@called("pain 28: the real error comes out: status, Google's words, Retry-After, request id")
def pain_28(options):
    cases = (
        ("quota_minute", 429, "exceeded your current quota"),
        ("quota_day", 429, "exceeded your current quota"),
        ("array_error", 503, "overloaded"),
        ("invalid_argument", 400, ""),
        ("model_missing", 404, "not found"),
        ("suspended", 403, "suspended"),
    )
    with Stack(options) as s:
        for fault, status, words in cases:
            for stream in (False, True):
                out = chat(s, key=s.key(fault), stream=stream, status=None)
                equal(out.status, status, "status of " + fault)
                contains(out.error["message"], words, fault)
                true(out.headers["x-request-id"], "there is a request id")
                if fault == "quota_day":
                    equal(out.headers.get("x-should-retry"), "false", "x-should-retry")
                elif status in (429, 503):
                    true(int(out.headers["retry-after"]) > 0, "Retry-After of " + fault)


@once
@called("pain 29: embeddings in base64 are little-endian floats, batches are split, usage is real")
def pain_29(options):
    path = "/v1/embeddings"
    with Stack(options) as s:
        body = {"model": "text-embedding-3-small", "input": ["a", "b", "c"], "dimensions": 256}
        plain = post(s, path, body).value
        coded = post(s, path, dict(body, encoding_format="base64")).value
        for a, b in zip(plain["data"], coded["data"]):
            floats = struct.unpack("<256f", base64.b64decode(b["embedding"]))
            true(
                max(abs(x - y) for x, y in zip(a["embedding"], floats)) < 1e-6,
                "the same numbers in both forms",
            )
        out = post(s, path, dict(body, input=["text %d" % i for i in range(230)]))
        equal([d["index"] for d in out.value["data"]], list(range(230)), "indices")
        sizes = sorted(len(b["requests"]) for b in out.sent())
        equal(sizes, [30, 100, 100], "calls upstream")
        true(out.value["usage"]["prompt_tokens"] >= 230, "usage counts all of them")
        equal(out.value["model"], "gemini-embedding-001", "the model used is told")


@once
@called("pain 30: citations and pictures come through chat, whole and streamed")
def pain_30(options):
    text = "Grüße 🌍 世界?"
    with Stack(options) as s:
        for how in (
            {"web_search_options": {}},
            {"tools": [{"type": "web_search"}]},
            {"model": GEMINI_3 + ":search"},
        ):
            more = dict({"model": GEMINI_3}, **how)
            message = chat(s, text, **more).message
            cited = [a["url_citation"] for a in message["annotations"]]
            parts = [message["content"][c["start_index"] : c["end_index"]] for c in cited]
            true("Zürich agrees 🎉." in parts, "offsets count characters: %r" % parts)
            out = chat(s, text, stream=True, **more)
            streamed = [
                a["url_citation"]
                for c in out.chunks
                for a in c["choices"][0]["delta"].get("annotations", [])
            ]
            content = said(out.chunks)
            parts = [content[c["start_index"] : c["end_index"]] for c in streamed]
            true("Zürich agrees 🎉." in parts, "streamed offsets: %r" % parts)
            equal([c["url"] for c in streamed], [c["url"] for c in cited], "addresses")
        image = chat(s, "a cat images:2", model=IMAGE_MODEL).message["images"]
        equal([i["type"] for i in image], ["image_url"] * 2, "types")
        true(image[0]["image_url"]["url"].startswith("data:image/png;base64,"), "a data URL")
        out = chat(s, "a cat images:2", model=IMAGE_MODEL, stream=True)
        streamed = [i for c in out.chunks for i in c["choices"][0]["delta"].get("images", [])]
        equal(streamed, image, "streamed pictures")
        equal(finishes(out.chunks), {0: "stop"}, "finish reasons")
        equal(json.loads(out.events[0])["choices"][0]["delta"]["role"], "assistant", "role")
