"""The gateway under a path of a site."""

import os

from calls import chat_arrives_one_by_one
from stack import CHAT, MODEL, part_text
from tap import contains, equal, mounted, true
from test_server import upload


@mounted
def chat_and_native_calls_work_under_a_prefix(s):
    with s.chat() as r:
        equal(r.status, 200, "status of chat")
        true(r.json()["choices"][0]["message"]["content"], "there is an answer")
    key = s.key()
    with s.generate(key=key, query="?alt=json") as r:
        equal(r.status, 200, "status of generateContent")
        true(part_text(r.json()), "there is an answer")
    equal(
        s.standin.one(key)["target"],
        "/v1beta/models/%s:generateContent?alt=json" % MODEL,
        "address upstream",
    )
    with s.request("GET", "/v1/models", bearer=s.key()) as r:
        equal(r.json()["object"], "list", "models")


@mounted
def events_arrive_one_by_one_under_a_prefix(s):
    chat_arrives_one_by_one(s)


@mounted
def status_page_shows_the_prefix(s):
    with s.request("GET", "/") as r:
        equal(r.status, 200, "status")
        contains(r.text(), s.base + "/v1")
    with s.request("GET", "/healthz") as r:
        equal(r.status, 200, "status of /healthz")
        r.read()


@mounted
def uploads_come_back_under_the_prefix(s):
    upload(s, "/upload/v1beta/files", os.urandom(300000))


@mounted
def an_unknown_path_names_a_valid_one_with_the_prefix(s):
    with s.request("POST", "/v1/chat/completion", bearer=s.key(), body={}) as r:
        equal(r.status, 404, "status")
        contains(r.json()["error"]["message"], s.prefix + CHAT)


@mounted
def the_rest_of_the_site_is_not_the_gateways(s):
    for path in ("/v1/models", s.prefix + "x/v1/models", "/healthz"):
        with s.request("GET", path, bearer=s.key(), raw=True) as r:
            equal(r.status, 404, "status of " + path)
            true(b'"error"' not in r.read(), "not the gateway's answer")
