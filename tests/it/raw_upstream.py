"""An upstream that answers with the very bytes that a test gives it."""

import socket
import threading


class RawUpstream:
    """answers: for each request in its order a list of pieces; bytes are sent, a number is a pause
    in seconds, None closes the connection, which is kept for the next request otherwise. Behind the
    last answer it begins anew."""

    def __init__(self, answers):
        self.answers = answers
        self.heads = []
        self.lock = threading.Lock()
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.sock.getsockname()[1]
        self.closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _read(self, client):
        """The head of a request, whose body is read and forgotten; None at the end."""
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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.sock.close()


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
