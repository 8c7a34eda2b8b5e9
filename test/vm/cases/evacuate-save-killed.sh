# SPDX-License-Identifier: GPL-2.0-or-later
#
# Saving contents is cut short by a signal or by SIGKILL; the same command goes on, and nothing newer is lost.
#
# qemu: fast
# timeout: 300

sum() { dax-data sum "/dev/$dax"; }

has_partial() { ls /save/*.partial >/dev/null 2>&1; }

# cut_short SIGNAL: evacuating, as soon as it writes the file; its exit status
cut_short() {
	daxctl-ext evacuate "$dax" --yes --save /save >/run/out 2>/run/err 3>&- 4>&- &
	wait_for 60 has_partial
	kill "-$1" $!
	wait $!
}

echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
check "the region is devdax" dax_use "$region" device_dax
dax-data fill 1 "/dev/$dax"
mkdir -m 700 /save

cut_short INT
is "SIGINT stops it half-way" $? 4
is "of a file that is not whole nothing is left" "$(ls -A /save)" ""
is "the device is in service" "$(dax_driver "$dax")" device_dax
dax-data fill 2 "/dev/$dax" # somebody goes on with it
before=$(sum)
cut_short KILL
is "SIGKILL ends it" $? 137
check "and leaves a part of a file" has_partial
file=$(echo /save/*.partial)
file=${file%.partial}
status 0 daxctl-ext evacuate "$dax" --yes --save /save
check "the file of the same name is whole now" [ -e "$file" ]
is "and no part is left" "$(find /save -name '*.partial')" ""
status 0 daxctl-ext restore --all
is "the data is as it was" "$(sum)" "$before"

# Undone instead: what somebody wrote since is not overwritten.
cut_short INT
is "stopped again" $? 4
dax-data fill 3 "/dev/$dax"
after=$(sum)
status 0 daxctl-ext restore --all
is "what was written meanwhile is there" "$(sum)" "$after"
rm -f /save/*

# Somebody opens it, writes and goes, while its contents are being saved.
daxctl-ext evacuate "$dax" --yes --save /save >/run/out 2>/run/err 3>&- 4>&- &
evacuate=$!
wait_for 60 has_partial
dax-data fill 4 "/dev/$dax"
after=$(sum)
wait $evacuate
is "that is noticed" $? 1
check "and said" grep -q "^daxctl-ext: the contents of $dax changed after they were saved" /run/err
is "what was written is there" "$(sum)" "$after"
is "in service" "$(dax_driver "$dax")" device_dax
rm -f /save/*

# Somebody puts it into service by hand: what he writes there is not written over.
status 0 daxctl-ext evacuate "$dax" --yes --save /save
echo "$dax" >"$DAX/drivers/device_dax/new_id"
dax-data fill 5 "/dev/$dax"
after=$(sum)
status 4 daxctl-ext restore "$dax"
check "that is said" grep -q "^daxctl-ext: $dax is in service, and its contents are not those" /run/err
is "what was written since is there" "$(sum)" "$after"
status 0 daxctl-ext restore "$dax" --discard-contents
is "and stays" "$(sum)" "$after"
rm -f /save/*

# Without the file nothing can be written back.
status 0 daxctl-ext evacuate "$dax" --yes --save /save
echo "$dax" >"$DAX/drivers/device_dax/new_id"
dax-data wipe "/dev/$dax"
echo "$dax" >"$DAX/drivers/device_dax/unbind"
rm -f /save/*
status 4 daxctl-ext restore "$dax"
check "the file is missed" grep -q "^daxctl-ext: cannot open /save/.*No such file" /run/err
status 0 daxctl-ext restore "$dax" --discard-contents
is "given up, it is in service" "$(dax_driver "$dax")" device_dax
check "the region can be undone" region_teardown "$region"
