# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso respond-extents: batches are accepted, in part, or refused, and the device agrees.
#
# boot: own
# timeout: 300

. /guest/extents.sh

status 3 cxl-iso respond-extents "$DCD" --batch 1 --accept all
check "with its driver it is refused" grep -q '^cxl-iso: driver-bound: ' /run/err
check "no driver" dcd_unbind
status 2 respond 1 --accept all
check "nothing is pending" grep -q '^hint: there is none in its log' /run/err

# --- one extent ---
check "one extent is offered" offer 0:1
status 0 cxl-iso respond-extents "$DCD" --batch 1 --accept all --dry-run
check "the payload" grep -q '^    0010  00 00 20 00 00 00 00 00 00 00 00 00 00 00 00 00$' /run/out
check "  and what it means" grep -q '^    list size 1, nothing to follow$' /run/out
holds "nothing was sent" "" "1"
status 2 cxl-iso respond-extents "$DCD" --batch 1 --accept all </dev/null
holds "nor without a yes" "" "1"
status 0 respond 1 --accept all
holds "accepted" "0:1" ""

# --- two pending, the first of three ---
check "three are offered" offer 10:1 12:1 14:2
check "and one more" offer 20:1
status 3 respond 5 --accept all
check "the second first: refused" grep -q '^cxl-iso: not-oldest: batch 2 is older than batch 5' /run/err
holds "nothing was sent" "0:1" "2 3 4 5"
status 2 respond 2 --accept 4
status 2 respond 2 --accept 3:0-3M
status 2 respond 2 --accept 1,1
status 2 respond 7 --accept all
check "it names the batches" grep -q '^hint: batches in its log: 2, 5' /run/err
status 0 respond 2 --accept 1,3:2M-4M
holds "some, one in part" "0:1 10:1 15:1" "5"
status 0 respond 5 --accept none --json
check "as JSON" grep -q '"outcome": "done"' /run/out
holds "none" "0:1 10:1 15:1" ""
status 2 respond 2 --accept all

# --- 2 to 7, all of them ---
expected="0:1 10:1 15:1"
first=6
for count in 2 3 4 5 6 7; do
	batch=''
	i=0
	while [ $i -lt $count ]; do
		batch="$batch $((20 + 20 * count + 2 * i)):1"
		i=$((i + 1))
	done
	# shellcheck disable=SC2086 # words
	check "$count extents" offer $batch
	status 0 respond $first --accept all
	expected="$expected$batch"
	holds "  all accepted" "$expected" ""
	first=$((first + count))
done

# --- what a host could accept ---
check "two" offer 200:1 202:1
status 0 respond $first --accept-valid
expected="$expected 200:1 202:1"
holds "valid ones" "$expected" ""
first=$((first + 2))

# --- more than the log holds: its end is lost, and so is a batch behind it ---
check "nine, and a log of eight" offer 210:1 212:1 214:1 216:1 218:1 220:1 222:1 224:1 226:1
status 3 respond $first --accept all
check "it has no end" grep -q '^cxl-iso: open-batch: batch .* the log lost records' /run/err
status 3 respond $first --accept none
status 3 respond $first --accept all --force=open-batch
holds "nothing was sent" "$expected" "$(seq -s ' ' $first $((first + 7)))"
status 0 respond $first --accept none --force=open-batch
check "  with a warning" grep -q '^warning: log-overflow: ' /run/err
holds "rejected" "$expected" ""
first=$((first + 8))
check "the next batch" offer 230:1
status 0 respond $first --accept all
expected="$expected 230:1"
holds "goes" "$expected" ""
first=$((first + 1))

# --- a batch of which no record was kept is pending before the next one ---
check "eight, which fill the log" offer 240:1 242:1 244:1 246:1 248:1 250:1 252:1 254:1
check "one that finds no room" offer 232:1
status 0 respond $first --accept none
holds "the eight are rejected" "$expected" ""
first=$((first + 8))
check "one more" offer 234:1
status 3 respond $first --accept none
check "whose that answer would be is not known" grep -q '^cxl-iso: records-lost: ' /run/err
status 1 respond $first --accept all
check "  the device does not take it" grep -q 'Invalid Physical Address' /run/err
holds "nothing was done" "$expected" "$first"
status 0 respond $first --accept none --force=records-lost
holds "the one that nobody sees is gone" "$expected" "$first"
status 0 respond $first --accept all
expected="$expected 234:1"
holds "the other goes" "$expected" ""
first=$((first + 1))

check "the driver takes it again" dcd_bind
