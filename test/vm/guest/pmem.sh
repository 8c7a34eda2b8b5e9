# SPDX-License-Identifier: GPL-2.0-or-later
# Persistent memory with a namespace of every mode, and data. For the topology pmem; sourced by cases.
# shellcheck shell=dash disable=SC2034

uuid=11111111-2222-3333-4444-555555555555
n=22222222-2222-3333-4444-00000000000 # and a digit

# pmem_make: the region $region of 256 MiB with namespaces ${n}1 to ${n}6. /run/data1 to 4 is on the first four, the fifth
# is not in use, and the sixth is used raw although an info block says that it is fsdax.
pmem_make() {
	local i
	region=$(region_create_pmem decoder0.0 "$(memdev_by_serial 0x9999)" 0x10000000 $uuid)
	check "a raw namespace" namespace_create "$region" ${n}1 0x2000000 raw
	check "one for file systems with DAX" namespace_create "$region" ${n}2 0x2000000 fsdax
	check "one of sectors" namespace_create "$region" ${n}3 0x2000000 sector
	check "one as a character device" namespace_create "$region" ${n}4 0x2000000 devdax
	check "one that is not in use" namespace_create "$region" ${n}5 0x2000000 raw
	namespace_disable ${n}5
	check "one more" namespace_create "$region" ${n}6 0x1000000 fsdax
	check "that is used raw all the same" namespace_force_raw ${n}6
	for i in 1 2 3 4; do
		dd if=/dev/urandom of=/run/data$i bs=64k count=8 2>/dev/null
		pmem_store /run/data$i $n$i
	done
	is "the data is on it" "$(pmem_shas)" "$(sha256sum /run/data? | cut -d ' ' -f 1)"
}

# pmem_store FILE UUID; pmem_sha UUID: 512 KiB from and to the start of a namespace
pmem_store() {
	local device
	device=$(namespace_device "$2")
	case $device in
	dax*) dax-copy "$1" "/dev/$device" ;;
	*) dd if="$1" of="/dev/$device" bs=64k conv=notrunc 2>/dev/null ;;
	esac
}
pmem_sha() {
	local device
	device=$(namespace_device "$1")
	case $device in
	dax*) dax-copy "/dev/$device" /run/fetched 0x80000 ;;
	*) dd if="/dev/$device" of=/run/fetched bs=64k count=8 2>/dev/null ;;
	esac
	sha256sum </run/fetched | cut -d ' ' -f 1
}
pmem_shas() { for i in 1 2 3 4; do pmem_sha $n$i; done; }

# pmem_picture: what shall be the same afterwards
pmem_picture() {
	local i namespace
	cat "$CXL/$region/uuid" "$CXL/$region/resource" "$CXL/$region/size" "$CXL/$region/mode"
	for i in 1 2 3 4 5 6; do
		namespace=$(namespace_by_uuid $n$i)
		echo "$n$i $(cat "$ND/devices/$namespace/size") $(cat "$ND/devices/$namespace/mode")" \
			"$(namespace_device $n$i | tr -d '0-9.')"
	done
}
