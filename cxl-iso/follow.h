/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-iso list-extents --follow: what changes, as it changes. */
#ifndef CXL_ISO_FOLLOW_H
#define CXL_ISO_FOLLOW_H

#include "extents/follow.h"
#include "ui/ui.h"

struct follow_request {
	const char *const *addresses; /* of the devices asked for; no count: all */
	size_t count;
	const char *source;    /* mailbox, trace; NULL: whichever a device has */
	bool unbind;	       /* take the one device from its driver meanwhile */
	bool pending;	       /* tell of offers only */
	unsigned int interval; /* between two looks at a log: seconds, from 1 on */
};

/* Until a signal comes or nobody reads any more. Returns the exit status. */
int follow_run(const struct host *host, const struct follow_request *request);

/* An event as a line for people, or as one of JSON (ui_json). */
void follow_print(const struct follow_event *event);

#endif
