#!/usr/bin/env python3
"""deploy/quickstart as a person uses it: start, paste the printed command, Ctrl-C. Prints TAP."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import harness  # noqa: E402
import http_client  # noqa: E402
import tap  # noqa: E402
from tap import contains, equal, true  # noqa: E402

QUICKSTART = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/quickstart")
BUILD = float(os.environ.get("IT_BUILD_PATIENCE", "600"))


class Running:
    def __init__(self, *args, **env):
        self.port = harness.free_port()
        self.out = tempfile.NamedTemporaryFile(prefix="gemini-balance-quickstart-", suffix=".log")
        clean = {
            n: v
            for n, v in os.environ.items()
            if n not in ("GEMINI_API_KEYS", "ACCESS_TOKENS", "GEMINI_BASE_URL")
        }
        # A session of its own, as a terminal gives: its processes can be counted and signalled.
        self.popen = subprocess.Popen(
            [QUICKSTART, "--port", str(self.port)] + list(args),
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=self.out,
            env=dict(clean, **env),
            start_new_session=True,
            # A shell cannot trap what was ignored when it began, as nohup arranges for SIGHUP.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )

    def text(self):
        with open(self.out.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_ready(self):
        def ready():
            if self.popen.poll() is not None:
                raise harness.Failure("it ended: " + self.text())
            return "Ctrl-C ends it all." in self.text()

        harness.wait_for("the gateway to run", ready, BUILD)

    def processes(self):
        """The processes of its session that are alive."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open("/proc/%s/stat" % entry, encoding="utf-8", errors="replace") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
                if int(fields[3]) == self.popen.pid and fields[0] != "Z":
                    with open("/proc/%s/cmdline" % entry, "rb") as f:
                        found.append(f.read().replace(b"\0", b" ").decode())
            except OSError:
                pass
        return found

    def paste(self):
        """Runs the printed command unchanged."""
        command = re.search(r"^curl .*?(?=\n\n)", self.text(), re.M | re.S).group(0)
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
        equal(done.returncode, 0, "exit status of curl")
        return done.stdout

    def end(self, how, group=False):
        self.seen = " ".join(self.processes())
        if group:
            os.killpg(self.popen.pid, how)
        else:
            self.popen.send_signal(how)
        try:
            self.popen.wait(30)
        except subprocess.TimeoutExpired:
            raise harness.Failure("it does not end") from None
        harness.wait_for(
            "the end of every process: %s" % self.processes(), lambda: not self.processes(), 10
        )
        self.out.close()

    def kill(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait()


def running(*args, **env):
    def wrap(test):
        def run(_):
            r = Running(*args, **env)
            try:
                test(r)
            finally:
                r.kill()

        run.__name__ = test.__name__
        return run

    return wrap


@running("--demo")
def the_printed_command_works_in_the_demo(r):
    r.wait_ready()
    got = r.paste()
    contains(got, "chat.completion.chunk")
    contains(got, "[DONE]")
    with http_client.request("127.0.0.1", r.port, "GET", "/") as page:
        equal(page.status, 200, "status page")
        page.read()
    r.end(signal.SIGINT, group=True)


@running("--demo", GEMINI_API_KEYS="quickstart-key-one,quickstart-key-two")
def with_keys_a_token_is_made_up_and_printed(r):
    r.wait_ready()
    contains(r.paste(), "[DONE]")
    true("quickstart-key" not in r.text(), "the keys are not shown")
    body = b'{"model":"gemini-flash-latest","messages":[{"role":"user","content":"Hello"}]}'
    with http_client.request(
        "127.0.0.1",
        r.port,
        "POST",
        "/v1/chat/completions",
        [("Content-Type", "application/json")],
        body,
    ) as answer:
        equal(answer.status, 401, "status without the token")
        answer.read()
    r.end(signal.SIGTERM)


@running(GEMINI_API_KEYS="quickstart-key-one", ACCESS_TOKENS="my-own-token,another")
def a_token_of_ones_own_is_used(r):
    r.wait_ready()
    contains(r.text(), "Bearer my-own-token'")
    r.end(signal.SIGHUP)


@running("--demo")
def a_live_stream_does_not_keep_it(r):
    r.wait_ready()
    body = b'{"model":"silent-600000","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
    sock = http_client.connect("127.0.0.1", r.port)
    http_client.send_request(
        sock,
        "POST",
        "/v1/chat/completions",
        [("Authorization", "Bearer x"), ("Content-Type", "application/json")],
        body,
    )
    r.end(signal.SIGINT, group=True)
    sock.close()


@running("--demo")
def even_killed_it_leaves_no_process(r):
    r.wait_ready()
    r.end(signal.SIGKILL)
    shutil.rmtree(re.search(r"/\S+/gemini-balance\.\w{6}", r.seen).group(0), ignore_errors=True)


def a_taken_port_is_named(_):
    with harness.socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        done = subprocess.run(
            [QUICKSTART, "--port", str(port)], capture_output=True, text=True, timeout=60
        )
    equal(done.returncode, 1, "exit status")
    contains(done.stderr, str(port))
    contains(done.stderr, "--port")


def mistakes_on_the_command_line_are_refused(_):
    for args in (["--port"], ["--port", "x"], ["--port", "0"], ["--port", "70000"], ["--nonsense"]):
        done = subprocess.run([QUICKSTART] + args, capture_output=True, text=True, timeout=60)
        true(done.returncode in (1, 2), "status %d of %s" % (done.returncode, args))
        true(done.stderr, "it says why")
    equal(
        subprocess.run([QUICKSTART, "--help"], capture_output=True, timeout=60).returncode,
        0,
        "--help",
    )


def main():
    plan = tap.Plan()
    for test in (
        mistakes_on_the_command_line_are_refused,
        a_taken_port_is_named,
        the_printed_command_works_in_the_demo,
        with_keys_a_token_is_made_up_and_printed,
        a_token_of_ones_own_is_used,
        a_live_stream_does_not_keep_it,
        even_killed_it_leaves_no_process,
    ):
        plan.run("quickstart: " + tap.title(test), test, None)
    return plan.done()


if __name__ == "__main__":
    sys.exit(main())
