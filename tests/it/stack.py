"""What a test talks to: the stand-in for Google, the gateway and perhaps a web server."""

import itertools
import json
import re
import urllib.parse

import dialect
import fcgi_client
import harness
import http_client

CHAT = "/v1/chat/completions"
MODEL = "gemini-2.5-flash"


class Standin:
    """tests/standin/standin with its control interface."""

    def __init__(self, program, args=()):
        self.log = harness.tempfile.NamedTemporaryFile(
            prefix="gemini-balance-standin-", suffix=".log"
        )
        self.process = harness.Process(
            "standin", [program, "--listen", "127.0.0.1:0", "--control"] + list(args), self.log.name
        )

        def port():
            if self.process.status() is not None:
                raise harness.Failure("the stand-in ended: " + self.process.tail())
            return re.search(r"listening 127\.0\.0\.1:(\d+)", self.process.tail(100000))

        self.port = int(harness.wait_for("the stand-in", port).group(1))
        self.url = "http://127.0.0.1:%d" % self.port

    def control(self, method, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        headers = [("Content-Type", "application/json")] if body else []
        with http_client.request(
            "127.0.0.1", self.port, method, "/_control" + path, headers, body
        ) as r:
            data = r.read()
            if r.status >= 300:
                raise harness.Failure("control %s: %d %r" % (path, r.status, data))
            return json.loads(data) if data else None

    def script(self, value):
        return self.control("POST", "/script", value)

    def next(self):
        """Lets the streams of gated models send one more event."""
        return self.control("POST", "/next")

    def requests(self, key=None):
        """The requests received, of all keys or of one, oldest first, with header names in lower
        case."""
        found = self.control("GET", "/requests")
        for request in found:
            request["headers"] = {name.lower(): value for name, value in request["headers"]}
        return [r for r in found if key is None or r["key"] == key]

    def one(self, key):
        """The only request of this key, once it has arrived."""
        found = harness.wait_for("a request of " + key, lambda: self.requests(key))
        if len(found) != 1:
            raise harness.Failure("%d requests of %s instead of one" % (len(found), key))
        return found[0]

    def clear(self):
        self.control("DELETE", "/requests")

    def stop(self):
        self.process.stop()
        self.log.close()


class Stack:
    """server: a class of servers.py, or None for a FastCGI connection without web server."""

    _numbers = itertools.count(1)

    def __init__(
        self, options, server=None, prefix="", env=None, listen=None, args=(), gateway=True
    ):
        self.standin = options.standin
        self.secrets = []
        self.prefix = prefix
        self.gateway = None
        self.server = None
        settings = {"GEMINI_BASE_URL": self.standin.url}
        settings.update(env or {})
        for name in ("GEMINI_API_KEYS", "ACCESS_TOKENS"):
            self.secrets += [s for s in settings.get(name, "").split(",") if s]
        self.box = harness.Box(options.gateway, settings)
        self.gateway_sanitized = gateway_sanitized(options.gateway)
        try:
            if gateway and not (server and server.spawns_gateway):
                self.gateway = self.box.start_gateway(listen, args)
            if server:
                self.server = server(self.box, prefix)
                self.server.start()
        except BaseException:
            print("# " + "\n# ".join(self.tail().splitlines()), flush=True)
            self.close_quietly()
            raise

    def key(self, fault=None):
        """A new key; the stand-in answers it with the named fault."""
        key = "itkey%06dabcdefghijklmnopqrstuvwxyzAB" % next(self._numbers)
        if fault:
            key += "--" + fault
        self.secrets.append(key)
        return key

    @property
    def base(self):
        return "http://127.0.0.1:%d%s" % (self.server.port, self.prefix)

    def request(
        self,
        method,
        path,
        headers=(),
        body=None,
        key=None,
        bearer=None,
        chunked=False,
        raw=False,
        timeout=None,
    ):
        """Through the web server, or straight to the gateway. raw: no prefix is put in front."""
        headers = list(headers)
        if key:
            headers.append(("x-goog-api-key", key))
        if bearer:
            headers.append(("Authorization", "Bearer " + bearer))
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.append(("Content-Type", "application/json"))
        if not raw:
            path = self.prefix + path
        timeout = timeout or harness.PATIENCE
        if self.server:
            reply = http_client.request(
                "127.0.0.1", self.server.port, method, path, headers, body, timeout, chunked
            )
        else:
            reply = fcgi_client.request(self.box.address, method, path, headers, body, timeout)
        return dialect.watch(self._watched(reply), method, path, headers, body)

    def start(self, method, path, length, key):
        """Sends the head of a request through the web server; the socket for the rest."""
        sock = http_client.connect("127.0.0.1", self.server.port, harness.PATIENCE)
        head = (
            "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nx-goog-api-key: %s\r\n"
            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        )
        sock.sendall((head % (method, self.prefix + path, key, length)).encode())
        return sock

    def _watched(self, reply):
        """Every answer is searched for keys, across the borders of its pieces."""
        inner = reply._next_bytes
        tail = [b""]

        def next_bytes():
            data = inner()
            window = tail[0] + data
            for secret in self.secrets:
                if secret.encode() in window:
                    raise harness.Failure(
                        "the answer holds the key %s: %r" % (secret, window[:2000])
                    )
            tail[0] = window[-128:]
            return data

        for name, value in reply.headers:
            for secret in self.secrets:
                if secret in value:
                    raise harness.Failure("header %s holds the key %s" % (name, secret))
        reply._next_bytes = next_bytes
        return reply

    def chat(self, text="Hello", model=MODEL, stream=False, key=None, **more):
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        if stream:
            body["stream"] = True
        body.update(more)
        return self.request("POST", CHAT, bearer=key or self.key(), body=body)

    def generate(self, text="Hello", model=MODEL, verb="generateContent", query="", key=None):
        return self.request(
            "POST",
            "/v1beta/models/%s:%s%s" % (model, verb, query),
            key=key or self.key(),
            body={"contents": [{"role": "user", "parts": [{"text": text}]}]},
        )

    def follow(self, url, method, headers, body):
        """Sends a request to the URL that a header of an answer gave."""
        parts = urllib.parse.urlsplit(url)
        if parts.hostname != "127.0.0.1" or parts.port != self.server.port:
            raise harness.Failure("the address leads away from the gateway: " + url)
        return self.request(
            method, parts.path + ("?" + parts.query if parts.query else ""), headers, body, raw=True
        )

    def access_lines(self):
        return [line for line in self.box.log_lines() if line.get("event") == "request"]

    def tail(self):
        out = []
        for name, data in self.box.written():
            out.append("---- " + name)
            out.append(data[-3000:].decode("utf-8", "replace"))
        return "\n".join(out)

    def close_quietly(self):
        try:
            self.box.close()
        except harness.Failure:
            pass

    def close(self):
        for name, data in self.box.written():
            for secret in self.secrets:
                if secret.encode() in data:
                    self.close_quietly()
                    raise harness.Failure("the key %s stands in %s" % (secret, name))
        self.box.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.close_quietly()
        else:
            self.close()


def delta(event):
    """The text of one event of an OpenAI stream; "" when it has none."""
    choices = json.loads(event).get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


def part_text(value):
    """The text of an answer or event of Gemini."""
    if isinstance(value, str):
        value = json.loads(value)
    parts = value["candidates"][0].get("content", {}).get("parts", [])
    return "".join(p.get("text", "") for p in parts)


def gateway_sanitized(program):
    with open(program, "rb") as f:
        data = f.read()
    return b"__asan_init" in data or b"__tsan_init" in data
