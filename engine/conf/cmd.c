#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/units.h"
#include "spec/proto.h"
#include "spec/replica.h"

/* Where the parser is in the words it was given. */
struct walk {
	char *const *words;
	size_t count, at;
	struct cmd *out;
	const struct verb_row *verb;	/* NULL: the options of sbx itself */
	struct err *err;
};

static const char *
who(const struct walk *w, char out[64])
{
	snprintf(out, 64, "%s%s", w->verb ? "sbx " : "sbx",
		 w->verb ? w->verb->row.name : "");
	return out;
}

/*
 * By letter an option of the verb goes before the ones that all verbs have:
 * -f of logs is --follow, of ls it is --file.
 */
static int
find_letter(const struct walk *w, char letter)
{
	int found = -1;
	for (int i = 0; i < CMD_OPT_COUNT; i++) {
		if (cmd_option(i)->letter != letter || !cmd_takes(w->verb, i))
			continue;
		if (found < 0 || found == CMD_OPT_FILE || found == CMD_OPT_HELP)
			found = i;
	}
	return found;
}

static int
find_name(const struct walk *w, const char *name, size_t len)
{
	for (int i = 0; i < CMD_OPT_COUNT; i++) {
		const char *row = cmd_option(i)->row.name;
		if (strlen(row) == len && memcmp(row, name, len) == 0 &&
		    cmd_takes(w->verb, i))
			return i;
	}
	return -1;
}

static int
unknown_option(const struct walk *w, const char *name, size_t len)
{
	const char *near[CMD_OPT_COUNT];
	size_t count = 0;
	char *word = mem_strn(name, len), verb[64];

	for (int i = 0; i < CMD_OPT_COUNT; i++)
		if (cmd_takes(w->verb, i))
			near[count++] = cmd_option(i)->row.name;
	const char *best = table_nearest(word, near, count);
	err_set(w->err, ERR_USAGE, "'%s' has no option '--%.100s'",
		who(w, verb), word);
	if (best)
		err_hint(w->err, "did you mean '--%s'?", best);
	else
		err_hint(w->err, "'%s --help' lists them", verb);
	free(word);
	return -1;
}

static int
bad_value(const struct walk *w, const struct cmd_option_row *o,
	  const char *text, const char *wanted)
{
	return err_set(w->err, ERR_USAGE, "--%s: '%.200s' is not %s",
		       o->row.name, text, wanted);
}

static int
take_value(const struct walk *w, int id, const char *text)
{
	const struct cmd_option_row *o = cmd_option(id);
	struct cmd_arg *a = &w->out->args[id];

	if (a->given && o->value != CMD_LIST)
		return err_set(w->err, ERR_USAGE, "--%s is given twice",
			       o->row.name);
	a->given = true;
	a->text = text;
	switch (o->value) {
	case CMD_FLAG:
	case CMD_TEXT:
		return 0;
	case CMD_UINT:
		if (units_uint(text, 0, UINT64_MAX >> 1, &a->number) < 0)
			return bad_value(w, o, text, "a number");
		return 0;
	case CMD_MAYBE_DURATION:
	case CMD_DURATION:
		if (units_duration(text, &a->number) < 0)
			return bad_value(w, o, text,
					 "a duration like 500ms, 30s or 2m");
		return 0;
	case CMD_SIZE:
		if (units_size(text, &a->number) < 0)
			return bad_value(w, o, text,
					 "a size like 64K or 1M");
		return 0;
	case CMD_RANGE:
		if (units_uint_range(text, 100, 599, &a->number,
				     &a->number2) < 0)
			return bad_value(w, o, text, "a range like 200-399");
		return 0;
	case CMD_LIST:
		a->list = mem_grow(a->list, a->list_count ?
				   a->list_count + 1 : 0,
				   a->list_count + 2, sizeof *a->list);
		a->list[a->list_count++] = text;
		return 0;
	}
	return 0;
}

/* The value of an option that was found; inl is what followed in its word. */
static int
take_option(struct walk *w, int id, const char *inl)
{
	const struct cmd_option_row *o = cmd_option(id);
	struct cmd_arg *a = &w->out->args[id];
	uint64_t ms;

	if (o->value == CMD_FLAG) {
		if (inl)
			return err_set(w->err, ERR_USAGE,
				       "--%s takes no value", o->row.name);
		a->given = true;
		return 0;
	}
	if (inl)
		return take_value(w, id, inl);
	bool more = w->at < w->count;
	if (o->value == CMD_MAYBE_DURATION &&
	    (!more || units_duration(w->words[w->at], &ms) < 0)) {
		a->given = true;
		return 0;
	}
	if (!more)
		return err_set(w->err, ERR_USAGE, "--%s wants %s behind it",
			       o->row.name, o->row.args);
	return take_value(w, id, w->words[w->at++]);
}

static int
long_option(struct walk *w, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	int id = find_name(w, name, len);

	if (id < 0)
		return unknown_option(w, name, len);
	return take_option(w, id, equals ? equals + 1 : NULL);
}

/* "-fn50": flags together, the last one may have its value behind it. */
static int
short_options(struct walk *w, const char *word)
{
	char verb[64];

	for (const char *p = word + 1; *p; p++) {
		int id = find_letter(w, *p);
		if (id < 0) {
			err_set(w->err, ERR_USAGE, "'%s' has no option '-%c'",
				who(w, verb), *p);
			return err_hint(w->err, "'%s --help' lists them",
					verb);
		}
		if (cmd_option(id)->value != CMD_FLAG)
			return take_option(w, id, p[1] ? p + 1 : NULL);
		if (take_option(w, id, NULL) < 0)
			return -1;
	}
	return 0;
}

static int
not_built(const struct walk *w)
{
	err_set(w->err, ERR_USAGE, "'sbx %s' is not built yet",
		w->verb->row.name);
	return err_hint(w->err, "'sbx help' lists what there is");
}

/* Are there as many words as the verb wants? */
static int
check_words(const struct walk *w)
{
	const struct verb_row *v = w->verb;
	const struct cmd *c = w->out;
	unsigned min = v->words_min;

	if (c->args[CMD_OPT_HELP].given)
		return 0;
	if (!v->built)
		return not_built(w);
	if (min > 0 && (c->args[CMD_OPT_ALL].given ||
			c->args[CMD_OPT_FAILED].given))
		min--;
	if (c->word_count < min) {
		err_set(w->err, ERR_USAGE, "'sbx %s' wants %s", v->row.name,
			v->row.args);
	} else if (c->word_count > v->words_max) {
		err_set(w->err, ERR_USAGE, "'%.100s' is one word too many "
			"for 'sbx %s'", c->words[v->words_max], v->row.name);
	} else if (v->id == VERB_EXEC && c->tail_count == 0) {
		err_set(w->err, ERR_USAGE, "'sbx %s' wants a command behind "
			"'--'", v->row.name);
	} else if (v->id == VERB_ADD && c->tail_count == 0) {
		err_set(w->err, ERR_USAGE, "'sbx %s' wants a command behind "
			"'--'", v->row.name);
	} else {
		return 0;
	}
	return err_hint(w->err, "'sbx %s --help' shows examples", v->row.name);
}

/* "-f" may be an option, "-FOO" is none. */
static bool
is_dash_word(const struct walk *w, const char *word)
{
	return w->verb && w->verb->dash_words && word[1] != '-' &&
	       (word[2] || find_letter(w, word[1]) < 0);
}

static int
parse_rest(struct walk *w)
{
	struct cmd *c = w->out;
	bool words_only = false;

	while (w->at < w->count) {
		char *word = w->words[w->at++];
		int rc = 0;
		if (words_only || word[0] != '-' || word[1] == '\0' ||
		    is_dash_word(w, word)) {
			c->words[c->word_count++] = word;
		} else if (strcmp(word, "--") == 0) {
			if (w->verb && w->verb->has_tail)
				break;
			words_only = true;
		} else if (word[1] == '-') {
			rc = long_option(w, word);
		} else {
			rc = short_options(w, word);
		}
		if (rc < 0)
			return -1;
	}
	if (w->verb && w->verb->has_tail && w->at < w->count) {
		c->tail_count = w->count - w->at;
		c->tail = mem_array(c->tail_count + 1, sizeof *c->tail);
		for (size_t i = 0; i < c->tail_count; i++)
			c->tail[i] = w->words[w->at + i];
	}
	return w->verb ? check_words(w) : 0;
}

int
cmd_parse(char *const *words, size_t count, struct cmd *out, struct err *e)
{
	struct walk w = { words, count, 0, out, NULL, e };

	*out = (struct cmd){ .verb = NULL };
	out->words = mem_array(count + 1, sizeof *out->words);
	while (w.at < count && words[w.at][0] == '-' && words[w.at][1]) {
		char *word = words[w.at++];
		if (strcmp(word, "--") == 0)
			break;
		if ((word[1] == '-' ? long_option(&w, word) :
				      short_options(&w, word)) < 0)
			goto fail;
	}
	if (w.at < count)
		w.verb = (const struct verb_row *)(const void *)
			table_find(&cmd_verb_table, words[w.at]);
	if (w.verb)
		w.at++;
	out->verb = w.verb;
	if (parse_rest(&w) == 0)
		return 0;
fail:
	cmd_fini(out);
	return -1;
}

int
cmd_parse_verb(char *const *words, size_t count, struct cmd *out,
	       struct err *e)
{
	if (count == 0)
		return err_set(e, ERR_USAGE, "no command is given");
	if (!table_find(&cmd_verb_table, words[0])) {
		const struct row *near = table_suggest(&cmd_verb_table,
						       words[0]);
		err_set(e, ERR_USAGE, "there is no command '%.100s'",
			words[0]);
		return near ? err_hint(e, "did you mean '%s'?", near->name) :
			      -1;
	}
	return cmd_parse(words, count, out, e);
}

void
cmd_fini(struct cmd *c)
{
	for (int i = 0; i < CMD_OPT_COUNT; i++)
		free(c->args[i].list);
	free(c->words);
	free(c->tail);
	*c = (struct cmd){ .verb = NULL };
}

static bool
given(const struct cmd *c, enum cmd_option o)
{
	return c->args[o].given;
}

static int
signal_of(const struct cmd *c, struct proto_request *q, struct err *e)
{
	int signo = signame_parse(c->words[0]);
	if (signo < 0) {
		const char *near = signame_suggest(c->words[0]);
		err_set(e, ERR_USAGE, "there is no signal '%.60s'",
			c->words[0]);
		return near ? err_hint(e, "did you mean %s?", near) : -1;
	}
	q->number = signo;
	q->names = c->words + 1;
	return 0;
}

static int
count_of(const struct cmd *c, struct proto_request *q, struct err *e)
{
	const char *text = c->words[1];
	size_t len = strspn(text, "0123456789");
	unsigned long n = len && len < 6 && !text[len] ? strtoul(text, NULL, 10)
						       : 0;

	if (n < 1 || n > REPLICAS_MAX)
		return err_set(e, ERR_USAGE, "'%.60s' is not a number from 1 "
			       "to %d", text, REPLICAS_MAX);
	q->number = (int64_t)n;
	q->text = c->words[0];
	q->names = c->words + 2;
	return 0;
}

int
cmd_to_request(const struct cmd *c, struct proto_request *q, struct err *e)
{
	static const struct {
		enum cmd_option option;
		uint32_t flag;
	} flags[] = {
		{ CMD_OPT_ALL, PROTO_F_ALL },
		{ CMD_OPT_FAILED, PROTO_F_FAILED },
		{ CMD_OPT_NO_DEPS, PROTO_F_NO_DEPS },
		{ CMD_OPT_WITH_DEPENDENTS, PROTO_F_WITH_DEPENDENTS },
		{ CMD_OPT_NO_ESCALATE, PROTO_F_NO_ESCALATE },
		{ CMD_OPT_NO_QUEUE, PROTO_F_NO_QUEUE },
	};

	if (!c->verb || !c->verb->request)
		return err_set(e, ERR_USAGE, "'%s' is not a request",
			       c->verb ? c->verb->row.name : "");
	*q = (struct proto_request){
		.verb = (enum proto_verb)c->verb->request,
		.names = c->words,
	};
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (given(c, flags[i].option))
			q->flags |= flags[i].flag;
	if (c->verb->id == VERB_UP && c->word_count == 0 &&
	    !given(c, CMD_OPT_ALL))
		q->flags |= PROTO_F_AUTOSTART;
	if (given(c, CMD_OPT_DOWN_TIMEOUT))
		q->for_ms = c->args[CMD_OPT_DOWN_TIMEOUT].number;
	if (c->verb->id == VERB_SIGNAL)
		return signal_of(c, q, e);
	if (c->verb->id == VERB_SCALE)
		return count_of(c, q, e);
	return 0;
}
