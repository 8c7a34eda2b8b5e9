# SPDX-License-Identifier: GPL-2.0-or-later
#
# A network adapter below the port would be reset as well: refused while it has a driver.
#
# topology: nic

is "a NIC shares the port" "$(basename "$(readlink "$PCI/devices/0000:0d:00.1/driver")")" e1000e
status 2 cxl-iso recover 0000:0c:00.0 --yes --force=foreign-driver
status 3 cxl-iso recover 0000:0c:00.0 --yes
check "its driver is named" grep -q '^cxl-iso: foreign-driver: 0000:0d:00.1 .* driven by e1000e' /run/err
check "and how to go on" grep -q '^hint: .*/sys/bus/pci/devices/0000:0d:00.1/driver/unbind' /run/err
status 3 cxl-iso recover 0000:de:01.0 --yes
check "a NIC alone below a port as well" grep -q 'driven by virtio-pci' /run/err
check "both have their drivers" [ -e "$PCI/devices/0000:0d:00.1/driver" -a -e "$PCI/devices/0000:df:00.0/driver" ]

echo 0000:0d:00.1 >$PCI/drivers/e1000e/unbind
status 0 cxl-iso recover 0000:0c:00.0 --yes
check "without a driver it does not stand in the way, and is there again" [ -e "$PCI/devices/0000:0d:00.1" ]
check "and so is the memory device" memdev_is_ready 0x1234
