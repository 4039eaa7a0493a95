#!/usr/bin/env python3
"""Coding agents, the real programs, at work through the gateway behind lighttpd, and the tools of
published MCP servers on their way through it. Prints TAP.

  run.py --gateway build/gemini-balance.fcgi --standin build/tests/standin/standin
         --place DIRECTORY [-k WORDS] [--list]

What package-lock.json names is installed in DIRECTORY by npm, once. -k takes words of a test's
name. AGENTS_KEEP=1 keeps what an agent left behind when its test fails.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../it")]
sys.dont_write_bytecode = True

import agents  # noqa: E402
import harness  # noqa: E402
import servers  # noqa: E402
import stack  # noqa: E402
import tap  # noqa: E402
import task  # noqa: E402
import tools  # noqa: E402

PACKAGE = ("package.json", "package-lock.json", ".npmrc")
INSTALL_PATIENCE = 600
MARK = "GEMINI_BALANCE_AGENT"  # in the environment of an agent and of all that it starts


def read(*path):
    try:
        with open(os.path.join(*path), "rb") as f:
            return f.read()
    except OSError:
        return None


def install(place):
    """None, or why not. The copy of the lock is the last thing to be written."""
    done = os.path.join(place, "installed.json")
    if read(done) == read(HERE, "package-lock.json"):
        return None
    npm = shutil.which("npm")
    if not npm:
        return "npm is not installed"
    os.makedirs(place, exist_ok=True)
    for name in PACKAGE:
        shutil.copyfile(os.path.join(HERE, name), os.path.join(place, name))
    run = subprocess.run(
        # Not "ci": that fails when packages for other systems, which the lock names as optional,
        # are not to be had. The versions are the lock's all the same.
        [npm, "install", "--no-save", "--no-progress"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=INSTALL_PATIENCE,
    )
    if run.returncode:
        return "npm install failed: " + " ".join((run.stdout + run.stderr).split())[-500:]
    shutil.copyfile(os.path.join(HERE, "package-lock.json"), done)
    return None


def end_left_behind(mark):
    """Some agents leave a daemon that outlives them."""
    wanted = ("%s=%s" % (MARK, mark)).encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and wanted in (read("/proc", entry, "environ") or b"").split(b"\0"):
            try:
                os.kill(int(entry), signal.SIGKILL)
            except ProcessLookupError:
                pass


class Trial:
    """An agent with a place and a key of its own."""

    def __init__(self, options, s, kind):
        self.place = tempfile.mkdtemp(prefix="gemini-balance-agent-")
        self.stack = s
        self.agent = kind(self.place, os.path.join(options.place, "node_modules"), s.base, s.key())
        self.task = task.Task(
            s.standin, self.agent.key, self.agent.work, self.agent.turns(), kind.compacts
        )
        self.output = ""
        self.before = len(s.access_lines())

    def run(self):
        self.agent.configure()
        try:
            for command in self.agent.commands(self.task.question):
                self._command(command)
        finally:
            end_left_behind(self.place)
        self.task.check(self.output)
        tap.true("Reconnecting" not in self.output, "it never had to connect again")
        self._check_log()

    def _command(self, command):
        done = subprocess.run(
            command,
            cwd=self.agent.work,
            env=dict(self.agent.env(), **{MARK: self.place}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=harness.PATIENCE * 4,
        )
        self.output += done.stdout.decode("utf-8", "replace")
        tap.equal(done.returncode, 0, "exit status of " + os.path.basename(command[0]))

    def access_lines(self):
        return self.stack.access_lines()[self.before :]

    def _check_log(self):
        tap.true(self.access_lines(), "requests came in")
        for line in self.access_lines():
            good = 200 <= line["status"] < 300 or line["status"] in self.agent.expected
            tap.true(good, "a good status: %s" % line)

    def tail(self):
        lines = ["%s %s" % (line.get("route"), line.get("status")) for line in self.access_lines()]
        return "\n".join(lines + self.task.history() + [self.output[-6000:]])

    def close(self, failed):
        if failed and os.environ.get("AGENTS_KEEP"):
            print("# kept: " + self.place)
        else:
            shutil.rmtree(self.place, ignore_errors=True)


def run_agents(plan, options, kinds):
    """Those whose schemas Google takes without a word about them need a stand-in that does, too."""
    for loose in (False, True):
        chosen = [kind for kind in kinds if kind.loose_schemas == loose]
        if not chosen:
            continue
        options.standin = stack.Standin(options.program, ["--loose-schemas"] if loose else [])
        try:
            with stack.Stack(options, servers.Lighttpd) as s:
                for kind in chosen:
                    trial = Trial(options, s, kind)
                    failed = plan.failed
                    plan.run(kind.name, lambda _: trial.run(), None, trial.tail)
                    trial.close(plan.failed > failed)
        finally:
            options.standin.stop()


def list_tools(options, package):
    """What a server that is started for it says; its time is its own, not the gateway's."""
    place = tempfile.mkdtemp(prefix="gemini-balance-agent-")
    modules = os.path.join(options.place, "node_modules")
    server = None
    try:
        # Nothing of the caller's is any business of theirs.
        env = agents.Agent(place, modules, "", "").env()
        server = tools.Server(package, modules, place, dict(env, **{MARK: place}))
        return server.tools()
    finally:
        if server:
            server.close()
        end_left_behind(place)
        shutil.rmtree(place, ignore_errors=True)


def run_tools(plan, options, packages):
    if not packages:
        return
    modules = os.path.join(options.place, "node_modules")
    options.standin = stack.Standin(options.program)
    try:
        with stack.Stack(options, servers.Lighttpd) as s:
            for package in packages:
                plan.run(
                    "tools of " + package,
                    lambda name: tools.check(s, modules, list_tools(options, name)),
                    package,
                )
    finally:
        options.standin.stop()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--standin", required=True)
    parser.add_argument("--place", required=True, metavar="DIRECTORY")
    parser.add_argument("-k", default="", metavar="WORDS")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    kinds = [kind for kind in agents.AGENTS if options.k in kind.name]
    packages = [name for name in tools.SERVERS if options.k in "tools of " + name]
    if options.list:
        print("\n".join([kind.name for kind in kinds] + ["tools of " + n for n in packages]))
        return 0
    options.gateway = os.path.abspath(options.gateway)
    options.program = os.path.abspath(options.standin)
    options.place = os.path.abspath(options.place)
    why = (
        os.uname().machine != "x86_64"
        and "the programs are for x86_64"
        or servers.Lighttpd.missing()
        or install(options.place)
    )
    plan = tap.Plan()
    if why:
        plan.skip("agents", why)
    else:
        run_agents(plan, options, kinds)
        run_tools(plan, options, packages)
    return plan.done()


if __name__ == "__main__":
    sys.exit(main())
