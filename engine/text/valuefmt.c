#include "valuefmt.h"

#include <string.h>

#include "base/buf.h"
#include "base/jsonout.h"
#include "rowfmt.h"
#include "spec/proto.h"

void
valuefmt_json(struct jsonout *j, const struct proto_value *v)
{
	jsonout_object(j, NULL);
	jsonout_string(j, "name", v->name);
	if (v->unit[0])
		jsonout_string(j, "unit", v->unit);
	if (v->numeric)
		jsonout_double(j, "last", v->last_number);
	else if (v->last[0])
		jsonout_string(j, "last", v->last);
	jsonout_uint(j, "count", v->count);
	if (v->numeric) {
		jsonout_double(j, "min", v->min);
		jsonout_double(j, "max", v->max);
		jsonout_double(j, "mean", v->mean);
		jsonout_double(j, "p95", v->p95);
		jsonout_array(j, "samples");
		for (uint32_t i = 0; i < v->sample_count; i++)
			jsonout_double(j, NULL, v->samples[i]);
		jsonout_close(j);
	}
	if (v->off)
		jsonout_bool(j, "off", true);
	jsonout_close(j);
}

int
valuefmt_text(struct buf *b, const struct proto_value *v)
{
	int r = rowfmt_plain(b, v->name);
	r |= buf_addf(b, "  count %llu", (unsigned long long)v->count);
	if (v->numeric)
		r |= buf_addf(b, "  last %.6g%s  min %.6g  max %.6g  "
			      "mean %.6g  p95 %.6g", v->last_number, v->unit,
			      v->min, v->max, v->mean, v->p95);
	if (!v->numeric && v->last[0]) {
		r |= buf_adds(b, "  last ");
		r |= rowfmt_plain(b, v->last);
	}
	if (v->off)
		r |= buf_adds(b, "  (off: its pattern hit the match limit)");
	r |= buf_addc(b, '\n');
	return r;
}

bool
valuefmt_is_of(const char *name, const char *watch)
{
	size_t len = strlen(watch);
	return strncmp(name, watch, len) == 0 &&
	       (name[len] == '\0' || name[len] == '.');
}
