"""Shared hosting: an ordinary user with a home directory, and web servers that are the host's."""

import os

import machine as m
import supervisors
from machine import equal, true

DOCUMENT = supervisors.HOSTING


class User:
    """alice, for whom the gateway was built with --prefix=$HOME/gemini-balance."""

    name = "alice"
    home = "/home/alice"

    def __init__(self, machine):
        self.machine = machine
        m.sh("useradd -m -s /bin/sh -u 1500 alice && chmod 700 /home/alice")
        built = machine.options.stage + "/alice" + self.home + "/gemini-balance"
        m.sh("cp -a %s /home/alice/ && chown -R alice:alice /home/alice" % built)
        # Nothing may come from root's installation.
        m.sh("rm -rf %s/gemini-balance.* %s" % (m.LIBEXEC, m.INSTALLED))
        true(os.path.exists("/home/alice/gemini-balance/libexec/gemini-balance.fcgi"), "a program")

    def sh(self, text):
        """With the directory and the variable of the recipe's first lines."""
        first = m.blocks(DOCUMENT, "systemd")[0].split("\n")[:2]
        return m.sh("\n".join(first + [text]), user=self.name, cwd=self.home)

    def prepare(self, name):
        """Carries out step 2; all blocks of the recipe."""
        steps = m.blocks(DOCUMENT, name)
        m.sh(steps[0], user=self.name, cwd=self.home)
        with open(self.home + "/gemini-balance/gemini-balance.conf", "a", encoding="utf-8") as f:
            f.write("GEMINI_BASE_URL=%s\n" % self.machine.standin.url)
        for file in ("gemini-balance.conf", "keys", "tokens"):
            equal(m.owner(self.home + "/gemini-balance/" + file), "alice:alice 600", file)
        return steps

    def file(self, name, site):
        """One of the files for the host, with the two words replaced."""
        path = self.home + "/gemini-balance/share/doc/gemini-balance/deploy/shared-hosting/" + name
        with open(path, encoding="utf-8") as f:
            return f.read().replace("HOME", self.home).replace("YOUR.SITE", site)


def _write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def lighttpd(user):
    text = user.file("lighttpd.conf", "alice.example")
    _write("/etc/lighttpd/conf-available/60-alice.conf", text)
    m.sh("lighty-enable-mod fastcgi alice && systemctl restart lighttpd")
    return {"port": 80, "host": "alice.example"}


def caddy(user):
    with open("/etc/caddy/Caddyfile", "a", encoding="utf-8") as f:
        f.write("\n" + user.file("Caddyfile", "http://alice.example"))
    m.sh("systemctl restart caddy")
    return {"port": 80, "host": "alice.example"}


def _prepared(machine, server):
    """A user who has done what comes before the lines for the web server."""
    user = User(machine)
    for step in user.prepare(server)[1:]:
        user.sh(step)
    return user


def _life(machine, user, supervisor, site):
    told = supervisors.commands(DOCUMENT, supervisor)
    tokens = user.home + "/gemini-balance/tokens"
    supervisors.life(machine, user.sh, told, tokens, "WORD_ONE", **site)


def behind_lighttpd(machine):
    """With an ACL that lets in only the web server's user."""
    user = _prepared(machine, "lighttpd")
    site = lighttpd(user)
    _life(machine, user, "systemd", site)
    m.sh("useradd -m bob")
    connect = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"%s\")'"
    place = user.home + "/gemini-balance/run/gemini-balance.sock"
    try:
        m.sh(connect % place, user="bob")
    except AssertionError as e:
        m.contains(str(e), "PermissionError")
    else:
        raise AssertionError("another user can connect to the socket")


def behind_caddy(machine):
    user = _prepared(machine, "caddy")
    site = caddy(user)
    _life(machine, user, "supervisord", site)
    m.sh("systemctl reload caddy")
    m.answers_soon("YOUR_TOKEN", **site)


def behind_apache(machine):
    """By .htaccess and suEXEC in public_html."""
    user = _prepared(machine, "cgi")
    m.sh("a2enmod -q cgid rewrite userdir suexec")
    _write(
        "/etc/apache2/conf-available/host.conf",
        "<Directory /home/*/public_html>\n"
        "\tAllowOverride FileInfo AuthConfig Limit Options=ExecCGI,SymLinksIfOwnerMatch\n"
        "\tOptions SymLinksIfOwnerMatch\n</Directory>\n",
    )
    m.sh("a2enconf -q host && a2dismod -q -f fcgid && systemctl restart apache2")
    site = {"port": 80, "prefix": "/~alice/gemini"}
    m.answers_soon("YOUR_TOKEN", **site)
    m.streams(machine, "YOUR_TOKEN", **site)
    m.refuses("ANOTHER_TOKEN", **site)
    with m.request("GET", "/~alice/gemini/", port=80) as r:
        m.contains(r.text(), "/~alice/gemini/v1", "the status page")
    with m.request("GET", "/~alice/gemini/v1/models?pageSize=5", token="YOUR_TOKEN", port=80) as r:
        equal(r.status, 200, "status of a request with a query")
        r.read()
    with open(user.home + "/gemini-balance/tokens", "a", encoding="utf-8") as f:
        f.write("WORD_ONE\n")
    m.answers("WORD_ONE", **site)
    m.sh("systemctl reload apache2")
    m.answers_soon("YOUR_TOKEN", **site)
    m.many("YOUR_TOKEN", 20, **site)
    equal(m.owner(user.home + "/gemini-balance/state.db"), "alice:alice 600", "the state")


def by_cron(machine):
    user = User(machine)
    user.sh(user.prepare("cron")[1])
    site = lighttpd(user)
    # A machine that starts: cron runs what is due then.
    m.harness.Process("cron", ["cron", "-f"], "/run/cron.log", env={"PATH": m.SYSTEM_PATH})
    m.answers_soon("YOUR_TOKEN", **site)
    supervisors.killed(**site)
    told = supervisors.commands(DOCUMENT, "cron")
    tokens = user.home + "/gemini-balance/tokens"
    supervisors.reloaded(machine, user.sh, told["reload"], tokens, "WORD_ONE", **site)


CASES = [
    ("shared hosting: the host's lighttpd", behind_lighttpd),
    ("shared hosting: the host's caddy", behind_caddy),
    ("shared hosting: apache by .htaccess", behind_apache),
    ("shared hosting: cron", by_cron),
]
