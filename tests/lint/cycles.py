"""No circle between folders, and none between files but where the data itself is recursive: from
the symbols of the objects, the headers that the compiler read, and the includes of headers."""

from tree import Tap, circles, header_path, includes, module, objects, sources, uses

# Files that call each other because a schema holds schemas.
RECURSIVE = {
    f"fcgi-app/core/schema/{name}.c" for name in ("gather", "merge", "parts", "refs")
}


def explain(graph, circle):
    yield "circle: " + " ".join(circle)
    for one in circle:
        for other in circle:
            names = graph.get(one, {}).get(other)
            if names:
                yield f"  {one} -> {other}: {', '.join(sorted(names)[:5])}"


def faults(graph, allowed=frozenset()):
    return [
        line
        for circle in circles(graph)
        if not set(circle) <= allowed
        for line in explain(graph, circle)
    ]


def by_module(graph):
    folders = {}
    for one, others in graph.items():
        for other, names in others.items():
            if module(one) != module(other):
                folders.setdefault(module(one), {}).setdefault(module(other), set()).update(names)
    return folders


program = objects()
symbols = uses(program)
compiled = {o.source: {h: {h} for h in o.headers()} for o in program}
written = {}
for path in sources("include", "fcgi-app", endings=(".h", ".def")):
    found = {header_path(path, name) for ours, name in includes(path) if ours} - {None}
    written[path] = {other: {other} for other in found}

tap = Tap()
tap.check("files call each other in no circle", faults(symbols, RECURSIVE))
tap.check("folders call each other in no circle", faults(by_module(symbols)))
tap.check("folders include each other in no circle", faults(by_module(compiled)))
tap.check("headers include each other in no circle", faults(written))
tap.end()
