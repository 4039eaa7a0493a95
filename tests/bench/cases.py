"""What is measured, and what must hold. A row is the only place to edit."""
import dataclasses
import json

# Ratio limits, gateway over nginx in the same run. Never a wall-clock figure.
CPU_EVENT = 1.6
MEMORY_STREAM = 1.4
CPU_SHORT = 3.5
MANY_KEYS = 1.05     # gateway with many keys over gateway with one
QUICK_SLACK = 1.25  # --quick is for noisy machines
# Instructions of the whole process in user space, gcc 12 -O2 on x86-64.
INSTRUCTIONS_EVENT = 17500
INSTRUCTIONS_SHORT = 298600

EVENT_BYTES = 400    # JSON of one streamed event
ANSWER_BYTES = 1024  # JSON of one short answer, and of its request
LARGE_TEXT = 16000000


@dataclasses.dataclass(frozen=True)
class Case:
    key: str
    title: str
    route: str            # of the gateway: "chat" translates, "native" passes through
    stream: bool
    events: int = 1       # of one stream
    gap_ms: int = 0       # between two of them
    text_bytes: int = 0   # of one answer; 0: whatever makes EVENT_BYTES or ANSWER_BYTES
    load: dict = dataclasses.field(default_factory=dict)
    limits: dict = dataclasses.field(default_factory=dict)
    warm: bool = True
    tls: bool = False
    keys: int = 0         # in the pool, against a gateway with one; 0: against nginx
    instructions: int = 0  # at most, of one event or short request; they are counted, not timed
    rounds: int = 3
    quick_rounds: int = 0  # 0: not part of --quick
    quick_limits: bool = True  # False: --quick shows the ratios and judges none


CASES = [
    Case("a", "1,000 streams, 10 events/s each, translated", "chat", True, 100, 100,
         load={"streams": 1000, "ramp": 1000}, quick_rounds=2,
         limits={"cpu_event": CPU_EVENT, "memory": MEMORY_STREAM}),
    Case("b", "1,000 streams, 10 events/s each, native", "native", True, 100, 100,
         load={"streams": 1000, "ramp": 1000},
         limits={"cpu_event": CPU_EVENT, "memory": MEMORY_STREAM}),
    Case("c", "5,000 streams of 10 events, translated", "chat", True, 10, 1000,
         load={"streams": 5000, "ramp": 3000, "plateau": 500}, rounds=1, quick_rounds=1),
    Case("d", "10,000 open streams, translated", "chat", True, 10, 2000,
         load={"streams": 10000, "ramp": 6000}, rounds=1, limits={"memory": MEMORY_STREAM}),
    Case("e", "cold burst of 1,000 streams at once, translated", "chat", True, 20, 100,
         load={"streams": 1000, "ramp": 0, "plateau": 0}, warm=False),
    Case("f", "short requests, 12 clients, translated", "chat", False,
         load={"concurrency": 12, "requests": 20000}, rounds=5, quick_rounds=5,
         limits={"cpu_request": CPU_SHORT}, quick_limits=False),
    Case("g", "short requests, 12 clients, native", "native", False,
         load={"concurrency": 12, "requests": 20000}, rounds=5),
    Case("h", "answers of 16 MB, 2 clients, native", "native", False, text_bytes=LARGE_TEXT,
         load={"concurrency": 2, "requests": 16}),
    Case("i", "case a with TLS to the upstream", "chat", True, 100, 100,
         load={"streams": 1000, "ramp": 2000}, tls=True),
    Case("k", "case f with 1,000 keys in the pool against one key", "chat", False, keys=1000,
         load={"concurrency": 12, "requests": 4000}, rounds=41, quick_rounds=15,
         limits={"cpu_request": MANY_KEYS}),
    Case("m", "instructions of a short request, translated", "chat", False,
         load={"concurrency": 1, "requests": 200}, instructions=INSTRUCTIONS_SHORT, quick_rounds=1),
    Case("n", "instructions of an event, translated", "chat", True, 100,
         load={"concurrency": 1, "requests": 40}, instructions=INSTRUCTIONS_EVENT, quick_rounds=1),
]


@dataclasses.dataclass(frozen=True)
class Metric:
    key: str
    title: str
    value: object         # of what the load generator says and of the case; None: does not apply
    ratio: bool = False   # compared by ratio
    digits: int = 1


def per_event(result, case):
    """Events of the upstream, not those the gateway makes of them."""
    return result["cpu_us"] / (case.load["streams"] * case.events) if case.stream else None


def per_request(result, case):
    if case.stream or case.text_bytes:
        return None
    return result["cpu_us"] / case.load["requests"]


def time_per_request(result, case):
    """The inverse of requests per second."""
    if case.stream or case.text_bytes:
        return None
    return result["elapsed_us"] / case.load["requests"]


def per_megabyte(result, case):
    return result["cpu_us"] / (result["bytes"] / 1e6) if case.text_bytes else None


def per_stream_kb(result, case):
    """Only when every stream was open at the time of the second sample."""
    if not case.stream or result["open_at_plateau"] != case.load["streams"]:
        return None
    return (result["pss_plateau_kb"] - result["pss_before_kb"]) / case.load["streams"]


def streams_only(name, factor):
    return lambda result, case: result[name] * factor if case.stream else None


METRICS = [
    Metric("failed", "failed", lambda result, case: result["failed"], digits=0),
    Metric("cpu_event", "CPU us/event", per_event, ratio=True),
    Metric("cpu_request", "CPU us/request", per_request, ratio=True),
    Metric("time_request", "time us/request", time_per_request, ratio=True),
    Metric("cpu_megabyte", "CPU us/MB", per_megabyte, ratio=True),
    Metric("memory", "KB/stream", per_stream_kb, ratio=True),
    Metric("first_p50", "first byte p50 ms", lambda result, case: result["first_p50_us"] / 1e3),
    Metric("first_p99", "first byte p99 ms", lambda result, case: result["first_p99_us"] / 1e3),
    Metric("first_max", "first byte max ms", lambda result, case: result["first_max_us"] / 1e3),
    Metric("gap_p50", "between events p50 ms", streams_only("gap_p50_us", 1e-3)),
    Metric("gap_p99", "between events p99 ms", streams_only("gap_p99_us", 1e-3)),
]


@dataclasses.dataclass(frozen=True)
class Request:
    path: str
    body: str
    headers: tuple


def model_name(case, text_bytes):
    return "bench-%d-%d-%d" % (case.events, case.gap_ms, text_bytes)


def padded(make, size):
    """make(text) as JSON, with as much text as makes it `size` bytes."""
    bare = len(json.dumps(make("")))
    return json.dumps(make(("lorem ipsum " * size)[:size - bare]))


def native_request(case, text_bytes):
    verb = "streamGenerateContent?alt=sse" if case.stream else "generateContent"
    body = padded(lambda text: {"contents": [{"role": "user", "parts": [{"text": text}]}]},
                  ANSWER_BYTES)
    return Request("/v1beta/models/%s:%s" % (model_name(case, text_bytes), verb), body,
                   ("Content-Type: application/json", "x-goog-api-key: k1"))


def chat_request(case, text_bytes):
    body = padded(lambda text: {"model": model_name(case, text_bytes), "stream": case.stream,
                                "messages": [{"role": "user", "content": text}]}, ANSWER_BYTES)
    return Request("/v1/chat/completions", body, ("Content-Type: application/json",))
