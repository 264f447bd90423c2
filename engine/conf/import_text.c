#include "import.h"

#include <string.h>

#include "base/buf.h"

#define NAME_MAX_BYTES 200	/* of a variable; the reader takes 256 */

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_';
}

/* Nothing in it means anything to the reader of words. */
static bool
is_bare(const char *text)
{
	if (!text[0] || text[0] == '#' || text[0] == '/' ||
	    strncmp(text, "<<", 2) == 0)
		return false;
	for (; *text; text++)
		if (!is_name_byte(*text) && !strchr("./:@%+,=-~!?*", *text))
			return false;
	return true;
}

static void
add_escaped(struct buf *out, char c)
{
	const char *plain = "\n\t\033\"\\", *letters = "nte\"\\";
	const char *hit = strchr(plain, c);

	if (hit)
		(void)buf_addf(out, "\\%c", letters[hit - plain]);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		(void)buf_addf(out, "\\x%02x", (unsigned char)c);
	else
		(void)buf_addc(out, c);
}

/* A '$' that the reader must not take for a variable. */
static void
add_dollar(struct buf *out, const char *rest)
{
	(void)buf_adds(out, rest[0] == '{' ? "\\x24" : "$");
}

static void
add_variable(struct buf *out, const char *name, size_t len,
	     const char *standard, size_t standard_len)
{
	(void)buf_addf(out, "${%.*s:-%.*s}", (int)len, name,
		       (int)standard_len, standard);
}

/* A default can hold neither a variable nor what would end it. */
static bool
is_standard(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("${}", text[i]) || (unsigned char)text[i] < 0x20)
			return false;
	return true;
}

/* Behind "${".  Returns the end, behind '}', or NULL if it is no variable. */
static const char *
braced(const char *at, struct buf *out, bool *ok)
{
	size_t len = 0;
	const char *end, *close = NULL;
	int depth = 1;

	while (is_name_byte(at[len]))
		len++;
	for (end = at + len; *end && !close; end++) {
		depth += *end == '{';
		if (*end == '}' && --depth == 0)
			close = end;
	}
	if (len == 0 || len > NAME_MAX_BYTES || !close)
		return NULL;
	const char *op = at + len;
	size_t skip = *op == ':' ? 2 : 1;
	bool standard = *op == '-' || (op[0] == ':' && op[1] == '-');
	size_t rest = (size_t)(close - op);
	if (standard && is_standard(op + skip, rest - skip)) {
		add_variable(out, at, len, op + skip, rest - skip);
	} else {
		add_variable(out, at, len, "", 0);
		*ok = *ok && rest == 0;
	}
	return close + 1;
}

static bool
expand(const char *at, struct buf *out)
{
	bool ok = true;

	while (*at) {
		const char *end = NULL;
		if (*at != '$') {
			add_escaped(out, *at++);
			continue;
		}
		at++;
		if (*at == '$') {
			at++;
			add_dollar(out, at);
			continue;
		}
		if (*at == '{')
			end = braced(at + 1, out, &ok);
		if (!end && is_name_byte(*at) && (*at < '0' || *at > '9')) {
			size_t len = 0;
			while (is_name_byte(at[len]) && len < NAME_MAX_BYTES)
				len++;
			add_variable(out, at, len, "", 0);
			end = at + len;
		}
		if (!end)
			add_dollar(out, at);
		else
			at = end;
	}
	return ok;
}

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

bool
import_quote(const char *text, bool variables, struct buf *out)
{
	bool ok = true;

	if (is_bare(text)) {
		(void)buf_adds(out, text);
		return true;
	}
	variables = variables && strchr(text, '$');
	if (!variables && !strchr(text, '\'') && !has_control(text)) {
		(void)buf_addf(out, "'%s'", text);
		return true;
	}
	(void)buf_addc(out, '"');
	if (variables)
		ok = expand(text, out);
	for (; !variables && *text; text++)
		if (*text == '$')
			add_dollar(out, text + 1);
		else
			add_escaped(out, *text);
	(void)buf_addc(out, '"');
	return ok;
}

static bool
is_shell_bare(const char *text)
{
	if (!text[0])
		return false;
	for (; *text; text++)
		if (!is_name_byte(*text) && !strchr("./:@%+,=-", *text))
			return false;
	return true;
}

/* "$X" and "${X}" are for the shell, "$$" is a dollar. */
static void
double_quoted(const char *at, struct buf *out)
{
	(void)buf_addc(out, '"');
	for (; *at; at++) {
		bool twice = at[0] == '$' && at[1] == '$';
		if (twice || strchr("\"\\`", *at))
			(void)buf_addc(out, '\\');
		(void)buf_addc(out, *at);
		at += twice;
	}
	(void)buf_addc(out, '"');
}

static void
single_quoted(const char *at, struct buf *out)
{
	(void)buf_addc(out, '\'');
	for (; *at; at++)
		(void)buf_adds(out, *at == '\'' ? "'\\''" :
			       (char[]){ *at, '\0' });
	(void)buf_addc(out, '\'');
}

int
import_shell_words(const char *const *words, size_t count, bool dollars,
		   struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		/* A word in double quotes is up to twice as long. */
		if (4 * strlen(words[i]) + 4 > out->max - out->len)
			return -1;
		if (i > 0)
			(void)buf_addc(out, ' ');
		if (is_shell_bare(words[i]))
			(void)buf_adds(out, words[i]);
		else if (dollars && strchr(words[i], '$'))
			double_quoted(words[i], out);
		else
			single_quoted(words[i], out);
	}
	return 0;
}

char *
import_undouble(const char *text)
{
	struct buf b = BUF_INIT(strlen(text) + 1);

	for (; *text; text++) {
		(void)buf_addc(&b, *text);
		if (text[0] == '$' && text[1] == '$')
			text++;
	}
	return buf_take(&b);
}
