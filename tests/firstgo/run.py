#!/usr/bin/env python3
"""The first quarter of an hour: what the READMEs tell an operator to type is typed, each recipe on
a machine of its own (see sandbox.py). Needs root, and Debian's packages. Prints TAP.

  run.py --build build [-k WORDS] [--list]
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import hosting  # noqa: E402
import machine  # noqa: E402
import sandbox  # noqa: E402
import supervisors  # noqa: E402
import tap  # noqa: E402
import webservers  # noqa: E402

MODULES = (webservers, hosting, supervisors)
PATIENCE = 400
PARALLEL = 4


def cases():
    return [(name, function) for module in MODULES for name, function in module.CASES]


def inside(options):
    """One recipe, as the first process of its machine."""
    sandbox.enter()
    box = machine.Machine(options)
    try:
        dict(cases())[options.case](box)
    except Exception as e:  # told to the process outside
        where = [f for f in traceback.extract_tb(e.__traceback__) if "/firstgo/" in f.filename]
        print("; ".join("%s:%d" % (os.path.basename(f.filename), f.lineno) for f in where))
        print("%s: %s" % (type(e).__name__, e))
        print(re.sub("^", "| ", box.journal(), flags=re.M))
        return 1
    finally:
        box.standin.stop()
    return 0


def outside(options, name):
    """Runs a recipe on its machine; what it said when it failed."""
    argv = [sys.executable, os.path.abspath(__file__), "--case", name]
    argv += ["--build", options.build, "--stage", options.stage]
    done = subprocess.run(
        sandbox.command(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout[-6000:] or "no word" if done.returncode else None


def result(future):
    said = future.result()
    if said:
        raise AssertionError(said)


def both_languages(document):
    """The lines to be typed are the same in both languages."""

    def lines(name):
        with open(os.path.join(machine.ROOT, name), encoding="utf-8") as f:
            return re.findall(r"^<!-- recipe .*?^```$", f.read(), re.M | re.S)

    def test(_):
        tap.true(lines(document), "there are recipes")
        tap.equal(lines(document.replace(".md", ".zh-CN.md")), lines(document), "the Chinese lines")

    return test


def install(build, place, *more):
    subprocess.run(
        ["make", "-s", "-C", build, "install", "DESTDIR=" + place, *more],
        stdout=subprocess.DEVNULL,
        check=True,
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--build", required=True, help="a build directory, prefix /usr/local")
    parser.add_argument("-k", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.standin = os.path.join(options.build, "tests/standin/standin")
    if options.case:
        return inside(options)
    names = [name for name, _ in cases() if options.k in name]
    if options.list:
        print("\n".join(names))
        return 0
    plan = tap.Plan()
    if os.geteuid() != 0:
        for name in names:
            plan.skip("first go: " + name, "only root can make a machine of its own")
        return plan.done()
    for document in ("deploy/README.md", supervisors.SUPERVISION, supervisors.HOSTING):
        if options.k in document:
            plan.run("first go: languages of " + document, both_languages(document), None)
    options.stage = tempfile.mkdtemp(prefix="gemini-balance-firstgo-")
    try:
        install(options.build, options.stage)
        install(options.build, options.stage + "/alice", "prefix=/home/alice/gemini-balance")
        # They wait more than they work.
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            running = [pool.submit(outside, options, name) for name in names]
            for name, future in zip(names, running):
                plan.run("first go: " + name, result, future)
    finally:
        shutil.rmtree(options.stage, ignore_errors=True)
    return plan.done()


if __name__ == "__main__":
    sys.exit(main())
