"""Replies and streams as they should be, for the self-test to spoil."""

import base64
import json

IDS = {"id": "x-1", "created": 1, "model": "m"}
USAGE = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 3, "text_tokens": 4, "image_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
INPUT_USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
TOKEN = {"token": "H", "logprob": -0.5, "bytes": [72], "top_logprobs": []}
CITE = {"url": "https://a.example/", "title": "A", "start_index": 0, "end_index": 2}
SIGNED = {"google": {"thought_signature": "QUJD"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
DATA = base64.b64encode(b"data").decode()


def chat_reply():
    message = {
        "role": "assistant",
        "content": "Hello",
        "refusal": None,
        "reasoning_content": "Hm",
        "annotations": [{"type": "url_citation", "url_citation": dict(CITE)}],
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
        "extra_content": SIGNED,
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": {
            "content": [dict(TOKEN, top_logprobs=[{"token": "H", "logprob": -0.5, "bytes": None}])],
            "refusal": None,
        },
        "finish_reason": "stop",
        "native_finish_reason": "STOP",
    }
    calls = {
        "index": 1,
        "message": {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "tool_calls": [dict(CALL, extra_content=SIGNED)],
        },
        "logprobs": None,
        "finish_reason": "tool_calls",
    }
    return dict(
        IDS,
        object="chat.completion",
        choices=[choice, calls],
        usage=dict(USAGE),
        service_tier="default",
    )


def chunk(delta=None, finish=None, index=0, **more):
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish}]
    return dict(
        IDS, object="chat.completion.chunk", choices=choices, **dict({"usage": None}, **more)
    )


def chat_stream():
    return [
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "Hm"}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({"tool_calls": [dict(CALL, index=0, function={"name": "f", "arguments": ""})]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        chunk({"tool_calls": [dict(CALL, index=1, id="c2")]}),
        chunk({}, "tool_calls"),
        chunk(None, usage=dict(USAGE)),
        "[DONE]",
    ]


def completion_reply():
    choice = {"index": 0, "text": "Hello", "logprobs": None, "finish_reason": "stop"}
    return dict(IDS, object="text_completion", choices=[choice], usage=dict(USAGE))


def completion_stream():
    def one(text, finish=None):
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}

    ids = dict(IDS, object="text_completion")
    return [dict(ids, choices=[one("Hel")]), dict(ids, choices=[one("lo", "stop")]), "[DONE]"]


def text_part(text, annotations=()):
    return {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}


FLAT_CITE = dict(CITE, type="url_citation")


def output():
    return [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Hm"}],
            "encrypted_content": "QUJD",
        },
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [text_part("Hello", [FLAT_CITE])],
        },
        {
            "id": "fc_1",
            "type": "function_call",
            "call_id": "c1",
            "name": "f",
            "arguments": '{"a":1}',
            "status": "completed",
        },
    ]


def response(status="completed", items=None, **more):
    usage = {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 12,
    }
    out = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "m",
        "tools": [],
        "output": output() if items is None else items,
        "parallel_tool_calls": True,
        "metadata": {},
        "tool_choice": "auto",
        "temperature": 1,
        "top_p": 1,
        "usage": usage,
        "text": {"format": {"type": "text"}},
    }
    return dict(out, **more)


def response_stream():
    started = response("in_progress", [])
    del started["usage"]
    thought, message, call = output()
    events = [
        ("response.created", {"response": started}),
        ("response.in_progress", {"response": started}),
    ]

    def at(index, **more):
        return dict(output_index=index, item_id=output()[index]["id"], **more)

    def add(name, value):
        events.append(("response." + name, value))

    add("output_item.added", {"output_index": 0, "item": dict(thought, summary=[])})
    part = {"type": "summary_text", "text": ""}
    add("reasoning_summary_part.added", at(0, summary_index=0, part=part))
    add("reasoning_summary_text.delta", at(0, summary_index=0, delta="Hm"))
    add("reasoning_summary_text.done", at(0, summary_index=0, text="Hm"))
    add("reasoning_summary_part.done", at(0, summary_index=0, part=dict(part, text="Hm")))
    add("output_item.done", {"output_index": 0, "item": thought})
    empty = dict(message, content=[], status="in_progress")
    add("output_item.added", {"output_index": 1, "item": empty})
    add("content_part.added", at(1, content_index=0, part=text_part("")))
    add("output_text.delta", at(1, content_index=0, delta="Hel", logprobs=[]))
    add("output_text.delta", at(1, content_index=0, delta="lo", logprobs=[]))
    add(
        "output_text.annotation.added",
        at(1, content_index=0, annotation_index=0, annotation=FLAT_CITE),
    )
    add("output_text.done", at(1, content_index=0, text="Hello", logprobs=[]))
    add("content_part.done", at(1, content_index=0, part=message["content"][0]))
    add("output_item.done", {"output_index": 1, "item": message})
    empty = dict(call, arguments="", status="in_progress")
    add("output_item.added", {"output_index": 2, "item": empty})
    add("function_call_arguments.delta", at(2, delta='{"a":1}'))
    add("function_call_arguments.done", at(2, name="f", arguments='{"a":1}'))
    add("output_item.done", {"output_index": 2, "item": call})
    add("completed", {"response": response()})
    return [dict(value, type=name, sequence_number=i) for i, (name, value) in enumerate(events)]


IMAGE = {
    "b64_json": DATA,
    "created_at": 1,
    "size": "1024x1024",
    "quality": "high",
    "background": "opaque",
    "output_format": "png",
}
IMAGE_USAGE = dict(INPUT_USAGE, input_tokens_details={"text_tokens": 3, "image_tokens": 0})


def image_stream(of="image_generation"):
    return [
        dict(IMAGE, type=of + ".partial_image", partial_image_index=0),
        dict(IMAGE, type=of + ".partial_image", partial_image_index=1),
        dict(IMAGE, type=of + ".completed", usage=IMAGE_USAGE),
    ]


REPLIES = {
    "chat": chat_reply,
    "completion": completion_reply,
    "response": response,
    "response_deleted": lambda: {"id": "resp_1", "object": "response", "deleted": True},
    "response_items": lambda: {
        "object": "list",
        "data": output(),
        "has_more": False,
        "first_id": "rs_1",
        "last_id": "fc_1",
    },
    "response_input_tokens": lambda: {"object": "response.input_tokens", "input_tokens": 4},
    "response_compaction": lambda: {
        "id": "resp_1",
        "object": "response.compaction",
        "created_at": 1,
        "output": [{"id": "cmp_1", "type": "compaction", "encrypted_content": "x"}],
        "usage": response()["usage"],
    },
    "embedding": lambda: {
        "object": "list",
        "model": "m",
        "usage": {"prompt_tokens": 2, "total_tokens": 2},
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, -1]},
            {"object": "embedding", "index": 1, "embedding": "AACAPwAAgD8="},
        ],
    },
    "image": lambda: {"created": 1, "data": [{"b64_json": DATA}], "usage": dict(IMAGE_USAGE)},
    "image_edit": lambda: {"created": 1, "data": [{"url": "https://a.example/i.png"}]},
    "transcription": lambda: {
        "language": "en",
        "duration": 1.5,
        "text": "Hello",
        "words": [{"word": "Hello", "start": 0, "end": 0.5}],
        "segments": [
            {
                "id": 0,
                "seek": 0,
                "start": 0,
                "end": 1,
                "text": "Hello",
                "tokens": [],
                "temperature": 0,
                "avg_logprob": -0.1,
                "compression_ratio": 1,
                "no_speech_prob": 0,
            }
        ],
    },
    "models": lambda: {
        "object": "list",
        "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "google"}],
    },
    "model": lambda: {"id": "m", "object": "model", "created": 1, "owned_by": "google"},
    "error": lambda: {
        "error": {"message": "No", "type": "server_error", "param": None, "code": None}
    },
}
STREAMS = {
    "chat": chat_stream,
    "completion": completion_stream,
    "response": response_stream,
    "image": image_stream,
    "image_edit": lambda: image_stream("image_edit"),
    "speech": lambda: [
        {"type": "speech.audio.delta", "audio": DATA},
        {"type": "speech.audio.done", "usage": INPUT_USAGE},
    ],
    "transcription": lambda: [
        {"type": "transcript.text.delta", "delta": "Hel"},
        {"type": "transcript.text.delta", "delta": "lo"},
        {"type": "transcript.text.done", "text": "Hello"},
    ],
}


def framed(kind, events):
    out = []
    for event in events:
        if event == "[DONE]":
            out.append("data: [DONE]\n\n")
            continue
        name = "event: %s\n" % event["type"] if kind == "response" and "type" in event else ""
        out.append("%sdata: %s\n\n" % (name, json.dumps(event)))
    return "".join(out).encode()
