#ifndef SBX_STATUS_TEXT_H
#define SBX_STATUS_TEXT_H

/*
 * Short words for what a process is doing, as rows and titles show them.
 * Pure: a row and the time in, text out.
 */

#include <stddef.h>
#include <stdint.h>
#include "engine/conf/theme.h"
#include "engine/spec/proto.h"

enum { STATUS_TEXT_MAX = 64 };

enum shape row_shape(const struct proc_row *r);
enum role row_role(const struct proc_row *r);
/* "ready", "waits db", "retry 4s", "exit 3"; returns out. */
char	*row_state(const struct proc_row *r, int64_t now_wall_ms,
		   char out[STATUS_TEXT_MAX]);
/* Does it count as failed (and not as stopped by somebody)? */
bool	row_failed(const struct proc_row *r);
bool	row_up(const struct proc_row *r);
/* "exit 3", "SEGV", "timeout"; "" if it has not ended. */
char	*row_end(const struct proc_row *r, char out[STATUS_TEXT_MAX]);
/* ":8080 :5353", "" if there are none. */
char	*row_ports(const struct proc_row *r, char out[STATUS_TEXT_MAX]);
/* Milliseconds it runs, or since it ended; -1: neither. */
int64_t	row_age_ms(const struct proc_row *r, int64_t now_wall_ms);
/* Scripts have many lines and blanks: one blank for each run of them.  Returns
 * out, which is cut between characters. */
char	*one_line(const char *text, char *out, size_t cap);
/* "12m", "3s", "5d": at most four columns. */
char	*short_age(int64_t ms, char out[STATUS_TEXT_MAX]);
/* "118M", "6M", "1.2G" */
char	*short_bytes(uint64_t bytes, char out[STATUS_TEXT_MAX]);
/* "2.1", "14" percent of one core. */
char	*short_cpu(uint64_t permille, char out[STATUS_TEXT_MAX]);
/* "12 480" with sep between thousands. */
char	*grouped_number(uint64_t n, const char *sep,
			char out[STATUS_TEXT_MAX]);

#endif
