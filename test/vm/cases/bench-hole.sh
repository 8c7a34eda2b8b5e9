# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bench itself: a region above a hole in its window does not come back where it was by itself.
#
# topology: two-on-port-window

low=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
high=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x5678)" 0x10000000)
start=$(cat "$CXL/$low/resource")
is "the second region follows the first" "$(($(cat "$CXL/$high/resource")))" $((start + 0x10000000))
region_online "$low" movable
region_online "$high" movable
check "the first can be undone alone" region_teardown "$low"
check "the second is decoded" hdmcheck --online-check
check "and can be undone" region_teardown "$high"
high=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x5678)" 0x10000000)
is "made anew it falls into the hole" "$(cat "$CXL/$high/resource")" "$start"
