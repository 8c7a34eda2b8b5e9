# SPDX-License-Identifier: GPL-2.0-or-later
#
# A port that is gone, and a kernel that is locked down: what can not be read is called unknown, and why.
#
# boot: own

. /guest/isolation.sh
port=0000:0c:00.0
empty=0000:de:01.0

echo 1 >$PCI/devices/$empty/remove
check "a root port is gone" [ ! -e $PCI/devices/$empty ]
status 0 cxl-iso list -i
is "then it is not listed" "$(grep -c $empty /run/out)" 0
for command in 'set-timeout --enable' enable-isolation disable-isolation clear-isolation; do
	# shellcheck disable=SC2086
	status 2 cxl-iso $command $empty
	check "  says: no such port" grep -q "^cxl-iso: there is no CXL root port \"$empty\"" /run/err
done
echo "$empty mem-timeout=on" >/run/settings
status 3 cxl-iso apply /run/settings
check "  says: no such port" grep -q "there is no CXL root port \"$empty\"" /run/err
echo 1 >$PCI/rescan
wait_for 10 [ -e $PCI/devices/$empty ]
status 0 cxl-iso list -i $empty
check "it is back" grep -q "^$empty *none" /run/out

check "no memory is online that no device decodes, as long as one may look" hdmcheck --online-check
mount -t securityfs security /sys/kernel/security
if ! echo integrity >/sys/kernel/security/lockdown; then
	skip "lockdown" "this kernel has none"
else
	check "the kernel is locked down" grep -q '\[integrity\]' /sys/kernel/security/lockdown
	status 0 cxl-iso list -i
	is "no port is known to have none" "$(grep -c ' unknown *$' /run/out)" 4
	for command in 'set-timeout --enable' enable-isolation disable-isolation clear-isolation; do
		# shellcheck disable=SC2086
		status 3 cxl-iso $command $port
		check "  says: unknown" grep -q "^cxl-iso: capability-unknown: .*$port" /run/err
		check "  hints: lockdown" grep -q '^hint: .*/sys/kernel/security/lockdown' /run/err
	done
	status 3 cxl-iso enable-isolation all
	check "all does not take unknown for none" grep -q unknown /run/err
	status 0 cxl-iso list --settings
	is "no settings" "$(cat /run/out)" ""
	# What is asked after every case can not be asked any more; it has been, above, and nothing was onlined since.
	printf '#!/bin/sh\n' >/run/hdmcheck
	chmod +x /run/hdmcheck
	mount -o bind /run/hdmcheck "$(which hdmcheck)"
fi
is "no violation" "$(isolation_violations 2>/dev/null)" ""
