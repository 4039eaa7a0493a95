"""Processes, directories and waiting for the integration tests.

A Box is a directory of its own with everything that one stand runs: a copy of the gateway, its
socket, configuration and logs. Whatever a box started is gone when the box is closed, and when
this process ends.
"""

import atexit
import ctypes
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tap import Skip

ROOT = os.geteuid() == 0
DROP_USER = "www-data"
PATIENCE = float(os.environ.get("IT_PATIENCE", "30"))  # seconds that anything may take
LINE_LOOKS = 100  # at a last line of the log that has no end yet
REPORTS = re.compile(
    rb"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|"
    rb"SUMMARY: \w*Sanitizer|: runtime error:|Assertion .* failed"
)
_libc = ctypes.CDLL(None)


class Failure(Exception):
    pass


def find_program(*names):
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    return None


def need_program(*names):
    """As find_program; skips the test when there is none."""
    found = find_program(*names)
    if not found:
        raise Skip(names[0] + " is not installed")
    return found


_given_ports = set()


def free_port():
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        # A configuration is changed by plain replacement: no port may contain that text.
        if port not in _given_ports and "8080" not in str(port):
            _given_ports.add(port)
            return port


def wait_for(what, condition, patience=None):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + (patience or PATIENCE)
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure("waited in vain for " + what)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


def wait_port(host, port, process):
    def open_now():
        if process.status() is not None:
            raise Failure("%s ended with %s: %s" % (process.name, process.status(), process.tail()))
        try:
            socket.create_connection((host, port), 1).close()
            return True
        except OSError:
            return False

    wait_for("%s on port %d" % (process.name, port), open_now)


def _die_with_parent():
    # A program that changes its user loses this; then _kill_all ends it.
    _libc.prctl(1, signal.SIGTERM)


_started = []


@atexit.register
def _kill_all():
    for process in _started:
        if process.status() is None:
            process.popen.terminate()
    for process in _started:
        try:
            process.popen.wait(5)
        except subprocess.TimeoutExpired:
            process.popen.kill()


class Process:
    def __init__(
        self,
        name,
        argv,
        log,
        env=None,
        user=None,
        stdin=subprocess.DEVNULL,
        stdout=None,
        pass_fds=(),
        before=None,
    ):
        self.name = name
        self.log = log
        extra = {}
        if user and ROOT:
            extra = {"user": user, "group": user, "extra_groups": []}

        def prepare():
            _die_with_parent()
            if before:
                before()

        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout or out,
                stderr=out,
                env=env,
                pass_fds=pass_fds,
                preexec_fn=prepare,
                **extra
            )
        self.pid = self.popen.pid
        _started.append(self)

    def status(self):
        return self.popen.poll()

    def tail(self, size=2000):
        with open(self.log, "rb") as f:
            return f.read()[-size:].decode("utf-8", "replace")

    def wait(self, patience=None):
        try:
            return self.popen.wait(patience or PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure("%s does not end" % self.name) from None

    def stop(self, how=signal.SIGTERM):
        """Returns the exit status."""
        if self.status() is None:
            self.popen.send_signal(how)
            try:
                self.popen.wait(PATIENCE + 35)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                raise Failure("%s did not end after signal %d" % (self.name, how)) from None
        return self.status()


class Box:
    """env: options of the gateway, given as environment and as a configuration file."""

    def __init__(self, gateway, env=None):
        self.dir = tempfile.mkdtemp(prefix="gemini-balance-it-")
        os.chmod(self.dir, 0o755)
        self.run = os.path.join(self.dir, "run")
        self.bin = os.path.join(self.dir, "bin")
        self.conf = os.path.join(self.dir, "gemini-balance.conf")
        self.gateway_log = os.path.join(self.run, "gateway.log")
        self.processes = []
        self.owned_dir(self.run)
        os.mkdir(self.bin)
        os.chmod(self.bin, 0o755)
        self.program = os.path.join(self.bin, "gemini-balance.fcgi")
        shutil.copyfile(gateway, self.program)
        os.chmod(self.program, 0o755)
        self.env = {"LOG_FILE": self.gateway_log}
        self.env.update(env or {})
        with open(self.conf, "w", encoding="utf-8") as f:
            for name, value in self.env.items():
                f.write("%s=%s\n" % (name, value))
        os.chmod(self.conf, 0o644)

    def owned_dir(self, path):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o755)
        if ROOT:
            who = pwd.getpwnam(DROP_USER)
            os.chown(path, who.pw_uid, who.pw_gid)

    def spawn(self, name, argv, **options):
        log = os.path.join(self.dir, name + ".log")
        process = Process(name, argv, log, **options)
        self.processes.append(process)
        return process

    def gateway_env(self):
        env = {
            n: v
            for n, v in os.environ.items()
            if n in ("PATH", "LANG", "TMPDIR") or "SAN_OPTIONS" in n
        }
        env.update(self.env)
        return env

    def start_gateway(self, listen=None, args=()):
        """Starts it as the web servers' user. Returns the process; its address is box.address."""
        self.address = listen or "unix:" + os.path.join(self.run, "gemini-balance.sock")
        process = self.spawn(
            "gateway",
            [self.program, "--listen", self.address] + list(args),
            env=self.gateway_env(),
            user=DROP_USER,
        )
        self.wait_address(process)
        return process

    def wait_address(self, process):
        def open_now():
            if process.status() is not None:
                raise Failure(
                    "%s ended with %s: %s" % (process.name, process.status(), process.tail())
                )
            try:
                if self.address.startswith("unix:"):
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(self.address[5:])
                else:
                    host, _, port = self.address.rpartition(":")
                    socket.create_connection((host, int(port)), 1).close()
                return True
            except OSError:
                return False

        wait_for("the gateway at " + self.address, open_now)

    def gateway_pids(self):
        """Every process that runs this box's gateway, also those that web servers started."""
        pids = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    # The link /proc/PID/exe of a process without core dumps is only for root.
                    with open("/proc/%s/cmdline" % entry, "rb") as f:
                        if f.read().split(b"\0")[0] == self.program.encode():
                            pids.append(int(entry))
                except OSError:
                    pass
        return pids

    def memory_kib(self):
        """The private memory of the gateway's processes."""
        total = 0
        for pid in self.gateway_pids():
            with open("/proc/%d/status" % pid, encoding="utf-8") as f:
                total += int(re.search(r"^RssAnon:\s+(\d+)", f.read(), re.M).group(1))
        return total

    def log_lines(self):
        """The gateway's log, parsed; a line that is not one JSON object is an error."""
        # A line that is being written may be seen in part for a moment.
        for _ in range(LINE_LOOKS):
            try:
                with open(self.gateway_log, encoding="utf-8") as f:
                    lines = f.read().split("\n")
            except FileNotFoundError:
                return []
            if lines[-1] == "":
                break
            time.sleep(0.01)
        if lines.pop() != "":
            lines.append("the last line has no end")
        out = []
        for line in lines:
            value = json.loads(line)
            if not isinstance(value, dict):
                raise Failure("a log line is not an object: " + line)
            out.append(value)
        return out

    def written(self):
        """Everything that any process of this box wrote, for searches. [(file name, bytes)]"""
        out = []
        for folder in (self.dir, self.run):
            for name in os.listdir(folder):
                if name.endswith(".log"):
                    with open(os.path.join(folder, name), "rb") as f:
                        out.append((name, f.read()))
        return out

    def close(self):
        """Stops everything, youngest first; fails on a report of a sanitizer or an assert."""
        trouble = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except Failure as e:
                trouble.append(str(e))
        try:
            wait_for("the end of the gateway", lambda: not self.gateway_pids(), 15)
        except Failure as e:
            trouble.append(str(e))
            for pid in self.gateway_pids():
                os.kill(pid, signal.SIGKILL)
        for name, data in self.written():
            found = REPORTS.search(data)
            if found:
                at = max(0, found.start() - 200)
                trouble.append("%s: %s" % (name, data[at : at + 4000].decode("utf-8", "replace")))
        if trouble and os.environ.get("IT_KEEP"):
            trouble.append("kept: " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if trouble:
            raise Failure("\n".join(trouble))
