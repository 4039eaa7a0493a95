#!/usr/bin/env python3
"""Checks the stand-in itself; prints TAP. The program: the argument, or $STANDIN."""
import http.client
import json
import os
import re
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.environ["STANDIN"]
PNG = "iVBORw0KGgo="
count = 0
failed = 0


def ok(good, what, note=""):
    global count, failed
    count += 1
    print(f"{'' if good else 'not '}ok {count} - {what}", flush=True)
    if not good:
        failed += 1
        print("# " + str(note)[:1000].replace("\n", "\n# "), flush=True)


def eq(got, want, what):
    ok(got == want, what, f"got {got!r}, expected {want!r}")


class Standin:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--schema", os.path.join(HERE, "schema.json"),
             *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])
        self.ready = line

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


class Reply:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.text = body.decode("utf-8", "replace")
        self.bytes = body

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def message(self):
        doc = self.json
        return (doc[0] if isinstance(doc, list) else doc)["error"]["message"]

    def events(self):
        """The documents of an event stream."""
        blocks = self.text.split("\r\n\r\n")
        return [json.loads(b[6:]) for b in blocks if b.startswith("data: ")]


def call(s, method, path, body=None, key="k", headers=None, raw=False):
    h = dict(headers or {})
    if key is not None:
        h["x-goog-api-key"] = key
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        h.setdefault("Content-Type", "application/json")
    conn = http.client.HTTPConnection("127.0.0.1", s.port, timeout=30)
    try:
        conn.request(method, path, body, h)
        response = conn.getresponse()
        return (conn, response) if raw else Reply(response, response.read())
    finally:
        if not raw:
            conn.close()


def ask(text="hello", **more):
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


def generate(s, body, model="gemini-2.5-flash", key="k", stream=False, alt="sse"):
    verb = "streamGenerateContent" + (f"?alt={alt}" if alt else "") if stream else "generateContent"
    return call(s, "POST", f"/v1beta/models/{model}:{verb}", body, key)


def text_of(doc):
    return "".join(p.get("text", "") for c in doc["candidates"]
                   for p in c.get("content", {}).get("parts", []) if not p.get("thought"))


def control(s, method, what, body=None):
    return call(s, method, "/_control/" + what, body, key=None)


CONFIG = "generationConfig"
FUNCTION = {"functionDeclarations": [{"name": "f", "parametersJsonSchema": {
    "type": "object", "required": ["city"],
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}}]}
CALL = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"city": "x"}}}]}
SIGNED = {"role": "model", "parts": [{"functionCall": {"name": "f"},
                                      "thoughtSignature": "skip_thought_signature_validator"}]}
RESULT = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"ok": 1}}}]}
USER = {"role": "user", "parts": [{"text": "hi"}]}
MODEL = {"role": "model", "parts": [{"text": "ho"}]}


def turns(*contents):
    return {"contents": list(contents)}


def result(response, *parts):
    return {"parts": [{"functionResponse": {"name": "f", "response": response,
                                            "parts": list(parts)}}]}


def function(**more):
    return ask(tools=[{"functionDeclarations": [{"name": "f", **more}]}])


def config(**more):
    return ask(generationConfig=more)


def thinking(**more):
    return config(thinkingConfig=more)


# The transcoder: body, a piece of the message, the violation's field (None: it has none).
TRANSCODER = [
    (ask(x=1), 'Invalid JSON payload received. Unknown name "x": Cannot find field.', None),
    (turns({"parts": [{"text": "a"}, {"text": "b", "y": 1}]}),
     "Unknown name \"y\" at 'contents[0].parts[1]': Cannot find field.", "contents[0].parts[1]"),
    (config(temperature="hot"),
     "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
     "generation_config.temperature"),
    (config(maxOutputTokens=1.5),
     "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), 1.5",
     "generation_config.max_output_tokens"),
    (config(seed=3000000000), "(TYPE_INT32), 3000000000", "generation_config.seed"),
    (turns({"parts": [{"text": 5}]}),
     "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5", "contents[0].parts[0].text"),
    (ask(store="maybe"), "Invalid value at 'store' (TYPE_BOOL), \"maybe\"", "store"),
    (ask(safetySettings=[{"category": "NOPE"}]),
     "Invalid value at 'safety_settings[0].category' (type.googleapis.com/google.ai."
     "generativelanguage.v1beta.HarmCategory), \"NOPE\"", "safety_settings[0].category"),
    (turns({"parts": [{"inlineData": {"mimeType": "image/png", "data": "!"}}]}),
     "'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"!\"",
     "contents[0].parts[0].inline_data.data"),
    (ask(systemInstruction="be nice"),
     "Invalid value at 'system_instruction' (type.googleapis.com/google.ai.generativelanguage."
     "v1beta.Content), \"be nice\"", "system_instruction"),
    (ask(generationConfig=[]), "Unknown name \"generationConfig\": Proto field is not repeating, "
     "cannot start list.", None),
    (turns(USER, CALL, {"parts": [{"functionResponse": {"name": "f", "response": [1]}}]}),
     "Unknown name \"response\" at 'contents[2].parts[0].function_response': Proto field is not "
     "repeating, cannot start list.", "contents[2].parts[0].function_response"),
    (function(parameters={"type": "OBJECT", "properties": {
        "p": {"type": "STRING", "const": "a"}}}),
     "Unknown name \"const\" at 'tools[0].function_declarations[0].parameters.properties[0].value'"
     ": Cannot find field.",
     "tools[0].function_declarations[0].parameters.properties[0].value"),
    (function(parameters={"type": ["STRING", "NULL"]}),
     "Unknown name \"type\" at 'tools[0].function_declarations[0].parameters': Proto field is not "
     "repeating, cannot start list.", "tools[0].function_declarations[0].parameters"),
    (ask(tools=[{"googleSearch": {"timeRangeFilter": {"startTime": "now"}}}]),
     "Illegal timestamp format", "tools[0].google_search.time_range_filter.start_time"),
    (turns({"parts": [{"text": "a", "videoMetadata": {"startOffset": "5"}}]}),
     "Illegal duration format; duration must end with 's'",
     "contents[0].parts[0].video_metadata.start_offset"),
    (turns("text"), "Invalid value at 'contents[0]' (type.googleapis.com/google.ai."
     "generativelanguage.v1beta.Content), \"text\"", "contents[0]"),
    (turns({"parts": [{"text": {}}]}), "Starting an object on a scalar field",
     "contents[0].parts[0].text"),
]

G3, G25 = "gemini-3-flash-preview", "gemini-2.5-flash"

# The methods' own checks: model, body, a piece of the message.
REFUSALS = [
    (G25, {}, "contents is not specified"),
    (G25, {"contents": []}, "contents is not specified"),
    (G25, turns({"role": "user", "parts": []}), "contents.parts must not be empty"),
    (G25, turns({"role": "user"}), "contents.parts must not be empty"),
    (G25, turns({"parts": [{}]}), "required oneof field 'data' must have one initialized field"),
    (G25, turns({"parts": [{"text": ""}]}), "required oneof field 'data'"),
    (G25, turns({"parts": [{"text": "a", "inlineData": {"mimeType": "image/png", "data": PNG}}]}),
     "oneof field 'data' is already set"),
    (G25, turns({"role": "system", "parts": [{"text": "a"}]}), "valid role: user, model"),
    (G25, turns({"parts": [{"inlineData": {"mimeType": "application/zip", "data": PNG}}]}),
     "Unsupported MIME type: application/zip"),
    (G25, turns({"parts": [{"fileData": {"fileUri": "http://example.com/a.png"}}]}),
     "Invalid or unsupported file uri"),
    (G25, turns(CALL, RESULT), "function call turn comes immediately after a user turn or after a "
     "function response turn"),
    (G25, turns(USER, CALL, CALL), "function call turn comes immediately after a user turn"),
    (G25, turns(USER, RESULT),
     "function response turn comes immediately after a function call turn"),
    (G25, turns(USER, CALL, USER), "number of function response parts is equal to the number of "
     "function call parts of the function call turn"),
    (G25, turns(USER, CALL, {"parts": RESULT["parts"] * 2}), "number of function response parts"),
    (G25, turns(USER, CALL, {"parts": [{"functionResponse": {"name": "g", "response": {}}}]}),
     "name matches a function call"),
    (G25, turns(USER, {"role": "model", "parts": [{"functionCall": {"name": "f", "id": "a"}}]},
                {"parts": [{"functionResponse": {"name": "f", "id": "b", "response": {}}}]}),
     "functionResponse.id does not match functionCall.id"),
    (G3, turns(USER, CALL, RESULT), "Function call is missing a thought_signature in functionCall "
     "parts"),
    (G3, turns(USER, SIGNED, RESULT, CALL, RESULT), "`default_api:f` , position 4"),
    (G3, turns(USER, SIGNED, {"parts": RESULT["parts"] + [{"text": "and"}]}),
     "Requests ending with a model turn are not supported"),
    (G3, turns(USER, SIGNED, result({"a": [{"$ref": "#/x"}]})),
     "The referenced name `#/x` does not match to a display_name"),
    (G3, turns(USER, SIGNED, result({}, {"inlineData": {"mimeType": "audio/wav", "data": "AA=="}})),
     "Unsupported MIME type in function response: audio/wav"),
    ("gemini-3.7-flash", turns(USER, MODEL), "Requests ending with a model turn are not supported"),
    (G3, config(candidateCount=2), "Multiple candidates is not enabled for this model"),
    (G25, config(presencePenalty=0.5), "Penalty is not enabled for this model"),
    (G3, config(frequencyPenalty=0.5), "Penalty is not enabled for this model"),
    (G25, config(temperature=3), "temperature: must be in the range"),
    (G25, config(stopSequences=["a"] * 6), "at most 5 stop sequences"),
    (G25, config(responseMimeType="text/html"), "allowed mimetypes are"),
    (G25, config(responseJsonSchema={"type": "object"}), "only allowed when response_mime_type"),
    (G25, config(responseModalities=["AUDIO"]), "response modalities (AUDIO) is not supported"),
    ("gemini-2.5-flash-preview-tts", ask(), "response modalities (TEXT) is not supported"),
    (G3, ask(tools=[FUNCTION, {"googleSearch": {}}]), "Please enable tool_config."
     "include_server_side_tool_invocations to use Built-in tools with Function calling."),
    (G25, ask(tools=[FUNCTION, {"googleSearch": {}}]),
     "Tool use with function calling is unsupported"),
    (G25, ask(tools=[FUNCTION], generationConfig={"responseMimeType": "application/json"}),
     "Function calling with a response mime type: 'application/json' is unsupported"),
    (G25, ask(tools=[{"googleSearch": {}}], generationConfig={
        "responseMimeType": "application/json"}), "Tool use with a response mime type"),
    (G25, function(name="1x"), "Invalid function name"),
    (G25, function(name="x" * 65), "maximum length of 64"),
    (G25, ask(tools=[FUNCTION, FUNCTION]), "Duplicate function declaration found: f"),
    (G25, function(parameters={"type": "OBJECT", "properties": {}}),
     "should be non-empty for OBJECT type"),
    (G25, function(parameters={"type": "OBJECT", "properties": {"a": {"type": "ARRAY"}}}),
     "parameters.properties[a].items: missing field"),
    (G25, ask(tools=[FUNCTION], toolConfig={"functionCallingConfig": {
        "mode": "AUTO", "allowedFunctionNames": ["f"]}}), "only allowed when mode is ANY"),
    (G25, ask(tools=[FUNCTION], toolConfig={"functionCallingConfig": {
        "mode": "ANY", "allowedFunctionNames": ["g"]}}), "function `g` is not declared"),
    (G25, ask(toolConfig={"functionCallingConfig": {"mode": "ANY"}}),
     "Function calling config is set without function_declarations."),
    (G25, ask(cachedContent="cachedContents/a", tools=[FUNCTION]),
     "CachedContent can not be used with GenerateContent request setting system_instruction"),
    (G3, thinking(thinkingLevel="LOW", thinkingBudget=5),
     "You can only set only one of thinking budget and thinking level."),
    (G25, thinking(thinkingLevel="low"), "Thinking level is not supported for this model."),
    ("gemini-3.8-flash", thinking(thinkingLevel="MINIMAL"), "Thinking level MINIMAL is not "
     "supported for this model. Please retry with other thinking level."),
    ("gemini-4-carbon", thinking(thinkingLevel="XHIGH"), "Thinking level XHIGH is not supported"),
    ("gemini-4-neon", thinking(thinkingLevel="MINIMAL"), "Thinking level MINIMAL is not supported"),
    ("gemma-4-31b-it", thinking(thinkingLevel="LOW"), "Thinking level LOW is not supported"),
    ("gemini-2.5-pro", thinking(thinkingBudget=0),
     "Budget 0 is invalid. This model only works in thinking mode."),
    (G25, thinking(thinkingBudget=30000), "The thinking budget (30000) is invalid"),
    ("gemini-2.5-flash-lite", thinking(thinkingBudget=100), "The thinking budget (100) is invalid"),
    ("gemini-2.5-flash-image", thinking(includeThoughts=True),
     "Thinking is not enabled for models/gemini-2.5-flash-image"),
]

# What must pass: model, body.
ACCEPTED = [
    (G25, {"contents": {"parts": {"text": "one in place of a list"}}}),
    (G25, {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": PNG}}]}],
           "generation_config": {"max_output_tokens": "100", "top_p": 0.5}}),
    (G25, turns(USER, CALL, RESULT)),
    (G3, turns(USER, SIGNED, RESULT, SIGNED, RESULT)),
    (G3, turns(USER, CALL, RESULT, MODEL, USER)),
    (G3, turns(USER, MODEL)),
    (G3, ask(tools=[FUNCTION, {"googleSearch": {}}],
             toolConfig={"includeServerSideToolInvocations": True})),
    (G3, ask(tools=[FUNCTION], generationConfig={"responseMimeType": "application/json"})),
    (G3, thinking(thinkingLevel="low", includeThoughts=True)),
    ("gemini-4-neon-preview-11-2026", thinking(thinkingLevel="XHIGH")),
    ("gemini-4-hydrogen", thinking(thinkingLevel="xhigh")),
    ("gemini-2.5-pro", thinking(thinkingBudget=-1)),
    (G25, config(candidateCount=2)),
    (G25, ask(labels={"a": "b"}, serviceTier="flex")),
    (G25, turns({"parts": [{"text": "a", "speechMetadata": {"style": "calm"}}]})),
    (G25, turns({"parts": [{"fileData": {"fileUri": "https://example.com/a.png"}}]})),
]


def test_transcoder(s):
    for body, fragment, field in TRANSCODER:
        r = generate(s, body)
        ok(r.status == 400 and fragment in r.message, "transcoder: " + fragment, r.text)
        rows = r.json["error"].get("details", [{}])[0].get("fieldViolations", [{}])
        eq(rows[0].get("field"), field, "... its field")
    r = call(s, "POST", "/v1beta/models/gemini-2.5-flash:generateContent", '{"contents": [}')
    ok(r.status == 400 and r.message.startswith("Invalid JSON payload received. Unexpected token."),
       "malformed JSON", r.text)
    r = call(s, "POST", "/v1beta/models/gemini-2.5-flash:generateContent", '{"contents": [')
    ok("Unexpected end of string" in r.message, "cut JSON", r.text)
    r = call(s, "POST", "/v1beta/models/gemini-2.5-flash:generateContent", "[]")
    ok("Root element must be a message" in r.message, "a body that is not an object", r.text)
    r = call(s, "POST", "/v1beta/models/gemini-2.5-flash:generateContent", json.dumps(ask()),
             headers={"Content-Type": "application/x-www-form-urlencoded"})
    ok("Cannot bind query parameter" in r.message, "a form in place of JSON", r.text)
    r = call(s, "GET", "/v1beta/models?pageSise=2")
    ok(r.status == 400 and 'Unknown name "pageSise": Cannot bind query parameter' in r.message,
       "unknown query parameter", r.text)
    eq(generate(s, ask(a=1), alt=None, stream=True).text[:1], "[", "an array stream's error")


def test_refusals(s):
    for model, body, fragment in REFUSALS:
        r = generate(s, body, model)
        ok(r.status == 400 and fragment in r.message, f"{model}: {fragment}", r.text)
    for i, (model, body) in enumerate(ACCEPTED):
        r = generate(s, body, model)
        ok(r.status == 200, f"accepted {i}: {model} {json.dumps(body)[:60]}", r.text)


def test_credentials(s):
    r = call(s, "GET", "/v1beta/models", key=None)
    ok(r.status == 403 and "unregistered callers" in r.message, "no credential", r.text)
    r = call(s, "GET", "/v1beta/models?key=b", key="a")
    ok(r.status == 400 and r.message == "Multiple authentication credentials received. Please pass "
       "only one.", "header and query", r.text)
    r = call(s, "GET", "/v1beta/models", headers={"Authorization": "Bearer a"})
    eq(r.status, 400, "header and Authorization")
    r = call(s, "GET", "/v1beta/models", key=None, headers={"Authorization": "Bearer a"})
    eq((r.status, r.json["error"]["details"][0]["reason"]),
       (401, "ACCESS_TOKEN_TYPE_UNSUPPORTED"), "a key as Bearer")
    eq(call(s, "GET", "/v1beta/models?key=a", key=None).status, 200, "a key in the query")
    eq(call(s, "POST", "/v1beta/models/bench-1-0-10:generateContent", "x", key=None).status, 403,
       "benchmark models want a credential too")


def test_models(s):
    first = call(s, "GET", "/v1beta/models").json
    second = call(s, "GET", "/v1beta/models?pageToken=" + first["nextPageToken"]).json
    names = [m["name"] for m in first["models"] + second["models"]]
    eq((len(first["models"]), "nextPageToken" in second), (50, False), "two pages of models")
    ok(len(set(names)) >= 60 and "models/gemini-3.8-flash" in names, "at least 60 models", names)
    eq(len(call(s, "GET", "/v1/models?pageSize=1000").json["models"]), len(names), "one page")
    eq(call(s, "GET", "/v1beta/models?pageToken=x").status, 400, "a wrong page token")
    eq(call(s, "GET", "/v1beta/models/gemini-2.5-pro").json["name"], "models/gemini-2.5-pro",
       "one model")
    r = generate(s, ask(), "gemini-9")
    ok(r.status == 404 and r.message.startswith("models/gemini-9 is not found for API version "
       "v1beta, or is not supported for generateContent. Call ListModels"), "unknown model", r.text)
    eq(generate(s, ask(), "gemini-embedding-001").status, 404, "a model that does not generate")
    eq(generate(s, ask(), "gemini-2.0-flash").status, 404, "a retired model")
    for path in ("/v1beta/nothing", "/", "/v1beta/openai/chat/completions", "/v2/models"):
        r = call(s, "GET", path)
        ok(r.status == 404 and "<!DOCTYPE html>" in r.text, "404 page of " + path, r.text)
    eq(call(s, "GET", "/v1beta/models/gemini-2.5-pro:generateContent").status, 404,
       "the wrong HTTP method")
    eq(call(s, "GET", "/v1beta/tunedModels").status, 501, "a method that is not implemented")
    eq(call(s, "POST", "/v1beta/models/gemini-2.5-pro%3AgenerateContent", ask()).status, 200,
       "an encoded colon")


def test_overlay(s):
    rows = [{"name": "gemini-2.5-pro", "like": G3}, {"name": "mine", "like": G25, "version": "x"},
            {"name": "gemini-2.5-flash", "gone": "closed", "listed": False},
            {"name": "gemini-3.6-flash", "gone": "not_found"}]
    eq(control(s, "POST", "models", {"models": rows}).status, 200, "models are changed")
    r = generate(s, turns(USER, CALL, RESULT), "gemini-2.5-pro")
    ok("missing a thought_signature" in r.message, "a name has the rules of another", r.text)
    eq(generate(s, ask(), "gemini-2.5-pro").json["modelVersion"], G3, "and tells whose")
    eq(generate(s, ask(), "mine").json["modelVersion"], "x", "or what it is told to tell")
    r = generate(s, ask(), "gemini-2.5-flash")
    ok(r.status == 404 and "no longer available to new users" in r.message, "closed", r.text)
    eq(generate(s, ask(), "gemini-3.6-flash").status, 404, "gone")
    names = [m["name"] for m in call(s, "GET", "/v1beta/models?pageSize=1000").json["models"]]
    ok("models/gemini-2.5-flash" not in names and "models/gemini-3.6-flash" in names and
       names.count("models/mine") == 1, "the list", names)
    for bad in ({}, {"models": [{}]}, {"models": [{"name": "a", "like": "b"}]},
                {"models": [{"name": "a", "gone": "b"}]}):
        eq(control(s, "POST", "models", bad).status, 400, "refused: %s" % bad)
    control(s, "DELETE", "models")
    eq(generate(s, ask(), "mine").status, 404, "and all as before")
    eq(generate(s, ask(), "gemini-flash-latest").json["modelVersion"], "gemini-3.8-flash",
       "an evergreen name tells whom it stands for")


def usage_adds_up(doc):
    u = doc["usageMetadata"]
    return u["totalTokenCount"] == u["promptTokenCount"] + u.get("candidatesTokenCount", 0) + \
        u.get("thoughtsTokenCount", 0)


def test_generate(s):
    doc = generate(s, ask("what is up")).json
    ok("what is up" in text_of(doc) and usage_adds_up(doc), "an echo", doc)
    eq((doc["candidates"][0]["finishReason"], doc["modelVersion"]), ("STOP", G25), "its end")
    count_doc = call(s, "POST", f"/v1beta/models/{G25}:countTokens", ask("what is up")).json
    eq(count_doc["totalTokens"], doc["usageMetadata"]["promptTokenCount"], "countTokens agrees")
    r = generate(s, ask("grüße 🎉 aus der Ferne, und noch mehr Text"), stream=True)
    eq(r.headers["Content-Type"], "text/event-stream", "a stream's type")
    events = r.events()
    ok(len(events) > 2 and "grüße 🎉" in "".join(map(text_of, events)), "a stream", r.text)
    eq(["finishReason" in e["candidates"][0] for e in events],
       [False] * (len(events) - 1) + [True], "finishReason comes last")
    ok(all(map(usage_adds_up, events)), "usage on every event", events)
    docs = generate(s, ask("hello"), stream=True, alt=None).json
    ok(isinstance(docs, list) and "hello" in "".join(map(text_of, docs)), "an array stream", docs)
    doc = generate(s, config(maxOutputTokens=8, thinkingConfig={"thinkingBudget": 0})).json
    eq((doc["candidates"][0]["finishReason"], doc["usageMetadata"]["candidatesTokenCount"]),
       ("MAX_TOKENS", 8), "maxOutputTokens")
    doc = generate(s, config(maxOutputTokens=8)).json
    eq(doc["candidates"], [{"finishReason": "MAX_TOKENS"}], "all tokens spent on thoughts")
    doc = generate(s, config(candidateCount=2)).json
    eq([c.get("index") for c in doc["candidates"]], [None, 1], "candidateCount")
    doc = generate(s, config(stopSequences=["stand-in"])).json
    ok("stand-in" not in text_of(doc), "stopSequences", doc)
    parts = generate(s, thinking(includeThoughts=True)).json["candidates"][0]["content"]["parts"]
    eq([p.get("thought") for p in parts], [True, None], "thought parts")
    parts = generate(s, ask(), G3).json["candidates"][0]["content"]["parts"]
    ok("thoughtSignature" in parts[-1], "a signature on text", parts)


def test_structured(s):
    schema = {"type": "object", "required": ["n", "list", "sub"], "properties": {
        "n": {"type": "integer", "minimum": 5}, "opt": {"type": "string"},
        "list": {"type": "array", "minItems": 2, "items": {"enum": ["red", "blue"]}},
        "sub": {"$ref": "#/$defs/s"}},
        "$defs": {"s": {"type": "object", "properties": {"x": {"type": ["string", "null"]}}}}}
    doc = generate(s, ask("hi", generationConfig={"responseMimeType": "application/json",
                                                  "responseJsonSchema": schema})).json
    eq(json.loads(text_of(doc)), {"n": 5, "list": ["red", "red"], "sub": {"x": "hi"}},
       "an object that fits the JSON Schema")
    schema = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
    doc = generate(s, ask("hi", generationConfig={"responseMimeType": "application/json",
                                                  "responseSchema": schema})).json
    eq(json.loads(text_of(doc)), {"a": "hi"}, "an object that fits the Schema message")
    doc = generate(s, config(responseMimeType="application/json")).json
    eq(json.loads(text_of(doc)), {"answer": "hello"}, "JSON without a schema")
    bomb = {"type": "array", "minItems": 100}
    for _ in range(20):
        bomb = {"type": "array", "minItems": 100, "items": bomb}
    eq(generate(s, config(responseMimeType="application/json", responseJsonSchema=bomb)).status,
       200, "a schema of enormous size")


def test_tools(s):
    body = ask("please call:f now", tools=[FUNCTION])
    part = generate(s, body, G3).json["candidates"][0]["content"]["parts"][0]
    eq((part["functionCall"]["name"], part["functionCall"]["args"]), ("f", {"city": "text"}),
       "a function call with the required arguments")
    ok("id" in part["functionCall"] and "thoughtSignature" in part, "id and signature", part)
    part = generate(s, body).json["candidates"][0]["content"]["parts"][0]
    ok("id" not in part["functionCall"] and "thoughtSignature" not in part, "not on 2.5", part)
    events = generate(s, body, G3, stream=True).events()
    ok("functionCall" in events[0]["candidates"][0]["content"]["parts"][0] and
       "finishReason" not in events[0]["candidates"][0] and
       events[-1]["candidates"][0]["content"]["parts"] == [{"text": ""}] and
       events[-1]["candidates"][0]["finishReason"] == "STOP", "the call and the end apart", events)
    parts = generate(s, ask("call:f call:f", tools=[FUNCTION]), G3).json[
        "candidates"][0]["content"]["parts"]
    eq(["thoughtSignature" in p for p in parts], [True, False], "only the first call is signed")
    doc = generate(s, turns(USER, {"role": "model", "parts": parts},
                            {"parts": [{"functionResponse": {"name": "f", "response": {"t": 21}}},
                                       {"functionResponse": {"name": "f", "response": {}}}]}),
                   G3).json
    ok('{"t": 21}' in text_of(doc), "the result is quoted", doc)
    body = ask("hi", tools=[FUNCTION], toolConfig={"functionCallingConfig": {"mode": "ANY"}})
    ok("functionCall" in generate(s, body).text, "mode ANY forces a call")
    body["toolConfig"]["functionCallingConfig"]["mode"] = "NONE"
    body["contents"][0]["parts"][0]["text"] = "call:f"
    ok("functionCall" not in generate(s, body).text, "mode NONE forbids it")


def main():
    import selftest_dialect
    import selftest_line
    import selftest_media
    s = Standin("--control")
    ok(re.fullmatch(r"listening 127\.0\.0\.1:\d+\n", s.ready), "the ready line", s.ready)
    for test in (test_transcoder, test_refusals, test_credentials, test_models, test_overlay,
                 test_generate, test_structured, test_tools, *selftest_dialect.TESTS,
                 *selftest_media.TESTS, *selftest_line.TESTS):
        print("# " + test.__name__)
        test(s)
    eq(s.stop(), 0, "SIGTERM ends it")
    selftest_line.test_options()
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.modules["selftest"] = sys.modules["__main__"]
    sys.exit(main())
