#include "status_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/signame.h"

enum shape
row_shape(const struct proc_row *r)
{
	bool ready = r->status == STATUS_RUNNING ? !r->unready : r->ready;

	return status_shape(r->status, ready, r->paused, r->stopped);
}

enum role
row_role(const struct proc_row *r)
{
	const char *name = shape_get(row_shape(r))->role;
	const struct row *row = table_find(&role_table, name);

	return row ? (enum role)table_index(&role_table, row) : ROLE_STATUS;
}

bool
row_failed(const struct proc_row *r)
{
	return row_shape(r) == SHAPE_FAILED;
}

bool
row_up(const struct proc_row *r)
{
	return status_get(r->status)->live;
}

char *
row_end(const struct proc_row *r, char out[STATUS_TEXT_MAX])
{
	char name[SIGNAME_MAX];

	out[0] = 0;
	if (r->status == STATUS_TIMED_OUT)
		snprintf(out, STATUS_TEXT_MAX, "timeout");
	else if (r->status == STATUS_ERROR)
		snprintf(out, STATUS_TEXT_MAX, "error");
	else if (r->has_exit && r->exit_signal)
		snprintf(out, STATUS_TEXT_MAX, "%s",
			 signame_text(r->exit_signal, name));
	else if (r->has_exit)
		snprintf(out, STATUS_TEXT_MAX, "exit %d", (int)r->exit_code);
	return out;
}

static void
countdown(char *out, const char *word, int64_t deadline_ms, int64_t now_ms)
{
	int64_t left = deadline_ms - now_ms;
	char age[STATUS_TEXT_MAX];

	if (!deadline_ms) {
		snprintf(out, STATUS_TEXT_MAX, "%s", word);
		return;
	}
	/* Rounded up: "0s" would say that it should have happened. */
	short_age(left > 0 ? left + 999 : 0, age);
	snprintf(out, STATUS_TEXT_MAX, "%s %.8s", word, age);
}

static void
running_state(const struct proc_row *r, char *out)
{
	const char *word = r->paused	      ? "paused"
			   : r->unready	      ? "unready"
			   : r->has_ready_rule ? "ready"
			   : r->tty	      ? "tty"
					      : "up";

	snprintf(out, STATUS_TEXT_MAX, "%s", word);
}

static void
waiting_state(const struct proc_row *r, char *out)
{
	size_t len = strcspn(r->waits, " ,");

	if (len == 0)
		snprintf(out, STATUS_TEXT_MAX, "waits");
	else
		snprintf(out, STATUS_TEXT_MAX, "waits %.*s",
			 (int)SBX_MIN(len, 40u), r->waits);
}

static void
scheduled_state(const struct proc_row *r, int64_t now_ms, char *out)
{
	char hms[16];

	if (!r->deadline_at_ms) {
		snprintf(out, STATUS_TEXT_MAX, "scheduled");
	} else if (r->deadline_at_ms - now_ms > 86400000) {
		countdown(out, "in", r->deadline_at_ms, now_ms);
	} else {
		clock_hms(hms, sizeof(hms), r->deadline_at_ms);
		snprintf(out, STATUS_TEXT_MAX, "%.5s", hms);
	}
}

char *
row_state(const struct proc_row *r, int64_t now, char out[STATUS_TEXT_MAX])
{
	switch (r->status) {
	case STATUS_RUNNING:
		running_state(r, out);
		break;
	case STATUS_WAITING:
		waiting_state(r, out);
		break;
	case STATUS_STOPPING:
		countdown(out, "stop", r->deadline_at_ms, now);
		break;
	case STATUS_BACKOFF:
		countdown(out, "retry", r->deadline_at_ms, now);
		break;
	case STATUS_SCHEDULED:
		scheduled_state(r, now, out);
		break;
	case STATUS_COMPLETED:
		snprintf(out, STATUS_TEXT_MAX, "done");
		break;
	case STATUS_FAILED:
	case STATUS_KILLED:
	case STATUS_TIMED_OUT:
	case STATUS_ERROR:
		if (r->stopped)
			snprintf(out, STATUS_TEXT_MAX, "stopped");
		else
			row_end(r, out);
		if (!out[0])
			snprintf(out, STATUS_TEXT_MAX, "%s",
				 status_name(r->status));
		break;
	default:
		snprintf(out, STATUS_TEXT_MAX, "%s", status_name(r->status));
		break;
	}
	/* What it has left, see tree keep. */
	size_t len = strlen(out);
	if (r->left)
		snprintf(out + len, STATUS_TEXT_MAX - len, " +%u", r->left);
	return out;
}

char *
row_ports(const struct proc_row *r, char out[STATUS_TEXT_MAX])
{
	size_t n = 0;
	const char *s = r->ports;

	out[0] = 0;
	while (*s) {
		size_t len = strcspn(s, " ");
		if (n + len + 3 >= STATUS_TEXT_MAX)
			break;
		n += (size_t)snprintf(out + n, STATUS_TEXT_MAX - n, "%s:%.*s",
				      n ? " " : "", (int)len, s);
		s += len + strspn(s + len, " ");
	}
	return out;
}

int64_t
row_age_ms(const struct proc_row *r, int64_t now)
{
	int64_t from = row_up(r) ? r->started_at_ms : r->ended_at_ms;

	if (!from)
		return -1;
	return now > from ? now - from : 0;
}

char *
one_line(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text && n + 1 < cap; text++) {
		bool blank = *text == ' ' || *text == '\n' || *text == '\t';
		if (!blank || (n && out[n - 1] != ' '))
			out[n++] = blank ? ' ' : *text;
	}
	/* Not in the middle of a character. */
	if ((*text & 0xc0) == 0x80)
		while (n && ((unsigned char)out[--n] & 0xc0) == 0x80)
			;
	out[n] = 0;
	return out;
}

char *
short_age(int64_t ms, char out[STATUS_TEXT_MAX])
{
	int64_t s = ms / 1000;

	if (ms < 0)
		out[0] = 0;
	else if (s < 60)
		snprintf(out, STATUS_TEXT_MAX, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(out, STATUS_TEXT_MAX, "%" PRId64 "m", s / 60);
	else if (s < 86400)
		snprintf(out, STATUS_TEXT_MAX, "%" PRId64 "h", s / 3600);
	else
		snprintf(out, STATUS_TEXT_MAX, "%" PRId64 "d", s / 86400);
	return out;
}

char *
short_bytes(uint64_t bytes, char out[STATUS_TEXT_MAX])
{
	static const char unit[] = "BKMGTP";
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1000 && i + 2 < sizeof(unit)) {
		v /= 1024;
		i++;
	}
	snprintf(out, STATUS_TEXT_MAX, v < 9.95 && i > 2 ? "%.1f%c" : "%.0f%c",
		 v, unit[i]);
	return out;
}

char *
short_cpu(uint64_t permille, char out[STATUS_TEXT_MAX])
{
	double v = (double)permille / 10;

	snprintf(out, STATUS_TEXT_MAX, v < 9.95 ? "%.1f" : "%.0f", v);
	return out;
}

char *
grouped_number(uint64_t n, const char *sep, char out[STATUS_TEXT_MAX])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	size_t o = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			o += (size_t)snprintf(out + o, STATUS_TEXT_MAX - o,
					      "%s", sep);
		out[o++] = digits[i];
	}
	out[o] = 0;
	return out;
}
