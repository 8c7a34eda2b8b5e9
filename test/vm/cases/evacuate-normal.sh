# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory in a kernel zone: evacuated as long as what is there can move, and else put back as it was.

. /guest/evacuate.sh

echo online >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online in zone Normal" region_online "$region" kernel
node=$(node_of "$region")
dax=$(dax_of "$region")
check "a process holds data there" hold_start "$node" 4
sha=$(hold_sha)
before=$(machine)

status 0 daxctl-ext evacuate "$dax"
check "it warned of the zone" grep -q "^warning: zone-normal: memory.* of $dax is online in a kernel zone" /run/err
check "and told of no option that is not there" [ -z "$(grep force=zone-normal /run/err)" ]
check "the memory is down" is_down "$region"
is "the data is what it was" "$(hold_sha)" "$sha"
status 0 daxctl-ext restore "$dax"
is "it is back, in its zone" "$(machine)" "$before"
hold_stop

unmovable "$node" >/run/unmovable 3>&- 4>&- &
unmovable=$!
check "kernel pages are on the node" wait_for 10 grep -q '^16 unmovable pages' /run/unmovable
status 1 daxctl-ext evacuate "$dax" --timeout 10
check "the message names the block and its zone" grep -q '^daxctl-ext: memory[0-9]* (0x[0-9a-f]*, zone Normal' /run/err
check "and says that all is as it was" grep -q "$dax was not evacuated; everything is as it was" /run/err
is "as it is" "$(machine)" "$before"
status 1 daxctl-ext evacuate "$dax" --timeout 5 --json --progress=none
check "the same in JSON" is_json /run/out
check "with what became of it" grep -q '"outcome": "put-back"' /run/out
is "as it was again" "$(machine)" "$before"
check "the process lives" [ -e "/proc/$unmovable" ]
kill "$unmovable"
wait "$unmovable" 2>/dev/null
