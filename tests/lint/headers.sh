#!/bin/sh
# Each header compiles alone. Prints TAP. Reads the tree at $srcdir; CC, CPPFLAGS and the *_CFLAGS
# of configure count.
set -eu
cd "${srcdir:-.}"

flags="${CPPFLAGS-} ${JSON_CFLAGS-} ${CURL_CFLAGS-} ${UV_CFLAGS-}"
number=0
failed=0

# shellcheck disable=SC2046 # one word for each file
set -- $(find include fcgi-app -name '*.h' | sort)
echo "1..$#"
for header in "$@"; do
    number=$((number + 1))
    # shellcheck disable=SC2086 # flags and the compiler may be several words
    if faults=$(${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Iinclude $flags -Wall -Wextra -Werror \
        -fsyntax-only -x c -include "$header" /dev/null 2>&1); then
        echo "ok $number - $header"
    else
        echo "$faults" | sed 's/^/# /'
        echo "not ok $number - $header"
        failed=1
    fi
done
exit "$failed"
