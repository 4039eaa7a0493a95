"""Callers who are slow or never finish do not delay others."""

import contextlib
import hashlib
import json
import os
import resource
import select
import signal
import socket
import tempfile
import threading
import time

import fcgi_client as f
import harness
import http_client
import servers
from calls import Growth
from http_client import Broken
from stack import CHAT, MODEL, Stack
from tap import Skip, equal, once, true, waiting

GRACE = 20  # seconds of silence that a new body may have, BODY_GRACE_MS
HEAD_WAIT = 15  # REQUEST_WAIT_MS
SHARE = 64  # ARRIVALS_SHARE
PLACES = 1024  # ARRIVALS_MAX
NATIVE = "/v1beta/models/%s:generateContent" % MODEL
BODY = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}).encode()


def _descriptors(count):
    """Allows this process that many descriptors, or skips the test."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < count:
        raise Skip("needs %d descriptors" % count)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _from(n):
    return [("REMOTE_ADDR", "192.0.2.%d" % n)]


def _half(s, extra=(), key=None, path=CHAT, body=BODY, sent=10):
    """A FastCGI connection with a head and the beginning of its body."""
    sock = f.connect(s.box.address)
    sock.sendall(
        f.head("POST", path, [("Authorization", "Bearer " + (key or s.key()))], body, extra)
        + (f.record(f.STDIN, body[:sent]) if sent else b"")
    )
    return sock


def _rest(sock, body=BODY, sent=10):
    sock.sendall(f.stream(f.STDIN, body[sent:]))


def _readable(socks):
    poll = select.poll()
    for sock in socks:
        poll.register(sock, select.POLLIN | select.POLLHUP)
    return len(poll.poll(0))


def _settle(s):
    """With one loop: waits until everything sent before has been read. A single request could
    overtake it, a second one cannot."""
    for _ in range(2):
        with s.request("GET", "/healthz") as r:
            r.read()


def _status(sock):
    with f.read_reply(sock) as r:
        r.read()
        return r.status


class _Drip(threading.Thread):
    """Sends a byte on each of the sockets a few times a second until it is stopped."""

    def __init__(self, socks, piece, pause=0.2):
        super().__init__(daemon=True)
        self.socks = list(socks)
        self.piece = piece
        self.pause = pause
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.pause):
            for sock in list(self.socks):
                try:
                    sock.send(self.piece, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    pass
                except OSError:
                    self.socks.remove(sock)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


# ---- straight to the gateway ----


def _served(s, size, key):
    """A request of that size whose body comes in two pieces, a moment after the head."""
    text = json.dumps({"contents": [{"parts": [{"text": "a" * size}]}]}).encode()
    with contextlib.closing(_half(s, _from(250), key, NATIVE, text, 0)) as sock:
        time.sleep(0.02)
        sock.sendall(f.record(f.STDIN, text[: min(size // 2, 60000)]))
        _rest(sock, text, min(size // 2, 60000))
        equal(_status(sock), 200, "status of a request of %d bytes" % size)
    equal(
        s.standin.one(key)["body_sha256"], hashlib.sha256(text).hexdigest(), "its digest upstream"
    )


@once
def slow_callers_hold_up_nobody(options):
    _descriptors(3000)
    with Stack(options) as s, contextlib.ExitStack() as stack:
        keep = lambda sock: stack.enter_context(contextlib.closing(sock))
        idle = [keep(f.connect(s.box.address)) for _ in range(1000)]
        silent = [keep(_half(s, _from(n // 50))) for n in range(100)]
        dripping = [keep(_half(s, _from(10 + n // 50), body=b" " * 100000)) for n in range(100)]
        for _ in range(100):
            sock = keep(f.connect(s.box.address))
            path = "/v1beta/models/bench-540-0-100000:streamGenerateContent?alt=sse"
            body = b'{"contents":[{"parts":[{"text":"Hello"}]}]}'
            sock.sendall(f.whole_request("POST", path, [("x-goog-api-key", s.key())], body))
        begun = time.monotonic()
        with _Drip(dripping, f.record(f.STDIN, b" ")):
            for _ in range(3):
                for size in (1000, 300000, 5000000):
                    _served(s, size, s.key())
                with s.chat() as r:
                    equal(r.status, 200, "status of a whole request")
                    r.read()
            took = time.monotonic() - begun
            # No slow connection had to give way.
            true(took < HEAD_WAIT - 2, "served before the slow ones' time is over: %.1f s" % took)
            equal(_readable(idle + silent + dripping), 0, "slow ones that were ended meanwhile")


@waiting
@once
def a_sender_that_is_too_slow_gets_a_408(options):
    _descriptors(1000)
    with Stack(options) as s, contextlib.ExitStack() as stack:
        keep = lambda sock: stack.enter_context(contextlib.closing(sock))
        begun = time.monotonic()
        idle = [keep(f.connect(s.box.address)) for _ in range(300)]
        for sock in idle[:20]:
            sock.sendall(f.head("POST", CHAT)[:30])
        silent = keep(_half(s, sent=0))
        native = keep(_half(s, path=NATIVE))
        dripping = keep(_half(s, body=b" " * 100000))
        upload = BODY + b" " * 200000
        steady = keep(_half(s, body=upload))
        at = 10
        with _Drip([dripping], f.record(f.STDIN, b" ")):
            harness.wait_for(
                "the end of idle connections", lambda: _readable(idle) == len(idle), HEAD_WAIT + 10
            )
            true(time.monotonic() - begun > HEAD_WAIT - 1, "not before their time")
            for sock in idle[20:]:
                equal(sock.recv(1), b"", "what an idle connection gets")
            equal(_readable([silent, native, dripping, steady]), 0, "ends of bodies so far")
            # Five KiB a second are slow, but not too slow.
            while time.monotonic() - begun < GRACE + 5:
                steady.sendall(f.record(f.STDIN, upload[at : at + 1280]))
                at += 1280
                time.sleep(0.25)
        for sock in (silent, dripping):
            with f.read_reply(sock) as r:
                equal((r.status, r.json()["error"]["type"]), (408, "invalid_request_error"), "slow")
        with f.read_reply(native) as r:
            equal((r.status, r.json()["error"]["code"]), (408, 408), "slow, native")
        equal(_readable([steady]), 0, "ends of what comes steadily")
        _rest(steady, upload, at)
        equal(_status(steady), 200, "status of what came steadily")
        lines = [line for line in s.access_lines() if line["status"] == 408]
        equal({line["error"] for line in lines}, {"timeout_body"}, "error in the log")


def _refused(sock, what):
    with contextlib.closing(sock), f.read_reply(sock) as r:
        equal(r.status, 503, "status: " + what)
        true(int(r.header("retry-after")) > 0, "Retry-After: " + what)
        equal(r.json()["error"]["code"], "overloaded", "code: " + what)


@once
def one_address_has_a_share_of_the_places(options):
    _descriptors(1000)
    env = {"TRUSTED_PROXIES": "10.0.0.0/8", "LOOPS": "1"}
    forms = (
        ("an address", lambda n: [("REMOTE_ADDR", "192.0.2.7")]),
        ("an IPv6 network", lambda n: [("REMOTE_ADDR", "2001:db8::%x" % (n + 1))]),
        (
            "an address behind a proxy",
            lambda n: [("REMOTE_ADDR", "10.0.0.%d" % (n % 5)), ("HTTP_X_FORWARDED_FOR", "::9")],
        ),
    )
    with Stack(options, env=env) as s:
        for what, extra in forms:
            taken = [_half(s, extra(n)) for n in range(SHARE)]
            _settle(s)
            equal(_readable(taken), 0, "ends within the share of " + what)
            _refused(_half(s, extra(SHARE)), "one more of " + what)
            with s.chat() as r:
                equal(r.status, 200, "a whole request needs no place")
                r.read()
            other = _half(s, _from(8))
            _rest(other)
            equal(_status(other), 200, "another address, beside " + what)
            # A place comes back when the body is there, and when its sender leaves.
            _rest(taken[0])
            equal(_status(taken[0]), 200, "the first of " + what)
            taken.pop().close()
            _settle(s)
            for sock in taken[1:]:
                _rest(sock)
                equal(_status(sock), 200, "the others of " + what)
            sock = _half(s, extra(0))
            _rest(sock)
            equal(_status(sock), 200, "afterwards, of " + what)


@once
def one_credential_has_a_share_of_the_places(options):
    _descriptors(1000)
    with Stack(options, env={"LOOPS": "1"}) as s, contextlib.ExitStack() as stack:
        key = s.key()
        for n in range(SHARE):
            stack.enter_context(contextlib.closing(_half(s, _from(n), key)))
        _settle(s)
        _refused(_half(s, _from(100), key), "one more with the same key")
        other = _half(s, _from(100))
        _rest(other)
        equal(_status(other), 200, "another credential")


@once
def the_slowest_gives_way_when_all_places_are_taken(options):
    _descriptors(3 * PLACES)
    with Stack(options, env={"LOOPS": "1"}) as s, contextlib.ExitStack() as stack:
        keep = lambda sock: stack.enter_context(contextlib.closing(sock))
        body = BODY + b" " * 100000
        moving = keep(_half(s, _from(200), body=body, sent=50000))
        first = []
        for n in range(10):
            first.append(keep(_half(s, _from(n // 50))))
            _settle(s)
        rest = [keep(_half(s, _from(n // 50))) for n in range(10, PLACES - 1)]
        _settle(s)
        equal(_readable([moving] + first + rest), 0, "ends while there are places")
        for n in range(10):
            new = keep(_half(s, _from(220)))
            equal(_status(first[n]), 408, "status of the slowest")
            _rest(new)
            equal(_status(new), 200, "status of the new one")
            # The place is taken again, or the next one would be free.
            rest.append(keep(_half(s, _from(100 + n))))
            _settle(s)
        equal(_readable([moving] + rest), 0, "ends of others")
        _rest(moving, body, 50000)
        equal(_status(moving), 200, "status of the one that moved")


@once
def idle_connections_make_room(options):
    with Stack(options, gateway=False, env={"LOOPS": "1"}) as s:
        s.box.address = "unix:%s/few.sock" % s.box.run
        process = s.box.spawn(
            "gateway",
            [s.box.program, "--listen", s.box.address],
            env=s.box.gateway_env(),
            user=harness.DROP_USER,
            before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)),
        )
        s.box.wait_address(process)
        with contextlib.ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(contextlib.closing(f.connect(s.box.address)))
            begun = time.monotonic()
            with s.chat() as r:
                equal(r.status, 200, "status behind 300 idle connections")
                r.read()
            true(time.monotonic() - begun < HEAD_WAIT - 2, "not only when their time is over")


@once
def bodies_in_pieces_of_any_size_arrive_whole(options):
    sizes = ((900, 1), (70000, 999), (3000000, 7001), (3000000, 65535))
    for env in ({}, {"BODY_MEMORY": "0"}, {"BODY_MEMORY": "50K"}):
        with tempfile.TemporaryDirectory(prefix="gemini-balance-it-") as spool:
            os.chmod(spool, 0o777)
            with Stack(options, env=dict(env, SPOOL_DIR=spool)) as s:
                for size, piece in sizes:
                    text = json.dumps({"contents": [{"parts": [{"text": "a" * size}]}]}).encode()
                    key = s.key()
                    sock = _half(s, key=key, path=NATIVE, body=text, sent=0)
                    for at in range(0, len(text), piece):
                        sock.sendall(f.record(f.STDIN, text[at : at + piece]))
                    sock.sendall(f.record(f.STDIN))
                    equal(_status(sock), 200, "%d bytes by %d" % (size, piece))
                    found = s.standin.one(key)["body_sha256"]
                    equal(found, hashlib.sha256(text).hexdigest(), "digest upstream")
                # A body that is whole at the first look, but not for memory.
                with s.chat("b" * 100000) as r:
                    equal(r.status, 200, "status of a whole request")
                    r.read()
                sock = _half(s, body=BODY + b" " * 2000000)
                sock.sendall(f.stream(f.STDIN, b" " * 1000000))
                try:
                    true(sock.recv(1) == b"", "a body shorter than promised gets no answer")
                except ConnectionResetError:
                    pass
                sock.close()
                equal(os.listdir(spool), [], "files left behind")
            harness.wait_for("an empty spool", lambda: os.listdir(spool) == [])


@once
def uploads_on_their_way_keep_to_their_memory(options):
    _descriptors(1000)
    with Stack(options) as s, contextlib.ExitStack() as stack:
        text = json.dumps({"contents": [{"parts": [{"text": "a" * 700000}]}]}).encode()
        growth = Growth(s)
        keys, socks = [], []
        for n in range(300):
            keys.append(s.key())
            sock = _half(s, _from(n // 50), keys[n], NATIVE, text, 0)
            socks.append(stack.enter_context(contextlib.closing(sock)))
            for at in range(0, 600000, 60000):
                sock.sendall(f.record(f.STDIN, text[at : at + 60000]))
        # 170 MiB have come, of which 64 may stay in memory.
        growth.below(100 * 1024, "memory")
        for n in (0, 150, 299):
            _rest(socks[n], text, 600000)
            equal(_status(socks[n]), 200, "status of upload %d" % n)
            found = s.standin.one(keys[n])["body_sha256"]
            equal(found, hashlib.sha256(text).hexdigest(), "digest of upload %d" % n)


@once
def a_body_that_cannot_be_stored_is_a_500(options):
    with tempfile.TemporaryDirectory(prefix="gemini-balance-it-") as spool:
        os.chmod(spool, 0o777)
        gone = os.path.join(spool, "gone")
        os.mkdir(gone)
        os.chmod(gone, 0o777)
        with Stack(options, env={"SPOOL_DIR": gone}) as s:
            os.rmdir(gone)
            with s.chat("b" * 3000000) as r:
                equal(r.status, 500, "status")
                r.read()
            with s.chat() as r:
                equal(r.status, 200, "status of what needs no file")
                r.read()


@once
def uploads_that_move_survive_a_stop(options):
    with Stack(options, env={"LOOPS": "1"}) as s:
        body = BODY + b" " * 100000
        silent, moving = _half(s), _half(s, body=body)
        at = 10
        # A connection that was not accepted before the signal is not served.
        _settle(s)
        s.gateway.popen.send_signal(signal.SIGTERM)
        for _ in range(10):
            moving.sendall(f.record(f.STDIN, body[at : at + 2000]))
            at += 2000
            time.sleep(0.3)
        _refused(silent, "a silent one")
        _rest(moving, body, at)
        equal(_status(moving), 200, "status of the one that moved")
        moving.close()
        equal(s.gateway.wait(), 0, "exit status")


# ---- through web servers that pass bodies on as they come ----


class NginxUnbuffered(servers.Nginx):
    name = "nginx-unbuffered"

    def copy(self, name):
        super().copy(name)
        if name.endswith("location.conf"):
            with open(self.path(name), "a", encoding="utf-8") as out:
                out.write("\nfastcgi_request_buffering off;\n")


def _http_from(s, n):
    """A connection from another address of this machine."""
    sock = socket.socket()
    sock.settimeout(harness.PATIENCE)
    sock.bind(("127.0.1.%d" % n, 0))
    sock.connect(("127.0.0.1", s.server.port))
    return sock


def _http_half(s, n, length):
    sock = _http_from(s, n)
    sock.sendall(
        (
            "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %d\r\n"
            "Authorization: Bearer %s\r\nContent-Type: application/json\r\n\r\n"
            % (CHAT, length, s.key())
        ).encode()
        + b" " * 10
    )
    return sock


def _ends(socks):
    """Counts the statuses that came; "open" and "closed" count sockets without an answer."""
    out = {}
    for sock in socks:
        sock.settimeout(0.1)
        try:
            status = http_client.read_reply(sock, "POST").status
        except socket.timeout:
            status = "open"
        except (Broken, OSError):
            status = "closed"
        out[status] = out.get(status, 0) + 1
    return out


def _behind(options, server, told):
    """told: the statuses that a client that sends too slowly may see in the end."""
    if server.missing():
        raise Skip(server.missing())
    _descriptors(5000)
    with Stack(options, server) as s, contextlib.ExitStack() as stack:
        keep = lambda sock: stack.enter_context(contextlib.closing(sock))
        [keep(_http_from(s, n % 100 + 1)) for n in range(1000)]
        for n in range(100):
            sock = keep(_http_from(s, n + 1))
            path = "/v1beta/models/bench-540-0-100000:streamGenerateContent?alt=sse"
            body = b'{"contents":[{"parts":[{"text":"Hello"}]}]}'
            http_client.send_request(sock, "POST", path, [("x-goog-api-key", s.key())], body)
        begun = time.monotonic()
        silent = [keep(_http_half(s, n + 1, 1000)) for n in range(100)]
        dripping = [keep(_http_half(s, n + 101, 100000)) for n in range(100)]
        with _Drip(dripping, b" ") as drip:
            for size in (1000, 300000, 5000000) * 2:
                key = s.key()
                with s.generate("a" * size, key=key) as r:
                    equal((r.status, bool(r.read())), (200, True), "status of %d bytes" % size)
            took = time.monotonic() - begun
            true(took < GRACE - 2, "served before the slow ones' time is over: %.1f s" % took)
            equal(_readable(silent + dripping), 0, "slow ones that were ended meanwhile")
            late = lambda: [line for line in s.access_lines() if line["status"] == 408]
            harness.wait_for("the end of all", lambda: len(late()) == 200, 3 * GRACE)
            # Some servers notice the end only when they have bytes to pass on.
            time.sleep(1)
            drip.socks += silent
            time.sleep(1)
        ends = _ends(dripping)
        print(
            "# %s: others served in %.1f s; silent %s, dripping %s"
            % (server.name, took, _ends(silent), ends)
        )
        true(set(ends) <= set(told), "what dripping clients got: %s" % ends)


@waiting
@once
def slow_clients_of_nginx_hold_up_nobody(options):
    _behind(options, NginxUnbuffered, {408})


@waiting
@once
def slow_clients_of_caddy_hold_up_nobody(options):
    # Caddy does not read an answer before the whole body is sent.
    _behind(options, servers.Caddy, {502, "closed", "open"})


@waiting
@once
def slow_clients_of_apache_hold_up_nobody(options):
    _behind(options, servers.ApacheProxy, {408})
