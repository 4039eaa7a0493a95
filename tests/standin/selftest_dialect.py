"""Part of selftest.py: signatures, grounding, schemas, answers on demand, caches."""
import base64
import json

from selftest import (FUNCTION, G3, G25, USER, ask, call, config, control, eq, generate, ok,
                      text_of, turns)

BYPASSES = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
OTHER = {"name": "g", "parametersJsonSchema": {
    "type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}}
BOTH = [{"functionDeclarations": FUNCTION["functionDeclarations"] + [OTHER]}]
MIXED = {"tools": BOTH + [{"googleSearch": {}}],
         "toolConfig": {"includeServerSideToolInvocations": True}}


def parts_of(doc):
    return doc["candidates"][0]["content"]["parts"]


def stats(s):
    return control(s, "GET", "stats").json


def model(*parts):
    return {"role": "model", "parts": list(parts)}


def result(*names):
    return {"role": "user", "parts": [
        {"functionResponse": {"name": n, "response": {"ok": 1}}} for n in names]}


def refused(s, body, name, fragment, what, status=400):
    r = generate(s, body, name)
    ok(r.status == status and fragment in r.message, what, r.text)


def test_signatures(s):
    first = parts_of(generate(s, ask("call:f call:g", tools=BOTH), G3).json)
    other = parts_of(generate(s, ask("call:g", tools=BOTH), G3).json)
    before = stats(s)
    r = generate(s, {**turns(USER, model(*first), result("f", "g")), "tools": BOTH}, G3)
    after = stats(s)
    eq((r.status, after["signed_calls"] - before["signed_calls"]), (200, 1), "the true signature")
    back = json.loads(json.dumps(first))
    back[0]["functionCall"]["args"] = dict(reversed(back[0]["functionCall"]["args"].items()))
    back[0]["thoughtSignature"] = back[0]["thoughtSignature"].replace("+", "-").replace(
        "/", "_").rstrip("=")
    for part in back:
        del part["functionCall"]["id"]
    r = generate(s, turns(USER, model(*back), result("f", "g")), G3)
    eq(r.status, 200, "without ids, members in another order, URL-safe base64")
    wrong = json.loads(json.dumps(first))
    wrong[0]["thoughtSignature"] = other[0]["thoughtSignature"]
    refused(s, turns(USER, model(*wrong), result("f", "g")), G3, "Corrupted thought signature",
            "the signature of another call")
    wrong[0] = {**first[0], "functionCall": {**first[0]["functionCall"], "id": "other"}}
    refused(s, turns(USER, model(*wrong), result("f", "g")), G3, "Corrupted thought signature",
            "another id")
    swapped = [first[1], first[0]]
    refused(s, turns(USER, model(*swapped), result("g", "f")), G3,
            "`default_api:g` , position 2", "calls in another order")
    for word in BYPASSES:
        for value in (word, base64.b64encode(word.encode()).decode()):
            back[0]["thoughtSignature"] = value
            r = generate(s, turns(USER, model(*back), result("f", "g")), G3)
            eq(r.status, 200, "the bypass " + value)
    eq(stats(s)["bypassed_calls"] - after["bypassed_calls"], 4, "bypasses are counted")
    plain = model({"functionCall": {"name": "f"}})
    eq(generate(s, turns(USER, plain, result("f"), model({"text": "a"}), USER), G3).status, 200,
       "an unsigned call of an earlier turn")
    refused(s, turns(USER, model(*first), result("f", "g"), plain, result("f")), G3,
            "position 4", "each step is signed")
    eq(generate(s, turns(USER, plain, result("f")), G25).status, 200, "nothing of it on 2.5")
    text = parts_of(generate(s, ask(), G3).json)
    before = stats(s)
    generate(s, turns(USER, model(*text), USER), G3)
    text[0]["thoughtSignature"] = other[0]["thoughtSignature"]
    eq(generate(s, turns(USER, model(*text), USER), G3).status, 200, "a misplaced one on text")
    after = stats(s)
    eq((after["signed_texts"] - before["signed_texts"],
        after["misplaced_texts"] - before["misplaced_texts"]), (1, 1), "both are counted")
    part = parts_of(generate(s, ask("call:f long-signature", tools=BOTH), G3).json)[0]
    ok(len(part["thoughtSignature"]) > 3000, "a long signature")
    part = parts_of(generate(s, ask("call:f no-signature", tools=BOTH), G3).json)[0]
    ok("thoughtSignature" not in part, "no signature on demand", part)


def test_traces(s):
    first = parts_of(generate(s, {**ask("call:f"), **MIXED}, G3).json)
    eq([next(iter(p)) for p in first], ["toolCall", "toolResponse", "functionCall"],
       "a trace before the call")
    ok(all("thoughtSignature" in p for p in first), "all of it signed", first)
    before = stats(s)
    eq(generate(s, {**turns(USER, model(*first), result("f")), **MIXED}, G3).status, 200,
       "it comes back")
    eq(stats(s)["signed_tools"] - before["signed_tools"], 2, "its signatures are counted")
    refused(s, {**turns(USER, model(first[2]), result("f")), **MIXED}, G3,
            "toolCall and toolResponse parts before function call", "the trace is missing")
    refused(s, {**turns(USER, model(first[0], first[2]), result("f")), **MIXED}, G3,
            "followed by the toolResponse", "half of it is missing")
    refused(s, {**turns(USER, model(first[2], first[0], first[1]), result("f")), **MIXED}, G3,
            "before function call", "it is in another place")
    bare = [{k: v for k, v in p.items() if k != "thoughtSignature"} for p in first]
    refused(s, {**turns(USER, model(bare[0], *first[1:]), result("f")), **MIXED}, G3,
            "missing a thought_signature in toolCall", "its signature is missing")
    refused(s, {**turns(USER, model(*first), result("f")), "tools": BOTH}, G3,
            "include_server_side_tool_invocations", "the flag on every turn")
    parts = parts_of(generate(s, {**ask("hi"), **MIXED}, G3).json)
    eq([next(iter(p)) for p in parts], ["toolCall", "toolResponse", "text", "text"],
       "a trace before text")


def test_grounding(s):
    search = {"tools": [{"googleSearch": {}}]}
    for question in ("wie gro\u00df ist Z\u00fcrich? \U0001F389", "maps-chunk file-chunk"):
        doc = generate(s, {**ask(question), **search}).json
        meta, parts = doc["candidates"][0]["groundingMetadata"], parts_of(doc)
        ok("startIndex" not in meta["groundingSupports"][0]["segment"] and
           meta["webSearchQueries"] and "renderedContent" in meta["searchEntryPoint"],
           "grounding", meta)
        check_supports(meta, [p.get("text", "").encode() for p in parts], "bytes of each part")
        eq(len(parts), 2, "two parts of text")
    eq(sorted({next(iter(c)) for c in meta["groundingChunks"]}),
       ["maps", "retrievedContext", "web"], "kinds of sources")
    events = generate(s, {**ask("maps-chunk"), **search}, G3, stream=True).events()
    metas = [e["candidates"][0]["groundingMetadata"] for e in events
             if "groundingMetadata" in e["candidates"][0]]
    whole = {"groundingChunks": sum((m["groundingChunks"] for m in metas), []),
             "groundingSupports": metas[-1]["groundingSupports"]}
    eq((len(metas), len(whole["groundingChunks"])), (2, 4), "only new sources in each event")
    check_supports(whole, ["".join(map(text_of, events)).encode()], "bytes of the whole stream")
    ok(generate(s, {**ask("x"), **search}).json["usageMetadata"]["toolUsePromptTokenCount"] > 0,
       "tokens of tools")
    ok("groundingMetadata" not in generate(s, {**ask("no-search"), **search}).text, "no search")
    doc = generate(s, ask("read https://a.example/x and https://b.example/paywall.",
                          tools=[{"urlContext": {}}])).json
    eq([u["urlRetrievalStatus"] for u in
        doc["candidates"][0]["urlContextMetadata"]["urlMetadata"]],
       ["URL_RETRIEVAL_STATUS_SUCCESS", "URL_RETRIEVAL_STATUS_PAYWALL"], "URL context")
    parts = parts_of(generate(s, ask("x", tools=[{"codeExecution": {}}]), G3).json)
    eq([next(iter(p)) for p in parts], ["executableCode", "codeExecutionResult", "text"],
       "code execution")


def check_supports(meta, texts, what):
    good = True
    for support in meta["groundingSupports"]:
        segment = support["segment"]
        text = texts[segment.get("partIndex", 0)]
        good = good and text[segment.get("startIndex", 0):segment["endIndex"]].decode() == \
            segment["text"] and all(i < len(meta["groundingChunks"])
                                    for i in support["groundingChunkIndices"])
    ok(good, what, (meta, texts))


def test_logprobs(s):
    doc = generate(s, config(responseLogprobs=True, logprobs=3)).json["candidates"][0]
    rows = doc["logprobsResult"]
    eq("".join(r["token"] for r in rows["chosenCandidates"]), doc["content"]["parts"][0]["text"],
       "tokens make up the text")
    tops = rows["topCandidates"]
    ok(len(tops) == len(rows["chosenCandidates"]) and
       all(len(t["candidates"]) == 3 for t in tops) and
       tops[0]["candidates"][2]["logProbability"] < -1e38 and doc["avgLogprobs"] < 0,
       "the others, one of them all but impossible", doc)
    ok("topCandidates" not in generate(s, config(responseLogprobs=True)).text, "chosen ones only")
    ok('"-Infinity"' in generate(s, ask("minus-infinity", generationConfig={
        "responseLogprobs": True, "logprobs": 2})).text, "minus infinity as a string")
    events = generate(s, config(responseLogprobs=True), stream=True).events()
    eq("".join(r["token"] for e in events for r in
               e["candidates"][0].get("logprobsResult", {}).get("chosenCandidates", [])),
       "".join(map(text_of, events)), "in every event of a stream")
    docs = generate(s, config(candidateCount=3)).json["candidates"]
    eq([text_of({"candidates": [c]})[-13:] for c in docs][1:], [" (candidate 1)"[-13:],
       " (candidate 2)"[-13:]], "candidates differ")


GOOD_SCHEMAS = [
    {"type": "object", "properties": {"const": {"type": "string"}, "$ref": {"type": "integer"}}},
    {"type": "object", "properties": {"a": {"type": ["string", "null"], "description": "d"}},
     "required": ["a"], "additionalProperties": False, "propertyOrdering": ["a"]},
    {"$defs": {"n": {"type": "object", "properties": {"next": {"anyOf": [
        {"$ref": "#/$defs/n"}, {"type": "null"}]}}, "required": ["next"]}}, "$ref": "#/$defs/n"},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number", "maximum": 0.5}],
     "minItems": 2, "maxItems": 2},
    {"type": "object", "properties": {"tree": {"type": "array", "items": {"$ref": "#"}}}},
    {"$defs": {"x": {"$anchor": "here", "enum": [3, "a"]}}, "anyOf": [{"$ref": "#here"}]},
]
BAD_SCHEMAS = [
    ({"type": "object", "properties": {"a": {"const": 1}}}, "properties[a]: unknown keyword const"),
    ({"type": "object", "properties": {"a": {"type": "string", "default": 1}}}, "keyword default"),
    ({"type": "string", "pattern": "a+"}, "unknown keyword pattern"),
    ({"allOf": [{"type": "string"}]}, "unknown keyword allOf"),
    ({"type": "object", "properties": {"a": True}}, "must be a schema, not true"),
    ({"type": "object", "properties": {"a": {}}, "required": ["b"]}, "property is not defined"),
    ({"$ref": "#/$defs/none", "$defs": {}}, "does not resolve: #/$defs/none"),
    ({"$ref": "#/$defs/a", "description": "d", "$defs": {"a": {}}}, "beside $ref"),
    ({"$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}},
                      "required": ["b"]}}, "$ref": "#/$defs/a"}, "a reference cycle"),
    ({"type": "STRING"}, "unknown type"),
    ({"enum": [True]}, "only strings and numbers"),
    ({"type": "string", "format": "uri"}, "unsupported format"),
    ({"type": "array", "items": [{"type": "string"}]}, "must be a schema, not ["),
    ({"type": "object", "$schema": "x"}, "unknown keyword $schema"),
]


def fits(value, schema, root):
    """Whether the value is what the schema says, as far as the schemas above go."""
    if "$ref" in schema:
        at = root
        for step in schema["$ref"].split("/")[1:]:
            at = at[step]
        if schema["$ref"].startswith("#h"):
            at = root["$defs"]["x"]
        return fits(value, at, root)
    if "anyOf" in schema:
        return any(fits(value, s, root) for s in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = {"object": dict, "array": list, "string": str, "null": type(None), "integer": int,
             "number": (int, float)}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, kinds[t]) for t in types):
        return False
    if isinstance(value, dict):
        return all(k in value for k in schema.get("required", [])) and all(
            fits(v, schema["properties"][k], root) for k, v in value.items())
    if isinstance(value, list):
        shapes = schema.get("prefixItems", [])
        return len(value) >= schema.get("minItems", 0) and all(
            fits(v, (shapes + [schema.get("items")] * len(value))[i], root)
            for i, v in enumerate(value))
    return value is None or isinstance(value, str) or value <= schema.get("maximum", value)


def test_schemas(s):
    for schema in GOOD_SCHEMAS:
        doc = generate(s, config(responseMimeType="application/json",
                                 responseJsonSchema=schema)).json
        text = text_of(doc) if "candidates" in doc else json.dumps(doc)
        ok("candidates" in doc and fits(json.loads(text), schema, schema),
           "a reply that fits " + json.dumps(schema)[:60], text)
    for schema, fragment in BAD_SCHEMAS:
        refused(s, config(responseMimeType="application/json", responseJsonSchema=schema), G25,
                fragment, "refused: " + fragment)
        tool = [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema}]}]
        eq(generate(s, ask(tools=tool)).status, 400, "... in a function too")
    tool = [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {
        "type": "object", "properties": {}}}]}]
    refused(s, ask(tools=tool), G3, "should be non-empty", "parameters without any")


def test_on_demand(s):
    for reason in ("SAFETY", "RECITATION", "LANGUAGE", "SPII", "MALFORMED_RESPONSE", "NEW_ONE"):
        doc = generate(s, ask("finish:" + reason)).json["candidates"]
        eq((doc[0]["finishReason"], "content" in doc[0]), (reason, False), "finish:" + reason)
    events = generate(s, ask("finish-late:SAFETY"), stream=True).events()
    ok(events[-1]["candidates"][0]["finishReason"] == "SAFETY" and
       "stand-in" in "".join(map(text_of, events)), "text, then a reason", events)
    doc = generate(s, ask("block:JAILBREAK")).json
    eq((doc["promptFeedback"], "candidates" in doc), ({"blockReason": "JAILBREAK"}, False),
       "a block reason")
    for what, text in (("body", ""), ("object", "{}\n")):
        eq((generate(s, ask("empty:" + what)).text), text, "empty:" + what)
    eq(generate(s, ask("empty:parts"), stream=True).events()[0]["candidates"][0]["content"],
       {"parts": [], "role": "model"}, "no parts")
    eq(generate(s, ask("empty:body"), stream=True).text, "", "an empty stream")
    eq(generate(s, ask("fail:overloaded")).status, 503, "a failure by content")
    body, text = ask("continue:3"), ""
    for i in range(3):
        candidate = generate(s, body).json["candidates"][0]
        text += candidate["content"]["parts"][0]["text"]
        eq(candidate["finishReason"], "STOP" if i == 2 else "CONTINUATION", "hop %d" % i)
        body["continuationToken"] = candidate.get("continuationToken")
    eq(text, "Piece 1 of 3. Piece 2 of 3. Piece 3 of 3. ", "a continued answer")
    refused(s, ask(continuationToken="AAAA"), G25, "Invalid continuation token", "another's token")
    events = generate(s, ask("call:f call:g calls-together", tools=BOTH), G3, stream=True).events()
    eq((len(events), len(parts_of(events[0]))), (1, 2), "calls in one event")
    parts = parts_of(generate(s, ask("call:f say-first", tools=BOTH), G3).json)
    eq([next(iter(p)) for p in parts], ["text", "functionCall"], "text before a call")
    candidate = generate(s, ask("with-ratings with-citations")).json["candidates"][0]
    ok("safetyRatings" in candidate and "citationSources" in candidate["citationMetadata"],
       "ratings and citations", candidate)
    usage = generate(s, ask("cached:100", serviceTier="flex")).json["usageMetadata"]
    eq((usage["cachedContentTokenCount"], usage["serviceTier"]), (100, "flex"), "usage in detail")


# Failures by key: name and reason.
FINISHES = {
    "recitation": "RECITATION", "blocklist": "BLOCKLIST", "prohibited": "PROHIBITED_CONTENT",
    "spii": "SPII", "language": "LANGUAGE", "image_safety": "IMAGE_SAFETY",
    "image_prohibited": "IMAGE_PROHIBITED_CONTENT", "image_recitation": "IMAGE_RECITATION",
    "image_other": "IMAGE_OTHER", "no_image": "NO_IMAGE", "other": "OTHER",
    "unexpected_call": "UNEXPECTED_TOOL_CALL", "too_many_calls": "TOO_MANY_TOOL_CALLS",
    "missing_signature": "MISSING_THOUGHT_SIGNATURE", "malformed_response": "MALFORMED_RESPONSE",
    "escalation": "ESCALATION", "pup_limited": "PUP_LIMITED_DISABLED",
    "model_armor": "MODEL_ARMOR",
    "unspecified": "FINISH_REASON_UNSPECIFIED", "unknown_finish": "SOMETHING_NEW",
    "late_safety": "SAFETY", "late_recitation": "RECITATION", "late_other": "OTHER"}
BLOCKS = {"blocked_safety": "SAFETY", "blocked_other": "OTHER", "blocked_list": "BLOCKLIST",
          "blocked_image": "IMAGE_SAFETY", "blocked_armor": "MODEL_ARMOR",
          "blocked_jailbreak": "JAILBREAK", "blocked_unknown": "SOMETHING_NEW"}
OTHERS = {"empty_body", "empty_object", "no_candidates", "no_parts", "empty_parts",
          "stream_no_finish", "stream_quota_mid", "stream_quota_bare", "stream_array_bare",
          "stream_internal_mid"}


def test_answers_by_key(s):
    def fail(name, **more):
        return generate(s, ask(), key="k--" + name, **more)
    for name, reason in FINISHES.items():
        candidate = fail(name).json["candidates"][0]
        last = fail(name, stream=True).events()[-1]["candidates"][0]
        eq((candidate["finishReason"], last["finishReason"], "content" in candidate),
           (reason, reason, name.startswith("late")), "failure " + name)
    for name, reason in BLOCKS.items():
        eq((fail(name).json["promptFeedback"], fail(name, stream=True).events()[0].get(
            "candidates")), ({"blockReason": reason}, None), "failure " + name)
    eq((fail("empty_body").text, fail("empty_object").json), ("", {}), "failures empty_*")
    eq(fail("no_candidates").json["candidates"], [], "failure no_candidates")
    eq([fail(n).json["candidates"][0]["content"].get("parts") for n in ("no_parts", "empty_parts")],
       [None, []], "failures no_parts and empty_parts")
    events = fail("stream_no_finish", stream=True).events()
    ok(len(events) == 2 and not any("finishReason" in e["candidates"][0] for e in events),
       "failure stream_no_finish", events)
    for name, code in (("stream_quota_mid", 429), ("stream_internal_mid", 500)):
        eq(fail(name, stream=True).events()[-1]["error"]["code"], code, "failure " + name)
    tail = fail("stream_quota_bare", stream=True).text.rsplit("\r\n\r\n", 1)[1]
    eq(json.loads(tail)["error"]["code"], 429, "failure stream_quota_bare")
    tail = fail("stream_array_bare", stream=True).text.rsplit("\r\n\r\n", 1)[1]
    eq(json.loads(tail)[0]["error"]["code"], 503, "failure stream_array_bare")


def test_caches(s):
    made = {"model": "models/" + G25, "contents": [USER], "ttl": "60s",
            "systemInstruction": {"parts": [{"text": "be kind " * 50}]}}
    r = call(s, "POST", "/v1beta/cachedContents", made)
    cache = r.json
    ok(r.status == 200 and cache["usageMetadata"]["totalTokenCount"] > 90, "a cache", r.text)
    usage = generate(s, ask(cachedContent=cache["name"])).json["usageMetadata"]
    ok(usage["cachedContentTokenCount"] == cache["usageMetadata"]["totalTokenCount"] <
       usage["promptTokenCount"], "its tokens in a request", usage)
    refused(s, ask(cachedContent=cache["name"]), G3, "has to be the same", "of another model")
    eq(generate(s, ask(cachedContent=cache["name"]), key="other").status, 403, "of another key")
    path = "/v1beta/" + cache["name"]
    r = call(s, "PATCH", path + "?updateMask=ttl", {"ttl": "7200s"})
    ok(r.status == 200 and r.json["expireTime"] > cache["expireTime"], "a longer life", r.text)
    eq(call(s, "PATCH", path, {"model": "models/x"}).status, 400, "no other change")
    eq(call(s, "GET", path).json["name"], cache["name"], "get")
    eq(len(call(s, "GET", "/v1beta/cachedContents").json["cachedContents"]), 1, "list")
    eq(call(s, "DELETE", path).json, {}, "delete")
    eq(generate(s, ask(cachedContent=cache["name"])).status, 403, "it is gone")


def test_projects(s):
    one, same, other = "k1__p-1", "k2__p-2", "k3__q-3"
    made = {"model": "models/" + G25, "contents": [USER]}
    path = "/v1beta/" + call(s, "POST", "/v1beta/cachedContents", made, key=one).json["name"]
    eq([call(s, "GET", path, key=k).status for k in (one, same, other)], [200, 200, 403],
       "keys of one project share what is stored")
    create = f"/v1beta/models/{G25}:batchGenerateContent"
    batch = {"batch": {"inputConfig": {"requests": {"requests": [{"request": ask()}]}}}}
    r = call(s, "POST", create, batch, key=one)
    ok(r.status == 200 and r.json["metadata"]["state"] == "BATCH_STATE_PENDING", "a batch", r.text)
    path = "/v1beta/" + r.json["name"]
    eq([call(s, "GET", path, key=k).status for k in (one, same, other)], [200, 200, 404], "get")
    eq(len(call(s, "GET", "/v1beta/batches", key=same).json["operations"]), 1, "list")
    eq(call(s, "DELETE", path, key=same).json, {}, "delete")
    eq(call(s, "GET", path, key=one).status, 404, "it is gone")
    for config, status in (({"fileName": "files/x"}, 403), ({}, 400)):
        r = call(s, "POST", create, {"batch": {"inputConfig": config}}, key=one)
        eq(r.status, status, f"a batch of {config}")


def test_scripted_parts(s):
    parts = [{"text": "hm", "thought": True}, {"text": "Look: "},
             {"functionCall": {"name": "f", "args": {"city": "x"}, "id": "i1"}}]
    rule = {"contains": "scripted-parts", "parts": parts, "sign": True, "times": 2,
            "candidate": {"avgLogprobs": -0.5}}
    eq(control(s, "POST", "script", {"rules": [rule]}).status, 200, "a script of parts")
    ok("You said" in text_of(generate(s, ask("other"), G3).json), "another request's body")
    candidate = generate(s, ask("scripted-parts"), G3).json["candidates"][0]
    got = candidate["content"]["parts"]
    ok(got[:2] == parts[:2] and got[2]["functionCall"] == parts[2]["functionCall"] and
       candidate["avgLogprobs"] == -0.5, "its parts", candidate)
    events = generate(s, ask("scripted-parts"), G3, stream=True).events()
    eq([next(iter(parts_of(e)[0])) for e in events], ["text", "text", "functionCall"],
       "as a stream")
    eq(generate(s, turns(USER, model(*got[1:]), result("f")), G3).status, 200, "signed")
    rule = {"contains": "by-pattern", "parts": [{"functionCall": {"name": n, "args": {}}}
                                                for n in ("g*", "none-*", "f")]}
    control(s, "POST", "script", {"rules": [rule]})
    got = parts_of(generate(s, ask("by-pattern", tools=BOTH), G25).json)
    eq([p["functionCall"]["name"] for p in got], ["g", "none-*", "f"], "names by pattern")
    control(s, "DELETE", "script")
    for bad in ({"parts": [1]}, {"parts": [], "status": 500}):
        eq(control(s, "POST", "script", {"rules": [bad]}).status, 400, f"no rule: {bad}")


TESTS = (test_signatures, test_traces, test_grounding, test_logprobs, test_schemas, test_on_demand,
         test_answers_by_key, test_scripted_parts, test_caches, test_projects)
