# SPDX-License-Identifier: GPL-2.0-or-later
#
# Persistent memory through a recovery of its port: the region with its UUID and address, all namespaces, the data.
#
# topology: pmem

. /guest/pmem.sh
# A hole below, into which the kernel would put the region.
hole=$(cat $CXL/decoder0.0/create_pmem_region)
echo "$hole" >$CXL/decoder0.0/create_pmem_region
cat /proc/sys/kernel/random/uuid >"$CXL/$hole/uuid"
cat $CXL/decoder0.0/interleave_granularity >"$CXL/$hole/interleave_granularity"
echo 1 >"$CXL/$hole/interleave_ways"
echo 0x10000000 >"$CXL/$hole/size"
pmem_make
echo "$hole" >$CXL/decoder0.0/delete_region
mke2fs "/dev/$(namespace_device ${n}2)" >/dev/null
mkdir -p /run/mnt
mount -t ext4 "/dev/$(namespace_device ${n}2)" /run/mnt
cp /run/data1 /run/mnt/file

status 3 cxl-iso recover 0000:0c:00.0 --yes
check "it is mounted" grep -q "pmem-active: $(namespace_by_uuid ${n}2) is active as .*, and in use" /run/err
umount /run/mnt

pmem_store /run/data3 ${n}1 # it is in the page cache only
before=$(pmem_picture)
sha=$(pmem_shas)
status 0 cxl-iso assess 0000:0c:00.0
status 0 cxl-iso recover 0000:0c:00.0 --yes
cat /run/err
region=$(regions)
is "all is back as it was" "$(pmem_picture)" "$before"
is "with its data" "$(pmem_shas)" "$sha"
is "what was not written yet, too" "$(pmem_sha ${n}1)" "$(sha256sum </run/data3 | cut -d ' ' -f 1)"
mount -t ext4 "/dev/$(namespace_device ${n}2)" /run/mnt
check "and the file system" cmp /run/data1 /run/mnt/file
umount /run/mnt
sha=$(pmem_shas)
check "the device's registers decode it" hdmcheck --online-check

# Out of service, with a recovery in between.
status 0 daxctl-ext evacuate "$region"
status 0 cxl-iso recover 0000:0c:00.0 --yes
is "the namespaces stay out of service" "$(ls /dev | grep -E '^(pmem|dax)')" ""
status 0 daxctl-ext restore --all
region=$(regions)
is "they are back as they were" "$(pmem_picture)" "$before"
is "with their data" "$(pmem_shas)" "$sha"
check "the region can be undone" region_destroy_pmem "$region"
