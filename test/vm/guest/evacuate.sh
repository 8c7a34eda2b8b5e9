# SPDX-License-Identifier: GPL-2.0-or-later
# Evacuating and restoring. For cases; wants lib.sh.
# shellcheck shell=dash disable=SC2034 # what they set is for the case

JOURNALS=/var/lib/cxl-iso
DEMOTION=/sys/kernel/mm/numa/demotion_enabled

# machine: all that evacuating and restoring could change
machine() {
	local region block
	for region in $(regions); do
		echo "$region $(cat "$CXL/$region/resource" "$CXL/$region/commit" | tr '\n' ' ')"
		echo "$(dax_of "$region") $(dax_driver "$(dax_of "$region")")"
		for block in $(mem_blocks_of "$region"); do
			echo "$block $(cat "$MEMORY/$block/state") $(cat "$MEMORY/$block/valid_zones")"
		done
	done
	knobs
	journals
}

# knobs: what the whole host shares, and is different only while something is under way
knobs() { cat $MEMORY/auto_online_blocks $DEMOTION; }

journals() { ls $JOURNALS 2>/dev/null; }

# is_down REGION: its memory is nobody's, neither online nor kmem's
is_down() { [ -z "$(mem_blocks_of "$1")$(dax_driver "$(dax_of "$1")")" ]; }

# blocks_state REGION: of each block, in ascending order: "online offline"
blocks_state() {
	local block
	for block in $(mem_blocks_of "$1"); do cat "$MEMORY/$block/state"; done | tr '\n' ' ' | sed 's/ $//'
}

# block_alone REGION: only its first block is online, so that whatever wants memory there gets it in that one
block_alone() {
	region_offline "$1" && echo online_movable >"$MEMORY/$(mem_blocks_of "$1" | head -n 1)/state"
}

# count_steps COMMAND...: of the first way of its plan
count_steps() { "$@" --dry-run | awk '/:$/ { ways++ } /^ *[0-9]/ && ways == 1 { steps++ } END { print steps + 0 }'; }

# meanwhile PATTERN ACTION COMMAND...: run it, and ACTION, once, as a line of its progress matches, as in `case`; $pid is
# the command's process. $got becomes its exit status; what it printed is in /run/out and /run/err. Fails if no line did.
meanwhile() {
	local pattern=$1 action=$2 line missed=1
	shift 2
	rm -f /run/progress
	mkfifo /run/progress
	: >/run/err
	"$@" --progress=json >/run/out 2>/run/progress 3>&- 4>&- &
	pid=$!
	while read -r line; do
		case $line in
		'{'*) ;;
		*) echo "$line" >>/run/err ;;
		esac
		[ $missed = 1 ] || continue
		# shellcheck disable=SC2254 # a pattern it is
		case $line in
		$pattern)
			missed=0
			eval "$action"
			;;
		esac
	done </run/progress
	got=0
	wait $pid 2>/dev/null || got=$?
	return $missed
}

# splice_start NODE KIB: process $splice keeps pages of the node in pipes, from where nothing moves them
splice_start() {
	splice "$1" "$2" anon >/run/splice 2>&1 3>&- 4>&- &
	splice=$!
	wait_for 30 grep -q "^$2 KiB" /run/splice || { cat /run/splice && return 1; }
}
splice_stop() {
	kill "$splice"
	wait "$splice" 2>/dev/null
	sleep 0.2
}

# is_json FILE: it is one JSON value, whatever that says
is_json() {
	[ "$(tr -d '\n' <"$1" | sed -E '
		s/"([^"\\]|\\.)*"/S/g
		s/-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null/S/g
		s/[ \t]//g
		:again
		s/\[(S(,S)*)?\]|\{(S:S(,S:S)*)?\}/S/
		t again')" = S ] || { cat "$1" && return 1; }
}
