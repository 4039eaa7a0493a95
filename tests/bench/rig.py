"""The processes of a benchmark: stand-in, nginx, gateway, TLS front, and the load generator."""
import json
import os
import resource
import signal
import socket
import subprocess
import time

START_SECONDS = 10
STOP_SECONDS = 10

NGINX_CONF = """
daemon off;
{user}
worker_processes auto;
worker_rlimit_nofile {files};
pid {dir}/nginx.pid;
error_log stderr error;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    upstream next {{
        server {next};
        keepalive 1024;
        keepalive_requests 1000000000;
    }}
    server {{
        {listen}
        location / {{
            proxy_pass {scheme}://next;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 600s;
            {verify}
        }}
    }}
}}
"""


class RigError(Exception):
    """Something could not be started or does not answer; the text says what."""


def raise_descriptor_limit():
    """Children inherit it. Returns the number of descriptors that one process may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def wait_for(what, test, process):
    limit = time.monotonic() + START_SECONDS
    while not test():
        if process.poll() is not None:
            raise RigError("%s ended at once with status %s" % (what, process.returncode))
        if time.monotonic() > limit:
            raise RigError("%s is not ready after %d s" % (what, START_SECONDS))
        time.sleep(0.02)


def unix_listens(path):
    """Whether a program listens there, without making a connection that the program would see."""
    with open("/proc/net/unix", encoding="utf-8") as f:
        for line in f:
            fields = line.split()
            if len(fields) == 8 and fields[7] == path:
                return int(fields[3], 16) & 0x10000 != 0
    return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


class Program:
    """A child process with its stderr in a file; use it in a with statement."""

    name = "program"
    process = None

    def __init__(self, directory, number):
        self.dir = os.path.join(directory, "%s-%d" % (self.name, number))
        os.mkdir(self.dir)
        self.log = os.path.join(self.dir, "stderr")

    def spawn(self, argv, env=None, stdout=subprocess.DEVNULL):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=stdout,
                                            stderr=log)
        return self.process

    def pids(self):
        return [self.process.pid]

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-1500:].strip()

    def __enter__(self):
        try:
            self.start()
        except BaseException as e:
            self.stop()
            if isinstance(e, RigError):
                raise RigError("%s\n%s" % (e, self.tail())) from e
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        raise NotImplementedError

    def stop(self, sig=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(sig)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Standin(Program):
    name = "standin"

    def __init__(self, directory, number, binary):
        super().__init__(directory, number)
        self.binary = binary
        self.address = None

    def start(self):
        process = self.spawn([self.binary, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE)
        words = process.stdout.readline().decode().split()
        if len(words) != 2 or words[0] != "listening":
            raise RigError("the stand-in did not say where it listens")
        self.address = words[1]


class Nginx(Program):
    """proxy_pass to `upstream` (HOST:PORT, with TLS if `ca` is given) behind a unix socket, or,
    with `certificate`, a TLS front with HTTP/2 behind a port."""

    name = "nginx"

    def __init__(self, directory, number, binary, upstream, ca=None, certificate=None):
        super().__init__(directory, number)
        self.binary, self.upstream, self.ca, self.certificate = binary, upstream, ca, certificate
        self.socket = os.path.join(self.dir, "socket")
        self.port = None

    def target(self):
        return "http:unix:" + self.socket

    def config(self):
        listen = "listen unix:%s backlog=4096;" % self.socket
        verify = ""
        if self.certificate:
            self.port = free_port()
            listen = ("listen 127.0.0.1:%d ssl http2 backlog=4096; ssl_certificate %s.crt; "
                      "ssl_certificate_key %s.key;" % (self.port, self.certificate,
                                                       self.certificate))
        if self.ca:
            verify = "proxy_ssl_verify on; proxy_ssl_trusted_certificate %s;" % self.ca
            verify += " proxy_ssl_name localhost;"
        return NGINX_CONF.format(
            user="user root;" if os.geteuid() == 0 else "", dir=self.dir, next=self.upstream,
            files=resource.getrlimit(resource.RLIMIT_NOFILE)[0], listen=listen, verify=verify,
            scheme="https" if self.ca else "http")

    def start(self):
        path = os.path.join(self.dir, "nginx.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.config())
        process = self.spawn([self.binary, "-p", self.dir, "-c", path])
        wait_for("nginx", self.ready, process)
        time.sleep(0.1)

    def ready(self):
        if not children(self.process.pid):
            return False
        if self.port is None:
            return unix_listens(self.socket)
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def pids(self):
        return [self.process.pid] + children(self.process.pid)

class Gateway(Program):
    name = "gateway"

    def __init__(self, directory, number, binary, base_url, options):
        super().__init__(directory, number)
        self.binary, self.base_url, self.options = binary, base_url, options
        self.socket = os.path.join(self.dir, "socket")

    def target(self):
        return "fcgi:unix:" + self.socket

    def start(self):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "GEMINI_BASE_URL": self.base_url,
               "GEMINI_API_KEYS": "k1,k2", "OPEN_ACCESS": "yes", "LOG_LEVEL": "warn"}
        env.update(self.options)
        process = self.spawn(self.command() + ["--listen", "unix:" + self.socket], env=env)
        wait_for("the gateway", lambda: unix_listens(self.socket), process)
        time.sleep(0.1)

    def command(self):
        return [self.binary]


class CountedGateway(Gateway):
    """One loop, with its instructions counted: `instructions` once it has been stopped."""

    name = "counted"

    def __init__(self, directory, number, binary, base_url, options):
        super().__init__(directory, number, binary, base_url, dict(options, LOOPS="1"))
        self.counts = os.path.join(self.dir, "counts")

    def command(self):
        return ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + self.counts,
                self.binary]

    def instructions(self):
        try:
            with open(self.counts, encoding="utf-8") as f:
                for line in f:
                    if line.startswith(("summary:", "totals:")):
                        return int(line.split()[1])
        except OSError:
            pass
        raise RigError("valgrind counted nothing\n%s" % self.tail())


class Load:
    """Runs the load generator; each call returns what it measured as a dictionary."""

    def __init__(self, binary, directory):
        self.binary, self.dir, self.bodies = binary, directory, {}

    def body_file(self, body):
        if body not in self.bodies:
            path = os.path.join(self.dir, "body-%d" % len(self.bodies))
            with open(path, "w", encoding="utf-8") as f:
                f.write(body)
            self.bodies[body] = path
        return self.bodies[body]

    def run(self, program, request, options, watch=False):
        argv = [self.binary, "--json", "--target", program.target(), "--path", request.path,
                "--body-file", self.body_file(request.body)]
        for header in request.headers:
            argv += ["--header", header]
        if watch:
            argv += ["--watch-pid", ",".join(str(p) for p in program.pids())]
        for name, value in options.items():
            argv += ["--" + name] if value is True else ["--" + name, str(value)]
        got = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if got.returncode not in (0, 1):
            raise RigError("load: %s\n%s" % (got.stderr.decode()[:300], program.tail()))
        return json.loads(got.stdout)
