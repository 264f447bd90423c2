#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/conf/option.h"
#include "engine/conf/rc.h"
#include "engine/conf/rcload.h"
#include "engine/conf/rcstate.h"
#include "engine/conf/set.h"
#include "engine/conf/setfile.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

static char dir[] = "/tmp/sbx-rc.XXXXXX";
static char *environment[] = { "HOME=/nonexistent", "PATH=/bin:/usr/bin",
			       "SHELL=/bin/sh", "EMPTY=", NULL };

static void
write_file(const char *name, const char *text, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void
write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* One load in the test's own directory: the set and everything it said. */
struct result {
	struct set *set;
	struct diags *ds;
	struct buf out;
};

static void
load_file(struct result *r, struct set_request rq)
{
	*r = (struct result){ .ds = diags_new(), .out = BUF_INIT(1 << 20) };
	rq.environment = environment;
	(void)set_load(&rq, &r->set, r->ds);
	(void)diags_print(r->ds, "sbxrc", "nothing was started", &r->out);
}

static void
load_bytes(struct result *r, const char *text, size_t len, bool all_words)
{
	write_file("sbxrc", text, len);
	load_file(r, (struct set_request){ .path = "sbxrc", .alone = true,
					   .all_words = all_words });
}

static void
load(struct result *r, const char *text)
{
	load_bytes(r, text, strlen(text), false);
}

static void
done(struct result *r)
{
	set_free(r->set);
	diags_free(r->ds);
	buf_fini(&r->out);
}

/* The file must say exactly this. */
#define SAYS(text, said)                                                       \
	do {                                                                   \
		struct result r_;                                              \
		load(&r_, (text));                                             \
		char *out_ = mem_str(buf_str(&r_.out));                        \
		done(&r_);                                                     \
		EQ_STR(out_, (said));                                          \
		free(out_);                                                    \
	} while (0)

/* The first mistake must be this one: "LINE:COL: text", hint or NULL. */
static int
first_is(const char *text, const char *want, const char *hint)
{
	struct result r;
	char got[1400] = "nothing";

	load(&r, text);
	const struct diag *d = diags_get(r.ds, 0);
	if (d)
		snprintf(got, sizeof(got), "%u:%u: %s", d->line, d->col,
			 d->text);
	int right = strcmp(got, want) == 0 && diags_errors(r.ds) == 1 &&
		(!hint || (d && d->hint && strcmp(d->hint, hint) == 0));
	if (!right)
		printf("# %zu errors, got: %s (%s)\n", diags_errors(r.ds), got,
		       d && d->hint ? d->hint : "");
	done(&r);
	return right;
}

#define FIRST(text, want) FIRST_HINT((text), (want), NULL)
#define FIRST_HINT(text, want, hint)                                           \
	do {                                                                   \
		if (!first_is((text), (want), (hint)))                         \
			TEST_FAIL("not told: %s", (want));                     \
	} while (0)

TEST(messages_are_exact)
{
	SAYS("process api {\n"
	     "    cmd npm run dev\n"
	     "    restrat on-failure\n"
	     "    autostart maybe\n"
	     "    ready prot 8080\n"
	     "    watch err /foo(bar mark\n"
	     "    tty yes  #comment\n"
	     "}\n"
	     "web: npm start\n"
	     "process db\n"
	     "cwd ./x\n"
	     "process q {\n"
	     "  cmd=npm start\n",
	     "sbxrc:3:5: error: unknown word 'restrat' in process 'api'\n"
	     "    3 |     restrat on-failure\n"
	     "      |     ^~~~~~~\n"
	     "      = did you mean 'restart'?\n"
	     "sbxrc:4:15: error: expected yes or no\n"
	     "    4 |     autostart maybe\n"
	     "      |               ^~~~~\n"
	     "sbxrc:5:11: error: 'prot' is not a kind of check\n"
	     "    5 |     ready prot 8080\n"
	     "      |           ^~~~\n"
	     "      = one of: log /PATTERN/, screen /PATTERN/, port N|auto, unix "
	     "PATH, http URL, exec COMMAND, notify, delay TIME, exit\n"
	     "sbxrc:6:15: error: pattern has no closing '/'\n"
	     "    6 |     watch err /foo(bar mark\n"
	     "      |               ^~~~~~~~~~~~~\n"
	     "      = write a literal '/' inside a pattern as '\\/'\n"
	     "sbxrc:7:14: error: too many words after 'tty'\n"
	     "    7 |     tty yes  #comment\n"
	     "      |              ^~~~~~~~\n"
	     "      = a comment after a directive needs a space: "
	     "'# like this'\n"
	     "sbxrc:9:1: error: unknown word 'web:' at top level\n"
	     "    9 | web: npm start\n"
	     "      | ^~~~\n"
	     "      = this looks like a Procfile line: 'process web COMMAND'"
	     ", or 'import procfile sbxrc'\n"
	     "sbxrc:10:9: error: this process has no command\n"
	     "   10 | process db\n"
	     "      |         ^~\n"
	     "      = add a command on the same line, or '{' to open a "
	     "block\n"
	     "sbxrc:11:1: error: 'cwd' is not allowed at top level\n"
	     "   11 | cwd ./x\n"
	     "      | ^~~\n"
	     "      = put it between 'process NAME {' and '}'\n"
	     "sbxrc:13:3: error: unknown word 'cmd=npm' in process 'q'\n"
	     "   13 |   cmd=npm start\n"
	     "      |   ^~~~~~~\n"
	     "      = no '=' here: write 'cmd npm start', not 'cmd=npm "
	     "start'\n"
	     "sbxrc:12:1: error: 'q' is opened here and never closed\n"
	     "   12 | process q {\n"
	     "      | ^~~~~~~~~~~\n"
	     "      = add a line with only '}'\n"
	     "sbxrc: 10 errors; nothing was started.\n");
}

TEST(pattern_errors_have_the_column_of_the_file)
{
	SAYS("process api {\n"
	     "    cmd x\n"
	     "    watch slow /took (\\d+)ms)/ value=1\n"
	     "}\n",
	     "sbxrc:3:29: error: pattern: unmatched closing parenthesis\n"
	     "    3 |     watch slow /took (\\d+)ms)/ value=1\n"
	     "      |                             ^\n"
	     "      = it has one ')' more than '('; write '\\)' for a literal "
	     "one\n"
	     "sbxrc: 1 error; nothing was started.\n");
}

TEST(carets_stand_under_wide_and_hostile_text)
{
	/* A tab, a character of two columns, an escape sequence. */
	SAYS("process a {\n\tcmd x\n\ttty \"\xe6\xbc\xa2\" \"\033[31m\" z\n}\n",
	     "sbxrc:3:12: error: too many words after 'tty'\n"
	     "    3 | \ttty \"\xe6\xbc\xa2\" \"?[31m\" z\n"
	     "      | \t         ^~~~~~~\n"
	     "sbxrc: 1 error; nothing was started.\n");
}

TEST(words_and_values)
{
	struct result r;

	load(&r, "let port 8080\r\n"
		 "set theme mono # why\r\n"
		 "env A=\"x ${port} \\t\\x41\\u{e9}\" 'B=${port} #' -C\r\n"
		 "process web { # here\r\n"
		 "  argv ${SHELL:-/bin/false} a\\b '' \"${EMPTY}\" ${NO:-d e} "
		 "#x p${port}q \\\r\n"
		 "       joined\r\n"
		 "  port http ${port}\r\n"
		 "  depends db\r\n"
		 "  tty yes\r\n"
		 "  stop HUP 2s KILL\r\n"
		 "  umask 027\r\n"
		 "  nice -5\r\n"
		 "  limit nofile=4096 memory=1G core=unlimited\r\n"
		 "  ok-codes 0 3\r\n"
		 "  group back\r\n"
		 "}\r\n"
		 "process db echo \"$HOME\" # not ; a comment  \r\n");
	EQ_STR(buf_str(&r.out), "");
	OK(r.set != NULL);
	EQ_STR(options_text(r.set->options, OPTION_THEME), "mono");
	const struct spec *s = set_find(r.set, "web");
	EQ_STR(s->argv[0], "/bin/sh");
	EQ_STR(s->argv[1], "a\\b");
	EQ_STR(s->argv[2], "");
	EQ_STR(s->argv[3], "");
	EQ_STR(s->argv[4], "d e");
	EQ_STR(s->argv[5], "#x");
	EQ_STR(s->argv[6], "p8080q");
	EQ_STR(s->argv[7], "joined");
	OK(s->argv[8] == NULL);
	EQ_STR(s->env[0].value, "x 8080 \tA\xc3\xa9");
	EQ_STR(s->env[1].value, "${port} #");
	OK(s->env[2].value == NULL);
	EQ_INT(s->ports[0].port, 8080);
	EQ_INT(s->deps[0].condition, SPEC_COND_STARTED);
	EQ_INT(s->stop_count, 2);
	EQ_INT(s->stop[0].signo, SIGHUP);
	EQ_INT(s->umask_bits, 027);
	EQ_INT(s->nice, -5);
	EQ_INT(s->limit_count, 3);
	OK(s->limits[2].value == UINT64_MAX);
	EQ_INT(s->ok_codes[1].code, 3);
	EQ_STR(s->groups[0], "back");
	EQ_INT(s->line, 4);
	EQ_STR(s->cwd, dir);
	EQ_STR(set_find(r.set, "db")->command,
	       "echo \"$HOME\" # not ; a comment");
	EQ_STR(set_find_group(r.set, "back")->members[0], "web");
	EQ_STR(r.set->name, dir + 5);
	done(&r);
}

TEST(raw_tails)
{
	struct result r;

	load(&r, "process a {\n"
		 "\tdesc  it's \"half\" {  \n"
		 "\tcmd <<EOF\n"
		 "\t    one ${X} \\\n"
		 "\n"
		 "\t      two  \n"
		 "\tEOF\n"
		 "}\n"
		 "process b echo a\\\n"
		 "b \\\\\n"
		 "process c echo x # y\\\n"
		 " z\n");
	EQ_STR(buf_str(&r.out), "");
	EQ_STR(set_find(r.set, "a")->desc, "it's \"half\" {");
	EQ_STR(set_find(r.set, "a")->command, "one ${X} \\\n\n  two  ");
	EQ_STR(set_find(r.set, "b")->command, "echo ab \\\\");
	EQ_STR(set_find(r.set, "c")->command, "echo x # y z");
	done(&r);
}

TEST(comments_do_not_join)
{
	struct result r;

	load(&r, "# a comment \\\nlet x 1\nset mouse off # and \\\n"
		 "process a echo\n   #let y\nset name #2e3440\n");
	EQ_STR(buf_str(&r.out), "");
	EQ_INT(r.set->spec_count, 1);
	OK(!options_flag(r.set->options, OPTION_MOUSE));
	EQ_STR(options_text(r.set->options, OPTION_NAME), "#2e3440");
	done(&r);
}

TEST(broken_text)
{
	FIRST("process a 'x\n\xff\n", "2:1: byte 0xff is not UTF-8");
	FIRST("set theme a\xc3\n", "1:12: byte 0xc3 is not UTF-8");
	FIRST("let a b\rlet c d\n", "1:8: a carriage return inside a line");
	FIRST("let a \"b\n", "1:7: this quote is not closed");
	FIRST("let a 'b\\\n\n", "1:7: this quote is not closed");
	FIRST("let a \"\\q\"\n", "1:8: unknown escape in \"quotes\"");
	FIRST("let a \"\\x00\"\n", "1:8: unknown escape in \"quotes\"");
	FIRST("let a \"\\u{d800}\"\n", "1:8: unknown escape in \"quotes\"");
	FIRST_HINT("let a x${NOPE}\n", "1:8: 'NOPE' is not set",
		   "write ${NOPE:-} if it may be empty");
	FIRST("let a ${\n", "1:7: '${' has no closing '}'");
	FIRST("let a ${x y}\n", "1:10: expected ${NAME} or "
	      "${NAME:-default}");
	FIRST("process a <<EOF\nx\n}\n", "1:11: '<<EOF' is never closed");
	FIRST("}\n", "1:1: '}' closes nothing");
	FIRST("process a {\ncmd x\n} x\n",
	      "3:3: '}' must be alone on its line");
	FIRST("process a\n{\n cmd x\n}\n",
	      "2:1: '{' belongs at the end of the line before");
	FIRST("process a { cmd x }\n",
	      "1:11: '{' must be the last word of its line");
	FIRST("defaults { restart never }\n",
	      "1:10: '{' must be the last word of its line");
	struct result r;
	load_bytes(&r, "let a b\0c\n", 10, false);
	EQ_STR(buf_str(&r.out), "sbxrc:1:8: error: a NUL byte, which no text "
	       "file has\n    1 | let a b?c\n      |        ^\n"
	       "sbxrc: 1 error; nothing was started.\n");
	done(&r);
	load(&r, "\xef\xbb\xbfprocess a echo\n");
	EQ_STR(buf_str(&r.out), "");
	done(&r);
	load(&r, "");
	EQ_INT(r.set->spec_count, 0);
	done(&r);
}

TEST(a_missing_brace_is_one_mistake)
{
	FIRST("process a {\n cmd x\nprocess b {\n cmd y\n}\nprocess c z\n",
	      "1:1: 'a' is opened here and never closed");
	FIRST("process a {\n cmd x\nprocess b y\n}\nprocess c z\n",
	      "1:1: 'a' is opened here and never closed");
	FIRST("group g {\n members a\nprocess a y\n",
	      "1:1: 'g' is opened here and never closed");
}

TEST(wrong_values)
{
	FIRST_HINT("process a {\ncmd x\ntimeout 30\n}\n",
		   "3:9: expected a time like 500ms, 3s or 2m",
		   "a time needs a unit: 30s");
	FIRST("process a {\ncmd x\ntimeout 99999999999999999999s\n}\n",
	      "3:9: this time is too long");
	FIRST("process a {\ncmd x\nready.every 0\n}\n",
	      "3:13: this time is too short");
	FIRST("process a {\ncmd x\nrestart.max -1\n}\n",
	      "3:13: expected a number from 0 to 64");
	FIRST_HINT("process a {\ncmd x\nrestart on-failur\n}\n",
		   "3:9: expected one of: never | on-failure | always",
		   "did you mean 'on-failure'?");
	FIRST("process a {\ncmd x\nrestart.backoff 30s..1s\n}\n",
	      "3:17: expected a range like 1s..30s");
	FIRST_HINT("process a {\ncmd x\nstop TREM 5s\n}\n",
		   "3:6: 'TREM' is not a signal", "did you mean 'TERM'?");
	FIRST("process a {\ncmd x\nstop KILL TERM\n}\n",
	      "3:11: nothing comes after KILL");
	FIRST("process a {\ncmd x\numask 999\n}\n",
	      "3:7: expected octal digits, 000 to 777");
	FIRST_HINT("process a {\ncmd x\nlimit nofiel=3\n}\n",
		   "3:7: 'nofiel' is not a limit", "did you mean 'nofile'?");
	FIRST("process a {\ncmd x\nlimit nofile=x\n}\n",
	      "3:14: expected a number from 0 to 2147483647");
	FIRST("process a {\ncmd x\nport http 65536\n}\n",
	      "3:11: expected a number from 1 to 65535");
	FIRST("process a {\ncmd x\nok-codes 256\n}\n",
	      "3:10: expected a number from 0 to 255");
	FIRST("process a {\ncmd x\nuser :x\n}\n",
	      "3:6: expected USER or USER:GROUP");
	FIRST("process a {\ncmd x\nuser 4294967295\n}\n",
	      "3:6: a user has a number from 0 to 4294967294");
	FIRST("process a {\ncmd x\nuser 18446744073709551616:0\n}\n",
	      "3:6: a user has a number from 0 to 4294967294");
	FIRST("process a {\ncmd x\nuser 0:4294967295\n}\n",
	      "3:6: a group has a number from 0 to 4294967294");
	struct result r;
	load(&r, "process a {\ncmd x\nuser 4294967294:4294967294\n}\n");
	EQ_INT(diags_errors(r.ds), 0);
	done(&r);
	FIRST("process a {\ncmd x\nstdin tty\n}\n",
	      "3:7: 'stdin tty' needs 'tty yes'");
	FIRST("process a {\ncmd x\nnice 20\n}\n",
	      "3:6: expected a number from -20 to 19");
	FIRST("process a {\ncmd x\ncmd y\n}\n",
	      "3:1: 'cmd' is given twice in process 'a'");
	FIRST("process a {\ncmd x\nargv y\n}\n",
	      "3:1: this process has a command already");
	FIRST("process a {\ncwd\ncmd x\n}\n", "2:1: 'cwd' needs DIR");
	FIRST("process a {\ncmd x\nenv FOO\n}\n", "3:5: 'FOO' is no variable");
	FIRST("env \"A B=1\"\n", "1:5: 'A B' is no name of a variable: it has "
	      "a blank");
	FIRST("env \"=1\"\n", "1:5: '=1' is no variable");
	FIRST("process a {\n}\n", "1:9: this process has no command");
	FIRST("require 2\n", "1:9: this file needs format 2, this sbx knows "
	      "up to 1");
	FIRST("let 2x y\n", "1:5: '2x' is no name for a variable");
	FIRST("unbind nomode Q\n", "1:8: 'nomode' is not a mode");
	FIRST("bind C-k\n", "1:1: 'bind' needs [MODE] KEY COMMAND");
	FIRST_HINT("bind C-k nocommand\n",
		   "1:10: there is no command 'nocommand'",
		   "did you mean 'command'?");
	FIRST("bind  list\tC-k restart --nope\n", "1:24: 'sbx restart' has no "
	      "option '--nope'");
	FIRST_HINT("bind nomode C-k down\n", "1:6: 'nomode' is not a mode",
		   "one of: list log term select command find filter form "
		   "confirm help detail all");
	FIRST("bind find k zoom\n", "1:11: 'k' is text in the mode 'find'");
	FIRST("bind x signal FOO web\n", "1:15: there is no signal 'FOO'");
	FIRST("bind x bind y bind z zoom 2\n", "1:27: 'zoom' takes no word");
	FIRST("bind x unbind log\n", "1:15: unknown key 'log'");
	FIRST("bind x set quit ever\n", "1:17: 'ever' is not one of the "
	      "words");
	FIRST("bind x add web --user\n", "1:16: --user wants USER behind it");
	FIRST("set theme nosuch\n", "1:11: there is no theme 'nosuch'");
	FIRST("set theme ../sbxrc\n", "1:11: there is no theme '../sbxrc'");
	FIRST_HINT("color txt red\n", "1:7: unknown role 'txt'",
		   "did you mean 'text'?");
	FIRST("color text - - red\n", "1:16: not a colour or attribute: "
	      "'red'");
	FIRST("color name.web redd\n", "1:16: not a colour: 'redd'");
	FIRST("color text #12\n", "1:12: not a colour: '#12'");
	FIRST("bind C-k find \"x\n", "1:10: this quote is not closed");
	FIRST("palette {\n bg x\n}\n", "1:1: 'palette' is not allowed at top "
	      "level");
	FIRST("group g {\n members x\n bind x y\n}\nprocess x y\n",
	      "3:2: 'bind' is not allowed in group 'g'");
	FIRST("set theme\n", "1:1: 'set' needs KEY VALUE...");
	FIRST_HINT("set them nord\n", "1:5: unknown setting 'them'",
		   "did you mean 'theme'?");
	FIRST("set scroll.lines 0\n", "1:18: 'scroll.lines' cannot be zero");
	FIRST("set mouse on #off\n", "1:14: too many words after 'set mouse'");
	FIRST("set log.keep 32G\n", "1:14: 'log.keep' (32G) is above "
	      "'limit.log' (16G)");
	FIRST("set limit.log 1G\nprocess a {\ncmd x\nlog.keep 2G\n}\n",
	      "4:10: 'log.keep' of this process is above 'limit.log' (1G)");
	FIRST("set log.keep 32G\nprocess a x\n", "1:14: 'log.keep' (32G) is "
	      "above 'limit.log' (16G)");
	FIRST("process a {\ncmd x\nreplicas 2\nlog.keep 32G\n}\n",
	      "4:10: 'log.keep' of this process is above 'limit.log' (16G)");
	FIRST("defaults {\nlog.keep 32G\n}\nprocess a x\n",
	      "2:10: 'log.keep' of this process is above 'limit.log' (16G)");
	FIRST("set limit.run-timeout 1h\n", "1:23: 'limit.run-timeout' (1h) "
	      "is above 'limit.run-timeout-max' (5m)");
	FIRST("process a {\ncmd x\nrestart.max 65\n}\n",
	      "3:13: expected a number from 0 to 64");
	FIRST("process a\033b x\n", "1:9: 'a?b' is not a valid name");
}

TEST(wrong_checks)
{
	FIRST("process a {\ncmd x\nready log foo\n}\n",
	      "3:11: expected a /PATTERN/");
	FIRST("process a {\ncmd x\nready log /a[/\n}\n",
	      "3:14: pattern: missing terminating ] for character class");
	FIRST("process a {\ncmd x\nready log /a/g\n}\n",
	      "3:14: 'g' is not a flag of patterns");
	FIRST("process a {\ncmd x\nready log //\n}\n",
	      "3:11: this pattern is empty");
	FIRST("process a {\ncmd x\nready port 0\n}\n",
	      "3:12: expected a number from 1 to 65535");
	FIRST("process a {\ncmd x\nready port 1 ::1 x\n}\n",
	      "3:18: expected holder=any");
	FIRST_HINT("process a {\ncmd x\nready port 1 example.org\n}\n",
		   "3:14: 'example.org' is neither an address nor localhost",
		   "names are not looked up; give the address, or let a "
		   "command ask: ready exec curl -fs http://example.org/");
	FIRST("process a {\ncmd x\nready http http://example.org:80/x\n}\n",
	      "3:12: 'example.org' is neither an address nor localhost");
	FIRST("process a {\ncmd x\nready http \"http://[::1]/a b\"\n}\n",
	      "3:12: a space or control in the path of an http check");
	FIRST("process a {\ncmd x\nready http http://[::1]/ header=A:b "
	      "header=\"B c\"\n}\n", "3:37: expected NAME:VALUE");
	FIRST("process a {\ncmd x\nready port 1 holder=me\n}\n",
	      "3:21: expected holder=any");
	FIRST("process a {\ncmd x\nready port 1 ::1 holder=any x\n}\n",
	      "3:29: too many words after 'ready port'");
	FIRST("process a {\ncmd x\nready log\n}\n",
	      "3:7: 'ready log' needs /PATTERN/");
	FIRST("process a {\ncmd x\nready http localhost:80\n}\n",
	      "3:12: expected a URL like http://localhost:8080/health");
	FIRST_HINT("process a {\ncmd x\nready http https://h/\n}\n",
		   "3:12: https cannot be checked directly",
		   "use: ready exec curl -fsS -o /dev/null https://h/");
	FIRST("process a {\ncmd x\nready http http://h:0/\n}\n",
	      "3:21: expected a port from 1 to 65535");
	FIRST("process a {\ncmd x\nready http http://[::1]/ status=399-200\n}\n",
	      "3:33: expected a range like 200-399");
	FIRST("process a {\ncmd x\nready http http://[::1]/ body=/a(/\n}\n",
	      "3:34: pattern: missing closing parenthesis");
	FIRST("process a {\ncmd x\nready http http://[::1]/ body=/a/ms\n}\n",
	      "3:34: 'm' is not a flag of patterns");
	FIRST("process a {\ncmd x\nready screen /x/\n}\n",
	      "1:9: a check of its screen needs 'tty yes'");
	FIRST("process a {\ncmd x\nlive exit\n}\n",
	      "3:6: 'exit' says nothing of one that runs");
	FIRST("process a {\ncmd x\nready unix\n}\n",
	      "3:7: 'ready unix' needs PATH");
}

TEST(wrong_watches)
{
	FIRST("process a {\ncmd x\nwatch w /a*/ mark\n}\n",
	      "3:9: this pattern matches the empty text, so it matches every "
	      "line");
	FIRST_HINT("process a {\ncmd x\nwatch w /a/ notfiy\n}\n",
		   "3:13: 'notfiy' is nothing a watch can do",
		   "did you mean 'notify'?");
	FIRST_HINT("process a {\ncmd x\nwatch w /a/ levle=error\n}\n",
		   "3:13: 'levle' is nothing a watch can do",
		   "did you mean 'level='?");
	FIRST("process a {\ncmd x\nwatch w /a/ level=bad\n}\n",
	      "3:19: expected one of: info | warn | error");
	FIRST("process a {\ncmd x\nwatch w /(?<ms>a)/ value=s\n}\n",
	      "3:26: the pattern has no group 's'");
	FIRST("process a {\ncmd x\nwatch w /a/ max=3\n}\n",
	      "3:17: expected a rate like 3/min");
	FIRST("process a {\ncmd x\nwatch w /a/ run=page\n}\n",
	      "3:7: watch 'w' runs 'page', which is no hook here");
	FIRST("process a {\ncmd x\nwatch w /a/ mark\nwatch w /b/\n}\n",
	      "4:7: there is a watch 'w' already");
	FIRST("process a {\ncmd x\nwatch w\n}\n",
	      "3:1: 'watch' needs NAME /PATTERN/ ACTION...");
}

TEST(checks_across_lines)
{
	FIRST_HINT("process api {\ncmd x\ndepends bd ready\n}\nprocess db y\n",
		   "3:9: there is no process 'bd'", "did you mean 'db'?");
	FIRST_HINT("process api {\n cmd x\n depends db\n}\n"
		   "process db {\n cmd y\n depends api ok\n}\n",
		   "3:10: these wait for each other: api \u2192 db \u2192 api",
		   "api is at sbxrc:1, db is at sbxrc:5");
	FIRST("process a {\n cmd x\n depends a\n}\n",
	      "3:10: these wait for each other: a \u2192 a");
	FIRST_HINT("process a x\nprocess b y\nprocess a z\n",
		   "3:9: process 'a' is defined twice",
		   "the first one is at sbxrc:1");
	FIRST_HINT("process a {\n cmd x\n port h 80\n}\n"
		   "process b {\n cmd x\n port 80\n}\n",
		   "7:7: port 80 is that of process 'a' already",
		   "the first one is at sbxrc:3");
	FIRST_HINT("process a {\n cmd x\n depends b redy\n}\nprocess b y\n",
		   "3:12: 'redy' is not a condition", "did you mean 'ready'?");
	FIRST("group g nobody\nprocess a x\n",
	      "1:9: there is no process 'nobody'");
	FIRST("group a a\nprocess a x\n",
	      "1:7: 'a' is the name of a process already");
	FIRST("group g\n", "1:7: this group has no members");
}

TEST(what_does_not_exist_is_a_warning)
{
	char want[1000];

	snprintf(want, sizeof(want),
	     "sbxrc:2:7: warning: '%s/nothing' is not a program\n"
	     "    2 |  argv ./nothing\n"
	     "      |       ^~~~~~~~~\n"
	     "sbxrc:5:7: warning: 'nothing-of-that-name' is not found in PATH "
	     "(/bin:/usr/bin)\n"
	     "    5 |  argv nothing-of-that-name x\n"
	     "      |       ^~~~~~~~~~~~~~~~~~~~\n"
	     "sbxrc:9:6: warning: directory '%s/gone' does not exist\n"
	     "    9 |  cwd ./gone\n"
	     "      |      ^~~~~~\n", dir, dir);
	SAYS("process a {\n argv ./nothing\n}\n"
	     "process b {\n argv nothing-of-that-name x\n}\n"
	     "process c {\n cmd x\n cwd ./gone\n}\n", want);
}

TEST(defaults_groups_and_order)
{
	struct result r;

	load(&r, "env A=set B=set C=set\npath ./bin\n"
		 "defaults {\n restart on-failure\n env B=defaults\n"
		 " watch err /E/ mark\n stop INT 1s\n}\n"
		 "process a {\n cmd x\n env C=proc\n group one\n"
		 " watch err /F/ bell\n}\n"
		 "process b {\n cmd y\n restart never\n stop.timeout 20s\n"
		 " tty yes\n depends a\n}\n"
		 "process t {\n cmd z\n tty yes\n}\n"
		 "group two {\n members b *\n env A=two\n cwd /\n}\n"
		 "group one {\n env A=one\n}\n");
	EQ_STR(buf_str(&r.out), "");
	const struct spec *a = set_find(r.set, "a");
	const struct spec *b = set_find(r.set, "b");
	EQ_INT(a->restart, SPEC_RESTART_ON_FAILURE);
	EQ_INT(b->restart, SPEC_RESTART_NEVER);
	EQ_STR(a->groups[0], "one");
	EQ_STR(a->groups[1], "two");
	EQ_STR(a->cwd, "/");
	EQ_INT(a->watch_count, 1);
	EQ_STR(a->watches[0].pattern.text, "F");
	EQ_INT(b->stop_count, 2);
	EQ_INT(b->stop[0].signo, SIGINT);
	EQ_INT(b->stop[0].wait_ms, 20000);
	char **env = spec_environ(a, environment);
	char want[200];
	snprintf(want, sizeof(want), "PATH=%s/bin:/bin:/usr/bin", dir);
	int seen = 0;
	for (char **e = env; *e; e++) {
		seen += strcmp(*e, "A=two") == 0 || strcmp(*e, "A=one") == 0;
		seen += strcmp(*e, "B=defaults") == 0;
		seen += strcmp(*e, "C=proc") == 0;
		seen += strcmp(*e, want) == 0;
		free(*e);
	}
	free(env);
	EQ_INT(seen, 4);
	EQ_INT(set_find_group(r.set, "two")->members[2] != NULL, 1);
	done(&r);
}

TEST(stop_ladders)
{
	struct result r;

	load(&r, "process a {\n cmd x\n stop INT 5s TERM 5s KILL\n"
		 " stop.timeout 7s\n}\n"
		 "process b {\n cmd x\n stop INT 5s TERM 5s\n"
		 " stop.timeout 3s\n}\n"
		 "process c {\n cmd x\n stop KILL\n stop.timeout 3s\n}\n"
		 "process d {\n cmd x\n stop QUIT TERM 1s\n}\n");
	const struct spec *s = set_find(r.set, "a");
	EQ_INT(s->stop_count, 3);
	EQ_INT(s->stop[0].wait_ms, 5000);
	EQ_INT(s->stop[1].wait_ms, 2000);
	s = set_find(r.set, "b");
	EQ_INT(s->stop_count, 2);
	EQ_INT(s->stop[0].wait_ms, 3000);
	EQ_INT(set_find(r.set, "c")->stop_count, 1);
	s = set_find(r.set, "d");
	EQ_INT(s->stop_count, 3);
	EQ_INT(s->stop[0].wait_ms, 5000);
	EQ_INT(s->stop[1].wait_ms, 1000);
	done(&r);
}

TEST(probes_are_complete)
{
	struct result r;

	load(&r, "process a {\n cmd x\n ready http http://[::1]:81/h?q#f "
		 "status=204 body=/a b\\/c/i\n ready.every 1s\n}\n"
		 "process b {\n cmd x\n ready exec curl -s 'x' # y\n}\n"
		 "process c {\n cmd x\n ready log \"plain \\\"q\\\"\"\n"
		 " depends a\n}\n"
		 "process d {\n cmd x\n watch up /up/ ready\n}\n"
		 "process e {\n cmd x\n depends d\n ready port 5 ::1\n}\n"
		 "process f {\n cmd x\n ready http http://[::1]\n}\n");
	EQ_STR(buf_str(&r.out), "");
	const struct spec_probe *p = &set_find(r.set, "a")->ready;
	EQ_STR(p->host, "::1");
	EQ_INT(p->port, 81);
	EQ_STR(p->path, "/h?q");
	EQ_INT(p->status_min, 204);
	EQ_INT(p->status_max, 204);
	EQ_STR(p->pattern.text, "a b\\/c");
	EQ_INT(p->pattern.flags, SPEC_RE_CASELESS);
	EQ_STR(set_find(r.set, "b")->ready.command, "curl -s 'x' # y");
	EQ_STR(set_find(r.set, "c")->ready.pattern.text, "plain \"q\"");
	EQ_INT(set_find(r.set, "c")->deps[0].condition, SPEC_COND_READY);
	EQ_INT(set_find(r.set, "e")->deps[0].condition, SPEC_COND_READY);
	EQ_STR(set_find(r.set, "e")->ready.host, "::1");
	EQ_STR(set_find(r.set, "f")->ready.path, "/");
	EQ_INT(set_find(r.set, "f")->ready.port, 80);
	done(&r);
}

TEST(includes_and_env_files)
{
	struct result r;

	(void)mkdir("d", 0700);
	write_text("d/2.sbxrc", "process two x\n");
	write_text("d/1.sbxrc", "process one x\nlet late ok\n");
	write_text("env", "# c\n\nexport A=1\nB='x y' \nC=\"l\\n\"\nD= t # u\n"
		   "E=\n-F\n -G  # h\n");
	load(&r, "include d/*.sbxrc\ninclude gone optional\n"
		 "env-file env\nenv-file nowhere optional\n"
		 "include none/*.x optional\nprocess z echo\nset name "
		 "${late}\n");
	EQ_STR(buf_str(&r.out), "");
	EQ_STR(r.set->specs[0]->name, "one");
	EQ_STR(r.set->specs[1]->file, "d/2.sbxrc");
	EQ_STR(r.set->specs[1]->cwd, dir);
	EQ_INT(r.set->env_count, 7);
	EQ_STR(r.set->env[1].value, "x y");
	EQ_STR(r.set->env[2].value, "l\n");
	EQ_STR(r.set->env[5].name, "F");
	OK(!r.set->env[5].value);
	EQ_STR(r.set->env[6].name, "G");
	EQ_STR(r.set->env[3].value, "t");
	EQ_STR(r.set->env[4].value, "");
	OK(r.set->files[3] != NULL && r.set->files[4] == NULL);
	done(&r);
	write_text("env", "A=1\nb c\n");
	load(&r, "env-file env\n");
	EQ_STR(buf_str(&r.out), "env:2:1: error: expected NAME=VALUE\n"
	       "    2 | b c\n      | ^\n"
	       "sbxrc: 1 error; nothing was started.\n");
	done(&r);
	write_text("env", "-A=1\n");
	load(&r, "env-file env\n");
	EQ_STR(buf_str(&r.out), "env:1:1: error: expected NAME=VALUE or "
	       "-NAME\n    1 | -A=1\n      | ^~~~\n"
	       "sbxrc: 1 error; nothing was started.\n");
	done(&r);
	FIRST("include sbxrc\n", "1:9: 'sbxrc' includes itself");
	FIRST("include d/*.none\n", "1:9: no file matches 'd/*.none'");
	FIRST("include d\n", "1:9: 'd' is a directory");
	write_text("a.sbxrc", "include b.sbxrc\n");
	write_text("b.sbxrc", "include a.sbxrc\n");
	FIRST("include a.sbxrc\n", "1:9: 'a.sbxrc' includes itself");
}

TEST(layers)
{
	struct result r;

	(void)mkdir("x", 0700);
	(void)mkdir("x/sbx", 0700);
	write_text("sys", "set quit detach\nset mouse off\n");
	write_text("x/sbx/sbxrc", "set quit stop\nbind C-k restart\n");
	write_text("sbxrc", "process a one\nprocess b two\n");
	write_text("sbxrc.local", "process a {\n cmd mine\n}\n");
	char *env[] = { mem_fmt("XDG_CONFIG_HOME=%s/x", dir), NULL };
	struct diags *ds = diags_new();
	struct set_request rq = { .path = "sbxrc", .environment = env,
				  .system_file = "sys" };
	r.set = NULL;
	EQ_INT(set_load(&rq, &r.set, ds), 0);
	EQ_STR(options_text(r.set->options, OPTION_QUIT), "stop");
	OK(!options_flag(r.set->options, OPTION_MOUSE));
	EQ_INT(r.set->spec_count, 2);
	EQ_STR(r.set->specs[0]->command, "mine");
	EQ_STR(r.set->specs[0]->file, "sbxrc.local");
	EQ_STR(r.set->binds[0].command, "restart");
	set_free(r.set);
	write_text("x/sbx/sbxrc", "process a x\n");
	r.set = NULL;
	EQ_INT(set_load(&rq, &r.set, ds), -1);
	EQ_STR(diags_get(ds, 0)->text, "'process' is not allowed in this "
	       "file");
	diags_free(ds);
	free(env[0]);
	unlink("sbxrc.local");
}

static int
unsafe(const char *path, const char *text)
{
	struct result r;

	load_file(&r, (struct set_request){ .path = path });
	const struct diag *d = diags_get(r.ds, 0);
	int right = !r.set && d && strcmp(d->text, text) == 0;
	if (!right)
		printf("# got: %s\n", d ? d->text : "nothing");
	done(&r);
	return right;
}

TEST(untrusted_files_start_nothing)
{
	write_text("evil", "process a x\n");
	OK(chmod("evil", 0666) == 0);
	OK(unsafe("evil", "'evil' can be written by others (mode 666)"));
	OK(chmod("evil", 0644) == 0);
	(void)unlink("link");
	OK(symlink("evil", "link") == 0);
	OK(unsafe("link", "'link' is a symbolic link"));
	OK(mkfifo("fifo", 0600) == 0 || errno == EEXIST);
	OK(unsafe("fifo", "'fifo' is not a regular file"));
	OK(unsafe("none", "cannot read 'none': No such file or directory"));
	if (geteuid() == 0) {
		OK(chown("evil", 12345, 0) == 0);
		OK(unsafe("evil", "'evil' belongs to somebody else (uid "
			  "12345)"));
	}
	struct result r;
	load_file(&r, (struct set_request){ .path = "link", .trusted = true });
	OK(r.set != NULL);
	done(&r);
}

/* Who can rename files in it decides which file has the name. */
TEST(files_in_untrusted_directories)
{
	static const char text[] = "'open/x' is in a directory that others "
				   "can write to";
	struct result r;

	(void)mkdir("open", 0700);
	write_text("open/x", "process a x\n");
	OK(chmod("open/x", 0644) == 0 && chmod("open", 0777) == 0);
	OK(unsafe("open/x", text));
	write_text("in", "include open/x\n");
	OK(chmod("in", 0644) == 0);
	OK(unsafe("in", text));
	OK(chmod("open", 01777) == 0);
	load_file(&r, (struct set_request){ .path = "open/x" });
	OK(r.set != NULL);
	done(&r);
	OK(chmod("open", 0755) == 0);
	if (geteuid() != 0)
		return;
	OK(chown("open", 0, 12345) == 0 && chmod("open", 0775) == 0);
	OK(unsafe("open/x", text));
	OK(chown("open", 12345, 0) == 0 && chmod("open", 0755) == 0);
	OK(unsafe("open/x", text));
}

TEST(more_wrong_values)
{
	FIRST_HINT("process a {\ncmd x\nlimit cpu\n}\n",
		   "3:7: expected NAME=VALUE",
		   "like nofile=4096 or memory=1G");
	FIRST("process a {\ncmd x\nlimit cpu=1x\n}\n",
	      "3:11: expected a time like 500ms, 3s or 2m");
	FIRST_HINT("process a {\ncmd x\nstop 5s\n}\n",
		   "3:6: '5s' is not a signal",
		   "like: stop INT 5s TERM 5s KILL");
	FIRST("process a {\ncmd x\nstop INT 5x\n}\n",
	      "3:10: expected a time like 500ms, 3s or 2m");
	FIRST("process a {\ncmd x\nstop.timeout 0\n}\n",
	      "3:14: this time is too short");
	FIRST("process a {\ncmd x\ntty yes\nstdin pipe\n}\n",
	      "4:7: the input of a process with 'tty yes' is its terminal");
	FIRST("process a {\nargv '' x\n}\n",
	      "2:6: the program is an empty word");
	FIRST("process a {\ncmd x\ngroup g h\n}\n",
	      "3:9: too many words after 'group'");
	FIRST("defaults\n", "1:1: 'defaults' opens no block");
	FIRST("path a:b\n", "1:6: a directory in PATH has no ':'");
	FIRST_HINT("env-file gone\n",
		   "1:10: cannot read 'gone': No such file or directory",
		   "write 'optional' behind it if it may be missing");
	FIRST("process a {\ncmd x\nwatch w /a/ level=\n}\n",
	      "3:13: 'level=' needs info|warn|error");
	FIRST("process a {\ncmd x\nwatch w /a/ zzzzzzzzz\n}\n",
	      "3:13: 'zzzzzzzzz' is nothing a watch can do");
	FIRST("frob a {\n x {\n y\n }\n}\nprocess a x\n",
	      "1:1: unknown word 'frob' at top level");
	FIRST("frob a { # c\n x\n}\nprocess a x\n",
	      "1:1: unknown word 'frob' at top level");
	FIRST("frob {\n}\nprocess a x\n",
	      "1:1: unknown word 'frob' at top level");
}

/* The rules of words that this version refuses, for the one that takes them. */
TEST(wrong_values_of_words_not_built)
{
	static const char *const cases[][2] = {
		{ "schedule every x", "expected a time like 500ms, 3s or 2m" },
		{ "schedule every 0", "this time is too short" },
		{ "schedule cron \"1 2 3\"", "a schedule has five fields: minute "
		  "hour day month weekday" },
		{ "schedule every 1s now", "too many words after 'schedule'" },
		{ "log.rotate 1M frob", "expected keep=N or gzip" },
		{ "watch w absent /x/", "expected absent /PATTERN/ for TIME" },
		{ "watch w absent /x/ for x",
		  "expected a time like 500ms, 3s or 2m" },
		{ "watch w /(x)/ alert>y", "expected a number" },
		{ "stop keys", "'stop keys' needs KEYS" },
		{ "notify never", "expected one of: fail | unready | ready | "
		  "exit" },
		{ "replicas 0", "expected a number from 1 to 1000" },
		{ "ready screen x", "expected a /PATTERN/" },
		{ "watch w /x/ run=page",
		  "watch 'w' runs 'page', which is no hook here" },
		{ "watch w /x/ start=gone", "there is no process 'gone'" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct result r;
		char text[300];
		snprintf(text, sizeof(text), "process q {\n cmd y\n %s\n}\n",
			 cases[i][0]);
		load_bytes(&r, text, strlen(text), true);
		EQ_INT(diags_errors(r.ds), 1);
		EQ_STR(diags_get(r.ds, 0)->text, cases[i][1]);
		done(&r);
	}
}

TEST(more_properties)
{
	struct result r;

	load(&r, "group g {\n env A=1\n}\nprocess t {\n argv sh\n tty yes\n"
		 " group g\n group h\n limit cpu=1500ms\n"
		 " watch w /x(?<v>y)/xs stream=pty unit=ms value=v\n}\n"
		 "process p {\n cmd x\n stdin pipe\n cwd .\n tree keep\n"
		 " keep no\n}\n");
	EQ_STR(buf_str(&r.out), "");
	const struct spec *s = set_find(r.set, "t");
	EQ_INT(s->stop_count, 3);
	EQ_INT(s->stop[0].signo, SIGHUP);
	EQ_INT(s->stdin_kind, SPEC_STDIN_TTY);
	EQ_STR(s->groups[1], "h");
	EQ_INT(s->limits[0].value, 2);
	EQ_INT(s->watches[0].stream, SPEC_STREAM_PTY);
	EQ_INT(s->watches[0].pattern.flags,
	       SPEC_RE_EXTENDED | SPEC_RE_DOTALL);
	EQ_STR(s->watches[0].unit, "ms");
	s = set_find(r.set, "p");
	EQ_INT(s->stdin_kind, SPEC_STDIN_PIPE);
	EQ_STR(s->cwd, dir);
	OK(s->tree_keep && !s->keep);
	done(&r);
}

/* Written by a group that has others in it: not to be believed. */
TEST(files_of_a_shared_group)
{
	if (geteuid() != 0)
		SKIP_TEST("not root");
	write_text("evil", "process a x\n");
	OK(chown("evil", 0, 12345) == 0 && chmod("evil", 0664) == 0);
	OK(unsafe("evil", "'evil' can be written by others (mode 664)"));
}

TEST(depth_is_limited)
{
	struct buf b = BUF_INIT(1 << 16);
	struct result r;

	for (int i = 0; i < 40; i++)
		(void)buf_adds(&b, "frob {\n");
	load_bytes(&r, b.data, b.len, false);
	EQ_INT(diags_errors(r.ds), 2);
	EQ_STR(diags_get(r.ds, 1)->text, "too many blocks inside each other");
	done(&r);
	buf_clear(&b);
	(void)buf_adds(&b, "path");
	for (int i = 0; i < 5000; i++)
		(void)buf_adds(&b, " x");
	load_bytes(&r, b.data, b.len, false);
	EQ_STR(diags_get(r.ds, 0)->text, "too many words on one line");
	done(&r);
	buf_fini(&b);
}

static bool
runs_nearer(const char *path)
{
	return strstr(path, "/p/q/r/sbxrc");
}

TEST(finds_the_file_of_the_project)
{
	char *path = NULL, *sub = mem_fmt("%s/p/q/r", dir);
	char *top = mem_fmt("%s/p", dir), *want = mem_fmt("%s/p/sbxrc", dir);

	(void)mkdir("p", 0700);
	(void)mkdir("p/q", 0700);
	(void)mkdir("p/q/r", 0700);
	write_text("sbxrc", "");
	write_text("p/sbxrc", "");
	EQ_INT(set_find_rc(sub, NULL, NULL, &path, NULL), 0);
	EQ_STR(path, want);
	free(path);
	OK(rename("p/sbxrc", "p/q/.sbxrc") == 0);
	EQ_INT(set_find_rc(sub, NULL, NULL, &path, NULL), 0);
	OK(strstr(path, "/p/q/.sbxrc") != NULL);
	free(path);
	/* One that is gone, of a set that runs: where it was. */
	EQ_INT(set_find_rc(sub, NULL, runs_nearer, &path, NULL), 0);
	OK(strstr(path, "/p/q/r/sbxrc") != NULL);
	free(path);
	OK(unlink("p/q/.sbxrc") == 0);
	EQ_INT(set_find_rc(sub, top, NULL, &path, NULL), -ENOENT);
	(void)mkdir("p/q/.git", 0700);
	EQ_INT(set_find_rc(sub, NULL, NULL, &path, NULL), -ENOENT);
	EQ_INT(set_find_rc("relative", NULL, NULL, &path, NULL), -EINVAL);
	free(sub);
	free(top);
	free(want);
}

TEST(large_files)
{
	struct buf b = BUF_INIT(16u << 20);
	struct result r;
	size_t huge = 5u << 20;
	char *zero = mem_alloc(huge);

	for (int i = 0; i < 10000; i++)
		(void)buf_addf(&b, "process p%d {\n cmd x\n depends p%d\n}\n",
			       i, i == 9999 ? 9998 : i + 1);
	load_bytes(&r, b.data, b.len, false);
	EQ_INT(diags_errors(r.ds), 1);
	OK(strstr(buf_str(&r.out), "these wait for each other: p9998 \u2192 "
		  "p9999 \u2192 p9998") != NULL);
	done(&r);
	(void)buf_adds(&b, "process q x\n");
	load_bytes(&r, b.data, b.len, false);
	OK(strstr(buf_str(&r.out), "error: more than 10000 processes"));
	done(&r);
	load_bytes(&r, zero, huge, false);
	OK(strstr(buf_str(&r.out), "is larger than 4096 KiB") != NULL);
	done(&r);
	buf_clear(&b);
	(void)buf_adds(&b, "process ");
	for (int i = 0; i < 5000; i++)
		(void)buf_addc(&b, 'n');
	(void)buf_adds(&b, " x\n");
	load_bytes(&r, b.data, b.len, false);
	OK(strstr(buf_str(&r.out), "a name has at most 64 bytes, this one has "
		  "5000") != NULL);
	OK(r.out.len < 600);
	done(&r);
	buf_clear(&b);
	for (int i = 0; i < 1000; i++)
		(void)buf_adds(&b, "frob\n");
	load_bytes(&r, b.data, b.len, false);
	OK(strstr(buf_str(&r.out), "sbxrc: 1000 errors, the first 20 are "
		  "shown; nothing was started.\n") != NULL);
	EQ_INT(diags_errors(r.ds), 1000);
	OK(diags_get(r.ds, DIAG_MAX) == NULL);
	done(&r);
	buf_fini(&b);
	free(zero);
}

/* Doubling a text forty times must not take memory. */
TEST(variables_cannot_explode)
{
	struct buf b = BUF_INIT(1 << 20);
	struct result r;

	(void)buf_adds(&b, "let v0 0123456789abcdef\n");
	for (int i = 0; i < 40; i++)
		(void)buf_addf(&b, "let v%d ${v%d}${v%d}\n", i + 1, i, i);
	load_bytes(&r, b.data, b.len, false);
	OK(strstr(buf_str(&r.out), "this word is longer than") != NULL);
	OK(r.set == NULL);
	done(&r);
	buf_fini(&b);
}

TEST(lines_of_the_prompt)
{
	struct rc_stmt *s;
	struct err e = ERR_INIT;

	EQ_INT(rc_line("restart 'a b' \"c\\n\" ${x} { # no", &s, &e), 0);
	EQ_INT(s->count, 5);
	EQ_STR(s->words[1].text, "a b");
	EQ_INT(s->words[1].col, 9);
	EQ_STR(s->words[2].text, "c\n");
	EQ_STR(s->words[3].text, "${x}");
	rc_line_free(s);
	EQ_INT(rc_line("", &s, &e), 0);
	EQ_INT(s->count, 0);
	rc_line_free(s);
	EQ_INT(rc_line("find 'x", &s, &e), -1);
	EQ_STR(e.text, "this quote is not closed");
	EQ_INT(rc_line("a\nb", &s, &e), -1);
}

/* A line for every word that can be written, to misspell it. */
static const struct {
	const char *word, *rest;
} samples[] = {
	{ "require", "1" }, { "set", "theme mono" }, { "let", "x y" },
	{ "include", "gone optional" }, { "import", "procfile" }, { "defaults", "{\n}" },
	{ "process", "other echo x" }, { "bind", "C-k restart" },
	{ "unbind", "Q" }, { "color", "match black yellow" },
	{ "env", "A=1" }, { "env-file", "gone optional" }, { "path", "/bin" },
	{ "group", "g p" }, { "members", "p" }, { "cwd", "/" },
	{ "cmd", "echo 'x" }, { "argv", "/bin/sh -c x" },
	{ "desc", "it's a text" }, { "tty", "no" }, { "stdin", "pipe" },
	{ "stderr", "separate" }, { "user", "root" }, { "umask", "022" },
	{ "nice", "5" }, { "limit", "nofile=100" }, { "depends", "p ready" },
	{ "live", "log /x (y)/" }, { "live.every", "1s" },
	{ "live.fails", "3" }, { "live.action", "mark" },
	{ "hook", "page echo 'x" }, { "notify", "fail silence=3s" },
	{ "ready", "log /x (y)/" }, { "ready.every", "1s" },
	{ "ready.timeout", "1s" }, { "restart", "always" },
	{ "restart.max", "3" }, { "restart.within", "1m" },
	{ "restart.backoff", "1s..2s" }, { "restart.reset", "5s" },
	{ "stop", "INT 1s KILL" }, { "stop.timeout", "3s" },
	{ "timeout", "3s" }, { "keep", "no" }, { "ok-codes", "1 2" },
	{ "autostart", "no" }, { "hidden", "yes" }, { "tree", "keep" },
	{ "watch", "w /a (b)/ mark value=1 max=3/min" },
	{ "port", "http 80" }, { "url", "http://localhost/" },
	{ "log.keep", "1M" }, { "log.file", "x.log" },
	{ "log.rotate", "1M keep=3 gzip" }, { "replicas", "2" },
	{ "schedule", "every 1s at-start" }, { "schedule.overlap", "queue" },
	{ "files", "'src/**' debounce=1s" },
};

/* The word among those allowed there that is nearest, if only one is. */
static const char *
only_nearest(const char *text, unsigned where)
{
	const char *found = NULL;
	int best = 99;

	for (size_t i = 0; i < rc_word_count(); i++) {
		if (!(rc_words[i].where & where))
			continue;
		int d = table_distance(text, rc_words[i].row.name, 9);
		if (d == best)
			found = NULL;
		if (d < best) {
			best = d;
			found = rc_words[i].row.name;
		}
	}
	return found;
}

static int
misspelt(const char *word, const char *wrong, const char *rest, unsigned where)
{
	char text[500], want[300];
	const char *place = where == RC_TOP ? "at top level" :
		where == RC_GROUP ? "in group 'g9'" : "in process 'q'";
	struct result r;

	snprintf(text, sizeof(text), where == RC_TOP ?
		 "process p x\n# 2\n%s %s\n" : where == RC_GROUP ?
		 "process p x\ngroup g9 {\n  %s %s\n}\n" :
		 "process p x\nprocess q {\n  %s %s\n}\n", wrong, rest);
	snprintf(want, sizeof(want), "unknown word '%s' %s", wrong, place);
	load(&r, text);
	const struct diag *d = diags_get(r.ds, 0);
	const char *near = only_nearest(wrong, where);
	char hint[100] = "";
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	int right = d && diags_errors(r.ds) == 1 && d->line == 3 &&
		d->col == (where == RC_TOP ? 1 : 3) &&
		strcmp(d->text, want) == 0 &&
		(!near || (d->hint && strcmp(d->hint, hint) == 0));
	/* A short word with a letter less is near to several. */
	if (!right && d && near && !d->hint && strlen(word) < 5)
		right = 1;
	if (!right)
		printf("# %s for %s: %s\n", wrong, word, buf_str(&r.out));
	done(&r);
	return right;
}

TEST(every_misspelt_word_is_one_mistake)
{
	int count = 0;

	for (size_t i = 0; i < rc_word_count(); i++) {
		const struct rc_word_row *row = &rc_words[i];
		const char *word = row->row.name, *rest = NULL;
		if (row->where == RC_THEME)
			continue;
		for (size_t k = 0; k < sizeof(samples) / sizeof(*samples); k++)
			if (strcmp(samples[k].word, word) == 0)
				rest = samples[k].rest;
		if (!rest)
			TEST_FAIL("no sample line for '%s'", word);
		unsigned where = row->where & RC_TOP ? RC_TOP :
			row->where & RC_PROCESS ? RC_PROCESS : RC_GROUP;
		size_t len = strlen(word);
		for (size_t at = 0; at + 1 < len; at++) {
			/* A swap, a letter less, a letter more, another. */
			char swap[80], less[80], more[80], other[80];
			char *wrong[] = { swap, less, more, other };
			snprintf(swap, sizeof(swap), "%s", word);
			swap[at] = word[at + 1];
			swap[at + 1] = word[at];
			snprintf(less, sizeof(less), "%.*s%s", (int)at, word,
				 word + at + 1);
			snprintf(more, sizeof(more), "%.*sx%s", (int)at, word,
				 word + at);
			snprintf(other, sizeof(other), "%s", word);
			other[at] = 'q';
			for (int w = 0; w < 4; w++) {
				if (!wrong[w][0] || rc_word_find(wrong[w]))
					continue;
				OK(misspelt(word, wrong[w], rest, where));
				count++;
			}
		}
	}
	printf("# %d misspelt words\n", count);
	OK(count > 200);
}

/* The same lines, spelt right, say nothing. */
TEST(every_word_is_accepted)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct rc_word_row *row = rc_word_find(samples[i].word);
		struct result r;
		char text[500];
		OK(row != NULL);
		bool command = strcmp(samples[i].word, "cmd") == 0 ||
			strcmp(samples[i].word, "argv") == 0;
		snprintf(text, sizeof(text), row->where & RC_TOP ?
			 "process p x\n%s %s\n" : row->where & RC_PROCESS ?
			 command ? "process p x\nprocess q {\n  %s %s\n}\n" :
			 "process p x\nprocess q {\n  cmd y\n  %s %s\n}\n" :
			 "process p x\ngroup g9 {\n  %s %s\n}\n",
			 samples[i].word, samples[i].rest);
		load(&r, text);
		EQ_STR(buf_str(&r.out), "");
		done(&r);
	}
}

/* What the file seems to mean; NULL where that cannot be said. */
static struct set *
guess(const char *text)
{
	struct set *maybe = NULL;
	struct result r;

	write_file("sbxrc", text, strlen(text));
	load_file(&r, (struct set_request){ .path = "sbxrc", .alone = true,
					    .guess = &maybe });
	if (r.set || diags_errors(r.ds) == 0)
		printf("# there is no mistake\n");
	done(&r);
	return maybe;
}

TEST(mistakes_may_leave_what_is_meant)
{
	struct set *set = guess("process web {\n cmd x\n restrat always\n"
				" watch e /a(/ mark\n nice 5\n}\n"
				"process db y\nfrobnicate\n");
	OK(set != NULL);
	EQ_INT(set->spec_count, 2);
	EQ_INT(set->specs[0]->restart, SPEC_RESTART_ALWAYS);
	EQ_INT(set->specs[0]->watch_count, 0);
	EQ_INT(set->specs[0]->nice, 5);
	set_free(set);
	/* Without a command it is no process, and no other is taken for it. */
	OK(!guess("process web {\n restrat always\n}\nprocess db y\n"));
	OK(!guess("frobnicate\n"));
}

static void
set_up(void)
{
	write_text("Procfile", "imported: true\n");
}

int
main(void)
{
	return test_run_in(dir, set_up);
}
