"""Several keys: which failures another key cures, and where keys come from."""

import json
import re
import threading

from harness import wait_for
from stack import CHAT, MODEL, Stack, delta
from tap import contains, equal, once, true, waiting

# Faults of the stand-in (standin --failures) after which another key is asked.
OF_THE_KEY = (
    "key_invalid",
    "key_expired",
    "unauthenticated",
    "leaked",
    "service_disabled",
    "key_blocked",
    "referrer_blocked",
    "suspended",
)
OF_THE_QUOTA = (
    "quota_minute",
    "quota_day",
    "quota_tokens",
    "quota_zero",
    "quota_both",
    "quota_bare",
    "exhausted_bare",
)
OF_THE_SERVER = (
    "overloaded",
    "unavailable",
    "internal",
    "deadline",
    "array_error",
    "html_502",
    "reset",
    "close",
    "cut_head",
)
OF_A_STREAM = ("stream_error_first", "stream_empty")


def _both_answer(s, fault, stream):
    bad, good = s.key(fault), s.key()
    with s.chat(key="%s,%s" % (bad, good), stream=stream) as r:
        equal(r.status, 200, "status after " + fault)
        if stream:
            events = r.events()
            equal(events[-1], "[DONE]", "last event after " + fault)
            true("".join(delta(e) for e in events[:-1]), "there is text after " + fault)
        else:
            true(r.json()["choices"][0]["message"]["content"], "there is an answer after " + fault)
    true(s.standin.requests(bad), "the bad key was tried: " + fault)
    equal(len(s.standin.requests(good)), 1, "calls with the good key")


def _each_is_cured(options, faults, of_a_stream=()):
    with Stack(options) as s:
        for fault in faults:
            _both_answer(s, fault, False)
        for fault in faults + of_a_stream:
            _both_answer(s, fault, True)


@once
def another_key_cures_what_is_wrong_with_one(options):
    _each_is_cured(options, OF_THE_KEY)


@waiting
@once
def another_key_cures_a_quota(options):
    _each_is_cured(options, OF_THE_QUOTA)


@waiting
@once
def another_key_is_asked_when_the_server_fails(options):
    _each_is_cured(options, OF_THE_SERVER, OF_A_STREAM)


@once
def native_calls_fail_over_as_well(options):
    with Stack(options) as s:
        for fault in ("key_invalid", "quota_day", "overloaded", "reset"):
            for verb, query in (
                ("generateContent", ""),
                ("streamGenerateContent", "?alt=sse"),
                ("streamGenerateContent", ""),
            ):
                bad, good = s.key(fault), s.key()
                with s.generate(key="%s, %s" % (bad, good), verb=verb, query=query) as r:
                    equal(r.status, 200, "status of %s after %s" % (verb, fault))
                    contains(r.text(), '"text"')
                true(s.standin.requests(bad), "the bad key was tried")


@once
def nothing_is_tried_again_after_the_first_content(options):
    with Stack(options) as s:
        for fault in ("stream_cut", "stream_error_mid", "stream_error_bare"):
            bad, good = s.key(fault), s.key()
            with s.chat(key="%s,%s" % (bad, good), stream=True) as r:
                equal(r.status, 200, "status")
                events = r.events()
            true("".join(delta(e) for e in events[:-1]), "there was text before the failure")
            true(json.loads(events[-1])["error"], "the failure is told")
            equal(len(s.standin.requests(good)), 0, "calls with the other key")


@once
def faults_of_the_caller_are_not_tried_again(options):
    with Stack(options) as s:
        first, second = s.key(), s.key()
        with s.chat(model="no-such-model", key="%s,%s" % (first, second)) as r:
            equal(r.status, 404, "status")
            r.read()
        equal(len(s.standin.requests(first)) + len(s.standin.requests(second)), 1, "calls")


@once
def when_no_key_helps_the_error_gives_the_reason(options):
    with Stack(options) as s:
        for fault, status in (("key_invalid", 401), ("quota_minute", 429), ("overloaded", 503)):
            keys = ",".join(s.key(fault) for _ in range(3))
            with s.chat(key=keys) as r:
                equal(r.status, status, "status after three times " + fault)
                true(r.json()["error"]["message"], "there is a message")


@once
def requests_wait_for_a_key_that_is_busy(options):
    env = {"GEMINI_API_KEYS": "pool-key-number-1", "ACCESS_TOKENS": "token-a", "LOOPS": "4"}
    env.update({"KEY_PARALLEL": "1", "WAIT_MAX": "60"})
    with Stack(options, env=env) as s:
        seen = []

        def ask():
            with s.chat(model="silent-50", key="token-a") as r:
                seen.append((r.status, r.json()["object"]))

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(seen, [(200, "chat.completion")] * 12, "answers, over several loops")
        waited = [line["waited_ms"] for line in s.access_lines()]
        true(max(waited) > 0, "some have waited")


@once
def the_keys_of_a_caller_take_turns(options):
    with Stack(options, env={"LOOPS": "4"}) as s:
        first, second = s.key(), s.key()
        for count in range(1, 7):
            with s.chat(key="%s,%s" % (first, second)) as r:
                equal(r.status, 200, "status")
                r.read()
            # The answer is complete a moment before the key is free again.
            wait_for("the access line", lambda: len(s.access_lines()) >= count)
        used = [r["key"] for r in s.standin.requests() if r["key"] in (first, second)]
        equal(used, [first, second] * 3, "keys used")


@once
def requests_wait_for_the_one_key_of_their_caller(options):
    with Stack(options, env={"LOOPS": "4", "KEY_PARALLEL": "1", "WAIT_MAX": "60"}) as s:
        key, other, seen = s.key(), s.key(), []

        def ask():
            with s.chat(model="gated-2", key=key, stream=True) as r:
                seen.append((r.status, r.events()[-1]))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_for("the first call", lambda: len(s.standin.requests(key)) == 1)
        with s.chat(key=other) as r:
            equal(r.status, 200, "another caller's status meanwhile")
            r.read()
        for count in range(1, 4):
            wait_for("the next call", lambda: len(s.standin.requests(key)) == count)
            equal(len(s.standin.requests(key)), count, "calls so far")
            wait_for("its last event", lambda: s.standin.next()["released"])
            wait_for("its end", lambda: len(seen) >= count)
        for thread in threads:
            thread.join()
        equal(seen, [(200, "[DONE]")] * 3, "answers, over several loops")


@once
def the_health_of_a_callers_key_holds_in_every_list(options):
    with Stack(options) as s:
        bad, good, third = s.key("quota_day"), s.key(), s.key()
        for other in (good, good, third):
            with s.chat(key="%s,%s" % (bad, other)) as r:
                equal(r.status, 200, "status")
                r.read()
        equal(len(s.standin.requests(bad)), 1, "calls with the key whose quota is used up")


@once
def keys_come_with_and_without_blanks(options):
    with Stack(options) as s:
        for gap in (",", ", ", " , ", "\t,  "):
            bad, good = s.key("key_invalid"), s.key()
            with s.chat(key=bad + gap + good) as r:
                equal(r.status, 200, "status with %r" % gap)
                r.read()
            equal(s.standin.one(good)["headers"]["x-goog-api-key"], good, "the key upstream")


def _pool(options, count, **env):
    keys = ["itpool%03dabcdefghijklmnopqrstuvwxyzABC" % n for n in range(count)]
    env.update(
        GEMINI_API_KEYS=", ".join(keys), ACCESS_TOKENS="token-one-0123456789,token-two-0123456789"
    )
    return keys, Stack(options, env=env)


@once
def the_servers_keys_are_for_callers_with_a_token(options):
    keys, s = _pool(options, 2)
    with s:
        for token in ("token-one-0123456789", "token-two-0123456789"):
            with s.chat(key=token) as r:
                equal(r.status, 200, "status with a token")
                r.read()
            with s.generate(key=token) as r:
                equal(r.status, 200, "status with a token as x-goog-api-key")
                r.read()
        for request in s.standin.requests():
            true(request["headers"]["x-goog-api-key"] in keys, "a key of the pool goes upstream")
            true("token-" not in json.dumps(request), "no token goes upstream")
        with s.request(
            "POST", CHAT, body={"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
        ) as r:
            equal(r.status, 401, "status without a token")
            r.read()


@once
def a_callers_own_key_is_never_mixed_with_the_pool(options):
    keys, s = _pool(options, 2, OWN_KEYS="yes")
    with s:
        own, bad = s.key(), s.key("key_invalid")
        for key, status in ((own, 200), (bad, 401)):
            with s.chat(key=key) as r:
                equal(r.status, status, "status")
                r.read()
            equal(len(s.standin.requests(key)), 1, "calls with the caller's key")
        equal(
            [r for r in s.standin.requests() if r["headers"].get("x-goog-api-key") in keys],
            [],
            "calls with a key of the pool",
        )


@once
def beside_a_pool_a_callers_own_key_is_not_a_token(options):
    _, s = _pool(options, 2)
    with s:
        with s.chat() as r:
            equal(r.status, 401, "status")
            r.read()
        equal(s.standin.requests(), [], "calls upstream")


@once
def keys_take_turns(options):
    for balance in (None, "round-robin"):
        keys, s = _pool(options, 3, **({"BALANCE": balance} if balance else {}))
        with s:
            s.standin.clear()
            for _ in range(9):
                with s.chat(key="token-one-0123456789") as r:
                    r.read()
            used = [r["headers"]["x-goog-api-key"] for r in s.standin.requests()]
            equal([used.count(k) for k in keys], [3, 3, 3], "calls per key, BALANCE=%s" % balance)


@once
def the_key_with_the_fewest_requests_is_taken(options):
    keys, s = _pool(options, 2)
    with s:
        s.standin.clear()
        with s.chat(key="token-one-0123456789", model="gated-2", stream=True) as busy:
            while not delta(busy.event()):
                pass
            for count in range(1, 5):
                with s.chat(key="token-one-0123456789") as r:
                    r.read()
                # The answer is complete a moment before the key is free again.
                wait_for("the access line", lambda: len(s.access_lines()) >= count)
            used = [r["headers"]["x-goog-api-key"] for r in s.standin.requests()]
            equal(used[1:], [k for k in keys if k != used[0]] * 4, "the other key serves")


@once
def random_choice_uses_every_key(options):
    keys, s = _pool(options, 2, BALANCE="random")
    with s:
        s.standin.clear()
        for _ in range(40):
            with s.chat(key="token-one-0123456789") as r:
                r.read()
        used = {r["headers"]["x-goog-api-key"] for r in s.standin.requests()}
        equal(used, set(keys), "keys used")


@once
def verify_needs_a_token_and_hides_the_keys(options):
    keys, s = _pool(options, 12)
    with s:
        body = json.dumps({"keys": keys}).encode()
        headers = [("Content-Type", "application/json")]
        with s.request("POST", "/verify", headers, body, bearer="token-one-0123456789") as r:
            equal(r.status, 200, "status")
            told = [json.loads(e) for e in r.events()]
        told = [t for t in told if "key" in t]
        equal(
            sorted(t["key"] for t in told),
            sorted(k[:7] + "......" + k[-7:] for k in keys),
            "keys told of",
        )
        equal({t["status"] for t in told}, {"GOOD"}, "states")
        with s.request("GET", "/verify") as r:
            equal(r.status, 401, "status without a token")
            true(not re.search(r"itpool", r.text()), "nothing about the pool")
