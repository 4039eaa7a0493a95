"""Which replies of the gateway speak OpenAI's dialect, and of what kind they are."""

import base64
import json
import os
import re
import urllib.parse

import validate

# The tail of a path in OpenAI's dialect; the method of the request that makes the kind.
KINDS = (
    (r"/chat/completions", "POST", "chat"),
    (r"/completions", "POST", "completion"),
    (r"/responses", "POST", "response"),
    (r"/responses/input_tokens", "POST", "response_input_tokens"),
    (r"/responses/compact", "POST", "response_compaction"),
    (r"/responses/[^/]+/input_items", "GET", "response_items"),
    (r"/responses/[^/]+/cancel", "POST", "response"),
    (r"/responses/[^/]+", "GET", "response"),
    (r"/responses/[^/]+", "DELETE", "response_deleted"),
    (r"/embeddings", "POST", "embedding"),
    (r"/images/generations", "POST", "image"),
    (r"/images/edits", "POST", "image_edit"),
    (r"/audio/speech", "POST", "speech"),
    (r"/audio/transcriptions", "POST", "transcription"),
    (r"/audio/translations", "POST", "transcription"),
    (r"/models", "GET", "models"),
    (r"/models/[^/:]+", "GET", "model"),
)
GOOGLE_HEADERS = ("x-goog-api-key", "x-goog-api-client")
GOOGLE_QUERY = ("key", "pageSize", "pageToken", "page_size")
TEXT_KINDS = ("transcription",)  # may be plain text as well


def kind_of(method, path, headers=()):
    """(kind, path is OpenAI's); kind is None where this method has none."""
    path, _, query = path.partition("?")
    path = re.sub("/+", "/", path).rstrip("/")
    found = [(m, k) for tail, m, k in KINDS if re.search(tail + r"\Z", path)]
    if found and found[0][1] in ("models", "model"):
        names = {n.lower() for n, _ in headers}
        asked = set(urllib.parse.parse_qs(query, keep_blank_values=True))
        bearer = "authorization" in names
        if names & set(GOOGLE_HEADERS) or asked & set(GOOGLE_QUERY):
            return None, False
        if not bearer or (re.search(r"/v1(beta|alpha)/", path) and "/openai/" not in path):
            return None, False
    kinds = [k for m, k in found if m == method]
    return (kinds[0] if kinds else None), bool(found)


def asked(body):
    """What of a request's body matters to its reply."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        value = {}
    value = value if isinstance(value, dict) else {}
    options = value.get("stream_options")
    return {
        "stream": value.get("stream") is True,
        "usage": isinstance(options, dict) and options.get("include_usage") is True,
    }


def check(method, path, request_headers, request, status, headers, body, whole=True):
    """The faults of one reply. request, body: bytes; headers: [(lower-case name, value)];
    whole: False when the client left before the end."""
    kind, openai = kind_of(method, path, request_headers)
    names = dict(headers)
    mime = names.get("content-type", "").split(";")[0].strip().lower()
    if not openai or method in ("HEAD", "OPTIONS"):
        return []
    if status >= 400:
        # Without our id it is the web server's own page.
        if "x-request-id" not in names or not whole:
            return []
        if mime != "application/json":
            return ["an error as " + mime]
        return validate.validate("error", body)
    if kind is None:
        return ["status %d for %s %s" % (status, method, path)]
    want = asked(request)
    # Many clients do not read on after this.
    whole = whole or body.endswith(b"data: [DONE]\n\n")
    if mime == "text/event-stream":
        return validate.validate_sse(kind, body, want["usage"] if want["stream"] else None, whole)
    if want["stream"] and kind not in ("embedding", "speech"):
        return ["asked for a stream, got " + mime]
    if mime == "application/json":
        return validate.validate(kind, body) if whole else []
    if kind == "speech" and mime.startswith("audio/"):
        return [] if body or not whole else ["no audio"]
    if kind in TEXT_KINDS and mime.startswith("text/"):
        return []
    return ["a %s as %s" % (kind, mime or "nothing")]


def recorded(directory):
    """[(name, faults)] of the exchanges in a directory, each one JSON file: method, path, headers
    (pairs), request and body (base64), status, reply_headers (pairs), whole, test."""
    out = []
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(directory, name), encoding="utf-8") as f:
            e = json.load(f)
        faults = check(
            e["method"],
            e["path"],
            e["headers"],
            base64.b64decode(e["request"]),
            e["status"],
            e["reply_headers"],
            base64.b64decode(e["body"]),
            e["whole"],
        )
        out.append(("%s %s (%s)" % (e["method"], e["path"], e["test"]), faults))
    return out
