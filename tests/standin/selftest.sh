#!/bin/sh
# The stand-in's own test. $STANDIN: the program; $srcdir: the top of the sources.
if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP python3 is missing"
	exit 0
fi
PYTHONDONTWRITEBYTECODE=1 exec python3 "$srcdir/tests/standin/selftest.py" "$STANDIN"
