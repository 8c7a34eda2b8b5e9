# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names of dax devices change: what was evacuated under a name that is another's now keeps its journal.

journals() { cat /var/lib/cxl-iso/*.json | sha256sum; }
start_of() { cat "$DAX/devices/$1/resource"; }

# A region without a target keeps the lowest range of the window from the one that is evacuated.
echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
placeholder=$(cat $CXL/decoder0.0/create_ram_region)
echo "$placeholder" >$CXL/decoder0.0/create_ram_region
echo 256 >"$CXL/$placeholder/interleave_granularity"
echo 1 >"$CXL/$placeholder/interleave_ways"
echo 0x10000000 >"$CXL/$placeholder/size"
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
before=$(start_of "$dax")
status 0 daxctl-ext evacuate "$dax"
check "its region goes" region_teardown "$region"

# Now that range is free: the name is the same, what has it is not.
echo 0 >"$CXL/$placeholder/size"
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
is "another has the name now" "$(dax_of "$region")" "$dax"
check "  at another address" [ "$(start_of "$dax")" != "$before" ]
journals=$(journals)
status 3 daxctl-ext evacuate "$dax"
check "it is said" grep -q "^daxctl-ext: what was called $dax before was evacuated" /run/err
is "the journal is as it was" "$(journals)" "$journals"
is "it is in service" "$(dax_driver "$dax")" kmem
status 0 daxctl-ext restore --all --forget

# Two evacuations, and what one of them took down is in service again: both journals stay.
second=$(region_create_ram decoder0.1 "$(memdev_by_serial 0x5678)" 0x10000000)
other=$(dax_of "$second")
status 0 daxctl-ext evacuate "$dax"
status 0 daxctl-ext evacuate "$other"
journals=$(journals)
for name in "$dax" "$other"; do
	echo "$name" >$DAX/drivers/kmem/bind
	status 3 daxctl-ext evacuate "$dax" "$other"
	check "  $name was evacuated before" grep -q "^daxctl-ext: $name was evacuated before" /run/err
	is "  the journals are as they were" "$(journals)" "$journals"
	echo "$name" >$DAX/drivers/kmem/unbind
done
status 0 daxctl-ext restore --all
is "both are back" "$(dax_driver "$dax") $(dax_driver "$other")" "kmem kmem"
echo "$placeholder" >$CXL/decoder0.0/delete_region
check "the regions can be undone" region_teardown "$region"
check "  both of them" region_teardown "$second"
