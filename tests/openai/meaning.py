"""Rules between the fields of one reply, which types cannot say. Each takes a reply that fits its
type and yields faults."""

import base64
import binascii
import struct

from schema import parse


def arguments_fault(text):
    """Arguments of a function call are the text of one JSON object."""
    try:
        value = parse(text)
    except ValueError as e:
        return "arguments are no JSON: %s" % e
    return None if isinstance(value, dict) else "arguments are no object"


def base64_fault(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as e:
        return "no base64: %s" % e
    return None if data else "empty"


def usage_faults(usage, inp, out, path):
    """inp, out: what the two numbers are called in this kind of reply."""
    if not usage:
        return
    total = usage.get(inp, 0) + usage.get(out, 0)
    if usage["total_tokens"] != total:
        yield "%s: total_tokens %d is not %d" % (path, usage["total_tokens"], total)
    for owner, name in ((inp, "cached_tokens"), (inp, "audio_tokens"), (out, "reasoning_tokens")):
        for details in (owner + "_details", owner.replace("_tokens", "_token") + "_details"):
            part = (usage.get(details) or {}).get(name, 0)
            if part > usage[owner]:
                yield "%s: %s %d of %d" % (path, name, part, usage[owner])
    for owner, value in usage.items():
        if isinstance(value, int) and value < 0:
            yield "%s.%s: %d" % (path, owner, value)


def finish_fault(reason, calls, function_call):
    """Whether the finish reason says what was called."""
    if reason == "tool_calls" and not calls:
        return "tool_calls without calls"
    if reason == "function_call" and not function_call:
        return "function_call without one"
    if reason == "stop" and (calls or function_call):
        return "stop, but something is to be called"
    return None


def logprob_faults(logprobs, path):
    for name in ("content", "refusal"):
        for i, one in enumerate((logprobs or {}).get(name) or []):
            for token in [one] + one["top_logprobs"]:
                if token["logprob"] > 0:
                    yield "%s.%s[%d]: logprob %s above 0" % (path, name, i, token["logprob"])
                if token["bytes"] is not None and any(not 0 <= b <= 255 for b in token["bytes"]):
                    yield "%s.%s[%d]: bytes out of range" % (path, name, i)


def annotation_faults(annotations, text, path):
    for i, one in enumerate(annotations or []):
        cite = one.get("url_citation", one)
        start, end = cite.get("start_index"), cite.get("end_index")
        if start is not None and not 0 <= start <= end <= len(text or ""):
            yield "%s[%d]: %d to %d of %d characters" % (path, i, start, end, len(text or ""))


def order_faults(items, path):
    for i, item in enumerate(items):
        if item["index"] != i:
            yield "%s[%d]: index is %d" % (path, i, item["index"])


def call_faults(calls, path):
    ids = [c["id"] for c in calls]
    if len(set(ids)) != len(ids) or "" in ids:
        yield "%s: ids are empty or the same: %s" % (path, ids)
    for i, call in enumerate(calls):
        function = call.get("function")
        if function is not None:
            fault = arguments_fault(function["arguments"])
            if fault:
                yield "%s[%d]: %s" % (path, i, fault)
            if not function["name"]:
                yield "%s[%d]: no name" % (path, i)


def chat(doc):
    yield from order_faults(doc["choices"], "$.choices")
    yield from usage_faults(doc.get("usage"), "prompt_tokens", "completion_tokens", "$.usage")
    if not doc["choices"]:
        yield "$.choices: none"
    for i, choice in enumerate(doc["choices"]):
        path = "$.choices[%d]" % i
        message = choice["message"]
        calls = message.get("tool_calls")
        if calls == []:
            yield path + ".message.tool_calls: empty"
        yield from call_faults(calls or [], path + ".message.tool_calls")
        fault = finish_fault(choice["finish_reason"], calls, message.get("function_call"))
        if fault:
            yield "%s.finish_reason: %s" % (path, fault)
        if message.get("function_call"):
            fault = arguments_fault(message["function_call"]["arguments"])
            if fault:
                yield "%s.message.function_call: %s" % (path, fault)
        yield from logprob_faults(choice["logprobs"], path + ".logprobs")
        yield from annotation_faults(
            message.get("annotations"), message["content"], path + ".message.annotations"
        )
        if message.get("audio"):
            fault = base64_fault(message["audio"]["data"])
            if fault:
                yield "%s.message.audio.data: %s" % (path, fault)


def completion(doc):
    yield from order_faults(doc["choices"], "$.choices")
    yield from usage_faults(doc.get("usage"), "prompt_tokens", "completion_tokens", "$.usage")
    for i, choice in enumerate(doc["choices"]):
        logprobs = choice["logprobs"] or {}
        lengths = {n: len(v) for n, v in logprobs.items() if v is not None}
        if len(set(lengths.values())) > 1:
            yield "$.choices[%d].logprobs: lists of different lengths %s" % (i, lengths)


def embedding(doc):
    yield from order_faults(doc["data"], "$.data")
    usage = doc["usage"]
    if usage["total_tokens"] != usage["prompt_tokens"]:
        yield "$.usage: total_tokens is not prompt_tokens"
    lengths = set()
    for i, item in enumerate(doc["data"]):
        vector = item["embedding"]
        if isinstance(vector, str):
            fault = base64_fault(vector)
            if fault:
                yield "$.data[%d].embedding: %s" % (i, fault)
                continue
            data = base64.b64decode(vector)
            if len(data) % 4:
                yield "$.data[%d].embedding: %d bytes are no floats" % (i, len(data))
                continue
            vector = struct.unpack("<%df" % (len(data) // 4), data)
        if any(x != x or abs(x) == float("inf") for x in vector):
            yield "$.data[%d].embedding: not finite" % i
        lengths.add(len(vector))
    if len(lengths) > 1 or 0 in lengths:
        yield "$.data: vectors of lengths %s" % sorted(lengths)


def image(doc):
    for i, item in enumerate(doc.get("data") or []):
        if ("b64_json" in item) == ("url" in item):
            yield "$.data[%d]: one of b64_json and url" % i
        fault = "b64_json" in item and base64_fault(item["b64_json"])
        if fault:
            yield "$.data[%d].b64_json: %s" % (i, fault)
    yield from usage_faults(doc.get("usage"), "input_tokens", "output_tokens", "$.usage")


def transcription(doc):
    if (doc.get("usage") or {}).get("type") == "tokens":
        yield from usage_faults(doc["usage"], "input_tokens", "output_tokens", "$.usage")
    for name in ("words", "segments"):
        for i, item in enumerate(doc.get(name) or []):
            if not 0 <= item["start"] <= item["end"]:
                yield "$.%s[%d]: times out of order" % (name, i)


def models(doc):
    ids = [m["id"] for m in doc["data"]]
    double = sorted({i for i in ids if ids.count(i) > 1})
    if double:
        yield "$.data: listed twice: %s" % ", ".join(double)


# What must and must not be set in a response of each status.
_PARTS = {
    "completed": (("usage",), ("error", "incomplete_details")),
    "incomplete": (("usage", "incomplete_details"), ("error",)),
    "failed": (("error",), ("incomplete_details",)),
    "in_progress": ((), ("error", "incomplete_details")),
    "queued": ((), ("error", "incomplete_details")),
}


def item_faults(item, path):
    if item["type"] == "function_call":
        fault = item.get("status") == "completed" and arguments_fault(item["arguments"])
        if fault:
            yield "%s: %s" % (path, fault)
    for i, part in enumerate(item["content"] if item["type"] == "message" else []):
        if part["type"] == "output_text":
            where = "%s.content[%d].annotations" % (path, i)
            yield from annotation_faults(part["annotations"], part["text"], where)


def response(doc):
    status = doc.get("status")
    must, must_not = _PARTS.get(status, ((), ()))
    for name in must:
        if doc.get(name) is None:
            yield "$.%s: missing in a response that is %s" % (name, status)
    for name in must_not:
        if doc.get(name) is not None:
            yield "$.%s: set in a response that is %s" % (name, status)
    if doc.get("usage"):
        yield from usage_faults(doc["usage"], "input_tokens", "output_tokens", "$.usage")
    ids = [item["id"] for item in doc["output"] if "id" in item]
    if len(set(ids)) != len(ids):
        yield "$.output: ids are the same: %s" % ids
    calls = [item["call_id"] for item in doc["output"] if item["type"] == "function_call"]
    if len(set(calls)) != len(calls):
        yield "$.output: call_ids are the same: %s" % calls
    for i, item in enumerate(doc["output"]):
        if status == "completed" and item.get("status", "completed") != "completed":
            yield "$.output[%d].status: %s in a completed response" % (i, item["status"])
        yield from item_faults(item, "$.output[%d]" % i)


def error(doc):
    if not doc["error"]["message"]:
        yield "$.error.message: empty"


RULES = {
    "chat": chat,
    "completion": completion,
    "response": response,
    "embedding": embedding,
    "image": image,
    "image_edit": image,
    "transcription": transcription,
    "models": models,
    "error": error,
}
