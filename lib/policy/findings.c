/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "sys/util.h"

const char *const severity_names[] = {"blocks", "loses-data", "warns", "note", NULL};

/* clang-format off */
static const struct record finding_record = { sizeof(struct finding), (const struct field[]){
	TEXT(struct finding, id),
	ENUM(struct finding, severity, severity_names),
	TEXT(struct finding, object),
	TEXT(struct finding, evidence),
	TEXT(struct finding, fix),
	BOOL(struct finding, overridden),
	BOOL(struct finding, reboot),
	{} } };

const struct record findings_record = { sizeof(struct findings), (const struct field[]){
	RECORDS(struct findings, list, finding_record),
	{} } };
/* clang-format on */

void findings_free(struct findings *findings)
{
	record_free(&findings_record, findings);
}

struct finding *finding_add(struct findings *findings, const char *id, enum severity severity,
			    const char *object)
{
	struct finding *finding = list_add(&findings->list);

	copy_text(finding->id, sizeof(finding->id), id);
	copy_text(finding->object, sizeof(finding->object), object);
	finding->severity = severity;
	return finding;
}

void finding_evidence(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->evidence, sizeof(finding->evidence), format, args);
	va_end(args);
}

void finding_fix(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->fix, sizeof(finding->fix), format, args);
	va_end(args);
}

const struct finding *findings_refusal(const struct findings *findings)
{
	list_each(finding, &findings->list)
		if (finding->severity <= SEVERITY_LOSES && !finding->overridden)
			return finding;
	return NULL;
}
