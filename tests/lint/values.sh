#!/bin/sh
# What --check refuses: each option of include/app/conf/conf.def is tried with values that it cannot
# have, and the refusal must name the option; then what it must take.
# $GATEWAY: the program; $srcdir: the root of the sources.
set -u

root=${srcdir:-.}
gateway=${GATEWAY:-./gemini-balance.fcgi}
def=$root/include/app/conf/conf.def
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
count=0
failed=0

# result GOOD WHAT OUTPUT
result()
{
	count=$((count + 1))
	if [ "$1" = yes ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		echo "$3" | sed 's/^/# /'
		failed=1
	fi
}

# refused NAME VALUE: with that in a file.
refused()
{
	printf '%s=%s\n' "$1" "$2" >"$place/conf"
	output=$(env -i PATH="$PATH" "$gateway" --check --config "$place/conf" 2>&1)
	status=$?
	good=no
	[ "$status" = 78 ] && echo "$output" | grep -qw -e "$1" && good=yes
	result "$good" "$1=$2 is refused by its name" "status $status: $output"
}

# garbage NAME KIND FORM: values that nobody can mean.
garbage()
{
	control=$(printf 'a\001b')
	refused "$1" "$control"
	case $2:$3 in
	NUM:* | SIZE:* | TIME:*) set -- "$1" x -1 1e3 0x10 99999999999999999999 '1 2' ;;
	BOOL:* | ENUM:*) set -- "$1" maybe 'yes no' 2.0 ;;
	*:LIST | *:INPUT) set -- "$1" ;;
	*:TOKEN) set -- "$1" 'two words' a,b ;;
	*:URL) set -- "$1" foo ftp://host 'http://a b' 'http://h?q' http:// //h 'http://u@h' ;;
	*:PROXY) set -- "$1" foo:bar ftp://host http://:80 'socks5://a b' ;;
	*:PREFIX) set -- "$1" gemini '/a b' '/a?b' /../x //x ;;
	*:ORIGINS) set -- "$1" chat.example.com 'https://a/b' 'https://a, b' ;;
	*:ADDRESSES) set -- "$1" home 10.0.0.0/33 10.0.0.1.2 ::/129 ;;
	*:STATE) set -- "$1" mysql://x sqlite: sqlite:/nonexistent/x redis:// redis://h:x disk ;;
	*:LISTEN) set -- "$1" 8080 :8080 host:http unix: unix:/nonexistent/s host:70000 ;;
	*:MODE) set -- "$1" 999 rw 0060 01777 -660 ;;
	*:GROUP) set -- "$1" no-such-group-here ;;
	*) set -- "$1" /nonexistent/x /dev/null/x ;;
	esac
	name=$1
	shift
	for value; do
		refused "$name" "$value"
	done
}

# NAME KIND FORM of each; - for the kinds without a form.
option='CONF_\([A-Z]*\)([a-z_0-9]*, *\([A-Z][A-Z0-9_]*\),'
list=$(sed -n "s/^$option"' *"[^"]*", *\([A-Z]*\),.*/\2 \1 \3/p
	t'"
	s/^$option.*/\\2 \\1 -/p" "$def")
names=$(grep -c '^CONF_[A-Z]*([a-z_0-9]*, *[A-Z]' "$def")
all=no
[ "$(echo "$list" | wc -l)" = "$names" ] && all=yes
result "$all" "all $names options were found" "$list"
while read -r name kind form; do
	garbage "$name" "$kind" "$form"
done <<END
$list
END

# Files of keys, tokens and families that are not that.
refused GEMINI_API_KEYS_FILE "$place"
refused ACCESS_TOKENS_FILE "$place/none"
refused MODEL_FAMILIES_FILE "$place/none"
refused GEMINI_API_KEYS 'k projekt=x'
refused ACCESS_TOKENS 'only-a-token'
refused GEMINI_API_KEY 'k'
refused MODEL_ALIASES nonsense

# takes WHAT ARGUMENT...: exit status 0, and WHAT is printed.
takes()
{
	what=$1
	shift
	output=$(env -i PATH="$PATH" "$@" 2>&1)
	status=$?
	good=no
	[ "$status" = 0 ] && echo "$output" | grep -q -e "$what" && good=yes
	result "$good" "$*" "status $status: $output"
}

printf '\357\273\277# keys\r\nkey-1 name=first project=a\r\n\r\n\342\200\234key-2\342\200\235\r\n' \
	>"$place/keys"
printf 'OPEN_ACCESS=yes\r\nGEMINI_API_KEYS=key-0\r\nGEMINI_API_KEYS_FILE=%s\r\n' "$place/keys" \
	>"$place/conf"
takes 'number 1 of GEMINI_API_KEYS$' "$gateway" --check --config "$place/conf"
takes 'line 2 of GEMINI_API_KEYS_FILE  name=first  project=a$' "$gateway" --check \
	--config "$place/conf"
takes 'line 4 of GEMINI_API_KEYS_FILE$' "$gateway" --check --config "$place/conf"
takes 'CORS_ORIGIN.*CORS_ORIGINS' CORS_ORIGIN=x "$gateway" --check
takes 'HEARTBEAT (0 to 300 seconds)' "$gateway" -h
takes 'MAX_BODY (1K to 2G bytes)' "$gateway" --help
echo "1..$count"
exit $failed
