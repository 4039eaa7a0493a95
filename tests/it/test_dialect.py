"""Chat Completions, legacy completions and embeddings as OpenAI documents them."""

import base64
import json
import struct

from calls import GEMINI_3, PNG, chat, finishes, function, post, said, scripted, texts
from stack import MODEL, Stack
from tap import called, contains, each, equal, once, true

COMPLETIONS = "/v1/completions"
EMBEDDINGS = "/v1/embeddings"


@each
def a_chat_with_several_choices_is_made_of_several_calls(s):
    one = chat(s, model=GEMINI_3)
    usage = one.value["usage"]
    out = chat(s, model=GEMINI_3, n=3)
    equal([c["index"] for c in out.value["choices"]], [0, 1, 2], "indices")
    true(all(c["message"]["content"] for c in out.value["choices"]), "all have text")
    equal(len(out.requests()), 3, "calls upstream")
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        equal(out.value["usage"][name], 3 * usage[name], name)
    out = chat(s, model=GEMINI_3, n=3, stream=True, stream_options={"include_usage": True})
    equal(finishes(out.chunks), {0: "stop", 1: "stop", 2: "stop"}, "finish reasons")
    text = one.message["content"]
    equal([said(out.chunks, i) for i in range(3)], [text] * 3, "texts of the stream")
    equal(out.chunks[-1]["usage"]["total_tokens"], 3 * usage["total_tokens"], "usage at the end")
    equal(len({c["id"] for c in out.chunks}), 1, "one id")


@once
def choices_of_a_model_that_makes_several_come_from_one_call(options):
    with Stack(options) as s:
        out = chat(s, n=3)
        equal([c["index"] for c in out.value["choices"]], [0, 1, 2], "indices")
        equal(len({c["message"]["content"] for c in out.value["choices"]}), 3, "texts differ")
        equal(out.sent_one()["generationConfig"]["candidateCount"], 3, "candidateCount")
        out = chat(s, n=3, stream=True)
        equal(finishes(out.chunks), {0: "stop", 1: "stop", 2: "stop"}, "finish reasons")


@once
def the_number_of_choices_is_clamped(options):
    with Stack(options) as s:
        for n in (1.5, "x", True, [1]):
            equal(chat(s, n=n, status=400).error["param"], "n", "param for %r" % n)
        for n in (0, -1, "0"):
            out = chat(s, n=n)
            equal(len(out.value["choices"]), 1, "choices for %r" % n)
            equal(out.changes, {"/n": "clamped"}, "what is told of %r" % n)
        equal(len(chat(s, n="3").value["choices"]), 3, "choices for a number in a string")
        out = chat(s, n=129, max_tokens=5)
        equal((len(out.value["choices"]), out.changes), (128, {"/n": "clamped"}), "of 129")
        out = chat(s, model=GEMINI_3, n=128, max_tokens=5, status=None)
        true(out.status in (200, 400), "status %d for 128 choices" % out.status)


@each
def a_choice_whose_key_fails_is_cured_on_another(s):
    good = s.key()
    for stream in (False, True):
        s.standin.clear()
        out = chat(
            s, model=GEMINI_3, n=3, stream=stream, key="%s,%s" % (s.key("key_invalid"), good)
        )
        if stream:
            equal(finishes(out.chunks), {0: "stop", 1: "stop", 2: "stop"}, "finish reasons")
        else:
            equal(len(out.value["choices"]), 3, "choices")
        used = [r["key"] for r in s.standin.requests()]
        equal(used.count(good), 3, "calls with the good key")


@once
def a_choice_that_fails_for_good_fails_the_whole(options):
    with Stack(options) as s:
        with scripted(s, {"name": "invalid_argument", "times": 1}):
            out = chat(s, model=GEMINI_3, n=3, status=400)
            equal(out.error["type"], "invalid_request_error", "type")
        with scripted(s, {"name": "stream_error_mid", "times": 1}):
            out = chat(s, model=GEMINI_3, n=3, stream=True)
            true(out.chunks[-1]["error"]["message"], "the last event is the error")
            true("[DONE]" not in out.events, "no [DONE]")


@once
def logprobs_come_with_their_bytes_and_no_infinity(options):
    with Stack(options) as s:
        for text in ("Hello", "Grüße 世界 🌍", "minus-infinity"):
            for stream in (False, True):
                out = chat(s, text, logprobs=True, top_logprobs=3, stream=stream)
                found = []
                for value in out.chunks if stream else [out.value]:
                    for choice in value["choices"]:
                        found += (choice.get("logprobs") or {}).get("content") or []
                content = said(out.chunks) if stream else out.message["content"]
                joined = b"".join(bytes(t["bytes"]) for t in found).decode()
                equal(joined, content, "tokens, stream %s" % stream)
                for token in found:
                    true(-9999 <= token["logprob"] <= 0, "%r is in range" % token["logprob"])
                    true(1 <= len(token["top_logprobs"]) <= 3, "alternatives")
        equal(chat(s, top_logprobs=3).changes, {"/top_logprobs": "dropped"}, "without logprobs")


@once
def annotations_count_characters_behind_several_parts_and_bytes(options):
    with Stack(options) as s:
        for text in ("Grüße 🌍 世界?", "e\u0301\u200d👩‍👩‍👧", "plain"):
            out = chat(s, text, model=GEMINI_3, web_search_options={"search_context_size": "low"})
            content = out.message["content"]
            metadata = out.message["extra_content"]["google"]["grounding_metadata"]
            segments = [x["segment"]["text"] for x in metadata["groundingSupports"]]
            cited = [a["url_citation"] for a in out.message["annotations"]]
            found = {content[c["start_index"] : c["end_index"]] for c in cited}
            equal(found, set(segments), "what the offsets cut out")


def _picture(url, **more):
    return {"type": "image_url", "image_url": dict({"url": url}, **more)}


@once
def pictures_of_every_form_of_data_url_go_up(options):
    urls = (
        "data:image/png;base64," + PNG,
        "data:image/png;name=a.png;base64," + PNG,
        "data:;base64," + PNG,
        "DATA:image/png;BASE64," + PNG,
        "data:image/png;base64," + PNG.replace("+", "-").replace("/", "_").rstrip("="),
        "data:image/png;base64," + PNG[:40] + "\r\n" + PNG[40:],
    )
    with Stack(options) as s:
        for url in urls:
            content = [{"type": "text", "text": "What?"}, _picture(url, detail="low")]
            sent = chat(s, [{"role": "user", "content": content}], model=GEMINI_3).sent_one()
            part = sent["contents"][0]["parts"][1]
            equal(part["inlineData"]["mimeType"], "image/png", "type of " + url[:40])
            data = part["inlineData"]["data"].replace("-", "+").replace("_", "/")
            equal(base64.b64decode(data + "=="), base64.b64decode(PNG), "bytes of " + url[:40])
            equal(part["mediaResolution"]["level"], "MEDIA_RESOLUTION_LOW", "resolution")
        out = chat(
            s, [{"role": "user", "content": [_picture("data:image/png;base64,@@@")]}], status=400
        )
        equal(out.error["param"], "messages[0].content[0].image_url.url", "param")


@once
def files_audio_and_video_go_up(options):
    pdf, wav = base64.b64encode(b"%PDF-1.4 x").decode(), base64.b64encode(b"RIFFxxxxWAVE").decode()
    parts = (
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64," + pdf}},
            "application/pdf",
        ),
        ({"type": "file", "file": {"file_data": pdf, "filename": "a.pdf"}}, "application/pdf"),
        ({"type": "input_audio", "input_audio": {"data": wav, "format": "wav"}}, "audio/wav"),
        ({"type": "input_audio", "input_audio": {"data": wav, "format": "mp3"}}, "audio/mp3"),
    )
    with Stack(options) as s:
        for part, mime in parts:
            content = [{"type": "text", "text": "What?"}, part]
            sent = chat(s, [{"role": "user", "content": content}]).sent_one()
            got = sent["contents"][0]["parts"][1]["inlineData"]["mimeType"]
            true(got in (mime, mime.replace("mp3", "mpeg")), "%s is %s" % (got, mime))
        video = {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=x"}}
        sent = chat(s, [{"role": "user", "content": [video]}]).sent_one()
        contains(sent["contents"][0]["parts"][0]["fileData"]["fileUri"], "youtube.com")


@once
def audio_comes_out_of_chat(options):
    with Stack(options) as s:
        for model in ("gemini-3.8-flash-tts", "gemini-2.5-flash-preview-tts"):
            out = chat(
                s, model=model, modalities=["audio"], audio={"voice": "alloy", "format": "wav"}
            )
            audio = out.message["audio"]
            equal(base64.b64decode(audio["data"])[:4], b"RIFF", "a wav file of " + model)
            true(audio["id"] and "transcript" in audio and audio["expires_at"], "all members")
            out = chat(
                s,
                model=model,
                modalities=["audio"],
                audio={"voice": "Kore", "format": "pcm16"},
                stream=True,
            )
            data = b"".join(
                base64.b64decode(c["choices"][0]["delta"].get("audio", {}).get("data", ""))
                for c in out.chunks
            )
            true(len(data) > 2000 and len(data) % 2 == 0, "%d bytes of samples" % len(data))
            true(b"RIFF" not in data, "no header in samples")


@once
def custom_tools_are_called_with_plain_text_in_both_turns(options):
    tools = [{"type": "custom", "custom": {"name": "notes", "description": "Takes notes."}}]
    with Stack(options) as s:
        for stream in (False, True):
            out = chat(s, "call:notes", model=GEMINI_3, tools=tools, stream=stream)
            if stream:
                deltas = [c["choices"][0]["delta"] for c in out.chunks]
                call = [c for d in deltas for c in d.get("tool_calls", [])][0]
            else:
                call = out.message["tool_calls"][0]
            equal((call["type"], call["custom"]["name"]), ("custom", "notes"), "call")
            true(isinstance(call["custom"]["input"], str), "the input is text")
        call = {n: v for n, v in call.items() if n != "index"}
        result = {"role": "tool", "tool_call_id": call["id"], "content": "noted"}
        turn = {"role": "assistant", "tool_calls": [call]}
        sent = chat(
            s, [{"role": "user", "content": "x"}, turn, result], model=GEMINI_3, tools=tools
        ).sent_one()
        args = sent["contents"][1]["parts"][0]["functionCall"]["args"]
        equal(args, {"input": call["custom"]["input"]}, "arguments upstream")


@once
def every_form_of_tool_choice_is_understood(options):
    tools = [function("one"), function("two")]
    name = {"type": "function", "function": {"name": "two"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [name]}}
    cases = (
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (name, {"mode": "ANY", "allowedFunctionNames": ["two"]}),
        (allowed, {"mode": "ANY", "allowedFunctionNames": ["two"]}),
    )
    with Stack(options) as s:
        for choice, want in cases:
            sent = chat(s, tools=tools, tool_choice=choice).sent_one()
            equal(sent["toolConfig"]["functionCallingConfig"], want, "config for %s" % choice)
        config = chat(s, tools=tools, tool_choice="auto").sent_one().get("toolConfig", {})
        true(config.get("functionCallingConfig", {}).get("mode") in (None, "AUTO"), "auto")
        bad = {"type": "function", "function": {"name": "three"}}
        contains(chat(s, tools=tools, tool_choice=bad, status=400).error["param"], "tool_choice")


@once
def legacy_functions_are_answered_in_their_form(options):
    functions = [{"name": "f", "parameters": {"type": "object", "properties": {}}}]
    with Stack(options) as s:
        out = chat(s, "call:f", functions=functions)
        equal(out.value["choices"][0]["finish_reason"], "function_call", "finish reason")
        equal(out.message["function_call"], {"name": "f", "arguments": "{}"}, "call")
        messages = [
            {"role": "user", "content": "call:f"},
            {"role": "assistant", "content": None, "function_call": out.message["function_call"]},
            {"role": "function", "name": "f", "content": '{"a":1}'},
        ]
        for model in (MODEL, GEMINI_3):
            sent = chat(s, messages, functions=functions, model=model).sent_one()
            part = sent["contents"][2]["parts"][0]["functionResponse"]
            equal((part["name"], part["response"]), ("f", {"a": 1}), "result upstream")


@once
def json_comes_as_the_schema_wants_it_in_its_order(options):
    schema = {
        "type": "object",
        "properties": {n: {"type": "string"} for n in ("zebra", "const", "apple")},
        "required": ["zebra", "apple"],
    }
    format_ = {
        "type": "json_schema",
        "json_schema": {"name": "x", "strict": True, "schema": schema},
    }
    with Stack(options) as s:
        for model in (MODEL, GEMINI_3):
            for stream in (False, True):
                out = chat(s, model=model, response_format=format_, stream=stream)
                text = said(out.chunks) if stream else out.message["content"]
                equal([n for n in json.loads(text) if n != "const"], ["zebra", "apple"], "members")
            chat(s, model=model, response_format={"type": "json_object"})
        # Functions and JSON at once: Gemini 2.5 takes only one of them.
        tools = [function("f")]
        out = chat(s, response_format=format_, tools=tools)
        contains(texts(out.sent_one()["systemInstruction"])[0], "zebra")
        equal(list(out.changes), ["/response_format"], "what is told")
        out = chat(s, response_format=format_, tools=tools, model=GEMINI_3)
        equal(out.changes, {}, "what is told for Gemini 3")


@once
def a_level_that_the_model_refuses_is_left_out_on_the_second_try(options):
    text = "Thinking level MINIMAL is not supported for this model."
    refusal = {"error": {"code": 400, "message": text, "status": "INVALID_ARGUMENT"}}
    rule = {"contains": "thinkingConfig", "status": 400, "body": json.dumps(refusal)}
    body = {"model": "gemini-3.1-flash-lite", "reasoning_effort": "minimal"}
    with Stack(options) as s, Stack(options, env={"STRICT": "yes"}) as strict:
        for stream in (False, True):
            with scripted(s, rule):
                out = chat(s, stream=stream, **body)
            true(said(out.chunks) if stream else out.message["content"], "there is an answer")
            sent = out.sent()
            equal(len(sent), 2, "calls upstream")
            true("thinkingConfig" in json.dumps(sent[0]), "the level was tried")
            true("thinkingConfig" not in json.dumps(sent[1]), "and left out")
            equal(out.changes, {"/reasoning_effort": "dropped"}, "what is told")
            with scripted(strict, rule):
                out = chat(strict, stream=stream, status=400, **body)
            equal(out.error["param"], "reasoning_effort", "param")
        with scripted(s, {"name": "invalid_argument"}):
            equal(len(chat(s, status=400, **body).requests()), 1, "calls after another refusal")


@each
def completions_of_several_prompts_come_in_order(s):
    body = {"model": MODEL, "prompt": ["one", "two"], "n": 2, "echo": True}
    out = post(s, COMPLETIONS, body)
    choices = out.value["choices"]
    equal([c["index"] for c in choices], [0, 1, 2, 3], "indices")
    equal([c["text"][:3] for c in choices], ["one", "one", "two", "two"], "echoes")
    equal(len(out.requests()), 4, "calls upstream")
    more = {"stream": True, "stream_options": {"include_usage": True}}
    out = post(s, COMPLETIONS, dict(body, **more))
    whole = {}
    for chunk in out.chunks:
        for choice in chunk["choices"]:
            whole[choice["index"]] = whole.get(choice["index"], "") + choice["text"]
    equal([whole[i] for i in range(4)], [c["text"] for c in choices], "texts of the stream")
    true(out.chunks[-1]["usage"]["total_tokens"] > 0, "usage at the end")


@once
def completions_take_what_they_can_and_refuse_the_rest(options):
    with Stack(options) as s:
        out = post(s, COMPLETIONS, {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"})
        true("maxOutputTokens" not in json.dumps(out.sent_one()), "no limit of 16 tokens")
        out = post(s, COMPLETIONS, {"model": MODEL, "prompt": "a", "suffix": "z", "max_tokens": 99})
        equal(out.sent_one()["generationConfig"]["maxOutputTokens"], 99, "limit")
        contains(json.dumps(out.sent_one()), "z")
        out = post(s, COMPLETIONS, {"model": MODEL, "prompt": "Hello", "logprobs": 2})
        found = out.value["choices"][0]["logprobs"]
        equal("".join(found["tokens"]), out.value["choices"][0]["text"], "tokens")
        for prompt in ([1, 2, 3], [[1], [2]], []):
            out = post(s, COMPLETIONS, {"model": MODEL, "prompt": prompt}, status=400)
            true(out.error["param"].startswith("prompt"), "param")


@each
def embeddings_of_250_texts_come_in_order(s):
    body = {"model": "gemini-embedding-001", "input": ["text %d" % i for i in range(250)]}
    out = post(s, EMBEDDINGS, body)
    equal([d["index"] for d in out.value["data"]], list(range(250)), "indices")
    equal(sorted(len(b["requests"]) for b in out.sent()), [50, 100, 100], "calls upstream")
    for n in (0, 99, 100, 199, 200, 249):
        alone = post(s, EMBEDDINGS, dict(body, input="text %d" % n)).value["data"][0]
        equal(out.value["data"][n]["embedding"], alone["embedding"], "embedding %d" % n)


@once
def short_embeddings_have_unit_length(options):
    with Stack(options) as s:
        for model in ("gemini-embedding-001", "gemini-embedding-2"):
            for form_ in ("float", "base64"):
                body = {"model": model, "input": "x", "dimensions": 64, "encoding_format": form_}
                vector = post(s, EMBEDDINGS, body).value["data"][0]["embedding"]
                if form_ == "base64":
                    vector = struct.unpack("<64f", base64.b64decode(vector))
                equal(len(vector), 64, "dimensions")
                true(abs(sum(x * x for x in vector) - 1) < 1e-4, "unit length of " + model)
        for bad in ([], [""], [1, 2], None, [["a"]]):
            out = post(s, EMBEDDINGS, {"model": "gemini-embedding-001", "input": bad}, status=400)
            true(out.error["param"].startswith("input"), "param for %r" % (bad,))


@once
@called("an embedding whose key fails is cured on another, each call by itself")
def embeddings_with_a_bad_key(options):
    with Stack(options) as s:
        key = "%s,%s" % (s.key("key_invalid"), s.key())
        body = {"model": "gemini-embedding-001", "input": ["t%d" % i for i in range(250)]}
        equal(len(post(s, EMBEDDINGS, body, key=key).value["data"]), 250, "embeddings")
