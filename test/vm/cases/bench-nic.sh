# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bench itself: functions that are no memory, below root ports of CXL, at work.
#
# topology: nic

is "two functions are below 0000:0c:00.0" "$(below_port 0000:0c:00.0 | tr '\n' ' ')" "0000:0d:00.0 0000:0d:00.1 "
is "one is the memory device" "$(port_of "$(memdev_by_serial 0x1234)")" 0000:0c:00.0
is "one is below 0000:de:01.0" "$(below_port 0000:de:01.0)" 0000:e0:00.0

for function in 0000:0d:00.1 0000:e0:00.0; do
	nic=$(nic_of "$function")
	check "the adapter $function reaches the network" nic_works "$nic"
done
