# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: what isolation registers say, before an isolation and during it.

. /guest/assess.sh
. /guest/isolation.sh
rm -rf /run/cxl-iso
port=0000:0c:00.0

echo offline >$MEMORY/auto_online_blocks
assessed $port recoverable
finds isolation-absent note $port 'can not isolate'
isolation_start $port || not_ok "an emulator"
assessed $port recoverable
finds isolation-off note $port 'isolation of .* is off'
finds timeout-off note $port 'no CXL.mem timeout'
finds_no isolation-absent isolation-unknown isolation-by-firmware isolation-unnoticed isolation-with-ram \
	timeout-too-short timeout-without-isolation port-isolated rp-busy

isolation_send control 0x00000010 # timeout enabled, its default range
assessed $port recoverable
finds timeout-too-short warns $port '50 us'
finds timeout-without-isolation warns $port 'a slow access resets'
finds_no timeout-off
isolation_send control 0x00010011 # isolation too, range A1
assessed $port recoverable
finds timeout-too-short warns $port 'A1'
finds isolation-unnoticed warns $port 'nobody would notice'
finds_no timeout-without-isolation isolation-off isolation-with-ram
isolation_send control 0x04010016 # range B2, ERR_COR
assessed $port recoverable
finds_no timeout-too-short isolation-unnoticed
status 0 cxl-iso set-timeout $port --range C1 # whoever changes a port notes what he found
assessed $port recoverable
finds isolation-by-firmware note $port 'armed by firmware'
isolation_send control 0
status 0 cxl-iso enable-isolation $port --err-cor
assessed $port recoverable
finds_no isolation-by-firmware isolation-off isolation-unnoticed

region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
check "the memory is online" region_online "$region" movable
assessed $port recoverable
finds isolation-with-ram warns "$dax" 'machine checks and a reboot'

isolation_send timeout mem
isolation_send status 0x00000101
assessed $port reboot
is "  situation" "$(said situation)" isolated
finds ram-online reboot "$dax" 'machine check'
finds_no port-isolated isolation-with-ram rp-busy
assessed $port fix-first --situation planned
finds port-isolated blocks $port 'in isolation'
isolation_send busy on
assessed $port reboot
finds rp-busy blocks $port 'outstanding transactions'
isolation_send busy off
isolation_send status 0x00000101 # what is read clears nothing
is "assess wrote no register" "$(isolation_log $port | grep ' written ' | grep -vc control)" 0

check "the memory is offline" region_offline "$region"
assessed $port recoverable
is "  situation" "$(said situation)" isolated
check "the region is devdax" dax_use "$region" device_dax
assessed $port recoverable-losing
finds devdax-contents loses-data "$dax" 'are lost'
isolation_send busy on
assessed $port fix-first
finds rp-busy blocks $port 'outstanding transactions'
finds_no ram-online
isolation_send busy off
isolation_send status 0
is "no violation" "$(isolation_violations)" ""
