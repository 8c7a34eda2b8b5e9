# SPDX-License-Identifier: GPL-2.0-or-later
#
# The memory of a region is divided among dax devices of several ranges: a recovery divides it so again.
#
# topology: divided
# qemu: fast

port=0000:0c:00.0
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x40000000)
first=$(mem_blocks_of "$region" | sed -n '1s/memory//p')
block() { echo "$MEMORY/memory$((first + $1))"; }
blocks() { mem_picture "$region"; }
picture() { dax_layout && blocks; }

# dax0.0: System RAM, of blocks 4 and 5 and then the first two, of which one is offline; dax0.2: a devdax of the third,
# and half of the next; dax0.3: System RAM, of the other half, which is no block, and the last two. The seventh is free.
echo dax0.0 >$DAX/drivers/kmem/unbind
check "dax0.0 has two ranges" dax_set "$region" dax0.0 512-768 0-256
for _ in 1 2 3; do dax_create "$region"; done
check "a number is left out" dax_delete "$region" dax0.1
check "dax0.2 lies between them" dax_set "$region" dax0.2 256-448
check "dax0.3 does, and behind" dax_set "$region" dax0.3 448-512 896-1024
modprobe device_dax
echo dax0.0 >$DAX/drivers/kmem/bind
echo dax0.2 >$DAX/drivers/device_dax/new_id
echo dax0.2 >$DAX/drivers/device_dax/remove_id
echo dax0.3 >$DAX/drivers/kmem/bind
for number in 0 4 5 7; do echo online_movable >"$(block $number)/state"; done
is "its blocks are those that they should be" "$(blocks | cut -d ' ' -f 1,2)" "0 online
1 offline
4 online
5 online
7 online"
before=$(picture)
echo "$before"
cxl-iso capture /run/capture.json
is "offsets are bytes in a capture" "$(grep -o '"offset": [0-9]*' /run/capture.json | sort -u | tr '\n' ' ')" \
	'"offset": 0 "offset": 268435456 "offset": 67108864 '

check "a process holds data on it" hold_start "$(cat $DAX/devices/dax0.0/target_node)" 64
sha=$(hold_sha)
echo online >$MEMORY/auto_online_blocks
status 0 cxl-iso recover $port --yes --discard-contents
check "it says what it does" grep -q 'make its dax devices of the ranges of before ... done' /run/err
is "all is as it was" "$(picture)" "$before"
is "the data, too" "$(hold_sha)" "$sha"
check "and the device decodes it" hdmcheck --online-check
is "the policy for new memory is as it was" "$(cat $MEMORY/auto_online_blocks)" online
status 0 cxl-iso recover $port --yes --discard-contents
is "twice is as good as once" "$(picture)" "$before"
is "for the data as well" "$(hold_sha)" "$sha"
hold_stop

# A region that nobody uses comes back so, and no block with it.
echo offline >$MEMORY/auto_online_blocks
check "all is offline" region_offline "$region"
for dax in dax0.0 dax0.2 dax0.3; do
	echo $dax >"$DAX/devices/$dax/driver/unbind"
	echo 0 >"$DAX/devices/$dax/size"
done
check "its spare devices go" dax_delete "$region" dax0.2
check "both" dax_delete "$region" dax0.3
before=$(picture)
echo online >$MEMORY/auto_online_blocks
status 0 cxl-iso recover $port --yes
is "nobody has anything of it" "$(picture)" "$before"
is "no block came up" "$(blocks)" ""
echo offline >$MEMORY/auto_online_blocks
check "the region can be undone" region_teardown "$(regions)"
