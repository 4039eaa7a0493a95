"""Supervisors, with the files and the lines of deploy/supervision and deploy/shared-hosting:
started, killed, reloaded, restarted, stopped, with a socket of the gateway's own and spawn-fcgi's.
"""

import os
import re
import signal

import machine as m
from machine import equal, true

SUPERVISION = "deploy/supervision/README.md"
HOSTING = "deploy/shared-hosting/README.md"


def commands(document, name):
    """{"reload": command, ...} from the table of a supervisor."""
    with open(os.path.join(m.ROOT, document), encoding="utf-8") as f:
        text = f.read()
    table = re.search(r"^<!-- commands %s -->\n((?:\|.*\n)+)" % re.escape(name), text, re.M)
    found = {}
    for words, cell in re.findall(r"^\| ([\w, ]+) \| (.*) \|$", table.group(1), re.M):
        found.update(zip(words.split(", "), re.findall(r"`([^`]+)`", cell)))
    return found


def _only_pid():
    return m.harness.wait_for("one gateway", lambda: len(m.pids()) == 1 and m.pids()[0])


def killed(**site):
    """A gateway that is killed is started again."""
    pid = _only_pid()
    os.kill(pid, signal.SIGKILL)
    m.harness.wait_for("another gateway", lambda: set(m.pids()) - {pid}, 80)
    m.answers_soon("YOUR_TOKEN", **site)


def reloaded(machine, run, command, tokens, word, **site):
    """A reload takes over a token and ends no stream."""
    pid = _only_pid()
    with m.chat("YOUR_TOKEN", model="gated-2", stream=True, **site) as r:
        while not m.delta(r.event()):
            pass
        with open(tokens, "a", encoding="utf-8") as f:
            f.write(word + "\n")
        run(command)
        m.answers_soon(word, **site)
        machine.standin.next()
        equal(r.events()[-1], "[DONE]", "last event of the stream")
    equal(_only_pid(), pid, "the process after a reload")


def _replaced(run, command):
    """Not every supervisor waits for the end of what it restarts."""
    old = set(m.pids())
    run(command)
    m.harness.wait_for("the old gateway's end", lambda: not old & set(m.pids()))


def restarted(run, told, **site):
    _only_pid()
    _replaced(run, told["restart"])
    m.answers_soon("YOUR_TOKEN", **site)
    run(told["stop"])
    m.harness.wait_for("the end", lambda: not m.pids())
    run(told["start"])
    m.answers_soon("YOUR_TOKEN", **site)
    equal(len(m.pids()), 1, "gateways")


def life(machine, run, told, tokens, word, **site):
    m.answers_soon("YOUR_TOKEN", **site)
    m.streams(machine, "YOUR_TOKEN", **site)
    m.refuses("ANOTHER_TOKEN", **site)
    killed(**site)
    reloaded(machine, run, told["reload"], tokens, word, **site)
    restarted(run, told, **site)


# ---- as root: deploy/supervision, behind lighttpd as deploy/README.md has it ----

DAEMONS = {
    "runit": ["runsvdir", "/etc/service"],
    "s6": ["s6-svscan", "/var/service"],
    "supervisord": ["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"],
    "systemd": None,
}


def _daemon(argv, user=None):
    if argv:
        with open("/run/supervisor.log", "ab") as log:
            os.chmod("/run/supervisor.log", 0o666)
        env = {"PATH": m.SYSTEM_PATH, "LANG": "C.UTF-8"}
        if user:
            env.update(HOME="/home/" + user, USER=user)
        m.harness.Process(argv[0], argv, log.name, env=env, user=user)


def _appears(path):
    m.harness.wait_for(path, lambda: os.path.exists(path))


def _uses_spawn_fcgi(folder, wanted):
    """spawn-fcgi becomes the gateway, which then has the socket as its standard input."""
    place = os.readlink("/proc/%d/fd/0" % _only_pid())
    equal(place.startswith("socket:"), wanted, "%s: standard input is the socket" % folder)


def supervised(machine, name):
    os.makedirs("/var/service", exist_ok=True)
    os.makedirs("/etc/service", exist_ok=True)
    steps = m.blocks("deploy/README.md", "lighttpd")
    told = "echo GEMINI_BASE_URL=%s >>/etc/gemini-balance.conf\n" % machine.standin.url
    m.sh("".join(steps[:2]) + told)
    _daemon(DAEMONS[name])
    if name == "supervisord":
        _appears("/var/run/supervisor.sock")
    own = m.blocks(SUPERVISION, name)
    spawned = m.blocks(SUPERVISION, name + "-spawn-fcgi")
    true(spawned, "lines for " + name)
    run = m.sh
    cd = "cd %s\n" % m.INSTALLED
    if own:
        if name == "s6":
            _appears("/var/service/.s6-svscan/control")
        m.sh(cd + own[0])
        m.sh(cd + steps[3])
        life(machine, run, commands(SUPERVISION, name), "/etc/gemini-balance.tokens", "WORD_ONE")
        _uses_spawn_fcgi(name, False)
    m.sh(cd + spawned[0])
    if not own:
        name += "-spawn-fcgi"
        m.sh(cd + steps[3])
    elif name == "supervisord":
        m.sh("supervisorctl update")
    told = commands(SUPERVISION, name)
    _replaced(run, told["restart"])
    life(machine, run, told, "/etc/gemini-balance.tokens", "WORD_TWO")
    _uses_spawn_fcgi(name, True)


# ---- as an ordinary user: deploy/shared-hosting, behind the host's lighttpd ----

USER_DAEMONS = {
    "runit": ["runsvdir", "/home/alice/service"],
    "s6": ["s6-svscan", "/home/alice/service"],
    "supervisord": None,
    "systemd": None,
}


def own_supervisor(machine, name):
    import hosting

    user = hosting.User(machine)
    steps = user.prepare(name)
    if USER_DAEMONS[name]:
        user.sh("mkdir -p ~/service")
        _daemon(USER_DAEMONS[name], user.name)
    if name == "s6":
        _appears("/home/alice/service/.s6-svscan/control")
    user.sh(steps[1])
    site = hosting.lighttpd(user)
    told = commands(HOSTING, name)
    if name == "runit":
        _appears("/home/alice/service/gemini-balance/supervise/ok")
    life(machine, user.sh, told, user.home + "/gemini-balance/tokens", "WORD_ONE", **site)
    _replaced(user.sh, m.blocks(HOSTING, name + "-spawn-fcgi")[0])
    life(machine, user.sh, told, user.home + "/gemini-balance/tokens", "WORD_TWO", **site)
    _uses_spawn_fcgi(name, True)


CASES = [
    ("supervision: " + n, lambda machine, n=n: supervised(machine, n)) for n in DAEMONS
] + [
    ("shared hosting: the user's own " + n, lambda machine, n=n: own_supervisor(machine, n))
    for n in USER_DAEMONS
]
