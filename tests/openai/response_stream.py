"""Rules across the events of a stream of the Responses API: numbers, order, and that what the
deltas add up to is what the last events say."""

from schema import shown

TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "error": None,
}
OPENING = ("response.created", "response.queued", "response.in_progress")

# Text that comes in deltas: events EVENT.delta and EVENT.done, of items of that type. index: what
# numbers the part of the item; member: what .done and the item call the text.
TEXTS = {
    "response.output_text": ("message", "content_index", "text"),
    "response.refusal": ("message", "content_index", "refusal"),
    "response.reasoning_text": ("reasoning", "content_index", "text"),
    "response.reasoning_summary_text": ("reasoning", "summary_index", "text"),
    "response.function_call_arguments": ("function_call", None, "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", None, "input"),
    "response.code_interpreter_call_code": ("code_interpreter_call", None, "code"),
    "response.mcp_call_arguments": ("mcp_call", None, "arguments"),
}
PARTS = {
    "response.content_part": ("content_index", "content"),
    "response.reasoning_summary_part": ("summary_index", "summary"),
}


class Item:
    def __init__(self, item):
        self.first = item
        self.last = None  # the item of its done event
        self.parts = {"content": [], "summary": []}
        self.texts = {}  # by event name: the deltas of what is not in a part
        self.texts_done = set()


class Part:
    def __init__(self, part):
        self.type = part["type"]
        self.text = part.get("text", part.get("refusal", ""))
        self.text_done = False
        self.annotations = []
        self.done = None


class Response:
    def __init__(self):
        self.number = self.id = self.ended = None
        self.count = 0
        self.items = []

    # ---- the stream ----

    def event(self, value):
        if value == "[DONE]":
            yield "[DONE] is not for this stream"
            return
        kind = value.get("type")
        # An error may be told twice: some clients know the one event, some the other.
        if self.ended and not (self.ended == "error" and kind == "response.failed"):
            yield "an event after " + self.ended
        yield from self._numbers(value["sequence_number"])
        opening = self.count < 2 and not (self.count == 1 and kind in TERMINAL)
        if self.count == 0 and kind != "response.created":
            yield "begins with " + kind
        elif self.count == 1 and opening and kind not in OPENING[1:]:
            yield "%s is second" % kind
        elif self.count > 1 and kind == "response.created":
            yield "created twice"
        self.count += 1
        if kind in TERMINAL:
            self.ended = kind
        if "response" in value:
            yield from self._response(kind, value["response"])
        elif kind != "error":
            yield from self._inner(kind, value)

    def end(self):
        if not self.ended:
            yield "the end without a terminal event"

    def _numbers(self, number):
        if self.number is None:
            if number not in (0, 1):
                yield "sequence_number begins with %d" % number
        elif number != self.number + 1:
            yield "sequence_number %d after %d" % (number, self.number)
        self.number = number

    def _response(self, kind, response):
        if self.id not in (None, response["id"]):
            yield "the id of the response changes"
        self.id = response["id"]
        status = TERMINAL.get(kind, "queued" if kind == "response.queued" else "in_progress")
        if response.get("status") != status and not (
            kind == "response.created" and response.get("status") == "queued"
        ):
            yield "%s with status %s" % (kind, response.get("status"))
        if kind not in TERMINAL:
            if response["output"]:
                yield kind + " with output"
            return
        last = [i.last for i in self.items]
        if None in last:
            yield "output item %d is not done" % last.index(None)
        elif last != response["output"]:
            yield "the output is not that of the events: %s" % shown(response["output"])

    # ---- items ----

    def _inner(self, kind, value):
        index = value["output_index"]
        if kind == "response.output_item.added":
            if index != len(self.items):
                yield "output_index %d after %d items" % (index, len(self.items))
            if value["item"].get("id") in [i.first.get("id") for i in self.items]:
                yield "the id of another item"
            yield from self._empty(value["item"])
            self.items.append(Item(value["item"]))
            return
        if not 0 <= index < len(self.items):
            yield "%s before its item" % kind
            return
        item = self.items[index]
        if value.get("item_id", item.first.get("id")) != item.first.get("id"):
            yield "%s: item_id is not that of item %d" % (kind, index)
        if item.last is not None:
            yield "%s: item %d is done already" % (kind, index)
        base, _, verb = kind.rpartition(".")
        if kind == "response.output_item.done":
            yield from self._item_done(item, value["item"])
        elif base in PARTS:
            yield from self._part(item, value, verb, *PARTS[base])
        elif base in TEXTS:
            yield from self._text(item, value, base, verb, *TEXTS[base])
        elif kind == "response.output_text.annotation.added":
            yield from self._annotation(item, value)
        elif kind.split(".")[1] != item.first["type"]:
            yield "%s of an item that is %s" % (kind, item.first["type"])

    @staticmethod
    def _empty(item):
        """A new item has nothing yet that will come in deltas."""
        for name in ("content", "arguments", "summary", "input"):
            if (
                name in item
                and item["type"] in ("message", "reasoning", "function_call", "custom_tool_call")
                and item[name]
            ):
                yield "a new item has %s already" % name
        if item.get("status", "in_progress") != "in_progress":
            yield "a new item is " + item["status"]

    def _part(self, item, value, verb, index_name, list_name):
        parts, index, part = item.parts[list_name], value[index_name], value["part"]
        if verb == "added":
            if index != len(parts):
                yield "%s %d after %d parts" % (index_name, index, len(parts))
            parts.append(Part(part))
            if parts[-1].text:
                yield "a new part has text already"
            return
        if not 0 <= index < len(parts):
            yield "a part is done that never began"
            return
        known = parts[index]
        if known.done is not None:
            yield "a part is done twice"
        known.done = part
        if part["type"] != known.type:
            yield "the type of a part changes"
        if part.get("text", part.get("refusal")) != known.text:
            yield "a part ends with %s instead of %s" % (shown(part), shown(known.text))
        if not known.text_done:
            yield "a part is done before its text"
        if part.get("annotations", []) != known.annotations:
            yield "the annotations of a part are not those of the events"

    def _text(self, item, value, base, verb, of, index_name, member):
        if item.first["type"] != of:
            yield "%s of an item that is %s" % (base, item.first["type"])
            return
        if index_name is None:
            if base in item.texts_done:
                yield "%s.%s after its end" % (base, verb)
            if verb == "delta":
                item.texts[base] = item.texts.get(base, "") + value["delta"]
                return
            item.texts_done.add(base)
            so_far = item.texts.get(base, "")
            if value.get("name", item.first.get("name")) != item.first.get("name"):
                yield "another name at the end of a call"
        else:
            parts = item.parts["summary" if index_name == "summary_index" else "content"]
            if not 0 <= value[index_name] < len(parts):
                yield "%s before its part" % base
                return
            part = parts[value[index_name]]
            if part.done is not None or part.text_done:
                yield "%s.%s after its end" % (base, verb)
            if verb == "delta":
                part.text += value["delta"]
                return
            part.text_done = True
            so_far = part.text
        if value[member] != so_far:
            yield "%s.done has %s, the deltas %s" % (base, shown(value[member]), shown(so_far))

    @staticmethod
    def _annotation(item, value):
        parts = item.parts["content"]
        if not 0 <= value["content_index"] < len(parts):
            yield "an annotation before its part"
            return
        known = parts[value["content_index"]].annotations
        if value["annotation_index"] != len(known):
            yield "annotation_index %d after %d" % (value["annotation_index"], len(known))
        known.append(value["annotation"])

    def _item_done(self, item, last):
        first, item.last = item.first, last
        for name in ("id", "type", "call_id", "name", "role"):
            if first.get(name) != last.get(name):
                yield "the item's %s changes" % name
        if last.get("status", "completed") == "in_progress":
            yield "an item is done and in progress"
        for list_name, parts in item.parts.items():
            want = [p.done for p in parts]
            if None in want:
                yield "an item is done before its part"
            elif (last.get(list_name) or []) != want:
                yield "the item's %s is not that of the events: %s" % (
                    list_name,
                    shown(last.get(list_name)),
                )
        for base, (of, index_name, member) in TEXTS.items():
            if of == first["type"] and index_name is None:
                if base not in item.texts_done and last.get(member):
                    yield "%s without its events" % member
                elif base in item.texts_done and last.get(member) != item.texts.get(base, ""):
                    yield "the item's %s is not that of the deltas" % member
