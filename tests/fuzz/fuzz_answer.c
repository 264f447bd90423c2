/*
 * Answers of HTTP servers: the first byte chooses the size of the pieces in
 * which the rest arrives; the outcome may not depend on it.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/probe/answer.h"
#include "must.h"

static enum answer_state
feed(struct answer *a, const char *text, size_t len, size_t step)
{
	enum answer_state st = ANSWER_MORE;

	for (size_t n = 0; n < len && st != ANSWER_BAD && st != ANSWER_HEAD;) {
		n = len - n < step ? len : n + step;
		st = answer_feed(a, text, n);
	}
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t len = size - 1, step = 1 + data[0] % 64;
	char *text = malloc(len);
	struct answer whole = { 0 }, pieces = { 0 };

	memcpy(text, data + 1, len);
	enum answer_state st = feed(&whole, text, len, len);
	enum answer_state other = feed(&pieces, text, len, step);
	/* Garbage and excess may be seen earlier in pieces. */
	if (st != ANSWER_BAD && other != ANSWER_BAD) {
		assert(st == other);
		assert(whole.status == pieces.status);
		assert(whole.body_off == pieces.body_off);
	}
	if (st == ANSWER_HEAD) {
		assert(whole.body_off <= len);
		answer_is_whole(&whole, text, len);
		size_t body = len - whole.body_off;
		assert(answer_dechunk(text + whole.body_off, body) <= body);
	}
	free(text);
	return 0;
}
