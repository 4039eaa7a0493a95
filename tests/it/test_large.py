"""Answers and bodies that are too large to be kept in memory."""

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import time

import fcgi_client
import harness
import servers
from calls import Growth
from http_client import Broken
from stack import MODEL, Stack, delta
from tap import each, equal, once, true

MIB = 1 << 20
ROOM_KIB = 12 * 1024  # what a running gateway may grow by, whatever passes through it


def _read_watched(s, r):
    """Reads to the end; returns the bytes and the peak of the memory in KiB."""
    total = most = 0
    looked = 0.0
    while True:
        part = r.chunk()
        if not part:
            return total, max(most, s.box.memory_kib())
        total += len(part)
        if time.monotonic() - looked > 0.05:
            most = max(most, s.box.memory_kib())
            looked = time.monotonic()


@each
def an_answer_of_50_mb_passes_in_constant_memory(s):
    growth = Growth(s)
    with s.generate(
        model="bench-540-0-100000", verb="streamGenerateContent", query="?alt=sse"
    ) as r:
        equal(r.status, 200, "status")
        total, most = _read_watched(s, r)
    true(total > 50 * MIB, "%d bytes are more than 50 MB" % total)
    growth.below(ROOM_KIB, "memory", most)


@once
def a_body_of_100_mb_passes_and_one_byte_more_does_not(options):
    with contextlib.ExitStack() as stack:
        spool = stack.enter_context(tempfile.TemporaryDirectory(prefix="gemini-balance-it-"))
        os.chmod(spool, 0o777)
        s = stack.enter_context(Stack(options, servers.Lighttpd, env={"SPOOL_DIR": spool}))
        growth = Growth(s)
        head = b'{"contents":[{"parts":[{"inlineData":{"mimeType":"video/mp4","data":"'
        tail = b'"}}]}]}'
        room = 100 * MIB - len(head) - len(tail)
        body = head + b"QUJD" * (room // 4) + tail
        body += b" " * (100 * MIB - len(body))
        path = "/v1beta/models/%s:generateContent" % MODEL
        kind = [("Content-Type", "application/json")]
        key = s.key()
        with s.request("POST", path, kind, body, key=key) as r:
            equal((r.status, bool(r.read())), (200, True), "status")
        request = s.standin.one(key)
        equal(request["body_bytes"], 100 * MIB, "bytes upstream")
        equal(request["body_sha256"], hashlib.sha256(body).hexdigest(), "digest upstream")
        growth.below(ROOM_KIB, "memory afterwards")
        with s.request("POST", path, kind, body + b" ", key=s.key()) as r:
            equal((r.status, r.json()["error"]["code"]), (413, 413), "one byte more")
        # Large bodies wait in files without a name; none stays open, and none is left behind.
        for pid in s.box.gateway_pids() if harness.ROOT else ():
            folder = "/proc/%d/fd/" % pid
            names = [os.readlink(folder + fd) for fd in os.listdir(folder)]
            equal([n for n in names if "(deleted)" in n], [], "open temporary files")
        equal(os.listdir(spool), [], "files in SPOOL_DIR")


@once
def a_client_that_does_not_read_stops_the_upstream(options):
    with Stack(options) as s:
        growth = Growth(s)
        with s.generate(
            model="bench-2200-0-100000", verb="streamGenerateContent", query="?alt=sse"
        ) as r:
            equal(r.status, 200, "status")
            # While this client sleeps the others are served, and nothing piles up.
            for _ in range(20):
                with s.chat() as other:
                    equal(other.status, 200, "status of another request")
                    other.read()
            equal(s.standin.control("GET", "/stats")["open_streams"], 1, "streams that wait")
            growth.below(ROOM_KIB, "memory while the client sleeps")
            true(r.skip() > 200 * MIB, "all of it arrives in the end")


@once
def long_answers_are_translated_whole(options):
    with Stack(options) as s:
        with s.chat(model="bench-1-0-8000000") as r:
            equal(r.status, 200, "status")
            equal(len(r.json()["choices"][0]["message"]["content"]), 8000000, "letters")
        with s.chat(model="bench-3-0-8000000", stream=True) as r:
            events = r.events()
        equal(events[-1], "[DONE]", "last event")
        equal(sum(len(delta(e)) for e in events[:-1]), 24000000, "letters of the stream")


@once
def large_bodies_of_many_callers_hold_up_nobody(options):
    """The bodies are translated off the loop, several at once, and some of the clients leave."""
    history = [{"role": "user", "content": "word " * 40000}, {"role": "user", "content": "Hello"}]
    with Stack(options, env={"LOOPS": "1"}) as s:
        states = []

        def ask(stream):
            with s.chat(stream=stream, messages=history) as r:
                states.append(r.status)
                if not stream:
                    r.read()

        threads = [threading.Thread(target=ask, args=(n % 2 == 0,)) for n in range(12)]
        for t in threads:
            t.start()
        for _ in range(20):
            with s.request("GET", "/healthz") as r:
                equal(r.status, 200, "status of the page meanwhile")
        for t in threads:
            t.join()
        equal(states, [200] * 12, "their states")


@once
def a_body_that_would_become_gigabytes_costs_its_bytes(options):
    text = b"{}," * (3 * MIB) + b"{}"
    field = b'{"model":"%s","messages":[{"role":"user","content":"Hi"}],"metadata":[%s]}'
    body = field % (MODEL.encode(), text)
    with Stack(options) as s:
        growth = Growth(s)
        headers = [("Content-Type", "application/json")]
        with s.request("POST", "/v1/chat/completions", headers, body, bearer=s.key()) as r:
            equal(r.status, 413, "status")
            equal(r.json()["error"]["code"], "request_too_large", "code")
        growth.below(ROOM_KIB, "its memory")
        with s.chat() as r:
            equal(r.status, 200, "status of the next one")
            r.read()


@once
def a_missing_spool_directory_is_logged(options):
    spool = tempfile.mkdtemp(prefix="gemini-balance-it-")
    os.chmod(spool, 0o777)
    with Stack(options, env={"SPOOL_DIR": spool}) as s:
        os.rmdir(spool)
        with s.chat(text="word " * 500000) as r:
            equal(r.status, 500, "status")
            true("store" in r.json()["error"]["message"], "the caller is told what failed")
        harness.wait_for("the access line", s.access_lines)
        equal(s.access_lines()[0]["class"], "spool_failed", "class")
        line = [line for line in s.box.log_lines() if line["event"] == "spool_failed"][0]
        equal(line["dir"], spool, "the directory")
        true(line["error"] and line["advice"], "why, and what to do")
        with s.chat() as r:
            equal(r.status, 200, "status of a small one")
            r.read()


@once
def answers_that_nobody_reads_have_a_ceiling(options):
    with Stack(options, gateway=False, env={"MEMORY_MAX": "20M"}) as s:
        s.box.address = "unix:%s/unread.sock" % s.box.run
        s.box.start_gateway(s.box.address)
        body = json.dumps(
            {"model": "bench-1-0-8000000", "messages": [{"role": "user", "content": "Hi"}]}
        ).encode()
        headers = [("Content-Type", "application/json"), ("Authorization", "Bearer " + s.key())]
        request = fcgi_client.whole_request("POST", "/v1/chat/completions", headers, body)
        socks = []
        for _ in range(5):
            socks.append(fcgi_client.connect(s.box.address))
            socks[-1].sendall(request)

        def cut():
            return sum(line.get("event") == "slow_reader_cut" for line in s.box.log_lines())

        # Two of them fit.
        harness.wait_for("readers that are cut", lambda: cut() >= 3)
        # One that reads is not held up, and not cut.
        sock = fcgi_client.connect(s.box.address)
        sock.sendall(request)
        with fcgi_client.read_reply(sock) as r:
            true(len(r.read()) > 8000000, "the answer of one that reads is whole")
        whole = 0
        for sock in socks:
            try:
                with fcgi_client.read_reply(sock) as r:
                    whole += len(r.read()) > 8000000
            except (Broken, OSError):
                pass
        true(1 <= whole <= 2, "%d answers to the others are whole: 20 MB at most" % whole)
