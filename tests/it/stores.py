"""Where a gateway keeps its state: a directory for SQLite or a new Redis; and its restart."""

import contextlib
import os
import pwd
import shutil
import tempfile

from harness import DROP_USER, ROOT, Failure, Process, need_program, wait_for
from tap import Skip, called, once


def needs(options, library):
    """Skips the test when the gateway was built without a library."""
    with open(options.gateway, "rb") as f:
        if library not in f.read():
            raise Skip("built without " + library.decode())


@contextlib.contextmanager
def place():
    """A directory that the gateway may write to."""
    path = tempfile.mkdtemp(prefix="gemini-balance-state-")
    try:
        if ROOT:
            who = pwd.getpwnam(DROP_USER)
            os.chown(path, who.pw_uid, who.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def redis(path):
    program = need_program("redis-server", "valkey-server")
    socket = os.path.join(path, "redis.sock")
    server = Process(
        "redis",
        [program, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "777"]
        + ["--save", "", "--appendonly", "no", "--dir", path],
        os.path.join(path, "redis.log"),
        user=DROP_USER,
    )
    try:
        wait_for("redis", lambda: os.path.exists(socket))
        yield socket, server
    finally:
        server.stop()


@contextlib.contextmanager
def sqlite_state(options):
    """The STATE of a new SQLite file."""
    needs(options, b"libsqlite3")
    with place() as path:
        yield "sqlite:%s/state.db" % path


@contextlib.contextmanager
def redis_state(options):
    """The STATE of a new Redis, and its process."""
    needs(options, b"libhiredis")
    with place() as path, redis(path) as (socket, server):
        yield "redis+unix://" + socket, server


def shared(name):
    """Makes two tests of a function that takes options and a STATE; name has %s for the engine."""

    def give(function):
        def on_sqlite(options):
            with sqlite_state(options) as state:
                function(options, state)

        def on_redis(options):
            with redis_state(options) as (state, _):
                function(options, state)

        once(called(name % "SQLite")(on_sqlite))
        once(called(name % "Redis")(on_redis))
        return function

    return give


def restart(s):
    """Starts the gateway again with the same configuration."""
    status = s.gateway.stop()
    if status != 0:
        raise Failure("the gateway ended with %d" % status)
    s.gateway = s.box.start_gateway()
