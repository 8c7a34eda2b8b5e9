# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job: System RAM in use is evacuated, the port reset, and everything comes back as it was.

echo online >$MEMORY/auto_online_blocks # Debian's policy, which must not decide the zone on the way back
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online in zone Movable" region_online "$region" movable
check "a process holds data on it" hold_start "$(node_of "$region")" 4
is "all of it is there" "$(hold_nodes)" "node$(node_of "$region")=1024 absent=0"
sha=$(hold_sha)
picture() {
	for attribute in resource size mode commit; do cat "$CXL/$region/$attribute"; done
	dax_driver "$(dax_of "$region")"
	for block in $(mem_blocks_of "$region"); do
		echo "$block $(cat "$MEMORY/$block/state") $(cat "$MEMORY/$block/valid_zones")"
	done
}
before=$(picture)

status 0 cxl-iso list -j
cp /run/out /run/live.json
status 0 cxl-iso capture --full /run/capture.json
status 0 cxl-iso list -j --from /run/capture.json
check "the live list and that of its capture are the same, byte for byte" cmp /run/out /run/live.json
is "a capture is nobody else's to read" "$(stat -c %a /run/capture.json)" 600
status 1 cxl-iso capture /run/capture.json
check "a capture does not overwrite a file" grep -q 'File exists' /run/err

status 0 cxl-iso recover 0000:0c:00.0 --dry-run
is "a dry run changes nothing" "$(picture)" "$before"
status 2 cxl-iso recover 0000:0c:00.0
check "without a terminal it wants --yes" grep -q -- '--yes' /run/err
is "and changes nothing" "$(picture)" "$before"

status 0 cxl-iso recover 0000:0c:00.0 --yes
is "the region is back at its address, online in its zone" "$(picture)" "$before"
check "the process lives" [ -e "/proc/$hold" ]
is "and has its data" "$(hold_sha)" "$sha"
check "the device's registers decode it" hdmcheck --online-check
is "the policy for new memory is as it was" "$(cat $MEMORY/auto_online_blocks)" online

status 0 cxl-iso recover 0c:00.0 --yes --json --progress=json
check "the result is JSON and says so" grep -q '"outcome": "done"' /run/out
check "the progress is JSON lines" grep -q '^{"event":"end","step":"reset-port".*"result":"done"' /run/err
is "twice is as good as once" "$(picture)" "$before"

hold_stop
check "the region can be undone" region_teardown "$region"
status 0 cxl-iso recover 0000:0c:00.0 --yes
check "a device without a region is recovered as well" memdev_is_ready 0x1234
echo offline >$MEMORY/auto_online_blocks
