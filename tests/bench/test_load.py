#!/usr/bin/env python3
"""The load generator against answers written by hand: good ones are counted, bad ones are failures.

Usage: test_load.py LOAD (or LOAD in the environment). Speaks TAP.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

EVENTS = (b'data: {"n":1}\n\ndata: {"n":2}\r\n\r\n: comment\n\n'
          b'event: x\ndata: {"n":3}\ndata: more\n\n')
DONE = b"data: [DONE]\n\n"
SSE_HEAD = b"Content-Type: text/event-stream\r\n"


def http(body=EVENTS, status=b"200 OK", head=SSE_HEAD, length=None):
    length = len(body) if length is None else length
    return b"HTTP/1.1 " + status + b"\r\n" + head + b"Content-Length: %d\r\n\r\n" % length + body


def until_close(body=EVENTS):
    return b"HTTP/1.1 200 OK\r\n" + SSE_HEAD + b"\r\n" + body


def chunked(body=EVENTS, size=7, last=b"0\r\n\r\n"):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return (b"HTTP/1.1 200 OK\r\n" + SSE_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" +
            b"".join(b"%x;x=y\r\n%s\r\n" % (len(p), p) for p in parts) + last)


def record(kind, data, padding=0):
    return struct.pack(">BBHHBB", 1, kind, 1, len(data), padding, 0) + data + bytes(padding)


def end(app=0, protocol=0):
    return record(3, struct.pack(">IB3x", app, protocol))


def fcgi(body=EVENTS, head=SSE_HEAD, size=5, last=None):
    cgi = head + b"\r\n" + body
    return (record(7, b"a warning", 3) +
            b"".join(record(6, cgi[i:i + size], i % 8) for i in range(0, len(cgi), size)) +
            record(6, b"") + (end() if last is None else last))


# name, target form, answer, options, the reason of its failure or None
CASES = [
    ("events by Content-Length", "http", http(), ["--expect-events", "3"], None),
    ("events in chunks", "http", chunked(), ["--expect-events", "3"], None),
    ("events until close", "http", until_close(), ["--expect-events", "3"], None),
    ("[DONE] is no event", "http", chunked(EVENTS + DONE),
     ["--expect-events", "3", "--expect-done"], None),
    ("plain body", "http", http(b"abc", head=b""), ["--expect-bytes", "3"], None),
    ("empty body", "http", http(b"", head=b""), ["--expect-bytes", "0"], None),
    ("FastCGI events", "fcgi", fcgi(), ["--expect-events", "3"], None),
    ("FastCGI [DONE]", "fcgi", fcgi(EVENTS + DONE, size=100),
     ["--expect-events", "3", "--expect-done"], None),
    ("FastCGI body with Content-Length", "fcgi", fcgi(b"abc", b"Status: 200\nContent-Length: 3\n"),
     ["--expect-bytes", "3"], None),

    ("too few events", "http", http(), ["--expect-events", "4"], "3 events"),
    ("too many events", "http", http(), ["--expect-events", "2"], "3 events"),
    ("events that are not SSE", "http", http(head=b"Content-Type: text/plain\r\n"),
     ["--expect-events", "3"], "0 events"),
    ("wrong size", "http", http(b"abc", head=b""), ["--expect-bytes", "4"], "3 bytes"),
    ("no [DONE]", "http", chunked(), ["--expect-done"], "no [DONE]"),
    ("event after [DONE]", "http", chunked(DONE + EVENTS), [], "data after [DONE]"),
    ("error status", "http", http(b"{}", b"503 Service Unavailable", b""), [], "status 503"),
    ("FastCGI error status", "fcgi", fcgi(b"{}", b"Status: 429 Too Many\r\n"), [], "status 429"),
    ("error event", "http", http(b'data: {"error":{"code":500}}\n\n'), [], "error event"),
    ("named error event", "http", http(b"event: error\ndata: {}\n\n"), [], "error event"),
    ("cut by Content-Length", "http", http(length=400), [], "cut in the body"),
    ("cut between chunks", "http", chunked(last=b""), [], "cut in the body"),
    ("cut in a chunk", "http", chunked()[:-20], [], "cut in the body"),
    ("cut in the head", "http", b"HTTP/1.1 200 OK\r\nConte", [], "closed without an answer"),
    ("no answer", "http", b"", [], "closed without an answer"),
    ("half an event at the end", "http", until_close(EVENTS + b"data: {"), [],
     "last event has no end"),
    ("half an event at the last chunk", "http", chunked(EVENTS + b"data: {\n"), [],
     "last event has no end"),
    ("half a line at the last chunk", "http", chunked(EVENTS + b"data: {"), [],
     "last event has no end"),
    ("bad chunk", "http", chunked(last=b"zz\r\n"), [], "bad chunk"),
    ("not HTTP", "http", b"hello, world of servers\r\n", [], "not HTTP"),
    ("FastCGI cut", "fcgi", fcgi(last=b""), [], "cut in the body"),
    ("FastCGI cut in a record", "fcgi", fcgi()[:-7], [], "cut in the body"),
    ("FastCGI exit status", "fcgi", fcgi(last=end(app=1)), [], "exit status in END_REQUEST"),
    ("FastCGI overloaded", "fcgi", end(protocol=2), [], "request refused by END_REQUEST"),
    ("FastCGI end without head", "fcgi", end(), [], "END_REQUEST without a head"),
    ("FastCGI body shorter than said", "fcgi", fcgi(b"abc", b"Content-Length: 4\n"), [],
     "body is not as long as Content-Length says"),
    ("not FastCGI", "fcgi", b"HTTP/1.1 200 OK\r\n\r\n", [], "not FastCGI"),
]


class Server:
    """Answers every connection with the same bytes, then closes it."""

    def __init__(self, path, answer):
        self.answer, self.requests = answer, []
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen(64)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with conn:
                self.requests.append(conn.recv(65536))
                try:
                    conn.sendall(self.answer)
                except OSError:
                    pass

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join()


class Tap:
    count = failed = 0

    def check(self, good, what, note=""):
        self.count += 1
        self.failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", self.count, what))
        if not good:
            print("# %s" % note[:300])


def run(load, form, path, options):
    got = subprocess.run([load, "--target", form + ":unix:" + path, "--json", *options],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    result = json.loads(got.stdout) if got.stdout else {"stderr": got.stderr.decode()}
    return got.returncode, result


def answers(tap, load, tmp):
    for number, (name, form, answer, options, reason) in enumerate(CASES):
        for bytewise in (False, True):
            path = "%s/%d-%d" % (tmp, number, bytewise)
            server = Server(path, answer)
            code, result = run(load, form, path, options + ["--read-bytes", "1"] * bytewise)
            server.close()
            if reason is None:
                good = code == 0 and result["completed"] == 1 and result["failed"] == 0
            else:
                good = code == 1 and result["failed"] == 1 and result["reasons"] == {reason: 1}
            tap.check(good, name + (", byte by byte" if bytewise else ""), "%d %s" % (code, result))


def fcgi_pairs(data):
    pairs, at = {}, 0

    def length():
        nonlocal at
        n = data[at]
        at += 1
        if n > 127:
            n = (n & 0x7f) << 24 | int.from_bytes(data[at:at + 3], "big")
            at += 3
        return n

    while at < len(data):
        name_len, value_len = length(), length()
        name = data[at:at + name_len].decode()
        pairs[name] = data[at + name_len:at + name_len + value_len].decode()
        at += name_len + value_len
    return pairs


def fcgi_streams(data):
    streams, ended = {}, []
    while data:
        kind, length, padding = data[1], int.from_bytes(data[4:6], "big"), data[6]
        streams[kind] = streams.get(kind, b"") + data[8:8 + length]
        if length == 0:
            ended.append(kind)
        data = data[8 + length + padding:]
    return streams, ended


def requests(tap, load, tmp):
    body = os.path.join(tmp, "body")
    with open(body, "w", encoding="ascii") as f:
        f.write('{"a":1}')
    options = ["--path", "/v1/x?y=z", "--header", "Content-Type: application/json", "--header",
               "X-Long: " + "v" * 300, "--body-file", body]

    server = Server(tmp + "/h", http())
    run(load, "http", tmp + "/h", options)
    server.close()
    head, _, rest = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    tap.check(lines[0] == "POST /v1/x?y=z HTTP/1.1", "HTTP request line", lines[0])
    tap.check("Content-Length: 7" in lines and "Content-Type: application/json" in lines,
              "HTTP headers", str(lines))
    tap.check(rest == b'{"a":1}', "HTTP body", str(rest))

    server = Server(tmp + "/f", fcgi())
    run(load, "fcgi", tmp + "/f", options)
    server.close()
    streams, ended = fcgi_streams(server.requests[0])
    env = fcgi_pairs(streams[4])
    tap.check(streams[1] == bytes([0, 1, 0, 0, 0, 0, 0, 0]) and ended == [4, 5],
              "FastCGI records", "%s %s" % (streams, ended))
    want = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/v1/x?y=z", "QUERY_STRING": "y=z",
            "SCRIPT_NAME": "/v1/x", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "7",
            "HTTP_X_LONG": "v" * 300}
    tap.check(want.items() <= env.items(), "FastCGI parameters", str(env))
    tap.check(streams[5] == b'{"a":1}', "FastCGI stdin", str(streams[5]))


def many(tap, load, tmp):
    server = Server(tmp + "/m", fcgi(EVENTS + DONE))
    code, result = run(load, "fcgi", tmp + "/m", ["--concurrency", "5", "--requests", "50",
                       "--expect-events", "3", "--watch-pid", str(os.getpid())])
    tap.check(code == 0 and result["completed"] == 50 and result["events"] == 150 and
              len(server.requests) == 50, "closed loop", str(result))
    tap.check(result.get("cpu_us", 0) > 0 and result.get("pss_before_kb", 0) > 0,
              "a process is watched", str(result))
    code, result = run(load, "fcgi", tmp + "/m", ["--streams", "20", "--ramp", "50"])
    tap.check(code == 0 and result["completed"] == 20, "streams with a ramp", str(result))
    server.close()
    code, result = run(load, "fcgi", tmp + "/m", ["--concurrency", "5", "--requests", "50"])
    tap.check(code == 1 and result["failed"] == 50, "no listener", str(result))
    code, _ = run(load, "fcgi", tmp + "/m", ["--watch-pid", "0"])
    tap.check(code == 2, "bad option", str(code))

    silent = socket.socket(socket.AF_UNIX)
    silent.bind(tmp + "/s")
    silent.listen(2)
    code, result = run(load, "fcgi", tmp + "/s", ["--streams", "2", "--timeout", "50"])
    tap.check(code == 1 and result["reasons"] == {"timeout": 2}, "silence", str(result))
    code, result = run(load, "fcgi", tmp + "/s", ["--streams", "9", "--timeout", "50"])
    tap.check(code == 1 and result["failed"] == 9 and
              any(r.startswith("connect: ") for r in result["reasons"]),
              "full backlog", str(result))
    silent.close()


def main():
    load = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ["LOAD"])
    tap = Tap()
    with tempfile.TemporaryDirectory() as tmp:
        answers(tap, load, tmp)
        requests(tap, load, tmp)
        many(tap, load, tmp)
    print("1..%d" % tap.count)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
