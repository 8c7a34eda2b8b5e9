/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for changing a port's timeout and isolation, and plans that do it. */
#ifndef POLICY_SETTINGS_H
#define POLICY_SETTINGS_H

#include "policy/assess.h"
#include "policy/plan.h"

/* The bits in @mask of one port's control register shall be those of @value. */
struct setting {
	const struct root_port *port;
	uint32_t mask;
	uint32_t value;
};

/* What stands against it. Changes nothing of what the register has already: then nothing does. */
void assess_setting(const struct host *host, const struct setting *setting,
		    const struct consent *consent, struct findings *findings);

/* What stands against clearing the bits of @mask in the status register. */
void assess_clear(const struct host *host, const struct root_port *port, uint32_t mask,
		  struct findings *findings);

/* The guards of the two, without the rest: asked again right before the write. */
void assess_quiesced(const struct host *host, const struct root_port *port,
		     struct findings *findings);

/* One step more, for one port. */
void plan_setting(const struct setting *setting, struct plan *plan);
void plan_clear(const struct root_port *port, uint32_t mask, struct plan *plan);

#endif
