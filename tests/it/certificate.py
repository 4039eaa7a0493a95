"""Certificates for the tests."""

import os
import subprocess


def make(directory):
    """One for localhost and 127.0.0.1 that vouches for itself: the result and .crt, and .key."""
    name = os.path.join(directory, "tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext"]
        + ["subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", name + ".key", "-out", name + ".crt"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.chmod(name + ".crt", 0o644)
    return name
