# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# list-extents shows of a device without driver what it was made to offer, and of one with a driver that it can not know
# boot: own
# timeout: 240

MIB=1048576
device=0000:0e:00.0
memdev=$(memdev_by_serial 0x9abc)

# extents: "START LENGTH" in MiB, a line each, in the words of QMP
extents() {
	local start length list=
	while read -r start length; do
		list="$list${list:+,}{\"offset\":$((start * MIB)),\"len\":$((length * MIB))}"
	done
	echo "[$list]"
}

# dynamic_capacity add|release selection|removal REGION: of the extents on standard input, from the start of that region
dynamic_capacity() {
	qmp "{\"execute\":\"cxl-$1-dynamic-capacity\",\"arguments\":{\"path\":\"/machine/peripheral/dcd0\",\"host-id\":0,\"$2-policy\":\"prescriptive\",\"region\":$3,\"extents\":$(extents)}}" >/run/answer ||
		{ cat /run/answer && return 1; }
}
offer() { dynamic_capacity add selection "$1"; }

# The table without headings and device, one blank between words
table() { cxl-iso list-extents "$@" $device 2>/run/err | sed "1d; s/^$device //; s/  */ /g; s/ $//"; }
shown() { table -o device,state,batch,nr,dc,dpa,size,ok "$@"; }
regions() { cxl-iso list-extents $device | sed -n "/ FREE /,\$p" | sed "1d; s/^$device *//; s/  */ /g"; }
json_has() { cxl-iso list-extents --json $device | tr -d '\n' | grep -q "$1"; }

status 0 cxl-iso list-extents "$memdev"
check 'while it has a driver, all is unknown' grep -q "^$memdev  *offered  *?" /run/out
check 'and a note says why' grep -q "^note: dynamic capacity of $memdev unknown: its driver" /run/err
status 3 cxl-iso list-extents --source=mailbox "$memdev"
check 'its driver was left alone' [ -e "$CXL/$memdev" ]
status 3 cxl-iso list-extents --source=sysfs "$memdev"

status 0 cxl-iso list-extents --unbind "$memdev"
check 'borrowed from its driver, its regions are seen' grep -q "^$memdev  *1 0x20000000 512 MiB" /run/out
check 'its driver has it back' [ "$(readlink $PCI/devices/$device/driver)" = ../../../../bus/pci/drivers/cxl_pci ]
memdev=$(memdev_by_serial 0x9abc)
check 'so has Linux' [ -n "$memdev" ]

echo $device >$PCI/drivers/cxl_pci/unbind
is 'nothing is offered' "$(shown)" ''
is 'both regions are free' "$(regions)" '0 0x0 512 MiB 0 0 512 MiB 2 MiB
1 0x20000000 512 MiB 0 0 512 MiB 2 MiB'
status 0 cxl-iso list-extents serial:0x9abc
status 0 cxl-iso list-extents 0e:00.0
status 2 cxl-iso list-extents "$memdev"
status 0 cxl-iso list-extents
check 'without names, all are shown that have dynamic capacity' grep -q ^0000:0e:00.0 /run/out
is 'and no others' "$(grep -c ^mem /run/out)" 0

echo '16 128' | offer 0
is 'a batch of one extent' "$(shown)" 'offered 1 1 0 0x1000000 128 MiB yes'
check 'the same as JSON' json_has '"number": 1, "event": "add", "open": false, .*"start": 16777216, "size": 134217728, '
check 'with what was found and what a host could do' json_has '"id": "untagged", .*"prediction": { "leading": 1, '

printf '%s\n' '0 2' '6 4' | offer 1
is 'two batches are pending, the second of two extents' "$(shown)" 'offered 1 1 0 0x1000000 128 MiB yes
offered 2 1 1 0x20000000 2 MiB yes
offered 2 2 1 0x20600000 4 MiB yes'
is 'what is offered is not free' "$(regions)" '0 0x0 512 MiB 0 128 MiB 384 MiB 2 MiB
1 0x20000000 512 MiB 0 6 MiB 506 MiB 2 MiB'
status 0 cxl-iso list-extents --tree --pending $device
cat /run/out
check 'the tree has both' [ "$(grep -cE '^  batch (1: .* 128 MiB in 1 extent|2: .* 6 MiB in 2 extents), for host 0$' /run/out)" = 2 ]
check 'they were offered just now' [ "$(grep -cE '^  batch .: offered [0-9]{1,2} s ago' /run/out)" = 2 ]
check 'and how much a host could accept' grep -q 'a host could accept all 2 extents, 6 MiB' /run/out
is 'nothing has a tag' "$(shown --tag 5be13bce-ae34-4a77-b6c3-16df975fcf1a)" ''

status 0 cxl-iso list-extents --save-log /run/log $device
lists() { "$@" --json | grep '"number"'; }
is 'a dump has the same batches and regions' "$(lists cxl-iso list-extents --from-log /run/log)" "$(lists cxl-iso list-extents $device)"
status 3 cxl-iso list-extents --save-log /run/log $device

answer() { cxl-iso respond-extents $device --batch "$1" --accept all --yes >/run/out 2>&1 || { cat /run/out && return 1; }; }

check 'the first batch is answered' answer 1
is 'what is accepted is pending no more' "$(shown)" 'accepted 0 0x1000000 128 MiB
offered 2 1 1 0x20000000 2 MiB yes
offered 2 2 1 0x20600000 4 MiB yes'
is 'and taken' "$(regions)" '0 0x0 512 MiB 128 MiB 0 384 MiB 2 MiB
1 0x20000000 512 MiB 0 6 MiB 506 MiB 2 MiB'
check 'so is the second' answer 2

# 3 to 6 extents, each with a gap behind it; the numbers go on
number=4 start=32
for count in 3 4 5 6 7; do
	for nr in $(seq $count); do
		echo $((start + 4 * nr)) 2
	done | offer 1
	is "a batch of $count extents" "$(shown --pending | grep -c "^offered $number [1-$count] 1 0x.* 2 MiB yes$")" $count
	check 'it is answered' answer $number
	number=$((number + count)) start=$((start + 4 * (count + 1)))
done
is 'all of them are accepted' "$(shown --accepted | wc -l)" 28
status 0 cxl-iso list-extents --tree --accepted $device
check 'the tree has their sum' grep -q '^  accepted without tag, 184 MiB$' /run/out

echo '16 128' | dynamic_capacity release removal 0
is 'the device wants one back' "$(shown --pending)" 'release 29 1 0 0x1000000 128 MiB'

for nr in $(seq 9); do
	echo $((256 + 4 * nr)) 2
done | offer 0
is 'of a batch of nine, the log has room for seven' "$(shown --pending | grep -c '^offered 30 [1-7] 0 0x.* 2 MiB ?$')" 7
status 0 cxl-iso list-extents --pending $device
cat /run/out
check 'that its end is missing is said' grep -q "^batch 30 of $device: chain-open" /run/out
check 'so is that records were lost' grep -q "^$device: log-overflow" /run/out
check 'and how many' json_has '"lost": 2,  *"incomplete": false'
