# SPDX-License-Identifier: GPL-2.0-or-later
#
# What assess predicts, recover does: below a switch, two regions on a device, an interleave with a region besides.
#
# topology: many
# timeout: 240

. /guest/assess.sh
echo offline >$MEMORY/auto_online_blocks
outcome 0000:0c:01.0 reboot # a switch
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x2001)" 0x10000000)
check "the memory behind the switch is online" region_online "$region" movable
outcome 0000:0c:01.0 reboot
check "its region can be undone" region_teardown "$region"

region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
outcome 0000:0c:00.0 recoverable # with half of the device in no region
region=$(regions)
both=$(region_create_ram decoder0.2 "$(memdev_by_serial 0x1234),$(memdev_by_serial 0x5678)" 0x20000000)
outcome 0000:0c:00.0 fix-first
outcome 0000:de:00.0 fix-first
outcome 0000:de:01.0 recoverable # persistent memory, in no region
check "the interleaved region can be undone" region_teardown "$both"
outcome 0000:0c:00.0 recoverable
