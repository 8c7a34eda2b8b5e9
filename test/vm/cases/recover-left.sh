# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory that the kernel could not take away from kmem is never reset under its users: only a reboot helps.
#
# boot: own
# expect-log: cannot be hotremoved

echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
check "the memory is online" region_online "$region" movable
block=$(mem_blocks_of "$region" | head -n 1)

rm -f /run/progress
mkfifo /run/progress
cxl-iso recover 0000:0c:00.0 --yes --progress=json 2>/run/progress >/dev/null 3>&- 4>&- &
recover=$!
while read -r line; do
	case $line in
	*'"begin"'*'"step":"unbind-dax"'*)
		kill -9 $recover
		break
		;;
	esac
done </run/progress
wait $recover 2>/dev/null
check "it was cut short" [ -e /var/lib/cxl-iso/recover-0000:0c:00.0.json ]

# A block goes online between the last look and the unbind: the kernel gives up on it for good.
[ -n "$(dax_driver "$dax")" ] || echo "$dax" >$DAX/drivers/kmem/bind
echo online_movable >"$MEMORY/$block/state"
echo "$dax" >$DAX/drivers/kmem/unbind
is "the block is online without a driver" "$(cat "$MEMORY/$block/state") $(dax_driver "$dax")" "online "
check "a process holds data there" hold_start "$(node_of "$region")" 4
sha=$(hold_sha)

for how in --resume --abort --resume; do
	status 5 cxl-iso recover 0000:0c:00.0 $how
	is "nothing was reset: the data is what it was" "$(hold_sha)" "$sha"
	is "the region is committed" "$(cat "$CXL/$region/commit")" 1
done
status 0 cxl-iso recover 0000:0c:00.0 --forget
status 3 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
check "nor is a new one begun" grep -q '^cxl-iso: memory-left: ' /run/err
is "the data is still what it was" "$(hold_sha)" "$sha"
