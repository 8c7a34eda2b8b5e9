# SPDX-License-Identifier: GPL-2.0-or-later
#
# What assess predicts, recover does: a region in every state, on one port and over two.
#
# timeout: 400

. /guest/assess.sh
port=0000:0c:00.0
serial=0x1234

echo offline >$MEMORY/auto_online_blocks
outcome 0000:de:01.0 fix-first # empty
outcome 0000:0c:01.0 recoverable # dynamic capacity, none given out
outcome $port recoverable
region=$(region_create_ram decoder0.0 "$(memdev_by_serial $serial)" 0x10000000)
outcome $port recoverable # offline
region=$(regions)

check "the memory is online" region_online "$region" movable
check "a process holds data there" hold_start "$(node_of "$region")" 2 --mlock
sha=$(hold_sha)
outcome $port recoverable
is "  and the data is there" "$(hold_sha)" "$sha"
hold_stop
region=$(regions)

unmovable "$(node_of "$region")" >/run/unmovable 3>&- 4>&- & # zone Movable: its pages are elsewhere
unmovable=$!
wait_for 10 grep -q unmovable /run/unmovable
outcome $port recoverable
kill $unmovable
wait $unmovable 2>/dev/null
region=$(regions)

echo 2 >"/sys/devices/system/node/node$(node_of "$region")/hugepages/hugepages-2048kB/nr_hugepages"
outcome $port recoverable
region=$(regions)

check "the memory is in zone Normal" region_online "$region" kernel
outcome $port fix-first
check "the memory is offline" region_offline "$region"
outcome $port recoverable
region=$(regions)

check "the region is devdax" dax_use "$region" device_dax
dax=$(dax_of "$region")
dax-user "/dev/$dax" >/run/users 3>&- 4>&- &
user=$!
wait_for 10 grep -q mapped /run/users
outcome $port fix-first
kill $user
wait $user 2>/dev/null
outcome $port recoverable-losing
region=$(regions)
dax=$(dax_of "$region")
echo "$dax" >$DAX/drivers/device_dax/unbind
outcome $port recoverable-losing # it may have contents all the same
region=$(regions)
check "the region can be undone" region_teardown "$region"

both=$(region_create_ram decoder0.2 "$(memdev_by_serial $serial),$(memdev_by_serial 0x5678)" 0x20000000)
outcome $port fix-first
outcome 0000:de:00.0 fix-first
check "the region can be undone" region_teardown "$both"
outcome 0000:de:00.0 recoverable
