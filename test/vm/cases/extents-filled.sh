# SPDX-License-Identifier: GPL-2.0-or-later
#
# QEMU 11.1 fills its answers with zeros for what is pending: it is listed and answered all the same.
#
# boot: own
# qemu: fast
# timeout: 180

. /guest/extents.sh

memdev=$(memdev_by_serial 0x1234)
status 3 cxl-iso respond-extents "$memdev" --batch 1 --accept all --unbind --yes
check "a device without dynamic capacity is called that" grep -q ' has no dynamic capacity$' /run/err
status 3 cxl-iso list-extents "$DCD" --source=mailbox
check "a mailbox that is the driver's: the way out" grep -q '^hint: --unbind ' /run/err
check "no driver" dcd_unbind
status 3 cxl-iso list-extents "$DCD" --source=sysfs
check "it is named without a driver, too" grep -q "dynamic capacity of $DCD$" /run/err
check "three are offered" offer 0:1 10:1 12:1
check "and one more" offer 20:1
status 0 cxl-iso list-extents "$DCD"
check "what is accepted is known" sh -c '! grep -q unknown /run/err'
status 0 respond 1 --accept 1,3
status 0 cxl-iso list-extents "$DCD" -o state,dpa
cat /run/out
is "two accepted, one offered" "$(sed 1d /run/out | xargs)" "accepted 0x0 accepted 0x1800000 offered 0x2800000"
status 0 respond 4 --accept all
status 0 release --tag none
status 0 cxl-iso list-extents "$DCD" --accepted
is "nothing is accepted" "$(cat /run/out)" ""
check "the driver takes it again" dcd_bind
