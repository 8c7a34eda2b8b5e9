# SPDX-License-Identifier: GPL-2.0-or-later
#
# A control: the reset of the naive cases does no harm after an orderly removal, and the memory comes back.

memdev=$(memdev_by_serial 0x1234)
port=$(port_of "$memdev")
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
resource=$(cat "$CXL/$region/resource")
check "the memory is online in zone Movable" region_online "$region" movable
check "a process holds data on it" hold_start "$(node_of "$region")" 4
sha=$(hold_sha)

check "the region is taken down" region_teardown "$region"
for function in $(below_port "$port"); do
	echo 1 >"$PCI/devices/$function/remove"
done
check "the port is reset" port_reset "$port"
echo 1 >"$PCI/rescan"
check "the device is back" wait_for 20 memdev_is_ready 0x1234

region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
is "the region is back where it was" "$(cat "$CXL/$region/resource")" "$resource"
check "the memory is online again" region_online "$region" movable
is "the process has its data" "$(hold_sha)" "$sha"
hold_stop
check "the memory holds new data" hold_start "$(node_of "$region")" 4
sha=$(hold_sha)
is "and keeps it" "$(hold_sha)" "$sha"
