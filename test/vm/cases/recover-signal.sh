# SPDX-License-Identifier: GPL-2.0-or-later
#
# A signal in the middle puts everything back; a second operation meanwhile is refused.

echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online" region_online "$region" movable
check "a process holds data that takes a while to move" hold_start "$(node_of "$region")" 16
sha=$(hold_sha)

cxl-iso recover 0000:0c:00.0 --yes >/run/out 2>/run/err 3>&- 4>&- &
recover=$!
check "it is evacuating" wait_for 20 grep -Eq ' (move what is in|offline) 2 memory blocks' /run/err
cp /run/err /run/first.err
status 3 cxl-iso recover 0000:de:00.0 --yes
check "a second one is refused and names the first" \
	grep -q "^cxl-iso: another operation is running: recover.*process $recover$" /run/err
kill -INT "$recover"
wait "$recover"
is "stopped by a signal: exit status" $? 1
is "the memory is online again" "$(block_state "$region")" online
is "the region never went" "$(cat "$CXL/$region/commit")" 1
is "the data is what it was" "$(hold_sha)" "$sha"

status 0 cxl-iso recover 0000:0c:00.0 --yes
is "and now without a signal" "$(hold_sha)" "$sha"
hold_stop
check "the region can be undone" region_teardown "$region"
