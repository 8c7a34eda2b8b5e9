/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole operations on a kernel of files: one machine and one run on it, and what became of both. */
#ifndef TEST_RUN_H
#define TEST_RUN_H

#include "exec/engine.h"
#include "kernel.h"

struct run {
	struct kernel *kernel;
	struct host before;
	struct plan plan;
	char *picture; /* of /sys before */
	enum outcome outcome;
	struct error err, unrepaired;
	LIST(struct step_report) reports;
	bool resumed;
	struct progress *progress;
};

/* Boot the machine of a model, and plan to recover PORT_A. */
void make_run(struct run *run, void (*model)(struct host *));

/* A dax device without a driver. */
void model_disabled(struct host *host);

/* The same for tests that get it as their state. */
int start_run(void **state, void (*model)(struct host *));
int run_ram(void **state);
int run_devdax(void **state);
int run_disabled(void **state);
int run_idle(void **state);
int drop_run(void **state);

struct host copy_of_host(const struct host *host);
struct plan copy_of_plan(const struct plan *plan);

/* Keep what the engine did in @run, whose outcome and errors are set. */
void keep_reports(struct run *run, const struct engine *engine);

void check_outcome(struct run *run, enum outcome outcome, const char *text);
void check_as_before(struct run *run, const char *when);
/* "offline-memory done", ...: all steps that were run */
void check_reports(struct run *run, const char *const *expected);
#define STEPS(...) ((const char *const[]){__VA_ARGS__, NULL})

bool has_journal(struct run *run);

#endif
