"""The five web servers, each with its file from deploy/, in which only paths and ports are changed,
and a minimal main configuration."""

import os
import re
import shutil

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
            # "# word" is a remark; "#directive" and "#    directive" are lines to uncomment.
            line = re.sub(r"^(\s*)#(?! \S)", r"\1", line)
        out.append(line)
    return "\n".join(out).replace("/gemini/", prefix + "/")


class Server:
    """One web server in the foreground, in front of the gateway of a box."""

    name = ""
    main = ""  # the configuration to start with; INCLUDE, RUN and PORT are put in
    conf = ()  # files below deploy/; the main configuration includes the first
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
            ("/run/lighttpd", self.box.run),
            ("/usr/local/libexec", self.box.bin),
            ("/etc/gemini-balance.conf", self.box.conf),
            ("snippets/gemini-balance.conf", self.path("location.conf")),
            ("8080", str(self.port)),
        ]

    def path(self, name):
        return os.path.join(self.box.dir, "front-" + os.path.basename(name))

    def copy(self, name):
        with open(os.path.join(DEPLOY, name), encoding="utf-8") as f:
            text = choose_mount(f.read(), self.prefix)
        for old, new in self.places():
            text = text.replace(old, new)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def write_conf(self):
        for name in self.conf:
            self.copy(name)
        # A site under a path is one of the main configuration's own port.
        ports = [str(self.port), str(harness.free_port())]
        if not self.prefix:
            ports.reverse()
        text = self.main
        for old, new in (
            ("INCLUDE", self.path(self.conf[0])),
            ("RUN", self.box.run),
            ("PORT", ports[0]),
        ):
            text = text.replace(old, new)
        with open(self.path("main.conf"), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path("main.conf")

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
    main = """
server.modules = ( "mod_alias", "mod_fastcgi", "mod_cgi" )
server.bind = "127.0.0.1"
server.port = PORT
server.username = "www-data"
server.groupname = "www-data"
server.document-root = "/var/empty"
server.upload-dirs = ( "RUN" )
server.max-fds = 16384
server.listen-backlog = 4096
include "INCLUDE"
"""
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
        name = "gemini-balance.cgi"
        self.copy(name)
        shutil.move(self.path(name), os.path.join(self.box.bin, name))
        os.chmod(os.path.join(self.box.bin, name), 0o755)
        return super().write_conf()


class Nginx(Server):
    name = "nginx"
    main = """
user www-data;
worker_processes auto;
worker_rlimit_nofile 20000;
pid RUN/nginx.pid;
error_log stderr;
events {
	worker_connections 8192;
}
http {
	client_body_temp_path RUN/body;
	include INCLUDE;
}
"""
    conf = ("nginx/gemini-balance.conf", "nginx/location.conf")
    programs = ("nginx",)
    sees_hangup = True

    def command(self, conf):
        return [self.program(), "-c", conf, "-g", "daemon off;"]


class Caddy(Server):
    name = "caddy"
    # Several servers run at the same time.
    main = """
{
	admin off
}
import INCLUDE
"""
    conf = ("caddy/Caddyfile",)
    programs = ("caddy",)

    def command(self, conf):
        return [self.program(), "run", "--config", conf, "--adapter", "caddyfile"]


class ApacheProxy(Server):
    name = "apache-proxy_fcgi"
    main = """
ServerRoot /etc/apache2
ServerName localhost
User www-data
Group www-data
PidFile RUN/apache.pid
ErrorLog /dev/stderr
ListenBacklog 4096
LoadModule mpm_event_module  /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module      /usr/lib/apache2/modules/mod_alias.so
LoadModule proxy_module      /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_fcgi_module /usr/lib/apache2/modules/mod_proxy_fcgi.so
LoadModule fcgid_module      /usr/lib/apache2/modules/mod_fcgid.so
FcgidIPCDir RUN/fcgid
FcgidProcessTableFile RUN/fcgid/table
Include INCLUDE
"""
    conf = ("apache/proxy_fcgi.conf",)
    programs = ("apache2",)
    modules = (
        "/usr/lib/apache2/modules/mod_proxy_fcgi.so",
        "/usr/lib/apache2/modules/mod_fcgid.so",
    )

    def command(self, conf):
        return [self.program(), "-DFOREGROUND", "-f", conf]

    def start(self):
        self.box.owned_dir(os.path.join(self.box.run, "fcgid"))
        super().start()


class ApacheFcgid(ApacheProxy):
    name = "apache-fcgid"
    conf = ("apache/fcgid.conf",)
    spawns_gateway = True


FRONT = (Lighttpd, Nginx, Caddy, ApacheProxy, ApacheFcgid)
