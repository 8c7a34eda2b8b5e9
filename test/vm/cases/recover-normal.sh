# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory in a kernel zone: refused beforehand; tried on request, and then everything is put back. Whether it could be
# emptied once the process is gone is luck: slabs of others may have come to it (they do on Linux 7.2).

echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online in zone Normal" region_online "$region" kernel
blocks=$(mem_blocks_of "$region" | sed 's/memory//' | tr '\n' '-' | sed 's/-$//')
picture() {
	cat "$CXL/$region/resource" "$CXL/$region/commit"
	for block in $(mem_blocks_of "$region"); do
		echo "$block $(cat "$MEMORY/$block/state") $(cat "$MEMORY/$block/valid_zones")"
	done
}
before=$(picture)

status 3 cxl-iso recover 0000:0c:00.0 --yes
check "refused by name" grep -q "^cxl-iso: zone-normal: memory$blocks of dax" /run/err
is "nothing was touched" "$(picture)" "$before"
status 3 cxl-iso recover 0000:0c:00.0 --yes --json
check "the same in JSON" grep -q '"message": "zone-normal: memory' /run/out
status 2 cxl-iso recover 0000:0c:00.0 --yes --force=devdax-in-use
check "other rules have no override" grep -q 'no rule of that name can be overridden' /run/err

unmovable "$(node_of "$region")" >/run/unmovable 3>&- 4>&- &
unmovable=$!
check "kernel pages are on the node" wait_for 10 grep -q '^16 unmovable pages' /run/unmovable
status 1 cxl-iso recover 0000:0c:00.0 --yes --force=zone-normal --timeout 20
check "the message names the block, its zone and the reason" \
	grep -q '^cxl-iso: memory[0-9]* (0x[0-9a-f]*, zone Normal) can not be offlined: ' /run/err
is "everything is as it was" "$(picture)" "$before"
check "the process lives" [ -e "/proc/$unmovable" ]

kill "$unmovable"
wait "$unmovable" 2>/dev/null
