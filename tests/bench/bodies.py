#!/usr/bin/env python3
"""What request bodies of ten shapes cost: README.md, "Bodies".

Exit status: 0 every body was answered and the bounds hold, 1 not so, 2 it could not run.
"""
import argparse
import json
import os
import sys
import tempfile
import threading
import time

import rig

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "it"))
import fcgi_client  # noqa: E402

MEGABYTE = 1000000
CHAT = "/v1/chat/completions"
PROBE_SECONDS = 0.005
MOST = 12           # times the body, or
MOST_FLOOR = 90 << 20  # what one body may take whatever its length


def chat(messages, **more):
    return dict({"model": "gemini-flash-latest", "messages": messages}, **more)


def hello():
    return [{"role": "user", "content": "Hello"}]


def filled(size, one, join=","):
    return join.join([one] * max(1, size // (len(one) + len(join))))


def ignored(text):
    """A request with a field that the gateway does not read."""
    head = json.dumps(chat(hello()))[:-1]
    return CHAT, "application/json", (head + ',"metadata":' + text + "}").encode()


def empty_objects(size):
    return ignored("[" + filled(size, "{}") + "]")


def numbers(size):
    return ignored("[" + filled(size, "1") + "]")


def short_strings(size):
    return ignored("[" + filled(size, '"a"') + "]")


def tiny_messages(size):
    one = '{"role":"user","content":"hi"}'
    body = '{"model":"gemini-flash-latest","messages":[%s]}' % filled(size, one)
    return CHAT, "application/json", body.encode()


def deep(size):
    one = "[" * 100 + "]" * 100
    return ignored("[" + filled(size, one) + "]")


def wide(size):
    members = ",".join('"member%d":%d' % (i, i) for i in range(size // 20))
    return ignored("{" + members + "}")


def tools(size):
    count = max(1, size // 1000)
    schema = {
        "type": "object",
        "properties": {
            "p%d" % i: {"type": "string", "description": "What it is, in some words: " + "x" * 30}
            for i in range(8)
        },
        "required": ["p0"],
    }
    made = [
        {
            "type": "function",
            "function": {"name": "tool_%d" % i, "description": "Does it.", "parameters": schema},
        }
        for i in range(count)
    ]
    return CHAT, "application/json", json.dumps(chat(hello(), tools=made)).encode()


def base64(size):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * size}}
    body = json.dumps(chat([{"role": "user", "content": [image]}]))
    return CHAT, "application/json", body.encode()


def form(size):
    parts = []
    fields = {"model": b"gemini-flash-latest", "file": b"\0" * size}
    for name, value in fields.items():
        more = '; filename="a.wav"\r\nContent-Type: audio/wav' if name == "file" else ""
        head = '--edge\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n' % (name, more)
        parts.append(head.encode() + value + b"\r\n")
    kind = "multipart/form-data; boundary=edge"
    return "/v1/audio/transcriptions", kind, b"".join(parts) + b"--edge--\r\n"


def jsonl(size):
    line = json.dumps({"custom_id": "a", "method": "POST", "url": CHAT, "body": chat(hello())})
    return "/v1beta/files", "application/jsonl", filled(size, line, "\n").encode()


SHAPES = [
    ("empty objects", empty_objects),
    ("numbers", numbers),
    ("short strings", short_strings),
    ("tiny messages", tiny_messages),
    ("deep", deep),
    ("wide", wide),
    ("tools", tools),
    ("base64", base64),
    ("form", form),
    ("JSONL, native", jsonl),
]


class Probe(threading.Thread):
    """Asks for /healthz again and again: how late the loop is."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.over, self.late = address, threading.Event(), []

    def run(self):
        while not self.over.is_set():
            begun = time.monotonic()
            with fcgi_client.request(self.address, "GET", "/healthz", (), None, 60) as r:
                r.read()
            self.late.append(time.monotonic() - begun)
            time.sleep(PROBE_SECONDS)


def status_kb(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise rig.RigError("no %s" % name)


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(bench, number, make, size):
    path, kind, body = make(size)
    options = {"LOOPS": "1", "GEMINI_API_KEYS": "k1"}
    with rig.Gateway(bench.dir, number, bench.gateway, bench.url, options) as program:
        address = "unix:" + program.socket
        pid = program.process.pid
        headers = [("Content-Type", "application/json"), ("Authorization", "Bearer k1")]
        warm = json.dumps(chat(hello())).encode()
        with fcgi_client.request(address, "POST", CHAT, headers, warm, 60) as r:
            r.read()
        before, cpu = status_kb(pid, "VmRSS"), cpu_seconds(pid)
        probe = Probe(address)
        probe.start()
        headers[0] = ("Content-Type", kind)
        with fcgi_client.request(address, "POST", path, headers, body, 300) as r:
            status = r.status
            r.read()
        probe.over.set()
        probe.join()
        time.sleep(0.3)
        return {
            "status": status,
            "bytes": len(body),
            "peak": (status_kb(pid, "VmHWM") - before) * 1024,
            "kept": (status_kb(pid, "VmRSS") - before) * 1024,
            "cpu": cpu_seconds(pid) - cpu,
            "late": max(probe.late),
        }


def arguments():
    root = os.path.dirname(os.path.dirname(HERE))
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--gateway", default=os.path.join(root, "gemini-balance.fcgi"))
    p.add_argument("--standin", default=os.path.join(root, "tests/standin/standin"))
    p.add_argument("--megabytes", default="1,9,50", help="sizes (1,9,50)")
    p.add_argument("--only", default="", help="a word of a shape's name")
    return p.parse_args()


class Bench:
    def __init__(self, gateway, url, directory):
        self.gateway, self.url, self.dir = gateway, url, directory


def main():
    options = arguments()
    bad = number = 0
    with tempfile.TemporaryDirectory(prefix="bodies-") as directory:
        with rig.Standin(directory, 0, options.standin) as standin:
            bench = Bench(options.gateway, "http://" + standin.address, directory)
            print("%-14s %5s  %6s  %9s %7s  %9s  %8s  %12s" % (
                "shape", "MB", "status", "peak MB", "/ body", "kept MB", "CPU s", "loop late ms"))
            for name, make in SHAPES:
                if options.only not in name:
                    continue
                for size in options.megabytes.split(","):
                    number += 1
                    got = measure(bench, number, make, int(size) * MEGABYTE)
                    over = got["peak"] > max(MOST * got["bytes"], MOST_FLOOR)
                    bad += over
                    print("%-14s %5s  %6d  %9.1f %7.1f  %9.1f  %8.2f  %12.1f%s" % (
                        name, size, got["status"], got["peak"] / 1e6,
                        got["peak"] / got["bytes"], got["kept"] / 1e6, got["cpu"],
                        got["late"] * 1e3, "  TOO MUCH" if over else ""), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except rig.RigError as e:
        print("bodies.py: %s" % e)
        sys.exit(2)
