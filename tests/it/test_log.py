"""The log: one JSON object a line, one access line a request, and never a secret."""

import json
import os
import tempfile

import fcgi_client
import servers
from harness import DROP_USER, wait_for
from stack import CHAT, MODEL, Stack
from tap import each, equal, once, true

MEMBERS = (
    "id",
    "route",
    "model",
    "key",
    "attempts",
    "status",
    "first_byte_ms",
    "total_ms",
    "bytes_in",
    "bytes_out",
    "prompt_tokens",
    "completion_tokens",
)


def _access(s, count):
    """The access lines, once there are that many."""
    wait_for("%d access lines" % count, lambda: len(s.access_lines()) >= count)
    equal(len(s.access_lines()), count, "access lines")
    return s.access_lines()


@once
def each_request_leaves_one_access_line(options):
    with Stack(options) as s:
        ids = []
        with s.chat() as r:
            usage = r.json()["usage"]
            ids.append(r.header("x-request-id"))
        with s.chat(model="gated-1", stream=True) as r:
            r.events()
            ids.append(r.header("x-request-id"))
        with s.generate() as r:
            r.read()
            ids.append(r.header("x-request-id"))
        with s.request("GET", "/nowhere") as r:
            r.read()
            ids.append(r.header("x-request-id"))
        # Two loops write in the order in which they finish.
        by_id = {line["id"]: line for line in _access(s, 4)}
        equal(sorted(by_id), sorted(ids), "ids")
        lines = [by_id[i] for i in ids]
        equal([line["status"] for line in lines], [200, 200, 200, 404], "states")
        for line in lines[:3]:
            for name in MEMBERS:
                true(name in line, "member %s in %s" % (name, line))
            equal(line["attempts"], 1, "attempts")
            true(0 <= line["first_byte_ms"] <= line["total_ms"], "times")
            true(line["bytes_in"] > 0 and line["bytes_out"] > 0, "bytes")
        equal([line["model"] for line in lines[:3]], [MODEL, "gated-1", MODEL], "models")
        equal(lines[0]["prompt_tokens"], usage["prompt_tokens"], "prompt tokens")
        equal(lines[0]["completion_tokens"], usage["completion_tokens"], "completion tokens")
        true(lines[0]["route"] != lines[2]["route"], "routes of chat and native differ")


@once
def a_key_has_the_same_fingerprint_every_time(options):
    with Stack(options) as s:
        one, two = s.key(), s.key()
        prints = []
        for key in (one, two, one):
            with s.chat(key=key) as r:
                r.read()
            # A line is written after its answer: another loop may be faster with the next one.
            prints.append(_access(s, len(prints) + 1)[-1]["key"])
        equal(prints[0], prints[2], "fingerprints of one key")
        true(prints[0] != prints[1], "fingerprints of two keys differ")


@once
def attempts_are_counted(options):
    with Stack(options) as s:
        with s.chat(key=",".join((s.key("key_invalid"), s.key("quota_day"), s.key()))) as r:
            equal(r.status, 200, "status")
            r.read()
        equal(_access(s, 1)[0]["attempts"], 3, "attempts")


@once
def a_client_that_left_has_its_line_too(options):
    with Stack(options) as s:
        with s.chat(model="gated-3", stream=True) as r:
            r.event()
        line = _access(s, 1)[0]
        true(line["status"] in (200, 499), "status %s" % line["status"])


@once
def a_request_id_of_the_caller_cannot_forge_the_log(options):
    with Stack(options) as s:
        for value in ('abc" , "x":"y', "a" * 5000, "\u00e9\u0001\u001b[31m"):
            with s.request(
                "GET", "/healthz", [("X-Request-Id", value), ("User-Agent", value)]
            ) as r:
                r.read()
                true("\n" not in r.header("x-request-id"), "the id is one line")
        _access(s, 3)


@once
def no_key_is_found_anywhere(options):
    faults = ("", "--key_invalid", "--quota_day")
    pool = ",".join("itpool91%dabcdefghijklmnopq%s" % item for item in enumerate(faults))
    env = {
        "GEMINI_API_KEYS": pool,
        "ACCESS_TOKENS": "secret-token-0123456789",
        "LOG_LEVEL": "debug",
    }
    # The Stack searches every answer, header and file that comes of this for every key and token.
    with Stack(options, env=env) as s:
        own = [
            s.key(f)
            for f in (
                None,
                "key_invalid",
                "quota_day",
                "suspended",
                "overloaded",
                "stream_error_mid",
                "leaked",
            )
        ]
        for key in own + ["secret-token-0123456789", ",".join(own)]:
            for stream in (False, True):
                with s.chat(key=key, stream=stream) as r:
                    r.read()
            for verb, query in (("generateContent", ""), ("streamGenerateContent", "?alt=sse")):
                with s.generate(key=key, verb=verb, query=query) as r:
                    r.read()
            with s.request("GET", "/v1beta/models?key=" + key.replace(",", "%2C")) as r:
                r.read()
            with s.request("GET", "/nowhere?key=" + key, bearer=key) as r:
                r.read()
            with s.request("POST", "/verify", bearer=key) as r:
                r.read()
        with s.request("POST", CHAT, bearer=own[0], body={"model": own[0], "messages": []}) as r:
            r.read()
        true(s.box.log_lines(), "there is a log")


@once
def the_log_holds_no_text_of_a_conversation(options):
    with Stack(options, env={"LOG_LEVEL": "debug"}) as s:
        words = "Thequickbrownfoxtellsasecret"
        for stream in (False, True):
            with s.chat(words, stream=stream) as r:
                r.read()
        with s.generate(words) as r:
            r.read()
        with s.request(
            "POST",
            CHAT,
            [("Content-Type", "application/json")],
            ('{"messages": "%s' % words).encode(),
            bearer=s.key(),
        ) as r:
            r.read()
        for name, data in s.box.written():
            true(words.encode() not in data, "no text in " + name)


@once
def a_broken_request_line_keeps_the_log_whole(options):
    with Stack(options) as s:
        for uri in ('/v1/"\\\n{}', "/\x00", "/" + "x" * 20000, "/v1/models/%ff%fe"):
            try:
                with fcgi_client.request(s.box.address, 'GET"\n', uri) as r:
                    r.read()
            except Exception:  # refused without an answer is fine too
                pass
        with s.request("GET", "/healthz") as r:
            r.read()
        true(all(json.dumps(line) for line in s.box.log_lines()), "the log is JSON")


def _line_of(s, headers=(), key=None):
    """The access line of a chat request."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    with s.request("POST", CHAT, headers, body, bearer=s.key() if key is None else key) as r:
        r.read()
        name = r.header("x-request-id")
    wait_for("its line", lambda: any(line["id"] == name for line in s.access_lines()))
    return next(line for line in s.access_lines() if line["id"] == name)


@each
def the_line_has_the_address_of_the_client(s):
    # No proxy in front of the web server is trusted, whatever the headers claim.
    forged = [("X-Forwarded-For", "198.51.100.1")]
    equal(_line_of(s, forged)["remote"], "127.0.0.1", "the address")


@once
def trusted_proxies_name_the_client(options):
    for server in (servers.Nginx, servers.Lighttpd):
        with Stack(options, server, env={"TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.0/8"}) as s:
            path = [("X-Forwarded-For", "192.0.2.66, 198.51.100.1, 10.0.0.7")]
            equal(_line_of(s, path)["remote"], "198.51.100.1", "behind two proxies")
            equal(_line_of(s)["remote"], "127.0.0.1", "without a proxy")


@once
def a_key_in_the_log_is_found_in_the_file(options):
    good = "itname001abcdefghijklmnopqrstuvwxyz"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as keys:
        keys.write("\ufeff# keys\r\n\r\n%s name=spare\r\n" % good)
        keys.flush()
        os.chmod(keys.name, 0o644)
        env = {"GEMINI_API_KEYS_FILE": keys.name, "OPEN_ACCESS": "yes", "ADMIN_TOKEN": "operator-1"}
        with Stack(options, env=env) as s:
            s.secrets += [good, "operator-1"]
            line = _line_of(s, key="")
            equal((line["key_name"], line["key_line"]), ("spare", 3), "in the access line")
            with s.request("GET", "/verify", bearer="operator-1") as r:
                event = json.loads(r.text().split("data: ")[1])
            equal((event["name"], event["line"]), ("spare", 3), "in /verify")
            equal(event["fingerprint"], line["key"], "by the same fingerprint")


@once
def a_log_that_nobody_reads_stops_nothing(options):
    with Stack(options, gateway=False) as s:
        reader, writer = os.pipe()
        try:
            s.box.address = "unix:" + os.path.join(s.box.run, "quiet.sock")
            process = s.box.spawn(
                "gateway",
                [s.box.program, "--listen", s.box.address],
                env=dict(s.box.gateway_env(), LOG_FILE=""),
                user=DROP_USER,
                before=lambda: os.dup2(writer, 2),
            )
            s.box.wait_address(process)
            # A pipe has room for about 64 KB, a line about 400 bytes.
            for _ in range(300):
                with s.request("GET", "/nowhere") as r:
                    equal(r.status, 404, "status")
                    r.read()
            with s.chat() as r:
                equal(r.status, 200, "status of a chat")
                r.read()
            equal(process.stop(), 0, "exit status after SIGTERM")
        finally:
            os.close(reader)
            os.close(writer)
