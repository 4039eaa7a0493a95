"""Answers that are cut, broken or not HTTP: none of them is passed on as a whole answer, and the
log says who caused it."""

import json
import signal
import tempfile

import servers
from calls import begun_streams
from harness import wait_for
from raw_upstream import RawHttp2, RawUpstream, answer, chunked
from stack import Stack
from tap import contains, equal, once, true, waiting

DOCUMENT = (
    b'{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},'
    b'"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3}}'
)
EVENT = (
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},'
    b'"index":0}]}\r\n\r\n'
)
LAST = b'data: {"candidates":[{"finishReason":"STOP","index":0}]}\r\n\r\n'
LEAKED = (
    b'{"error":{"code":403,"message":"Your API key was reported as leaked. '
    b'Please use another API key.","status":"PERMISSION_DENIED"}}'
)
POOL = {"GEMINI_API_KEYS": "first-pool-key,second-pool-key", "ACCESS_TOKENS": "the-token"}


def _last_line(s, count=1):
    wait_for("the access line", lambda: len(s.access_lines()) >= count)
    return s.access_lines()[count - 1]


def _behind_all(options, upstream, run, **env):
    """Straight to the gateway and behind each web server."""
    for server in [None] + list(servers.FRONT):
        settings = dict(POOL, GEMINI_BASE_URL=upstream.url, **env)
        with Stack(options, server, env=settings) as s:
            run(s)


@once
def a_native_document_that_is_cut_is_fetched_again(options):
    cut = [answer(DOCUMENT[:40], length=len(DOCUMENT)), None]
    with RawUpstream([cut, [answer(DOCUMENT), None]]) as upstream:

        def run(s):
            with s.generate(key="the-token") as r:
                equal(r.status, 200, "status")
                equal(r.read(), DOCUMENT, "the document")
            equal(_last_line(s)["attempts"], 2, "attempts")
            contains(_last_line(s)["failed"], "=net_cut", "what went before")

        _behind_all(options, upstream, run)


@waiting
@once
def a_native_document_that_is_always_cut_is_an_error(options):
    part = DOCUMENT[:40]
    for cut in (answer(part, length=400), chunked(part, kind="application/json", end=b"")):
        with RawUpstream([[cut, None]]) as upstream:

            def run(s):
                with s.generate(key="the-token") as r:
                    equal(r.status, 502, "status")
                    equal(r.json()["error"]["code"], 502, "the error")
                equal(_last_line(s)["class"], "net_cut", "class")

            _behind_all(options, upstream, run)


@once
def a_whole_document_whose_transfer_breaks_behind_it_is_paid_once(options):
    broken = chunked(DOCUMENT, kind="application/json", end=b"zz\r\n")
    with RawUpstream([[broken, None]]) as upstream:
        with Stack(options, env=dict(POOL, GEMINI_BASE_URL=upstream.url)) as s:
            for n, ask in enumerate((s.generate, s.chat)):
                with ask(key="the-token") as r:
                    equal(r.status, 200, "status")
                    contains(r.text(), "Hello", "the answer")
                equal(_last_line(s, n + 1)["attempts"], 1, "attempts")


@once
def a_native_stream_promises_no_length_and_ends_in_whole_events(options):
    stream = EVENT + EVENT[:30]
    head = answer(b"", "text/event-stream", length=4000)
    with RawUpstream([[head + stream, 0.2, None]]) as upstream:

        def run(s):
            with s.generate(
                verb="streamGenerateContent", query="?alt=sse", key="the-token"
            ) as r:
                equal(r.status, 200, "status")
                equal(r.header("Content-Length"), None, "the length that is not promised")
                body = r.read()
            true(body.startswith(EVENT + b"data: "), "the whole event, then another: %r" % body)
            error = json.loads(body[len(EVENT) + 6 :])
            equal(error["error"]["code"], 502, "the error event")
            equal(_last_line(s)["class"], "net_cut", "class")

        _behind_all(options, upstream, run)


@once
def an_error_inside_a_stream_is_judged_like_any_other(options):
    late = chunked(EVENT, b"data: " + LEAKED + b"\r\n\r\n")
    with RawUpstream([[late, None]] + [[chunked(EVENT, LAST), None]] * 5) as upstream:
        with Stack(options, env=dict(POOL, GEMINI_BASE_URL=upstream.url)) as s:
            with s.chat(stream=True, key="the-token") as r:
                events = r.events()
            code = json.loads(events[-1])["error"]["code"]
            equal(code, "upstream_key_rejected", "what the client is told")
            line = _last_line(s)
            equal(line["class"], "key_leaked", "class")
            for _ in range(4):
                with s.chat(stream=True, key="the-token") as r:
                    r.read()
            used = {line.get("key") for line in s.access_lines()[1:]}
            equal(len(used), 1, "keys that are used afterwards")
            true(line["key"] not in used, "the leaked one is not")


@waiting
@once
def a_reply_that_is_not_a_gemini_answer_is_a_fault(options):
    none = [
        answer(b"<html>Sign in</html>", "text/html"),
        answer(b"\x1f\x8b\x08\0\0", "text/event-stream"),
        answer(b"[]"),
        answer(b"{}"),
        answer(b"Hello", "text/plain"),
    ]
    for first in none:
        for stream in (False, True):
            good = chunked(EVENT, LAST) if stream else answer(DOCUMENT)
            with RawUpstream([[first, None], [good, None]]) as upstream:
                with Stack(options, env=dict(POOL, GEMINI_BASE_URL=upstream.url)) as s:
                    with s.chat(stream=stream, key="the-token") as r:
                        equal(r.status, 200, "status")
                        contains(r.text(), "Hello", "another try after %r" % first[-30:])
                    line = _last_line(s)
                    equal(line["attempts"], 2, "attempts after %r" % first[-30:])
                    equal(line["class"], "ok", "class")
            with RawUpstream([[first, None]]) as upstream:
                with Stack(options, env=dict(POOL, GEMINI_BASE_URL=upstream.url)) as s:
                    with s.chat(stream=stream, key="the-token") as r:
                        r.read()
                    true(_last_line(s)["class"] != "ok", "it is not ok: %r" % first[-30:])


@once
def a_reply_that_is_not_http_is_tried_again_and_becomes_a_502(options):
    bomb = b"HTTP/1.1 200 OK\r\n" + b"X-Pad: %s\r\n" % (b"a" * 4000) * 100 + b"\r\n"
    for bad in (b"SSH-2.0-OpenSSH_9.2\r\n", bomb, b"HTTP/1.1 999999 What\r\n\r\n"):
        with RawUpstream([[bad, None]]) as upstream:
            with Stack(options, env=dict(POOL, GEMINI_BASE_URL=upstream.url)) as s:
                with s.chat(key="the-token") as r:
                    equal(r.status, 502, "status after %r" % bad[:20])
                    equal(r.json()["error"]["type"], "server_error", "type")
                line = _last_line(s)
                equal(line["attempts"], 3, "attempts after %r" % bad[:20])
                equal(line["attempts"], len(upstream.heads), "calls that the upstream saw")


@once
def every_call_that_the_upstream_sees_is_an_attempt(options):
    """libcurl sends a request again by itself when a kept connection turns out to be dead."""
    good = answer(DOCUMENT)
    with RawUpstream([[good], [None], [good, None]]) as upstream:
        with Stack(options, env=dict(POOL, GEMINI_BASE_URL=upstream.url, LOOPS="1")) as s:
            for _ in range(2):
                with s.chat(key="the-token") as r:
                    equal(r.status, 200, "status")
                    r.read()
            line = _last_line(s, 2)
            equal(line["attempts"], 2, "attempts")
            equal(line["failed"], line["key"] + "=net_cut", "what came of the first")
            equal(len(upstream.heads), 3, "calls that the upstream saw")


@waiting
@once
def a_stream_that_the_gateway_ends_says_so(options):
    for server in [None] + list(servers.FRONT):
        if server and server.spawns_gateway:
            continue
        with Stack(options, server, env={"DRAIN_TIMEOUT": "1"}) as s:
            with begun_streams(s) as (chat, native):
                s.gateway.popen.send_signal(signal.SIGTERM)
                last = [json.loads(r.events()[-1])["error"] for r in (chat, native)]
                equal(last[0]["type"], "server_error", "the chat's last event")
                equal(last[1]["code"], 503, "the native one's")
            s.gateway.wait()
            for line in s.access_lines():
                equal(line["error"], "stopping", "whose doing it was")
                equal(line["class"], "stopping", "class")
                true("client" not in line, "not the client's")


@once
def a_pool_key_written_with_escapes_reaches_nobody(options):
    key = "first-pool-key"
    escaped = "".join("\\u%04x" % ord(c) if n % 2 else c for n, c in enumerate(key))
    quota = (
        '{"error":{"code":429,"message":"Quota of %s","status":"RESOURCE_EXHAUSTED","details":'
        '[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":'
        '[{"quotaId":"PerDay-%s"}]}]}}' % (escaped, escaped)
    ).encode()
    inside = EVENT.replace(b"Hello", escaped.encode())
    upstream = RawUpstream(
        [
            [answer(DOCUMENT.replace(b"Hello", escaped.encode())), None],
            [chunked(inside, LAST), None],
            [answer(DOCUMENT.replace(b"Hello", escaped.encode())), None],
            [answer(quota, status="429 Too Many Requests"), None],
        ]
    )
    env = dict(POOL, GEMINI_BASE_URL=upstream.url, GEMINI_API_KEYS=key)
    with upstream, Stack(options, env=env) as s:
        with s.generate(key="the-token") as r:
            body = r.text()
            true("*****" in body and escaped not in body, "a native answer without the key")
        for stream in (True, False):
            with s.chat(stream=stream, key="the-token") as r:
                body = r.text()
                true("*****" in body and key not in body, "an answer without the key")
        with s.chat(key="the-token") as r:
            equal(r.status, 429, "status")
            contains(r.text(), "*****", "an error without the key")
        contains(_last_line(s, 4)["quota"], "*****", "the quota in the log")


def _over_http2(options, upstream):
    env = dict(POOL, GEMINI_BASE_URL=upstream.url, UPSTREAM_HTTP="2")
    return Stack(options, env=dict(env, UPSTREAM_CA=upstream.authority))


@once
def an_http2_answer_with_too_large_headers_is_a_502(options):
    with tempfile.TemporaryDirectory() as directory:
        kind = (b"content-type", b"application/json")
        with RawHttp2(directory, [kind], DOCUMENT) as upstream:
            with _over_http2(options, upstream) as s:
                with s.chat(key="the-token") as r:
                    equal(r.status, 200, "status of an ordinary answer")
                    r.read()
        lines = [kind] + [(b"x-pad-%d" % n, b"a" * 1000) for n in range(100)]
        with RawHttp2(directory, lines, DOCUMENT) as upstream:
            with _over_http2(options, upstream) as s:
                with s.chat(key="the-token") as r:
                    equal(r.status, 502, "status")
                line = _last_line(s)
                equal(line["class"], "net_protocol", "class")
                equal(line["attempts"], upstream.streams, "calls that the upstream saw")


@once
def refused_http2_streams_count_as_attempts(options):
    with tempfile.TemporaryDirectory() as directory:
        kind = (b"content-type", b"application/json")
        with RawHttp2(directory, [kind], DOCUMENT, refuse=2) as upstream:
            with _over_http2(options, upstream) as s:
                with s.chat(key="the-token") as r:
                    equal(r.status, 200, "status")
                    r.read()
                equal(_last_line(s)["attempts"], upstream.streams, "calls that the upstream saw")
        with RawHttp2(directory, [kind], DOCUMENT, refuse=1000) as upstream:
            with _over_http2(options, upstream) as s:
                with s.chat(key="the-token") as r:
                    true(r.status >= 500, "status %d" % r.status)
                equal(_last_line(s)["attempts"], upstream.streams, "calls that the upstream saw")
                true(upstream.streams <= 10, "%d calls" % upstream.streams)
