# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso release-extents: by address, by tag, and as the device asks; and answers with --unbind.
#
# boot: own
# timeout: 300

. /guest/extents.sh

check "no driver" dcd_unbind
check "an offer" offer 0:4 10:4 20:4
status 0 respond 1 --accept all
holds "accepted" "0:4 10:4 20:4" ""

# --- by address ---
status 3 release --extent 100M:2M
check "refused: not accepted" grep -q 'not-accepted: ' /run/err
status 3 release --extent 6M:4M
status 3 release --extent 0:1M
check "refused: no whole blocks" grep -q 'not-block-aligned: ' /run/err
status 2 release --extent 0
status 2 release --extent 0:4M --extent 2M:4M
status 2 release --extent 0:4M --tag none
status 0 cxl-iso release-extents "$DCD" --extent 0:8M --dry-run
check "the payload" grep -q '^Release Dynamic Capacity (4803h), 32 bytes:' /run/out
holds "nothing was sent" "0:4 10:4 20:4" ""
status 0 release --extent 0:8M
holds "one of them" "10:4 20:4" ""
status 0 release --extent 22M:2M --extent 44M:2M
holds "parts of two" "10:1 12:2 20:2 23:1" ""

# --- as the device asks ---
check "asked back" ask_back 10:1 23:1
status 2 respond 4 --accept all
status 0 release --batch 4
holds "given back, and the record cleared" "12:2 20:2" ""
check "asked back" ask_back 12:2
check "and an offer" offer 40:1
status 3 respond 7 --accept all
check "the request stands before it" grep -q '^cxl-iso: older-records: ' /run/err
status 0 release --batch 6
status 0 respond 7 --accept all
holds "one after the other" "20:2 40:1" ""
check "asked back" ask_back 20:2
check "given back by address" release --extent 40M:4M
status 0 release --batch 8
holds "what was done already needs only to be cleared" "40:1" ""
check "an offer" offer 50:1
check "and a request" ask_back 40:1
status 3 release --batch 10
check "an offer is older" grep -q '^cxl-iso: not-oldest: ' /run/err
status 0 respond 9 --accept none
status 0 release --batch 10

# --- killed: before it is sent, and after ---
handle=11
for writes in 1 2 3 4; do
	check "an offer" offer 60:2 64:2
	status 0 respond $handle --accept all
	check "asked back" ask_back 60:2 64:1
	check "killed after write $writes of the journal" \
		killed $writes cxl-iso release-extents "$DCD" --yes --batch $((handle + 2))
	status 0 cxl-iso release-extents "$DCD" --resume
	holds "  finished" "65:1" ""
	status 0 release --tag none
	holds "  all without a tag" "" ""
	handle=$((handle + 4))
done

# --- with its driver ---
check "the driver takes it again" dcd_bind
check "an offer" offer 70:1
status 3 respond $handle --accept all
check "refused" grep -q '^cxl-iso: driver-bound: ' /run/err
status 0 respond $handle --accept all --unbind
check "it has its driver again" [ -e "$PCI/devices/$DCD/driver" ]
status 0 cxl-iso release-extents serial:0x9abc --yes --tag none --unbind
check "it has its driver again" [ -e "$PCI/devices/$DCD/driver" ]
check "no driver" dcd_unbind
holds "given back" "" ""
check "the driver takes it again" dcd_bind
