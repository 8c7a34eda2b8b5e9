# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC1091,SC2154
# The show: what contrib/quickstart runs in the guest.
. /guest/lib.sh

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
run() {
	printf '\n# %s\n' "$*"
	"$@" 2>&1
}

title 'A region of CXL memory, online as movable System RAM'
echo offline >"$MEMORY"/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
region_online "$region" movable
run cxl-iso list
run cxl-iso list --tree 0000:0c:00.0

title 'A process holds random data there'
hold_start "$(node_of "$region")" 4
before=$(hold_sha)
echo "its pages: $(hold_nodes)"
echo "SHA-256:   $before"

title 'Would you not rather reboot?'
run cxl-iso assess 0000:0c:00.0 || exit

title 'Evacuate, reset, recover'
run cxl-iso recover 0000:0c:00.0 --yes || exit
run cxl-iso list --tree 0000:0c:00.0

title 'The process lives, with its data'
after=$(hold_sha)
echo "its pages: $(hold_nodes)"
echo "SHA-256:   $after"
[ "$before" = "$after" ] && echo 'the same data as before the reset'
