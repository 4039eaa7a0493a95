#!/bin/sh
# The layers, read from the includes: base is under all, core and net never meet, app joins them.
# Prints TAP. Reads the tree at $srcdir.
set -eu
cd "${srcdir:-.}"

list=$(find fcgi-app include -name '*.[ch]' -o -name '*.def' | sort)

# shellcheck disable=SC2086 # one word for each file
LC_ALL=C awk '
# layer: what it may include of ours; what it must not include of the system (regular expressions).
BEGIN {
    outside = "^(curl/|uv\\.h|uv/|fcgi)"
    io = "^(unistd\\.h|fcntl\\.h|poll\\.h|signal\\.h|pthread\\.h|threads\\.h|time\\.h|netdb\\.h)" \
        "|^(sys|arpa|net|netinet)/"
    ours["base"] = "^base/"
    ours["core"] = "^(base|core)/"
    ours["net"] = "^(base|net)/"
    ours["app"] = "^(base|core|net|app)/"
    ours["main"] = ours["app"]
    never["base"] = outside "|^json-c/"
    never["core"] = outside "|" io
    never["net"] = "^json-c/"
    never["app"] = outside
    never["main"] = outside
    # core knows no time and writes no log.
    unlike["core"] = "^base/(log|clock)\\.h$"
    count = split("base core net app main", order, " ")
}

function fault(text) {
    faults[layer] = faults[layer] "# " FILENAME ":" FNR ": " text "\n"
}

FNR == 1 {
    parts = split(FILENAME, path, "/")
    layer = parts == 2 ? "main" : path[2]
    files[layer]++
    first = FILENAME ~ /\.c$/
}

/^[ \t]*#[ \t]*include/ {
    name = $0
    local = name ~ /"/
    sub(/^[^<"]*[<"]/, "", name)
    sub(/[>"].*$/, "", name)
    if (first && name != "config.h")
        fault("config.h comes first")
    first = 0
    if (name == "config.h")
        next
    if (!local && name ~ never[layer])
        fault(layer " must not include <" name ">")
    if (local && name ~ /\// && name !~ ours[layer])
        fault(layer " must not include \"" name "\"")
    if (local && (layer in unlike) && name ~ unlike[layer])
        fault(layer " must not include \"" name "\"")
}

END {
    print "1.." count
    for (i = 1; i <= count; i++) {
        layer = order[i]
        printf "%s%s %d - %s includes what it may (%d files)\n", faults[layer],
            faults[layer] == "" ? "ok" : "not ok", i, layer, files[layer]
        bad += faults[layer] != ""
    }
    exit bad > 0
}' $list
