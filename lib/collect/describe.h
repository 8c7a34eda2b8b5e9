/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that there is to say about a process. */
#ifndef COLLECT_DESCRIBE_H
#define COLLECT_DESCRIBE_H

#include "collect/caution.h"
#include "collect/devices.h"
#include "collect/process.h"

struct describer {
	const struct sys *sys;
	const struct caution *caution;
	LIST(struct user_name) names; /* that were looked up */
};

void describer_free(struct describer *describer);
#define cleanup_describer __attribute__((cleanup(describer_free)))

/* Fill zeroed @out with the number and the command alone. */
void describe_briefly(const struct process_handle *handle, struct process *out);

/* Fill zeroed @out with what the process's status has: no program or daemon is asked for it. */
void describe_status(const struct process_handle *handle, struct process *out);

/* Fill zeroed @out with all but the command line. */
void describe(struct describer *describer, const struct process_handle *handle,
	      const struct holdings *holdings, struct process *out);

#endif
