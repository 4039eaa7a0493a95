"""A machine of one's own for a test: private namespaces in which /etc, /run, /usr/local, /var,
/home and /tmp may be changed like those of a fresh server, and nothing that is done there stays.
All else is read-only. The network is a loop-back interface of its own, so that port 80 is free.
"""

import os
import re
import subprocess

PARENT = "FIRSTGO_PARENT_NAMESPACE"
CHANGED = ("/etc", "/usr/local", "/var", "/home", "/tmp")
# Kinds of file systems that hold files of the machine; the others are the kernel's.
REAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "overlay", "f2fs", "zfs", "9p", "virtiofs", "tmpfs")
BASE = "/mnt"


def _namespace():
    return os.readlink("/proc/self/ns/mnt")


def command(argv):
    """argv as the first process of a machine of its own."""
    os.environ[PARENT] = _namespace()
    flags = "--mount --net --ipc --pid --fork --kill-child --mount-proc --propagation private"
    return ["unshare", *flags.split(), "--", *argv]


def _run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def _mount_points():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            left, right = line.rstrip("\n").split(" - ", 1)
            if right.split(" ")[0] in REAL:
                yield re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), left.split(" ")[4])


def _protect():
    for place in _mount_points():
        if not place.startswith(("/dev", "/proc", "/sys")):
            # A mount that another one hides cannot be reached in any case.
            argv = ["mount", "-o", "remount,bind,ro", place]
            subprocess.run(argv, capture_output=True, check=False)
    try:
        with open("/usr/.firstgo-may-not-write", "w", encoding="ascii"):
            pass
    except OSError:
        return
    os.unlink("/usr/.firstgo-may-not-write")
    raise SystemExit("the machine's own files are not protected")


def enter():
    """To be called first in a process that command() started."""
    if os.getpid() != 1 or os.environ.get(PARENT, _namespace()) == _namespace():
        raise SystemExit("this would change the machine itself")
    _protect()
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "firstgo", BASE)
    for n, place in enumerate(CHANGED):
        upper, work = "%s/upper%d" % (BASE, n), "%s/work%d" % (BASE, n)
        os.mkdir(upper)
        os.mkdir(work)
        if place == "/tmp":
            os.chmod(upper, 0o1777)
        options = "lowerdir=%s,upperdir=%s,workdir=%s" % (place, upper, work)
        _run("mount", "-t", "overlay", "-o", options, "overlay", place)
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "firstgo", "/run")
    os.makedirs("/run/lock")
    os.chmod("/run/lock", 0o1777)
    _run("ip", "link", "set", "lo", "up")
    # Debian's unit lets Caddy have port 80 by a capability.
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w", encoding="ascii") as f:
        f.write("0")
