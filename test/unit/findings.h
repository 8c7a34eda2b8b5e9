/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of findings share: to ask for those of a picture, and to say what is expected. */
#ifndef TEST_FINDINGS_H
#define TEST_FINDINGS_H

#include "model.h"
#include "policy/assess.h"

#define NIC "0000:0d:00.1" /* beside DEVICE_A */

/* Consents to everything there is, be it a matter of consent or not. */
extern const struct consent everything;

/* What is to be found: "ID OBJECT", in order. */
void check_findings(const struct findings *findings, const char *const *expected);

/* What assess_recover() finds. */
void assess(const struct host *host, const char *port, const struct consent *consent,
	    struct findings *findings);

#define check_recover(host, port, ...)                                      \
	do {                                                                \
		static const char *const expected_[] = {__VA_ARGS__, NULL}; \
		cleanup_findings struct findings findings_ = {0};           \
		assess(host, port, NULL, &findings_);                       \
		check_findings(&findings_, expected_);                      \
	} while (0)

#define check_recover_clear(host, port) check_recover(host, port, NULL)

/* The last finding of that id says @fact, how to help it says @fix, and it is so severe. */
void check_says(const struct host *host, const char *port, const char *id, enum severity severity,
		const char *fact, const char *fix);

#define check_blocks(host, port, id, fact, fix) \
	check_says(host, port, id, SEVERITY_BLOCKS, fact, fix)

/* Whatever is forced, the findings stand as they are, except for one of the id @but. */
void check_not_forcible(const struct host *host, const char *port, const char *but);

/* It is the first that refuses, whatever is forced. */
void check_refuses(const struct host *host, const char *port, const char *id);

/* A rule that fired: it alone, it refuses, and nothing overrides it. */
#define check_alone(host, port, id, object)               \
	do {                                              \
		check_recover(host, port, id " " object); \
		check_not_forcible(host, port, "");       \
		check_refuses(host, port, id);            \
	} while (0)

/* Tests get one of these pictures as their state. */
int make_ram(void **state);
int make_devdax(void **state);
int make_idle(void **state);
int free_model(void **state);

#define ON(model, test) cmocka_unit_test_setup_teardown(test, make_##model, free_model)

#endif
