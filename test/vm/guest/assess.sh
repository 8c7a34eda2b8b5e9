# SPDX-License-Identifier: GPL-2.0-or-later
# What cxl-iso assess says, and whether that comes true. For cases; wants lib.sh.
# shellcheck shell=dash

# said FIELD: the first text of that name in the document that `status` left
said() { sed -n "s/^ *\"$1\": *\"\(.*\)\",*\$/\1/p" /run/out | head -n 1; }

# findings: a line each of the document that `status` left: id, severity, object, evidence, fix, overridden, reboot
findings() {
	awk '
		/^ *"findings": *\[/ { inside = 1 }
		inside && /^ *"(id|severity|object|evidence|fix|overridden|reboot)":/ {
			value = $0
			sub(/^ *"[a-z]*": *"?/, "", value)
			sub(/"?,?$/, "", value)
			line = line value "|"
			if ($0 ~ /^ *"reboot":/) {
				print line
				line = ""
			}
		}' /run/out
}

# assessed PORT VERDICT [OPTION...]: the verdict is that, and so is the exit status
assessed() {
	local port=$1 verdict=$2 expected
	shift 2
	case $verdict in
	recoverable*) expected=0 ;;
	fix-first) expected=3 ;;
	*) expected=5 ;;
	esac
	status $expected cxl-iso assess "$port" --json "$@"
	is "  verdict" "$(said verdict)" "$verdict"
}

# finds ID SEVERITY OBJECT EVIDENCE: what was assessed last has that; a regular expression is enough of the evidence.
# As reboot: blocks, and only a reboot helps
finds() {
	local severity=$2 reboot=false
	[ "$severity" != reboot ] || { severity=blocks && reboot=true; }
	! findings | grep -Eq "^$1\|$severity\|$3\|.*$4.*\|[^|]+\|false\|$reboot\|" || { ok "  finds $1" && return; }
	echo "no $1, $2, of $3, with '$4', in:"
	findings
	not_ok "  finds $1"
}

# finds_no ID...
finds_no() {
	local id
	for id in "$@"; do
		is "  finds no $id" "$(findings | grep "^$id|")" ""
	done
}

# Everything that recover could change.
machine() {
	local region
	for region in $(regions); do
		echo "$region $(cat "$CXL/$region/resource" "$CXL/$region/commit" | tr '\n' ' ') $(dax_of "$region")"
		echo "$(dax_driver "$(dax_of "$region")") $(block_state "$region")"
	done
	ls "$PCI/devices"
	cat $MEMORY/auto_online_blocks
	ls /var/lib/cxl-iso 2>/dev/null
}

# outcome PORT VERDICT [OPTION...]: that is the verdict, and recover, with these options, does as it predicts
outcome() {
	local port=$1 verdict=$2 before id
	shift 2
	assessed "$port" "$verdict"
	findings | grep -E '\|(blocks|loses-data)\|' | cut -d '|' -f 1 | sort -u >/run/predicted
	before=$(machine)
	case $verdict in
	recoverable)
		status 0 cxl-iso recover "$port" --yes "$@"
		return
		;;
	esac
	status 3 cxl-iso recover "$port" --yes --json "$@"
	id=$(findings | cut -d '|' -f 1 | sort -u)
	[ -n "$id" ] || id=$(sed -n 's/.*"message": *"\([a-z-]*\): .*/\1/p' /run/out)
	check "  refused by what was predicted ($id)" grep -qxF "$id" /run/predicted
	is "  and nothing was changed" "$(machine)" "$before"
	[ "$verdict" != recoverable-losing ] || status 0 cxl-iso recover "$port" --yes --discard-contents "$@"
}
