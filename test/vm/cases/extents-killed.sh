# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso respond-extents: killed at any write of its journal, it is finished, and no answer is sent twice.
#
# boot: own
# timeout: 400

. /guest/extents.sh
journal=/var/lib/cxl-iso/respond-$DCD.json

check "no driver" dcd_unbind

# --- killed before it is sent, between the answer and the clearing, and after each other write ---
block=22
first=1
expected=''
for writes in 1 2 3 4; do
	for answer in all none; do
		check "an offer" offer $block:1
		check "  and another" offer $((block + 2)):1
		check "killed after write $writes of the journal, --accept $answer" \
			killed $writes cxl-iso respond-extents "$DCD" --yes --batch $first --accept $answer
		check "  a journal is left" [ -e "$journal" ]
		status 3 respond $first --accept none
		check "  nothing new is begun" grep -q ' was cut short$' /run/err
		status 3 timeout 20 cxl-iso list-extents --follow --unbind "$DCD"
		check "  nor borrowed" grep -q ' was cut short$' /run/err
		if [ $answer = none ] && [ $writes = 2 ]; then
			status 4 cxl-iso respond-extents "$DCD" --resume
			check "  it is unknown whether it was sent" grep -q '^cxl-iso: answer-unknown: ' /run/err
			status 0 cxl-iso respond-extents "$DCD" --resume --force=answer-unknown
			# It was not sent, in truth: that batch stays, and no record tells of it.
			holds "  only its record went" "$expected" "$((first + 1))"
			check "  rejected by hand" [ "$(mailbox 4802 0000000000000000)" = "" ]
		else
			status 0 cxl-iso respond-extents "$DCD" --resume
		fi
		[ $writes != 4 ] || check "  and does not say that it answered" sh -c '! grep -q ": accept\|: reject" /run/out'
		[ $answer = none ] || expected="$expected $block:1"
		holds "  finished, and sent once" "$expected" "$((first + 1))"
		status 0 respond $((first + 1)) --accept all
		expected="$expected $((block + 2)):1"
		holds "  the other one was not touched" "$expected" ""
		first=$((first + 2))
		block=$((block + 4))
	done
done

# --- what was not sent is sent, whatever the user believes ---
check "an offer" offer $block:1
check "killed before it is sent" killed 1 cxl-iso respond-extents "$DCD" --yes --batch $first --accept none
status 0 cxl-iso respond-extents "$DCD" --resume --force=answer-unknown
check "an offer" offer $((block + 2)):1
status 0 respond $((first + 1)) --accept all
expected="$expected $((block + 2)):1"
holds "nothing older was left pending" "$expected" ""
first=$((first + 2))
block=$((block + 4))

# --- nothing more to finish: the way out ---
check "an offer" offer $block:1
check "killed" killed 3 cxl-iso respond-extents "$DCD" --yes --batch $first --accept all
status 0 cxl-iso respond-extents "$DCD" --forget
check "the journal is gone" [ ! -e "$journal" ]
status 3 respond $first --accept all
check "it is seen that it was answered" grep -q 'answer-unknown: ' /run/err
status 0 respond $first --accept none --force=answer-unknown
holds "its record goes, and nothing is sent" "$expected $block:1" ""
check "the driver takes it again" dcd_bind
