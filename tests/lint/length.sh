#!/bin/sh
# Files of at most 500 lines, functions of at most 80, lines of at most 100 columns. Tables fenced
# by `clang-format off` and .def files may be wider. Prints TAP. Reads the tree at $srcdir.
set -eu
cd "${srcdir:-.}"

list=$(find fcgi-app include tests \( -name node_modules -o -name __pycache__ \) -prune -o \
    \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.mjs' \) -print |
    sort)

# shellcheck disable=SC2086 # one word for each file
LC_ALL=C awk '
BEGIN {
    file_max = 500
    function_max = 80
    column_max = 100
}

function end_of_file() {
    if (lines > file_max)
        long_files = long_files "# " name ": " lines " lines\n"
}

function columns(line,    width, at) {
    gsub(/[\200-\277]/, "", line) # of a character in UTF-8 the first byte counts
    while ((at = index(line, "\t")) > 0) {
        width = at - 1
        line = substr(line, 1, width) substr("        ", 1, 8 - width % 8) substr(line, at + 1)
    }
    return length(line)
}

FNR == 1 {
    end_of_file()
    name = FILENAME
    fenced = name ~ /\.def$/
    body = 0
}

{ lines = FNR }

/clang-format off/ { fenced = 1 }
/clang-format on/ { fenced = 0 }

!fenced && length($0) > column_max / 8 && columns($0) > column_max {
    wide = wide "# " name ":" FNR ": " columns($0) " columns\n"
}

name ~ /\.[ch]$/ && /^{/ { body = FNR }
name ~ /\.[ch]$/ && /^}/ && body > 0 {
    if (FNR - body + 1 > function_max)
        long_functions = long_functions "# " name ":" body ": " FNR - body + 1 " lines\n"
    body = 0
}

function result(number, faults, what) {
    printf "%s%s %d - %s\n", faults, faults == "" ? "ok" : "not ok", number, what
}

END {
    end_of_file()
    print "1..3"
    result(1, long_files, "files have at most " file_max " lines")
    result(2, long_functions, "functions have at most " function_max " lines")
    result(3, wide, "lines have at most " column_max " columns")
    exit long_files long_functions wide != ""
}' $list
