"""What users of such gateways suffer from, one test for each pain of the dialect; 2."""

import base64
import json
import struct

from calls import GEMINI_3, IMAGE_MODEL, chat, finishes, get, post, said
from harness import wait_for
from stack import MODEL, Stack, delta
from tap import called, contains, each, equal, once, true


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
        true("safetySettings" not in sent, "no safety settings that nobody asked for")


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
