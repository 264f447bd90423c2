#include "err.h"

#include <stdarg.h>
#include <stdio.h>

/* The one table of exit codes; the manual's section is made from it. */
static const struct {
	int exit_code;
	const char *name;
} codes[] = {
	[ERR_NONE]	 = { 0, "ok" },
	[ERR_FAILED]	 = { 1, "failed" },
	[ERR_USAGE]	 = { 2, "usage" },
	[ERR_NO_ENGINE]	 = { 3, "no_engine" },
	[ERR_NO_PROCESS] = { 4, "no_process" },
	[ERR_TIMEOUT]	 = { 124, "timeout" },
	[ERR_INTERNAL]	 = { 125, "internal" },
	[ERR_FULL]	 = { 1, "full" },
	[ERR_TOO_LARGE]	 = { 1, "too_large" },
	[ERR_OTHER]	 = { 1, "other_protocol" },
};

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	if (!e)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	e->code = code;
	e->hint[0] = '\0';
	return -1;
}

int
err_hint(struct err *e, const char *fmt, ...)
{
	if (!e)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof e->hint, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_exit_code(enum err_code code)
{
	return (size_t)code < ARRAY_LEN(codes) ? codes[code].exit_code : 125;
}

const char *
err_code_name(enum err_code code)
{
	return (size_t)code < ARRAY_LEN(codes) ? codes[code].name : "internal";
}
