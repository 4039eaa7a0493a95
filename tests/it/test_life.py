"""The process: how it ends, what it survives, what it does when descriptors are short."""

import contextlib
import resource
import signal
import socket
import threading
import time

import dialect
import fcgi_client
from calls import begun_streams
from harness import wait_for
from stack import Stack, delta
from tap import equal, once, true


def _refuses(address):
    try:
        fcgi_client.connect(address, 5).close()
        return False
    except OSError:
        return True


@once
def sigterm_lets_live_streams_end(options):
    with Stack(options) as s:
        with begun_streams(s) as (chat, native):
            s.gateway.popen.send_signal(signal.SIGTERM)
            wait_for("the closed door", lambda: _refuses(s.box.address))
            equal(s.gateway.status(), None, "exit status while streams live")
            s.standin.next()
            s.standin.next()
            equal(chat.events()[-1], "[DONE]", "last event of the chat")
            equal(len(native.events()), 2, "further native events")
        equal(s.gateway.wait(), 0, "exit status")


@once
def sigterm_and_sigint_end_an_idle_gateway(options):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Stack(options) as s:
            with s.chat() as r:
                r.read()
            equal(s.gateway.stop(number), 0, "exit status after signal %d" % number)


@once
def sigterm_ends_a_gateway_with_silent_connections(options):
    with Stack(options) as s:
        silent = [fcgi_client.connect(s.box.address) for _ in range(5)]
        half = fcgi_client.connect(s.box.address)
        half.sendall(fcgi_client.whole_request("GET", "/healthz")[:40])
        equal(s.gateway.stop(), 0, "exit status")
        for sock in silent + [half]:
            sock.close()


@once
def signals_for_others_do_not_disturb_it(options):
    with Stack(options) as s:
        for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP):
            with s.chat(model="gated-2", stream=True) as r:
                while not delta(r.event()):
                    pass
                s.gateway.popen.send_signal(number)
                s.standin.next()
                equal(r.events()[-1], "[DONE]", "last event after signal %d" % number)
            equal(s.gateway.status(), None, "exit status after signal %d" % number)


def start_with_64_descriptors(s):
    s.box.address = "unix:%s/few.sock" % s.box.run
    process = s.box.spawn(
        "gateway",
        [s.box.program, "--listen", s.box.address],
        env=s.box.gateway_env(),
        user="www-data",
        before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )
    s.box.wait_address(process)
    return process


@once
def two_hundred_connections_get_through_64_descriptors(options):
    with Stack(options, gateway=False) as s:
        start_with_64_descriptors(s)
        bodies = fcgi_client.whole_request("GET", "/healthz")
        socks = []
        for _ in range(200):
            sock = fcgi_client.connect(s.box.address)
            sock.sendall(bodies)
            socks.append(sock)
        for n, sock in enumerate(socks):
            with fcgi_client.read_reply(sock) as r:
                equal(r.status, 200, "status of request %d" % n)
                r.read()
        with s.chat() as r:
            equal(r.status, 200, "status afterwards")
            r.read()


@once
def calls_upstream_get_through_64_descriptors(options):
    with Stack(options, gateway=False) as s:
        process = start_with_64_descriptors(s)
        states = []

        def ask():
            try:
                with s.chat() as r:
                    r.read()
                    states.append(r.status)
            except Exception as e:  # told below
                states.append(repr(e))

        threads = [threading.Thread(target=ask) for _ in range(100)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        true(
            all(isinstance(x, int) for x in states), "every request has an answer: %s" % states[:3]
        )
        true(set(states) <= {200, 502, 503}, "states %s" % sorted(set(states)))
        true(states.count(200) > 0, "some are answered well")
        with s.chat() as r:
            equal(r.status, 200, "status afterwards")
            r.read()
        equal(process.status(), None, "exit status")


@once
def a_slow_body_holds_up_nobody(options):
    with Stack(options) as s:
        body = b'{"model":"gemini-flash-latest","messages":[{"role":"user","content":"Hello"}]}'
        slow = []
        for n in range(150):
            sock = fcgi_client.connect(s.box.address)
            headers = [("Authorization", "Bearer " + s.key())]
            # From several addresses: each has a share of the places for unfinished bodies.
            extra = [("REMOTE_ADDR", "192.0.2.%d" % (n // 50))]
            sock.sendall(
                fcgi_client.head("POST", "/v1/chat/completions", headers, body, extra)
                + fcgi_client.record(fcgi_client.STDIN, body[:10])
            )
            slow.append(sock)
        for _ in range(5):
            with s.chat() as r:
                equal(r.status, 200, "status while others are slow")
                r.read()
        for sock in slow:
            sock.sendall(fcgi_client.stream(fcgi_client.STDIN, body[10:]))
        for n, sock in enumerate(slow):
            reply = fcgi_client.read_reply(sock)
            with dialect.watch(reply, "POST", "/v1/chat/completions", [], body) as r:
                equal(r.status, 200, "status of slow request %d" % n)
                r.read()


@once
def an_upstream_that_was_away_is_used_again(options):
    with socket.socket() as s0:
        s0.bind(("127.0.0.1", 0))
        port = s0.getsockname()[1]
        with Stack(options, env={"GEMINI_BASE_URL": "http://127.0.0.1:%d" % port}) as s:
            with s.chat() as r:
                equal(r.status, 502, "status while nobody listens")
                equal(r.json()["error"]["code"], "upstream_unreachable", "code")
            s0.listen(5)
            answer = (
                b'{"candidates":[{"content":{"parts":[{"text":"Back"}]},"finishReason":"STOP"}]}'
            )

            def serve():
                peer = s0.accept()[0]
                peer.recv(65536)
                peer.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer)
                )
                time.sleep(0.2)
                peer.close()

            thread = threading.Thread(target=serve)
            thread.start()
            with s.chat() as r:
                equal(r.status, 200, "status afterwards")
                equal(r.json()["choices"][0]["message"]["content"], "Back", "answer")
            thread.join()


@contextlib.contextmanager
def _deaf():
    """The port of a server whose queue is full: connections are neither made nor refused."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        yield port
        for sock in waiting:
            sock.close()


def _chat_bytes(s):
    return fcgi_client.whole_request(
        "POST",
        "/v1/chat/completions",
        [("Authorization", "Bearer " + s.key())],
        b'{"model":"gated-1","messages":[{"role":"user","content":"Hello"}]}',
    )


@once
def a_client_may_leave_while_the_upstream_connects(options):
    with _deaf() as port:
        with Stack(options, env={"GEMINI_BASE_URL": "http://127.0.0.1:%d" % port}) as s:
            data = _chat_bytes(s)
            for count in range(1, 6):
                with fcgi_client.connect(s.box.address) as sock:
                    sock.sendall(data)
                    # A request of another client in between: by its end the call is under way.
                    with s.request("GET", "/healthz") as r:
                        r.read()
                wait_for("its access line", lambda: len(s.access_lines()) >= 2 * count)
            with s.request("GET", "/healthz") as r:
                equal(r.status, 200, "status afterwards")
                r.read()
            equal(s.gateway.status(), None, "exit status")


@once
def clients_that_leave_at_once_are_all_noticed(options):
    count = 300
    with _deaf() as port:
        with Stack(options, env={"GEMINI_BASE_URL": "http://127.0.0.1:%d" % port}) as s:
            data = _chat_bytes(s)
            for n in range(count):
                with fcgi_client.connect(s.box.address) as sock:
                    # Usually the gateway waits already: then the request and the end come together.
                    time.sleep(0.001 * (n % 4))
                    sock.sendall(data)
            wait_for("their access lines", lambda: len(s.access_lines()) >= count)
            told = {line.get("client") for line in s.access_lines()}
            equal(told, {"gone"}, "what became of the clients")