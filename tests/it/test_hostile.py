"""FastCGI that no web server would send. After each case the gateway serves the next request."""

import os
import random
import socket
import struct

import fcgi_client as f
from http_client import Broken
from stack import Stack
from tap import equal, once, true

BODY = b'{"model":"gated-1","messages":[{"role":"user","content":"Hello"}]}'


def _alive(s, what):
    with s.request("GET", "/healthz") as r:
        equal(r.status, 200, "status after " + what)
        r.read()
    equal(s.gateway.status(), None, "exit status after " + what)


def _throw(s, data, half_close=False, read=True):
    """Sends the bytes and returns what comes back: an answer, a close or nothing are all fine."""
    with f.connect(s.box.address) as sock:
        sock.settimeout(0.1)
        got = b""
        try:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            while read:
                part = sock.recv(65536)
                if not part:
                    break
                got += part
        except OSError:
            pass
    return got


def _good(key, body=BODY, extra=()):
    return f.whole_request(
        "POST",
        "/v1/chat/completions",
        [("Authorization", "Bearer " + key), ("Content-Type", "application/json")],
        body,
        extra,
    )


@once
def silent_connections_hold_up_nobody(options):
    with Stack(options) as s:
        socks = [f.connect(s.box.address) for _ in range(100)]
        _alive(s, "100 silent connections")
        for sock in socks:
            sock.close()
        _alive(s, "their end")


@once
def a_connection_may_end_at_any_byte(options):
    with Stack(options) as s:
        data = _good(s.key())
        for at in range(len(data)):
            _throw(s, data[:at], read=False)
        _alive(s, "a close at every byte")
        for at in list(range(0, len(data), 7)):
            _throw(s, data[:at], half_close=True)
        _alive(s, "a half close at every seventh byte")


@once
def a_request_may_come_in_small_pieces(options):
    with Stack(options) as s:
        sock = f.connect(s.box.address)
        good = _good(s.key())
        for at in range(0, len(good), 7):
            sock.sendall(good[at : at + 7])
        with f.read_reply(sock) as r:
            equal(r.status, 200, "status")
            true(r.json()["choices"], "there is an answer")


@once
def absurd_lengths_of_parameters_are_survived(options):
    with Stack(options) as s:
        for name in (0x7FFFFFFF, 0x7FFFFFFE, 0x7FFFFFF0, 0x10000000, 0x100000, 0):
            for value in (0x7FFFFFFF, 0x7FFFFFFE, 0x40000000, 0):
                lengths = struct.pack(">II", name | 0x80000000, value | 0x80000000)
                for rest in (b"", b"x" * 64):
                    _throw(s, f.begin() + f.record(f.PARAMS, lengths + rest), half_close=True)
                    _throw(
                        s, f.begin() + f.stream(f.PARAMS, lengths + rest) + f.stream(f.STDIN, b"")
                    )
        _alive(s, "absurd lengths")


@once
def truncated_parameters_are_not_a_request(options):
    with Stack(options) as s:
        key = s.key()
        s.standin.clear()
        whole = f.pairs(
            f.environment(
                "POST", "/v1/chat/completions", [("Authorization", "Bearer " + key)], BODY
            )
        )
        for cut in (len(whole) // 3, len(whole) // 2, len(whole) - 1):
            # The stream ends regularly, inside a pair.
            _throw(s, f.begin() + f.stream(f.PARAMS, whole[:cut]) + f.stream(f.STDIN, BODY))
            # The peer goes away between two records.
            _throw(s, f.begin() + f.record(f.PARAMS, whole[:cut]), half_close=True)
        _alive(s, "truncated parameters")
        equal(s.standin.requests(key), [], "calls upstream")


@once
def a_body_shorter_than_promised_is_not_a_request(options):
    with Stack(options) as s:
        for length in ("1000", str(len(BODY) + 1)):
            key = s.key()
            data = _good(key, extra=[("CONTENT_LENGTH", length)])
            got = _throw(s, data)
            true(b"Status: 200" not in got, "no 200 for a body shorter than %s" % length)
            equal(s.standin.requests(key), [], "calls upstream")
        _alive(s, "short bodies")


@once
def a_body_longer_than_promised_does_no_harm(options):
    with Stack(options) as s:
        _throw(s, _good(s.key(), extra=[("CONTENT_LENGTH", "3")]))
        _throw(
            s, _good(s.key(), body=BODY + b" " * 300000, extra=[("CONTENT_LENGTH", str(len(BODY)))])
        )
        _alive(s, "long bodies")


@once
def odd_values_of_content_length_are_survived(options):
    with Stack(options) as s:
        for value in (
            "-1",
            "",
            "abc",
            "99999999999999999999999",
            "0x10",
            "1e3",
            " 5",
            "-9223372036854775808",
        ):
            _throw(s, _good(s.key(), extra=[("CONTENT_LENGTH", value)]))
            _alive(s, "CONTENT_LENGTH=%r" % value)
        for value in ("", "-1", None):
            with f.request(
                s.box.address,
                "POST",
                "/v1/chat/completions",
                [("Authorization", "Bearer " + s.key())],
                BODY,
                extra=[("CONTENT_LENGTH", value)],
            ) as r:
                equal(r.status, 200, "status with an unknown length (%r)" % value)
                r.read()


@once
def abort_request_ends_a_request_at_any_time(options):
    with Stack(options) as s:
        key = s.key()
        params = f.stream(
            f.PARAMS,
            f.pairs(
                f.environment(
                    "POST", "/v1/chat/completions", [("Authorization", "Bearer " + key)], BODY
                )
            ),
        )
        abort = f.record(f.ABORT)
        for data in (
            f.begin() + abort,
            f.begin() + params[:50] + abort,
            f.begin() + params + abort,
            f.begin() + params + f.record(f.STDIN, BODY[:10]) + abort,
            f.begin() + params + f.stream(f.STDIN, BODY) + abort,
            abort,
        ):
            _throw(s, data)
            _alive(s, "ABORT_REQUEST")


@once
def wrong_versions_types_and_roles_are_survived(options):
    with Stack(options) as s:
        good = _good(s.key())
        for version in (0, 2, 255):
            _throw(s, bytes([version]) + good[1:])
        for kind in (0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 200, 255):
            _throw(s, f.record(kind, b"12345678") + good)
            _throw(s, f.begin() + f.record(kind, b"12345678") + good[16:])
        for role in (0, 2, 3, 99, 65535):
            _throw(s, f.begin(role=role) + good[16:])
        for flags in (1, 255):
            _throw(s, f.whole_request("GET", "/healthz", flags=flags))
        _throw(
            s, f.record(9, f.pairs([("FCGI_MAX_CONNS", ""), ("FCGI_MPXS_CONNS", "")]), request_id=0)
        )
        _alive(s, "wrong records")


@once
def a_second_request_on_a_busy_connection_does_no_harm(options):
    with Stack(options) as s:
        first = f.stream(f.PARAMS, f.pairs(f.environment("GET", "/healthz")))
        _throw(s, f.begin() + f.begin(request_id=2) + first + f.stream(f.STDIN, b""))
        _throw(s, f.begin() + first + f.begin(request_id=2) + f.stream(f.STDIN, b""))
        _throw(s, f.begin() + f.begin() + first + f.stream(f.STDIN, b""))
        _throw(s, f.whole_request("GET", "/healthz") * 3)
        _alive(s, "several requests at once")


@once
def garbage_is_survived(options):
    seed = int(os.environ.get("IT_SEED", "1"))
    rng = random.Random(seed)
    with Stack(options) as s:
        good = _good(s.key())
        _throw(s, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _throw(s, b"\0" * 100000)
        _throw(s, b"\xff" * 100000)
        for _ in range(60):
            _throw(s, rng.randbytes(rng.randrange(1, 3000)), half_close=True)
            bent = bytearray(good)
            for _ in range(rng.randrange(1, 6)):
                bent[rng.randrange(len(bent))] = rng.randrange(256)
            _throw(s, bytes(bent), half_close=True)
        _alive(s, "garbage (IT_SEED=%d)" % seed)


@once
def too_many_and_too_large_parameters_are_refused(options):
    with Stack(options) as s:
        for extra in (
            [("HTTP_X_%d" % n, "v" * 100) for n in range(20000)],
            [("HTTP_X", "v" * (4 << 20))],
            [("REQUEST_URI", "/v1/" + "x" * 300000)],
        ):
            try:
                with f.request(s.box.address, "GET", "/healthz", extra=extra) as r:
                    true(r.status in (400, 404, 414, 431), "status %d" % r.status)
                    r.read()
            except (Broken, OSError):
                pass
            _alive(s, "large parameters")


@once
def requests_without_necessary_parameters_are_refused(options):
    with Stack(options) as s:
        params = f.stream(f.PARAMS, f.pairs([("REQUEST_URI", "/healthz")]))
        for data in (
            f.begin() + params + f.stream(f.STDIN, b""),
            f.begin() + f.stream(f.PARAMS, b"") + f.stream(f.STDIN, b""),
        ):
            true(b"Status: 200" not in _throw(s, data), "no 200 without a method")
        _throw(s, f.whole_request("GET", "/", extra=[("REQUEST_URI", None)]))
        _alive(s, "missing parameters")


@once
def header_values_cannot_add_headers(options):
    with Stack(options) as s:
        key = s.key()
        with f.request(
            s.box.address,
            "POST",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            [
                ("x-goog-api-key", key),
                ("x-goog-api-client", "a\r\nx-injected: 1"),
                ("content-type", "application/json"),
            ],
            b'{"contents":[{"parts":[{"text":"Hello"}]}]}',
        ) as r:
            r.read()
        for request in s.standin.requests(key):
            true("x-injected" not in request["headers"], "no header of the client's making")
        _alive(s, "line ends in a header")


@once
def paths_cannot_climb_or_leave_the_host(options):
    with Stack(options) as s:
        for path in (
            "/v1beta/../../etc/passwd",
            "/v1beta/%2e%2e/%2e%2e/x",
            "/v1beta/..%2f..%2fx",
            "//evil.example/v1beta/models",
            "http://evil.example/v1beta/models",
            "/v1beta/models@evil.example:80/x",
            "/v1beta/\\..\\x",
            "/v1beta/models%00x",
            "/v1beta/models%0d%0aHost:%20evil",
        ):
            with s.request("GET", path, key=s.key()) as r:
                r.read()
        for request in s.standin.requests():
            target = request["target"]
            true(
                target.startswith(("/v1beta/models", "/v1/models")) and ".." not in target,
                "the address upstream stays below: " + target,
            )
            true("evil" not in request["headers"].get("host", ""), "the host upstream is ours")
        _alive(s, "climbing paths")
