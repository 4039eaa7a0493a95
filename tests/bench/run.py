#!/usr/bin/env python3
"""Measures the gateway and nginx proxy_pass against the same stand-in: README.md explains.

Exit status: 0 all limits held and nothing failed, 1 not so, 2 the benchmark could not run.
"""
import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

import rig
from cases import (ANSWER_BYTES, CASES, EVENT_BYTES, METRICS, QUICK_SLACK, Request, chat_request,
                   native_request)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "it"))
import certificate  # noqa: E402

WARM_REQUESTS = {"concurrency": 8, "requests": 400}
WARM_STREAMS = {"streams": 20}
COUNTED_BASE = 20  # requests that warm a process up before those that are counted


class Bench:
    def __init__(self, options, directory):
        self.options, self.dir, self.started = options, directory, 0
        self.load = rig.Load(options.load, directory)
        self.standin = rig.Standin(directory, 0, options.standin)
        self.front = None
        self.certificate = None
        self.report = {"quick": options.quick, "cases": [], "problems": []}
        self.most_streams = (rig.raise_descriptor_limit() - 200) // 2
        self.overhead = {}

    # ---- programs ----

    def number(self):
        self.started += 1
        return self.started

    def upstream(self, case):
        """HOST:PORT and certificate authority of what `case` talks to."""
        if not case.tls:
            return self.standin.address, None
        if self.front is None:
            self.certificate = certificate.make(self.dir)
            self.front = rig.Nginx(self.dir, self.number(), self.options.nginx,
                                   self.standin.address, certificate=self.certificate)
            self.front.__enter__()
        return "127.0.0.1:%d" % self.front.port, self.certificate + ".crt"

    def nginx(self, case):
        address, authority = self.upstream(case)
        return rig.Nginx(self.dir, self.number(), self.options.nginx, address, authority)

    def gateway(self, case, http="1.1", keys=2, program=rig.Gateway):
        address, authority = self.upstream(case)
        if authority is None:
            pool = ",".join("AIzaSyBench-%027d" % i for i in range(keys))
            return program(self.dir, self.number(), self.options.gateway, "http://" + address,
                           {"GEMINI_API_KEYS": pool})
        return rig.Gateway(self.dir, self.number(), self.options.gateway, "https://" + address,
                           {"UPSTREAM_HTTP": http, "UPSTREAM_CA": authority})

    def close(self):
        if self.front is not None:
            self.front.stop()

    # ---- requests ----

    def text_bytes(self, case):
        """The size of text that makes an event, or a short answer, as long as it shall be."""
        if case.text_bytes:
            return case.text_bytes
        if case.stream not in self.overhead:
            probe = dataclasses.replace(case, events=20, gap_ms=0, tls=False)
            with self.nginx(probe) as program:
                got = self.load.run(program, native_request(probe, 100), {})
            if got["failed"]:
                raise rig.RigError("the stand-in does not answer: %s %s" %
                                   (got["reasons"], got["example"]))
            count = got["events"] or 1
            self.overhead[case.stream] = got["bytes"] // count - 100
        return (EVENT_BYTES if case.stream else ANSWER_BYTES) - self.overhead[case.stream]

    def request(self, case, program):
        size = self.text_bytes(case)
        if isinstance(program, rig.Gateway) and case.route == "chat":
            return chat_request(case, size)
        request = native_request(case, size)
        if isinstance(program, rig.Gateway):  # it brings the key
            request = Request(request.path, request.body, request.headers[:1])
        return request

    def expectations(self, case, program):
        """What every answer must look like, learned from one answer without delays."""
        fast = dataclasses.replace(case, gap_ms=0)
        got = self.load.run(program, self.request(fast, program), {})
        translated = isinstance(program, rig.Gateway) and case.route == "chat"
        if got["failed"]:
            raise rig.RigError("%s, case %s: %s %s" % (program.name, case.key, got["reasons"],
                                                       got["example"]))
        if not case.stream:
            return {} if translated else {"expect-bytes": int(got["bytes"])}
        extra = 3 if translated else 0  # chunks of the dialect's own, such as the last one
        if not case.events <= got["events"] <= case.events + extra:
            raise rig.RigError("%s, case %s: %d events became %d" %
                               (program.name, case.key, case.events, got["events"]))
        expect = {"expect-events": int(got["events"])}
        if translated:
            expect["expect-done"] = True
        return expect

    # ---- measuring ----

    def measure(self, case, make):
        """One fresh process, warmed up unless the case is about a cold one, and one run."""
        if not case.warm:
            with make() as program:
                expect = self.expectations(case, program)
        with make() as program:
            if case.warm:
                expect = self.warm_up(case, program)
            return self.one_run(case, program, expect)

    def warm_up(self, case, program):
        """What every answer must look like."""
        expect = self.expectations(case, program)
        calm = dataclasses.replace(case, gap_ms=0 if case.stream else case.gap_ms)
        if not case.text_bytes:
            self.load.run(program, self.request(calm, program),
                          WARM_STREAMS if case.stream else WARM_REQUESTS)
        return expect

    def one_run(self, case, program, expect):
        result = self.load.run(program, self.request(case, program), dict(case.load, **expect),
                               watch=True)
        if program.process.poll() is not None:
            raise rig.RigError("%s ended with status %s\n%s" %
                               (program.name, program.process.returncode, program.tail()))
        return result

    def measure_alive(self, case, makers, rounds):
        """The same processes in all rounds: small differences want many short rounds. Who begins
        changes, so that a machine that becomes slower or faster favours none."""
        results = {name: [] for name in makers}
        with contextlib.ExitStack() as stack:
            programs = [(name, stack.enter_context(make())) for name, make in makers.items()]
            expect = {name: self.warm_up(case, program) for name, program in programs}
            for _ in range(rounds):
                for name, program in programs:
                    results[name].append(self.one_run(case, program, expect[name]))
                programs.reverse()
        return results

    def measure_fresh(self, case, makers, rounds):
        results = {name: [] for name in makers}
        for _ in range(rounds):
            for name, make in makers.items():
                results[name].append(self.measure(case, make))
        return results

    def counted(self, case, requests):
        """Instructions of a process from its start to its end, with so many requests between."""
        with self.gateway(case, program=rig.CountedGateway) as program:
            fast = dataclasses.replace(case, load=dict(case.load, requests=requests))
            result = self.one_run(fast, program, {})
        if result["failed"]:
            self.problem(case, "%d failed: %s" % (result["failed"], result["reasons"]))
        return program.instructions()

    def run_counted(self, case):
        """What one more request costs: start and end of the process are in both counts."""
        begun = time.monotonic()
        requests = case.load["requests"]
        more = self.counted(case, requests + COUNTED_BASE) - self.counted(case, COUNTED_BASE)
        each = more / requests / case.events
        mark = "ok" if each <= case.instructions else "TOO MUCH"
        if each > case.instructions:
            self.problem(case, "%.0f instructions, limit %d" % (each, case.instructions))
        say("\n%s  %s  (%.0f s)\n   %-24s %14.0f %14s %8s %8d %s" % (
            case.key, case.title, time.monotonic() - begun, "instructions", each, "", "",
            case.instructions, mark))
        self.report["cases"].append({"key": case.key, "title": case.title, "instructions": each,
                                     "limit": case.instructions})

    def run_case(self, case):
        if case.instructions:
            self.run_counted(case)
            return
        if case.load.get("streams", 0) > self.most_streams:
            fewer = dict(case.load, streams=self.most_streams // 100 * 100)
            case = dataclasses.replace(case, load=fewer)
            say("# case %s with %d streams: a process may have no more descriptors here" %
                (case.key, fewer["streams"]))
        rounds = self.options.rounds or (
            (case.quick_rounds or 1) if self.options.quick else case.rounds)
        makers = self.makers(case)
        *sides, base = makers
        begun = time.monotonic()
        measure = self.measure_alive if case.keys else self.measure_fresh
        results = measure(case, makers, rounds)
        say("\n%s  %s  (%d round%s, %.0f s)" % (case.key, case.title, rounds,
                                               "s" if rounds > 1 else "",
                                               time.monotonic() - begun))
        rows = []
        for name in sides:
            rows += self.judge(case, name, results[name], base, results[base])
        if len(sides) == 2:
            self.recommend(case, results)
        self.report["cases"].append({"key": case.key, "title": case.title, "load": case.load,
                                     "rows": rows, "runs": results})

    def makers(self, case):
        """Who is measured and how it is started; the last one is who the others are held against.
        """
        out = {"gateway": lambda: self.gateway(case)}
        if self.options.nginx_only:
            out = {"nginx again": lambda: self.nginx(case)}
        elif case.keys:
            return {"%d keys" % case.keys: lambda: self.gateway(case, keys=case.keys),
                    "one key": lambda: self.gateway(case, keys=1)}
        elif case.tls:
            out = {"gateway, HTTP/1.1": lambda: self.gateway(case, "1.1"),
                   "gateway, HTTP/2": lambda: self.gateway(case, "2")}
        return dict(out, nginx=lambda: self.nginx(case))

    def judge(self, case, name, ours, base, theirs):
        rows = []
        say("   %-24s %14s %14s %8s %8s" % ("", name, base, "ratio", "limit"))
        for metric in METRICS:
            mine = [metric.value(r, case) for r in ours]
            other = [metric.value(r, case) for r in theirs]
            limit = case.limits.get(metric.key)
            if None in mine or None in other:
                if limit is not None:
                    self.problem(case, "%s could not be measured" % metric.title)
                continue
            ratio = None
            if metric.ratio and min(other) > 0:
                ratio = statistics.median(a / b for a, b in zip(mine, other))
            elif limit is not None:
                self.problem(case, "%s has no ratio: %s is at zero" % (metric.title, base))
            row = {"who": name, "against": base, "what": metric.title,
                   "ours": statistics.median(mine), "theirs": statistics.median(other),
                   "ratio": ratio, "limit": limit}
            rows.append(row)
            self.line(case, metric, row)
        for who, results in ((name, ours), (base, theirs)):
            bad = [r for r in results if r["failed"]]
            if bad:
                self.problem(case, "%s: %d failed: %s: %s" % (
                    who, sum(r["failed"] for r in bad), bad[0]["reasons"], bad[0]["example"]))
        if case.route == "native" and {r["bytes"] for r in ours} != {r["bytes"] for r in theirs}:
            self.problem(case, "%s passed other bytes than nginx" % name)
        return rows

    def line(self, case, metric, row):
        ratio, limit, bound, mark = row["ratio"], row["limit"], "", ""
        if limit is not None and ratio is not None:
            allowed = limit * QUICK_SLACK if self.options.quick else limit
            judged = case.quick_limits or not self.options.quick
            bound = "%.2f" % limit
            if self.options.quick:
                bound += " (%.2f)" % allowed if judged else " (not judged)"
            if judged:
                mark = " ok" if ratio <= allowed else " TOO MUCH"
            if judged and ratio > allowed:
                self.problem(case, "%s, %s: ratio %.2f, limit %.2f" % (row["who"], metric.title,
                                                                       ratio, allowed))
        line = "   %-24s %14.*f %14.*f %8s %8s%s" % (
            metric.title, metric.digits, row["ours"], metric.digits, row["theirs"],
            "" if ratio is None else "%.2f" % ratio, bound, mark)
        say(line.rstrip())

    def recommend(self, case, results):
        one, two = results["gateway, HTTP/1.1"], results["gateway, HTTP/2"]
        for metric in METRICS:
            if not metric.ratio:
                continue
            a, b = [metric.value(r, case) for r in one], [metric.value(r, case) for r in two]
            if None not in a and None not in b and min(a) > 0:
                ratio = statistics.median(y / x for x, y in zip(a, b))
                say("   %-24s HTTP/2 is %.2f times HTTP/1.1" % (metric.title, ratio))

    def problem(self, case, text):
        self.report["problems"].append("case %s: %s" % (case.key, text))


def say(text):
    print(text, flush=True)


def arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--gateway", default=os.path.join(root, "gemini-balance.fcgi"))
    p.add_argument("--standin", default=os.path.join(root, "tests/standin/standin"))
    p.add_argument("--load", default=os.path.join(root, "tests/bench/load"))
    p.add_argument("--nginx", default=shutil.which("nginx") or "/usr/sbin/nginx")
    p.add_argument("--only", default="", help="letters of cases, for example af")
    p.add_argument("--quick", action="store_true",
                   help="about 100 seconds: fewer cases and rounds, limits 25 %% looser")
    p.add_argument("--rounds", type=int, help="instead of what each case says")
    p.add_argument("--out", default="bench.json", help="all figures, as JSON (bench.json)")
    p.add_argument("--nginx-only", action="store_true",
                   help="nginx against nginx: how much the ratios vary on this machine")
    return p.parse_args()


def chosen(options):
    if options.only:
        return [c for c in CASES if c.key in options.only]
    return [c for c in CASES if c.quick_rounds or not options.quick]


def main():
    options = arguments()
    needed = [options.standin, options.load, options.nginx]
    for path in needed + ([] if options.nginx_only else [options.gateway]):
        if not os.access(path, os.X_OK):
            say("run.py: cannot run %s" % path)
            return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no program is left behind
    directory = tempfile.mkdtemp(prefix="bench-")
    bench = Bench(options, directory)
    try:
        with bench.standin:
            for case in chosen(options):
                try:
                    bench.run_case(case)
                except rig.RigError as e:
                    bench.problem(case, str(e))
    except rig.RigError as e:
        say("run.py: %s" % e)
        return 2
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)
    with open(options.out, "w", encoding="utf-8") as f:
        json.dump(bench.report, f, indent=1)
        f.write("\n")
    say("")
    for text in bench.report["problems"]:
        say("FAILED: " + text)
    if not bench.report["problems"]:
        say("All limits held, nothing failed.")
    return 1 if bench.report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
