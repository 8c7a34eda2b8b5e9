# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: the kernel keeps its records of the memory on the memory itself, where it was told to and nowhere else.
#
# boot: own
# kernel: memory_hotplug.memmap_on_memory=1

. /guest/assess.sh
port=0000:0c:00.0

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
is "the device wants it" "$(cat "$DAX/devices/$dax/memmap_on_memory")" 1
check "the memory is online" region_online "$region" movable
assessed $port recoverable
finds memmap-on-memory note "$dax" "page structs of $dax on $dax itself"
assessed $port reboot --situation isolated
finds memmap-on-memory reboot "$dax" 'can not even take its memory away'
outcome $port recoverable
region=$(regions)
dax=$(dax_of "$region")
is "it is as it was" "$(cat "$DAX/devices/$dax/memmap_on_memory") $(block_state "$region")" "1 online"

check "the region can be undone" region_teardown "$region"
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
echo "$dax" >$DAX/drivers/kmem/unbind
echo 0 >"$DAX/devices/$dax/memmap_on_memory"
echo "$dax" >$DAX/drivers/kmem/bind
check "the memory is online" region_online "$region" movable
assessed $port recoverable
finds_no memmap-on-memory
outcome $port recoverable
is "nor does recover change that" "$(cat "$DAX/devices/$(dax_of "$(regions)")/memmap_on_memory")" 0
