/*
 * Whole screens against the pictures of the design, character by character.
 * What is shown comes over the same frames that an engine sends and from a
 * log on disk; only the connection is missing.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../lib/test.h"
#include "../lib/uirig.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/conn.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/msg.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "engine/conf/theme.h"
#include "engine/life/event.h"
#include "engine/log/fold.h"
#include "engine/log/journal.h"
#include "engine/log/spool.h"
#include "engine/spec/spec.h"
#include "engine/term/cell.h"
#include "tui/logview.h"
#include "tui/pane.h"
#include "tui/remember.h"
#include "tui/sheet.h"
#include "tui/ui.h"
#include "tui/view.h"

#define AT(h, m, s) (((int64_t)(h)*3600 + (m)*60 + (s)) * 1000)
/* 2026-01-05 00:00 UTC */
#define DAY INT64_C(1767571200000)

struct rig {
	struct ui *ui;
	struct set set;
	struct spec spec;
	struct spec *specs[1];
	struct spec_watch watches[2];
	char path[64];
	int dir;
	struct spool *spool;
	struct fold *fold;
	struct fold_scratch *scratch;
};

static const struct fold_ops no_ops;

static void
send_grow(struct rig *r, uint32_t id, uint64_t bytes)
{
	struct buf b = BUF_INIT(65536);
	struct proto_grow g = { .proc = id, .next_seq = 1, .run = 1 };

	g.bytes[0] = bytes;
	proto_put_grow(&b, &g);
	uirig_frame(r->ui, PROTO_GROW, &b);
}

/* The processes of the pictures. */
static void
send_rows(struct rig *r)
{
	struct proc_row p = uirig_row(1, "api", "backend", STATUS_RUNNING);
	struct buf none = BUF_INIT(16);
	int64_t now = clock_wall_ms();

	p.has_ready_rule = true;
	p.pid = 4121;
	p.ports = "8080";
	p.errors = 3;
	p.started_at_ms = now - AT(0, 12, 4);
	p.cpu_permille = 21;
	p.rss_bytes = 118 << 20;
	uirig_send_row(r->ui, &p);
	p = uirig_row(2, "web", "frontend", STATUS_RUNNING);
	p.has_ready_rule = true;
	p.started_at_ms = now - AT(0, 12, 0);
	uirig_send_row(r->ui, &p);
	p = uirig_row(3, "db", "backend", STATUS_RUNNING);
	p.has_ready_rule = true;
	p.started_at_ms = now - AT(0, 12, 0);
	uirig_send_row(r->ui, &p);
	p = uirig_row(4, "worker", "backend", STATUS_STARTING);
	p.ready = false;
	uirig_send_row(r->ui, &p);
	p = uirig_row(5, "mailer", "backend", STATUS_FAILED);
	p.has_exit = true;
	p.exit_code = 3;
	uirig_send_row(r->ui, &p);
	p = uirig_row(6, "proxy", "frontend", STATUS_BACKOFF);
	p.deadline_at_ms = now + 4000;
	p.errors = 9;
	uirig_send_row(r->ui, &p);
	p = uirig_row(7, "migrate", "jobs", STATUS_COMPLETED);
	uirig_send_row(r->ui, &p);
	p = uirig_row(8, "e2e", "jobs", STATUS_WAITING);
	p.waits = "proxy ready";
	uirig_send_row(r->ui, &p);
	p = uirig_row(9, "backup", "jobs", STATUS_SCHEDULED);
	p.deadline_at_ms = DAY + AT(14, 0, 0);
	uirig_send_row(r->ui, &p);
	p = uirig_row(10, "docs", "jobs", STATUS_OFF);
	uirig_send_row(r->ui, &p);
	p = uirig_row(11, "shell", "jobs", STATUS_RUNNING);
	p.tty = true;
	p.pid = 4188;
	p.command = "/usr/bin/bash -l";
	uirig_send_row(r->ui, &p);
	uirig_frame(r->ui, PROTO_SYNC, &none);
}

/* The newest, which may still wait for its turn. */
static const char *
last_toast(const struct rig *r)
{
	return toasts_told(&r->ui->toasts, 0)->text;
}

static void
say(struct rig *r, int64_t ms, const char *text)
{
	spool_append(r->spool, LOG_OUT, text, strlen(text));
	spool_append(r->spool, LOG_OUT, "\n", 1);
	while (fold_step(r->fold, 1 << 20, DAY + ms, 0) == 1)
		;
}

static void
say_lines(struct rig *r)
{
	static const char *const lines[] = {
		"GET /items/117 200 4ms", "GET /items/118 200 3ms",
		"POST /cart 201 11ms", "GET /health 200 0ms",
		"ERROR payment: upstream timeout after 3000ms  order=88104",
		"GET /items/122 404 2ms", "GET /items/123 200 4ms",
		"GET /items/124 200 3ms", "POST /cart 201 11ms",
		"ERROR payment: upstream timeout after 3000ms  order=88109",
		"cache: hit items:127", "GET /items/128 404 2ms",
		"GET /items/129 200 4ms", "GET /items/130 200 3ms",
		"POST /cart 201 11ms",
		"WARN  slow query 812ms select * from orders where state=1",
		"cache: hit items:133", "GET /items/134 404 2ms",
		"GET /items/135 200 4ms", "GET /items/136 200 3ms",
		"POST /cart 201 11ms",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		say(r, AT(12, 3, 0) + (int64_t)i * 1000, lines[i]);
}

/* Only what the log view wants of a set: the watches of api. */
static void
make_set(struct rig *r, struct options *o)
{
	r->watches[0] = (struct spec_watch){ .name = (char *)"errors",
		.pattern = { (char *)"ERROR", 0 },
		.level = SPEC_LEVEL_ERROR };
	r->watches[1] = (struct spec_watch){ .name = (char *)"slow",
		.pattern = { (char *)"WARN", 0 }, .level = SPEC_LEVEL_WARN };
	r->spec.name = (char *)"api";
	r->spec.watches = r->watches;
	r->spec.watch_count = 2;
	r->specs[0] = &r->spec;
	r->set = (struct set){ .name = (char *)"shop", .dir = (char *)"/shop",
			       .path = (char *)"/shop/sbxrc", .options = o,
			       .specs = r->specs, .spec_count = 1 };
}

static void
rig_init(struct rig *r, int rows, int cols, const char *glyphs)
{
	struct options *o = options_new();
	struct err e = ERR_INIT;

	memset(r, 0, sizeof(*r));
	setenv("TZ", "UTC", 1);
	clock_fake(1000000000, DAY + AT(12, 3, 22));
	options_change(o, "timestamps", "time", &e);
	options_change(o, "glyphs", glyphs, &e);
	options_change(o, "clock", "on", &e);
	make_set(r, o);
	r->ui = ui_new(NULL, &r->set, TERM_MONO, &e);
	options_free(o);
	snprintf(r->path, sizeof(r->path), "/tmp/sbx-screen-XXXXXX");
	if (!r->ui || !mkdtemp(r->path))
		abort();
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->scratch = fold_scratch_new();
	r->spool = spool_open(r->dir, 0, DAY, NULL);
	r->fold = fold_new(r->spool, r->scratch, &no_ops, NULL, 0);
	ui_resize(r->ui, rows, cols);
	r->ui->chosen = true;
	send_rows(r);
	ui_draw(r->ui);
	send_grow(r, 2, 100);
	say_lines(r);
	struct pane *pa = ui_pane(r->ui, model_find(r->ui->model, 1));
	logview_open(pa->log, r->dir, &e);
	bool changed;
	while (logview_work(pa->log, &changed))
		;
}

static void
rig_fini(struct rig *r)
{
	ui_free(r->ui);
	fold_free(r->fold);
	spool_free(r->spool);
	fold_scratch_free(r->scratch);
	spool_wipe(r->dir);
	close(r->dir);
	rmdir(r->path);
	clock_real();
}

static void
press(struct rig *r, const char *keys)
{
	static struct key k[64];
	int n = key_parse_list(keys, k, ARRAY_LEN(k), NULL);

	for (int i = 0; i < n; i++)
		ui_key(r->ui, k[i]);
	for (int i = 0; i < 100; i++) {
		r->ui->wants &= ~(unsigned)UI_AGAIN;
		ui_work(r->ui);
		if (!(r->ui->wants & UI_AGAIN))
			break;
	}
}

/* One row of the picture that is drawn now. */
static const char *
line_no(struct rig *r, int no)
{
	static char out[2048];
	ui_draw(r->ui);
	char *text = canvas_text(r->ui->canvas);
	const char *s = text;

	for (int i = 0; i < no && s; i++)
		s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL;
	snprintf(out, sizeof(out), "%.*s", s ? (int)strcspn(s, "\n") : 0,
		 s ? s : "");
	free(text);
	return out;
}

#define PICTURE(r, ...)                                                        \
	do {                                                                   \
		static const char *const want_[] = { __VA_ARGS__ };            \
		for (size_t i_ = 0; i_ < ARRAY_LEN(want_); i_++)               \
			if (strcmp(line_no(r, (int)i_), want_[i_]) != 0)       \
				TEST_FAIL("row %zu is\n#  |%s|\n#  |%s|",      \
					  i_, line_no(r, (int)i_), want_[i_]); \
	} while (0)

TEST(list_and_log)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	PICTURE(&r,
"▌shop      5 up · 1 failed│ api  ● ready  pid 4121  :8080  12m04s",
"›● api            ready !3│  12:03:00 GET /items/117 200 4ms                   ▕",
" ● web            ready  ·│  12:03:01 GET /items/118 200 3ms                   ▕",
" ● db             ready   │  12:03:02 POST /cart 201 11ms                      ▕",
" ◐ worker      starting   │  12:03:03 GET /health 200 0ms                      ▕",
" ✗ mailer        exit 3   │! 12:03:04 ERROR payment: upstream timeout after 3› ▕",
" ↻ proxy       retry 4s !9│  12:03:05 GET /items/122 404 2ms                   ▕",
" ✓ migrate         done   │  12:03:06 GET /items/123 200 4ms                   ▕",
" … e2e      waits proxy   │  12:03:07 GET /items/124 200 3ms                   ▕",
" ◷ backup         14:00   │  12:03:08 POST /cart 201 11ms                      ▕",
" ○ docs             off   │! 12:03:09 ERROR payment: upstream timeout after 3› ▕",
" ● shell            tty   │  12:03:10 cache: hit items:127                     ▕",
"                          │  12:03:11 GET /items/128 404 2ms                   ▕");
	EQ_STR(line_no(&r, 16), "                          │~ 12:03:15 "
	       "WARN  slow query 812ms select * from or› ▕");
	EQ_STR(line_no(&r, 22), " LIST  api  follow ●  21 lines  err 3  "
	       "wrap off          5 up 1 failed  12:03:22");
	EQ_STR(line_no(&r, 23), " Enter log  s start  x stop  r restart  "
	       "/ find  : command  ? keys  q quit");
	rig_fini(&r);
}

TEST(in_ascii_without_colour)
{
	struct rig r;
	rig_init(&r, 24, 80, "ascii");
	PICTURE(&r,
"[shop      5 up - 1 failed| api  * ready  pid 4121  :8080  12m04s",
">* api            ready !3|  12:03:00 GET /items/117 200 4ms                   :",
" * web            ready  -|  12:03:01 GET /items/118 200 3ms                   :",
" * db             ready   |  12:03:02 POST /cart 201 11ms                      :",
" ~ worker      starting   |  12:03:03 GET /health 200 0ms                      :",
" ! mailer        exit 3   |! 12:03:04 ERROR payment: upstream timeout after 3> :",
" @ proxy       retry 4s !9|  12:03:05 GET /items/122 404 2ms                   :",
" + migrate         done   |  12:03:06 GET /items/123 200 4ms                   :",
" : e2e      waits proxy   |  12:03:07 GET /items/124 200 3ms                   :",
" % backup         14:00   |  12:03:08 POST /cart 201 11ms                      :",
" . docs             off   |! 12:03:09 ERROR payment: upstream timeout after 3> :",
" * shell            tty   |  12:03:10 cache: hit items:127                     :");
	EQ_STR(line_no(&r, 22), "[LIST] api  follow on  21 lines  err 3  "
	       "wrap off         5 up 1 failed  12:03:22");
	/* Nothing beyond ASCII anywhere on the screen. */
	char *text = canvas_text(r.ui->canvas);
	for (const char *s = text; *s; s++)
		OK(!((unsigned char)*s & 0x80));
	free(text);
	rig_fini(&r);
}

TEST(zoomed_search_standing_still)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	for (int i = 0; i < 400; i++)
		say(&r, AT(12, 2, 0), i % 100 ? "one more" : "timeout here");
	send_grow(&r, 1, 100);
	press(&r, "z / 'timeout' Enter");
	for (int i = 0; i < 5; i++)
		say(&r, AT(12, 4, 0), "new line");
	send_grow(&r, 1, 200);
	press(&r, "N");
	EQ_STR(line_no(&r, 0), "▌api  ● ready  pid 4121  :8080  12m04s"
	       "   zoom        PAUSED  +5 new  G to follow");
	EQ_STR(line_no(&r, 22), " LOG  api  /timeout  match 5 of 6  "
	       "line 222 of 426  52%  err 3          12:03:22");
	EQ_STR(line_no(&r, 23), " n next  N prev  G newest + follow  "
	       "& filter  z unzoom  Esc clear  q back");
	press(&r, "G");
	EQ_STR(line_no(&r, 0),
	       "▌api  ● ready  pid 4121  :8080  12m04s   zoom");
	press(&r, "Esc");
	EQ_STR(line_no(&r, 0),
	       "▌api  ● ready  pid 4121  :8080  12m04s   zoom");
	press(&r, "z");
	EQ_STR(line_no(&r, 1), "›● api            ready !3│  12:02:00 "
	       "one more                                 !");
	rig_fini(&r);
}

TEST(narrow_screens)
{
	struct rig r;
	rig_init(&r, 20, 40, "unicode");
	PICTURE(&r,
"▌shop                    5 up · 1 failed",
"›● api                          ready !3",
" ● web                          ready  ·",
" ● db                           ready",
" ◐ worker                    starting",
"  … 7 more (j k)",
" api  ● ready  :8080  ──────────────────");
	EQ_STR(line_no(&r, 18), " LIST  follow ●  err 3             12:03");
	EQ_STR(line_no(&r, 19), " Enter log  r x s  / :  ? keys  q");
	ui_resize(r.ui, 10, 40);
	press(&r, "Tab");
	EQ_STR(line_no(&r, 0), "▌●api !3  1/11                  follow ●");
	EQ_STR(line_no(&r, 9), " LOG  Tab list  / : ?            ✗mailer");
	ui_resize(r.ui, 4, 20);
	EQ_STR(line_no(&r, 0), "▌●api !3  1/11");
	EQ_STR(line_no(&r, 3), " LOG  5up 1✗  ? help");
	ui_resize(r.ui, 1, 6);
	EQ_STR(line_no(&r, 0), "5up 1✗");
	ui_resize(r.ui, 1, 1);
	EQ_STR(line_no(&r, 0), "✗");
	rig_fini(&r);
}

TEST(every_size_can_be_drawn)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	for (int rows = 1; rows <= 45; rows += rows < 16 ? 1 : 7) {
		for (int cols = 1; cols <= 210; cols += cols < 62 ? 3 : 23) {
			static const char *const keys[] = {
				"Esc", "Tab", "? 'x'", "Esc :", "Esc d",
				"q a", "Esc S", "Esc q", "Esc /", "Esc z",
				"Esc o", "Esc O", "Tab", "Esc C-r",
				"Esc A", "w k k", "V", "Esc -", "Esc Esc V j"
			};
			ui_resize(r.ui, rows, cols);
			for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
				press(&r, keys[i]);
				ui_draw(r.ui);
			}
			press(&r, "Esc Esc Esc Esc");
		}
	}
	rig_fini(&r);
}

static void
add_event(struct rig *r, int64_t ms, enum event_kind kind,
	  const char *process, const char *text)
{
	struct journal_event e = { .kind = kind, .process = process,
				   .text = text, .wall_ms = DAY + ms };

	events_add(r->ui->events, &e);
}

TEST(columns_watches_and_events)
{
	struct rig r;
	struct buf b = BUF_INIT(65536);
	struct proto_value v = { .name = "latency", .unit = "ms",
				 .numeric = true, .last = "4",
				 .last_number = 4, .p95 = 11, .count = 20 };

	rig_init(&r, 40, 120, "unicode");
	for (int i = 0; i < 20; i++)
		v.samples[v.sample_count++] = i == 15 ? 812 : 4;
	msg_put_u32(&b, 1);
	msg_put_u32(&b, 1);
	proto_put_value(&b, &v);
	uirig_frame(r.ui, PROTO_VALUES, &b);
	add_event(&r, AT(12, 0, 2), EVENT_READY, "web", "ready after 3.1s");
	add_event(&r, AT(12, 3, 18), EVENT_EXIT, "mailer", "exit 3 (will not restart)");
	PICTURE(&r,
"▌shop   PROCESS        STATE      CPU   MEM   AGE │ api  ● ready  pid 4121  :8080  node server.js                12m04s",
"                                                  │  12:03:00 GET /items/117 200 4ms                                   ▕",
" ▾ backend  3/4                                   │  12:03:01 GET /items/118 200 3ms                                   ▕",
"›  ● api               ready !3   2.1  118M   12m │  12:03:02 POST /cart 201 11ms                                      ▕");
	EQ_STR(line_no(&r, 7), " ▾ frontend  1/2                              "
	       "    │  12:03:06 GET /items/123 200 4ms                       "
	       "            ▕");
	EQ_STR(line_no(&r, 13), "   ◷ backup            14:00                 "
	       "     │  12:03:12 GET /items/129 200 4ms                      "
	       "             ▕");
	EQ_STR(line_no(&r, 18), " ─ watches of api ─────────────────────────"
	       "────── │  12:03:17 GET /items/134 404 2ms                    "
	       "               ▕");
	EQ_STR(line_no(&r, 19), "  latency    4ms ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁ p95 11 "
	       "     │  12:03:18 GET /items/135 200 4ms                      "
	       "             ▕");
	OK(strstr(line_no(&r, 21), " ─ events ──────────"));
	OK(strstr(line_no(&r, 22),
		  "  12:03:18 mailer   exit 3 (will not restart)     │"));
	OK(strstr(line_no(&r, 23), "  12:00:02 web      ready after 3.1s"));
	OK(strstr(line_no(&r, 38), " LIST  api  follow ●  21 lines  err 3  "
		  "wrap off  time on"));
	OK(strstr(line_no(&r, 38), "5 up · 1 failed · 1 retrying   load "));
	/* A name gets what the curve leaves, and a blank behind it. */
	struct buf c = BUF_INIT(65536);
	v.name = "progress.epoch";
	v.last_number = 0.0123;
	v.unit = "";
	msg_put_u32(&c, 1);
	msg_put_u32(&c, 1);
	proto_put_value(&c, &v);
	uirig_frame(r.ui, PROTO_VALUES, &c);
	OK(strstr(line_no(&r, 19), "  progress.… 0.0123 ▁▁▁▁"));
	ui_resize(r.ui, 40, 200);
	OK(strstr(line_no(&r, 19), "  progress.epoch 0.0123 ▁▁▁▁"));
	/* The longest state with a flag does not touch what is behind it. */
	struct proc_row p = uirig_row(4, "worker", "backend", STATUS_STARTING);
	p.pid = 77;
	p.cpu_permille = 9;
	uirig_send_row(r.ui, &p);
	send_grow(&r, 4, 100);
	ui_draw(r.ui);
	OK(strstr(line_no(&r, 5), "◐ worker            starting ·  "));
	p.errors = 2;
	p.cpu_permille = 9;
	uirig_send_row(r.ui, &p);
	ui_resize(r.ui, 40, 120);
	OK(strstr(line_no(&r, 5), "starting!2 0.9"));
	rig_fini(&r);
}

TEST(a_selection_grows_to_what_is_found)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "z V");
	OK(strstr(line_no(&r, 22), " SELECT  1 line, 20 bytes"));
	press(&r, "/ 'timeout' Enter");
	/* Nothing below the last line. */
	OK(strstr(line_no(&r, 22), "no further match"));
	press(&r, "N");
	OK(strstr(line_no(&r, 22), " SELECT  12 lines"));
	press(&r, "N");
	OK(strstr(line_no(&r, 22), " SELECT  17 lines"));
	press(&r, "n");
	OK(strstr(line_no(&r, 22), " SELECT  12 lines"));
	press(&r, "v /");
	OK(strstr(line_no(&r, 23), "the selection goes to it"));
	press(&r, "'3000|order' Enter");
	OK(strstr(line_no(&r, 22), " SELECT  12 lines"));
	press(&r, "o y");
	EQ_STR(r.ui->copied_what, "12 lines");
	OK(!strncmp(r.ui->copied, "3000ms  order=88109\n", 20));
	rig_fini(&r);
}

TEST(a_theme_follows_the_background)
{
	struct rig r;
	struct err e = ERR_INIT;
	setenv("COLORFGBG", "0;default;15", 1);
	rig_init(&r, 24, 80, "unicode");
	unsetenv("COLORFGBG");
	OK(r.ui->light);
	r.ui->depth = TERM_RGB;
	/* The themes of the tree, wherever the test was built. */
	char dir[128], link[256], *here = getcwd(NULL, 0);
	snprintf(dir, sizeof(dir), "%s/sbx", r.path);
	snprintf(link, sizeof(link), "%s/themes", dir);
	char *themes = mem_fmt("%s/themes", here);
	OK(mkdir(dir, 0700) == 0 && symlink(themes, link) == 0);
	setenv("XDG_CONFIG_HOME", r.path, 1);
	OK(ui_set_theme(r.ui, "solarized", &e));
	EQ_INT(ui_style(r.ui, ROLE_TEXT).bg & 0xffffff, 0xfdf6e3);
	ui_set_light(r.ui, false);
	EQ_INT(ui_style(r.ui, ROLE_TEXT).bg & 0xffffff, 0x002b36);
	press(&r, ": 'set theme auto' Enter");
	EQ_STR(theme_name(r.ui->theme), "terminal");
	unsetenv("XDG_CONFIG_HOME");
	unlink(link);
	rmdir(dir);
	free(themes);
	free(here);
	rig_fini(&r);
}

/* All that goes on behind keys. */
static void
work(struct rig *r)
{
	for (int i = 0; i < 1000 && r->ui->wants & UI_AGAIN; i++) {
		r->ui->wants &= ~(unsigned)UI_AGAIN;
		ui_work(r->ui);
	}
}

TEST(merged_logs_have_states_and_wrap)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	say(&r, AT(12, 3, 21), "a long line that goes on and on until it has "
	    "no room left in its row");
	add_event(&r, AT(12, 3, 20), EVENT_EXIT, "proxy", "exit 1");
	add_event(&r, AT(12, 3, 20), EVENT_BACKOFF, "proxy",
		  "exit 1; restart 3 of 5 in 8s");
	send_grow(&r, 1, 100);
	press(&r, "A");
	/* The end is told with what is done about it. */
	OK(strstr(line_no(&r, 19), "  12:03:20 api     │ POST /cart"));
	OK(strstr(line_no(&r, 20),
		  "↻ 12:03:20 proxy   │ exit 1; restart 3 of 5 in 8s"));
	OK(strstr(line_no(&r, 21), "  12:03:21 api     │ a long line that goes"
		  " on and on until it has no room lef›"));
	press(&r, "w");
	OK(strstr(line_no(&r, 20), "  12:03:21 api     │ a long line that"));
	OK(strstr(line_no(&r, 21), "in its row"));
	OK(strstr(line_no(&r, 22), "wrap on"));
	/* Up over both rows of it at once. */
	press(&r, "k");
	OK(strstr(line_no(&r, 19), "› 12:03:20 "));
	press(&r, "& '!GET' Enter");
	OK(!strstr(line_no(&r, 5), "GET"));
	work(&r);
	OK(strstr(line_no(&r, 22), "&!GET  (1 filter hides 55%)"));
	press(&r, "Esc");
	/* Of one alone, then all but it, then all again. */
	press(&r, "G k Space");
	OK(strstr(line_no(&r, 22), " LOG  only api "));
	OK(!strstr(line_no(&r, 20), "proxy"));
	OK(strstr(line_no(&r, 0), "all logs  1 process,"));
	press(&r, "Esc");
	OK(strstr(line_no(&r, 22), " LOG  all  "));
	press(&r, "k Space Space");
	OK(strstr(line_no(&r, 22), " LOG  all  1 hidden "));
	OK(strstr(line_no(&r, 1), " 12:03:20 proxy "));
	press(&r, "U");
	OK(!strstr(line_no(&r, 22), "hidden "));
	press(&r, "t");
	OK(strstr(line_no(&r, 4), "  01-05 12:03:05 api     │ GET /items"));
	press(&r, "t");
	OK(strstr(line_no(&r, 4), "     +1.000 api     │ GET /items"));
	OK(r.ui->merged);
	rig_fini(&r);
}

/* One watch of api, of that last line. */
static void
send_watch(struct rig *r, uint64_t seq)
{
	struct buf b = BUF_INIT(65536);
	struct proto_value v = { .name = "slow", .unit = "", .last = "x",
				 .count = 2, .seq = seq };

	msg_put_u32(&b, 1);
	msg_put_u32(&b, 1);
	proto_put_value(&b, &v);
	uirig_frame(r->ui, PROTO_VALUES, &b);
}

TEST(a_watch_leads_to_its_last_line)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");

	send_watch(&r, 0);
	press(&r, "d l l l");
	OK(strstr(line_no(&r, 1), "slow "));
	press(&r, "Enter");
	OK(strstr(line_no(&r, 22), "no line has matched slow yet"));
	OK(r.ui->sheet != NULL);
	send_watch(&r, 400);
	press(&r, "Enter");
	OK(strstr(line_no(&r, 22), "400, has fallen out of the log"));
	OK(r.ui->sheet != NULL);
	send_watch(&r, 16);
	toasts_drop(&r.ui->toasts, TOAST_ERROR, clock_ms());
	press(&r, "Enter");
	OK(!r.ui->sheet);
	EQ_INT(r.ui->mode, MODE_LOG);
	OK(strstr(line_no(&r, 16), "› 12:03:15 WARN "));
	OK(strstr(line_no(&r, 22), " LOG  api  line 16 of 21 "));
	press(&r, "& '!WARN' Enter d l l l Enter");
	OK(strstr(line_no(&r, 22), "line 16 is hidden by a filter"));
	struct vt_mouse m = { .kind = VT_MOUSE_PRESS, .button = VT_BUTTON_LEFT,
			      .row = 19, .col = 5 };
	press(&r, "Esc G");
	ui_resize(r.ui, 40, 120);
	OK(strstr(line_no(&r, 19), "  slow "));
	ui_mouse(r.ui, &m);
	OK(strstr(line_no(&r, 16), "› 12:03:15 WARN "));
	rig_fini(&r);
}

TEST(one_that_was_added_is_selected_when_it_comes)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	struct proc_row p = uirig_row(12, "new", "jobs", STATUS_RUNNING);
	uint32_t was = r.ui->selected;

	ui_select_added(r.ui, 12);
	OK(strstr(line_no(&r, 0), "shop"));
	EQ_INT(r.ui->selected, was);
	uirig_send_row(r.ui, &p);
	EQ_INT(r.ui->selected, 12);
	/* A person who goes elsewhere first stays there. */
	ui_select_added(r.ui, 13);
	press(&r, "1");
	p = uirig_row(13, "newer", "jobs", STATUS_RUNNING);
	uirig_send_row(r.ui, &p);
	EQ_INT(r.ui->selected, 1);
	rig_fini(&r);
}

/* Has a row of the list all of this? */
static bool
lists(struct rig *r, const char *text)
{
	for (int y = 0; y < 24; y++)
		if (strstr(line_no(r, y), text))
			return true;
	return false;
}

TEST(what_a_run_has_left_has_rows)
{
	struct rig r;
	struct proc_row p = uirig_row(12, "keeps", "jobs", STATUS_COMPLETED);

	p.left = 2;
	p.left_list = "71 nap\x1f" "1234567 dozes for long\x1f";
	rig_init(&r, 50, 200, "unicode");
	uirig_send_row(r.ui, &p);
	OK(lists(&r, "└ 71 nap          left "));
	OK(lists(&r, "└ 1234567 dozes for long  "));
	rig_fini(&r);
	rig_init(&r, 24, 80, "unicode");
	uirig_send_row(r.ui, &p);
	OK(lists(&r, "└ 71 nap "));
	rig_fini(&r);
}

TEST(a_theme_that_has_gone_is_told_of_once)
{
	struct rig r;
	struct proto_hello h = { .keeper_pid = 7 };
	char path[96], text[512] = "";
	rig_init(&r, 24, 80, "unicode");

	snprintf(path, sizeof(path), "%s/screen", r.path);
	FILE *f = fopen(path, "w");
	fputs("keeper 7\nset theme nowhere\nset scroll.lines 9\n", f);
	fclose(f);
	h.state_dir = r.path;
	r.ui->started = true;
	r.set.options = options_new();
	remember_load(r.ui, &h);
	OK(strstr(last_toast(&r), "nowhere"));
	EQ_STR(options_text(r.ui->options, OPTION_THEME), "auto");
	remember_save(r.ui);
	f = fopen(path, "r");
	OK(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	OK(strstr(text, "set scroll.lines 9"));
	OK(!strstr(text, "theme"));
	unlink(path);
	options_free(r.set.options);
	rig_fini(&r);
}

TEST(what_is_not_there_is_said)
{
	struct rig r;
	struct proc_row p = uirig_row(5, "mailer", "backend", STATUS_FAILED);
	rig_init(&r, 24, 80, "unicode");

	p.has_exit = true;
	p.exit_code = 3;
	p.reason = "exit 3";
	uirig_send_row(r.ui, &p);
	press(&r, "5");
	OK(strstr(line_no(&r, 1), "│           nothing was printed"));
	OK(strstr(line_no(&r, 2), "│           exit 3"));
	press(&r, "2");
	OK(strstr(line_no(&r, 1), "│           no output yet"));
	press(&r, "1 Tab & 'nowhere' Enter");
	OK(strstr(line_no(&r, 1), "│           no line passes the filter "));
	press(&r, "Esc C");
	OK(strstr(line_no(&r, 1), "│           cleared; C shows it again "));
	press(&r, "C m");
	/* A rule has the place of the times too, and the gutter. */
	OK(strstr(line_no(&r, 21), "│─ ── mark 1 ── 12:03:22 ─────"));
	press(&r, "V k");
	OK(strstr(line_no(&r, 20), "│█ 12:03:20 POST"));
	OK(strstr(line_no(&r, 19), "│█ 12:03:19 GET"));
	OK(!strstr(line_no(&r, 18), "│█"));
	/* No hint is cut in two. */
	OK(strstr(line_no(&r, 23), "Y with times  Esc"));
	ui_resize(r.ui, 24, 70);
	ui_draw(r.ui);
	OK(strstr(line_no(&r, 23), " y or Enter copy"));
	OK(!strstr(line_no(&r, 23), " Y w"));
	rig_fini(&r);
}

TEST(groups_fold)
{
	struct rig r;
	rig_init(&r, 40, 120, "unicode");
	press(&r, "-");
	OK(strstr(line_no(&r, 2), " ▸ backend  3/4  ✗ 1 "));
	OK(strstr(line_no(&r, 3), " ▾ frontend  1/2"));
	OK(strstr(line_no(&r, 4), "›  ● web "));
	press(&r, "k k : 'fold backend' Enter");
	OK(strstr(line_no(&r, 3), "   ● api "));
	EQ_INT(r.ui->selected, 2);
	struct vt_mouse m = { .kind = VT_MOUSE_PRESS, .button = VT_BUTTON_LEFT,
			      .row = 2, .col = 5 };
	ui_mouse(r.ui, &m);
	OK(strstr(line_no(&r, 2), "›▸ backend "));
	OK(strstr(line_no(&r, 38), "group backend "));
	press(&r, "Enter");
	OK(strstr(line_no(&r, 2), "›▾ backend "));
	press(&r, "Enter j Enter");
	OK(strstr(line_no(&r, 3), "›▸ frontend "));
	press(&r, "j Enter");
	OK(strstr(line_no(&r, 4), "›▾ jobs "));
	OK(strstr(last_toast(&r), "the last group stays open"));
	rig_fini(&r);
}

TEST(who_waits_for_whom)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	struct proc_row web = uirig_row(2, "web", "frontend", STATUS_RUNNING);
	struct proc_row db = uirig_row(3, "db", "backend", STATUS_RUNNING);
	web.depends = "db ready, api";
	db.depends = "api ready";
	uirig_send_row(r.ui, &web);
	uirig_send_row(r.ui, &db);
	press(&r, ": 'order graph' Enter");
	OK(strstr(line_no(&r, 4), "who waits for whom"));
	OK(strstr(line_no(&r, 5), "│  1  ● api "));
	OK(strstr(line_no(&r, 6), "│     ◐ worker "));
	OK(strstr(line_no(&r, 14), "│  2  ● db              api ready"));
	OK(strstr(line_no(&r, 15), "│  3  ● web             db ready, api"));
	rig_fini(&r);
}

TEST(find_asks_where)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "/");
	OK(strstr(line_no(&r, 23), "names of processes  Tab: this log"));
	press(&r, "Tab");
	OK(strstr(line_no(&r, 23), "this log  Tab: all logs"));
	press(&r, "Tab");
	OK(strstr(line_no(&r, 23), "all logs  Tab: names"));
	OK(strstr(line_no(&r, 0), "all logs  1 process, newest last"));
	press(&r, "'cart' Enter");
	OK(strstr(line_no(&r, 22), " LOG  all  /cart"));
	press(&r, "Esc Esc Esc / Tab Tab Esc");
	EQ_INT(r.ui->mode, MODE_LIST);
	OK(!r.ui->merged);
	rig_fini(&r);
}

TEST(columns_and_order_can_be_chosen)
{
	struct rig r;
	rig_init(&r, 40, 120, "unicode");
	press(&r, ": 'set list.columns age state pid' Enter");
	OK(strstr(line_no(&r, 0), "PROCESS         AGE  STATE            PID │"));
	OK(strstr(line_no(&r, 3), "● api                12m  ready !3        4121"));
	press(&r, ": 'set list.columns age color' Enter");
	OK(strstr(last_toast(&r), "there is no column 'color'"));
	press(&r, "O");
	OK(strstr(line_no(&r, 10), "Order"));
	press(&r, "j Enter k k Space Esc");
	EQ_INT(r.ui->list.sort, SORT_NAME);
	/* Up from the first row comes the last one. */
	OK(r.ui->list.hidden);
	press(&r, "< O j j j j j j j j Enter Esc");
	OK(strstr(line_no(&r, 0), " AGE  STATE            PID   MEM │"));
	press(&r, "O Tab");
	OK(strstr(line_no(&r, 13), "1  ● api"));
	press(&r, "j Enter");
	EQ_INT(r.ui->selected, 2);
	OK(!r.ui->sheet);
	rig_fini(&r);
}

TEST(details_beside_the_log)
{
	struct rig r;
	rig_init(&r, 50, 200, "unicode");
	press(&r, "d");
	OK(strstr(line_no(&r, 0), "│ api  ● ready  pid 4121  :8080  node"));
	OK(strstr(line_no(&r, 0), "│ api  details"));
	OK(strstr(line_no(&r, 2), "▕│ command  node server.js"));
	OK(strstr(line_no(&r, 3), "▕│ cwd      /shop"));
	OK(strstr(line_no(&r, 4), "▕│ started  11:51:18 (12m04s ago)"));
	OK(strstr(line_no(&r, 5), "▕│ restarts 0          last exit -"));
	OK(strstr(line_no(&r, 6), "▕│ ports    8080"));
	OK(strstr(line_no(&r, 48), "retrying   cpu 2.1%  mem 118M  load "));
	press(&r, "d");
	OK(!strstr(line_no(&r, 0), "details"));
	OK(!r.ui->sheet);
	press(&r, "d");
	ui_resize(r.ui, 24, 80);
	OK(!strstr(line_no(&r, 0), "details"));
	press(&r, "d");
	OK(r.ui->sheet != NULL);
	rig_fini(&r);
}

TEST(the_leave_dialog)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "q");
	EQ_STR(line_no(&r, 7), " ✓ migrate   ╭─ leave sbx — 5 processes are "
	       "running ──────────────╮            ▕");
	EQ_STR(line_no(&r, 9), " ◷ backup    │ › d  detach     they keep "
	       "running; `sbx` comes back│            ▕");
	OK(strstr(line_no(&r, 10),
		  "│   s  stop all   api web db worker proxy …, up to 5s"));
	OK(strstr(line_no(&r, 11),
		  "│   i  interrupt  send Ctrl-C to api, stay here"));
	OK(strstr(line_no(&r, 12), "│   Esc  stay"));
	EQ_STR(line_no(&r, 22), " CONFIRM                                    "
	       "             5 up 1 failed  12:03:22");
	press(&r, "Esc");
	OK(r.ui->sheet == NULL);
	OK(!(r.ui->wants & UI_LEAVE));
	press(&r, "q d");
	OK(r.ui->wants & UI_LEAVE);
	EQ_STR(r.ui->farewell, "sbx: detached from shop, 5 running. "
	       "Back: sbx · stop: sbx down\n");
	rig_fini(&r);
}

TEST(the_keys_sheet_filters_and_runs)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "?");
	OK(strstr(line_no(&r, 2), "╭─ keys here: list of processes ──"));
	OK(strstr(line_no(&r, 3), "> type to filter"));
	OK(strstr(line_no(&r, 5), "Process"));
	OK(strstr(line_no(&r, 20), "Enter runs the line  Esc close ─╯"));
	press(&r, "'wrap'");
	OK(strstr(line_no(&r, 5), "View"));
	OK(strstr(line_no(&r, 6), "w  wrap or cut lines"));
	press(&r, "Enter");
	OK(r.ui->sheet == NULL && r.ui->wrap);
	rig_fini(&r);
}

TEST(sheets_on_a_small_screen)
{
	struct rig r;
	rig_init(&r, 10, 40, "unicode");

	/* A row down is a row down, and there is no pane behind it. */
	press(&r, "?");
	OK(strstr(line_no(&r, 0), "╭─ keys here"));
	OK(strstr(line_no(&r, 8), " actions─╯") ||
	   strstr(line_no(&r, 8), " actions ─╯"));
	OK(strstr(line_no(&r, 5), "send a signal"));
	press(&r, "Down Enter");
	OK(strstr(line_no(&r, 0), "send a signal to"));
	/* What can be run goes before what it means. */
	press(&r, "Esc : 'rest'");
	OK(strstr(line_no(&r, 3), "› restart"));
	OK(strstr(line_no(&r, 7), "  restart"));
	rig_fini(&r);
}

static void
click(struct rig *r, int row, int col)
{
	struct vt_mouse m = { .kind = VT_MOUSE_PRESS, .button = VT_BUTTON_LEFT,
			      .row = row, .col = col };

	ui_mouse(r->ui, &m);
	ui_draw(r->ui);
}

TEST(dialogs_take_the_mouse)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");

	/* The first click chooses, the second one runs. */
	press(&r, "q");
	int stay = 0;
	while (stay < 23 && !strstr(line_no(&r, stay), "Esc  stay"))
		stay++;
	click(&r, stay, 30);
	OK(r.ui->sheet && strstr(line_no(&r, stay), "› Esc  stay"));
	click(&r, stay, 30);
	OK(!r.ui->sheet);
	press(&r, ": 'select '");
	OK(strstr(line_no(&r, 6), "  web"));
	click(&r, 6, 20);
	OK(r.ui->sheet && strstr(line_no(&r, 6), "› web"));
	click(&r, 6, 20);
	OK(!r.ui->sheet);
	EQ_INT(r.ui->selected, 2);
	press(&r, "1 d");
	const char *tab = strstr(line_no(&r, 0), "Watches");
	OK(tab != NULL);
	/* Two signs before it have three bytes. */
	click(&r, 0, (int)(tab - line_no(&r, 0)) - 4);
	OK(strstr(line_no(&r, 0), "[Watches]"));
	press(&r, "Esc");
	/* What the hint row names is pressed by a click on it. */
	press(&r, "?");
	click(&r, 23, (int)(strstr(line_no(&r, 23), "Esc close") -
			    line_no(&r, 23)) - 4);
	OK(!r.ui->sheet);
	rig_fini(&r);
}

TEST(the_command_line_completes)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, ": 'sel' Tab 'wor' Tab Enter");
	EQ_INT(r.ui->selected, 4);
	press(&r, ": 'frobnicate' Enter");
	EQ_INT(toasts_shown(&r.ui->toasts)->level, TOAST_ERROR);
	press(&r, ": 'set theme'");
	OK(strstr(line_no(&r, 5), "theme"));
	press(&r, "Esc 1 : 'set timestamps off' Enter");
	OK(strstr(line_no(&r, 1), "│  GET /items/117"));
	rig_fini(&r);
}

/* A picture of the shell's terminal. */
static void
send_screen(struct rig *r, int rows, int cols, const char *const *text,
	    size_t count)
{
	struct buf b = BUF_INIT(1 << 20), packed = BUF_INIT(65536);
	struct proto_screen s = { .proc = 11, .gen = 1, .rows = (uint16_t)rows,
				  .cols = (uint16_t)cols, .title = "",
				  .cursor_visible = 1, .cursor_col = 15,
				  .cursor_row = 1, .whole = 1,
				  .row_count = (uint32_t)rows };
	struct vt_cell cells[128];

	proto_put_screen(&b, &s);
	for (int y = 0; y < rows; y++) {
		for (int x = 0; x < cols; x++)
			cells[x] = CELL_BLANK;
		for (int x = 0; (size_t)y < count && text[y][x]; x++)
			cells[x].glyph = (unsigned char)text[y][x];
		buf_clear(&packed);
		cell_pack(NULL, cells, cols, 0, &packed);
		msg_put_u16(&b, (uint16_t)y);
		msg_put_bytes(&b, packed.data, packed.len);
	}
	buf_fini(&packed);
	uirig_frame(r->ui, PROTO_SCREEN, &b);
}

TEST(a_zoomed_terminal_is_one)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");

	press(&r, ": 'select shell' Enter z");
	OK(r.ui->zoom && ui_shows_screen(r.ui));
	EQ_INT(r.ui->mode, MODE_LOG);
	OK(strstr(line_no(&r, 23), "Enter terminal  z unzoom"));
	OK(!strstr(line_no(&r, 23), "next error"));
	press(&r, "Enter");
	EQ_INT(r.ui->mode, MODE_TERM);
	OK(r.ui->zoom);
	rig_fini(&r);
}

TEST(who_does_not_run_gets_no_signal)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");

	press(&r, ": 'select docs' Enter S");
	OK(!r.ui->sheet);
	OK(strstr(last_toast(&r), "docs does not run"));
	press(&r, "1 S");
	OK(r.ui->sheet);
	rig_fini(&r);
}

TEST(a_terminal_and_its_end)
{
	static const char *const text[] = { "dev@box:~/shop$ git status -sb",
					    "dev@box:~/shop$" };
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "G");
	send_screen(&r, 21, 53, text, 2);
	press(&r, "Enter");
	EQ_INT(r.ui->mode, MODE_TERM);
	PICTURE(&r,
" shop      5 up · 1 failed│▌shell  ● tty  bash  pid 4188  53x21",
" ● api            ready !3│dev@box:~/shop$ git status -sb",
" ● web            ready  ·│dev@box:~/shop$");
	EQ_STR(line_no(&r, 22), " TERM  every key goes to shell              "
	       "api !3  mailer ✗  proxy !9  12:03:22");
	struct canvas_cursor cur = canvas_cursor(r.ui->canvas);
	OK(cur.visible && cur.y == 2 && cur.x == 27 + 15);
	/* A check says more than that it is a terminal. */
	struct proc_row p = uirig_row(11, "shell", "jobs", STATUS_RUNNING);
	p.tty = p.has_ready_rule = true;
	uirig_send_row(r.ui, &p);
	OK(strstr(line_no(&r, 0), "▌shell  ● ready"));
	/* Ended: the keys are nobody's, and nothing of sbx reacts. */
	p = uirig_row(11, "shell", "jobs", STATUS_COMPLETED);
	p.tty = p.has_exit = true;
	p.command = "bash";
	p.ended_at_ms = clock_wall_ms();
	uirig_send_row(r.ui, &p);
	press(&r, "q j x d Q");
	EQ_INT(r.ui->mode, MODE_TERM);
	OK(r.ui->sheet == NULL && !(r.ui->wants & UI_LEAVE));
	PICTURE(&r,
" shop      4 up · 1 failed│▌shell  ✓ ended  bash  exit 0",
" ● api            ready !3│dev@box:~/shop$ git status -sb",
" ● web            ready  ·│dev@box:~/shop$",
" ● db             ready   │",
" ◐ worker      starting   │── ended 12:03:22, exit 0 ───────────────────────────",
" ✗ mailer        exit 3   │   Enter  start it again",
" ↻ proxy       retry 4s !9│   Ctrl-] back to the list",
" ✓ migrate         done   │   other keys do nothing here");
	OK(strstr(line_no(&r, 22), "shell has ended; keys are not sent"));
	EQ_STR(line_no(&r, 23), " Enter start again   Ctrl-] back to the list");
	press(&r, "C-]");
	EQ_INT(r.ui->mode, MODE_LIST);
	rig_fini(&r);
}

TEST(no_paste_is_a_command)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	uint32_t before = r.ui->selected;
	ui_paste(r.ui, "jjqdx", 5);
	EQ_INT(r.ui->selected, before);
	OK(r.ui->sheet == NULL && !(r.ui->wants & UI_LEAVE));
	OK(strstr(last_toast(&r), "paste ignored"));
	press(&r, "q");
	ui_paste(r.ui, "d", 1);
	OK(r.ui->sheet != NULL && !(r.ui->wants & UI_LEAVE));
	press(&r, "Esc :");
	ui_paste(r.ui, "theme\nx", 7);
	OK(strstr(line_no(&r, 3), ": theme x"));
	rig_fini(&r);
}

TEST(hostile_lines_stay_text)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	for (int i = 0; i < 20; i++)
		say(&r, AT(12, 4, 0), "\033]0;owned\007\033[2J\033[1;1H"
		    "\x9b" "31m \xe2\x80\xae rtl \xff\xfe \033P$q\033\\ a\tb");
	send_grow(&r, 1, 4000);
	ui_draw(r.ui);
	for (int y = 0; y < 24; y++) {
		const struct vt_cell *c = canvas_row(r.ui->canvas, y);
		for (int x = 0; x < 80; x++) {
			OK(c[x].width == 0 || c[x].glyph >= 0x20);
			OK(c[x].glyph != 0x7f && c[x].glyph != 0x202e);
			OK(c[x].glyph < 0x80 || c[x].glyph > 0x9f);
		}
	}
	rig_fini(&r);
}

TEST(marks_of_a_log_line_stay_on_their_character)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	for (int i = 0; i < 20; i++)
		say(&r, AT(12, 4, 0),
		    "e\xcc\x81 a\xcc\x88\xcc\xa3 \xe6\x97\xa5\xcc\x81|");
	send_grow(&r, 1, 4000);
	ui_draw(r.ui);
	char *text = canvas_text(r.ui->canvas);
	OK(strstr(text, "e\xcc\x81 a\xcc\x88\xcc\xa3 \xe6\x97\xa5\xcc\x81|"));
	free(text);
	rig_fini(&r);
}

TEST(the_list_keeps_the_selected_process)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "j j");
	EQ_INT(r.ui->selected, 3);
	struct buf b = BUF_INIT(64);
	msg_put_u32(&b, 2);
	uirig_frame(r.ui, PROTO_GONE, &b);
	EQ_INT(r.ui->selected, 3);
	buf_init(&b, 64);
	msg_put_u32(&b, 3);
	uirig_frame(r.ui, PROTO_GONE, &b);
	ui_draw(r.ui);
	OK(r.ui->selected != 3 && r.ui->selected != 0);
	rig_fini(&r);
}

TEST(filters_keep_and_hide)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	press(&r, "Tab & 'ERROR' Enter");
	EQ_STR(line_no(&r, 1), " ●"[0] ? line_no(&r, 1) : "");
	OK(strstr(line_no(&r, 1), "ERROR payment"));
	OK(strstr(line_no(&r, 2), "ERROR payment"));
	OK(!strstr(line_no(&r, 3), ":"));
	OK(strstr(line_no(&r, 22), "&ERROR"));
	press(&r, "Esc & '!GET|ERROR' Enter");
	OK(strstr(line_no(&r, 1), "POST /cart"));
	press(&r, "Esc");
	OK(strstr(line_no(&r, 1), "GET /items/117"));
	rig_fini(&r);
}

TEST(the_mouse_selects_and_scrolls)
{
	struct rig r;
	rig_init(&r, 24, 80, "unicode");
	struct vt_mouse m = { .kind = VT_MOUSE_PRESS, .row = 4, .col = 5 };
	ui_draw(r.ui);
	ui_mouse(r.ui, &m);
	EQ_INT(r.ui->selected, 4);
	m.row = 1;
	ui_mouse(r.ui, &m);
	EQ_INT(r.ui->selected, 1);
	for (int i = 0; i < 30; i++)
		say(&r, AT(12, 4, 0), "more");
	send_grow(&r, 1, 4000);
	ui_draw(r.ui);
	m = (struct vt_mouse){ .kind = VT_MOUSE_PRESS, .row = 10, .col = 40,
			       .button = VT_BUTTON_WHEEL_UP };
	ui_mouse(r.ui, &m);
	OK(strstr(line_no(&r, 0), "PAUSED"));
	m.button = VT_BUTTON_WHEEL_DOWN;
	ui_mouse(r.ui, &m);
	OK(!strstr(line_no(&r, 0), "PAUSED"));
	/* A hint is a button. */
	line_no(&r, 0);
	OK(r.ui->spot_count > 4);
	m = (struct vt_mouse){ .kind = VT_MOUSE_PRESS, .row = 23,
			       .col = r.ui->spots[r.ui->spot_count - 1].from };
	ui_mouse(r.ui, &m);
	OK(r.ui->sheet != NULL);
	rig_fini(&r);
}

TEST_MAIN()
