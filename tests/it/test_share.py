"""What several processes learn of keys, and what tokens spend: shared by way of SQLite or Redis,
within a second, whoever is killed."""

import contextlib
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

from calls import chat
from harness import need_program, wait_for
from stack import Stack
from stores import needs, place, redis, redis_state, restart, shared, sqlite_state
from tap import called, equal, once, true, waiting

# Faults that bar a key for at least as long as a test runs.
FAULTS = ("key_invalid", "leaked", "quota_day", "suspended", "quota_zero")
POOL_FAULTS = FAULTS + ("quota_minute",)


def _second(s):
    """Waits as long as a process may take to tell the others."""
    time.sleep(3 if s.gateway_sanitized else 1)


@contextlib.contextmanager
def _gateways(options, count, state, **env):
    with contextlib.ExitStack() as stack:
        env = dict(env, STATE=state)
        yield [stack.enter_context(Stack(options, env=env)) for _ in range(count)]


def _keep_secret(gateways, keys):
    for s in gateways:
        s.secrets += keys


def _calls(s, key):
    return len(s.standin.requests(key))


def _pool_is_shared(options, state, count):
    """One gateway learns of bad keys, the others do not call them even once."""
    with Stack(options, gateway=False) as box:
        bad = [box.key(fault) for fault in POOL_FAULTS]
        good = [box.key(), box.key()]
    env = {"GEMINI_API_KEYS": ",".join(bad + good), "ACCESS_TOKENS": "a-token"}
    with _gateways(options, count, state, **env) as gateways:
        first = gateways[0]
        for _ in range(2):
            chat(first, "Hello", "a-token")
        wait_for(
            "each bad key to be called",
            lambda: chat(first, "Hello", "a-token") and all(_calls(first, k) for k in bad),
        )
        equal([_calls(first, k) for k in bad], [1] * len(bad), "calls with bad keys")
        _second(first)
        for s in gateways:
            for _ in range(len(bad) + len(good)):
                chat(s, "Hello", "a-token")
        equal([_calls(first, k) for k in bad], [1] * len(bad), "calls with bad keys")
        restart(gateways[-1])
        for _ in range(len(bad) + len(good)):
            chat(gateways[-1], "Hello", "a-token")
        equal([_calls(first, k) for k in bad], [1] * len(bad), "calls after a restart")


@once
@called("four processes on one SQLite file know of each other's bad keys within a second")
def four_on_sqlite(options):
    with sqlite_state(options) as state:
        _pool_is_shared(options, state, 4)


@once
@called("two gateways on one Redis know of each other's bad keys within a second")
def two_on_redis(options):
    with redis_state(options) as (state, _):
        _pool_is_shared(options, state, 2)


def _earlier(text):
    """A record of health as a process with a clock that is an hour fast tells it: two seconds."""
    words = text.split(b" ", 3)
    if len(words) < 4 or words[2] == b"0":
        return text
    since = int(words[1]) + 3600 * 1000
    return b" ".join([words[0], b"%d" % since, b"%d" % (since + 2000), words[3]])


def _outlives_a_clock_set_back(options, state, change):
    """change: applies _earlier to every record that the store has."""
    with Stack(options, gateway=False) as box:
        key = box.key("quota_minute")
    env = {"GEMINI_API_KEYS": key, "ACCESS_TOKENS": "a-token", "WAIT_MAX": "0"}
    with Stack(options, env=dict(env, STATE=state)) as s:
        chat(s, "Hello", "a-token", status=429)
        calls = _calls(s, key)
        equal(s.gateway.stop(), 0, "exit status")
        true(change() > 0, "the store has a record of the key")
        s.gateway = s.box.start_gateway()
        chat(s, "Hello", "a-token", status=429)
        equal(_calls(s, key), calls, "the key rests")

        def called_again():
            chat(s, "Hello", "a-token", status=429)
            return _calls(s, key) > calls

        wait_for("the end of two seconds, not of an hour", called_again)


@once
@called("a clock that was set back does not make rests longer that are kept in SQLite")
def set_back_on_sqlite(options):
    needs(options, b"libsqlite3")
    with place() as path:

        def change():
            with contextlib.closing(sqlite3.connect(path + "/state.db")) as db, db:
                db.create_function("earlier", 1, _earlier)
                condition = "WHERE value <> earlier(value)"
                return db.execute(
                    "UPDATE health SET value = earlier(value) " + condition
                ).rowcount

        _outlives_a_clock_set_back(options, "sqlite:%s/state.db" % path, change)


@once
@called("a clock that was set back does not make rests longer that are kept in Redis")
def set_back_on_redis(options):
    needs(options, b"libhiredis")
    program = need_program("redis-cli", "valkey-cli")
    with place() as path, redis(path) as (socket, _):

        def ask(*words):
            return subprocess.run(
                (program, "-s", socket, "--raw") + words, check=True, stdout=subprocess.PIPE
            ).stdout[:-1]

        def change():
            count = 0
            for name in ask("KEYS", "gb:health:*").split(b"\n"):
                text = ask("GET", name)
                if text != _earlier(text):
                    ask("SET", name, _earlier(text), "KEEPTTL")
                    count += 1
            return count

        _outlives_a_clock_set_back(options, "redis+unix://" + socket, change)


class _Noise:
    """Callers whose keys fail, while gateways are killed."""

    def __init__(self, gateways):
        self.gateways = gateways
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(s,)) for s in gateways]
        for t in self.threads:
            t.start()

    def run(self, s):
        while not self.over.is_set():
            try:
                with s.chat(key="%s,%s" % (s.key("key_invalid"), s.key("quota_day"))) as r:
                    r.read()
            except Exception:  # pylint: disable=broad-except
                pass  # Its gateway is being killed.
            time.sleep(0.03)

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join()


def _bad_and_good(s, bad, good):
    """The caller's bad key stands first, but a gateway that knows it takes the other."""
    chat(s, "Hello", "%s,%s" % (bad, good))


def _survives(options, state, count, rounds, check=None):
    """Each round some gateway learns of bad keys, and a second later one is killed."""
    chance = random.Random(4)
    with _gateways(options, count, state) as gateways:
        noise = _Noise(gateways)
        try:
            for _ in range(rounds):
                # The stand-in remembers a limited number of requests.
                gateways[0].standin.clear()
                pairs = []
                for fault, s in zip(FAULTS, itertools.cycle(gateways)):
                    bad, good = s.key(fault), s.key()
                    _keep_secret(gateways, [bad, good])
                    # More than once where the good one comes first.
                    while not _calls(s, bad):
                        _bad_and_good(s, bad, good)
                    pairs.append((bad, good))
                _second(gateways[0])
                victim = chance.choice(gateways)
                victim.gateway.stop(signal.SIGKILL)
                victim.gateway = victim.box.start_gateway()
                for bad, good in pairs:
                    for s in gateways:
                        _bad_and_good(s, bad, good)
                        _bad_and_good(s, bad, good)
                counts = [_calls(gateways[0], bad) for bad, _ in pairs]
                equal(counts, [1] * len(pairs), "calls with bad keys")
                if check:
                    check()
        finally:
            noise.end()
        for s in gateways:
            true(s.gateway.status() is None, "the gateway runs")


@once
@called("kill -9 of processes on one SQLite file loses nothing that is older than a second")
def killed_on_sqlite(options):
    needs(options, b"libsqlite3")

    with place() as path:
        file = path + "/state.db"

        def check():
            with contextlib.closing(sqlite3.connect(file)) as db:
                equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "the file")

        _survives(options, "sqlite:" + file, 4, 5, check)
        equal([n for n in os.listdir(path) if "corrupt" in n], [], "files put aside")


@once
@called("kill -9 of gateways on one Redis loses nothing that is older than a second")
def killed_on_redis(options):
    with redis_state(options) as (state, _):
        _survives(options, state, 2, 4)


@waiting
@once
@called("a Redis that is killed and comes back empty is filled again")
def redis_killed(options):
    needs(options, b"libhiredis")
    with place() as path, contextlib.ExitStack() as stack:
        socket, server = stack.enter_context(redis(path))
        with _gateways(options, 2, "redis+unix://" + socket) as (one, two):
            for _ in range(3):
                bad, good = one.key("quota_day"), one.key()
                _keep_secret([two], [bad, good])
                while not _calls(one, bad):
                    _bad_and_good(one, bad, good)
                _second(one)
                server.stop(signal.SIGKILL)
                os.unlink(socket)
                _bad_and_good(one, bad, good)
                socket, server = stack.enter_context(redis(path))
                # A gateway that has lost it tries again after a second.
                _second(one)
                _second(one)
                restart(two)
                _bad_and_good(two, bad, good)
                _bad_and_good(two, bad, good)
                equal(_calls(one, bad), 1, "calls with the bad key")


@shared("tokens per day are counted over all processes on one %s, and over restarts")
def spending_is_shared(options, state):
    with Stack(options, gateway=False) as box:
        key = box.key()
    env = {"GEMINI_API_KEYS": key, "ACCESS_TOKENS": "a-token name=eve tpd=2000,b-token"}
    with _gateways(options, 2, state, **env) as (one, two):
        spent = 0
        for s in (one, two):
            out = chat(s, "word " * 60, "a-token")
            spent += out.value["usage"]["total_tokens"]
        true(spent < 2000, "two calls are less than the limit")
        while spent < 2000:
            spent += chat(one, "word " * 60, "a-token").value["usage"]["total_tokens"]
        _second(one)
        for s in (one, two):
            out = chat(s, "Hello", "a-token", status=429)
            equal(out.error["code"], "insufficient_quota", "code")
        restart(two)
        chat(two, "Hello", "a-token", status=429)
        chat(two, "Hello", "b-token")
