"""A load with failures in it. Which request meets which failures is decided before it runs: rules
of the stand-in look for the request's own text, so the same seed gives the same run."""

import collections
import dataclasses
import json
import queue
import random
import re
import threading
import time

import http_client
from harness import wait_for
from http_client import Broken
from stack import CHAT, part_text

MODELS = (
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-3.5-flash",
    "gemini-3.8-flash",
)
EMBEDDER = "gemini-embedding-001"
DIMENSIONS = 16
GATED, SILENT = "gated-9", "silent-600000"  # models whose answer takes longer than some will wait
WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima".split()
BREAKING = ("This stream of %s ", "will break, ")  # the events before it does
NAME = re.compile(r"word-\d+-")


# ---- failures ----


def _sse(value):
    return "data: %s\r\n\r\n" % json.dumps(value)


def _error(code, status, message, details=()):
    return {"error": dict(code=code, status=status, message=message, details=list(details))}


def _day():
    violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "9"}
    kind = "type.googleapis.com/google.rpc.QuotaFailure"
    details = [{"@type": kind, "violations": [violation]}]
    return _error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", details)


BUSY = _error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
EVENTS = {"headers": {"Content-Type": "text/event-stream"}}
HALF = '{"candidates": [{"content": {"parts": [{"text": "not to be se'


@dataclasses.dataclass(frozen=True)
class Fault:
    word: str  # the class that the access line tells
    rule: dict
    needs: str = ""  # "stream", or "whole": an answer that is read to its end before it is told


def _named(word, *names, needs=""):
    return [Fault(word, {"name": name}, needs) for name in names]


# Faults that another key or a short wait cures, by what they cost.
KEYS = (
    _named("key_invalid", "key_invalid")
    + _named("key_expired", "key_expired")
    + _named("key_type", "unauthenticated")
    + _named("key_leaked", "leaked")
    + _named("service_disabled", "service_disabled")
    + _named("key_service_blocked", "key_blocked")
    + _named("key_referrer_blocked", "referrer_blocked")
    + _named("key_suspended", "suspended")
    + _named("payment", "payment")
)
QUOTAS = (
    _named("quota_minute", "quota_minute", "quota_tokens")
    + _named("quota_day", "quota_day", "quota_both")
    + _named("quota_zero", "quota_zero")
    + _named("model_closed", "model_gone")
)
FRAMED_QUOTA = Fault("quota_day", dict(EVENTS, chunks=[{"data": _sse(_day())}]), "stream")
SERVERS = (
    _named("internal", "internal")
    + _named("overloaded", "overloaded", "unavailable", "array_error")
    + _named("deadline", "deadline")
    + _named("server_error", "html_502")
    + _named("net_cut", "reset", "close", "cut_head")
    + [Fault("net_cut", {"status": 200, "chunks": [], "cut": True})]
)
SERVERS_STREAM = (
    _named("overloaded", "stream_error_first", needs="stream")
    + _named("net_cut", "stream_empty", needs="stream")
    + [Fault("net_cut", dict(EVENTS, chunks=[], reset=True), "stream")]
)
SERVERS_WHOLE = [
    Fault("net_cut", {"status": 200, "chunks": [{"data": HALF}], "cut": True}, "whole")
]
HANG = Fault("net_timeout", {"name": "hang"})
# Few of these: three of the second within ten seconds, or one of the first, throttle the host.
BLOCK_PAGE = Fault("html_block", {"name": "html_429"})
BARE = _named("exhausted", "quota_bare", "exhausted_bare")

# What no other key cures. Faults of the caller: (failure, status).
CALLERS = (("invalid_argument", 400), ("too_large", 413), ("denied", 403))


# How a stream ends after its first two events.
BREAKS = (
    {"cut": True},
    {"tail": "\r\n", "delay_ms": 500, "reset": True},  # a reset overtakes what nobody has read
    {"stall": True},
    {},  # properly, but nothing says that the answer is complete
    {"tail": _sse(BUSY)},
    {"tail": json.dumps(BUSY, indent=1) + "\n"},
    {"tail": json.dumps([BUSY], indent=1) + "\n"},
    {"tail": _sse(_day())},
    {"tail": _sse(_error(500, "INTERNAL", "Internal error encountered."))},
)


def _break_rule(name, how):
    parts = [BREAKING[0] % name, BREAKING[1]]
    chunks = [
        {"data": _sse({"candidates": [{"content": {"role": "model", "parts": [{"text": p}]}}]})}
        for p in parts
    ]
    how = dict(how)
    if "tail" in how:
        chunks.append({"data": how.pop("tail"), "delay_ms": how.pop("delay_ms", 0)})
    return dict(EVENTS, chunks=chunks, **how)


# ---- requests ----


@dataclasses.dataclass(frozen=True)
class Kind:
    path: str
    body: object  # of (model, text)
    read: object  # of (answer, reply): fills the answer
    form: str = "whole"  # or "stream", or "bytes": whole, but passed on as it comes


class Answer:
    def __init__(self):
        self.status = self.id = None
        self.text = ""
        self.ended = False  # as an answer of its dialect ends that is complete
        self.error = None  # what the caller is told, or how the connection ended


def _chat_body(model, text, **more):
    return dict(model=model, messages=[{"role": "user", "content": text}], **more)


def _native_body(_, text):
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def _chat(a, r):
    choice = r.json()["choices"][0]
    a.text, a.ended = choice["message"]["content"], choice["finish_reason"] == "stop"


def _chat_stream(a, r):
    for event in iter(r.event, None):
        if a.ended or a.error:
            raise Broken("an event after the end: " + event)
        value = json.loads(event) if event != "[DONE]" else {}
        a.error = value.get("error")
        choices = value.get("choices") or [{}]
        a.text += choices[0].get("delta", {}).get("content") or ""
        a.ended = event == "[DONE]"


def _response_text(value):
    return "".join(
        p["text"] for i in value["output"] if i["type"] == "message" for p in i["content"]
    )


def _response(a, r):
    value = r.json()
    a.text, a.ended = _response_text(value), value["status"] == "completed"


def _response_stream(a, r):
    whole = last = None
    for event in iter(r.event, None):
        value = json.loads(event)
        if last in ("response.completed", "response.failed"):
            raise Broken("an event after the end: " + event)
        last = value["type"]
        if last == "response.output_text.delta":
            a.text += value["delta"]
        elif last == "response.completed":
            a.ended, whole = True, _response_text(value["response"])
        elif last == "response.failed":
            a.error, whole = value, _response_text(value["response"])
    if whole is not None and whole != a.text:
        raise Broken("the last event has another text: " + whole)


def _native(a, r):
    value = r.json()
    a.text, a.ended = part_text(value), value["candidates"][0].get("finishReason") == "STOP"


def _native_stream(a, r):
    """The end of a connection is all that tells of some failures, and Google's own words are
    passed on as they are."""
    try:
        for event in iter(r.event, None):
            value = json.loads(event)
            a.error = value.get("error")
            if a.error is None:
                a.text += part_text(value)
                a.ended = value["candidates"][0].get("finishReason") == "STOP"
    except (Broken, OSError) as e:
        a.error = str(e)


def _embedding(a, r):
    value = r.json()
    a.text = value["data"][0]["embedding"]
    a.ended = len(value["data"]) == 1


NATIVE = "/v1beta/models/%s:"
KINDS = {
    "chat": Kind(CHAT, _chat_body, _chat),
    "chat stream": Kind(
        CHAT, lambda m, t: _chat_body(m, t, stream=True), _chat_stream, "stream"
    ),
    "response": Kind("/v1/responses", lambda m, t: {"model": m, "input": t}, _response),
    "response stream": Kind(
        "/v1/responses",
        lambda m, t: {"model": m, "input": t, "stream": True},
        _response_stream,
        "stream",
    ),
    "native": Kind(NATIVE + "generateContent", _native_body, _native, "bytes"),
    "native stream": Kind(
        NATIVE + "streamGenerateContent?alt=sse", _native_body, _native_stream, "stream"
    ),
    "embedding": Kind(
        "/v1/embeddings",
        lambda m, t: {"model": m, "input": t, "dimensions": DIMENSIONS},
        _embedding,
    ),
}
STREAMS = [name for name in KINDS if KINDS[name].form == "stream"]


@dataclasses.dataclass
class Item:
    """One request: the failures planned for it, and afterwards its outcome."""

    name: str
    kind: str
    model: str
    text: str
    faults: list = dataclasses.field(default_factory=list)
    broken: dict = None  # of BREAKS
    refused: tuple = None  # of CALLERS
    leaves: str = ""  # the model of whose answer the client does not see the end
    answer: Answer = None
    trouble: str = None

    def rules(self):
        played = [fault.rule for fault in self.faults]
        if self.broken is not None:
            played.append(_break_rule(self.name, self.broken))
        if self.refused:
            # Twice: the second one would meet who tries again.
            played += [{"name": self.refused[0]}] * 2
        return [dict(rule, contains=self.name, times=1) for rule in played]

    def expected_text(self):
        if self.broken is not None:
            return "".join(BREAKING) % self.name
        return "Hello! I am the stand-in for %s. You said: %s" % (self.model, self.text)


# ---- the plan ----


class Plan:
    """count requests of all kinds; failures are distributed among them."""

    def __init__(self, seed, count):
        self.chance = random.Random(seed)
        self.items = [self._item(n) for n in range(count)]
        self._free = list(self.items)
        self.chance.shuffle(self._free)

    def _item(self, number):
        name = "word-%05d-" % number
        kind = self.chance.choice(list(KINDS))
        text = " ".join([name] + self.chance.choices(WORDS, k=self.chance.randint(3, 20)))
        model = EMBEDDER if kind == "embedding" else self.chance.choice(MODELS)
        return Item(name, kind, model, text)

    def take(self, fits=lambda item: True):
        """A request without a failure so far."""
        for at, item in enumerate(self._free):
            if fits(item):
                return self._free.pop(at)
        raise ValueError("there are not enough requests")

    def deal(self, faults, model=None):
        """Gives each failure to a request of its own, of that model if one is given."""
        for fault in faults:
            item = self.take(
                lambda i: (model is None or i.model == model)
                and fault.needs in ("", KINDS[i.kind].form)
            )
            item.faults.append(fault)

    def join(self, count, most):
        """Gives the faults of so many requests to others with faults, of the same model and form,
        where there are not more than `most` then."""
        have = [i for i in self.items if i.faults]
        self.chance.shuffle(have)
        for item in have:
            if count == 0:
                return
            other = next(
                (
                    o
                    for o in have
                    if o is not item
                    and o.faults
                    and (o.model, KINDS[o.kind].form) == (item.model, KINDS[item.kind].form)
                    and len(o.faults) + len(item.faults) <= most
                    and sum(f in AGAIN for f in o.faults + item.faults) <= 2
                ),
                None,
            )
            if item.faults and other:
                other.faults += item.faults
                item.faults = []
                count -= 1

    def first(self, slow):
        """Puts these first, so that the run does not wait for them at its end."""
        self.items.sort(key=lambda item: not slow(item))

    def events(self):
        return sum(len(i.faults) + (i.broken is not None) + bool(i.refused) for i in self.items)


# After these the request is sent again as it is, at most twice.
AGAIN = SERVERS + SERVERS_STREAM + SERVERS_WHOLE + [HANG, BLOCK_PAGE]


# ---- the load ----


def leave(s, path, body, token):
    """Hangs up before the first byte."""
    with http_client.connect("127.0.0.1", s.server.port) as sock:
        headers = [("Authorization", "Bearer " + token), ("Content-Type", "application/json")]
        http_client.send_request(sock, "POST", path, headers, json.dumps(body).encode())
        time.sleep(0.3)


def ask(s, item, token):
    kind = KINDS[item.kind]
    path = kind.path % item.model if "%s" in kind.path else kind.path
    body = kind.body(item.leaves or item.model, item.text)
    answer = item.answer = Answer()
    if item.leaves == SILENT:
        leave(s, path, body, token)
        return
    with s.request("POST", path, body=body, bearer=token) as r:
        answer.status, answer.id = r.status, r.header("x-request-id")
        if item.leaves:
            r.event()
        elif r.status != 200:
            answer.error = r.json()["error"]
        else:
            kind.read(answer, r)


def run(s, items, token, clients=16):
    """Sends all of them, in this order, from that many clients at once."""
    todo = queue.SimpleQueue()
    for item in items:
        todo.put(item)

    def client():
        while True:
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                ask(s, item, token)
            except Exception as e:  # told by the test
                item.trouble = "%s: %s" % (type(e).__name__, e)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def calls_by_name(s):
    """The requests that the stand-in received, by the text that names them; waits until none is
    open."""

    def closed():
        found = s.standin.requests()
        return found if all(r["outcome"] != "open" for r in found) else None

    out = collections.defaultdict(list)
    for call in wait_for("the end of every call", closed):
        found = NAME.search(call["body"])
        out[found.group(0) if found else None].append(call)
    return out
