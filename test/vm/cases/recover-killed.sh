# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 in every step: the journal finishes it, or undoes it, and the data is there.
#
# timeout: 400

echo online >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online" region_online "$region" movable
check "a process holds data there" hold_start "$(node_of "$region")" 2
sha=$(hold_sha)
address=$(cat "$CXL/$region/resource")
journal=/var/lib/cxl-iso/recover-0000:0c:00.0.json

# killed_in STEP: whether the program was killed as it began that step
killed_in() {
	rm -f /run/progress
	mkfifo /run/progress
	cxl-iso recover 0000:0c:00.0 --yes --progress=json 2>/run/progress >/dev/null 3>&- 4>&- &
	recover=$!
	killed=1
	while read -r line; do
		case $line in
		*'"begin"'*"\"number\":$1,"*)
			kill -9 "$recover" && killed=0
			break
			;;
		esac
	done </run/progress
	wait "$recover" 2>/dev/null
	return $killed
}

is_back() {
	region=$(regions)
	[ "$(cat "$CXL/$region/resource")" = "$address" ] && [ "$(block_state "$region")" = online ] &&
		[ "$(cat "$MEMORY/$(mem_blocks_of "$region" | head -n 1)/valid_zones")" = Movable ] &&
		[ "$(cat $MEMORY/auto_online_blocks)" = online ] && [ ! -e "$journal" ] && hdmcheck --online-check >/dev/null
}

steps=$(cxl-iso recover 0000:0c:00.0 --dry-run | grep -c '^ *[0-9]')
step=1
while [ $step -le "$steps" ]; do
	# The last step has nothing to do: the run may be over before the kill comes.
	if [ $step = "$steps" ]; then killed_in $step; else check "killed in step $step" killed_in $step; fi
	[ $step != 10 ] || {
		status 3 cxl-iso recover 0000:0c:00.0 --yes
		check "nothing new is begun" grep -q '^cxl-iso: a recover of 0000:0c:00.0 was cut short' /run/err
		status 0 cxl-iso list-recoveries
		check "it is listed" grep -q '^0000:0c:00.0 recover *cut-short .* 10 rescan-port' /run/out
		is "its journal is nobody else's to read" "$(stat -c %a $journal)" 600
	}
	how=--resume
	[ $((step % 3)) != 0 ] || how=--abort
	if [ $step = "$steps" ] && [ ! -e $journal ]; then
		ok "it was over before the kill came"
	else
		status 0 cxl-iso recover 0000:0c:00.0 $how
	fi
	check "all is back as it was" is_back
	step=$((step + 1))
done
is "the data is what it was" "$(hold_sha)" "$sha"
status 2 cxl-iso recover 0000:0c:00.0 --resume
check "there is nothing to resume" grep -q 'no recovery of 0000:0c:00.0 was cut short' /run/err

hold_stop
check "the region can be undone" region_teardown "$region"
echo offline >$MEMORY/auto_online_blocks
