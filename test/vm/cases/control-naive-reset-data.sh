# SPDX-License-Identifier: GPL-2.0-or-later
#
# A control: a port reset under memory with user data only leaves a living host with wrong data, and says nothing.
#
# boot: own
# expect-log: SBR happened

memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online in zone Movable" region_online "$region" movable
check "a process holds data on it" hold_start "$(node_of "$region")" 4
sha=$(hold_sha)

kill -STOP "$hold" # so that nobody is hurt but the data
check "the port can be reset" port_reset "$(port_of "$memdev")"
kill -CONT "$hold"
check "the process lives" [ -e "/proc/$hold" ]
after=$(hold_sha)
check "its data is there" [ ${#after} = ${#sha} ]
check "and wrong" [ "$after" != "$sha" ]
is "the kernel believes the region committed" "$(cat "$CXL/$region/commit")" 1
status 1 hdmcheck --online-check
cat /run/out

hold_stop
check "the memory can be taken offline before somebody else uses it" region_offline "$region"
