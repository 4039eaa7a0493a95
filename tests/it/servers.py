"""The five web servers, each with its file from deploy/ and nothing but places put in."""

import os
import re

import harness

DEPLOY = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy"))


def choose_mount(text, prefix):
    """The [root] or the [prefix] lines of a configuration, as a person would do it in an editor."""
    if not prefix:
        return text
    out, part = [], None
    for line in text.split("\n"):
        mark = re.match(r"\s*# \[(root|prefix|end)\]", line)
        if mark:
            part = mark.group(1)
        elif part == "root" and line.strip():
            line = re.sub(r"^(\s*)", r"\1#", line)
        elif part == "prefix":
            # "# word" is a remark, "#directive" and "#    directive" are lines to be used.
            line = re.sub(r"^(\s*)#(?! \S)", r"\1", line)
        out.append(line)
    return "\n".join(out).replace("/gemini/", prefix + "/")


class Server:
    """One web server in the foreground, in front of the gateway of a box."""

    name = ""
    conf = ()  # files below deploy/; the first is the one to start with
    programs = ()  # any of them must exist
    modules = ()  # files that must exist
    spawns_gateway = False  # the web server starts the gateway itself
    sees_hangup = False  # a client that leaves is noticed at once, not with the next write

    def __init__(self, box, prefix=""):
        self.box = box
        self.prefix = prefix
        self.port = harness.free_port()
        self.process = None

    @classmethod
    def program(cls):
        return harness.find_program(*cls.programs)

    @classmethod
    def missing(cls):
        """Why this server cannot run here, or None."""
        if not cls.program():
            return "%s is not installed" % cls.programs[0]
        for path in cls.modules:
            if not os.path.exists(path):
                return "%s is not installed" % path
        return None

    def places(self):
        return [
            ("/run/gemini-balance", self.box.run),
            ("/usr/local/libexec", self.box.bin),
            ("/etc/gemini-balance.conf", self.box.conf),
            ("/var/lib/nginx/body", os.path.join(self.box.run, "body")),
            ("8080", str(self.port)),
        ]

    def write_conf(self):
        first = None
        for name in self.conf:
            with open(os.path.join(DEPLOY, name), encoding="utf-8") as f:
                text = choose_mount(f.read(), self.prefix)
            for old, new in self.places():
                text = text.replace(old, new)
            path = os.path.join(self.box.dir, os.path.basename(name))
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            first = first or path
        return first

    def command(self, conf):
        raise NotImplementedError

    def start(self):
        conf = self.write_conf()
        env = dict(os.environ, HOME=self.box.run)
        self.process = self.box.spawn(self.name, self.command(conf), env=env)
        harness.wait_port("127.0.0.1", self.port, self.process)

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


class Lighttpd(Server):
    name = "lighttpd"
    conf = ("lighttpd/socket.conf",)
    programs = ("lighttpd",)
    sees_hangup = True

    def command(self, conf):
        return [self.program(), "-D", "-f", conf]


class LighttpdBinPath(Lighttpd):
    name = "lighttpd-bin-path"
    conf = ("lighttpd/bin-path.conf",)
    spawns_gateway = True


class LighttpdCgi(Lighttpd):
    name = "lighttpd-cgi"
    conf = ("lighttpd/cgi.conf",)
    spawns_gateway = True

    def write_conf(self):
        path = super().write_conf()
        with open(path, "a", encoding="utf-8") as f:
            for pair in self.box.env.items():
                f.write('setenv.set-environment += ( "%s" => "%s" )\n' % pair)
        return path


class Nginx(Server):
    name = "nginx"
    conf = ("nginx/gemini-balance.conf", "nginx/location.conf")
    programs = ("nginx",)
    sees_hangup = True

    def command(self, conf):
        return [self.program(), "-c", conf, "-g", "daemon off;"]


class Caddy(Server):
    name = "caddy"
    conf = ("caddy/Caddyfile",)
    programs = ("caddy",)

    def command(self, conf):
        return [self.program(), "run", "--config", conf, "--adapter", "caddyfile"]


class ApacheProxy(Server):
    name = "apache-proxy_fcgi"
    conf = ("apache/proxy_fcgi.conf",)
    programs = ("apache2",)
    modules = ("/usr/lib/apache2/modules/mod_proxy_fcgi.so",)

    def command(self, conf):
        return [self.program(), "-DFOREGROUND", "-f", conf]


class ApacheFcgid(ApacheProxy):
    name = "apache-fcgid"
    conf = ("apache/fcgid.conf",)
    modules = ("/usr/lib/apache2/modules/mod_fcgid.so",)
    spawns_gateway = True

    def start(self):
        self.box.owned_dir(os.path.join(self.box.run, "fcgid"))
        super().start()


FRONT = (Lighttpd, Nginx, Caddy, ApacheProxy, ApacheFcgid)
