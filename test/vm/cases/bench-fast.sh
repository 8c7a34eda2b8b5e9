# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bench itself: the newer emulator maps CXL memory, so that much data can be held there.
#
# qemu: fast

region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online in zone Movable" region_online "$region" movable
began=$(cut -d . -f 1 /proc/uptime)
check "a process holds 64 MiB there" hold_start "$(node_of "$region")" 64
sha=$(hold_sha)
is "and keeps them" "$(hold_sha)" "$sha"
check "in less than 30 s" [ $(($(cut -d . -f 1 /proc/uptime) - began)) -lt 30 ]
check "it moves away" region_teardown "$region"
is "with its data" "$(hold_sha)" "$sha"
