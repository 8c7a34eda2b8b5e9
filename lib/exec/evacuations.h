/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals of evacuations: one that is at rest waits to be restored, any other was cut short. What they
 * took down is recognised by address and uuid; names change.
 */
#ifndef EXEC_EVACUATIONS_H
#define EXEC_EVACUATIONS_H

#include "exec/journal.h"

/* Those at rest, into @host->evacuations. Only root can see them. */
int evacuations_collect(const struct sys *sys, struct host *host, struct error *err);

/*
 * What was evacuated, or cut short by a reboot, holds nothing back that the whole host shares. It may
 * have been set anew since: what it is now is what is to be left. To be asked before the way up.
 */
void evacuation_renew_shared(const struct sys *sys, struct journal *journal);

/* The dax devices that the journal's way down takes from their drivers, as they were before. */
struct dax_list {
	const struct dax **items;
	size_t count;
};
void evacuation_dax(const struct journal *journal, struct dax_list *list);
void dax_list_free(struct dax_list *list);
#define cleanup_dax_list __attribute__((cleanup(dax_list_free)))

/* Whether its way down has a step of that kind for the dax device, whatever that is called now. */
bool evacuation_has(const struct journal *journal, const struct dax *dax, enum step_kind kind);

/* How much of what a journal took down is in something else. */
enum relation {
	RELATION_NONE,
	RELATION_SOME,
	RELATION_ALL, /* and there is more */
	RELATION_SAME,
};

enum relation evacuation_relation(const struct journal *journal, const struct below *what);

/* The journal of an evacuation of the same, or else the one that is nearest to it. RELATION_NONE, and
 * @journal as it was (zeroed), if there is neither. */
int evacuation_find(const struct sys *sys, const struct below *what, struct journal *journal,
		    enum relation *relation, struct error *err);

#endif
