"""HTTP/1.1 over a plain socket, read as slowly or as exactly as a test wants.

http.client hides what these tests are about: when bytes arrive and how an answer ends.
"""

import json
import re
import socket
import ssl


class Broken(Exception):
    """The answer ended before it was complete, or is not HTTP."""


class Reply:
    """An answer whose body is read on demand; also the base of a FastCGI answer (fcgi_client)."""

    def __init__(self, status, reason, headers, next_bytes, close):
        self.status = status
        self.reason = reason
        self.headers = headers  # [(lower-case name, value)]
        self._next_bytes = next_bytes  # () -> bytes, b"" at the end
        self._close = close
        self._rest = b""
        self._ended = False

    def header(self, name, default=None):
        values = [v for n, v in self.headers if n == name.lower()]
        return ", ".join(values) if values else default

    def chunk(self):
        """The bytes that have arrived, at least one; b"" at the end of the body."""
        if self._rest:
            out, self._rest = self._rest, b""
            return out
        if self._ended:
            return b""
        out = self._next_bytes()
        if not out:
            self._ended = True
        return out

    def read(self):
        parts = []
        while True:
            part = self.chunk()
            if not part:
                return b"".join(parts)
            parts.append(part)

    def skip(self):
        """Reads to the end without keeping anything; returns the number of bytes."""
        total = 0
        while True:
            part = self.chunk()
            if not part:
                return total
            total += len(part)

    def text(self):
        return self.read().decode("utf-8")

    def json(self):
        return json.loads(self.read())

    def block(self):
        """The next block of an event stream, up to its blank line; None at the end."""
        buf = bytearray()
        looked = 0
        while True:
            found = re.compile(rb"\r?\n\r?\n").search(buf, looked)
            if found:
                self._rest = bytes(buf[found.end() :]) + self._rest
                return buf[: found.start()].decode("utf-8")
            looked = max(0, len(buf) - 3)
            part = self.chunk()
            if not part:
                if buf.strip():
                    raise Broken("the stream ends inside an event: %r" % bytes(buf[-200:]))
                return None
            buf += part

    def event(self):
        """The data of the next event, comments skipped; None at the end."""
        while True:
            block = self.block()
            if block is None:
                return None
            data = [
                line[5:].lstrip(" ")
                for line in re.split("\r\n|\r|\n", block)
                if line.startswith("data:")
            ]
            if data:
                return "\n".join(data)

    def events(self):
        out = []
        while True:
            event = self.event()
            if event is None:
                return out
            out.append(event)

    def close(self):
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Reader:
    def __init__(self, sock):
        self.sock = sock
        self.buf = b""

    def some(self, limit=65536):
        if self.buf:
            out, self.buf = self.buf[:limit], self.buf[limit:]
            return out
        return self.sock.recv(limit)

    def line(self):
        while b"\n" not in self.buf:
            part = self.sock.recv(65536)
            if not part:
                raise Broken("the connection ended in the head: %r" % self.buf[:200])
            self.buf += part
        line, self.buf = self.buf.split(b"\n", 1)
        return line.rstrip(b"\r")

    def exactly(self, count):
        out = []
        while count:
            part = self.some(min(count, 65536))
            if not part:
                raise Broken("the connection ended inside the body")
            out.append(part)
            count -= len(part)
        return b"".join(out)


def _chunked(reader):
    state = {"left": 0, "ended": False}

    def next_bytes():
        if state["ended"]:
            return b""
        if state["left"] == 0:
            size = int(reader.line().split(b";")[0], 16)
            if size == 0:
                while reader.line():
                    pass
                state["ended"] = True
                return b""
            state["left"] = size
        part = reader.some(min(state["left"], 65536))
        if not part:
            raise Broken("the connection ended inside the body")
        state["left"] -= len(part)
        if state["left"] == 0:
            reader.exactly(2)
        return part

    return next_bytes


def _counted(reader, length):
    state = {"left": length}

    def next_bytes():
        if state["left"] == 0:
            return b""
        part = reader.some(min(state["left"], 65536))
        if not part:
            raise Broken("the connection ended inside the body")
        state["left"] -= len(part)
        return part

    return next_bytes


def read_reply(sock, method):
    reader = _Reader(sock)
    while True:
        words = reader.line().split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/"):
            raise Broken("no status line: %r" % b" ".join(words))
        status = int(words[1])
        headers = []
        while True:
            line = reader.line()
            if not line:
                break
            name, _, value = line.partition(b":")
            headers.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
        if status >= 200:
            break
    names = dict(headers)
    if method == "HEAD" or status in (204, 304):
        next_bytes = lambda: b""
    elif "chunked" in names.get("transfer-encoding", ""):
        next_bytes = _chunked(reader)
    elif "content-length" in names:
        next_bytes = _counted(reader, int(names["content-length"]))
    else:
        next_bytes = reader.some
    reason = words[2].decode("latin-1") if len(words) > 2 else ""
    return Reply(status, reason, headers, next_bytes, sock.close)


def send_request(sock, method, path, headers=(), body=None, host="127.0.0.1", chunked=False):
    lines = ["%s %s HTTP/1.1" % (method, path)]
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        lines.append("Host: " + host)
    if "connection" not in names:
        lines.append("Connection: close")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: %d" % len(body or b""))
    lines += ["%s: %s" % pair for pair in headers]
    sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    if not body:
        if chunked:
            sock.sendall(b"0\r\n\r\n")
        return
    if not chunked:
        sock.sendall(body)
        return
    step = 30000
    for at in range(0, len(body), step):
        part = body[at : at + step]
        sock.sendall(b"%x\r\n%s\r\n" % (len(part), part))
    sock.sendall(b"0\r\n\r\n")


def connect(host, port, timeout=30.0, tls=False):
    sock = socket.create_connection((host, port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sock = context.wrap_socket(sock)
    return sock


def request(host, port, method, path, headers=(), body=None, timeout=30.0, chunked=False):
    """Sends a request and reads the head of the answer. An early answer to a large body counts."""
    sock = connect(host, port, timeout)
    try:
        try:
            send_request(sock, method, path, headers, body, "%s:%d" % (host, port), chunked)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_reply(sock, method)
    except BaseException:
        sock.close()
        raise
