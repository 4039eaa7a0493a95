"""Every way to start the gateway, and what it refuses to start with."""

import os
import resource
import socket
import subprocess

import fcgi_client
import harness
import servers
from calls import chat_arrives_one_by_one
from stack import Stack, gateway_sanitized
from tap import Skip, contains, equal, once, true


def _serves(s):
    with s.chat() as r:
        equal(r.status, 200, "status")
        true(r.json()["choices"][0]["message"]["content"], "there is an answer")
    chat_arrives_one_by_one(s)


def _needs(server):
    why = server.missing()
    if why:
        raise Skip(why)


@once
def lighttpd_starts_it_by_bin_path(options):
    _needs(servers.LighttpdBinPath)
    with Stack(options, servers.LighttpdBinPath) as s:
        _serves(s)
        equal(len(s.box.gateway_pids()), 1, "processes")


@once
def it_serves_as_a_plain_cgi_program(options):
    _needs(servers.LighttpdCgi)
    with Stack(options, servers.LighttpdCgi) as s:
        _serves(s)
        with s.generate("Grüße") as r:
            contains(r.text(), "Grüße")
        with s.request("GET", "/nowhere") as r:
            equal(r.status, 404, "status of an unknown path")
            r.read()
        harness.wait_for("the end of each process", lambda: not s.box.gateway_pids())


@once
def plain_cgi_works_under_a_prefix(options):
    _needs(servers.LighttpdCgi)
    with Stack(options, servers.LighttpdCgi, "/gemini", {"MOUNT_PREFIX": "/gemini"}) as s:
        _serves(s)
        with s.request("GET", "/") as r:
            contains(r.text(), s.base + "/v1")


@once
def spawn_fcgi_hands_it_a_socket(options):
    program = harness.need_program("spawn-fcgi")
    with Stack(options, gateway=False) as s:
        path = os.path.join(s.box.run, "spawned.sock")
        s.box.address = "unix:" + path
        process = s.box.spawn(
            "spawn-fcgi",
            [program, "-n", "-s", path, "-M", "0666", "--", s.box.program],
            env=s.box.gateway_env(),
        )
        s.box.wait_address(process)
        _serves(s)
        equal(process.stop(), 0, "exit status after SIGTERM")


def _listening(s, name):
    path = os.path.join(s.box.run, name)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    os.chmod(path, 0o666)
    sock.listen(64)
    s.box.address = "unix:" + path
    return sock


@once
def it_takes_the_socket_of_systemd(options):
    with Stack(options, gateway=False) as s, _listening(s, "systemd.sock") as sock:
        # systemd's protocol: descriptors from 3 on, LISTEN_PID names who they are for.
        process = s.box.spawn(
            "gateway",
            ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"', s.box.program],
            env=s.box.gateway_env(),
            user=harness.DROP_USER,
            pass_fds=(3,),
            before=lambda: os.dup2(sock.fileno(), 3),
        )
        sock.close()
        _serves(s)
        equal(process.stop(), 0, "exit status after SIGTERM")
        true(os.path.exists(s.box.address[5:]), "the socket of systemd stays")


@once
def systemd_socket_activate_starts_it(options):
    program = harness.need_program("systemd-socket-activate")
    with Stack(options, gateway=False) as s:
        port = harness.free_port()
        s.box.address = "127.0.0.1:%d" % port
        keep = []
        for name in s.box.gateway_env():
            keep += ["-E", name]
        s.box.spawn(
            "gateway",
            [program, "-l", s.box.address] + keep + [s.box.program],
            env=s.box.gateway_env(),
        )
        harness.wait_for("the socket", lambda: _listens(port))
        _serves(s)


def _listens(port):
    # Connecting would start the program, so the kernel's table is asked.
    with open("/proc/net/tcp", encoding="ascii") as f:
        return any(" 0100007F:%04X 00000000:0000 0A " % port in line for line in f)


@once
def it_takes_a_socket_on_descriptor_0_and_1(options):
    # systemd's StandardInput=socket makes standard output the socket as well.
    with Stack(options, gateway=False) as s, _listening(s, "stdin.sock") as sock:
        process = s.box.spawn(
            "gateway",
            [s.box.program],
            env=s.box.gateway_env(),
            user=harness.DROP_USER,
            stdin=sock,
            stdout=sock,
        )
        sock.close()
        _serves(s)
        equal(process.stop(), 0, "exit status after SIGTERM")


@once
def it_listens_on_tcp(options):
    address = "127.0.0.1:%d" % harness.free_port()
    with Stack(options, listen=address) as s:
        _serves(s)
        equal(s.gateway.stop(), 0, "exit status after SIGTERM")


@once
def it_replaces_a_stale_socket_and_removes_its_own(options):
    with Stack(options) as s:
        path = s.box.address[5:]
        s.gateway.stop(9)
        true(os.path.exists(path), "a killed gateway leaves its socket")
        s.gateway = s.box.start_gateway()
        _serves(s)
        equal(s.gateway.stop(), 0, "exit status after SIGTERM")
        true(not os.path.exists(path), "the socket is removed")


def _warned(s, args, env=(), stdin=subprocess.DEVNULL):
    """What a gateway that root starts says of its socket."""
    before = len(s.box.log_lines())

    def started():
        return "started" in [line["event"] for line in s.box.log_lines()[before:]]

    process = s.box.spawn(
        "gateway", [s.box.program, *args], env=dict(s.box.gateway_env(), **dict(env)), stdin=stdin
    )
    harness.wait_for("the start", started)
    equal(process.stop(), 0, "exit status")
    return [
        line
        for line in s.box.log_lines()[before:]
        if line["event"] == "only root can connect to the socket"
    ]


@once
def a_socket_for_root_alone_is_warned_of(options):
    if not harness.ROOT:
        raise Skip("only root can make such a socket")
    with Stack(options, gateway=False) as s:
        listen = ("--listen", "unix:" + os.path.join(s.box.run, "root.sock"))
        for env in ({}, {"LISTEN_MODE": "0600", "LISTEN_GROUP": harness.DROP_USER}):
            said = _warned(s, listen, env)
            equal([line["level"] for line in said], ["warn"], "lines with %s" % env)
            contains(said[0]["advice"], "LISTEN_GROUP")
        for env in ({"LISTEN_GROUP": harness.DROP_USER}, {"LISTEN_MODE": "0666"}):
            equal(_warned(s, listen, env), [], "lines with %s" % env)
        # A socket that the starter made is checked as well.
        with _listening(s, "starter.sock") as sock:
            equal(_warned(s, (), stdin=sock), [], "lines with a socket for everybody")
            os.chmod(s.box.address[5:], 0o660)
            equal(len(_warned(s, (), stdin=sock)), 1, "lines with an inherited socket")


def _run(s, *args, before=None, **env):
    return subprocess.run(
        [s.box.program] + list(args),
        env=dict(s.box.gateway_env(), **env),
        preexec_fn=before,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=harness.PATIENCE,
        text=True,
    )


@once
def it_takes_no_socket_that_is_in_use_and_no_file(options):
    with Stack(options) as s:
        done = _run(s, "--listen", s.box.address)
        true(done.returncode > 0, "status %d of a second gateway is an error" % done.returncode)
        true(done.stderr.strip(), "it says why")
        _serves(s)
        path = os.path.join(s.box.run, "precious")
        with open(path, "w", encoding="ascii") as f:
            f.write("text")
        done = _run(s, "--listen", "unix:" + path)
        true(done.returncode > 0, "status %d is an error" % done.returncode)
        with open(path, encoding="ascii") as f:
            equal(f.read(), "text", "the file")


def _limit(kind, most):
    return lambda: resource.setrlimit(kind, (most, most))


@once
def it_says_how_many_open_files_it_needs(options):
    with Stack(options, gateway=False) as s:
        path = os.path.join(s.box.run, "few.sock")
        for most in (8, 12, 20, 40):
            for state in ("memory", "sqlite:" + os.path.join(s.box.run, "few.db")):
                done = _run(
                    s,
                    "--listen",
                    "unix:" + path,
                    before=_limit(resource.RLIMIT_NOFILE, most),
                    STATE=state,
                )
                equal(done.returncode, 71, "exit status with %d files" % most)
                contains(done.stderr, "and %d are allowed" % most)
                true(not os.path.exists(path), "no socket file is left")
        done = _run(
            s, "--listen", "unix:" + path, before=_limit(resource.RLIMIT_NOFILE, 64), LOOPS="3"
        )
        equal(done.returncode, 71, "exit status with too many loops")
        contains(done.stderr, "needs 84 open files for LOOPS=3")


@once
def it_says_how_many_threads_it_needs(options):
    # A sanitizer needs the address space itself.
    if gateway_sanitized(options.gateway):
        return
    with Stack(options, gateway=False) as s:
        path = os.path.join(s.box.run, "few.sock")
        # The stacks of the threads do not fit.
        done = _run(s, "--listen", "unix:" + path, before=_limit(resource.RLIMIT_AS, 150 << 20))
        equal(done.returncode, 71, "exit status")
        contains(done.stderr, "threads, and")
        true(not os.path.exists(path), "no socket file is left")


@once
def it_refuses_keys_without_a_token(options):
    with Stack(options, gateway=False) as s:
        keys = {"GEMINI_API_KEYS": s.key()}
        listen = ("--listen", "unix:" + os.path.join(s.box.run, "refused.sock"))
        done = _run(s, *listen, **keys)
        true(done.returncode > 0, "status %d is an error" % done.returncode)
        contains(done.stderr, "ACCESS_TOKENS")
        contains(done.stderr, "OPEN_ACCESS")
        true(keys["GEMINI_API_KEYS"] not in done.stderr + done.stdout, "the key is not shown")
        equal(
            _run(s, "--check", OPEN_ACCESS="yes", **keys).returncode,
            0,
            "status with OPEN_ACCESS=yes",
        )


@once
def open_access_lets_everybody_use_the_keys(options):
    key = "itpool901abcdefghijklmnopq"
    with Stack(options, env={"GEMINI_API_KEYS": key, "OPEN_ACCESS": "yes"}) as s:
        with s.request(
            "POST",
            "/v1/chat/completions",
            body={"model": "gated-1", "messages": [{"role": "user", "content": "Hello"}]},
        ) as r:
            equal(r.status, 200, "status")
            r.read()
        equal(s.standin.one(key)["headers"]["x-goog-api-key"], key, "the key upstream")


@once
def check_and_help_tell_and_do_nothing(options):
    with Stack(options, gateway=False) as s:
        done = _run(s, "--help")
        equal(done.returncode, 0, "status of --help")
        for name in ("GEMINI_API_KEYS", "ACCESS_TOKENS", "--listen", "--config", "--check"):
            contains(done.stdout, name, "--help")
        equal(_run(s, "--check").returncode, 0, "status of --check")
        equal(
            _run(s, "--check", "--config", s.box.conf).returncode, 0, "status of --check --config"
        )
        for args, env in (
            (("--no-such-option",), {}),
            (("--check",), {"HEARTBEAT": "often"}),
            (("--check", "--config", s.box.conf + ".missing"), {}),
        ):
            done = _run(s, *args, **env)
            true(
                done.returncode > 0, "status %d of %s %s is an error" % (done.returncode, args, env)
            )
            true(done.stderr.strip(), "it says why: %s %s" % (args, env))


@once
def a_mistake_in_the_file_is_named_with_its_line(options):
    with Stack(options, gateway=False) as s:
        path = os.path.join(s.box.dir, "wrong.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write("# remark\n\nNO_SUCH_OPTION=1\n")
        done = _run(s, "--check", "--config", path)
        true(done.returncode > 0, "status %d is an error" % done.returncode)
        contains(done.stderr, "NO_SUCH_OPTION")
        contains(done.stderr, "3")


@once
def the_units_for_systemd_are_valid(options):
    program = harness.need_program("systemd-analyze")
    with Stack(options, gateway=False) as s:
        paths = []
        for name in (
            "systemd/gemini-balance.service",
            "systemd/gemini-balance.socket",
            "supervision/gemini-balance-spawn-fcgi.service",
        ):
            with open(os.path.join(servers.DEPLOY, name), encoding="utf-8") as f:
                text = f.read().replace("/usr/local/libexec", s.box.bin)
            # The manual page need not be installed for this.
            text = "\n".join(
                line for line in text.split("\n") if not line.startswith("Documentation=")
            )
            paths.append(os.path.join(s.box.dir, os.path.basename(name)))
            with open(paths[-1], "w", encoding="utf-8") as f:
                f.write(text)
        user = os.path.join(servers.DEPLOY, "shared-hosting/gemini-balance.service")
        for words in (["verify", *paths], ["--user", "verify", user]):
            done = subprocess.run(
                [program, *words],
                capture_output=True,
                text=True,
                timeout=60,
                env=dict(os.environ, XDG_RUNTIME_DIR=s.box.run),
            )
            equal((done.returncode, done.stderr.strip()), (0, ""), "systemd-analyze verify")


@once
def it_starts_and_serves_with_a_bare_environment(options):
    with Stack(options, gateway=False) as s:
        s.box.address = "unix:" + os.path.join(s.box.run, "bare.sock")
        process = s.box.spawn(
            "gateway",
            [s.box.program, "--config", s.box.conf, "--listen", s.box.address],
            env={},
            user=harness.DROP_USER,
        )
        s.box.wait_address(process)
        with fcgi_client.request(s.box.address, "GET", "/healthz") as r:
            equal(r.status, 200, "status")
            r.read()
        _serves(s)
        equal(process.stop(), 0, "exit status after SIGTERM")
