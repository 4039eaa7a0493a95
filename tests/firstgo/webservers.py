"""The recipe of deploy/README.md, typed as printed, beside Debian's stock configuration and another
site."""

import os
import re

import machine as m
from machine import equal, true


NAME = "gemini.example.com"
CERTIFICATE = "/etc/letsencrypt/live/%s/fullchain.pem" % NAME
# Caddy has no authority to ask here, and is one itself.
CADDYS_OWN = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"


def _write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Lighttpd:
    name = "lighttpd"
    tls = "tls-lighttpd"
    service = "lighttpd"
    spawns = False

    def other_site(self):
        _write(
            "/etc/lighttpd/conf-available/50-other.conf",
            '$HTTP["host"] == "other.example" {\n    server.document-root = "/var/www/other"\n}\n',
        )
        m.sh("lighty-enable-mod other")


class LighttpdBinPath(Lighttpd):
    name = "lighttpd-bin-path"
    spawns = True


class LighttpdCgi(Lighttpd):
    name = "lighttpd-cgi"
    spawns = True


class Nginx:
    name = "nginx"
    tls = "tls-nginx"
    service = "nginx"
    spawns = False

    def other_site(self):
        _write(
            "/etc/nginx/sites-enabled/other",
            "server {\n\tlisten 80;\n\tserver_name other.example;\n\troot /var/www/other;\n}\n",
        )


class Caddy:
    name = "caddy"
    tls = "tls-caddy"
    service = "caddy"
    spawns = False

    def other_site(self):
        with open("/etc/caddy/Caddyfile", "a", encoding="utf-8") as f:
            f.write("\nhttp://other.example {\n\troot * /var/www/other\n\tfile_server\n}\n")


class ApacheProxy:
    name = "apache-proxy_fcgi"
    tls = "tls-apache"
    service = "apache2"
    spawns = False

    def other_site(self):
        # Modules may be enabled here that a new machine does not have.
        m.sh("a2dismod -q -f fcgid proxy_fcgi proxy || :")
        _write(
            "/etc/apache2/sites-available/other.conf",
            "<VirtualHost *:80>\n\tServerName other.example\n\tDocumentRoot /var/www/other\n"
            "</VirtualHost>\n",
        )
        m.sh("a2ensite -q other")


class ApacheFcgid(ApacheProxy):
    name = "apache-fcgid"
    spawns = True


SERVERS = (Lighttpd, LighttpdBinPath, LighttpdCgi, Nginx, Caddy, ApacheProxy, ApacheFcgid)


def _other_site_answers():
    def good():
        try:
            with m.request("GET", "/", port=80, host="other.example") as r:
                return r.text() == m.OTHER
        except (OSError, m.http_client.Broken):
            return False

    m.harness.wait_for("the other site", good)


def _steps(machine, server):
    """The recipe's lines; Google is the stand-in's."""
    lines = m.blocks("deploy/README.md", server.name)
    true(len(lines) >= 4, "deploy/README.md has a recipe for " + server.name)
    told = "echo GEMINI_BASE_URL=%s >>/etc/gemini-balance.conf\n" % machine.standin.url
    return lines[:2] + [told] + lines[2:]


def _answer_of_the_recipe(steps):
    """The last step asks; it is typed a moment after the others, as a person does."""
    m.sh("".join(steps[:-1]))

    def asked():
        try:
            return m.sh("cd %s\n%s" % (m.INSTALLED, steps[-1]))
        except AssertionError:
            return None

    return m.harness.wait_for("the recipe's answer", asked)


def _reloads(server):
    """A new token is taken over, by the gateway and by what the web server starts."""
    m.sh("echo 'SECOND_TOKEN' >>/etc/gemini-balance.tokens")
    if not server.spawns:
        m.sh("systemctl reload gemini-balance")
    else:
        for pid in m.pids():
            os.kill(pid, 1)
    m.answers_soon("SECOND_TOKEN")


def _gets_a_name(server):
    """Step 6: the site by its name, with TLS; only certbot is not the real one."""
    with open("/etc/hosts", "a", encoding="utf-8") as f:
        f.write("127.0.0.1 %s\n" % NAME)
    m.sh("install -m 755 %s/certbot /usr/local/bin/certbot" % m.HERE)
    m.sh("ln -s /bin/true /usr/local/bin/apt-get")
    if server.name == "caddy":
        m.sh("sed -i '1i {\\n\\tlocal_certs\\n\\tskip_install_trust\\n}' /etc/caddy/Caddyfile")
    change, ask = m.blocks("deploy/README.md", server.tls)
    m.sh(change)
    trusted = CADDYS_OWN if server.name == "caddy" else CERTIFICATE

    def answered():
        try:
            return m.sh(ask, env={"CURL_CA_BUNDLE": trusted})
        except AssertionError:
            return None

    got = m.harness.wait_for("the answer by TLS", answered)
    m.contains(got, "gemini-flash-latest", "the answer by TLS")
    _other_site_answers()
    if server.service == "lighttpd":
        # The next certificate must be had as well.
        m.sh("".join(line + "\n" for line in change.splitlines() if line.startswith("certbot")))


def check(machine, server):
    os.makedirs("/var/www/other")
    _write("/var/www/other/index.html", m.OTHER)
    server.other_site()
    m.sh("systemctl start " + server.service)
    _other_site_answers()
    got = _answer_of_the_recipe(_steps(machine, server))
    m.contains(got, '"choices"', "the answer that the recipe shows")
    m.streams(machine, "YOUR_TOKEN")
    m.refuses("ANOTHER_TOKEN")
    m.long_head("YOUR_TOKEN")
    _other_site_answers()
    for name in ("conf", "keys", "tokens"):
        equal(m.owner("/etc/gemini-balance." + name), "root:www-data 640", name)
    if not server.spawns:
        equal(
            m.owner("/run/gemini-balance/gemini-balance.sock"), "root:www-data 660", "the socket"
        )
    _reloads(server)
    m.many("YOUR_TOKEN")
    m.sh("systemctl reload " + server.service)
    m.answers_soon("YOUR_TOKEN")
    _other_site_answers()
    m.sh("systemctl restart " + server.service)
    m.answers_soon("YOUR_TOKEN")
    _other_site_answers()
    _gets_a_name(server)
    text = machine.journal(100000)
    true(not re.search("only root|Duplicate|DEPRECATED", text), "a clean log: " + text[-2000:])


CASES = [(s.name, lambda machine, s=s: check(machine, s())) for s in SERVERS]
