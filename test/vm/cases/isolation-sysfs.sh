# SPDX-License-Identifier: GPL-2.0-or-later
#
# The two kernel interfaces that were posted, as files that keep what is written, under a kernel that is locked down.
#
# boot: own

. /guest/isolation.sh
port=0000:0c:00.0
other=0000:de:00.0

# fake PORT: its directory in sysfs is a tmpfs, with everything real mounted into it
fake() {
	local real entry name
	real=$(readlink -f "$PCI/devices/$1")
	mkdir -p "/run/real/$1" "/run/fake/$1"
	mount -o bind "$real" "/run/real/$1"
	mount -t tmpfs fake "/run/fake/$1"
	for entry in "/run/real/$1"/*; do
		name=${entry##*/}
		if [ -L "$entry" ]; then
			cp -P "$entry" "/run/fake/$1/"
		elif [ -d "$entry" ]; then
			mkdir "/run/fake/$1/$name"
			mount -o bind "$entry" "/run/fake/$1/$name"
		else
			: >"/run/fake/$1/$name"
			mount -o bind "$entry" "/run/fake/$1/$name"
		fi
	done
	mount -o rbind "/run/fake/$1" "$real"
}
backend() { cxl-iso list -o BACKEND "$1" | tail -n 1 | tr -d ' '; }

check "no memory is online that no device decodes, as long as one may look" hdmcheck --online-check
status 0 cxl-iso list --json
cp /run/out /run/before
mount -t securityfs security /sys/kernel/security
echo integrity >/sys/kernel/security/lockdown
check "the kernel is locked down" grep -q '\[integrity\]' /sys/kernel/security/lockdown
# What is asked after every case can not be asked any more.
printf '#!/bin/sh\n' >/run/hdmcheck
chmod +x /run/hdmcheck
mount -o bind /run/hdmcheck "$(which hdmcheck)"

fake $port
status 0 cxl-iso list $port
check "nothing has changed" grep -Eq "^$port pci0000:0c mem[0-9] .*unknown" /run/out

# July 2025.
dir=/run/fake/$port/cxl_isolation
mkdir $dir
echo b2 >$dir/timeout_range
echo 0 >$dir/timeout_ctrl
echo 0 >$dir/isolation_ctrl
attributes() { echo "$(tr -d '\n' <$dir/timeout_range) $(cat $dir/timeout_ctrl) $(cat $dir/isolation_ctrl)"; }
is "2025: the back end" "$(backend $port)" sysfs-2025
status 0 cxl-iso list -v $port
check "2025: what is known" grep -q 'IsoCtl:.*MemTimeout- MemIso- MemIsoLnkDn? MemRange=B2 CacheTimeout?' /run/out
check "2025: what is not" grep -q 'IsoSta:.*MemTimeout? MemIso?' /run/out
status 0 cxl-iso set-timeout $port --range C1
is "2025: as a number" "$(attributes)" "0x9 0 0"
status 0 cxl-iso set-timeout $port --enable
is "2025: enabled" "$(attributes)" "0x9 1 0"
status 0 cxl-iso set-timeout $port --disable --range a2
is "2025: both" "$(attributes)" "0x2 0 0"
status 0 cxl-iso enable-isolation $port
is "2025: isolation" "$(attributes)" "0x2 0 1"
is "2025: armed by us" "$(cxl-iso list -o ARMED-BY $port | tail -n 1 | tr -d ' ')" us
cxl-iso set-timeout $port --range C1 >/run/out 2>/run/err
is "2025: what turns isolation off is not done" "$? $(attributes)" "1 0x2 0 1"
check "  and said" grep -q 'known to turn isolation off' /run/err
cxl-iso enable-isolation $port --link-down >/run/out 2>/run/err
check "2025: what it can not do is not done" [ $? != 0 ]
cxl-iso clear-isolation $port >/run/out 2>/run/err
check "2025: a status that is unknown is not said to be clear" [ $? != 0 ]
status 0 cxl-iso disable-isolation $port
is "2025: off" "$(attributes)" "0x2 0 0"
status 0 cxl-iso list --settings $port
is "2025: the settings that are known" "$(cat /run/out)" "$port mem-range=A2 mem-timeout=off mem-isolation=off"

# February 2024.
dir=/sys/bus/pci_express/devices/$other:pcie020
mount -t tmpfs fake /sys/bus/pci_express/devices
mkdir "$dir"
printf '0x0\tDefault range (50us-10ms)\n0x1\tRange A (50us-100us)\n0x2\tRange A (1ms-10ms)\n0x5\tRange B (16ms-55ms)\n0x6\tRange B (65ms-210ms)\n' \
	>"$dir/available_timeout_ranges"
echo 2 >"$dir/timeout_range"
is "2024: the back end" "$(backend $other)" sysfs-2024
status 0 cxl-iso list -o ISOLATION,RANGES $other
check "2024: whether it is armed is unknown" grep -Eq '^unknown +AB' /run/out
status 0 cxl-iso set-timeout $other --range B2
is "2024: in hexadecimal" "$(tr -d '\n' <"$dir/timeout_range")" 0x6
status 3 cxl-iso set-timeout $other --range C1
cxl-iso set-timeout $other --enable >/run/out 2>/run/err
check "2024: what it can not do is not done" [ $? != 0 ]
is "2024: still" "$(tr -d '\n' <"$dir/timeout_range")" 0x6
is "no violation" "$(isolation_violations 2>/dev/null)" ""
