# SPDX-License-Identifier: GPL-2.0-or-later
# What the cases about dynamic capacity share: the device without its driver, and its fabric manager.
# shellcheck shell=dash

DCD=0000:0e:00.0
BLOCK=2097152 # bytes of the device's blocks

# dcd_unbind: its mailbox is nobody's then
dcd_unbind() { echo "$DCD" >/sys/bus/pci/drivers/cxl_pci/unbind; }
dcd_bind() { echo "$DCD" >/sys/bus/pci/drivers/cxl_pci/bind; }

# fabric COMMAND POLICY EXTENT...: an extent is START:LENGTH in blocks
fabric() {
	local command=$1 policy=$2 extents='' extent
	shift 2
	for extent in "$@"; do
		extents=$extents${extents:+, }$(printf '{"offset": %d, "len": %d}' $((${extent%:*} * BLOCK)) \
			$((${extent#*:} * BLOCK)))
	done
	qmp "{\"execute\": \"cxl-$command-dynamic-capacity\", \"arguments\": {\"path\": \"/machine/peripheral/dcd0\",
		\"host-id\": 0, \"$policy-policy\": \"prescriptive\", \"region\": 0, \"extents\": [$extents]}}" |
		grep -q '"return"'
}
# offer EXTENT..., ask_back EXTENT...: one batch
offer() { fabric add selection "$@"; }
ask_back() { fabric release removal "$@"; }

respond() { cxl-iso respond-extents "$DCD" --yes --batch "$@"; }
release() { cxl-iso release-extents "$DCD" --yes "$@"; }

# mailbox OPCODE BYTES: what the device answers, in hexadecimal, by a tool that shares nothing with the program
mailbox() {
	local rc=0
	echo 1 >"$PCI/devices/$DCD/enable"
	mailbox-command "$DCD" "$@" || rc=$?
	echo 0 >"$PCI/devices/$DCD/enable"
	return $rc
}

# decode PROGRAM: runs it in awk on a line of hexadecimal bytes; number(offset, size) is the little-endian number there
decode() {
	awk 'function number(offset, size,    i, value) {
		for (i = offset + size; i-- > offset;)
			value = value * 256 + (index(digits, substr($0, 2 * i + 1, 1)) - 1) * 16 +
				index(digits, substr($0, 2 * i + 2, 1)) - 1
		return value
	}
	BEGIN { digits = "0123456789abcdef" }'"$1"
}

# accepted: the list of the device as "START:LENGTH ...", in blocks, sorted
accepted() {
	mailbox 4801 0001000000000000 | decode '{
		for (i = 0; i < number(0, 4); i++)
			print number(16 + 40 * i, 8) / '$BLOCK' ":" number(24 + 40 * i, 8) / '$BLOCK'
	}' | sort -n | xargs
}

# in_log: handles of the records in the log
in_log() {
	mailbox 0100 04 | decode '{ for (i = 0; i < number(20, 2); i++) print number(32 + 128 * i + 20, 2) }' | xargs
}

# holds TEXT ACCEPTED LOG: what the device itself says now
holds() {
	# shellcheck disable=SC2086 # words
	is "$1" "$(accepted)" "$(printf '%s\n' $2 | sort -n | xargs)"
	is "  its log" "$(in_log)" "$3"
}
