#!/usr/bin/env python3
"""Integration tests: the gateway's binary behind five web servers and without any. Prints TAP.

  run.py --gateway build/gemini-balance.fcgi --standin build/tests/standin/standin
         [--server NAME] [-k WORDS] [--list]

-k takes words of a test's name. IT_PATIENCE is the time in seconds that any single thing may take,
IT_KEEP=1 keeps the directories of stands that ended badly.
"""

import argparse
import importlib
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

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
    "test_pains_more",
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


def settings(server, prefix):
    """Behind a server that notices a hang-up by itself no heartbeat may help it."""
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


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--standin", required=True)
    parser.add_argument("--server", choices=[s.name for s in servers.FRONT] + [NO_SERVER])
    parser.add_argument("-k", default="")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    options.gateway = os.path.abspath(options.gateway)
    program = os.path.abspath(options.standin)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for module in MODULES:
        importlib.import_module(module)
    options.standin = None if options.list else stack.Standin(program)
    options.sanitized = stack.gateway_sanitized(options.gateway)
    plan = tap.Plan()
    try:
        for server in servers.FRONT:
            if options.server in (None, server.name):
                behind(plan, options, server, tap.EACH, "")
                behind(plan, options, server, tap.MOUNTED, "/gemini")
        for test in tap.ONCE if options.server in (None, NO_SERVER) else ():
            name = tap.title(test)
            if options.k not in name:
                continue
            if options.list:
                print(name)
                continue
            options.standin.clear()
            plan.run(name, test, options)
    finally:
        if options.standin:
            options.standin.stop()
    return 0 if options.list else plan.done()


if __name__ == "__main__":
    sys.exit(main())
