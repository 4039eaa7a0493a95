"""Files, caches and batches with keys of several projects: a request goes to the project that has
the object."""

import base64
import gzip
import json
import random

import http_client
from calls import GEMINI_3, chat, scripted
from harness import wait_for
from stack import MODEL, Stack
from stores import restart, sqlite_state
from tap import called, contains, equal, once, true

TOKEN = "token-one-0123456789"
OTHER = "token-two-0123456789"
COLOURS = ("red", "green", "blue", "white")
# Two keys of each project; the stand-in knows the project by `__NAME`, the gateway by `project=`.
KEYS = ["itobj%dabcdefghijklmnopqrstuvwxyzA__%s-%d" % (n % 4, COLOURS[n % 4], n) for n in range(8)]
GOOGLE = "https://generativelanguage.googleapis.com/v1beta/"
GENERATE = "/v1beta/models/%s:generateContent" % MODEL


def colour(key):
    return key.split("__")[1].split("-")[0]


def upload_of(text):
    """Headers and body of an upload in one request."""
    body = (
        "--b\r\nContent-Type: application/json\r\n\r\n{}\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n--b--\r\n" % text
    )
    headers = [
        ("X-Goog-Upload-Protocol", "multipart"),
        ("Content-Type", "multipart/related; boundary=b"),
    ]
    return headers, body.encode()


class Objects(Stack):
    """A gateway with eight keys of four projects."""

    def __init__(self, options, keys=KEYS, **env):
        options.standin.clear()
        self.key_lines = "".join("%s project=%s\n" % (k, colour(k)) for k in keys)
        env.setdefault("ACCESS_TOKENS", "%s,%s" % (TOKEN, OTHER))
        super().__init__(options, env=env, gateway=False)
        self.secrets += list(keys)
        path = self.box.dir + "/keys"
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.key_lines)
        self.box.env["GEMINI_API_KEYS_FILE"] = path
        with open(self.box.conf, "a", encoding="utf-8") as f:
            f.write("GEMINI_API_KEYS_FILE=%s\n" % path)
        self.gateway = self.box.start_gateway()

    def call(self, method, path, body=None, headers=(), token=TOKEN, status=200):
        with self.request(method, path, headers, body, key=token) as r:
            data = r.read()
            if status and r.status != status:
                raise AssertionError("%s %s: %d %r" % (method, path, r.status, data[:500]))
            self.status = r.status
            return json.loads(data) if data else None

    def upload(self, text="hello", token=TOKEN):
        headers, body = upload_of(text)
        return self.call("POST", "/upload/v1beta/files", body, headers, token)["file"]

    def generate_with(self, files, token=TOKEN, status=200, **more):
        parts = [{"text": "What is in them?"}]
        parts += [{"fileData": {"mimeType": "text/plain", "fileUri": f["uri"]}} for f in files]
        body = {"contents": [{"role": "user", "parts": parts}]}
        body.update(more)
        return self.call("POST", GENERATE, body, token=token, status=status)

    def used(self):
        """The projects whose keys were used since the last call, and the paths."""
        found = [(colour(r["key"]), r["method"], r["path"]) for r in self.standin.requests()]
        self.standin.clear()
        return found

    def last_line(self):
        before = getattr(self, "seen", 0)
        wait_for("the access line", lambda: len(self.access_lines()) > before)
        lines = self.access_lines()
        self.seen = len(lines)
        return lines[-1]


def direct(options, key):
    """A file that was made without the gateway."""
    headers, body = upload_of("x")
    headers.append(("x-goog-api-key", key))
    port = options.standin.port
    with http_client.request(
        "127.0.0.1", port, "POST", "/upload/v1beta/files", headers, body
    ) as r:
        equal(r.status, 200, "status")
        file = json.loads(r.read())["file"]
    options.standin.clear()
    return file


def _key(name):
    return [k for k in KEYS if colour(k) == name][0]


@once
@called("objects: two files of one caller work in one request, every time")
def two_files(options):
    with Objects(options) as s:
        files = [s.upload("one"), s.upload("two")]
        home = {c for c, _, _ in s.used()}
        equal(len(home), 1, "projects that both files came to")
        for _ in range(20):
            s.generate_with(files)
        used = s.used()
        equal(len(used), 20, "calls upstream: nothing was asked")
        equal({c for c, _, _ in used}, home, "the project of the files")
        line = s.access_lines()[-1]
        equal((line["home"], line["objects"]), ("state", 2), "home, objects")


@once
@called("objects: a resumable upload is remembered as well")
def resumable(options):
    with Objects(options) as s:
        headers = [
            ("X-Goog-Upload-Protocol", "resumable"),
            ("X-Goog-Upload-Command", "start"),
            ("X-Goog-Upload-Header-Content-Length", "5"),
            ("X-Goog-Upload-Header-Content-Type", "text/plain"),
        ]
        with s.request("POST", "/upload/v1beta/files", headers, {"file": {}}, key=TOKEN) as r:
            url = r.header("x-goog-upload-url")
            r.read()
        path = "/" + url.split("/", 3)[3]
        headers = [("X-Goog-Upload-Offset", "0"), ("X-Goog-Upload-Command", "upload, finalize")]
        file = s.call("POST", path, b"hello", headers)["file"]
        home = {c for c, _, _ in s.used()}
        s.generate_with([file, s.upload()])
        equal({c for c, _, _ in s.used()}, home, "one project for all")


def _after_a_restart(options, asked, **env):
    with Objects(options, **env) as s:
        files = [s.upload("one"), s.upload("two")]
        home = s.used()[0][0]
        restart(s)
        s.generate_with(files)
        used = s.used()
        equal([u for u in used if u[1] == "POST"], [(home, "POST", GENERATE)], "the call itself")
        if not asked:
            equal(len(used), 1, "calls upstream")
        else:
            true(all(u[0] == home for u in used), "the caller's project is asked first")
            equal(len(used), 3, "calls upstream: both files are asked for, once each")
        s.generate_with(files)
        equal(len(s.used()), 1, "calls upstream the second time")
        files.append(s.upload("three"))
        s.generate_with(files)
        equal({u[0] for u in s.used()}, {home}, "what is made after the restart joins them")


@once
@called("objects: after a restart the state file knows where files are")
def restart_with_sqlite(options):
    with sqlite_state(options) as state:
        _after_a_restart(options, False, STATE=state)


@once
@called("objects: after a restart without a state file Google is asked once")
def restart_with_memory(options):
    _after_a_restart(options, True)


@once
@called("objects: files of another project are found by asking")
def found_by_asking(options):
    files = [direct(options, _key("blue")), direct(options, _key("blue"))]
    with Objects(options) as s:
        for token in (TOKEN, OTHER):
            s.generate_with(files, token=token)
            used = s.used()
            equal(used[-1], ("blue", "POST", GENERATE), "the call itself")
            if token == TOKEN:
                true(len(used) <= 1 + 4 + 2, "calls upstream: %s" % used)
                equal(s.last_line()["home"], "asked", "home")
            else:
                equal(len(used), 1, "calls upstream, now that it is known")
        s.call("GET", "/v1beta/" + files[0]["name"])
        equal(s.used(), [("blue", "GET", "/v1beta/" + files[0]["name"])], "calls upstream")
        with s.request("GET", "/readyz") as r:
            equal(r.status, 200, "no key was harmed")


@once
@called("objects: a chat with a file of Gemini goes to its project")
def in_a_chat(options):
    file = direct(options, _key("green"))
    with Objects(options) as s:
        for stream in (False, True):
            for n in (1, 2):  # Gemini 3 gives one candidate a call
                content = [
                    {"type": "text", "text": "What is it?"},
                    {"type": "file", "file": {"file_id": file["name"]}},
                ]
                messages = [{"role": "user", "content": content}]
                chat(s, messages, TOKEN, model=GEMINI_3, stream=stream, n=n)
                used = [u for u in s.used() if u[1] == "POST"]
                equal([u[0] for u in used], ["green"] * n, "projects of the calls")


@once
@called("objects: a cache goes where it is, and names files where they are")
def caches(options):
    with Objects(options) as s:
        file = s.upload()
        part = {"fileData": {"mimeType": "text/plain", "fileUri": file["uri"]}}
        body = {
            "model": "models/" + MODEL,
            "contents": [{"role": "user", "parts": [part, {"text": "hello " * 5000}]}],
        }
        cache = s.call("POST", "/v1beta/cachedContents", body)
        home = {u[0] for u in s.used()}
        equal(len(home), 1, "projects")
        for _ in range(5):
            s.generate_with([file], cachedContent=cache["name"])
        chat(s, "Hi", TOKEN, extra_body={"google": {"cached_content": cache["name"]}})
        equal(len(s.call("GET", "/v1beta/cachedContents")["cachedContents"]), 1, "in the list")
        s.call("PATCH", "/v1beta/" + cache["name"], {"ttl": "600s"})
        s.call("DELETE", "/v1beta/" + cache["name"])
        used = s.used()
        equal({u[0] for u in used}, home, "projects")
        equal(len(used), 9, "calls upstream")


@once
@called("objects: names are found in a body of megabytes")
def large_bodies(options):
    file = direct(options, _key("blue"))
    with Objects(options) as s:
        for size in (100000, 3000000):
            inline = {"inlineData": {"mimeType": "text/plain", "data": "QUJD" * (size // 4)}}
            part = {"fileData": {"mimeType": "text/plain", "fileUri": file["uri"]}}
            body = {"contents": [{"parts": [inline, part, {"text": "Hi"}]}]}
            s.call("POST", GENERATE, body)
            equal(s.used()[-1], ("blue", "POST", GENERATE), "project")


@once
@called("objects: a batch goes where its file is, and stays there")
def batches(options):
    file = direct(options, _key("white"))
    with Objects(options) as s:
        body = {"batch": {"displayName": "b", "inputConfig": {"fileName": file["name"]}}}
        batch = s.call("POST", "/v1beta/models/%s:batchGenerateContent" % MODEL, body)
        equal(s.used()[-1][0], "white", "project of the file")
        for token in (TOKEN, OTHER):
            s.call("GET", "/v1beta/" + batch["name"], token=token)
            equal(s.used(), [("white", "GET", "/v1beta/" + batch["name"])], "calls upstream")
        s.call("DELETE", "/v1beta/" + batch["name"])


@once
@called("objects: the list shows what the caller made, and what is deleted is gone")
def lists(options):
    with Objects(options) as s:
        names = {s.upload()["name"] for _ in range(3)}
        found = s.call("GET", "/v1beta/files?pageSize=2")
        more = s.call("GET", "/v1beta/files?pageSize=2&pageToken=" + found["nextPageToken"])
        files = found["files"] + more["files"]
        true(names <= {f["name"] for f in files}, "all are in the list")
        gone = names.pop()
        s.call("DELETE", "/v1beta/" + gone)
        s.call("GET", "/v1beta/" + gone, status=403)
        s.standin.clear()
        s.generate_with([{"uri": GOOGLE + gone}], status=403)
        equal(len(s.used()), 1, "calls upstream")


@once
@called("objects: files of two projects cannot go together")
def apart(options):
    files = [direct(options, _key("red")), direct(options, _key("blue"))]
    with Objects(options) as s:
        error = s.generate_with(files, status=400)["error"]
        equal(error["status"], "INVALID_ARGUMENT", "status word")
        for file in files:
            contains(error["message"], "'%s'" % file["name"])
        equal([u for u in s.used() if u[1] == "POST"], [], "no model was called")
        content = [{"type": "file", "file": {"file_id": f["name"]}} for f in files]
        out = chat(s, [{"role": "user", "content": content}], TOKEN, status=400)
        contains(out.error["message"], "different Google projects")
        equal(s.used(), [], "calls upstream, now that it is known")


RED = [k for k in KEYS if colour(k) == "red"]
LEAKED = "Your API key was reported as leaked. Please use another API key."


def _limits(delay="2s"):
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [
                {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "10"}
            ],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    return _rule(RED[0], 429, "Quota exceeded", details), _rule(RED[1], 429, "Quota", details)


def _rule(key, status, message, details=()):
    """One generation with that key fails."""
    error = {"code": status, "message": message, "details": list(details)}
    body = json.dumps({"error": error})
    return {"key": key, "method": "generateContent", "status": status, "times": 1, "body": body}


@once
@called("objects: a request waits for the project of its file, whatever else is free")
def waits(options):
    file = direct(options, RED[0])
    with Objects(options, WAIT_MAX="20") as s:
        s.generate_with([file])
        s.used()
        with scripted(s, *_limits()):
            s.generate_with([file])
        equal({u[0] for u in s.used()}, {"red"}, "projects")
        true(s.access_lines()[-1]["waited_ms"] > 500, "it waited")


@once
@called("objects: without patience the 429 says when")
def no_patience(options):
    file = direct(options, RED[0])
    with Objects(options, WAIT_MAX="0") as s:
        with scripted(s, *_limits("30s")):
            s.generate_with([file], status=429)
            with s.request("GET", "/v1beta/" + file["name"], key=TOKEN) as r:
                equal(r.status, 200, "a limit of the model is none of the file")
                r.read()
            body = {"contents": [{"parts": [{"fileData": {"fileUri": file["uri"]}}]}]}
            with s.request("POST", GENERATE, body=body, key=TOKEN) as r:
                equal(r.status, 429, "status")
                true(1 <= int(r.header("retry-after")) <= 90, "Retry-After")
                contains(r.text(), "the keys of the project that owns '%s'" % file["name"])
        equal({u[0] for u in s.used()[1:] if u[1] == "POST"}, {"red"}, "projects")
        s.generate_with([])


@once
@called("objects: another key of the project helps at once when one is refused")
def second_key(options):
    file = direct(options, RED[0])
    with Objects(options, WAIT_MAX="0") as s:
        s.generate_with([file])
        with scripted(s, _rule(RED[0], 403, LEAKED)):
            for _ in range(3):
                s.generate_with([file])
        used = [u for u in s.used() if u[1] == "POST"]
        equal([u[0] for u in used], ["red"] * 5, "projects")


@once
@called("objects: when all keys of the project are refused the error says so")
def refused(options):
    file = direct(options, RED[0])
    with Objects(options) as s:
        s.generate_with([file])
        s.used()
        with scripted(s, *[_rule(k, 403, LEAKED) for k in RED]):
            error = s.generate_with([file], status=502)["error"]
            contains(error["message"], "'%s' belongs to the project of a key" % file["name"])
        equal({u[0] for u in s.used()}, {"red"}, "projects")
        error = s.generate_with([file], status=502)["error"]
        contains(error["message"], "all of the keys of the project that owns '%s'" % file["name"])
        equal(s.used(), [], "calls upstream")
        s.generate_with([])


@once
@called("objects: a file that no project has is asked for once, and Google's answer is passed on")
def nobodys(options):
    with Objects(options) as s:
        file = {"uri": GOOGLE + "files/nobodys"}
        error = s.generate_with([file], status=403)["error"]
        contains(error["message"], "nobodys")
        equal(len(s.used()), 5, "calls upstream: one key of each project, then the call")
        equal(s.last_line()["home"], "none", "home")
        s.generate_with([file], status=403)
        equal(len(s.used()), 1, "calls upstream the second time")
        s.generate_with([])


@once
@called("objects: the names in a compressed body count too, in memory and in a file")
def compressed(options):
    file = direct(options, _key("green"))
    with Objects(options) as s:
        for size in (1, 1 << 22):
            noise = base64.b64encode(random.Random(1).randbytes(size)).decode()
            part = {"fileData": {"mimeType": "text/plain", "fileUri": file["uri"]}}
            body = {"contents": [{"role": "user", "parts": [{"text": noise}, part]}]}
            data = gzip.compress(json.dumps(body).encode())
            headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
            with s.request("POST", GENERATE, headers, data, key=TOKEN) as r:
                r.read()
            used = [u for u in s.used() if u[1] == "POST"]
            equal({u[0] for u in used}, {"green"}, "projects")


@once
@called("objects: a caller's own keys are treated the same way")
def own_keys(options):
    with Stack(options) as s:
        mine = [s.key() + "__own%d-1" % n for n in range(3)]
        s.secrets += mine
        keys = ",".join(mine)
        file = direct(options, mine[2])
        part = {"fileData": {"mimeType": "text/plain", "fileUri": file["uri"]}}
        body = {"contents": [{"role": "user", "parts": [part]}]}
        for calls in (4, 1):
            s.standin.clear()
            with s.request("POST", GENERATE, body=body, key=keys) as r:
                equal(r.status, 200, "status")
                r.read()
            used = s.standin.requests()
            equal(used[-1]["key"], mine[2], "the key")
            true(len(used) <= calls, "calls upstream")


@once
@called("objects: requests without objects cost nothing and are spread over the projects")
def others(options):
    tokens = ["token-number-%02d-0123456789" % n for n in range(16)]
    with Objects(options, ACCESS_TOKENS=",".join(tokens)) as s:
        for _ in range(8):
            s.generate_with([], token=tokens[0])
        used = s.used()
        equal(len(used), 8, "calls upstream")
        equal(len({u[0] for u in used}), 4, "projects")
        true("home" not in s.last_line(), "no word about a home")
        homes = set()
        for token in tokens:
            s.upload(token=token)
            homes.add(s.used()[0][0])
        true(len(homes) > 1, "uploads of different callers come to different projects")
