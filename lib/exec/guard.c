/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/guard.h"

#include <errno.h>

#include "collect/collect.h"

int refuse_now(struct engine *engine, const char *port,
	       void (*judge)(const struct host *, const struct root_port *, struct findings *),
	       struct error *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_host struct host now = {0};
	const struct root_port *found;
	const struct finding *refusal;
	int rc = collect_host(engine->sys, &now, err);

	if (rc)
		return rc;
	found = host_root_port(&now, port);
	if (!found)
		return fail(err, -ENODEV, "root port %s is gone", port);
	judge(&now, found, &findings);
	refusal = findings_refusal(&findings);
	if (!refusal)
		return 0;
	fail(err, -EBUSY, "%s: %s", refusal->id, refusal->evidence);
	hint(err, "%s", refusal->fix);
	return -EBUSY;
}
