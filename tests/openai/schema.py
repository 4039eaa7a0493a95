"""Reads schema.json and overlay.json, and holds JSON values against them.

The overlay names, one by one, what is on purpose wider than OpenAI's document: "properties" to add
to closed objects, "values" to add to an enum, "any_string" in place of an enum, what else may be at
a place ("also"), "copies" of types (to widen one of two uses), "types" and "kinds". Its places are
TYPE.property.list[].property. What the schema itself allows is an error in the overlay.
"""

import copy
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
FAULTS_MAX = 50


class BadOverlay(Exception):
    pass


class Schema:
    def __init__(self, path=None, overlay=None):
        self.doc = _load(path or os.path.join(HERE, "schema.json"))
        self.types = self.doc["types"]
        self.kinds = self.doc["kinds"]
        self._widen(_load(overlay or os.path.join(HERE, "overlay.json")))

    # ---- the overlay ----

    def _widen(self, overlay):
        for name, of in overlay.get("copies", {}).items():
            self._new(self.types, name, copy.deepcopy(self.types[of]))
        for name, node in overlay.get("types", {}).items():
            self._new(self.types, name, node)
        self.kinds.update(overlay.get("kinds", {}))
        for place, node in overlay.get("properties", {}).items():
            path, name = place.rsplit(".", 1)
            for owner in self._places(path):
                self._new(owner["properties"], name, node)
        for place, values in overlay.get("values", {}).items():
            for node in self._places(place):
                if set(values) & set(node["enum"]):
                    raise BadOverlay(place + ": the schema has the value")
                node["enum"] = node["enum"] + values
        for place in overlay.get("any_string", []):
            for node in self._places(place):
                del node["enum"]
        for place, more in overlay.get("also", {}).items():
            for node in self._places(place):
                if more in node.get("any", [node]):
                    raise BadOverlay(place + ": the schema allows it")
                inner = dict(node)
                node.clear()
                node["any"] = [inner, more]

    @staticmethod
    def _new(table, name, node):
        if name in table:
            raise BadOverlay(name + ": is in the schema")
        table[name] = node

    def _places(self, path):
        """The nodes at a place; several when a union is on the way."""
        steps = re.findall(r"[^.\[\]]+|\[\]", path)
        nodes = [self.types[steps[0]]]
        for step in steps[1:]:
            found = []
            for node in nodes:
                found += self._step(node, step)
            nodes = found
        if not nodes:
            raise BadOverlay(path + ": is not in the schema")
        return nodes

    def _step(self, node, step):
        if "ref" in node:
            return self._step(self.types[node["ref"]], step)
        if "any" in node:
            return [n for one in node["any"] for n in self._step(one, step)]
        if step == "[]":
            return [node["items"]] if "items" in node else []
        return [node["properties"][step]] if step in node.get("properties", {}) else []

    # ---- values ----

    def faults_of(self, node, value, path=""):
        """["path: what is wrong", ...], at most FAULTS_MAX."""
        out = []
        self._check(node, value, path or "$", out)
        return out[:FAULTS_MAX]

    def _check(self, node, value, path, out):
        if len(out) >= FAULTS_MAX:
            return
        while "ref" in node:
            node = self.types[node["ref"]]
        if "any" in node:
            self._check_any(node["any"], value, path, out)
        elif node:
            CHECKS[node["type"]](self, node, value, path, out)

    def _check_any(self, nodes, value, path, out):
        """One must fit. If none does, the faults are those of the one that was meant."""
        best = None
        for node in self._meant(self._plain(nodes), value):
            faults = []
            self._check(node, value, path, faults)
            if not faults:
                return
            if best is None or len(faults) < len(best):
                best = faults
        if best is None:
            best = ["%s: %s is none of the %d forms" % (path, shown(value), len(nodes))]
        out += best

    def _plain(self, nodes):
        for node in nodes:
            while "ref" in node:
                node = self.types[node["ref"]]
            if "any" in node:
                yield from self._plain(node["any"])
            else:
                yield node

    def _meant(self, nodes, value):
        """Those of the value's JSON type, and with its "type" if one has it."""
        fit = [n for n in nodes if not n or is_of(n["type"], value)]
        if isinstance(value, dict) and "type" in value:
            named = [n for n in fit if self._has_type(n, value["type"])]
            return named or [n for n in fit if "type" not in n.get("properties", {})]
        return fit

    def _has_type(self, node, value):
        inner = node.get("properties", {}).get("type", {})
        while "ref" in inner:
            inner = self.types[inner["ref"]]
        return value in inner.get("enum", [])

    def _check_object(self, node, value, path, out):
        if not wanted("object", value, path, out):
            return
        props = node.get("properties", {})
        for name in node.get("required", []):
            if name not in value:
                out.append("%s: %s is missing" % (path, name))
        for name, inner in value.items():
            where = "%s.%s" % (path, name)
            if name in props:
                self._check(props[name], inner, where, out)
            elif "map" in node:
                self._check(node["map"], inner, where, out)
            else:
                out.append("%s: unknown, value %s" % (where, shown(inner)))

    def _check_array(self, node, value, path, out):
        if not wanted("array", value, path, out):
            return
        bounded(node, "minItems", "maxItems", len(value), path, out)
        for i, inner in enumerate(value):
            self._check(node["items"], inner, "%s[%d]" % (path, i), out)

    def _check_string(self, node, value, path, out):
        if not wanted("string", value, path, out):
            return
        if "enum" in node and value not in node["enum"]:
            out.append("%s: %s is not one of %s" % (path, shown(value), shown(node["enum"])))
        bounded(node, "minLength", "maxLength", len(value), path, out)
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            out.append("%s: half of a surrogate pair" % path)

    def _check_number(self, node, value, path, out):
        if wanted(node["type"], value, path, out):
            bounded(node, "minimum", "maximum", value, path, out)

    def _check_plain(self, node, value, path, out):
        wanted(node["type"], value, path, out)


CHECKS = {
    "object": Schema._check_object,
    "array": Schema._check_array,
    "string": Schema._check_string,
    "integer": Schema._check_number,
    "number": Schema._check_number,
    "boolean": Schema._check_plain,
    "null": Schema._check_plain,
}


def _load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def shown(value):
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 120 else text[:100] + "..."


def is_of(kind, value):
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    python = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(value, python[kind])


def wanted(kind, value, path, out):
    if is_of(kind, value):
        return True
    out.append("%s: %s instead of %s" % (path, shown(value), kind))
    return False


def bounded(node, low, high, value, path, out):
    if low in node and value < node[low]:
        out.append("%s: %s below %s %s" % (path, value, low, node[low]))
    if high in node and value > node[high]:
        out.append("%s: %s above %s %s" % (path, value, high, node[high]))


def parse(text):
    """JSON without what JSON does not have: names given twice, NaN, Infinity. ValueError."""

    def pairs(items):
        out = dict(items)
        if len(out) != len(items):
            names = [n for n, _ in items]
            raise ValueError("a name is there twice: %s" % sorted(names))
        return out

    def constant(word):
        raise ValueError(word + " is no JSON")

    if isinstance(text, (bytes, bytearray)):
        text = bytes(text).decode("utf-8")
    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
