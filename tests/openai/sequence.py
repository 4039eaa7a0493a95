"""Rules across the events of a stream: chat, legacy completions, images, speech, transcripts. Those
of responses are in response_stream.py.

A rule is a class: event(value) yields the faults of one more event, end() those of a stream that
came to its end. Values fit their types already, or are not shown here.
"""

from meaning import annotation_faults, arguments_fault, base64_fault, finish_fault

DONE = "[DONE]"


class Chunks:
    """What chat chunks and completion chunks have in common."""

    SAME = ("id", "created", "model", "object")

    def __init__(self, usage_asked=None):
        self.usage_asked = usage_asked  # None: seen by the first chunk
        self.first = None
        self.choices = {}
        self.usage_seen = self.done = self.failed = False

    def event(self, value):
        if self.done or self.failed:
            yield "an event after %s" % ("[DONE]" if self.done else "an error")
        elif value == DONE:
            self.done = True
        elif "error" in value:
            self.failed = True
        else:
            yield from self.chunk(value)

    def chunk(self, value):
        if self.first is None:
            self.first = value
            if self.usage_asked is None:
                self.usage_asked = "usage" in value
        for name in self.SAME:
            if value[name] != self.first[name]:
                yield "%s changes to %r" % (name, value[name])
        if self.usage_seen:
            yield "a chunk after the usage chunk"
        if not value["choices"]:
            yield from self.usage_chunk(value)
        elif value.get("usage") is not None:
            yield "usage in a chunk with choices"
        elif self.usage_asked and "usage" not in value:
            yield "usage was asked for, but a chunk has no usage:null"
        for choice in value["choices"]:
            state = self.choices.setdefault(choice["index"], self.new_choice())
            if state["finish"]:
                yield "choice %d goes on after its finish reason" % choice["index"]
            yield from self.choice(state, choice)
            if choice["finish_reason"]:
                state["finish"] = choice["finish_reason"]
                yield from self.finished(state, choice["index"])

    def usage_chunk(self, value):
        if not self.usage_asked:
            yield "a chunk without choices, and usage was not asked for"
        elif value.get("usage") is None:
            yield "a chunk without choices and usage"
        self.usage_seen = True
        for index, state in self.choices.items():
            if not state["finish"]:
                yield "usage before the finish of choice %d" % index

    def end(self):
        if self.failed:
            return
        if not self.done:
            yield "no [DONE] at the end"
        if not self.choices:
            yield "no choices at all"
        if sorted(self.choices) != list(range(len(self.choices))):
            yield "choices are %s" % sorted(self.choices)
        for index, state in self.choices.items():
            if not state["finish"]:
                yield "choice %d has no finish reason" % index
        if self.usage_asked and not self.usage_seen:
            yield "usage was asked for and did not come"


class Chat(Chunks):
    def new_choice(self):
        return {
            "role": False,
            "finish": None,
            "calls": [],
            "function_call": None,
            "text": "",
            "annotations": [],
            "sound": False,
        }

    def choice(self, state, choice):
        delta, index = choice["delta"], choice["index"]
        if "role" in delta:
            if state["role"]:
                yield "choice %d has its role twice" % index
            if delta["role"] != "assistant":
                yield "choice %d has the role %s" % (index, delta["role"])
            state["role"] = True
        elif not state["role"]:
            yield "choice %d begins without a role" % index
            state["role"] = True
        state["text"] += delta.get("content") or ""
        state["annotations"] += delta.get("annotations", [])
        if "audio" in delta:
            yield from self.audio(state, delta["audio"], "choice %d: " % index)
        if delta.get("tool_calls") == []:
            yield "choice %d: tool_calls is empty" % index
        for call in delta.get("tool_calls", []):
            yield from self.call(
                state["calls"], call, "choice %d, call %d: " % (index, call["index"])
            )
        if "function_call" in delta:
            so_far = state["function_call"] or {"name": "", "arguments": ""}
            state["function_call"] = {
                n: so_far[n] + delta["function_call"].get(n, "") for n in so_far
            }

    @staticmethod
    def audio(state, audio, where):
        if not state["sound"] and not audio.get("id"):
            yield where + "audio begins without id"
        state["sound"] = True
        fault = audio.get("data") and base64_fault(audio["data"])
        if fault:
            yield where + "audio: " + fault

    @staticmethod
    def call(calls, call, where):
        """The first delta of a call names it whole; later ones add arguments and no name."""
        body = call.get("function") or call.get("custom") or {}
        text = body.get("arguments", "") + body.get("input", "")
        if call["index"] == len(calls):
            if not call.get("id") or not call.get("type") or not body.get("name"):
                yield where + "begins without id, type or name"
            elif call["id"] in [c["id"] for c in calls]:
                yield where + "the id of another call"
            if call.get("type") not in call:
                yield where + "type does not name its member"
            calls.append({"id": call.get("id"), "type": call.get("type"), "text": text})
        elif 0 <= call["index"] < len(calls):
            known = calls[call["index"]]
            if call.get("id", known["id"]) != known["id"]:
                yield where + "another id"
            if body.get("name"):
                yield where + "its name twice"
            known["text"] += text
        else:
            yield where + "the index leaves one out"

    def finished(self, state, index):
        fault = finish_fault(state["finish"], state["calls"], state["function_call"])
        if fault:
            yield "choice %d: %s" % (index, fault)
        yield from annotation_faults(state["annotations"], state["text"], "choice %d" % index)
        texts = [c["text"] for c in state["calls"] if c["type"] == "function"]
        if state["function_call"]:
            texts.append(state["function_call"]["arguments"])
        for text in texts:
            fault = arguments_fault(text)
            if fault:
                yield "choice %d: %s" % (index, fault)


class Completion(Chunks):
    def new_choice(self):
        return {"finish": None}

    def choice(self, state, choice):
        return ()

    def finished(self, state, index):
        return ()


class Events:
    """Events with a type; LAST is the type of the last one. SEVERAL: there may be more of those."""

    LAST = ()
    SEVERAL = False

    def __init__(self):
        self.ended = None

    def event(self, value):
        if value == DONE:
            yield "[DONE] is not for this stream"
        elif self.ended == "an error" or (self.ended and not self.SEVERAL):
            yield "an event after " + self.ended
        elif "error" in value:
            self.ended = "an error"
        else:
            self.ended = value["type"] if value["type"] in self.LAST else None
            yield from self.one(value)

    def end(self):
        if not self.ended:
            yield "the end without " + " or ".join(self.LAST)


class Image(Events):
    """Each image has its partial images before it, numbered from 0."""

    LAST = ("image_generation.completed", "image_edit.completed")
    SEVERAL = True

    def __init__(self):
        super().__init__()
        self.partial = 0

    def one(self, value):
        fault = base64_fault(value["b64_json"])
        if fault:
            yield "b64_json: " + fault
        if self.ended:
            self.partial = 0
        else:
            if value["partial_image_index"] != self.partial:
                yield "partial_image_index is not %d" % self.partial
            self.partial += 1


class Speech(Events):
    LAST = ("speech.audio.done",)

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def one(self, value):
        if self.ended:
            if not self.bytes:
                yield "no audio"
            return
        fault = base64_fault(value["audio"])
        if fault:
            yield "audio: " + fault
        self.bytes += len(value["audio"])


class Transcription(Events):
    LAST = ("transcript.text.done",)

    def __init__(self):
        super().__init__()
        self.text = ""

    def one(self, value):
        if value["type"] == "transcript.text.delta":
            self.text += value["delta"]
        elif self.ended and self.text != value["text"]:
            yield "the text at the end is not that of the deltas"
