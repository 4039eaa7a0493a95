#!/usr/bin/env python3
"""Integration tests: the gateway's binary behind five web servers and without any. Prints TAP.

  run.py --gateway build/gemini-balance.fcgi --standin build/tests/standin/standin
         [--server NAME] [-k WORDS] [--list]

-k takes words of a test's name. The tests that wait most of the time run beside the others, their
results come last. IT_PATIENCE is the time in seconds that any single thing may take,
IT_KEEP=1 keeps the directories of stands that ended badly.
"""

import argparse
import importlib
import os
import re
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import harness  # noqa: E402
import servers  # noqa: E402
import stack  # noqa: E402
import tap  # noqa: E402

MODULES = (
    "test_server",
    "test_errors",
    "test_mount",
    "test_start",
    "test_life",
    "test_streams",
    "test_tools",
    "test_failover",
    "test_chaos",
    "test_objects",
    "test_log",
    "test_explain",
    "test_reload",
    "test_hostile",
    "test_slow",
    "test_large",
    "test_quirks",
    "test_pains",
    "test_dialect",
    "test_responses",
    "test_responses_kept",
    "test_results",
    "test_state",
    "test_share",
    "test_images",
    "test_answers",
    "test_audio",
    "test_media",
    "test_changes",
    "test_lenient",
    "test_fan",
    "test_fallbacks",
    "test_models",
    "test_learned",
    "test_empty",
)
NO_SERVER = "direct"
ASIDE_PATIENCE = 1800  # seconds for all tests that wait


def settings(server, prefix):
    """Options of the stand. A server that notices a hang-up by itself must do so without the help
    of a heartbeat."""
    options = {"HEARTBEAT": "60" if server.sees_hangup else "0.5", "MAX_BODY": "8M"}
    if prefix:
        options["MOUNT_PREFIX"] = prefix
    return options


def behind(plan, options, server, tests, prefix):
    names = ["%s: %s" % (server.name, tap.title(t)) for t in tests]
    wanted = [(n, t) for n, t in zip(names, tests) if options.k in n]
    if not wanted:
        return
    if options.list:
        print("\n".join(n for n, _ in wanted))
        return
    why = server.missing()
    if why:
        for name, _ in wanted:
            plan.skip(name, why)
        return
    start = "%s: starts%s" % (server.name, " under a prefix" if prefix else "")
    try:
        s = stack.Stack(options, server, prefix, settings(server, prefix))
    except Exception as e:
        plan.fail(start, str(e))
        return
    for name, test in wanted:
        plan.run(name, test, s, s.tail)
        options.standin.clear()
    plan.run(
        "%s: stops clean%s" % (server.name, " under a prefix" if prefix else ""),
        lambda _: s.close(),
        None,
    )


class Aside:
    """Another run of this program, for the tests that wait most of the time."""

    def __init__(self, options):
        self.log = tempfile.NamedTemporaryFile(prefix="gemini-balance-aside-", suffix=".log")
        argv = [sys.executable, os.path.abspath(__file__), "--waiting", "-k", options.k]
        argv += ["--gateway", options.gateway, "--standin", options.program]
        self.process = harness.Process("aside", argv, self.log.name, env=os.environ)

    def report(self, plan):
        """Waits for its end and adds its results to the plan."""
        status = self.process.wait(ASIDE_PATIENCE)
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            text = f.read()
        plan.adopt(text)
        if not re.search(r"^1\.\.\d+$", text, re.M):
            plan.fail("the waiting tests run to their end", "exit status %d" % status)
        self.log.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--standin", required=True)
    parser.add_argument("--server", choices=[s.name for s in servers.FRONT] + [NO_SERVER])
    parser.add_argument("-k", default="")
    parser.add_argument("--waiting", action="store_true", help="only the tests that mostly wait")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    options.gateway = os.path.abspath(options.gateway)
    options.program = os.path.abspath(options.standin)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for module in MODULES:
        importlib.import_module(module)
    options.standin = None if options.list else stack.Standin(options.program)
    options.sanitized = stack.gateway_sanitized(options.gateway)
    plan = tap.Plan()
    once = [] if options.server not in (None, NO_SERVER) else tap.ONCE
    once = [t for t in once if options.k in tap.title(t)]
    waiting = [t for t in once if hasattr(t, "waits")]
    aside = None
    try:
        if options.waiting:
            once = waiting
        elif waiting and not options.list:
            aside = Aside(options)
            once = [t for t in once if t not in waiting]
        for server in [] if options.waiting else servers.FRONT:
            if options.server in (None, server.name):
                behind(plan, options, server, tap.EACH, "")
                behind(plan, options, server, tap.MOUNTED, "/gemini")
        for test in once:
            name = tap.title(test)
            if options.list:
                print(name)
                continue
            options.standin.clear()
            plan.run(name, test, options)
        if aside:
            aside.report(plan)
    finally:
        if options.standin:
            options.standin.stop()
    return 0 if options.list else plan.done()


if __name__ == "__main__":
    sys.exit(main())
