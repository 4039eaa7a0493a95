"""Thousands of requests while more than a hundred things go wrong: no client sees a failure that
another key could have cured, nothing is lost or told twice, and every key comes back."""

import contextlib
import json
import os

import chaos
import http_client
import servers
from harness import wait_for
from stack import Stack, delta
from tap import Skip, equal, once, true

TOKEN = "token-of-chaos-0123456789"


class Pool(Stack):
    """A gateway with a file of keys, one request at a time for each, behind a web server or
    without."""

    def __init__(self, options, server, projects, keys_each, **env):
        super().__init__(options, gateway=False)
        self.keys = [self.key() for _ in range(projects * keys_each)]
        path = os.path.join(self.box.dir, "keys")
        with open(path, "w", encoding="utf-8") as f:
            for at, key in enumerate(self.keys):
                f.write("%s project=project-%d\n" % (key, at % projects))
        os.chmod(path, 0o644)
        self.secrets.append(TOKEN)
        self.box.env.update(GEMINI_API_KEYS_FILE=path, ACCESS_TOKENS=TOKEN, KEY_PARALLEL="1")
        # A whole answer that waits for a key shows no sign of life.
        self.box.env.update(FIRST_BYTE_TIMEOUT="10", IDLE_TIMEOUT="10", WAIT_MAX="25", **env)
        try:
            self.gateway = self.box.start_gateway()
            if server:
                self.server = server(self.box)
                self.server.start()
        except BaseException:
            self.close_quietly()
            raise
        self.prints = {}  # fingerprint to key

    def lines(self, count):
        """The access lines by id, once there are that many."""
        wait_for("%d access lines" % count, lambda: len(self.access_lines()) >= count)
        found = self.access_lines()
        equal(len(found), count, "access lines")
        return {line["id"]: line for line in found}

    def check_keys(self, item, calls, line):
        """The line tells of the calls that were made: with which keys, and what came of each."""
        trail = [w.split("=") for w in line.get("failed", "").split()]
        equal(line["attempts"], len(calls), "attempts of " + item.name)
        told = [fingerprint for fingerprint, _ in trail]
        if len(told) < len(calls):
            told.append(line["key"])
        for fingerprint, call in zip(told, calls):
            equal(self.prints.setdefault(fingerprint, call["key"]), call["key"], "key of a call")
        return [word for _, word in trail]

    def check_all_free(self, dead):
        """A key that was reported twice would have ended the gateway; one that was not would be
        busy for ever. Each one left takes a request while all others have one, and then its turn
        comes once in a round."""
        alive = sorted(set(self.keys) - dead)
        self.standin.clear()
        with contextlib.ExitStack() as streams:
            opened = []
            for _ in alive:
                r = self.chat(model="gated-2", stream=True, key=TOKEN)
                opened.append(streams.enter_context(r))
                equal(r.status, 200, "status of a stream with a key of its own")
                while not delta(r.event()):
                    pass
            equal(sorted(r["key"] for r in self.standin.requests()), alive, "keys at work at once")
            self.standin.next()
            for r in opened:
                equal(r.events()[-1], "[DONE]", "the end of a stream")
        self.standin.clear()
        for _ in alive:
            with self.chat(model="gated-1", key=TOKEN) as r:
                equal(r.status, 200, "status")
                r.read()
        equal(sorted(r["key"] for r in self.standin.requests()), alive, "keys of one round")
        equal(self.gateway.stop(), 0, "exit status of the gateway")


def check_answer(item, expected):
    a = item.answer
    equal(item.trouble, None, "trouble of %s (%s)" % (item.name, item.kind))
    if item.refused:
        equal(a.status, item.refused[1], "status after " + item.refused[0])
        true(a.error, "the caller is told what is wrong")
        return
    equal(a.status, 200, "status of %s, %s: %s" % (item.name, item.faults, a.error))
    equal(a.text, expected, "text of %s (%s, %s)" % (item.name, item.kind, item.faults))
    equal(a.ended, item.broken is None, "%s (%s) ended well" % (item.name, item.kind))
    # Google's own stream is passed on as it is: without an end.
    if item.broken is not None and (item.broken or item.kind != "native stream"):
        true(a.error, "%s (%s, %s) is told of the break" % (item.name, item.kind, item.broken))


def same_way(one, other):
    """Do two vectors point into the same direction, whatever their lengths?"""
    product = sum(x * y for x, y in zip(one, other))
    return product > 0.9999 * (sum(x * x for x in one) * sum(y * y for y in other)) ** 0.5


def vectors(s, items):
    """What the stand-in itself says to the texts of embeddings, by name."""
    out = {}
    model = "models/" + chaos.EMBEDDER
    items = [i for i in items if i.kind == "embedding"]
    for at in range(0, len(items), 100):
        requests = [
            {
                "model": model,
                "content": {"parts": [{"text": i.text}]},
                "outputDimensionality": chaos.DIMENSIONS,
            }
            for i in items[at : at + 100]
        ]
        body = json.dumps({"requests": requests}).encode()
        headers = [("Content-Type", "application/json"), ("x-goog-api-key", "nobody")]
        path = "/v1beta/%s:batchEmbedContents" % model
        with http_client.request("127.0.0.1", s.standin.port, "POST", path, headers, body) as r:
            values = r.json()["embeddings"]
        out.update((i.name, v["values"]) for i, v in zip(items[at:], values))
    return out


def spoil(plan, quotas, keys, times):
    """Deals failures: quotas for each model and keys once, faults of servers that many times."""
    for model in chaos.MODELS + (chaos.EMBEDDER,):
        plan.deal(quotas, model)
    plan.deal(keys + times * (chaos.SERVERS + chaos.SERVERS_STREAM + chaos.SERVERS_WHOLE))
    for refused in times * chaos.CALLERS:
        plan.take(lambda i: i.kind != "embedding").refused = refused


def go(s, plan, pace_ms=0):
    """Plays the plan and checks every request; the keys that are refused for good. pace_ms: what
    a good answer takes."""
    expected = vectors(s, plan.items)
    dead = set()
    s.standin.clear()
    rules = [rule for item in plan.items for rule in item.rules()]
    s.standin.script({"rules": rules + ([{"delay_ms": pace_ms}] if pace_ms else [])})
    chaos.run(s, plan.items, TOKEN)
    lines = s.lines(len(plan.items))
    calls = chaos.calls_by_name(s)
    s.standin.control("DELETE", "/script")
    for item in plan.items:
        check(s, item, calls[item.name], lines, expected, dead)
    equal(set(calls) - {i.name for i in plan.items}, set(), "calls without a request")
    return dead


def check(s, item, calls, lines, expected, dead):
    if item.leaves:
        return
    want = expected.get(item.name) or item.expected_text()
    if item.kind == "embedding" and item.answer.text and same_way(want, item.answer.text):
        want = item.answer.text
    check_answer(item, want)
    line = lines[item.answer.id]
    words = s.check_keys(item, calls, line)
    if item.broken is not None or item.refused:
        equal(len(calls), 1, "calls of %s" % item)
        return
    equal(words, [f.word for f in item.faults], "what befell %s" % item)
    dead.update(c["key"] for c, f in zip(calls, item.faults) if f in chaos.KEYS)


@once
def a_hundred_failures_under_load_are_cured_or_told(options):
    if servers.Lighttpd.missing():
        raise Skip(servers.Lighttpd.missing())
    plan = chaos.Plan(4, 3800)
    spoil(plan, chaos.QUOTAS, chaos.KEYS, 4)
    plan.deal([chaos.FRAMED_QUOTA] + chaos.BARE + [chaos.BLOCK_PAGE, chaos.HANG])
    plan.join(40, 4)
    for how in 3 * chaos.BREAKS:
        plan.take(lambda i: i.kind in chaos.STREAMS).broken = how
    for model in 6 * (chaos.GATED, chaos.SILENT):
        plan.take(lambda i: i.kind == "chat stream").leaves = model
    plan.first(lambda i: i.leaves or chaos.HANG in i.faults or i.broken == {"stall": True})
    true(plan.events() >= 120, "%d failures are enough" % plan.events())
    with Pool(options, servers.Lighttpd, 10, 4) as s:
        dead = go(s, plan)
        equal(len(dead), len(chaos.KEYS), "keys that are refused for good")
        s.check_all_free(dead)


@once
def failures_are_cured_while_requests_wait_for_keys(options):
    plan = chaos.Plan(5, 800)
    spoil(plan, [chaos.QUOTAS[0]], chaos.KEYS[:2], 2)
    plan.join(10, 3)
    with Pool(options, None, 4, 2, LOOPS="3") as s:
        dead = go(s, plan, pace_ms=20)
        equal(len(dead), 2, "keys that are refused for good")
        waits = [line["waited_ms"] for line in s.access_lines()]
        true(sum(w > 0 for w in waits) > 10, "requests have waited for keys")
        s.check_all_free(dead)
