/*
 * sbx-serve: the program behind "sbx serve", with the same words.  A client
 * of the engine like any other; the libraries that it needs are in no other
 * program of ours.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/exepath.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/units.h"
#include "client/client.h"
#include "client/session.h"
#include "conf/cmd.h"
#include "http_api.h"
#include "http_link.h"
#include "http_listen.h"
#include "http_server.h"
#include "text/rowfmt.h"

enum { TOKEN_MAX = 4096 };

struct serve {
	struct cmd cmd;
	struct loop *loop;
	struct session session;
	struct http_listen listen;
	struct http_api api;
	struct http_conf conf;
	struct http_server *server;
	char *program;		/* sbx */
	struct rlimit nofile;	/* that we were started with */
	char *token;
	struct err err;
};

static const struct cmd_arg *
option(const struct serve *s, enum cmd_option o)
{
	return &s->cmd.args[o];
}

static int
fail(struct serve *s)
{
	struct buf b = BUF_INIT(16 * 1024);

	fputs(buf_str(&s->session.talk), stderr);
	rowfmt_plain(&b, s->err.text);
	if (s->err.hint[0]) {
		buf_adds(&b, "\n  ");
		rowfmt_plain(&b, s->err.hint);
	}
	fprintf(stderr, "sbx: %s\n", buf_str(&b));
	buf_fini(&b);
	return err_exit_code(s->err.code);
}

/* --- the token --- */

/* Words of the command line can be read by everybody. */
static void
hide(const char *word)
{
	char *p = (char *)(uintptr_t)word;

	memset(p, '*', strlen(p));
}

static int
read_token(struct serve *s, const char *path)
{
	static const char fds[] = "/dev/fd/";
	char text[TOKEN_MAX + 2];
	uint64_t number;
	int fd = strcmp(path, "-") == 0 ? sys_dup(STDIN_FILENO) :
					  sys_open(path, O_RDONLY, 0);
	ssize_t n = fd, len = 0;

	while (fd >= 0 && len <= TOKEN_MAX &&
	       (n = sys_read(fd, text + len,
			     (size_t)(TOKEN_MAX + 1 - len))) > 0)
		len += n;
	sys_close(fd);
	/* One that was left open for us must not reach the processes. */
	if (strncmp(path, fds, sizeof fds - 1) == 0 &&
	    units_uint(path + sizeof fds - 1, 3, 65535, &number) == 0)
		sys_close((int)number);
	if (n < 0)
		return err_set(&s->err, ERR_USAGE, "'%.300s': %s", path,
			       strerror((int)-n));
	text[len] = '\0';
	size_t line = strcspn(text, "\r\n");
	/* One that is cut short would be easier to guess than it looks. */
	if (memchr(text, '\0', (size_t)len) == text + line)
		return err_set(&s->err, ERR_USAGE,
			       "the token has control characters");
	text[line] = '\0';
	s->token = mem_str(text);
	return 0;
}

/* One that no header can bring would let nobody in. */
static int
check_token(struct serve *s)
{
	const char *t = s->token;
	size_t len = strlen(t);

	if (!len)
		return err_set(&s->err, ERR_USAGE, "the token is empty");
	if (len > TOKEN_MAX)
		return err_set(&s->err, ERR_USAGE, "the token is too long: "
			       "%d bytes at most", TOKEN_MAX);
	for (const char *p = t; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(&s->err, ERR_USAGE,
				       "the token has control characters");
	if (t[0] == ' ' || t[len - 1] == ' ')
		return err_set(&s->err, ERR_USAGE, "the token begins or ends "
			       "with a blank");
	return 0;
}

static int
take_token(struct serve *s)
{
	const struct cmd_arg *word = option(s, CMD_OPT_TOKEN);
	const struct cmd_arg *file = option(s, CMD_OPT_TOKEN_FILE);

	if (word->given && file->given)
		return err_set(&s->err, ERR_USAGE,
			       "--token and --token-file: one of them");
	if (word->given) {
		s->token = mem_str(word->text);
		hide(word->text);
	} else if (file->given && read_token(s, file->text) < 0) {
		return -1;
	}
	return s->token ? check_token(s) : 0;
}

/* --- the parts --- */

/* Engines are sbx: it is beside this program, or where it was installed. */
static int
find_program(struct serve *s)
{
	static const char *const places[] = { "sbx", "../../bin/sbx" };
	char dir[EXEPATH_MAX];

	s->program = exepath_find(places, ARRAY_LEN(places));
	if (s->program)
		return 0;
	exepath_dir(dir);
	return err_set(&s->err, ERR_INTERNAL, "sbx is not beside '%.300s'",
		       dir);
}

static int
open_socket(struct serve *s)
{
	const struct cmd_arg *path = option(s, CMD_OPT_UNIX);
	const struct cmd_arg *where = option(s, CMD_OPT_LISTEN);

	if (path->given && where->given)
		return err_set(&s->err, ERR_USAGE,
			       "--listen and --unix: one of them");
	if (path->given)
		return http_listen_unix(&s->listen, path->text, &s->err);
	return http_listen_tcp(&s->listen, where->given ? where->text :
			       HTTP_LISTEN_STANDARD, s->token != NULL,
			       &s->err);
}

/* The first one is started here, where what its sbxrc says can be told. */
static int
meet_engine(struct serve *s)
{
	static const struct client_hooks hooks = { .on_frame = NULL };

	s->session.program = s->program;
	struct client *c = session_start(&s->session, s->loop, &hooks, NULL,
					 &s->err);
	if (!c)
		return -1;
	client_free(c);
	fputs(buf_str(&s->session.talk), stderr);
	buf_clear(&s->session.talk);
	return 0;
}

/* A client takes descriptors, and there may be many. */
static void
raise_nofile(struct serve *s)
{
	struct rlimit all;

	if (getrlimit(RLIMIT_NOFILE, &s->nofile) < 0)
		return;
	all = s->nofile;
	all.rlim_cur = all.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &all) == 0)
		s->session.nofile = &s->nofile;
}

static void
on_signal(int signo, void *arg)
{
	struct serve *s = arg;
	(void)signo;

	loop_stop(s->loop);
}

static int
catch_signals(struct serve *s)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (loop_signal(s->loop, signals[i], on_signal, s) < 0)
			return err_set(&s->err, ERR_INTERNAL,
				       "signals cannot be caught: %s",
				       strerror(errno));
	return 0;
}

static int
serve(struct serve *s)
{
	/* A wait costs half a MiB, and may come a thousand times a day. */
	mem_give_back();
	raise_nofile(s);
	http_api_init(&s->api, s->loop, http_link_new(s->loop, &s->session));
	s->conf = (struct http_conf){
		.routes = http_routes, .route_count = http_route_count,
		.dispatch = http_api_dispatch, .arg = &s->api,
		.token = s->token, .name = s->listen.name,
		.is_unix = s->listen.path != NULL,
		.origins = (char *const *)(uintptr_t)
			option(s, CMD_OPT_ALLOW_ORIGIN)->list,
	};
	s->server = http_server_new(s->loop, s->listen.fd, &s->conf,
				    &s->err);
	if (!s->server)
		return -1;
	printf("%s\n", s->listen.url);
	fflush(stdout);
	int r = loop_run(s->loop);
	return r < 0 ? err_set(&s->err, ERR_INTERNAL, "the loop: %s",
			       strerror(-r)) : 0;
}

static void
serve_fini(struct serve *s)
{
	http_server_free(s->server);
	http_api_fini(&s->api);
	http_listen_fini(&s->listen);
	session_fini(&s->session);
	if (s->loop)
		loop_free(s->loop);
	free(s->token);
	free(s->program);
	cmd_fini(&s->cmd);
}

int
main(int argc, char **argv)
{
	struct serve s = { .listen = { .fd = -1 }, .err = ERR_INIT };
	char **words = mem_array((size_t)argc + 1, sizeof *words);
	int code = 0;

	if (argc == 2 && strcmp(argv[1], "__routes") == 0) {
		http_routes_print();
		free(words);
		return 0;
	}
	words[0] = "serve";
	for (int i = 1; i < argc; i++)
		words[i] = argv[i];
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		sys_open("/dev/null", O_RDONLY, 0);
	int rc = cmd_parse(words, (size_t)SBX_MAX(argc, 1), &s.cmd, &s.err);
	if (rc == 0 && option(&s, CMD_OPT_HELP)->given) {
		cmd_help(s.cmd.verb, stdout);
		cmd_fini(&s.cmd);
		free(words);
		return 0;
	}
	s.loop = loop_new();
	if (rc < 0 || take_token(&s) < 0 || find_program(&s) < 0 ||
	    session_find(&s.session, option(&s, CMD_OPT_FILE)->text,
			 &s.err) < 0 ||
	    open_socket(&s) < 0 || meet_engine(&s) < 0 ||
	    catch_signals(&s) < 0 || serve(&s) < 0)
		code = fail(&s);
	serve_fini(&s);
	free(words);
	return code;
}
