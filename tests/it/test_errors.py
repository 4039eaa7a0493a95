"""Errors keep their status, their headers and the caller's dialect behind every web server."""

import concurrent.futures
import json

from stack import CHAT, MODEL
from tap import contains, each, equal, true

NATIVE = "/v1beta/models/%s:generateContent" % MODEL
MESSAGES = [{"role": "user", "content": "Hello"}]
CONTENTS = {"contents": [{"parts": [{"text": "Hello"}]}]}


def openai_error(r, status, **expected):
    equal(r.status, status, "status")
    contains(r.header("content-type", ""), "application/json")
    value = r.json()
    equal(list(value), ["error"], "members")
    error = value["error"]
    equal(sorted(error), ["code", "message", "param", "type"], "members of the error")
    true(isinstance(error["message"], str) and error["message"], "there is a message")
    for name, want in expected.items():
        equal(error[name], want, name)
    true(r.header("x-request-id"), "there is a request id")
    return error


def google_error(r, status, word=None):
    equal(r.status, status, "status")
    contains(r.header("content-type", ""), "application/json")
    error = r.json()["error"]
    equal(error["code"], status, "code")
    true(isinstance(error["message"], str) and error["message"], "there is a message")
    if word:
        equal(error["status"], word, "status word")
    return error


@each
def broken_json_is_400(s):
    with s.request(
        "POST", CHAT, [("Content-Type", "application/json")], b'{"model": "x", ', bearer=s.key()
    ) as r:
        openai_error(r, 400, type="invalid_request_error")


@each
def a_wrong_type_is_400_and_named(s):
    with s.request(
        "POST",
        CHAT,
        bearer=s.key(),
        body={"model": MODEL, "messages": MESSAGES, "temperature": "hot"},
    ) as r:
        openai_error(r, 400, type="invalid_request_error", param="temperature")
    with s.request("POST", CHAT, bearer=s.key(), body={"model": MODEL}) as r:
        openai_error(r, 400, param="messages")
    with s.request(
        "POST",
        CHAT,
        bearer=s.key(),
        body={"model": MODEL, "messages": [{"role": "wizard", "content": "Hello"}]},
    ) as r:
        contains(openai_error(r, 400)["param"], "messages")


@each
def a_request_that_google_refuses_is_a_400_with_its_words(s):
    with s.request("POST", NATIVE, key=s.key(), body=dict(CONTENTS, noSuchField=1)) as r:
        contains(google_error(r, 400, "INVALID_ARGUMENT")["message"], "noSuchField")


@each
def no_key_is_401(s):
    with s.request("POST", CHAT, body={"model": MODEL, "messages": MESSAGES}) as r:
        openai_error(r, 401, code="invalid_api_key")
    with s.request("POST", NATIVE, [("x-goog-api-client", "test/1")], body=CONTENTS) as r:
        google_error(r, 401, "UNAUTHENTICATED")


@each
def a_key_that_google_refuses_is_a_401(s):
    with s.chat(key=s.key("key_invalid")) as r:
        openai_error(r, 401, code="invalid_api_key")
    with s.chat(key=s.key("key_invalid"), stream=True) as r:
        openai_error(r, 401, code="invalid_api_key")


@each
def unknown_paths_are_404(s):
    with s.request("POST", "/v1/chat/completion", bearer=s.key(), body={}) as r:
        contains(openai_error(r, 404)["message"], CHAT)
    with s.request("GET", "/nowhere") as r:
        equal(r.status, 404, "status")
        true(r.read(), "there is a body")


@each
def an_unknown_model_is_404(s):
    with s.chat(model="no-such-model") as r:
        openai_error(r, 404, code="model_not_found")
    with s.generate(model="no-such-model") as r:
        google_error(r, 404, "NOT_FOUND")


@each
def a_wrong_method_is_405(s):
    with s.request("GET", CHAT, bearer=s.key()) as r:
        openai_error(r, 405)
        contains(r.header("allow", ""), "POST")
    with s.request("DELETE", "/verify", bearer=s.key()) as r:
        equal(r.status, 405, "status")
        contains(r.header("allow", ""), "GET")
        r.read()


@each
def probes_get_the_status_of_the_path(s):
    for method, path, status in (
        ("HEAD", "/", 200),
        ("HEAD", "/v1/models", 200),
        ("HEAD", "/healthz", 200),
        ("HEAD", CHAT, 405),
        ("GET", CHAT, 405),
        ("GET", "/v1/responses", 405),
        ("HEAD", "/v1/responses", 405),
        ("GET", "/v1/embeddings", 405),
        ("HEAD", "/v1/nothing", 404),
        ("OPTIONS", CHAT, 204),
        ("OPTIONS", "/v1/nothing", 204),
    ):
        with s.request(method, path, bearer=s.key()) as r:
            what = "%s %s" % (method, path)
            equal(r.status, status, "status of " + what)
            if status == 405:
                equal(r.header("allow"), "POST, OPTIONS", "what %s is told" % what)
            if method == "HEAD":
                equal(r.read(), b"", "body of " + what)


@each
def a_websocket_is_refused_with_426(s):
    wanted = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    for path in ("/v1/responses", "/responses"):
        for headers in (wanted, wanted[1:], wanted[2:]):
            with s.request("GET", path, headers, bearer=s.key()) as r:
                openai_error(r, 426)
    with s.request("GET", CHAT, wanted, bearer=s.key()) as r:
        openai_error(r, 405)


@each
def an_api_that_is_not_supported_is_a_404_that_says_so(s):
    for path, what in (
        ("/v1/moderations", "Moderations"),
        ("/v1/conversations", "previous_response_id"),
        ("/v1/threads/t/messages", "Assistants"),
        ("/v1/vector_stores", "File Search"),
        ("/api/chat", "Ollama"),
    ):
        with s.request("POST", path, bearer=s.key(), body={}) as r:
            contains(openai_error(r, 404)["message"], what)
    for path in ("/v1/messages?beta=true", "/v1/messages/count_tokens"):
        with s.request("POST", path, [("anthropic-version", "2023-06-01")], {}) as r:
            equal(r.status, 404, "status of " + path)
            error = r.json()
            equal((error["type"], error["error"]["type"]), ("error", "not_found_error"), "types")
            contains(error["error"]["message"], "Anthropic")


@each
def a_body_above_the_limit_is_413(s):
    # The stand is started with MAX_BODY=8 MiB; the web server lets more pass.
    body = b'{"model":"x","messages":[{"role":"user","content":"' + b"a" * (9 << 20) + b'"}]}'
    with s.request("POST", CHAT, [("Content-Type", "application/json")], body, bearer=s.key()) as r:
        openai_error(r, 413, type="invalid_request_error")
    with s.request("POST", NATIVE, [("Content-Type", "application/json")], body, key=s.key()) as r:
        google_error(r, 413)


@each
def exhausted_quota_is_429_with_retry_after(s):
    with s.chat(key=s.key("quota_minute")) as r:
        openai_error(r, 429)
        true(int(r.header("retry-after")) > 0, "Retry-After is a number of seconds")
    with s.generate(key=s.key("quota_minute")) as r:
        google_error(r, 429, "RESOURCE_EXHAUSTED")
        true(int(r.header("retry-after")) > 0, "Retry-After is a number of seconds")


@each
def an_overloaded_model_is_503_and_a_broken_upstream_502(s):
    def chat(fault, status):
        with s.chat(key=s.key(fault)) as r:
            openai_error(r, status, type="server_error")

    def native(fault, status):
        with s.generate(key=s.key(fault)) as r:
            google_error(r, status, "UNAVAILABLE")

    # Each of them is tried several times, with pauses.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [
            pool.submit(ask, fault, status)
            for fault, status in (("overloaded", 503), ("reset", 502))
            for ask in (chat, native)
        ]:
            done.result()


@each
def a_failure_in_a_stream_is_an_event_of_it(s):
    with s.chat(key=s.key("stream_error_mid"), stream=True) as r:
        equal(r.status, 200, "status")
        events = r.events()
    true("[DONE]" not in events, "no [DONE] after a failure")
    true(json.loads(events[-1])["error"]["message"], "the last event is the error")


@each
def a_fault_of_one_request_does_not_touch_another(s):
    with s.chat(stream=True, model="gated-2") as open_stream, s.chat(
        key=s.key("stream_cut"), stream=True
    ) as cut:
        cut.read()
        with s.chat() as good:
            equal(good.status, 200, "status")
            true(good.json()["choices"][0]["message"]["content"], "there is an answer")
        s.standin.next()
        equal(open_stream.events()[-1], "[DONE]", "last event of the open stream")
