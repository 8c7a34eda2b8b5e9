# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bench itself: the hardware is as the topology says, and memory can be made, used and undone by hand.

ports=$(grep -l 0x060400 "$PCI"/devices/0000:*/class | cut -d / -f 6 | tr '\n' ' ')
is "four root ports" "$ports" "0000:0c:00.0 0000:0c:01.0 0000:de:00.0 0000:de:01.0 "

memdev=$(memdev_by_serial 0x1234)
is "device 0x1234 is below 0000:0c:00.0" "$(port_of "$memdev")" 0000:0c:00.0
is "device 0x5678 is below 0000:de:00.0" "$(port_of "$(memdev_by_serial 0x5678)")" 0000:de:00.0
is "device 0x9abc is below 0000:0c:01.0" "$(port_of "$(memdev_by_serial 0x9abc)")" 0000:0c:01.0
is "device 0x9abc has dynamic capacity only" "$(cat "$CXL/$(memdev_by_serial 0x9abc)/ram/size")" 0x0
is "windows interleave over 1, 1 and 2 bridges" \
	"$(cat "$CXL"/decoder0.[0-2]/interleave_ways | tr '\n' ' ')" "1 1 2 "

region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "a region comes up as System RAM" [ "$(dax_driver "$(dax_of "$region")")" = kmem ]
is "it has two memory blocks" "$(mem_blocks_of "$region" | wc -l)" 2
check "it goes online movable" region_online "$region" movable
is "in the Movable zone" "$(cat "$MEMORY/$(mem_blocks_of "$region" | head -n 1)/valid_zones")" Movable

check "a process holds memory on it" hold_start "$(node_of "$region")" 4
is "all its pages are there" "$(hold_nodes)" "node$(node_of "$region")=1024 absent=0"
sha=$(hold_sha)
is "its data stays as it is" "$(hold_sha)" "$sha"

check "the region can be undone" region_teardown "$region"
is "the process has its data, elsewhere" "$(hold_nodes) $(hold_sha)" "node0=1024 absent=0 $sha"

both=$(region_create_ram decoder0.2 "$memdev,$(memdev_by_serial 0x5678)" 0x20000000)
is "a region interleaved over both bridges comes up" "$(mem_blocks_of "$both" | wc -l)" 4
check "it goes online movable" region_online "$both" movable
check "the devices decode it" hdmcheck --online-check
check "it can be undone" region_teardown "$both"

check "QEMU answers the guest" qmp '{"execute": "query-status"}'
