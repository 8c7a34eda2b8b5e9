# SPDX-License-Identifier: GPL-2.0-or-later
#
# Without the CXL drivers: list says so and changes nothing, recover loads them and says so.

check "the drivers are unloaded" modprobe -r cxl_mem cxl_pci cxl_acpi
check "there is no CXL bus left to see" [ ! -e "$CXL/root0" ]
status 0 cxl-iso list
check "the ports are listed, from PCI" grep -q '^0000:0c:00.0 ' /run/out
check "and why so little is known" grep -q 'note: the CXL drivers are not loaded: modprobe' /run/err
check "listing loads nothing" [ ! -e "$CXL/root0" ]

status 0 cxl-iso recover 0000:0c:00.0 --yes
for module in cxl_acpi cxl_pci cxl_mem; do
	check "recover loads $module and says so" grep -q "^loaded module $module\$" /run/err
done
check "the device is there" memdev_is_ready 0x1234
check "all ports are known again" [ "$(ls -d "$CXL"/port*/dport* | wc -l)" -ge 4 ]
