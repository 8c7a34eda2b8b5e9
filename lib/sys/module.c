/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/module.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <libkmod.h>

static void free_context(struct kmod_ctx **context)
{
	kmod_unref(*context);
}

static void free_module(struct kmod_module **module)
{
	kmod_module_unref(*module);
}

#define cleanup_context __attribute__((cleanup(free_context)))
#define cleanup_module	__attribute__((cleanup(free_module)))

static int open_module(const char *name, struct kmod_ctx **context, struct kmod_module **module,
		       struct error *err)
{
	int rc;

	*context = kmod_new(NULL, NULL);
	if (!*context)
		return fail_errno(err, -ENOMEM, "cannot use libkmod");
	rc = kmod_module_new_from_name(*context, name, module);
	return rc ? fail_errno(err, rc, "cannot look up module %s", name) : 0;
}

int module_is_there(const char *name, bool *there, struct error *err)
{
	cleanup_context struct kmod_ctx *context = NULL;
	cleanup_module struct kmod_module *module = NULL;
	char path[128];
	int state, rc;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	*there = access(path, F_OK) == 0; /* libkmod wants modules.builtin for what is built in */
	if (*there)
		return 0;
	rc = open_module(name, &context, &module, err);
	if (rc)
		return rc;
	state = kmod_module_get_initstate(module);
	*there = state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
	return 0;
}

int module_load(const char *name, struct error *err)
{
	cleanup_context struct kmod_ctx *context = NULL;
	cleanup_module struct kmod_module *module = NULL;
	int rc = open_module(name, &context, &module, err);

	if (rc)
		return rc;
	rc = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL, NULL,
					     NULL);
	if (rc > 0)
		return fail(err, -EPERM, "module %s is on modprobe's blacklist", name);
	return rc ? fail_errno(err, rc, "cannot load module %s", name) : 0;
}
