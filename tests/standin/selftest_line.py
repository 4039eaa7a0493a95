"""Part of selftest.py: embeddings, files, failures, scripts, connections."""
import base64
import hashlib
import json
import re
import socket
import subprocess
import time

import selftest_dialect
from selftest import (G3, G25, PROGRAM, Standin, ask, call, control, eq, generate, ok,
                      text_of, turns)


def embed(s, model, verb, body):
    return call(s, "POST", f"/v1beta/models/{model}:{verb}", body)


def test_embeddings(s):
    def one(text, **more):
        return {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
                **more}
    m = "gemini-embedding-001"
    a = embed(s, m, "embedContent", one("the cat sat")).json["embedding"]["values"]
    rows = embed(s, m, "batchEmbedContents", {"requests": [
        one("the cat sat"), one("the cat sits"), one("stock market")]}).json["embeddings"]
    b, c, d = (r["values"] for r in rows)

    def dot(x, y):
        return sum(p * q for p, q in zip(x, y))
    ok(len(a) == 3072 and a == b and abs(dot(a, a) - 1) < 1e-4, "a vector of unit length")
    ok(dot(a, c) > dot(a, d) + 0.2, "near texts are near", (dot(a, c), dot(a, d)))
    short = embed(s, m, "embedContent", one("x", outputDimensionality=64)).json
    norm = dot(short["embedding"]["values"], short["embedding"]["values"])
    ok(len(short["embedding"]["values"]) == 64 and norm < 0.5, "001 does not normalise", norm)
    two = {"content": {"parts": [{"text": "x"}]}, "outputDimensionality": 64}
    v = embed(s, "gemini-embedding-2", "embedContent", two).json["embedding"]["values"]
    ok(abs(dot(v, v) - 1) < 1e-4, "2 does")
    r = embed(s, m, "batchEmbedContents", {"requests": [one("x")] * 101})
    ok("BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch" in r.message,
       "at most 100", r.text)
    r = embed(s, m, "batchEmbedContents", {"requests": [one("x", model="models/other")]})
    ok(r.status == 400 and "model must match" in r.message, "models must match", r.text)
    r = embed(s, m, "batchEmbedContents", {"requests": [{"content": two["content"]}]})
    ok("unexpected model name format" in r.message, "each request names its model", r.text)
    eq(embed(s, m, "embedContent", one("")).status, 400, "no text")
    eq(embed(s, G25, "embedContent", two).status, 404, "a model that does not embed")


class Raw:
    """A bare connection."""

    def __init__(self, s):
        self.sock = socket.create_connection(("127.0.0.1", s.port), timeout=20)
        self.got = b""

    def send(self, data):
        self.sock.sendall(data)

    def post(self, path, body, key="k", extra=""):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nx-goog-api-key: {key}\r\n{extra}"
                  f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
                  .encode() + data)

    def read_until(self, mark):
        while mark not in self.got:
            data = self.sock.recv(65536)
            if not data:
                break
            self.got += data
        return self.got

    def read_all(self):
        """All bytes and how the connection ended."""
        try:
            while data := self.sock.recv(65536):
                self.got += data
            return self.got, "fin"
        except ConnectionResetError:
            return self.got, "rst"
        except TimeoutError:
            return self.got, "silence"

    def close(self):
        self.sock.close()


def one_shot(s, path, body, key="k", timeout=20):
    raw = Raw(s)
    raw.sock.settimeout(timeout)
    raw.post(path, body, key)
    result = raw.read_all()
    raw.close()
    return result


UNARY = f"/v1beta/models/{G25}:generateContent"
STREAM = f"/v1beta/models/{G25}:streamGenerateContent?alt=sse"

# name, HTTP status, status word, a piece of the message, ErrorInfo's reason
STATUS_FAILURES = [
    ("key_invalid", 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
     "API_KEY_INVALID"),
    ("key_expired", 400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.",
     "API_KEY_INVALID"),
    ("region", 400, "FAILED_PRECONDITION", "User location is not supported for the API use.", None),
    ("unauthenticated", 401, "UNAUTHENTICATED", "OAuth 2", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
    ("payment", 402, "RESOURCE_EXHAUSTED", "credits are depleted", None),
    ("leaked", 403, "PERMISSION_DENIED", "Your API key was reported as leaked.", None),
    ("denied", 403, "PERMISSION_DENIED", "The caller does not have permission", None),
    ("service_disabled", 403, "PERMISSION_DENIED", "disabled", "SERVICE_DISABLED"),
    ("key_blocked", 403, "PERMISSION_DENIED", "are blocked", "API_KEY_SERVICE_BLOCKED"),
    ("referrer_blocked", 403, "PERMISSION_DENIED", "referer", "API_KEY_HTTP_REFERRER_BLOCKED"),
    ("suspended", 403, "PERMISSION_DENIED", "api_key:K--suspended-1", "CONSUMER_SUSPENDED"),
    ("too_large", 413, "INVALID_ARGUMENT", "payload size exceeds", None),
    ("invalid_argument", 400, "INVALID_ARGUMENT", "Request contains an invalid argument.", None),
    ("model_missing", 404, "NOT_FOUND", "is not found for API version", None),
    ("model_gone", 404, "NOT_FOUND", "is no longer available to new users", None),
    ("cancelled", 499, "CANCELLED", "cancelled", None),
    ("internal", 500, "INTERNAL", "An internal error has occurred. Please retry or report", None),
    ("overloaded", 503, "UNAVAILABLE", "The model is overloaded. Please try again later.", None),
    ("unavailable", 503, "UNAVAILABLE", "currently experiencing high demand", None),
    ("deadline", 504, "DEADLINE_EXCEEDED", "Deadline expired before operation", None),
    ("quota_bare", 429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", None),
    ("exhausted_bare", 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).",
     None),
]

# name, quotaIds, quotaValues, retryDelay
QUOTAS = [
    ("quota_minute", ["PerMinute"], ["10"], "26.837s"),
    ("quota_day", ["PerDay"], ["250"], "5s"),
    ("quota_tokens", ["InputTokensPerModelPerMinute"], ["250000"], "38s"),
    ("quota_zero", ["PerDay", "PerMinute"], ["0", "0"], "49s"),
    ("quota_both", ["PerMinute", "PerDay"], ["10", "250"], "3s"),
]

TESTED_ELSEWHERE = {"array_error", "html_403", "html_429", "html_502", "reset", "close", "hang",
                    "cut_head", "stream_error_first", "stream_error_mid", "stream_error_bare",
                    "stream_cut", "stream_reset", "stream_stall", "stream_empty", "blocked_prompt",
                    "safety", "max_tokens_empty", "malformed_call", "stop_empty",
                    *selftest_dialect.FINISHES, *selftest_dialect.BLOCKS, *selftest_dialect.OTHERS}


def test_failures(s):
    listed = subprocess.run([PROGRAM, "--failures"], capture_output=True, text=True, check=True)
    names = {line.split()[0] for line in listed.stdout.splitlines()}
    eq(names ^ {f[0] for f in STATUS_FAILURES} ^ {q[0] for q in QUOTAS} ^ TESTED_ELSEWHERE, set(),
       "every listed failure is tested here")
    for name, code, status, fragment, reason in STATUS_FAILURES:
        r = generate(s, ask(), key=f"K--{name}-1")
        error = r.json["error"]
        reasons = [d.get("reason") for d in error.get("details", [])]
        ok((r.status, error["code"], error["status"]) == (code, code, status) and
           fragment in error["message"] and (reason in reasons if reason else not reasons),
           "failure " + name, r.text)
    r = generate(s, ask(), key="K--suspended-1")
    eq(r.text.count("K--suspended-1"), 3, "suspended repeats the key three times")
    for name, ids, values, delay in QUOTAS:
        r = generate(s, ask(), key=f"K--{name}")
        details = {d["@type"].rsplit(".", 1)[1]: d for d in r.json["error"]["details"]}
        rows = details["QuotaFailure"]["violations"]
        ok(r.status == 429 and len(rows) == len(ids) and
           all(i in v["quotaId"] for i, v in zip(ids, rows)) and
           [v["quotaValue"] for v in rows] == values and
           rows[0]["quotaDimensions"]["model"] == G25 and
           details["RetryInfo"]["retryDelay"] == delay, "failure " + name, r.text)
    r = generate(s, ask(), key="K--array_error")
    eq((r.status, r.json[0]["error"]["code"]), (503, 503), "failure array_error")
    for code in (403, 429, 502):
        r = generate(s, ask(), key=f"K--html_{code}-x")
        ok(r.status == code and r.text.startswith("<!DOCTYPE html>"), f"failure html_{code}",
           r.text)
    eq(generate(s, ask(x=1), key="K--overloaded").status, 400, "a bad body comes before overload")
    eq(generate(s, ask(x=1), key="K--denied").status, 403, "a bad key before a bad body")
    eq(call(s, "GET", "/v1beta/models", key="K--denied").status, 403, "lists fail as well")
    eq(call(s, "GET", "/v1beta/models", key="K--safety").status, 200, "but not with answers")
    eq(generate(s, ask(), key="K--stream_cut").status, 200, "nor unary calls with streams")
    ok("knows no failure called nonsense" in generate(s, ask(), key="K--nonsense-1").text,
       "a misspelt failure")


def test_line_failures(s):
    eq(one_shot(s, UNARY, ask(), "K--reset"), (b"", "rst"), "failure reset")
    eq(one_shot(s, UNARY, ask(), "K--close"), (b"", "fin"), "failure close")
    eq(one_shot(s, UNARY, ask(), "K--hang", 0.3), (b"", "silence"), "failure hang")
    got, end = one_shot(s, UNARY, ask(), "K--cut_head")
    ok(got.startswith(b"HTTP/1.1 200 OK") and b"\r\n\r\n" not in got and end == "fin",
       "failure cut_head", got)
    r = generate(s, ask(), key="K--stream_error_first", stream=True)
    eq((r.status, [e["error"]["code"] for e in r.events()]), (200, [503]),
       "failure stream_error_first")
    r = generate(s, ask(), key="K--stream_error_mid", stream=True)
    eq(["error" in e for e in r.events()], [False, False, True], "failure stream_error_mid")
    r = generate(s, ask(), key="K--stream_error_bare", stream=True)
    tail = r.text.rsplit("\r\n\r\n", 1)[1]
    ok(r.text.count("data: ") == 2 and "\n" in tail and json.loads(tail)["error"]["code"] == 503,
       "failure stream_error_bare", r.text)
    r = generate(s, ask(), key="K--stream_error_mid", stream=True, alt=None)
    eq(["error" in e for e in r.json], [False, False, True], "failure in an array stream")
    for name, want in (("stream_cut", "fin"), ("stream_reset", "rst"), ("stream_stall", "silence")):
        got, end = one_shot(s, STREAM, ask(), "K--" + name, 2 if want != "silence" else 0.3)
        ok(end == want and b"finishReason" not in got and not got.endswith(b"0\r\n\r\n") and
           (got.count(b"data: ") == 2 or want == "rst"), "failure " + name, (got, end))
    r = generate(s, ask(), key="K--stream_empty", stream=True)
    eq((r.status, r.text), (200, ""), "failure stream_empty")
    doc = generate(s, ask(), key="K--blocked_prompt").json
    ok("candidates" not in doc and doc["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT" and
       "promptTokenCount" in doc["usageMetadata"], "failure blocked_prompt", doc)
    for name, reason in (("safety", "SAFETY"), ("max_tokens_empty", "MAX_TOKENS"),
                         ("malformed_call", "MALFORMED_FUNCTION_CALL"), ("stop_empty", "STOP")):
        candidate = generate(s, ask(), key="K--" + name).json["candidates"][0]
        events = generate(s, ask(), key="K--" + name, stream=True).events()
        ok(candidate["finishReason"] == reason and "content" not in candidate and
           len(events) == 1 and events[0]["candidates"][0]["finishReason"] == reason,
           "failure " + name, (candidate, events))


def upload(s, headers, body=b"", path="/upload/v1beta/files", key="k"):
    return call(s, "POST", path, body, key, {"X-Goog-Upload-" + k: v for k, v in headers.items()})


def start(s, size, key="k"):
    r = upload(s, {"Protocol": "resumable", "Command": "start", "Header-Content-Length": str(size),
                   "Header-Content-Type": "image/png"},
               json.dumps({"file": {"displayName": "a picture"}}), key=key)
    url = r.headers["x-goog-upload-url"] or ""
    return r, url.split(f"127.0.0.1:{s.port}", 1)[-1]


def test_files(s):
    chunk = bytes(range(256)) * (8 * 1024 * 4)
    data = chunk + b"the end"
    r, path = start(s, len(data))
    eq((r.status, r.text, r.headers["x-goog-upload-status"]), (200, "", "active"), "upload start")
    ok(path.startswith("/upload/v1beta/files?upload_id="), "its URL is the stand-in's own", path)
    r = upload(s, {"Command": "upload", "Offset": "0"}, b"short", path, None)
    eq(r.status, 400, "a chunk must be a multiple of 8 MiB")
    r = upload(s, {"Command": "upload", "Offset": "0"}, chunk, path, None)
    eq((r.status, r.headers["x-goog-upload-status"]), (200, "active"), "the first chunk")
    r = upload(s, {"Command": "query"}, b"", path)
    eq(r.headers["x-goog-upload-size-received"], str(len(chunk)), "query")
    r = upload(s, {"Command": "upload, finalize", "Offset": "5"}, b"the end", path)
    eq(r.status, 400, "a wrong offset")
    r = upload(s, {"Command": "upload, finalize", "Offset": str(len(chunk))}, b"the end", path)
    eq((r.status, r.headers["x-goog-upload-status"]), (200, "final"), "the last chunk")
    f = r.json["file"]
    eq((f["displayName"], f["mimeType"], f["sizeBytes"], f["state"]),
       ("a picture", "image/png", str(len(data)), "ACTIVE"), "the file")
    eq(base64.b64decode(f["sha256Hash"]).decode(), hashlib.sha256(data).hexdigest(), "its hash")
    eq(call(s, "GET", "/v1beta/" + f["name"]).json, f, "files get")
    r = call(s, "GET", "/v1beta/" + f["name"], key="other")
    ident = f["name"].split("/")[1]
    eq((r.status, r.message), (403, "You do not have permission to access the File "
                               f"{ident} or it may not exist."), "another key's file")
    eq(call(s, "GET", "/v1beta/files").json["files"], [f], "files list")
    eq(call(s, "GET", "/v1beta/files", key="other").json, {}, "another key's list")
    body = turns({"parts": [{"fileData": {"fileUri": f["uri"], "mimeType": "image/png"}}]})
    eq(generate(s, body).status, 200, "the file in a request")
    r = generate(s, body, key="other")
    ok(r.status == 403 and "permission to access the File" in r.message, "of another key", r.text)
    _, path = start(s, 3)
    eq(upload(s, {"Command": "upload, finalize", "Offset": "0"}, b"ab", path).status, 400,
       "fewer bytes than announced")
    for _ in range(11):
        _, path = start(s, 0, "many")
        upload(s, {"Command": "upload, finalize", "Offset": "0"}, b"", path, None)
    page = call(s, "GET", "/v1beta/files", key="many").json
    rest = call(s, "GET", "/v1beta/files?pageToken=" + page["nextPageToken"], key="many").json
    eq((len(page["files"]), len(rest["files"])), (10, 1), "pages of files")
    eq(call(s, "DELETE", "/v1beta/" + f["name"], key="other").status, 403, "another key's delete")
    eq(call(s, "DELETE", "/v1beta/" + f["name"]).json, {}, "files delete")
    eq(call(s, "GET", "/v1beta/" + f["name"]).status, 403, "it is gone")


def test_script(s):
    def script(*rules):
        return control(s, "POST", "script", {"rules": list(rules)})
    eq(script({"key": "k1", "name": "overloaded", "times": 2},
              {"model": "3-flash", "method": "streamGen", "name": "stream_cut"}).status, 200,
       "a script")
    eq([generate(s, ask(), key="k1").status for _ in range(3)], [503, 503, 200], "twice, then not")
    eq(generate(s, ask(), key="k2").status, 200, "another key")
    eq(generate(s, ask(), G3).status, 200, "another method")
    ok(b"finishReason" not in one_shot(s, f"/v1beta/models/{G3}:streamGenerateContent?alt=sse",
                                       ask())[0], "by model and method")
    eq(control(s, "DELETE", "script").status, 200, "the script is cleared")
    script({"status": 418, "headers": {"Content-Type": "text/tea", "X-A": "b"}, "body": "brew",
            "times": 1},
           {"chunks": [{"data": "one "}, {"base64": "/w==", "delay_ms": 20}], "times": 1},
           {"body": "half", "cut": True, "times": 1},
           {"status": 200, "body": "any", "validate": False, "times": 1, "method": "/v1beta/x"},
           {"delay_ms": 50, "times": 1})
    eq(generate(s, {"bad": 1}).status, 400, "a scripted answer comes after the checks")
    r = generate(s, ask())
    eq((r.status, r.headers["Content-Type"], r.headers["X-A"], r.text), (418, "text/tea", "b",
                                                                         "brew"), "a whole answer")
    eq(generate(s, ask()).bytes, b"one \xff", "chunks")
    got, end = one_shot(s, UNARY, ask())
    ok(b"half" in got and not got.endswith(b"0\r\n\r\n") and end == "fin", "a cut answer", got)
    eq(call(s, "PUT", "/v1beta/x/y", b"?").text, "any", "an unknown path, unchecked")
    eq(generate(s, ask()).status, 200, "only a delay")
    for wrong in ({"name": "nonsense"}, {"nome": "x"}, {"times": "2"}, {"name": "safety",
                                                                       "body": "x"}):
        eq(script(wrong).status, 400, f"a bad rule: {wrong}")
    control(s, "DELETE", "script")


def test_records(s):
    control(s, "DELETE", "requests")
    before = control(s, "GET", "stats").json
    body = json.dumps(ask("\u00fc \ud83c\udf89")).encode()
    call(s, "POST", UNARY + "?alt=json", body, "secret", {"X-Thing": "a"})
    row = control(s, "GET", "requests").json[0]
    eq((row["method"], row["path"], row["query"], row["key"], row["body"].encode(), row["outcome"],
        row["status"]), ("POST", UNARY, "alt=json", "secret", body, "done", 200), "a record")
    eq((row["body_bytes"], row["body_sha256"]), (len(body), hashlib.sha256(body).hexdigest()),
       "its size and digest")
    ok(["X-Thing", "a"] in row["headers"], "its headers", row)
    raw = Raw(s)
    raw.post("/v1beta/models/gated-3:streamGenerateContent?alt=sse", ask())
    raw.read_until(b"event 1")
    eq([control(s, "GET", "requests").json[-1]["outcome"],
        control(s, "GET", "stats").json["open_streams"]], ["open", before["open_streams"] + 1],
       "an open stream")
    raw.close()
    deadline = time.monotonic() + 10
    while control(s, "GET", "requests").json[-1]["outcome"] == "open" and \
            time.monotonic() < deadline:
        pass
    after = control(s, "GET", "stats").json
    eq([control(s, "GET", "requests").json[-1]["outcome"], after["open_streams"],
        after["cancelled"] - before["cancelled"], after["requests"] - before["requests"]],
       ["client_gone", before["open_streams"], 1, 2], "a client that left")
    eq(control(s, "DELETE", "requests").status, 200, "records are cleared")
    eq(control(s, "GET", "requests").json, [], "and gone")


def test_special_models(s):
    raw = Raw(s)
    raw.post("/v1beta/models/gated-3:streamGenerateContent?alt=sse", ask())
    for i in (1, 2, 3):
        ok(b"event %d" % i in raw.read_until(b"event %d" % i) and
           (i == 3 or b"event %d" % (i + 1) not in raw.got), f"gated event {i}", raw.got)
        eq(control(s, "POST", "next").json["released"], 1 if i < 3 else 0, "one stream waits")
    ok(raw.read_until(b"\r\n0\r\n\r\n").endswith(b"0\r\n\r\n"), "and the end", raw.got)
    raw.close()
    for model in ("split-1", "split-utf8", "split-7"):
        text = "".join(map(text_of, generate(s, ask("ende"), model, stream=True).events()))
        ok("\U0001f389" in text and "\u4f60\u597d" in text and text.endswith("ende"), model, text)
    raw = Raw(s)
    raw.post("/v1beta/models/silent-300:streamGenerateContent?alt=sse", ask())
    raw.sock.settimeout(0.1)
    eq(raw.read_all(), (b"", "silence"), "silent-MS says nothing")
    raw.sock.settimeout(20)
    ok(b"finishReason" in raw.read_until(b"finishReason"), "and then streams")
    raw.close()
    ok("slowhead-20" in generate(s, ask(), "slowhead-20").text, "slowhead-MS")


def test_bench(s):
    r = generate(s, ask(), "bench-20-2-50", stream=True)
    events = r.events()
    eq([text_of(e)[:9] for e in events], [f"{i:08d} " for i in range(20)], "numbered events")
    eq((len(text_of(events[0])), events[-1]["candidates"][0]["finishReason"],
        "finishReason" in events[0]["candidates"][0]), (50, "STOP", False), "their size and end")
    r = generate(s, {}, "bench-20000-0-400", stream=True)
    eq([text_of(e)[:9] for e in r.events()], [f"{i:08d} " for i in range(20000)], "without delay")
    eq(len(text_of(generate(s, {}, "bench-1-0-3000").json)), 3000, "unary")
    eq(len(generate(s, {}, "bench-1-0-5", stream=True).events()), 1, "one tiny event")
    eq(generate(s, {}, "bench-x-0-5").status, 404, "a malformed name")
    r = call(s, "GET", "/bench", key=None)
    eq((r.status, len(r.text)), (200, 1024), "the page")


def test_http(s):
    raw = Raw(s)
    body = json.dumps(ask("in chunks")).encode()
    head = (f"POST {UNARY} HTTP/1.1\r\nHost: x\r\nx-goog-api-key: k\r\n"
            "Content-Type: application/json\r\n")
    raw.send((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
    for byte in body:
        raw.send(b"1;ext=1\r\n" + bytes([byte]) + b"\r\n")
    raw.send(b"0\r\nTrailer: x\r\n\r\n")
    ok(b"in chunks" in raw.read_until(b"responseId"), "a chunked body, byte by byte", raw.got)
    raw.got = b""
    raw.post(UNARY, ask("second"))
    ok(b"second" in raw.read_until(b"responseId"), "the connection is kept", raw.got)
    raw.got = b""
    raw.post(UNARY, ask("third"))
    raw.post(UNARY, ask("fourth"), extra="Connection: close\r\n")
    got, end = raw.read_all()
    ok(got.index(b"third") < got.index(b"fourth") and end == "fin", "two at once, then close", got)
    raw = Raw(s)
    raw.send((head + f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n").encode())
    ok(raw.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 "), "Expect: 100-continue", raw.got)
    raw.send(body)
    ok(b"in chunks" in raw.read_until(b"responseId"), "and then the answer", raw.got)
    raw.close()
    raw = Raw(s)
    raw.send(b"GET /bench HTTP/1.0\r\n\r\n")
    got, end = raw.read_all()
    ok(got.endswith(b"x\n") and end == "fin", "HTTP/1.0", got)
    raw = Raw(s)
    raw.send((f"POST {STREAM} HTTP/1.0\r\nx-goog-api-key: k\r\n"
              f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
    got, end = raw.read_all()
    ok(b"hunked" not in got.split(b"\r\n\r\n")[0] and b"STOP" in got and end == "fin",
       "a stream over HTTP/1.0", got)
    conn, response = call(s, "HEAD", "/v1beta/models", raw=True)
    eq((response.status, int(response.headers["Content-Length"]) > 1000, response.read()),
       (200, True, b""), "HEAD")
    conn.close()
    big = json.dumps(ask("a" * 20_000_000)).encode()
    eq(generate(s, big.decode()).json["usageMetadata"]["promptTokenCount"], 5_000_000, "20 MB")
    for bad in (b"GET /bench HTTP/1.1\r\n\r\n", b"GET bench HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /bench HTTP/2.0\r\n\r\n", b"GET /bench HTTP/1.1\r\nHost : x\r\n\r\n",
                b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n",
                b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                b"GET /bench HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70000 + b"\r\n\r\n"):
        raw = Raw(s)
        raw.send(bad)
        got, _ = raw.read_all()
        ok(re.match(rb"HTTP/1.1 4(00|31) ", got), f"refused: {bad[:60]!r}", got)


def test_options():
    s = Standin("--keys", "a,b", "--think", "20")
    eq([generate(s, ask(), key=k).status for k in ("a", "b", "c")], [200, 200, 400], "--keys")
    eq(generate(s, ask(), key="c").json["error"]["details"][0]["reason"], "API_KEY_INVALID",
       "another key is invalid")
    eq(control(s, "GET", "stats").status, 403, "no control without --control")
    ok(len(generate(s, ask(), key="a", stream=True).events()) > 1, "--think")
    eq(s.stop(), 0, "it ends")
    for wrong in ([], ["--listen"], ["--listen", "nowhere"], ["--bad", "1"]):
        r = subprocess.run([PROGRAM, *wrong], capture_output=True, text=True, timeout=20)
        ok(r.returncode in (1, 2) and r.stderr != "", f"options {wrong}", r)


TESTS = (test_embeddings, test_failures, test_line_failures, test_files, test_script, test_records,
         test_special_models, test_bench, test_http)
