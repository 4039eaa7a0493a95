#!/bin/sh
# Every option of include/app/conf/conf.def is in --sample-config, in both languages of the guide
# and in the man page, nothing there is an option that does not exist, and the sample file is what
# the program prints. The sample of model families is valid.
# $GATEWAY: the program; $srcdir: the root of the sources.
set -u

root=${srcdir:-.}
gateway=${GATEWAY:-./gemini-balance.fcgi}
def=$root/include/app/conf/conf.def
sample=$root/deploy/gemini-balance.conf.sample
count=0
failed=0

# check WHAT MISSING: a test that passes when MISSING is empty.
check()
{
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "$2" | sed 's/^/# /'
		failed=1
	fi
}

# missing_in FILE: the names that are not words of the file.
missing_in()
{
	for name in $names; do
		grep -qw -e "$name" "$1" || echo "$name"
	done
}

# unknown_in FILE: names in the first column of its tables of options that are none.
unknown_in()
{
	# shellcheck disable=SC2016 # the quotes are the table's
	sed -n 's/^| `\([A-Z][A-Z0-9_]*\)` |.*/\1/p' "$1" | while read -r name; do
		echo "$names" | grep -qx -e "$name" || echo "$name"
	done
}

# wrong_default_in FILE: rows of its tables that do not show the default.
wrong_default_in()
{
	echo "$printed" | sed -n 's/^#\([A-Z][A-Z0-9_]*\)=\(.*\)/\1 \2/p' |
		while read -r name default; do
			cell=${default:+"\`$default\`"}
			grep -qF -e "| \`$name\` | $cell |" "$1" || echo "$name: $default"
		done
}

names=$(sed -n 's/^CONF_[A-Z]*([a-z_0-9]*, *\([A-Z][A-Z0-9_]*\),.*/\1/p' "$def")
printed=$("$gateway" --sample-config) || {
	echo "Bail out! $gateway --sample-config failed"
	exit 1
}

check "options were found" "$([ "$(echo "$names" | wc -l)" -ge 20 ] || echo "$def")"
in_sample=$(echo "$printed" | sed -n 's/^#\([^ =]*\)=.*/\1/p')
check "--sample-config prints each option, in order" \
	"$([ "$in_sample" = "$names" ] || echo "$in_sample")"
guide=deploy/guide/configuration
for file in $guide.md $guide.zh-CN.md deploy/gemini-balance.fcgi.8; do
	check "$file has each option" "$(missing_in "$root/$file")"
done
for file in $guide.md $guide.zh-CN.md; do
	check "$file has no other option" "$(unknown_in "$root/$file")"
	check "$file has the defaults" "$(wrong_default_in "$root/$file")"
done
check "deploy/gemini-balance.conf.sample is what the program prints" \
	"$(echo "$printed" | diff - "$sample")"
# What the sample of families shows is taken, and the guide shows the same lines.
families=$root/deploy/model-families.sample
check "deploy/model-families.sample is a valid file" \
	"$(faults=$(MODEL_FAMILIES_FILE=$families "$gateway" --check 2>&1) || echo "$faults")"
for file in deploy/guide/models.md deploy/guide/models.zh-CN.md; do
	check "$file has the rows of the sample" "$(grep '^[a-z]' "$families" |
		while read -r line; do grep -qF -e "$line" "$root/$file" || echo "$line"; done)"
done
echo "1..$count"
exit $failed
