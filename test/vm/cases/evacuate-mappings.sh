# SPDX-License-Identifier: GPL-2.0-or-later
#
# A dax device of two ranges: only its own memory blocks are taken offline, all of them, and put back.
#
# topology: divided
# qemu: fast

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x40000000)
first=$(mem_blocks_of "$region" | sed -n '1s/memory//p')
blocks() { mem_picture "$region"; }
picture() { dax_layout && blocks; }

# A neighbour lies between the two ranges, and the second of them ends within a block.
echo dax0.0 >$DAX/drivers/kmem/unbind
check "the higher range comes first in it" dax_set "$region" dax0.0 768-960 0-256
dax_create "$region"
check "a neighbour has what is in between" dax_set "$region" dax0.1 256-768
echo dax0.0 >$DAX/drivers/kmem/bind
echo dax0.1 >$DAX/drivers/kmem/bind
is "the block that is but half its own is none" "$(blocks | cut -d ' ' -f 1 | tr '\n' ' ')" "0 1 2 3 4 5 6 "
for block in 0 1 6; do echo online_movable >"$MEMORY/memory$((first + block))/state"; done
check "a process holds data on it" hold_start "$(cat $DAX/devices/dax0.0/target_node)" 64
for block in 2 3 4 5; do echo online_movable >"$MEMORY/memory$((first + block))/state"; done
all=$(picture)
echo "$all"
sha=$(hold_sha)
status 0 daxctl-ext evacuate dax0.0
is "all its blocks are gone, and no other" "$(blocks)" "2 online Movable
3 online Movable
4 online Movable
5 online Movable"
is "it is unbound, its neighbour is not" "$(dax_driver dax0.0) $(dax_driver dax0.1)" " kmem"
is "the data is what it was" "$(hold_sha)" "$sha"
status 0 daxctl-ext evacuate dax0.0
status 0 daxctl-ext restore dax0.0
is "all is as it was" "$(picture)" "$all"
is "the data, too" "$(hold_sha)" "$sha"

# Somebody divides the region anew while it is out of service: what is there now is another device.
status 0 daxctl-ext evacuate dax0.0
check "its ranges change" dax_set "$region" dax0.0 0-256 768-960
status 4 daxctl-ext restore dax0.0
check "that is refused and said" grep -q 'dax0.0 has other ranges than it had before' /run/err
is "nothing came online" "$(blocks | wc -l)" 4
check "it is as it was again" dax_set "$region" dax0.0 768-960 0-256
status 0 daxctl-ext restore dax0.0
is "then it comes back" "$(picture)" "$all"

status 0 daxctl-ext evacuate "$region"
is "both are evacuated together" "$(blocks)" ""
status 0 daxctl-ext restore "$region"
is "and come back" "$(picture)" "$all"
is "with the data" "$(hold_sha)" "$sha"
hold_stop
check "the region can be undone" region_teardown "$region"
