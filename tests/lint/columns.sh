#!/bin/sh
# Lines of at most 100 columns. Tables fenced by `clang-format off` and .def files may be wider.
# Prints TAP. Reads the tree at $srcdir.
set -eu
cd "${srcdir:-.}"

list=$(find fcgi-app include tests \( -name node_modules -o -name __pycache__ \) -prune -o \
    \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.mjs' \) -print |
    sort)

# shellcheck disable=SC2086 # one word for each file
LC_ALL=C awk '
BEGIN { column_max = 100 }

function columns(line,    width, at) {
    gsub(/[\200-\277]/, "", line) # of a character in UTF-8 the first byte counts
    while ((at = index(line, "\t")) > 0) {
        width = at - 1
        line = substr(line, 1, width) substr("        ", 1, 8 - width % 8) substr(line, at + 1)
    }
    return length(line)
}

FNR == 1 { fenced = FILENAME ~ /\.def$/ }
/clang-format off/ { fenced = 1 }
/clang-format on/ { fenced = 0 }

!fenced && length($0) > column_max / 8 && columns($0) > column_max {
    wide = wide "# " FILENAME ":" FNR ": " columns($0) " columns\n"
}

END {
    print "1..1"
    printf "%s%s 1 - lines have at most %d columns\n", \
        wide, wide == "" ? "ok" : "not ok", column_max
    exit wide != ""
}' $list
