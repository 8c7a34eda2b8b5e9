# SPDX-License-Identifier: GPL-2.0-or-later
#
# Contents of a devdax device are kept in a file, through the loss of the memory, and written back.
#
# qemu: fast
# timeout: 400

sum() { dax-data sum "/dev/$dax"; }
sha() { sha256sum | cut -d ' ' -f 1; }

# is_untouched TEXT: bound as it was, with its data
is_untouched() {
	is "$1: it is bound" "$(dax_driver "$dax")" device_dax
	is "$1: it has its data" "$(sum)" "$before"
}

# lose: bound by hand and overwritten
lose() {
	echo "$dax" >"$DAX/drivers/device_dax/new_id"
	dax-data wipe "/dev/$dax"
	is_not "the memory has other data now" "$(sum)" "$before"
	echo "$dax" >"$DAX/drivers/device_dax/unbind"
	echo "$dax" >"$DAX/drivers/device_dax/remove_id"
}

is_not() { check "$1" [ "$2" != "$3" ]; }

has_partial() { ls "$1"/*.partial >/dev/null 2>&1; }

# fill_up DIRECTORY: as soon as contents are being written there
fill_up() {
	wait_for 60 has_partial "$1" && cat /dev/zero >"$1/hog" 2>/dev/null
}

echo offline >$MEMORY/auto_online_blocks
port=0000:0c:00.0
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
check "the region is devdax" dax_use "$region" device_dax
dax-data fill 42 "/dev/$dax"
before=$(sum)

status 3 daxctl-ext evacuate "$dax" --yes
check "its contents would be lost: that has to be said" grep -q '^daxctl-ext: devdax-contents:' /run/err

# A disk that is too small is noticed before anything is done.
mkdir -m 700 /small
mount -t tmpfs -o size=8m,mode=700 small /small
status 3 daxctl-ext evacuate "$dax" --yes --save /small
check "the disk is too small for the data: that is said" grep -q '^daxctl-ext: no-room-to-save:' /run/err
status 3 cxl-iso recover $port --yes --save /small
check "to recover takes as much" grep -q '^cxl-iso: no-room-to-save:' /run/err
is "nothing was written there" "$(ls -A /small)" ""
mkdir -m 777 /open
status 3 daxctl-ext evacuate "$dax" --yes --save /open
check "others could change what is saved there" grep -q '^daxctl-ext: save-unsafe:' /run/err
is_untouched "after refusals"

# It becomes too small in the middle.
umount /small
mount -t tmpfs -o size=140m,mode=700 small /small
fill_up /small &
status 1 daxctl-ext evacuate "$dax" --yes --save /small
wait $!
check "the disk filled up" grep -q '^daxctl-ext: cannot write /small/.*: No space left on device' /run/err
is "of a file that is not whole nothing is left" "$(ls -A /small)" hog
is_untouched "after a write error"
umount /small

status 1 sh -c "ulimit -f 200000; exec daxctl-ext evacuate $dax --yes --save /small"
check "nor may a file be that large" grep -q 'File too large' /run/err
is "nothing is left of that either" "$(ls -A /small)" ""
is "and it is bound" "$(dax_driver "$dax")" device_dax

# Out, the port reset, the memory lost, and back.
sha=$(dax-data read "/dev/$dax" | sha)
mkdir -m 700 /save
status 0 daxctl-ext evacuate "$dax" --yes --save /save
is "it is unbound" "$(dax_driver "$dax")" ""
file=$(echo /save/*.raw)
is "the file has the data" "$(sha <"$file")" "$sha"
is "and the size of the device" "$(stat -c %s "$file")" $((0x10000000))
check "zeroes take no room" [ $(($(stat -c %b "$file") * 512)) -lt $((0xf000000)) ]
is "nobody else can read it" "$(stat -c %a "$file")" 600
check "beside it is whose it is" grep -q "\"sha256\": \"$sha\"" "${file%.raw}.json"
status 0 daxctl-ext evacuate "$dax" --save /save
check "what is evacuated is not evacuated again" grep -q 'already' /run/out

status 0 cxl-iso recover $port --yes
region=$(regions)
dax=$(dax_of "$region")
is "the port was recovered, the device is as it was: unbound" "$(dax_driver "$dax")" ""
lose

# A file that is not what was saved is not written back; mended, it is, but not under a user.
byte=$(dd if="$file" bs=1 skip=5000 count=1 2>/dev/null)
printf '\252' | dd of="$file" bs=1 seek=5000 conv=notrunc 2>/dev/null
status 4 daxctl-ext restore "$dax"
check "a file that changed is refused" grep -q "^daxctl-ext: $file has SHA-256 .*, expected $sha" /run/err
is "and nothing of it written back" "$(dax-data read "/dev/$dax" | tr -d Z | wc -c)" 0
printf %s "$byte" | dd of="$file" bs=1 seek=5000 conv=notrunc 2>/dev/null
is "the file is as it was" "$(sha <"$file")" "$sha"
sleep 1000 <>"/dev/$dax" 3>&- 4>&- &
user=$!
wait_for 5 grep -q sleep "/proc/$user/comm"
status 4 daxctl-ext restore "$dax"
check "nothing is written under a user" grep -q "^daxctl-ext: sleep\[$user\] uses" /run/err
kill "$user"
wait "$user" 2>/dev/null
status 0 daxctl-ext restore "$dax"
is_untouched "after restore"
is "no journal is left" "$(ls /var/lib/cxl-iso)" ""
rm -r /save

# All of it in one go.
mkdir -m 700 /save
status 0 cxl-iso recover $port --yes --save /save --json
check "the result names the file and its sum" grep -q "\"sha256\": \"$sha\"" /run/out
region=$(regions)
dax=$(dax_of "$region")
is_untouched "after recover --save"
is "it was saved" "$(find /save -name '*.raw' | wc -l)" 1
rm -r /save
check "the region can be undone" region_teardown "$region"
