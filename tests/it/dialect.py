"""Every reply of the gateway in OpenAI's dialect is checked against OpenAI's specification.

The faults gather here; tap.Plan.run takes them after each test, which they make fail.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../openai"))

import exchange  # noqa: E402

KEPT_MAX = (
    64 << 20
)  # bytes of one reply that are kept; of a longer one only the beginning is checked

_faults = []


def take():
    """Returns the faults found since the last call, as text."""
    out = list(_faults)
    del _faults[: len(out)]
    return out


def watch(reply, method, path, request_headers, request):
    """Keeps what the test reads of the reply and checks it at its end, or when it is closed."""
    kind, openai = exchange.kind_of(method, path, request_headers)
    if not openai:
        return reply
    kept = bytearray()
    state = {"whole": True, "checked": False}
    inner, close = reply._next_bytes, reply._close

    def check(ended):
        if state["checked"]:
            return
        state["checked"] = True
        for fault in exchange.check(
            method,
            path,
            request_headers,
            request if isinstance(request, bytes) else b"",
            reply.status,
            reply.headers,
            bytes(kept),
            ended and state["whole"],
        ):
            _faults.append("%s %s, status %d: %s" % (method, path, reply.status, fault))

    def next_bytes():
        data = inner()
        if len(kept) + len(data) > KEPT_MAX:
            state["whole"] = False
        elif state["whole"]:
            kept.extend(data)
        if not data:
            check(True)
        return data

    def closed():
        check(False)
        close()

    reply._next_bytes, reply._close = next_bytes, closed
    return reply
