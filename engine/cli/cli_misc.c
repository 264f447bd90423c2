/* check, doctor, reset, version: what needs no process. */

#include "cli_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/sys.h"
#include "conf/import_find.h"
#include "conf/rcload.h"
#include "conf/set.h"
#include "spec/proto.h"
#include "term/vt.h"
#include "text/rowfmt.h"

enum { TALK_MAX = 1 << 20 };

extern char **environ;

int
cli_version(struct cli *c)
{
	struct buf b = BUF_INIT(256);

	if (c->json)
		buf_addf(&b, "{\"version\":\"%s\",\"protocol\":%d}\n",
			 SBX_VERSION, PROTO_VERSION);
	else
		buf_addf(&b, "sbx %s\n", SBX_VERSION);
	int rc = cli_put(c, &b);
	buf_fini(&b);
	return rc < 0 ? cli_fail(c) : 0;
}

/* --- check --- */

/* Can the engine take it?  Only all of it together tells.  0 or -1. */
static int
check_size(struct set *set, const char *path, struct diags *ds)
{
	struct session s = { .set = set, .dir.name = "", .dir.dir = "",
			     .dir.rc_path = (char *)(uintptr_t)path };
	struct buf packed = BUF_INIT(SESSION_PACK_MAX);
	struct err err = ERR_INIT;
	int r = session_pack(&s, &packed, &err);

	buf_fini(&packed);
	if (r == 0)
		return 0;
	diag_error(ds, &(struct diag_place){ .file = path }, "%s", err.text);
	return -1;
}

/* One object a line. */
static void
put_mistakes(const struct diags *ds, struct buf *b)
{
	const struct diag *d;

	for (size_t i = 0; (d = diags_get(ds, i)); i++) {
		struct jsonout j;
		jsonout_begin(&j, b);
		jsonout_object(&j, NULL);
		jsonout_string(&j, "level", d->level == DIAG_ERROR ? "error" :
							   "warning");
		jsonout_string(&j, "file", d->file);
		if (d->line) {
			jsonout_uint(&j, "line", d->line);
			jsonout_uint(&j, "column", d->col);
		}
		jsonout_string(&j, "text", d->text);
		if (d->source)
			jsonout_string(&j, "source", d->source);
		if (d->hint)
			jsonout_string(&j, "hint", d->hint);
		jsonout_close(&j);
		(void)jsonout_end(&j);
		(void)buf_addc(b, '\n');
	}
}

static int
check_file(struct cli *c, const char *path, bool named)
{
	struct buf b = BUF_INIT(TALK_MAX);
	struct diags *ds = diags_new();
	struct set *set = NULL;
	struct set_request rq = { .path = path, .trusted = named,
				  .environment = environ };

	int r = set_load(&rq, &set, ds);
	if (r == 0)
		r = check_size(set, path, ds);
	if (c->json)
		put_mistakes(ds, &b);
	else
		diags_print(ds, path, "sbx would start nothing", &b);
	if (r == 0 && !c->json) {
		rowfmt_plain(&b, path);
		buf_addf(&b, ": no mistakes, %zu process%s\n",
			 set->spec_count, set->spec_count == 1 ? "" : "es");
	}
	set_free(set);
	diags_free(ds);
	int rc = cli_put(c, &b);
	buf_fini(&b);
	return rc < 0 ? -1 : r < 0;
}

int
cli_check(struct cli *c)
{
	const struct cmd *cmd = c->cmd;
	bool bad = false;
	int r = 0;

	for (size_t i = 0; i < cmd->word_count && r >= 0; i++) {
		char *path = realpath(cmd->words[i], NULL);
		if (!path) {
			err_set(&c->err, ERR_USAGE, "'%.300s': %s",
				cmd->words[i], strerror(errno));
			return cli_fail(c);
		}
		r = check_file(c, path, true);
		bad |= r > 0;
		free(path);
	}
	if (cmd->word_count == 0) {
		if (session_find(&c->session, cli_arg(c, CMD_OPT_FILE)->text,
				 &c->err) < 0)
			return cli_fail(c);
		c->found = true;
		if (!c->session.rc_path) {
			char *hint = import_suggest(AT_FDCWD);
			err_set(&c->err, ERR_USAGE, "there is no sbxrc here");
			err_hint(&c->err, "%s", hint ? hint :
				 "name the file: sbx check FILE");
			free(hint);
			return cli_fail(c);
		}
		r = check_file(c, c->session.rc_path, c->session.named);
		bad |= r > 0;
	}
	if (r < 0)
		return cli_fail(c);
	return bad ? err_exit_code(ERR_USAGE) : 0;
}

/* --- doctor --- */

/* "key value" lines; a key that is there already is left alone. */
static void SBX_PRINTF(3, 4)
fact(struct buf *b, const char *key, const char *fmt, ...)
{
	va_list ap;

	buf_addf(b, "%s ", key);
	size_t from = b->len;
	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
	/* A path may have one, and would make a fact of its own. */
	for (char *p = b->data + from; p < b->data + b->len; p++)
		*p = *p == '\n' ? '?' : *p;
	buf_addc(b, '\n');
}

static const char *
yes(bool b)
{
	return b ? "yes" : "no";
}

static bool
can_splice(void)
{
	int pipe_fds[2], out = sys_memfd("doctor");
	bool ok = false;

	if (out >= 0 && sys_pipe(pipe_fds, 0) == 0) {
		int64_t off = 0;
		ok = sys_write(pipe_fds[1], "x", 1) == 1 &&
		     sys_splice(pipe_fds[0], out, &off, 1) == 1;
		sys_close(pipe_fds[0]);
		sys_close(pipe_fds[1]);
	}
	sys_close(out);
	return ok;
}

static bool
can_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (fd >= 0)
		sys_close(fd);
	return fd >= 0;
}

static void
library_facts(struct buf *b)
{
	char pcre2[REGEX_VERSION_MAX];
	struct err e = ERR_INIT;

	regex_version(pcre2);
	fact(b, "pcre2", "%s", pcre2);
	fact(b, "libvterm", "%s%s%s", vt_library_version(),
	     vt_check_library(&e) < 0 ? ", but " : "", e.text);
}

static void
machine_facts(struct buf *b)
{
	struct rlimit nofile = { 0, 0 };
	struct utsname u;
	char children[64];

	if (uname(&u) == 0)
		fact(b, "kernel", "%s %s %s", u.sysname, u.release,
		     u.machine);
	snprintf(children, sizeof children, "/proc/self/task/%d/children",
		 getpid());
	fact(b, "proc_children", "%s", yes(access(children, R_OK) == 0));
	fact(b, "pidfd", "%s", yes(can_pidfd()));
	fact(b, "splice", "%s", yes(can_splice()));
	getrlimit(RLIMIT_NOFILE, &nofile);
	fact(b, "limit_nofile_here", "%llu of %llu",
	     (unsigned long long)nofile.rlim_cur,
	     (unsigned long long)nofile.rlim_max);
	fact(b, "locale", "%s", setlocale(LC_CTYPE, NULL));
	fact(b, "charset", "%s", nl_langinfo(CODESET));
	const char *term = getenv("TERM");
	fact(b, "term", "%s", term && term[0] ? term : "(not set)");
	fact(b, "stdout_is_terminal", "%s", yes(isatty(STDOUT_FILENO)));
}

static void
set_facts(struct cli *c, struct buf *b)
{
	const struct session *s = &c->session;

	if (s->rc_path)
		fact(b, "sbxrc", "%s", s->rc_path);
	if (s->dir.key) {
		fact(b, "run_dir", "%s", s->dir.run_dir);
		fact(b, "state_dir", "%s", s->dir.state_dir);
	}
	fact(b, "socket", "%s", s->sock_path);
}

static void
engine_facts(struct cli *c, struct buf *b)
{
	struct proto_request q = { .verb = PROTO_V_DOCTOR };
	struct client_result r = { .text = NULL };

	if (cli_connect(c, false) < 0) {
		fact(b, "engine", "%s", c->err.text);
		return;
	}
	const struct proto_hello *h = client_hello(c->client);
	fact(b, "engine", "running");
	fact(b, "engine_version", "%s", h->release);
	fact(b, "set", "%s", h->set_name);
	if (cli_call(c, &q, &r) < 0) {
		fact(b, "engine_error", "%s", c->err.text);
		return;
	}
	/* What both know is told once, by the one that it belongs to. */
	for (const char *p = r.text; *p;) {
		size_t len = strcspn(p, "\n");
		if (strncmp(p, "version ", 8) != 0 &&
		    strncmp(p, "socket ", 7) != 0 &&
		    strncmp(p, "state_dir ", 10) != 0)
			buf_addf(b, "%.*s\n", (int)len, p);
		p += len + (p[len] == '\n');
	}
	client_result_fini(&r);
}

/* Digits alone are a number in JSON. */
static void
json_fact(struct jsonout *j, const char *key, const char *value, size_t len)
{
	char *name = mem_strn(key, strcspn(key, " "));

	if (len > 0 && len < 18 && strspn(value, "0123456789") >= len)
		jsonout_int(j, name, strtoll(value, NULL, 10));
	else
		jsonout_stringn(j, name, value, len);
	free(name);
}

static void
print_facts(struct cli *c, const struct buf *facts, struct buf *out)
{
	struct jsonout j;

	if (c->json) {
		jsonout_begin(&j, out);
		jsonout_object(&j, NULL);
	}
	for (const char *p = buf_str(facts); *p;) {
		size_t len = strcspn(p, "\n"), key = strcspn(p, " \n");
		size_t skip = key < len ? key + 1 : len;
		if (c->json) {
			json_fact(&j, p, p + skip, len - skip);
		} else {
			char *value = mem_strn(p + skip, len - skip);
			buf_addf(out, "%-20.*s ", (int)key, p);
			rowfmt_plain(out, value);
			buf_addc(out, '\n');
			free(value);
		}
		p += len + (p[len] == '\n');
	}
	if (c->json) {
		jsonout_close(&j);
		buf_addc(out, '\n');
	}
}

int
cli_doctor(struct cli *c)
{
	struct buf facts = BUF_INIT(256 * 1024), out = BUF_INIT(1 << 20);

	fact(&facts, "version", "%s", SBX_VERSION);
	fact(&facts, "protocol", "%d", PROTO_VERSION);
	library_facts(&facts);
	if (c->hooks && c->hooks->terminal)
		c->hooks->terminal(&facts);
	machine_facts(&facts);
	if (session_find(&c->session, cli_arg(c, CMD_OPT_FILE)->text,
			 &c->err) == 0) {
		c->found = true;
		set_facts(c, &facts);
		engine_facts(c, &facts);
	} else {
		fact(&facts, "set", "%s", c->err.text);
	}
	print_facts(c, &facts, &out);
	int rc = cli_put(c, &out);
	buf_fini(&facts);
	buf_fini(&out);
	return rc < 0 ? cli_fail(c) : 0;
}

/* --- reset --- */

/*
 * Everything that a full-screen program may have left on: mouse, paste,
 * focus and key modes, the other screen, margins, character sets, colours,
 * an invisible cursor; and the line discipline.  The picture stays.
 */
int
cli_reset(struct cli *c)
{
	static const char sane[] =
		"\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?1015l"
		"\033[?1004l\033[?2004l\033[?2026l\033[?1049l\033[?1l\033>"
		"\033[>4;0m\033[<u\033[?7h\033[?6l\033[r\033(B\017\033[m"
		"\033[?25h\033[0 q";
	struct termios t;
	int fd = sys_open("/dev/tty", O_RDWR | O_NOCTTY, 0);

	if (fd < 0) {
		err_set(&c->err, ERR_FAILED, "there is no terminal to reset");
		return cli_fail(c);
	}
	if (tcgetattr(fd, &t) == 0) {
		t.c_iflag &= ~(tcflag_t)(IGNBRK | INLCR | IGNCR | ISTRIP);
		t.c_iflag |= BRKINT | ICRNL | IXON;
		t.c_oflag |= OPOST | ONLCR;
		t.c_lflag |= ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK;
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
		tcsetattr(fd, TCSANOW, &t);
	}
	int r = sys_write_all(fd, sane, sizeof sane - 1);
	sys_close(fd);
	if (r == 0)
		return 0;
	err_set(&c->err, ERR_FAILED, "the terminal: %s", strerror(-r));
	return cli_fail(c);
}
