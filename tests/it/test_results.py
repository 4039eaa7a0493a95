"""Results, arguments and files are carried as they came, and Google's stand-in takes them."""

import base64
import json

from calls import GEMINI_3, PNG, post
from stack import CHAT, Stack
from tap import contains, each, equal, once, true

RESPONSES = "/v1/responses"
USER = {"role": "user", "content": "q"}
AUDIO = {"type": "input_audio", "input_audio": {"data": "UklGRgAA", "format": "wav"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG}}
REF = '{"responses":{"400":{"schema":{"$ref":"#/components/schemas/Err"}}}}'


def data_url(mime, data):
    return "data:%s;base64,%s" % (mime, base64.b64encode(data).decode())


def file_part(mime, data, name):
    return {"type": "file", "file": {"filename": name, "file_data": data_url(mime, data)}}


def chat_messages(pairs):
    """pairs: (id of the call, name, arguments, id of the result, content), all of one step."""
    calls = [
        {"id": p[0], "type": "function", "function": {"name": p[1], "arguments": p[2]}}
        for p in pairs
    ]
    results = [{"role": "tool", "tool_call_id": p[3], "content": p[4]} for p in pairs]
    return [USER, {"role": "assistant", "content": None, "tool_calls": calls}] + results


def response_items(pairs):
    calls = [
        {"type": "function_call", "call_id": p[0], "name": p[1], "arguments": p[2]} for p in pairs
    ]
    outputs = [
        {"type": "function_call_output", "call_id": p[3], "output": p[4]} for p in pairs
    ]
    return [USER] + calls + outputs


def both(s, pairs):
    """The contents that Google got, from either dialect; they are the same."""
    bodies = (
        (CHAT, {"model": GEMINI_3, "messages": chat_messages(pairs)}),
        (RESPONSES, {"model": GEMINI_3, "input": response_items(pairs), "store": False}),
    )
    found = [post(s, path, body).sent_one()["contents"] for path, body in bodies]
    equal(found[1], found[0], "both dialects")
    return found[0]


def responses_of(contents):
    parts = [p["functionResponse"] for p in contents[2]["parts"]]
    return [p["response"] for p in parts]


@each
def results_are_structure_only_where_nothing_is_lost(s):
    texts = (
        (REF, {"result": REF}),
        ('{"a":1,"b":[true,null,0.5]}', {"a": 1, "b": [True, None, 0.5]}),
        ('{"id":12345678901234567890}', {"result": '{"id":12345678901234567890}'}),
        ('{"a":1,"a":2}', {"result": '{"a":1,"a":2}'}),
        ('{"b":1,"a":2}', {"result": '{"b":1,"a":2}'}),
        ("[1,2]", {"result": [1, 2]}),
        ("words", {"result": "words"}),
        ("", {"result": ""}),
    )
    pairs = [(str(i), "f", "{}", str(i), text) for i, (text, _) in enumerate(texts)]
    equal(responses_of(both(s, pairs)), [want for _, want in texts], "what Google got")


@each
def results_find_their_calls(s):
    for ids in (
        ("", "", "", ""),
        ("1", "2", "1", "2"),
        ("call_abcdefgh-1234", "call_zyxwvuts-9876", "call_abcdefgh", "call_zyxwvuts"),
        ("functions.f:0", "functions.g:1", "functions_f_0", "functions_g_1"),
        ("a1", "b2", "x", "y"),
    ):
        pairs = [(ids[0], "f", "[]", ids[2], "F"), (ids[1], "g", "", ids[3], "G")]
        contents = both(s, pairs)
        equal(responses_of(contents), [{"result": "F"}, {"result": "G"}], "results of %s" % (ids,))
        calls = [p["functionCall"]["args"] for p in contents[1]["parts"]]
        equal(calls, [{}, {}], "arguments of %s" % (ids,))


@each
def media_of_results_go_where_google_takes_them(s):
    content = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}, PICTURE, AUDIO]
    contents = both(s, [("1", "f", "{}", "1", content)])
    result = contents[2]["parts"][0]["functionResponse"]
    equal(result["response"], {"result": ["one", "two"]}, "texts stay apart")
    equal([p["inlineData"]["mimeType"] for p in result["parts"]], ["image/png"], "inside")
    label, sound = contents[3]["parts"]
    equal(label, {"text": "From the result of f:"}, "whose it is")
    equal(sound["inlineData"]["mimeType"], "audio/wav", "behind")


@once
def files_are_text_where_they_are_text(options):
    with Stack(options) as s:
        parts = [
            file_part("image/svg+xml", b"<svg/>", "logo.svg"),
            file_part("text/csv", b"a,b\n", "t.csv"),
            file_part("application/octet-stream", b"fn main() {}\n", "main.rs"),
            {"type": "text", "text": "what?"},
        ]
        body = {"model": GEMINI_3, "messages": [{"role": "user", "content": parts}]}
        sent = post(s, CHAT, body).sent_one()["contents"][0]["parts"]
        true(all("text" in p for p in sent), "texts only: %s" % json.dumps(sent))
        contains(sent[0]["text"], "logo.svg, image/svg+xml]\n<svg/>\n")
        contains(sent[2]["text"], "main.rs, text/plain]\nfn main() {}\n")
        parts[0] = file_part("application/zip", b"PK\x03\x04\0", "a.zip")
        out = post(s, CHAT, body, status=400)
        contains(out.error["message"], "application/zip ('a.zip')")
        equal(out.error["param"], "messages[0].content[0].file.file_data", "the part")
        equal(out.requests(), [], "calls upstream")
