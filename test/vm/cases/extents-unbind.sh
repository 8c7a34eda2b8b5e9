# SPDX-License-Identifier: GPL-2.0-or-later
#
# --unbind: refused while memory of the device may be in use; else its function is given back, whatever happens
#
# timeout: 300

echo offline >$MEMORY/auto_online_blocks
journals=/var/lib/cxl-iso
memdev=$(memdev_by_serial 0x9abc)
function=$(basename "$(dirname "$(readlink -f "$CXL/$memdev")")")
driver=$PCI/devices/$function/driver

is_back() {
	[ "$(basename "$(readlink "$driver")")" = cxl_pci ] && memdev_is_ready 0x9abc &&
		! ls $journals/borrow-* >/dev/null 2>&1
}
is_taken() { [ -d "$PCI/devices/$function" ] && [ ! -e "$driver" ]; }

# taken_by PROCESS: it runs, has the function and lets it be
taken_by() { [ -d "/proc/$1" ] && wait_for 20 is_taken && [ -e "$journals/borrow-$function.json" ]; }

# follow: borrows until it is told to stop; process $follow
follow() {
	cxl-iso list-extents serial:0x9abc --unbind --follow >/run/follow 2>&1 3>&- 4>&- &
	follow=$!
}
guardian() { ps -o pid,comm | awk '$2 == "guardian" { print $1 }'; }
no_guardian() { [ -z "$(guardian)" ]; }

# --- given back ---

status 0 cxl-iso list-extents serial:0x9abc --unbind
check "given back after success" is_back
check "nobody is left who waits" no_guardian
status 0 cxl-iso list-extents "$function" --unbind -j
check "named by its address, too" is_back

check "a command that fails" sh -c '! cxl-iso list-extents serial:0x9abc --unbind --save-log /nowhere/log'
check "  has given it back" is_back

for signal in TERM INT HUP; do
	follow
	check "taken" taken_by $follow
	kill -$signal $follow
	check "SIG$signal: it ends well" wait $follow
	check "  and was given back" is_back
	check "  nobody is left who waits" no_guardian
done

follow
check "taken" taken_by $follow
check "nested: it is one operation at a time" status 3 cxl-iso list-extents serial:0x9abc --unbind
check "  which is named" grep -q "another operation is running: list-extents.*process $follow" /run/err
status 3 cxl-iso recover 0000:0c:01.0 --yes
status 0 cxl-iso list-recoveries
check "it is listed as running" grep -q "^$function borrow *running .* bind-function" /run/out
check "it is still taken" is_taken

kill -9 $follow
wait $follow 2>/dev/null
check "SIGKILL: the guardian gives it back" wait_for 20 is_back
check "  and goes" wait_for 10 no_guardian
status 0 cxl-iso list-recoveries
is "  and nothing is left to be done" "$(grep -c borrow /run/out)" 0

follow
check "taken" taken_by $follow
kill -9 "$(guardian)"
kill -TERM $follow
check "a guardian that is killed is missed by nobody" wait $follow
check "  it was given back" is_back

# --- both are killed: the next one does it ---

# leave: without its driver, and nobody there
leave() {
	follow
	check "taken" taken_by $follow
	kill -9 "$(guardian)" $follow
	wait $follow 2>/dev/null
	check "both are killed: it stays without its driver" is_taken
}

leave
status 0 cxl-iso list-recoveries
check "it is listed as cut short" grep -q "^$function borrow *cut-short .* bind-function" /run/out
check "  with the way out" grep -q "cxl-iso list-extents $function --unbind" /run/err
status 3 cxl-iso assess 0000:0c:01.0
check "assess says so, too" grep -q "borrow of $function was cut short" /run/out
status 0 cxl-iso list-extents "$function" --unbind
check "that gives it back" is_back

leave
status 0 cxl-iso recover 0000:0c:00.0 --yes
check "so does what changes the machine next" grep -q "gave $function back to its driver" /run/err
check "  it is back" is_back

leave
echo "$function" >$PCI/drivers/cxl_pci/bind
status 0 cxl-iso list-recoveries
is "given back by hand: nothing is left to be done" "$(grep -c borrow /run/out)" 0
status 0 cxl-iso list-extents serial:0x9abc --unbind
check "  the journal goes with the next one" is_back

# --- what has another driver, or none ---

echo "$function" >"$driver/unbind"
status 0 cxl-iso list-extents "$function" --unbind
check "a function without driver stays so" is_taken
modprobe pci_stub # which takes whatever it is given
echo pci-stub >$PCI/devices/"$function"/driver_override
echo "$function" >$PCI/drivers/pci-stub/bind
status 3 cxl-iso list-extents "$function" --unbind
check "another driver: refused" grep -q "foreign-driver: $function is driven by pci-stub" /run/err
check "  it has it still" [ -e $PCI/drivers/pci-stub/"$function" ]
echo "$function" >$PCI/drivers/pci-stub/unbind
echo >$PCI/devices/"$function"/driver_override
echo "$function" >$PCI/drivers/cxl_pci/bind
check "cxl_pci has it again" wait_for 10 is_back
echo vfio-pci >$PCI/devices/"$function"/driver_override
status 3 cxl-iso list-extents "$function" --unbind
check "driver_override: refused" grep -q "driver-override: " /run/err
echo >$PCI/devices/"$function"/driver_override
check "  nothing changed" is_back

# --- in use: refused, and nothing is touched ---

used=$(memdev_by_serial 0x1234)
used_function=$(basename "$(dirname "$(readlink -f "$CXL/$used")")")

# refused WHAT: with its memory like that
refused() {
	local before
	before=$(picture)
	status 3 cxl-iso list-extents serial:0x1234 --unbind
	check "$1: refused" grep -q '^cxl-iso: decoder-committed: ' /run/err
	check "  and no hint to unbind by hand" sh -c '! grep -qi "unbind$\|/unbind" /run/err'
	is "  nothing changed" "$(picture)" "$before"
}
picture() {
	ls -l $PCI/devices/"$used_function"/driver "$CXL/$used"/driver | sed 's/.*-> //'
	ls "$CXL" "$DAX"/devices
	mem_picture "$region"
	dax_driver "$(dax_of "$region")"
	hdmcheck
	ls $journals/borrow-* 2>&1
}

region=$(region_commit decoder0.0 "$used" 0x10000000 ram)
refused "committed, not enabled"
echo "$region" >/sys/bus/cxl/drivers/cxl_region/bind
check "the region is enabled" wait_for 10 is_system_ram "$region"
refused "System RAM, offline"
check "the memory is online" region_online "$region" movable
refused "System RAM, online"
check "a process holds data there" hold_start "$(node_of "$region")" 2
sha=$(hold_sha)
refused "in use by a process"
is "the data is what it was" "$(hold_sha)" "$sha"
hold_stop
check "the memory is offline" region_offline "$region"
dax_use "$region" device_dax
refused "devdax"
check "the region can be undone" region_teardown "$region"
cxl-iso list-extents serial:0x1234 --unbind # which has no dynamic capacity, whatever it says to that
check "without a region it is lent, and given back" memdev_is_ready 0x1234
