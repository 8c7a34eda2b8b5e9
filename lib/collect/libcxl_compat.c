/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/libcxl_compat.h"

#include "sys/util.h"

#if HAVE_CXL_REGION_GET_MODE
void region_mode(const struct sys *sys, struct cxl_region *region, char mode[16])
{
	(void)sys;
	copy_text(mode, 16, cxl_decoder_mode_name(cxl_region_get_mode(region)));
}
#else
void region_mode(const struct sys *sys, struct cxl_region *region, char mode[16])
{
	sys_read(sys, mode, 16, "/sys/bus/cxl/devices/%s/mode", cxl_region_get_devname(region));
}
#endif
