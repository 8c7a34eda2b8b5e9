# SPDX-License-Identifier: GPL-2.0-or-later
#
# evacuate leaves memory of the same NUMA node alone that lies behind another port.
#
# topology: two-on-port-window
# qemu: fast

echo offline >$MEMORY/auto_online_blocks
ours=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000) &&
	other=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x5678)" 0x10000000) || not_ok "two regions"
node=$(node_of "$ours")
is "both are on one node" "$(node_of "$other")" "$node"

range_of() { echo "$(cat "$CXL/$1/resource") $(cat "$CXL/$1/size")"; }
# frames_in REGION PID: how many of its pages lie there, and which
# shellcheck disable=SC2046
frames_in() { frames "$2" $(range_of "$1"); }
states_of() { cat $(mem_blocks_of "$1" | sed "s|.*|$MEMORY/&/state $MEMORY/&/valid_zones|") | sort | uniq -c; }

# While nothing else is online on the node, its pages come from there. More than is left there spills over.
region_online "$other" movable && hold_start "$node" 16 || not_ok "a process behind the other port"
sha=$(hold_sha)
region_online "$ours" movable || not_ok "our memory online"
populate "$node" 1 300 anon >/run/populate 2>&1 3>&- 4>&- &
populate=$!
check "a process with memory behind both ports" wait_for 60 grep -q ready /run/populate
both=$(cat /proc/$populate/task/$populate/children | cut -d ' ' -f 1)
neighbour=$(frames_in "$other" "$hold")
in_other=$(frames_in "$other" "$both")
states=$(states_of "$other")
check "the neighbour is all behind the other port" [ "${neighbour% *}" -ge 4096 ]
check "part of the other process is behind ours" [ "$(frames_in "$ours" "$both" | cut -d ' ' -f 1)" -ge 8192 ]
check "and part of it is not" [ "${in_other% *}" -ge 8192 ]

status 0 daxctl-ext evacuate "$ours" --progress=none
is "our memory is gone" "$(mem_blocks_of "$ours")" ""
is "no page of the neighbour has moved" "$(frames_in "$other" "$hold")" "$neighbour"
is "nor a page of the other process that was behind the other port" "$(frames_in "$other" "$both")" "$in_other"
is "the other port's blocks are what they were" "$(states_of "$other")" "$states"
is "the neighbour's data is what it was" "$(hold_sha)" "$sha"

status 0 daxctl-ext restore "$ours" --progress=none
is "our memory is online again" "$(states_of "$ours")" "$(states_of "$other")"
is "the neighbour is where it was" "$(frames_in "$other" "$hold")" "$neighbour"
hold_stop
kill $populate
region_teardown "$other" && region_teardown "$ours" || not_ok "tear down"
