# SPDX-License-Identifier: GPL-2.0-or-later
#
# A control: a port reset under memory with kernel objects on it kills the host.
#
# expect-death: the kernel's own objects are gone

memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
# What Debian's policy for new memory does.
check "the memory is online in zone Normal" region_online "$region" kernel
node=$(node_of "$region")
check "a process has files made, whose kernel objects are on the node" hold_start "$node" 4 --files 2000

announce_death
port_reset "$(port_of "$memdev")"
# Touch what was there.
ls -l /run/hold.d
hold_stop
