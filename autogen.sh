#!/bin/sh
# Makes ./configure from a clone. A release archive has it already.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force --warnings=all
