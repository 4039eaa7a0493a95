"""What clients mean: compressed bodies, empty lists for objects, names in any script."""

import gzip
import json
import time
import zlib

import fcgi_client
from calls import GEMINI_3, chat, function, post, scripted
from stack import CHAT, MODEL, Stack
from tap import called, contains, each, equal, once, true

USER = {"role": "user", "content": "Hello"}
BODY = {"model": MODEL, "messages": [USER]}


def _raw(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = (
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", _raw),
    ("identity", lambda data: data),
    ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
)


def _packed(s, path, coding, data, status=200, more=()):
    headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)]
    return post(s, path, data, headers=headers + list(more), status=status)


@each
@called("lenient: a compressed body is read, in each of HTTP's ways")
def compressed(s):
    data = json.dumps(BODY).encode()
    for coding, pack in PACKERS:
        out = _packed(s, CHAT, coding, pack(data))
        contains(json.dumps(out.sent_one()), "Hello")
    long = dict(BODY, messages=[{"role": "user", "content": "Hello " * 400000}])
    out = _packed(s, CHAT, "gzip", gzip.compress(json.dumps(long).encode()))
    true(out.requests()[0]["body_bytes"] > 2400000, "a body in a file")
    body = {"model": "gemini-embedding-001", "input": "Hello"}
    _packed(s, "/v1/embeddings", "gzip", gzip.compress(json.dumps(body).encode()))
    body = {"model": MODEL, "input": "Hello"}
    _packed(s, "/v1/responses", "gzip", gzip.compress(json.dumps(body).encode()))


@each
@called("lenient: a body that is not what its header says is a clear 400, another coding a 415")
def compressed_badly(s):
    data = gzip.compress(json.dumps(BODY).encode())
    for bad in (data[:-9], data + b"x", b"{}", b"\x1f\x8b"):
        out = _packed(s, CHAT, "gzip", bad, 400)
        contains(out.error["message"], "Content-Encoding")
        equal(out.requests(), [], "calls upstream")
    for coding in ("br", "zstd", "gzip, br", "*", "gzip,gzip,gzip,gzip,gzip"):
        out = _packed(s, CHAT, coding, data, 415)
        equal(out.headers.get("accept-encoding"), "gzip, deflate", "what is offered")
        equal(out.error["code"], "unsupported_content_encoding", "code")


@once
@called("lenient: a small body that becomes a large one stops at MAX_BODY")
def compressed_bomb(options):
    with Stack(options, env={"MAX_BODY": "2097152"}) as s:
        bomb = gzip.compress(b" " * (64 << 20))
        true(len(bomb) < 100000, "%d bytes" % len(bomb))
        out = _packed(s, CHAT, "gzip", bomb, 413)
        contains(out.error["message"], "2097152")
        out = _packed(s, CHAT, "gzip, gzip", gzip.compress(bomb), 413)
        true(s.box.memory_kib() < 200000, "memory")
        _packed(s, CHAT, "gzip", gzip.compress(json.dumps(BODY).encode()))


@once
@called("lenient: a client that leaves while its body is expanded harms nothing")
def compressed_left(options):
    with Stack(options) as s:
        bomb = gzip.compress(b" " * (90 << 20), 1)
        headers = [("Authorization", "Bearer " + s.key()), ("Content-Encoding", "gzip")]
        for _ in range(6):
            sock = fcgi_client.connect(s.box.address)
            sock.sendall(fcgi_client.whole_request("POST", CHAT, headers, bomb))
            time.sleep(0.05)
            sock.close()
        chat(s)
        equal(s.gateway.stop(), 0, "exit status")
        gone = [l for l in s.access_lines() if l["status"] != 200]
        equal(len(gone), 6, "requests of clients that left")


@each
@called("lenient: a compressed native body goes to Google as it came")
def compressed_native(s):
    body = gzip.compress(json.dumps({"contents": [{"parts": [{"text": "Hi"}]}]}).encode())
    path = "/v1beta/models/%s:generateContent" % MODEL
    key = s.key()
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    with s.request("POST", path, headers, body, key=key) as r:
        r.read()
    sent = s.standin.one(key)
    equal(sent["headers"]["content-encoding"], "gzip", "the header upstream")
    equal(sent["headers"]["content-length"], str(len(body)), "the length upstream")


@each
@called("lenient: a zero byte in a call's id is carried like any other")
def zero_byte(s):
    call = {"id": "call\0one", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call\0one", "content": "ok"},
    ]
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    out = chat(s, messages, tools=[tool], model=GEMINI_3)
    parts = out.sent_one()["contents"][2]["parts"]
    equal(parts[0]["functionResponse"]["name"], "f", "the call that is answered")


@each
@called("lenient: an empty list where an object is due is an empty object (PHP)")
def php(s):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "[]"}}
    messages = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "ok"},
    ]
    tool = {"type": "function", "function": {"name": "f", "parameters": []}}
    for stream in (False, True):
        out = chat(
            s,
            messages,
            tools=[tool],
            stream=stream,
            response_format=[],
            stream_options=[],
            logit_bias=[],
            metadata=[],
            extra_body=[],
            extra_headers=[],
        )
        equal(out.sent_one()["contents"][1]["parts"][0]["functionCall"]["args"], {}, "args")


NAMES = ("включить_свет", "выключить_свет", "查询天气", "3d render", "get.weather")


@each
@called("lenient: names in any script stay known, and come back, whatever stands before them")
def names(s):
    tools = [function(name) for name in NAMES]
    out = chat(s, tools=tools, model=GEMINI_3)
    declared = out.sent_one()["tools"][0]["functionDeclarations"]
    equal(len({d["name"] for d in declared}), len(NAMES), "distinct names")
    for d, name in zip(declared[:4], NAMES):
        contains(d["description"], name)
        true(not d["name"].startswith("___"), d["name"])
    equal(declared[4]["name"], "get.weather", "what Google takes stays")
    for prefix in ("", "default_api:", "default_api.", "functions.", "tools."):
        for d, name in zip(declared, NAMES):
            call = {"functionCall": {"id": "c1", "name": prefix + d["name"], "args": {}}}
            with scripted(s, {"parts": [call], "sign": True}):
                out = chat(s, tools=tools, model=GEMINI_3)
                streamed = chat(s, tools=tools, model=GEMINI_3, stream=True)
            equal(out.message["tool_calls"][0]["function"]["name"], name, prefix)
            contains(json.dumps(streamed.chunks, ensure_ascii=False), '"name": "%s"' % name)
