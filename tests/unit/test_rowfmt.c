#include "engine/text/rowfmt.h"

#include <jansson.h>
#include <signal.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/jsonout.h"
#include "engine/spec/proto.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1772366602000)	/* 2026-03-01 12:03:22 UTC */

/* Strings of a row that came over the wire are never NULL. */
static struct proc_row *
wire(const struct proc_row *r)
{
	return proc_row_dup(r);
}

static const char *
state(struct proc_row r)
{
	static char out[ROWFMT_STATE_MAX];
	struct proc_row *w = wire(&r);

	setenv("TZ", "UTC", 1);
	tzset();
	rowfmt_state(w, NOW, out);
	proc_row_free(w);
	return out;
}

#define STATE(want, ...) EQ_STR(state((struct proc_row){ __VA_ARGS__ }), want)

TEST(states_in_a_word)
{
	STATE("off", .status = STATUS_OFF);
	STATE("queued", .status = STATUS_QUEUED);
	STATE("waits db", .status = STATUS_WAITING, .waits = "db ready");
	STATE("waits db +1", .status = STATUS_WAITING,
	      .waits = "db ready, migrate ok");
	STATE("14:00", .status = STATUS_SCHEDULED,
	      .deadline_at_ms = NOW + 6998000);
	STATE("03-03 12:03", .status = STATUS_SCHEDULED,
	      .deadline_at_ms = NOW + 2 * 86400000);
	STATE("2028-02-29", .status = STATUS_SCHEDULED,
	      .deadline_at_ms = NOW + INT64_C(730) * 86400000);
	STATE("starting", .status = STATUS_STARTING);
	STATE("running", .status = STATUS_RUNNING, .ready = true);
	STATE("ready", .status = STATUS_RUNNING, .ready = true,
	      .has_ready_rule = true);
	STATE("unready", .status = STATUS_RUNNING, .has_ready_rule = true);
	STATE("tty", .status = STATUS_RUNNING, .ready = true, .tty = true);
	STATE("paused", .status = STATUS_RUNNING, .ready = true,
	      .paused = true);
	STATE("stop 7s", .status = STATUS_STOPPING,
	      .deadline_at_ms = NOW + 6001);
	STATE("stop 1s", .status = STATUS_STOPPING,
	      .deadline_at_ms = NOW - 500);
	STATE("stopping", .status = STATUS_STOPPING);
	STATE("retry 4s", .status = STATUS_BACKOFF,
	      .deadline_at_ms = NOW + 4000);
	STATE("done", .status = STATUS_COMPLETED);
	STATE("exit 3", .status = STATUS_FAILED, .has_exit = true,
	      .exit_code = 3);
	STATE("failed", .status = STATUS_FAILED);
	STATE("SIGSEGV", .status = STATUS_KILLED, .has_exit = true,
	      .exit_signal = SIGSEGV);
	STATE("stopped", .status = STATUS_KILLED, .has_exit = true,
	      .exit_signal = SIGTERM, .stopped = true);
	STATE("timed out", .status = STATUS_TIMED_OUT);
	STATE("error", .status = STATUS_ERROR);
}

TEST(uptime)
{
	struct proc_row r = { .status = STATUS_RUNNING, .pid = 1,
			      .started_at_ms = NOW - 5000,
			      .ended_at_ms = NOW - 9000 };

	EQ_INT(rowfmt_uptime_ms(&r, NOW), 5000);
	r.pid = 0;
	r.ended_at_ms = NOW - 4000;
	EQ_INT(rowfmt_uptime_ms(&r, NOW), 1000);
	r.started_at_ms = 0;
	EQ_INT(rowfmt_uptime_ms(&r, NOW), 0);
	/* The clock was set back. */
	r.started_at_ms = NOW + 1000;
	r.pid = 1;
	EQ_INT(rowfmt_uptime_ms(&r, NOW), 0);
}

TEST(up_is_who_said_so_or_has_lived)
{
	struct proc_row r = { .status = STATUS_RUNNING, .pid = 1,
			      .ready = true, .started_at_ms = NOW - 300 };

	EQ_INT(rowfmt_up_in_ms(&r, NOW), ROWFMT_UP_MS - 300);
	EQ_INT(rowfmt_up_in_ms(&r, NOW + ROWFMT_UP_MS), 0);
	/* Of a clock that was set back nothing follows. */
	EQ_INT(rowfmt_up_in_ms(&r, NOW - 5000), 0);
	r.has_ready_rule = true;
	EQ_INT(rowfmt_up_in_ms(&r, NOW), 0);
	r.ready = false;
	EQ_INT(rowfmt_up_in_ms(&r, NOW), UINT64_MAX);
	/* It is over: when it is looked at does not matter. */
	r.pid = 0;
	r.status = STATUS_FAILED;
	r.ended_at_ms = NOW;
	EQ_INT(rowfmt_up_in_ms(&r, NOW + 60000), UINT64_MAX);
	r.ready_at_ms = NOW - 100;
	EQ_INT(rowfmt_up_in_ms(&r, NOW + 60000), 0);
	r.has_ready_rule = false;
	EQ_INT(rowfmt_up_in_ms(&r, NOW + 60000), UINT64_MAX);
	r.ended_at_ms = r.started_at_ms + ROWFMT_UP_MS;
	EQ_INT(rowfmt_up_in_ms(&r, NOW + 60000), 0);
	r.status = STATUS_BACKOFF;
	r.ready = true;
	EQ_INT(rowfmt_up_in_ms(&r, NOW), UINT64_MAX);
}

TEST(the_table_is_aligned_and_harmless)
{
	struct proc_row a = { .name = "web", .status = STATUS_RUNNING,
			      .ready = true, .pid = 41, .command = "npm start",
			      .started_at_ms = NOW - 65000, .restarts = 9,
			      .retries = 2, .restart_max = 5 };
	struct proc_row b = { .name = "a-longer-name",
			      .status = STATUS_COMPLETED,
			      .command = "echo \033[2Jx" };
	struct proc_row *rows[] = { wire(&a), wire(&b) };
	struct buf out = BUF_INIT(65536);

	EQ_INT(rowfmt_list(&out, (const struct proc_row *const *)rows, 2, NOW,
			   false, 0), 0);
	EQ_STR(buf_str(&out),
	       "NAME           STATE    PID  UPTIME  RESTARTS  COMMAND\n"
	       "web            running   41   1m05s         9  npm start\n"
	       "a-longer-name  done       -       -         0  "
	       "echo x\n");
	buf_clear(&out);
	EQ_INT(rowfmt_list(&out, (const struct proc_row *const *)rows, 2, NOW,
			   true, 50), 0);
	OK(strstr(buf_str(&out), "\033[32mrunning\033[m"));
	OK(strstr(buf_str(&out), "  npm\n"));
	OK(strstr(buf_str(&out), "  ech\n"));
	buf_clear(&out);
	EQ_INT(rowfmt_list(&out, NULL, 0, NOW, false, 0), 0);
	EQ_STR(buf_str(&out), "NAME  STATE\n");
	buf_fini(&out);
	proc_row_free(rows[0]);
	proc_row_free(rows[1]);
}

static json_t *
as_json(const struct proc_row *r)
{
	struct buf b = BUF_INIT(65536);
	struct proc_row *w = wire(r);
	struct jsonout j;

	jsonout_begin(&j, &b);
	rowfmt_json(&j, NULL, w, NOW);
	jsonout_end(&j);
	json_t *v = json_loads(buf_str(&b), JSON_REJECT_DUPLICATES, NULL);
	buf_fini(&b);
	proc_row_free(w);
	return v;
}

static const char *
text_at(json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

TEST(json_of_a_live_one)
{
	struct proc_row r = {
		.id = 3, .name = "web", .command = "node x",
		.argv = "node\x1f x \x1e_\x1f", .cwd = "/srv", .group = "front all",
		.status = STATUS_RUNNING, .ready = true, .pid = 41, .run = 2,
		.started_at_ms = NOW - 1500, .cpu_permille = 125,
		.rss_bytes = 4096, .ports = "8080 5353",
		.depends = "db ready, migrate ok", .watches = "oom latency",
		.file = "/srv/sbxrc", .line = 31, .has_exit = true,
		.exit_code = 9,
	};
	json_t *v = as_json(&r);

	OK(v);
	EQ_STR(text_at(v, "name"), "web");
	EQ_STR(text_at(v, "status"), "running");
	EQ_STR(text_at(v, "group"), "front");
	EQ_STR(text_at(v, "started_at"), "2026-03-01T12:03:20.500+00:00");
	EQ_INT(json_integer_value(json_object_get(v, "started_at_ms")),
	       NOW - 1500);
	EQ_INT(json_integer_value(json_object_get(v, "uptime_ms")), 1500);
	EQ_INT(json_integer_value(json_object_get(v, "pid")), 41);
	OK(json_number_value(json_object_get(v, "cpu")) == 12.5);
	json_t *list = json_object_get(v, "argv");
	EQ_INT(json_array_size(list), 3);
	EQ_STR(json_string_value(json_array_get(list, 1)), " x \x1f");
	EQ_STR(json_string_value(json_array_get(list, 2)), "");
	list = json_object_get(v, "ports");
	EQ_INT(json_integer_value(json_array_get(list, 1)), 5353);
	list = json_object_get(v, "depends");
	EQ_INT(json_array_size(list), 2);
	EQ_STR(text_at(json_array_get(list, 1), "name"), "migrate");
	EQ_STR(text_at(json_array_get(list, 1), "condition"), "ok");
	EQ_INT(json_array_size(json_object_get(v, "watches")), 2);
	EQ_INT(json_integer_value(json_object_get(
		json_object_get(v, "config"), "line")), 31);
	/* Of the last run, which is not the present one. */
	OK(!json_object_get(v, "exit_code"));
	OK(!json_object_get(v, "user"));
	json_decref(v);
}

TEST(json_of_an_ended_one)
{
	struct proc_row r = { .name = "bad\377\001name",
			      .status = STATUS_KILLED, .has_exit = true,
			      .exit_signal = SIGTERM, .stopped = true,
			      .reason = "stopped by you (TERM)" };
	json_t *v = as_json(&r);

	OK(v);
	EQ_STR(text_at(v, "signal"), "TERM");
	OK(!json_object_get(v, "exit_code"));
	OK(!json_object_get(v, "pid"));
	OK(!json_object_get(v, "started_at"));
	OK(!json_object_get(v, "config"));
	OK(json_is_true(json_object_get(v, "stopped")));
	json_decref(v);
}

TEST(show_says_it_all)
{
	struct proc_row r = { .name = "web", .status = STATUS_RUNNING,
			      .ready = true, .pid = 41, .command = "npm start",
			      .cwd = "/srv", .reason = "started by you",
			      .run = 1, .started_at_ms = NOW - 1000,
			      .depends = "db ready", .file = "sbxrc",
			      .line = 3, .restarts = 9, .retries = 2,
			      .restart_max = 5 };
	struct proc_row *w = wire(&r);
	struct buf b = BUF_INIT(65536);

	EQ_INT(rowfmt_show(&b, w, NOW, false), 0);
	OK(strstr(buf_str(&b), "web  running\n"));
	OK(strstr(buf_str(&b), "command   npm start\n"));
	OK(strstr(buf_str(&b), "reason    started by you\n"));
	OK(strstr(buf_str(&b), "depends   db ready\n"));
	OK(strstr(buf_str(&b), "run       1, restarts 9, retries 2/5\n"));
	OK(strstr(buf_str(&b), "config    sbxrc:3\n"));
	OK(!strstr(buf_str(&b), "user"));
	buf_fini(&b);
	proc_row_free(w);
}

TEST_MAIN()
