"""SIGHUP under load, and files of keys and tokens."""

import os
import signal
import socket
import threading

import harness
import servers
from harness import wait_for
from stack import CHAT, Stack, delta
from tap import Skip, contains, equal, once, true


class Configured(Stack):
    """A stand whose gateway has its options from a file, which a test may rewrite."""

    def __init__(self, options):
        super().__init__(options, gateway=False)
        self.box.address = "unix:" + os.path.join(self.box.run, "reload.sock")
        self.write({"GEMINI_API_KEYS": self.key(), "ACCESS_TOKENS": "token-1"})
        # A variable of the environment would take precedence over the file.
        env = {n: v for n, v in self.box.gateway_env().items() if n not in self.box.env}
        self.gateway = self.box.spawn(
            "gateway",
            [self.box.program, "--config", self.box.conf, "--listen", self.box.address],
            env=env,
            user=harness.DROP_USER,
        )
        self.box.wait_address(self.gateway)

    def write(self, settings):
        values = dict(self.box.env, **settings)
        with open(self.box.conf + ".new", "w", encoding="utf-8") as f:
            f.writelines("%s=%s\n" % pair for pair in values.items())
        os.chmod(self.box.conf + ".new", 0o644)
        os.rename(self.box.conf + ".new", self.box.conf)

    def file(self, name, text):
        path = os.path.join(self.box.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path

    def events(self, name):
        return [line for line in self.box.log_lines() if line["event"] == name]

    def reload(self, event="reloaded"):
        """The line that the gateway logs about the reload."""
        before = len(self.events(event))
        os.kill(self.gateway.pid, signal.SIGHUP)
        wait_for(event, lambda: len(self.events(event)) > before)
        return self.events(event)[-1]

    def ask(self, token, model="gated-1", stream=False):
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        if stream:
            body["stream"] = True
        return self.request("POST", CHAT, bearer=token, body=body)

    def status(self, token):
        with self.ask(token) as r:
            r.read()
            return r.status


def _pool(s, count):
    return [s.key() for _ in range(count)]


@once
def a_reload_drops_no_stream_and_no_request(options):
    with Configured(options) as s:
        pools = [_pool(s, 3) for _ in range(2)]
        settings = [
            {"GEMINI_API_KEYS": ",".join(keys), "ACCESS_TOKENS": "token-1"} for keys in pools
        ]
        s.write(settings[0])
        equal(s.reload()["keys"], 3, "keys")
        s.standin.clear()
        streams = [s.ask("token-1", "gated-2", stream=True) for _ in range(6)]
        for r in streams:
            while not delta(r.event()):
                pass
        statuses, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                statuses.append(s.status("token-1"))

        workers = [threading.Thread(target=load) for _ in range(4)]
        for worker in workers:
            worker.start()
        for i in range(20):
            s.write(settings[(i + 1) % 2])
            s.reload()
        stop.set()
        for worker in workers:
            worker.join()
        true(len(statuses) >= 20, "there was load: %d requests" % len(statuses))
        equal([n for n in statuses if n != 200], [], "other answers than 200")
        for r in streams:
            s.standin.next()
        for r in streams:
            with r:
                equal(r.events()[-1], "[DONE]", "the end of a stream")
        s.write(settings[1])
        s.reload()
        s.standin.clear()
        for _ in range(6):
            equal(s.status("token-1"), 200, "status")
        used = {r["key"] for r in s.standin.requests()}
        equal(used, set(pools[1]), "keys that are used now")
        equal(s.gateway.stop(), 0, "exit status")


@once
def a_mistake_in_the_file_keeps_the_old_options_and_is_logged(options):
    with Configured(options) as s:
        key = s.key()
        path = s.file("keys", "# the pool\n%s project=home\n%s\n" % (key, key))
        settings = {"GEMINI_API_KEYS_FILE": path, "ACCESS_TOKENS": "token-1"}
        s.write(settings)
        equal(s.reload()["keys"], 1, "keys")
        equal(s.events("keys are listed more than once and count once")[-1]["count"], 1, "one")
        s.file("keys", "%s\n\n%s wait=5\n" % (key, s.key()))
        line = s.reload("not reloaded, nothing is changed")
        contains(line["reason"], path + " line 3")
        equal(s.status("token-1"), 200, "status with the old keys")
        s.write(dict(settings, NO_SUCH_OPTION="1"))
        contains(s.reload("not reloaded, nothing is changed")["reason"], "NO_SUCH_OPTION")
        equal(s.status("token-1"), 200, "status with the old options")
        s.file("keys", key + "\n")
        s.write(dict(settings, HEARTBEAT="5"))
        equal(s.reload()["restart_needed_for"], "HEARTBEAT", "what a reload does not take over")


@once
def tokens_come_and_go_with_a_reload(options):
    with Configured(options) as s:
        path = s.file("tokens", "token-1 name=alice\n")
        s.write({"GEMINI_API_KEYS": s.key(), "ACCESS_TOKENS_FILE": path})
        s.reload()
        equal(s.status("token-1"), 200, "status of alice")
        wait_for("the access line", s.access_lines)
        equal(s.access_lines()[-1]["token"], "alice", "the name in the log")
        s.file("tokens", "token-2 name=bob models=gated-1\ntoken-3 rpm=1\n")
        equal(s.reload()["tokens"], 2, "tokens")
        equal(s.status("token-1"), 401, "status of alice")
        equal(s.status("token-2"), 200, "status of bob")
        with s.ask("token-2", "gemini-2.5-flash") as r:
            equal(r.status, 403, "another model")
            contains(r.json()["error"]["message"], "gemini-2.5-flash")
        equal(s.status("token-3"), 200, "the first request of a minute")
        with s.ask("token-3") as r:
            equal(r.status, 429, "the second")
            true(int(r.header("retry-after")) in (60, 61), "when to come back")
            contains(r.json()["error"]["message"], "1 requests per minute")


@once
def a_gateway_that_lighttpd_started_reloads_too(options):
    if servers.LighttpdBinPath.missing():
        raise Skip(servers.LighttpdBinPath.missing())
    with Stack(options, servers.LighttpdBinPath) as s:
        with s.chat(key="token-1") as r:
            equal(r.json()["choices"][0]["finish_reason"], "stop", "taken for a key")
        with open(s.box.conf, "a", encoding="utf-8") as f:
            f.write("GEMINI_API_KEYS=%s\nACCESS_TOKENS=token-1\n" % s.key())
        stream = s.chat(model="gated-2", stream=True, key="token-1")
        while not delta(stream.event()):
            pass
        pids = s.box.gateway_pids()
        equal(len(pids), 1, "processes")
        os.kill(pids[0], signal.SIGHUP)
        wait_for("reloaded", lambda: any(e["event"] == "reloaded" for e in s.box.log_lines()))
        s.standin.clear()
        with s.chat(key="token-1") as r:
            equal(r.status, 200, "status with a token")
            r.read()
        true("token-1" not in [r["key"] for r in s.standin.requests()], "no token goes to Google")
        with s.chat(key="token-2") as r:
            equal(r.status, 401, "status of another")
            r.read()
        s.standin.next()
        with stream:
            equal(stream.events()[-1], "[DONE]", "the end of the stream")
        equal(s.box.gateway_pids(), pids, "the same process")


class Proxy:
    """An HTTP proxy that notes, for each of its connections, who asked with which key."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            seen = []
            self.connections.append(seen)
            threading.Thread(target=self._serve, args=(sock, seen), daemon=True).start()

    def _serve(self, sock, seen):
        """Each request on a connection of its own upstream; the answer ends by its length."""
        with sock, sock.makefile("rb") as f:
            while True:
                first = f.readline().decode()
                if not first:
                    return
                headers = {}
                for line in iter(f.readline, b"\r\n"):
                    name, _, value = line.decode().partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = f.read(int(headers.get("content-length", 0)))
                seen.append((headers.get("proxy-authorization"), headers.get("x-goog-api-key")))
                method, url, _ = first.split()
                host, _, path = url[len("http://") :].partition("/")
                name, _, port = host.partition(":")
                text = "%s /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" % (method, path, host)
                for header in ("x-goog-api-key", "content-type", "content-length"):
                    if header in headers:
                        text += "%s: %s\r\n" % (header, headers[header])
                with socket.create_connection((name, int(port))) as up:
                    up.sendall(text.encode() + b"\r\n" + body)
                    answer = b"".join(iter(lambda: up.recv(65536), b""))
                sock.sendall(answer.replace(b"Connection: close\r\n", b""))
                if b"content-length" not in answer.partition(b"\r\n\r\n")[0].lower():
                    return

    def close(self):
        self.listener.close()


@once
def each_key_uses_its_proxy(options):
    with Configured(options) as s:
        one, two = Proxy(), Proxy()
        keys = _pool(s, 4)
        lines = [
            "%s proxy=http://127.0.0.1:%d" % (keys[0], one.port),
            "%s proxy=http://user:word-1@127.0.0.1:%d" % (keys[1], two.port),
            "%s proxy=http://other:word-2@127.0.0.1:%d" % (keys[2], two.port),
            keys[3],
        ]
        path = s.file("keys", "\n".join(lines) + "\n")
        settings = {"GEMINI_API_KEYS_FILE": path, "ACCESS_TOKENS": "token-1"}
        s.write(dict(settings, BALANCE="round-robin"))
        s.reload()
        s.standin.clear()
        for _ in range(12):
            equal(s.status("token-1"), 200, "status")
        for key in keys:
            equal(len(s.standin.requests(key)), 3, "calls with a key")
        by_proxy = [{k for seen in p.connections for _, k in seen} for p in (one, two)]
        equal(by_proxy, [{keys[0]}, {keys[1], keys[2]}], "keys by proxy")
        for seen in two.connections:
            true(len({auth for auth, _ in seen}) == 1, "one credential for each connection")
        users = {auth: key for seen in two.connections for auth, key in seen}
        equal(len(users), 2, "two credentials, one for each key")
        one.close()
        two.close()
        text = b"".join(data for _, data in s.box.written())
        true(b"word-1" not in text and b"word-2" not in text, "no password in a log")
