# shellcheck shell=sh
# What quickstart and tests/check need from Debian or Ubuntu: found out by looking for the thing
# itself, so that one that was installed by other means counts. To be sourced.
#
#   need_start                 begin a list
#   need_build | need_program  add what is missing
#   need_install               install the list, or say how, and return 1

# Web servers live in sbin, which a user's PATH may lack.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

need_start()
{
    missing=
}

need_add()
{
    case " $missing " in
    *" $1 "*) ;;
    *) missing="$missing $1" ;;
    esac
}

# need_program PROGRAM PACKAGE
need_program()
{
    command -v "$1" >/dev/null 2>&1 || need_add "$2"
}

# need_file PATH PACKAGE
need_file()
{
    [ -e "$1" ] || need_add "$2"
}

# need_library PKG-CONFIG-NAME PACKAGE
need_library()
{
    pkg-config --exists "$1" 2>/dev/null || need_add "$2"
}

# What ./autogen.sh && ./configure && make ask for.
need_build()
{
    need_program gcc gcc
    need_file /usr/include/stdio.h libc6-dev
    need_program make make
    need_program autoreconf autoconf
    need_program automake automake
    need_program pkg-config pkg-config
    need_library libuv libuv1-dev
    need_library libcurl libcurl4-openssl-dev
    need_library zlib zlib1g-dev
    need_library json-c libjson-c-dev
    need_file /usr/include/fcgiapp.h libfcgi-dev
    # Not asked for, but used: STATE=sqlite:... and STATE=redis://...
    need_library sqlite3 libsqlite3-dev
    need_library hiredis libhiredis-dev
    need_file /etc/ssl/certs/ca-certificates.crt ca-certificates
}

# Runs as root what installs the list. Debian starts a server's service as soon as its package
# is installed; nobody asked for that here. policy-rc.d is Debian's way to say no, and goes away
# again.
need_install()
{
    [ -n "$missing" ] || return 0
    missing=${missing# }
    line="apt-get update && apt-get install -y --no-install-recommends $missing"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "These Debian packages, or what your system calls them, are missing: $missing" >&2
        return 1
    fi
    # shellcheck disable=SC2016  # for the inner shell
    script='
        set -e
        export DEBIAN_FRONTEND=noninteractive
        policy=/usr/sbin/policy-rc.d
        made=
        trap "[ -z \"\$made\" ] || rm -f $policy" EXIT
        trap "exit 1" HUP INT TERM
        if [ ! -e $policy ]; then
            made=yes
            printf "#!/bin/sh\nexit 101\n" >$policy
            chmod 755 $policy
        fi
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "$@"
        [ -d /run/systemd/system ] || exit 0
        for package; do
            case $package in
            lighttpd | nginx | caddy | apache2 | redis-server | supervisor) systemctl disable --quiet "$package" || true ;;
            esac
        done
    '
    echo "Installing: $missing" >&2
    log=$(mktemp)
    # The words of $missing are package names; the log is the caller's, not root's.
    # shellcheck disable=SC2086,SC2024
    if [ "$(id -u)" = 0 ]; then
        sh -c "$script" sh $missing </dev/null >"$log" 2>&1
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo sh -c "$script" sh $missing >"$log" 2>&1
    else
        rm -f "$log"
        echo "Some packages are missing. Run this as root, then try again:" >&2
        echo "  $line" >&2
        return 1
    fi && rm -f "$log" && return 0
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "The packages could not be installed. The command was:" >&2
    echo "  $line" >&2
    return 1
}
