"""A web server's side of FastCGI, for tests without a web server or with a hostile one."""

import socket
import struct

from http_client import Broken, Reply

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RESPONDER = 1


def record(kind, content=b"", request_id=1, version=1):
    padding = -len(content) % 8
    return (
        struct.pack(">BBHHBB", version, kind, request_id, len(content), padding, 0)
        + content
        + b"\0" * padding
    )


def begin(request_id=1, role=RESPONDER, flags=0):
    return record(BEGIN, struct.pack(">HB5x", role, flags), request_id)


def length(n):
    return struct.pack(">B", n) if n < 128 else struct.pack(">I", n | 0x80000000)


def pairs(params):
    out = b""
    for name, value in params:
        name, value = name.encode("latin-1"), value.encode("latin-1")
        out += length(len(name)) + length(len(value)) + name + value
    return out


def stream(kind, data, request_id=1):
    """The records of a whole stream, its empty last one included."""
    out = [record(kind, data[at : at + 65528], request_id) for at in range(0, len(data), 65528)]
    out.append(record(kind, b"", request_id))
    return b"".join(out)


def environment(method, path, headers=(), body=None, extra=()):
    params = [
        ("REQUEST_METHOD", method),
        ("REQUEST_URI", path),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("HTTP_HOST", "gateway.test"),
    ]
    if body is not None:
        params.append(("CONTENT_LENGTH", str(len(body))))
    for name, value in headers:
        name = name.upper().replace("-", "_")
        params.append((name if name == "CONTENT_TYPE" else "HTTP_" + name, value))
    replaced = {name for name, _ in extra}
    return [p for p in params if p[0] not in replaced] + [p for p in extra if p[1] is not None]


def head(method, path, headers=(), body=None, extra=(), flags=0):
    """The request without its body; only its length is given."""
    return begin(flags=flags) + stream(
        PARAMS, pairs(environment(method, path, headers, body, extra))
    )


def whole_request(method, path, headers=(), body=None, extra=(), flags=0):
    return head(method, path, headers, body, extra, flags) + stream(STDIN, body or b"")


def connect(address, timeout=30.0):
    """address: "unix:PATH" or "HOST:PORT"."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        try:
            sock.connect(address[5:])
        except BaseException:
            sock.close()
            raise
        return sock
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout)


class Records:
    """Reads the records of one answer; stderr text is kept aside."""

    def __init__(self, sock):
        self.sock = sock
        self.buf = b""
        self.stderr = b""
        self.ended = None  # (application status, protocol status)

    def _exactly(self, count):
        while len(self.buf) < count:
            part = self.sock.recv(65536)
            if not part:
                raise Broken("the FastCGI connection ended without END_REQUEST")
            self.buf += part
        out, self.buf = self.buf[:count], self.buf[count:]
        return out

    def stdout(self):
        """The next piece of the answer; b"" after END_REQUEST."""
        while self.ended is None:
            version, kind, _, size, padding, _ = struct.unpack(">BBHHBB", self._exactly(8))
            content = self._exactly(size)
            self._exactly(padding)
            if version != 1:
                raise Broken("record version %d" % version)
            if kind == STDOUT and content:
                return content
            if kind == STDERR:
                self.stderr += content
            if kind == END:
                self.ended = struct.unpack(">IB3x", content)
        return b""


def read_reply(sock):
    records = Records(sock)
    buf = b""
    while b"\r\n\r\n" not in buf:
        part = records.stdout()
        if not part:
            raise Broken("the answer has no head: %r" % buf)
        buf += part
    head, rest = buf.split(b"\r\n\r\n", 1)
    status, reason, headers = 200, "", []
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        name, value = name.decode("latin-1").lower(), value.strip().decode("latin-1")
        if name == "status":
            code, _, reason = value.partition(" ")
            status = int(code)
        else:
            headers.append((name, value))
    first = [rest]

    def next_bytes():
        if first and first[0]:
            return first.pop()
        return records.stdout()

    reply = Reply(status, reason, headers, next_bytes, sock.close)
    reply.records = records
    return reply


def request(address, method, path, headers=(), body=None, timeout=30.0, extra=()):
    sock = connect(address, timeout)
    try:
        try:
            sock.sendall(whole_request(method, path, headers, body, extra))
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_reply(sock)
    except BaseException:
        sock.close()
        raise
