"""An upstream that answers with exactly the bytes that a test gives it."""

import os
import socket
import ssl
import struct
import threading

import certificate


class _Listener:
    """A thread for each connection, which runs _serve of the subclass."""

    def __init__(self, scheme, host):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "%s://%s:%d" % (scheme, host, self.sock.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class RawUpstream(_Listener):
    """answers: for each request in its order a list of pieces; bytes are sent, a number is a pause
    in seconds, None closes the connection, which is kept for the next request otherwise. Behind the
    last answer it begins anew."""

    def __init__(self, answers):
        self.answers = answers
        self.heads = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        super().__init__("http", "127.0.0.1")

    def _read(self, client):
        """Reads a request, drops its body and returns its head; None at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                return None
            data += more
        head, _, rest = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(rest) < length:
            rest += client.recv(65536)
        return head

    def _serve(self, client):
        with client:
            try:
                while True:
                    head = self._read(client)
                    if head is None:
                        return
                    with self.lock:
                        pieces = self.answers[len(self.heads) % len(self.answers)]
                        self.heads.append(head)
                    for piece in pieces:
                        if piece is None:
                            return
                        if isinstance(piece, bytes):
                            client.sendall(piece)
                        else:
                            self.closing.wait(piece)
            except OSError:
                pass

    def __exit__(self, *_):
        self.closing.set()
        super().__exit__()


def answer(body, kind="application/json", status="200 OK", length=None, more=""):
    """A whole HTTP answer; length: what it promises."""
    head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (
        status,
        kind,
        len(body) if length is None else length,
        more,
    )
    return head.encode() + body


def chunked(*pieces, kind="text/event-stream", end=b"0\r\n\r\n"):
    """An answer in chunks, a chunk for each piece."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % kind
    return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + end


class RawHttp2(_Listener):
    """HTTP/2 over TLS, with one answer for all: header lines (in HPACK, without Huffman's) and a
    body. refuse: so many streams are refused before."""

    DATA, HEADERS, RESET, SETTINGS, CONTINUATION = 0, 1, 3, 4, 9
    END_STREAM, END_HEADERS, ACK = 1, 4, 1
    FRAME_MAX = 16384

    def __init__(self, directory, lines=(), body=b"", refuse=0):
        self.lines, self.body, self.refuse = lines, body, refuse
        self.streams = 0
        name = certificate.make(directory)
        self.authority = name + ".crt"
        os.chmod(directory, 0o755)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.authority, name + ".key")
        self.context.set_alpn_protocols(["h2"])
        super().__init__("https", "localhost")

    @staticmethod
    def _frame(kind, flags, stream, payload=b""):
        head = struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream)
        return head + payload

    @staticmethod
    def _text(text):
        size = len(text)
        if size < 127:
            return bytes([size]) + text
        out, size = b"\x7f", size - 127
        while size >= 128:
            out, size = out + bytes([size % 128 + 128]), size // 128
        return out + bytes([size]) + text

    def _head(self):
        block = b"\x88"  # :status 200
        for name, value in self.lines:
            block += b"\0" + self._text(name) + self._text(value)
        return block

    def _answer(self, stream):
        parts = [
            self._head()[at : at + self.FRAME_MAX]
            for at in range(0, len(self._head()), self.FRAME_MAX)
        ]
        out = b""
        for n, part in enumerate(parts):
            last = self.END_HEADERS if n + 1 == len(parts) else 0
            out += self._frame(self.CONTINUATION if n else self.HEADERS, last, stream, part)
        return out + self._frame(self.DATA, self.END_STREAM, stream, self.body)

    def _serve(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as client:
                reader = client.makefile("rb")
                reader.read(24)  # the preface
                client.sendall(self._frame(self.SETTINGS, 0, 0))
                while True:
                    head = reader.read(9)
                    if len(head) < 9:
                        return
                    size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                    stream = int.from_bytes(head[5:], "big")
                    reader.read(size)
                    if kind == self.SETTINGS and not flags & self.ACK:
                        client.sendall(self._frame(self.SETTINGS, self.ACK, 0))
                    if kind in (self.HEADERS, self.DATA) and flags & self.END_STREAM:
                        self.streams += 1
                        if self.streams <= self.refuse:
                            refused = struct.pack("!I", 7)
                            client.sendall(self._frame(self.RESET, 0, stream, refused))
                        else:
                            client.sendall(self._answer(stream))
        except OSError:
            pass
