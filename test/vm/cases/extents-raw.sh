# SPDX-License-Identifier: GPL-2.0-or-later
#
# Dynamic capacity through the driver, by raw commands: seen, answered and released.
#
# linux: kernel-raw
# expect-log: WARNING: .* cxl_send_cmd
# expect-log: Call Trace:
# timeout: 180

. /guest/extents.sh

memdev=$(memdev_by_serial 0x9abc)
warnings() { dmesg | grep -c 'WARNING: .* cxl_send_cmd'; }
raw() {
	local command=$1
	shift
	cxl-iso "$command" "$memdev" --source=raw "$@"
}
lines() { raw list-extents -o state,batch,nr,dpa,size "$@" | sed '1d; s/  */ /g; s/ $//'; }
set_kernel() { echo "$2" >"/proc/sys/kernel/$1"; }

# --- where the kernel's warning would be its end ---
check "the host panics on a warning" set_kernel panic_on_warn 1
status 3 raw list-extents
check "  refused" grep -q 'panic: kernel.panic_on_warn is set' /run/err
status 3 raw respond-extents --batch 1 --accept all --yes
check "  refused" grep -q 'panic: kernel.panic_on_warn is set' /run/err
set_kernel panic_on_warn 0
check "one warning is its last" set_kernel warn_limit $(($(cat /sys/kernel/warn_count) + 1))
status 3 raw list-extents
check "  refused" grep -q 'panic: kernel.warn_limit is reached' /run/err
set_kernel warn_limit 0
is "nothing was sent" "$(warnings)" 0

# --- seen ---
status 0 raw list-extents
is "nothing is offered" "$(lines)" ""
is "the kernel has warned" "$(warnings)" 1
check "one extent is offered" offer 0:1
check "and a batch of three" offer 10:1 12:1 14:2
expected='offered 1 1 0x0 2 MiB
offered 2 1 0x1400000 2 MiB
offered 2 2 0x1800000 2 MiB
offered 2 3 0x1c00000 4 MiB'
is "both are seen" "$(lines)" "$expected"
status 0 raw list-extents --save-log /run/dump
is "a dump has the same" \
	"$(cxl-iso list-extents --from-log /run/dump -o state,batch,nr,dpa,size | sed '1d; s/  */ /g; s/ $//')" "$expected"
memory=$(memdev_by_serial 0x1234)
status 0 cxl-iso list-extents "$memory" --source=raw
check "another device has none, and says so" grep -q 'has no dynamic capacity' /run/err

# --- answered ---
status 3 raw respond-extents --batch 2 --accept all --yes
check "the second first: refused" grep -q 'not-oldest' /run/err
status 0 raw respond-extents --batch 1 --accept all --yes
status 0 raw respond-extents --batch 2 --accept 1,3:2M-4M --yes
is "accepted, one in part" "$(lines)" 'accepted 0x0 2 MiB
accepted 0x1400000 2 MiB
accepted 0x1e00000 2 MiB'
check "two more" offer 20:1 21:1
status 0 raw respond-extents --batch 5 --accept none --yes
is "and rejected" "$(lines --pending)" ""

# --- released ---
status 0 raw release-extents --extent 0:2M --yes
check "asked back" ask_back 10:1
status 0 raw release-extents --batch 7 --yes
is "one is left" "$(lines)" 'accepted 0x1e00000 2 MiB'
is "the kernel has warned once" "$(warnings)" 1

# --- the driver knows nothing of it, and the device says the same by itself ---
is "it has its driver" "$(basename "$(readlink $PCI/devices/$DCD/driver)")" cxl_pci
is "and is what it was" "$(memdev_by_serial 0x9abc)" "$memdev"
check "no driver" dcd_unbind
is "accepted" "$(accepted)" "15:1"
is "in its log" "$(in_log)" ""
