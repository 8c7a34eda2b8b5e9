# SPDX-License-Identifier: GPL-2.0-or-later
#
# A region keeps its address although the kernel would put it into a lower hole; where the address can not be had
# again, nothing is touched.
#
# topology: two-on-port-window

echo offline >$MEMORY/auto_online_blocks
low=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
high=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x5678)" 0x10000000)
check "both regions are online" region_online "$low" movable
check "and the higher one" region_online "$high" movable
low_address=$(cat "$CXL/$low/resource")
high_address=$(cat "$CXL/$high/resource")
check "the second lies higher" [ $((high_address)) -gt $((low_address)) ]

status 3 cxl-iso recover 0000:0c:00.0 --yes
check "the lower one could not be built again below the higher" grep -q '^cxl-iso: address-order:' /run/err
is "it is as it was" "$(cat "$CXL/$low/commit") $(block_state "$low")" "1 online"

check "a process holds data in the lower region's node" hold_start "$(node_of "$low")" 4
sha=$(hold_sha)
status 0 cxl-iso recover 0000:0c:01.0 --yes
is "the neighbour was left alone" "$(cat "$CXL/$low/commit") $(block_state "$low")" "1 online"
is "the data is what it was" "$(hold_sha)" "$sha"
hold_stop

check "the lower region is undone: a hole" region_teardown "$low"
status 0 cxl-iso recover 0000:0c:01.0 --yes
is "one region, no placeholder is left" "$(regions | wc -l)" 1
high=$(regions)
is "it has its address" "$(cat "$CXL/$high/resource")" "$high_address"
is "and is online" "$(block_state "$high")" online
is "in its zone" "$(cat "$MEMORY/$(mem_blocks_of "$high" | head -n 1)/valid_zones")" Movable
check "the region can be undone" region_teardown "$high"
