# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: functions below the port that are no memory, with a driver and without.
#
# topology: nic

. /guest/assess.sh
echo offline >$MEMORY/auto_online_blocks
outcome 0000:0c:00.0 fix-first
assessed 0000:0c:00.0 fix-first
finds foreign-driver blocks 0000:0d:00.1 'driven by e1000e'
finds_no foreign-idle
outcome 0000:de:01.0 fix-first
outcome 0000:0c:01.0 recoverable

echo 0000:0d:00.1 >$PCI/drivers/e1000e/unbind
assessed 0000:0c:00.0 recoverable
finds foreign-idle warns 0000:0d:00.1 'no driver now'
finds_no foreign-driver
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
outcome 0000:0c:00.0 recoverable
# The rescan has found it a driver again, as was said.
outcome 0000:0c:00.0 fix-first
