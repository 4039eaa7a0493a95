"""What must work behind each web server."""

import base64
import hashlib
import json
import os
import time

import http_client
from calls import chat_arrives_one_by_one
from harness import wait_for
from stack import CHAT, MODEL, delta, part_text
from tap import contains, each, equal, true

EVENTS = 5
NATIVE = "/v1beta/models/%s:generateContent" % MODEL


@each
def chat_events_arrive_one_by_one(s):
    chat_arrives_one_by_one(s, EVENTS)


@each
def native_events_arrive_one_by_one(s):
    with s.generate(model="gated-%d" % EVENTS, verb="streamGenerateContent", query="?alt=sse") as r:
        equal(r.status, 200, "status")
        for k in range(EVENTS):
            true(part_text(r.event()), "event %d has text" % k)
            if k < EVENTS - 1:
                equal(s.standin.next()["released"], 1, "streams let go")
        equal(r.event(), None, "after the last event")


@each
def pieces_of_a_json_array_arrive_one_by_one(s):
    with s.generate(model="gated-%d" % EVENTS, verb="streamGenerateContent") as r:
        equal(r.status, 200, "status")
        contains(r.header("content-type"), "application/json")
        got = b""
        for k in range(EVENTS):
            while got.count(b'"text"') <= k:
                part = r.chunk()
                true(part, "element %d comes before the end" % k)
                got += part
            if k < EVENTS - 1:
                s.standin.next()
        got += r.read()
    equal(len(json.loads(got)), EVENTS, "elements")


@each
def authorization_arrives(s):
    key = s.key()
    with s.chat(key=key) as r:
        equal(r.status, 200, "status")
        true(r.json()["choices"][0]["message"]["content"], "there is an answer")
    headers = s.standin.one(key)["headers"]
    equal(headers.get("x-goog-api-key"), key, "the key upstream")
    equal(headers.get("authorization"), None, "authorization upstream")


@each
def x_goog_api_key_arrives(s):
    key = s.key()
    with s.generate(key=key) as r:
        equal(r.status, 200, "status")
        true(part_text(r.json()), "there is an answer")
    equal(s.standin.one(key)["headers"].get("x-goog-api-key"), key, "the key upstream")


@each
def a_key_in_the_query_goes_up_in_a_header(s):
    key = s.key()
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    with s.request(
        "POST", "/v1beta/models/%s:generateContent?key=%s&alt=json" % (MODEL, key), body=body
    ) as r:
        equal(r.status, 200, "status")
        r.read()
    request = s.standin.one(key)
    equal(request["headers"].get("x-goog-api-key"), key, "the key upstream")
    true(key not in request["target"], "no key in the address")
    contains(request["target"], "alt=json")


def _five_megabytes():
    text = base64.b64encode(os.urandom(3932160)).decode()
    return text, {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "What is this?"},
                    {"inlineData": {"mimeType": "image/png", "data": text}},
                ],
            }
        ]
    }


def _native_5_mb(s, chunked):
    body = json.dumps(_five_megabytes()[1]).encode()
    true(len(body) > 5 << 20, "the body is larger than 5 MB")
    key = s.key()
    with s.request(
        "POST",
        "/v1beta/models/%s:generateContent" % MODEL,
        [("Content-Type", "application/json")],
        body,
        key=key,
        chunked=chunked,
    ) as r:
        equal((r.status, r.read() and None), (200, None), "status")
    request = s.standin.one(key)
    equal(request["body_bytes"], len(body), "bytes upstream")
    equal(request["body_sha256"], hashlib.sha256(body).hexdigest(), "digest upstream")


@each
def bodies_of_5_mb_pass_unchanged(s):
    _native_5_mb(s, False)


@each
def bodies_of_5_mb_without_length_pass_unchanged(s):
    _native_5_mb(s, True)


@each
def a_body_in_small_pieces_passes(s):
    body = json.dumps({"contents": [{"parts": [{"text": "a" * 900}]}]}).encode()
    key = s.key()
    with s.start("POST", NATIVE, len(body), key) as sock:
        # Each piece may be a record of its own behind servers that do not collect bodies.
        for at in range(0, len(body), 3):
            sock.sendall(body[at : at + 3])
            time.sleep(0.002)
        with http_client.read_reply(sock, "POST") as r:
            equal(r.status, 200, "status")
            true(part_text(r.json()), "there is an answer")
    equal(s.standin.one(key)["body_bytes"], len(body), "bytes upstream")


@each
def a_chat_with_a_data_url_of_5_mb_passes(s):
    text = _five_megabytes()[0]
    key = s.key()
    with s.request(
        "POST",
        CHAT,
        bearer=key,
        body={
            "model": MODEL,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {
                            "type": "image_url",
                            "image_url": {"url": "data:image/png;base64," + text},
                        },
                    ],
                }
            ],
        },
    ) as r:
        equal(r.status, 200, "status")
        r.read()
    # Only the start of a large body is kept by the stand-in; its size tells the rest.
    request = s.standin.one(key)
    true(
        len(text) < request["body_bytes"] < len(text) + 2000,
        "the size upstream is that of the image",
    )


def _outcome(s, key):
    found = s.standin.requests(key)
    return found and found[-1]["outcome"]


@each
def a_client_that_leaves_a_stream_cancels_it(s):
    key = s.key()
    with s.chat(model="gated-%d" % EVENTS, stream=True, key=key) as r:
        equal(r.status, 200, "status")
        while not delta(r.event()):
            pass
        equal(_outcome(s, key), "open", "outcome before")
    wait_for("the cancelled call", lambda: _outcome(s, key) == "client_gone")


@each
def a_client_that_leaves_before_the_first_byte_cancels_the_call(s):
    key = s.key()
    body = {"model": "silent-600000", "stream": True}
    body["messages"] = [{"role": "user", "content": "Hello"}]
    body = json.dumps(body).encode()
    with s.start("POST", CHAT, len(body), key) as sock:
        # lighttpd 1.4.69 that gets head and body in one read does not look at the client again
        # before it has something to send: then the first heartbeat has to find out.
        time.sleep(0.3)
        sock.sendall(body)
        wait_for("the call", lambda: _outcome(s, key) == "open")
    wait_for("the cancelled call", lambda: _outcome(s, key) == "client_gone")


@each
def a_native_stream_that_is_left_is_cancelled(s):
    key = s.key()
    with s.generate(
        model="gated-%d" % EVENTS, verb="streamGenerateContent", query="?alt=sse", key=key
    ) as r:
        true(part_text(r.event()), "the first event has text")
    # A native stream has no heartbeats: behind a server that reports no hang-up, the next event
    # finds out.
    if not s.server.sees_hangup:
        for _ in range(EVENTS):
            s.standin.next()
        wait_for("the end of the call", lambda: _outcome(s, key) in ("client_gone", "done"))
    else:
        wait_for("the cancelled call", lambda: _outcome(s, key) == "client_gone")


@each
def preflight_is_answered_without_a_key(s):
    with s.request(
        "OPTIONS",
        CHAT,
        [
            ("Origin", "https://app.example"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,x-goog-api-key"),
        ],
    ) as r:
        true(r.status in (200, 204), "status %d is 200 or 204" % r.status)
        true(
            r.header("access-control-allow-origin") in ("*", "https://app.example"),
            "the origin may",
        )
        contains(r.header("access-control-allow-methods", ""), "POST")
        contains(r.header("access-control-allow-headers", "").lower(), "x-goog-api-key")
        equal(r.read(), b"", "body")


@each
def answers_may_be_read_by_other_origins(s):
    with s.request(
        "POST",
        CHAT,
        [("Origin", "https://app.example")],
        bearer=s.key(),
        body={"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]},
    ) as r:
        equal(r.status, 200, "status")
        true(
            r.header("access-control-allow-origin") in ("*", "https://app.example"),
            "the origin may",
        )
        r.read()


@each
def status_page_and_health_answer(s):
    with s.request("GET", "/") as r:
        equal(r.status, 200, "status of /")
        contains(r.header("content-type"), "text/html")
        page = r.text()
        contains(page, s.base + "/v1")
        size = len(page.encode())
    with s.request("HEAD", "/") as r:
        equal(r.status, 200, "status of HEAD /")
        contains(r.header("content-type"), "text/html")
        true(r.header("content-length") in (None, str(size)), "length of HEAD /")
        equal(r.read(), b"", "body of HEAD /")
    with s.request("GET", "/healthz") as r:
        equal(r.status, 200, "status of /healthz")
        true(r.read(), "/healthz says something")


@each
def escaped_slash_and_colon_reach_the_gateway(s):
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    with s.request(
        "POST", "/v1beta/models/%s%%3AgenerateContent" % MODEL, key=s.key(), body=body
    ) as r:
        equal((r.status, bool(part_text(r.json()))), (200, True), "with %3A")
    with s.request(
        "POST", "/v1beta/models%%2F%s:generateContent" % MODEL, key=s.key(), body=body
    ) as r:
        # An answer of the stand-in, not one of the web server's pages.
        contains(r.header("content-type"), "application/json")
        r.read()
    with s.request("GET", "/v1/models/models%%2F%s" % MODEL, bearer=s.key()) as r:
        equal(r.status, 200, "status with %2F")
        equal(r.json()["object"], "model", "object")


@each
def the_query_is_kept(s):
    key = s.key()
    query = "pageSize=3&odd=a%2Cb%41&empty=&again=1&again=2"
    with s.request("GET", "/v1beta/models?" + query, key=key) as r:
        r.read()
    equal(s.standin.one(key)["target"], "/v1beta/models?" + query, "address upstream")


@each
def letters_of_every_script_survive(s):
    # The stand-in ends its answer with what it was asked.
    text = "Grüße, 世界! Привет 🌍 \u2028 \u00e9e\u0301"
    with s.chat(text) as r:
        true(r.json()["choices"][0]["message"]["content"].endswith(text), "chat")
    with s.chat(text, stream=True) as r:
        true("".join(delta(e) for e in r.events()[:-1]).endswith(text), "chat, streamed")
    with s.generate(text) as r:
        true(part_text(r.json()).endswith(text), "native")


@each
def a_stream_cut_anywhere_is_whole(s):
    texts = []
    for model in ("split-3", "split-9999"):
        with s.chat(model=model, stream=True) as r:
            events = r.events()
        equal(events[-1], "[DONE]", "last event")
        texts.append("".join(delta(e) for e in events[:-1]).replace(model, ""))
    equal(texts[0], texts[1], "text")
    true(any(ord(c) > 0xFFFF for c in texts[0]), "the text has characters of four bytes")


def upload(s, path, data):
    """Google's resumable upload in two legs, the second one where the first one's answer says."""
    key = s.key()
    with s.request(
        "POST",
        path,
        [
            ("X-Goog-Upload-Protocol", "resumable"),
            ("X-Goog-Upload-Command", "start"),
            ("X-Goog-Upload-Header-Content-Length", str(len(data))),
            ("X-Goog-Upload-Header-Content-Type", "text/plain"),
        ],
        {"file": {"displayName": "notes"}},
        key=key,
    ) as r:
        equal(r.status, 200, "status of the start")
        url = r.header("x-goog-upload-url")
        r.read()
    true(url, "the start names an address")
    true(key not in url, "no key in the address")
    true(url.startswith(s.base + "/"), "%s leads through %s" % (url, s.base))
    with s.follow(
        url,
        "POST",
        [
            ("X-Goog-Upload-Offset", "0"),
            ("X-Goog-Upload-Command", "upload, finalize"),
            ("x-goog-api-key", key),
        ],
        data,
    ) as r:
        equal(r.status, 200, "status of the data")
        equal(r.header("x-goog-upload-status"), "final", "upload status")
        file = r.json()["file"]
    equal(int(file["sizeBytes"]), len(data), "size")
    equal(
        file["sha256Hash"],
        base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode(),
        "digest",
    )
    with s.request("GET", "/v1beta/" + file["name"], key=key) as r:
        equal(r.json()["name"], file["name"], "name")


@each
def resumable_uploads_come_back_through_the_gateway(s):
    upload(s, "/upload/v1beta/files", os.urandom(1 << 20))


@each
def verify_tells_of_each_key_as_it_answers(s):
    good, bad, slow = s.key(), s.key("key_invalid"), s.key("hang")
    with s.request(
        "POST", "/verify", [("Authorization", "Bearer %s, %s,%s" % (slow, bad, good))]
    ) as r:
        equal(r.status, 200, "status")
        contains(r.header("content-type"), "text/event-stream")
        # The slow key has not answered when these two are here.
        told = [json.loads(r.event()) for _ in range(2)]
        equal(
            {(t["key"], t["status"]) for t in told},
            {(k[:7] + "......" + k[-7:], v) for k, v in ((good, "GOOD"), (bad, "BAD"))},
            "the first two",
        )
