#!/bin/sh
# What people read and what we send by ourselves names no model that is retired one day: chat models
# by Google's evergreen names only, and of the lines that have none (images, speech, transcription,
# embeddings) those that the built-in aliases lead to. The table of families is about families.
# Prints TAP. Reads the tree at $srcdir.
set -eu
cd "${srcdir:-.}"

# shellcheck disable=SC2046 # one word for each file
set -- README.md README.zh-CN.md tests/it/quickstart.py \
    $(find deploy -type f | sort) \
    $(find fcgi-app include -name '*.[ch]' ! -path fcgi-app/core/gemini/family.c \
        -o -name '*.def' | sort)

aliases=$(sed -n '/models_default_aliases\[\] =/,/;$/p' fcgi-app/core/gemini/models.c |
    grep -oE '=gemini-[0-9a-z.-]+' | cut -c2- | sort -u)
number=0
failed=0

# check WHAT FAULTS: passes when there are none.
check()
{
    number=$((number + 1))
    if [ -z "$2" ]; then
        echo "ok $number - $1"
    else
        echo "$2" | sed 's/^/# /'
        echo "not ok $number - $1"
        failed=1
    fi
}

# Names with the number of a generation, and the short ones of the first. What ends in a dash or an
# asterisk is the beginning of names.
names()
{
    grep -HnoE '(gemini|gemma)-[0-9][0-9.]*(-[0-9a-z.]+)+|gemini-(flash|pro)(-[0-9a-z]+)*\*?' "$@" |
        grep -vE ':gemini-(pro|flash|flash-lite)-latest$|\*$'
}

named=$(names "$@" || true)
for alias in $aliases; do
    named=$(echo "$named" | grep -v -e ":$alias\$" || true)
done

check "the aliases were found" "$([ -n "$aliases" ] || echo "fcgi-app/core/gemini/models.c")"
check "chat models of the built-in aliases have evergreen names" \
    "$(echo "$aliases" | grep -vE -e '-(latest|tts|transcribe|image|embedding-[0-9]+)$' || true)"
check "nothing names a chat model by its generation" "$named"
echo "1..$number"
exit "$failed"
