"""What well-known clients do, one test each: their requests must work as they are sent."""


from calls import GEMINI_3, chat, counted, function, get, post, said, texts
from stack import CHAT, MODEL, Stack, part_text
from tap import called, contains, each, equal, mounted, once, true

USER = [{"role": "user", "content": "Hello"}]
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def _chat_at(s, path):
    out = post(s, path, {"model": MODEL, "messages": USER})
    true(out.message["content"], "there is an answer at " + path)


@each
@called("quirk: Cherry Studio appends its path to whatever was typed and sends one key of several")
def cherry_studio(s):
    for path in ("/v1/chat/completions", "//v1/chat/completions", "/v1/v1/chat/completions"):
        _chat_at(s, path)
    _chat_at(s, "/chat/completions")
    key = s.key()
    equal(chat(s, key=key).requests()[0]["headers"]["x-goog-api-key"], key, "the key upstream")


@each
@called("quirk: Roo Code and the AI SDK call the native path without a version")
def roo_code(s):
    with s.request(
        "POST", "/models/%s:streamGenerateContent?alt=sse" % MODEL, key=s.key(), body=CONTENTS
    ) as r:
        equal(r.status, 200, "status")
        true("".join(part_text(e) for e in r.events()), "there is an answer")


def _genai_sdk(s):
    headers = [("x-goog-api-client", "google-genai-sdk/3.1.0 gl-node/v22")]
    key = s.key()
    with s.request(
        "POST", "/v1beta/models/%s:generateContent" % MODEL, headers, CONTENTS, key=key
    ) as r:
        equal(r.status, 200, "status")
        true(part_text(r.json()), "there is an answer")
    equal(s.standin.one(key)["target"].split("?")[0][:8], "/v1beta/", "version upstream")
    with s.request("GET", "/v1beta/models", headers, key=key) as r:
        contains(r.json()["models"][0]["name"], "models/")


@each
@called("quirk: the google-genai SDKs take the base as a host's root and add /v1beta")
def google_genai(s):
    _genai_sdk(s)


@mounted
@called("quirk: the google-genai SDKs add /v1beta below a mount too")
def google_genai_mounted(s):
    _genai_sdk(s)


@each
@called("quirk: NextChat asks for permission first and its users paste the URL of the method")
def nextchat(s):
    with s.request(
        "OPTIONS",
        CHAT,
        [
            ("Origin", "https://nextchat.example"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type,x-requested-with"),
        ],
    ) as r:
        true(r.status in (200, 204), "status %d is 200 or 204" % r.status)
        contains(r.header("access-control-allow-headers", ""), "x-requested-with")
        r.read()
    _chat_at(s, "/v1/chat/completions/v1/chat/completions")
    _chat_at(s, "/v1/chat/completions/chat/completions")


@mounted
@called("quirk: NextChat is pointed at a path below another site")
def nextchat_mounted(s):
    _chat_at(s, CHAT)
    _chat_at(s, "/chat/completions")


@once
@called("quirk: Cursor sends the names of OpenAI and of Gemini to the same base URL")
def cursor(options):
    with Stack(options) as s:
        for name, used in (("gpt-4o", "gemini-pro-latest"), ("gemini-2.5-pro", "gemini-2.5-pro")):
            out = chat(s, model=name, stream=True, stream_options={"include_usage": True})
            equal(out.chunks[0]["model"], used, "model in the reply")
            contains(out.requests()[0]["target"], "/models/%s:" % used)
        tools = [function("read_file", {"target_file": {"type": "string"}})]
        out = chat(s, "call:read_file", model="gpt-4o", stream=True, tools=tools)
        equal([c["choices"][0]["finish_reason"] for c in out.chunks][-1], "tool_calls", "finish")


@once
@called("quirk: Continue and Void send empty assistant turns")
def continue_and_void(options):
    with Stack(options) as s:
        for empty in ("", None, [], [{"type": "text", "text": ""}]):
            out = chat(
                s,
                [
                    {"role": "user", "content": "first"},
                    {"role": "assistant", "content": empty},
                    {"role": "user", "content": "second"},
                ],
            )
            contents = out.sent_one()["contents"]
            equal([c["role"] for c in contents], ["user"], "roles")
            equal(texts(contents[0]), ["first", "second"], "texts")


@once
@called("quirk: Cline sends tool names and array schemas that Gemini refuses")
def cline(options):
    name = "mcp--github/search repositories!"
    tool = function(name, {"tags": {"type": "array"}, "query": {"type": "string"}})
    tool["function"]["parameters"]["$schema"] = "http://json-schema.org/draft-07/schema#"
    with Stack(options) as s:
        out = chat(s, "call:mcp", tools=[tool], tool_choice="required")
        equal(out.message["tool_calls"][0]["function"]["name"], name, "name in the reply")
        sent = out.sent_one()["tools"][0]["functionDeclarations"][0]
        true(sent["name"] != name, "the name upstream is another")
        true("items" in sent["parametersJsonSchema"]["properties"]["tags"], "the array has items")
        equal(out.changes["/tools/0/function/name"], "renamed", "what is told of the name")
        # The second turn: the name in the history is the caller's.
        turn = dict(out.message, role="assistant")
        result = {"role": "tool", "tool_call_id": turn["tool_calls"][0]["id"], "content": "[]"}
        again = chat(s, USER + [turn, result], tools=[tool])
        parts = [p for c in again.sent_one()["contents"] for p in c["parts"]]
        names = [p[k]["name"] for p in parts for k in p if k.startswith("function")]
        equal(names, [sent["name"]] * 2, "names upstream")


@once
@called("quirk: Claude Code through a router gives up on empty streams and asks for /messages")
def claude_code(options):
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        with s.chat(model="silent-1000", stream=True) as r:
            true(r.block().startswith(":"), "a comment comes while the model is silent")
            equal(r.events()[-1], "[DONE]", "last event")
        for fault in ("stop_empty", "max_tokens_empty", "empty_parts"):
            out = chat(s, key=s.key(fault), stream=True)
            true(out.chunks[-1]["choices"][0]["finish_reason"], "a finish reason after " + fault)
            equal(out.events[-1], "[DONE]", "last event")
        with s.request("POST", "/v1/messages", bearer=s.key(), body={"model": MODEL}) as r:
            equal(r.status, 404, "status of /v1/messages")
            contains(r.json()["error"]["message"], CHAT)


@once
@called("quirk: Open WebUI leaves its prefix in front of model names")
def open_webui(options):
    with Stack(options) as s:
        for name in ("openai/" + MODEL, "models/" + MODEL, "gemini." + MODEL, "work." + MODEL):
            out = chat(s, model=name)
            equal(out.value["model"], MODEL, "model in the reply to " + name)


@once
@called("quirk: n8n lists bare names and drops what is before a slash, and headers")
def n8n(options):
    with Stack(options) as s:
        names = [m["id"] for m in get(s, "/v1/models").value["data"]]
        true(MODEL in names, MODEL + " is listed")
        equal([n for n in names if "/" in n], [], "names with a slash")
        # Everything is in the body; only the key comes in a header.
        out = chat(s, model=names[0], reasoning_effort="low", tools=[function("f")])
        equal(out.value["object"], "chat.completion", "object")


@once
@called("quirk: Dify sends empty content and large bodies and shows citations")
def dify(options):
    with Stack(options) as s:
        messages = [
            {"role": "system", "content": ""},
            {"role": "user", "content": ""},
            {"role": "user", "content": "Who? " + "x" * (3 << 20)},
        ]
        sent = chat(s, messages).requests()
        equal(len(sent), 1, "calls upstream")
        true(sent[0]["body_bytes"] > 3 << 20, "all of the text goes up")
        out = chat(s, "Who?", model=GEMINI_3, web_search_options={})
        cited = out.message["annotations"][0]["url_citation"]
        true(cited["url"].startswith("https://"), "a citation has its address")


@once
@called("quirk: Immersive Translate sends the thinking budget of 2.5 to 3.x")
def immersive_translate(options):
    old = {"google": {"thinking_config": {"thinking_budget": 0}}}
    with Stack(options) as s:
        for more in ({"extra_body": old}, old, {"thinking": {"type": "disabled"}}):
            config = chat(s, model=GEMINI_3, **more).sent_one()["generationConfig"]
            equal(config["thinkingConfig"].get("thinkingLevel"), "LOW", "level for %s" % more)
            true("thinkingBudget" not in config["thinkingConfig"], "no budget")
        config = chat(s, **{"extra_body": old}).sent_one()["generationConfig"]
        equal(config["thinkingConfig"]["thinkingBudget"], 0, "budget for " + MODEL)


@once
@called("quirk: nextai-translator drops the text of a chunk that has a finish reason")
def nextai_translator(options):
    with Stack(options) as s:
        for model in (MODEL, GEMINI_3, "bench-1-0-50"):
            out = chat(s, model=model, stream=True)
            last = out.chunks[-1]["choices"][0]
            equal(last["finish_reason"], "stop", "finish reason of the last chunk")
            equal(last["delta"], {}, "delta of the last chunk")
            equal(len([c for c in out.chunks if c["choices"][0]["finish_reason"]]), 1, "finishes")
            true(said(out.chunks), "there is text before it")


@each
@called("quirk: Zotero PDF Translate has the method and the key in its URL and a retired model")
def zotero(s):
    key = s.key()
    path = "/v1beta/models/%s:streamGenerateContent?alt=sse&key=%s"
    with s.request("POST", path % (MODEL, key), body=CONTENTS) as r:
        equal(r.status, 200, "status")
        true("".join(part_text(e) for e in r.events()), "there is an answer")
    true(key not in s.standin.one(key)["target"], "no key in the address upstream")
    with s.request("POST", path % ("gemini-1.5-pro", s.key()), body=CONTENTS) as r:
        equal(r.status, 404, "status of the retired model")
        contains(r.json()["error"]["message"], "gemini-1.5-pro")
    out = chat(s, model="gemini-1.5-pro")
    used = out.headers["x-gemini-balance-model"]
    true("pro" in used and used != "gemini-1.5-pro", "the model in its place: " + used)
    equal(out.value["model"], used, "the model that the answer names")


@each
@called("quirk: Obsidian plugins call from app:// and drop thought signatures")
def obsidian(s):
    origin = ("Origin", "app://obsidian.md")
    asked = "authorization,content-type,x-stainless-os,x-stainless-retry-count"
    with s.request(
        "OPTIONS",
        CHAT,
        [
            origin,
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", asked),
        ],
    ) as r:
        true(r.status in (200, 204), "status %d is 200 or 204" % r.status)
        true(r.header("access-control-allow-origin") in ("*", origin[1]), "the origin may")
        for name in asked.split(","):
            contains(r.header("access-control-allow-headers", "").lower(), name)
        r.read()
    with s.request("POST", CHAT, [origin], body={"model": MODEL}) as r:
        equal(r.status, 401, "status without a key")
        true(r.header("access-control-allow-origin") in ("*", origin[1]), "errors may be read")
        r.read()
    key, tools = s.key(), [function("weather", {"city": {"type": "string"}})]
    call = chat(s, "call:weather", key, model=GEMINI_3, tools=tools).message["tool_calls"][0]
    call = {name: call[name] for name in ("id", "type", "function")}
    messages = [
        {"role": "user", "content": "call:weather"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "rain"},
    ]
    with counted(s, signed_calls=1, bypassed_calls=0):
        chat(s, messages, key, model=GEMINI_3, tools=tools)


@once
@called("quirk: SillyTavern shows nothing unless a finish or block reason is visible")
def silly_tavern(options):
    with Stack(options) as s:
        for word in ("block:PROHIBITED_CONTENT", "finish:SAFETY", "finish:RECITATION"):
            for stream in (False, True):
                out = chat(s, word, stream=stream)
                choice = (out.chunks[-1] if stream else out.value)["choices"][0]
                equal(choice["finish_reason"], "content_filter", "finish reason after " + word)
                equal(choice["native_finish_reason"], word.split(":")[1], "Google's word")
        refusal = chat(s, "block:PROHIBITED_CONTENT").message["refusal"]
        contains(refusal, "PROHIBITED_CONTENT")


@each
@called("quirk: Chatbox shows only errors of OpenAI's shape")
def chatbox(s):
    for fault, status in (("key_invalid", 401), ("overloaded", 503), ("html_502", 502)):
        out = chat(s, key=s.key(fault), status=status)
        equal(sorted(out.error), ["code", "message", "param", "type"], "members after " + fault)
        true(out.error["message"], "there is a message after " + fault)


@once
@called("quirk: LobeChat asks for tools and search at once")
def lobechat(options):
    tools = [function("weather", {"city": {"type": "string"}})]
    with Stack(options) as s:
        for search in ({"type": "web_search"}, {"type": "google_search"}):
            out = chat(s, model=GEMINI_3, tools=tools + [search], stream=True)
            equal(out.events[-1], "[DONE]", "last event")
            sent = out.sent_one()
            equal({k for t in sent["tools"] for k in t}, {"functionDeclarations", "googleSearch"})
            true(sent["toolConfig"]["includeServerSideToolInvocations"], "both may be used")
            # Older models take one of the two: the functions stay, and the caller is told.
            out = chat(s, model=MODEL, tools=tools + [search])
            equal([k for t in out.sent_one()["tools"] for k in t], ["functionDeclarations"])
            equal(out.changes, {"/tools/1": "dropped"}, "what is told")


@each
@called("quirk: ChatGPTBox wants the whole URL of the method")
def chatgptbox(s):
    for path in ("/v1/chat/completions/", "/openai/v1/chat/completions", "/api/chat/completions"):
        _chat_at(s, path)
    out = post(s, "/v1/completions", {"model": MODEL, "prompt": "Hello"})
    true(out.value["choices"][0]["text"], "there is a completion")


@once
@called("quirk: the OpenAI Agents SDK sends store and metadata")
def agents_sdk(options):
    with Stack(options) as s:
        out = chat(s, store=True, metadata={"trace": "1"}, parallel_tool_calls=True, user="u")
        sent = out.sent_one()
        equal(sorted(sent), ["contents"], "what goes up")
        equal(
            {k: v for k, v in out.changes.items() if k in ("/store", "/metadata")},
            {"/store": "ignored", "/metadata": "ignored"},
            "what is told",
        )
