# SPDX-License-Identifier: GPL-2.0-or-later
#
# What assess predicts: memory lost under its users, memory that kmem could not take away, a kernel locked down.
#
# boot: own
# expect-log: SBR happened
# expect-log: cannot be hotremoved
# timeout: 240

. /guest/assess.sh
port=0000:0c:00.0

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
check "the memory is online, and nobody has any of it" region_online "$region" movable
assessed $port recoverable
finds_no decoder-lost
check "somebody resets the port without us" port_reset $port
outcome $port reboot
assessed $port reboot
finds decoder-lost reboot "$region" 'and lost online 256 MiB'
finds_no decoder-stale
check "the memory is offline" region_offline "$region"
assessed $port recoverable
finds decoder-stale warns "$region" "believes $region committed"
finds_no decoder-lost
outcome $port recoverable

region=$(regions)
dax=$(dax_of "$region")
block=$(mem_blocks_of "$region" | head -n 1)
assessed $port recoverable
finds_no memory-left kmem-incomplete
echo online_movable >"$MEMORY/$block/state"
echo "$dax" >$DAX/drivers/kmem/unbind
outcome $port reboot
assessed $port reboot
finds memory-left reboot "$dax" 'blocks of .* are left'
echo offline >"$MEMORY/$block/state"
assessed $port reboot
finds memory-left reboot "$dax" 'blocks of .* are left'

check "no memory is online that no device decodes, as long as one may look" hdmcheck --online-check
mount -t securityfs security /sys/kernel/security
assessed 0000:de:00.0 recoverable
finds_no lockdown isolation-unknown
if ! echo integrity >/sys/kernel/security/lockdown; then
	skip "lockdown" "this kernel has none"
else
	outcome 0000:de:00.0 reboot
	assessed 0000:de:00.0 reboot
	finds lockdown reboot kernel 'locked down .integrity.'
	finds isolation-unknown warns 0000:de:00.0 'registers can not be read'
	# What is asked after every case can not be asked any more; it has been, above, and nothing was onlined since.
	printf '#!/bin/sh\n' >/run/hdmcheck
	chmod +x /run/hdmcheck
	mount -o bind /run/hdmcheck "$(which hdmcheck)"
fi
