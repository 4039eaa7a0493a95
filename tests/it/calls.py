"""Requests of OpenAI's dialect as clients send them, and what the stand-in received."""

import contextlib
import json
import uuid

from stack import CHAT, MODEL, delta
from tap import contains, equal, true

CHANGES = "x-gemini-balance-changes"
GEMINI_3 = "gemini-3.8-flash"
IMAGE_MODEL = "gemini-3.1-flash-image"
# A picture of one pixel.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)


class Answer:
    """A reply that was read to its end. value: its JSON; events: the data of its stream."""

    def __init__(self, reply, stack, key):
        self.status = reply.status
        self.headers = dict(reply.headers)
        self.type = reply.header("content-type", "").split(";")[0]
        self.value = self.events = self.data = None
        if self.type == "text/event-stream":
            self.events = reply.events()
        else:
            self.data = reply.read()
            if self.type == "application/json":
                self.value = json.loads(self.data)
        self.stack, self.key = stack, key

    @property
    def changes(self):
        """What the gateway says it has changed: {pointer: word}."""
        text = self.headers.get(CHANGES)
        return dict(c.strip().rsplit(" ", 1) for c in text.split(",")) if text else {}

    @property
    def error(self):
        return self.value["error"]

    @property
    def message(self):
        return self.value["choices"][0]["message"]

    @property
    def chunks(self):
        return [json.loads(e) for e in self.events if e != "[DONE]"]

    def requests(self):
        return self.stack.standin.requests(self.key)

    def sent(self):
        """The bodies of the calls upstream, oldest first."""
        return [json.loads(r["body"]) for r in self.requests()]

    def sent_one(self):
        found = self.sent()
        if len(found) != 1:
            raise AssertionError(
                "%d calls upstream instead of one: %s" % (len(found), (self.value or self.events))
            )
        return found[0]


def post(s, path, body=None, key=None, headers=(), status=200, method="POST", **options):
    key = key or s.key()
    with s.request(method, path, headers, body, bearer=key, **options) as reply:
        out = Answer(reply, s, key)
    if status and out.status != status:
        raise AssertionError(
            "%s: status %d instead of %d: %s"
            % (path, out.status, status, (out.data or repr(out.events).encode())[:600].decode())
        )
    return out


@contextlib.contextmanager
def scripted(s, *rules):
    """Inside, the stand-in plays these rules."""
    s.standin.script({"rules": list(rules)})
    try:
        yield
    finally:
        s.standin.control("DELETE", "/script")


def chat(s, messages="Hello", key=None, status=200, headers=(), **more):
    """messages: the list, or the text of the only one."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    body = {"model": MODEL, "messages": messages}
    body.update(more)
    return post(s, CHAT, body, key, headers, status)


def get(s, path, key=None, status=200, **options):
    return post(s, path, None, key, status=status, method="GET", **options)


def form(s, path, fields, files, **options):
    """multipart/form-data. fields: (name, text) pairs; files: (name, file name, type, bytes)."""
    border = uuid.uuid4().hex
    out = []
    for name, text in fields:
        out.append(
            b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (border.encode(), name.encode(), text.encode())
        )
    for name, file_name, mime, data in files:
        out.append(
            (
                '--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
                "Content-Type: %s\r\n\r\n" % (border, name, file_name, mime)
            ).encode()
            + data
            + b"\r\n"
        )
    out.append(b"--%s--\r\n" % border.encode())
    kind = "multipart/form-data; boundary=" + border
    return post(s, path, b"".join(out), headers=[("Content-Type", kind)], **options)


@contextlib.contextmanager
def counted(s, **expected):
    """Inside, these counters of the stand-in grow by exactly these numbers."""
    before = s.standin.control("GET", "/stats")
    yield
    after = s.standin.control("GET", "/stats")
    equal({n: after[n] - before[n] for n in expected}, expected, "what the stand-in counted")


def chat_arrives_one_by_one(s, count=3):
    """Each event of a chat arrives before the stand-in is told to send the next one."""
    with s.chat(model="gated-%d" % count, stream=True) as r:
        equal(r.status, 200, "status")
        contains(r.header("content-type"), "text/event-stream")
        for k in range(count):
            text = ""
            while not text:
                event = r.event()
                true(event not in (None, "[DONE]"), "content event %d comes before the end" % k)
                text = delta(event)
            if k < count - 1:
                equal(s.standin.next()["released"], 1, "streams let go")
        rest = r.events()
    equal(rest[-1], "[DONE]", "last event")
    equal([delta(e) for e in rest[:-1] if delta(e)], [], "content after the last event")


@contextlib.contextmanager
def begun_streams(s):
    """A chat and a native stream, each with its first event read and two more to come."""
    with s.chat(model="gated-3", stream=True) as chat_reply, s.generate(
        model="gated-3", verb="streamGenerateContent", query="?alt=sse"
    ) as native:
        while not delta(chat_reply.event()):
            pass
        native.event()
        yield chat_reply, native


class Growth:
    """How much the gateway's memory has grown since this object was made, after a first request.
    Not checked in builds with sanitizers, which keep freed memory."""

    def __init__(self, s):
        self.box = s.box
        self.checked = not s.gateway_sanitized
        with s.chat() as r:
            r.read()
        self.before = s.box.memory_kib()

    def below(self, kib, what, now=None):
        grown = (now or self.box.memory_kib()) - self.before
        true(grown < kib or not self.checked, "%s: the gateway grew by %d KiB" % (what, grown))


def function(name, properties=None, **more):
    """A function tool of /chat/completions."""
    parameters = {"type": "object", "properties": properties or {}}
    return {"type": "function", "function": dict(name=name, parameters=parameters, **more)}


def said(chunks, index=0):
    """The content of one choice, put together from the deltas of a stream."""
    return "".join(
        c["delta"].get("content") or "" for k in chunks for c in k["choices"] if c["index"] == index
    )


def finishes(chunks):
    """The finish reasons by index."""
    return {
        c["index"]: c["finish_reason"]
        for k in chunks
        for c in k["choices"]
        if c.get("finish_reason")
    }


def texts(content):
    """The texts of a Gemini content or instruction."""
    return [p["text"] for p in content["parts"] if "text" in p]
