"""What every test here does on its machine: an installed gateway, Google's stand-in, requests."""

import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(HERE, "../it"))

import harness  # noqa: E402
import http_client  # noqa: E402
from stack import Standin, delta  # noqa: E402
from tap import contains, equal, true  # noqa: E402

DEPLOY = os.path.join(ROOT, "deploy")
INSTALLED = "/usr/local/share/doc/gemini-balance/deploy"
LIBEXEC = "/usr/local/libexec"
CHAT = "/v1/chat/completions"
OTHER = "This is the other site.\n"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
JOURNALS = (
    "/run/units/journal",
    "/run/supervisor.log",
    "/home/alice/.units/journal",
    "/home/alice/gemini-balance/gateway.log",
    "/home/alice/gemini-balance/start.log",
    "/var/log/apache2/error.log",
    "/var/log/apache2/suexec.log",
    "/var/log/lighttpd/error.log",
)
STREAMS = 160  # above what Debian's Apache can hold


def sh(text, cwd="/", user=None, env=None):
    """Runs a command in a shell with a bare environment; returns what it printed."""
    extra = {}
    clean = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": "/root", "USER": "root"}
    if user:
        who = pwd.getpwnam(user)
        extra = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        clean.update(HOME=who.pw_dir, USER=user)
    clean.update(env or {})
    done = subprocess.run(
        ["sh", "-e", "-c", text],
        cwd=cwd,
        env=clean,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **extra
    )
    if done.returncode:
        said = done.stdout + done.stderr
        raise AssertionError("%s\nended with %d: %s" % (text, done.returncode, said))
    return done.stdout


class Machine:
    """options.stage is a DESTDIR into which `make install` has put everything."""

    def __init__(self, options):
        self.options = options
        sh("cp -a %s/usr/local/. /usr/local/" % options.stage)
        # systemd is not the first process here.
        sh("install -m 755 %s/units.py /usr/local/bin/systemctl" % HERE)
        sh("sed -i '1c #!/usr/bin/python3' /usr/local/bin/systemctl")
        # Directories that Debian makes when a machine starts.
        for folder in ("/run/lighttpd", "/var/log/lighttpd", "/var/cache/lighttpd/uploads"):
            os.makedirs(folder, exist_ok=True)
            shutil.chown(folder, "www-data", "www-data")
            os.chmod(folder, 0o750)
        self.standin = Standin(options.standin)

    def journal(self, size=2000):
        """The ends of what services and supervisors have written."""
        out = []
        for place in JOURNALS:
            with contextlib.suppress(OSError), open(place, errors="replace") as f:
                out.append(f.read()[-size:])
        return "".join(out)


def request(method, path, body=None, token=None, port=8080, host=None, timeout=None):
    headers = []
    if token:
        headers.append(("Authorization", "Bearer " + token))
    if host:
        headers.append(("Host", host))
    if body is not None:
        body = json.dumps(body).encode()
        headers.append(("Content-Type", "application/json"))
    return http_client.request(
        "127.0.0.1", port, method, path, headers, body, timeout or harness.PATIENCE
    )


def chat(token, model="gemini-flash-latest", stream=False, prefix="", **more):
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    if stream:
        body["stream"] = True
    return request("POST", prefix + CHAT, body, token, **more)


def answers(token, **more):
    """Checks that a chat is answered."""
    with chat(token, **more) as r:
        if r.status != 200:
            raise AssertionError("status %d: %s" % (r.status, r.text()[:2000]))
        true(r.json()["choices"][0]["message"]["content"], "there is an answer")


def streams(machine, token, **more):
    """Checks that each event of a stream arrives when Google sends it."""
    with chat(token, model="gated-3", stream=True, **more) as r:
        equal(r.status, 200, "status of the stream")
        for k in range(3):
            while not delta(r.event()):
                pass
            if k < 2:
                machine.standin.next()
        equal(r.events()[-1], "[DONE]", "last event")


def many(token, count=STREAMS, **more):
    """count streams at the same time, each of which has begun while all live."""
    begun, release = [], threading.Event()

    def one():
        try:
            with chat(token, model="silent-600000", stream=True, timeout=90, **more) as r:
                begun.append(r.status if r.status != 200 else bool(r.chunk()))
                release.wait(90)
        except Exception as e:  # told below
            begun.append(repr(e))

    threads = [threading.Thread(target=one, daemon=True) for _ in range(count)]
    for t in threads:
        t.start()
    try:
        harness.wait_for("%d streams" % count, lambda: len(begun) == count, 80)
    finally:
        release.set()
        for t in threads:
            t.join(5)
    bad = [x for x in begun if x is not True]
    equal(bad, [], "streams of %d that did not begin" % count)


def long_head(token, **more):
    """Long lists of keys are more than web servers take by default."""
    with request("GET", "/v1/models?filler=" + 12000 * "x", token=token, **more) as r:
        equal(r.status, 200, "status of a request with a long URL")
        r.read()


def refuses(token, **more):
    with chat(token, **more) as r:
        equal(r.status, 401, "status with a wrong token")
        r.read()


def answers_soon(token, **more):
    """As answers(), when something has just been started."""

    def good():
        try:
            answers(token, **more)
            return True
        except (OSError, http_client.Broken, AssertionError):
            return False

    with contextlib.suppress(harness.Failure):
        harness.wait_for("an answer", good, 15)
        return
    answers(token, **more)


def owner(path):
    """ "user:group mode" of a file."""
    st = os.stat(path)
    return "%s:%s %o" % (
        pwd.getpwuid(st.st_uid).pw_name,
        grp.getgrgid(st.st_gid).gr_name,
        st.st_mode & 0o7777,
    )


def pids():
    """All processes that run the gateway."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/cmdline" % entry, "rb") as f:
                if f.read().split(b"\0")[0].endswith(b"libexec/gemini-balance.fcgi"):
                    found.append(int(entry))
    return found


def blocks(language, name):
    """The fenced blocks of a README that are meant for one recipe, in order."""
    with open(os.path.join(ROOT, language), encoding="utf-8") as f:
        text = f.read()
    found = re.findall(r"^<!-- recipe ([\w -]+) -->\n```\w*\n(.*?)^```$", text, re.M | re.S)
    return [lines for names, lines in found if name in names.split()]


__all__ = [n for n in dir() if not n.startswith("_")] + ["contains"]
