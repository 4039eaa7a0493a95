#!/bin/sh
# No marks of unfinished work anywhere, no comments to the line end in C. Prints TAP. Reads the tree
# at $srcdir.
set -eu
cd "${srcdir:-.}"

list=$(find fcgi-app include tests deploy \( -name node_modules -o -name __pycache__ \) -prune -o \
    \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.mjs' \
    -o -name '*.conf' -o -name '*.md' \) -print | sort)

# shellcheck disable=SC2086 # one word for each file
LC_ALL=C awk '
BEGIN {
    # In pieces, so that this file passes.
    marks = "(^|[^A-Za-z0-9_])(TO" "DO|FIX" "ME|XX" "X)([^A-Za-z0-9_]|$)"
}

# What stands outside of strings and block comments; in_comment lasts over lines.
function code(line,    out, c, i, quote) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (in_comment) {
            if (substr(line, i, 2) == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\")
                i++
            else if (c == quote)
                quote = ""
        } else if (c == "\"" || c == "\047") {
            quote = c
        } else if (substr(line, i, 2) == "/*") {
            in_comment = 1
            i++
        } else {
            out = out c
        }
    }
    return out
}

FNR == 1 {
    in_comment = 0
    is_c = FILENAME ~ /\.([ch]|def)$/
}

$0 ~ marks { marked = marked "# " FILENAME ":" FNR ": " $0 "\n" }

is_c && (in_comment ? /\*\// : /\/[\/*]/) && index(code($0), "//") > 0 {
    slashed = slashed "# " FILENAME ":" FNR ": " $0 "\n"
}

function result(number, faults, what) {
    printf "%s%s %d - %s\n", faults, faults == "" ? "ok" : "not ok", number, what
}

END {
    print "1..2"
    result(1, marked, "no marks of unfinished work")
    result(2, slashed, "no comments to the line end in C")
    exit marked slashed != ""
}' $list
