"""Media behind URLs: what the gateway fetches, refuses and passes on."""

import threading

from calls import GEMINI_3, IMAGE_MODEL, chat, post
from harness import wait_for
from stack import CHAT, MODEL, Stack
from tap import called, contains, equal, once, true

HOME = {"MEDIA_ALLOW": "127.0.0.1", "MEDIA_TIMEOUT": "5"}


def look(s, *urls, status=200, kind="image_url", **more):
    parts = [{"type": kind, kind: {"url": u}} for u in urls]
    content = [{"type": "text", "text": "What is this?"}] + parts
    return chat(s, [{"role": "user", "content": content}], status=status, **more)


def media(s, name):
    return s.standin.url + "/_media/" + name


def fetched(s):
    """The names that were fetched from the stand-in."""
    return [
        r["path"][len("/_media/") :]
        for r in s.standin.requests()
        if r["path"].startswith("/_media/")
    ]


def inline(out):
    """The types of the media upstream."""
    found = []
    for content in out.sent_one()["contents"]:
        found += [p["inlineData"]["mimeType"] for p in content["parts"] if "inlineData" in p]
    return found


def refused(s, url, *words):
    """Every refusal is a 400 that names the part; where the URL leads to is not shown."""
    out = look(s, url, status=None)
    equal(out.status, 400, "status for " + url)
    equal(out.error["type"], "invalid_request_error", "type for " + url)
    equal(out.error["param"], "messages[0].content[1].image_url.url", "param for " + url)
    equal(out.requests(), [], "calls upstream for " + url)
    for word in words:
        contains(out.error["message"], word)
    return out


@once
@called("media: pictures, sounds, films and documents are fetched and inlined")
def kinds(options):
    files = (
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("a.pdf", "application/pdf"),
        ("no-type", "image/png"),
        ("octets", "image/png"),
        ("type-with-parameter", "image/png"),
        ("redirect", "image/png"),
        ("redirect-absolute", "image/png"),
        ("chain-3", "image/png"),
    )
    with Stack(options, env=HOME) as s:
        for name, mime in files:
            out = look(s, media(s, name))
            equal(inline(out), [mime], "type of " + name)
            equal(
                out.changes,
                {"/messages/0/content/1/image_url/url": "inlined"},
                "what is told of " + name,
            )
        out = look(s, media(s, "a.mp4"), kind="video_url")
        equal(inline(out), ["video/mp4"], "type of a film")
        content = [{"type": "file", "file": {"file_url": media(s, "a.pdf")}}]
        post(
            s,
            CHAT,
            {"model": MODEL, "messages": [{"role": "user", "content": content}]},
            status=None,
        )


@once
@called("media: several are fetched at once and keep their order")
def several(options):
    with Stack(options, env=HOME) as s:
        names = ["a.png", "a.pdf", "a.jpg", "a.webp", "a.png"]
        out = look(s, *[media(s, n) for n in names])
        equal(
            inline(out),
            ["image/png", "application/pdf", "image/jpeg", "image/webp", "image/png"],
            "types in order",
        )
        equal(len(out.changes), 5, "changes told")


@once
@called("media: a private address is refused, however it is written")
def private(options):
    with Stack(options) as s:
        port = s.standin.port
        for host in (
            "127.0.0.1",
            "localhost",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "0x7f.1",
            "0",
        ):
            refused(s, "http://%s:%d/_media/a.png" % (host, port))
        for url in ("http://169.254.169.254/a", "http://10.0.0.1/a", "http://100.64.0.1/a"):
            refused(s, url)
        equal(fetched(s), [], "what was fetched")


@once
@called("media: a redirect to a private address is refused")
def redirected(options):
    with Stack(options, env=dict(HOME)) as s:
        for where in (
            "redirect-localhost",
            "redirect-loopback6",
            "redirect-mapped",
            "redirect-metadata",
            "redirect-private",
            "redirect-file",
            "redirect-gopher",
            "redirect-data",
            "redirect-loop",
            "redirect-nowhere",
        ):
            if where in ("redirect-localhost", "redirect-mapped"):
                # Both are 127.0.0.1, which is allowed here.
                true(look(s, media(s, where), status=None).status in (200, 400), where)
            else:
                refused(s, media(s, where))


@once
@called("media: other schemes and broken URLs are refused")
def schemes(options):
    with Stack(options, env=HOME) as s:
        for url in (
            "ftp://127.0.0.1/a",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "http://",
            "nothing",
            "//x/a.png",
            "http://user:pass@127.0.0.1:%d/_media/a.png" % s.standin.port,
            "https://127.0.0.1:1/ a",
        ):
            out = look(s, url, status=None)
            equal(out.status, 400, "status of " + url)
            contains(out.error["param"], "messages[0].content[1].image_url")
            equal(out.requests(), [], "calls upstream")


@once
@called("media: a file that is too large, short, slow, missing or not media is refused")
def bad(options):
    env = dict(HOME, MEDIA_MAX="100000", MEDIA_TIMEOUT="0.7")
    with Stack(options, env=env) as s:
        equal(inline(look(s, media(s, "size-100000"))), ["image/png"], "just small enough")
        for name in ("size-100001", "endless", "huge"):
            refused(s, media(s, name))
        for name in ("drip", "silent", "short", "reset", "status-404", "status-500", "empty.png"):
            refused(s, media(s, name))
        refused(s, media(s, "status-404"), "404")
        # The bytes decide what a file is, before the type and the name.
        for name in ("png-as-jpeg", "png-as-html"):
            equal(inline(look(s, media(s, name))), ["image/png"], "type of " + name)
        refused(s, "http://127.0.0.1:1/a.png")
        refused(s, media(s, "size-100\0000"), "zero byte")


@once
@called("media: MEDIA_URLS=pass hands https URLs on, off refuses them")
def not_fetched(options):
    url = "https://example.com/a.png"
    with Stack(options, env={"MEDIA_URLS": "pass"}) as s:
        part = look(s, url).sent_one()["contents"][0]["parts"][1]
        equal(part["fileData"]["fileUri"], url, "URL upstream")
        s.standin.clear()
    with Stack(options, env={"MEDIA_URLS": "off", "MEDIA_ALLOW": "127.0.0.1"}) as s:
        out = look(s, media(s, "a.png"), status=400)
        contains(out.error["param"], "messages")
        equal(s.standin.requests(), [], "nothing is fetched")


@once
@called("media: a client that leaves while they are fetched stops that")
def left(options):
    with Stack(options, env=dict(HOME, MEDIA_TIMEOUT="60", HEARTBEAT="0.2")) as s:
        for name in ("silent", "drip", "endless"):
            s.standin.clear()
            content = [{"type": "image_url", "image_url": {"url": media(s, name)}}]
            body = {"model": MODEL, "messages": [{"role": "user", "content": content}]}
            answers = []

            def ask():
                try:
                    with s.request("POST", CHAT, bearer=s.key(), body=body, timeout=1) as r:
                        answers.append(r.status)
                except OSError:
                    pass

            thread = threading.Thread(target=ask)
            thread.start()
            wait_for("the fetch", lambda: s.standin.requests())
            thread.join()
            if name != "endless":
                equal(answers, [], "no answer so far")
                wait_for(
                    "the end of the fetch",
                    lambda: s.standin.requests()[-1]["outcome"] == "client_gone",
                )
        # No stream is left open.
        wait_for(
            "the streams' end",
            lambda: s.standin.control("GET", "/stats")["open_streams"] == 0,
        )
        equal(inline(look(s, media(s, "a.png"))), ["image/png"], "the next one is served")


@once
@called("media: responses and image edits fetch too")
def other_endpoints(options):
    with Stack(options, env=HOME) as s:
        content = [{"type": "input_image", "image_url": media(s, "a.png")}]
        out = post(
            s, "/v1/responses", {"model": GEMINI_3, "input": [{"role": "user", "content": content}]}
        )
        equal(inline(out), ["image/png"], "type in responses")
        equal(out.changes, {"/input/0/content/0/image_url": "inlined"}, "what is told")
        body = {
            "model": IMAGE_MODEL,
            "prompt": "bluer",
            "images": [{"image_url": media(s, "a.png")}],
        }
        out = post(s, "/v1/images/edits", body)
        equal(inline(out), ["image/png"], "type in edits")
        body["images"] = [{"image_url": media(s, "status-404")}]
        out = post(s, "/v1/images/edits", body, status=400)
        contains(out.error["param"], "images[0]")
        content[0]["image_url"] = media(s, "status-404")
        out = post(
            s,
            "/v1/responses",
            {"model": GEMINI_3, "input": [{"role": "user", "content": content}]},
            status=400,
        )
        contains(out.error["param"], "input[0].content[0].image_url")


@once
@called("media: the fetch sends no credential and no cookie")
def nothing_leaks(options):
    with Stack(options, env=HOME) as s:
        look(s, media(s, "a.png"), headers=[("Cookie", "a=b"), ("X-Own", "c")])
        found = [r for r in s.standin.requests() if r["path"].startswith("/_media/")][0]
        for name in ("authorization", "x-goog-api-key", "cookie", "x-own", "referer"):
            true(name not in found["headers"], name + " is not sent")


@once
@called("media: what was fetched is sent again to the next key without another fetch")
def fetched_once(options):
    with Stack(options, env=HOME) as s:
        look(s, media(s, "a.png"), key="%s,%s" % (s.key("key_invalid"), s.key()))
        look(s, media(s, "a.png"), model=GEMINI_3, n=3)
        equal(fetched(s), ["a.png"] * 2, "fetches")


@once
@called("media: STRICT refuses what would have to be inlined")
def strict(options):
    with Stack(options, env=dict(HOME, STRICT="yes")) as s:
        out = look(s, media(s, "a.png"), status=400)
        equal(out.error["param"], "messages[0].content[1].image_url.url", "param")
        equal(fetched(s), [], "what was fetched in vain")
