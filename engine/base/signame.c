#include "signame.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base.h"
#include "table.h"
#include "units.h"

struct signal_name {
	int signo;
	const char *name;
};

/* The first name of a number is the one that is shown. */
static const struct signal_name names[] = {
	{ SIGHUP, "HUP" },	 { SIGINT, "INT" },
	{ SIGQUIT, "QUIT" },	 { SIGILL, "ILL" },
	{ SIGTRAP, "TRAP" },	 { SIGABRT, "ABRT" },
	{ SIGBUS, "BUS" },	 { SIGFPE, "FPE" },
	{ SIGKILL, "KILL" },	 { SIGUSR1, "USR1" },
	{ SIGSEGV, "SEGV" },	 { SIGUSR2, "USR2" },
	{ SIGPIPE, "PIPE" },	 { SIGALRM, "ALRM" },
	{ SIGTERM, "TERM" },	 { SIGSTKFLT, "STKFLT" },
	{ SIGCHLD, "CHLD" },	 { SIGCONT, "CONT" },
	{ SIGSTOP, "STOP" },	 { SIGTSTP, "TSTP" },
	{ SIGTTIN, "TTIN" },	 { SIGTTOU, "TTOU" },
	{ SIGURG, "URG" },	 { SIGXCPU, "XCPU" },
	{ SIGXFSZ, "XFSZ" },	 { SIGVTALRM, "VTALRM" },
	{ SIGPROF, "PROF" },	 { SIGWINCH, "WINCH" },
	{ SIGIO, "IO" },	 { SIGPWR, "PWR" },
	{ SIGSYS, "SYS" },	 { SIGIOT, "IOT" },
	{ SIGPOLL, "POLL" },
};

static const char *
skip_sig(const char *text)
{
	return strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
}

/* SIGRTMIN is no constant: libc keeps some of the range for itself. */
static int
parse_realtime(const char *text)
{
	uint64_t n;
	int signo;

	if (strncasecmp(text, "RTMIN", 5) == 0 && text[5] == '\0')
		return SIGRTMIN;
	if (strncasecmp(text, "RTMAX", 5) == 0 && text[5] == '\0')
		return SIGRTMAX;
	if (strncasecmp(text, "RTMIN+", 6) == 0 &&
	    units_uint(text + 6, 0, 63, &n) == 0)
		signo = SIGRTMIN + (int)n;
	else if (strncasecmp(text, "RTMAX-", 6) == 0 &&
		 units_uint(text + 6, 0, 63, &n) == 0)
		signo = SIGRTMAX - (int)n;
	else
		return -EINVAL;
	return signo >= SIGRTMIN && signo <= SIGRTMAX ? signo : -EINVAL;
}

int
signame_parse(const char *text)
{
	uint64_t n;

	if (units_uint(text, 1, (uint64_t)SIGRTMAX, &n) == 0)
		return n < 32 || n >= (uint64_t)SIGRTMIN ? (int)n : -EINVAL;
	text = skip_sig(text);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(names[i].name, text) == 0)
			return names[i].signo;
	return parse_realtime(text);
}

const char *
signame_text(int signo, char out[SIGNAME_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].signo == signo) {
			snprintf(out, SIGNAME_MAX, "%s", names[i].name);
			return out;
		}
	if (signo == SIGRTMIN)
		snprintf(out, SIGNAME_MAX, "RTMIN");
	else if (signo > SIGRTMIN && signo <= SIGRTMAX)
		snprintf(out, SIGNAME_MAX, "RTMIN+%d", signo - SIGRTMIN);
	else
		snprintf(out, SIGNAME_MAX, "%d", signo);
	return out;
}

const char *
signame_row(size_t idx)
{
	return idx < ARRAY_LEN(names) ? names[idx].name : NULL;
}

const char *
signame_suggest(const char *text)
{
	const char *words[ARRAY_LEN(names)];

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		words[i] = names[i].name;
	return table_nearest(skip_sig(text), words, ARRAY_LEN(words));
}
