#!/usr/bin/env python3
"""systemctl for a machine on which systemd is not the first process: it reads the same units and
carries out what they say, as far as the units of the web servers and of the gateway go.

  systemctl [--user] daemon-reload
  systemctl [--user] enable|disable [--now] UNIT...
  systemctl [--user] start|stop|restart|reload|is-active UNIT...

Users, groups, directories, sockets, restarts and environments are systemd's; what a unit says to
confine a service is not applied. Each unit has a keeper, a process that restarts what ends.
"""

import grp
import os
import pwd
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time

USER = "--user" in sys.argv
HOME = os.path.expanduser("~")
if USER:
    FOLDERS = [HOME + "/.config/systemd/user"]
    STATE = HOME + "/.units"
else:
    FOLDERS = ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/lib/systemd/system"]
    STATE = "/run/units"
DYNAMIC_UID = 61184  # the first of systemd's for DynamicUser
PATIENCE = 40
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def fail(text):
    sys.exit("systemctl: " + text)


class Unit:
    def __init__(self, name):
        self.name = name if "." in name else name + ".service"
        self.values = {}
        for folder in FOLDERS:
            path = os.path.join(folder, self.name)
            if os.path.exists(path):
                self._read(path)
                return
        fail("Unit %s not found." % self.name)

    def _read(self, path):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"\\\n", " ", f.read())
        for line in text.split("\n"):
            line = line.strip()
            if not line or line[0] in "#;[":
                continue
            name, _, value = line.partition("=")
            # An empty value takes back what was said before.
            rows = self.values.setdefault(name.strip(), [])
            rows.append(value.strip()) if value.strip() else rows.clear()

    def all(self, name):
        return self.values.get(name, [])

    def get(self, name, default=None):
        rows = self.all(name)
        return rows[-1] if rows else default

    def yes(self, name):
        return self.get(name, "no") in ("yes", "true", "1", "on")

    def place(self, kind):
        return os.path.join(STATE, self.name.rpartition(".")[0] + kind)

    @property
    def socket(self):
        """The unit's socket, if it has one."""
        name = self.name.rpartition(".")[0] + ".socket"
        if any(os.path.exists(os.path.join(folder, name)) for folder in FOLDERS):
            return Unit(name)
        return None


def number(place):
    try:
        with open(place, encoding="ascii") as f:
            return int(f.read())
    except (OSError, ValueError):
        return None


def write(place, text):
    with open(place + ".new", "w", encoding="ascii") as f:
        f.write(str(text))
    os.rename(place + ".new", place)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def seconds(text):
    return float(re.sub(r"(s|sec)$", "", text))


# ---- running commands of a unit ----


def identity(unit):
    """user, group and further groups as subprocess takes them; {} for the caller's own."""
    if USER:
        return {}
    more = [grp.getgrnam(n).gr_gid for n in " ".join(unit.all("SupplementaryGroups")).split()]
    if unit.yes("DynamicUser"):
        return {"user": DYNAMIC_UID, "group": DYNAMIC_UID, "extra_groups": more}
    name = unit.get("User")
    if not name:
        return {}
    who = pwd.getpwnam(name)
    gid = grp.getgrnam(unit.get("Group")).gr_gid if unit.get("Group") else who.pw_gid
    groups = set(os.getgrouplist(name, gid)) | set(more)
    return {"user": who.pw_uid, "group": gid, "extra_groups": sorted(groups)}


def environment(unit, who):
    env = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}
    if USER:
        env.update(HOME=HOME, USER=pwd.getpwuid(os.getuid()).pw_name)
    elif unit.get("User"):
        env.update(HOME=pwd.getpwuid(who["user"]).pw_dir, USER=unit.get("User"))
    for row in unit.all("Environment"):
        env.update(word.split("=", 1) for word in shlex.split(row))
    for name, root in (("StateDirectory", "/var/lib"), ("RuntimeDirectory", "/run")):
        for folder in unit.get(name, "").split():
            env[re.sub("Directory", "_DIRECTORY", name).upper()] = "%s/%s" % (root, folder)
    return env


def directories(unit, who):
    for name, root in (("StateDirectory", "/var/lib"), ("RuntimeDirectory", "/run")):
        for folder in unit.get(name, "").split():
            path = os.path.join(root, folder)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, int(unit.get(name + "Mode", "0755"), 8))
            if who:
                os.chown(path, who["user"], who["group"])


def words(row, main=None):
    row = row.replace("%h", HOME).replace("%t", os.environ.get("XDG_RUNTIME_DIR", "/run"))
    row = re.sub(r"\$\{?MAINPID\}?", str(main), row)
    argv = shlex.split(row)
    mark = re.match(r"[-+!@:]*", argv[0]).group(0)
    argv[0] = argv[0][len(mark) :]
    if "/" not in argv[0]:
        argv[0] = "/bin/" + argv[0]
    return mark, argv


def commands(unit, name, main=None):
    """Runs the lines of ExecStartPre and their like; an exit status is systemd's affair."""
    who = identity(unit)
    for row in unit.all(name):
        mark, argv = words(row, main)
        done = subprocess.run(
            argv,
            env=environment(unit, who),
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE,
            **({} if "+" in mark else who)
        )
        if done.returncode and "-" not in mark:
            fail("%s=%s of %s ended with %d" % (name, row, unit.name, done.returncode))


# ---- the keeper ----


def listen(unit):
    address = unit.get("ListenStream").replace("%h", HOME)
    folder = os.path.dirname(address)
    if not os.path.isdir(folder):
        os.makedirs(folder)
        os.chmod(folder, int(unit.get("DirectoryMode", "0755"), 8))
    if os.path.exists(address):
        os.unlink(address)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(address)
    if unit.get("SocketGroup"):
        os.chown(address, 0, grp.getgrnam(unit.get("SocketGroup")).gr_gid)
    os.chmod(address, int(unit.get("SocketMode", "0666"), 8))
    sock.listen(int(unit.get("Backlog", "4096")))
    return sock


def launch(unit, sock):
    who = identity(unit)
    directories(unit, who)
    argv = words(unit.get("ExecStart"))[1]
    env = environment(unit, who)
    before = None
    if sock:
        # LISTEN_PID is the number of a process that does not exist yet.
        argv = ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'] + argv
        number_of_socket = sock.fileno()

        def before():
            os.dup2(number_of_socket, 3)

    return subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        pass_fds=(3,) if sock else (),
        preexec_fn=before,
        umask=int(unit.get("UMask", "0022"), 8),
        **who
    )


def keep(unit, sock, wanted):
    """Starts the unit's program, or with wanted False waits for the first connection, and again
    when it ends, as Restart= says. Returns when the unit is stopped."""
    restart = unit.get("Restart", "no")
    while True:
        if not wanted:
            while not select.select([sock], [], [], 0.05)[0]:
                if os.path.exists(unit.place(".stop")):
                    return
        child = launch(unit, sock)
        write(unit.place(".pid"), child.pid)
        status = child.wait()
        if os.path.exists(unit.place(".stop")):
            return
        again = restart == "always" or (restart == "on-failure" and status not in (0, -15))
        if not again and not sock:
            return
        wanted = again
        if again:
            time.sleep(seconds(unit.get("RestartSec", "0.1")))


def detach(function):
    """Runs function in a process that belongs to nobody, with the log of the unit as output."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open("/dev/null", os.O_RDONLY)
    log = os.open(STATE + "/journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        function()
    finally:
        os._exit(0)


def keeper_alive(unit):
    pid = number(unit.place(".keeper"))
    return pid is not None and alive(pid)


def start_keeper(unit, wanted):
    sock = listen(unit.socket) if unit.socket else None

    def run():
        write(unit.place(".keeper"), os.getpid())
        keep(unit, sock, wanted)

    detach(run)
    end = time.monotonic() + PATIENCE
    while number(unit.place(".keeper")) is None and time.monotonic() < end:
        time.sleep(0.01)


# ---- the words of the command line ----


def orphans():
    """Processes whose parent has gone: what a daemon is after its start."""
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % entry, encoding="utf-8", errors="replace") as f:
                if f.read().rsplit(")", 1)[1].split()[1] == "1":
                    found.add(int(entry))
        except OSError:
            pass
    return found


def start_daemon(unit):
    before = orphans()
    commands(unit, "ExecStart")
    # Without a PIDFile systemd guesses as well.
    new = [pid for pid in sorted(orphans() - before) if alive(pid)]
    write(unit.place(".pid"), new[0] if new else 0)


def main_pid(unit):
    pid = number(unit.get("PIDFile")) if unit.get("PIDFile") else None
    return pid or number(unit.place(".pid"))


def start(unit):
    if unit.name.endswith(".socket"):
        service = Unit(unit.name[: -len("socket")] + "service")
        if not keeper_alive(service):
            start_keeper(service, wanted=False)
        return
    if keeper_alive(unit) or alive(main_pid(unit) or 0):
        return
    commands(unit, "ExecStartPre")
    if unit.get("Type", "simple") == "forking":
        start_daemon(unit)
    else:
        start_keeper(unit, wanted=True)
        time.sleep(0.3)
        if not keeper_alive(unit):
            fail("%s ended at once" % unit.name)


def wait_gone(pid, what):
    end = time.monotonic() + PATIENCE
    while pid and alive(pid):
        if time.monotonic() > end:
            fail("%s does not stop" % what)
        time.sleep(0.02)


def stop(unit):
    if unit.name.endswith(".socket"):
        unit = Unit(unit.name[: -len("socket")] + "service")
    pid, keeper = main_pid(unit), number(unit.place(".keeper"))
    write(unit.place(".stop"), 1)
    if unit.all("ExecStop"):
        commands(unit, "ExecStop", pid)
    if pid and alive(pid):
        os.kill(pid, signal.SIGTERM)
    wait_gone(pid, unit.name)
    wait_gone(keeper, unit.name)
    for kind in (".stop", ".pid", ".keeper"):
        if os.path.exists(unit.place(kind)):
            os.unlink(unit.place(kind))


def act(verb, unit):
    if verb == "start":
        start(unit)
    elif verb == "stop":
        stop(unit)
    elif verb == "restart":
        stop(unit)
        start(unit)
    elif verb == "reload":
        commands(unit, "ExecReload", main_pid(unit))
    elif verb == "is-active":
        pid = main_pid(unit)
        if not pid or not alive(pid):
            sys.exit(3)
    else:
        fail("Unknown command verb '%s'." % verb)


def main():
    options = [a for a in sys.argv[1:] if a.startswith("-")]
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if set(options) - {"--user", "--now", "--quiet"}:
        fail("unknown option in %s" % options)
    os.makedirs(STATE, mode=0o700, exist_ok=True)
    verb = arguments.pop(0)
    if verb == "daemon-reload":
        return
    if verb in ("enable", "disable"):
        verb = {"enable": "start", "disable": "stop"}[verb] if "--now" in options else None
    if not arguments:
        fail("Too few arguments.")
    for name in arguments:
        unit = Unit(name)
        if verb:
            act(verb, unit)


if __name__ == "__main__":
    main()
