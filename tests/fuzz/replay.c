/*
 * A fuzz target without a fuzzer: "replay [-r N] [-s SEED] PATH..." gives it
 * every file among the paths (directories are walked), then N pseudo-random
 * inputs, half of them made by changing one of the files.  The same seed
 * gives the same inputs.  It ends by crashing, or with how many there were.
 */

#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, RANDOM_MAX = 4096, KEPT_MAX = 4096, FDS = 16 };

struct input {
	uint8_t *data;
	size_t len;
};

static struct input kept[KEPT_MAX];
static size_t kept_count;
static uint64_t state;

/* xorshift64*: only has to be the same everywhere. */
static uint64_t
next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

static size_t
below(size_t n)
{
	return n ? next_random() % n : 0;
}

/* The target gets exactly len bytes of heap, so that one too many is seen. */
static void
give(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

/* All are read before the first is given: a target may change directory. */
static int
keep_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX);

	if (!f || !data || kept_count == KEPT_MAX) {
		fprintf(stderr, "replay: %s: %s\n", path,
			kept_count == KEPT_MAX ? "too many files" :
			strerror(errno));
		exit(1);
	}
	struct input *in = &kept[kept_count++];
	in->len = fread(data, 1, INPUT_MAX, f);
	in->data = realloc(data, in->len ? in->len : 1);
	if (!in->data)
		abort();
	fclose(f);
	return 0;
}

static int
visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return type == FTW_F ? keep_file(path) : 0;
}

/* A few bytes set, taken out, doubled or put in. */
static size_t
change(uint8_t *data, size_t len)
{
	for (size_t n = below(8) + 1; n > 0; n--) {
		size_t at = below(len + 1), run = below(16) + 1;
		switch (below(4)) {
		case 0:
			if (at < len)
				data[at] = (uint8_t)next_random();
			break;
		case 1:
			if (at + run <= len) {
				memmove(data + at, data + at + run,
					len - at - run);
				len -= run;
			}
			break;
		case 2:
			if (at + run <= len && len + run <= RANDOM_MAX) {
				memmove(data + at + run, data + at, len - at);
				len += run;
			}
			break;
		default:
			if (at < len)
				data[at] ^= (uint8_t)(1u << below(8));
		}
	}
	return len;
}

static void
give_random(void)
{
	uint8_t data[RANDOM_MAX];
	size_t len = below(below(RANDOM_MAX) + 1);

	if (kept_count > 0 && below(2)) {
		const struct input *in = &kept[below(kept_count)];
		len = in->len < RANDOM_MAX ? in->len : RANDOM_MAX;
		memcpy(data, in->data, len);
		len = change(data, len);
	} else {
		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)next_random();
	}
	give(data, len);
}

int
main(int argc, char **argv)
{
	unsigned long randoms = 0;
	int opt;

	state = 1;
	while ((opt = getopt(argc, argv, "r:s:")) != -1) {
		if (opt == 'r')
			randoms = strtoul(optarg, NULL, 10);
		else if (opt == 's')
			state = strtoul(optarg, NULL, 10) | 1;
		else
			return 2;
	}
	for (; optind < argc; optind++) {
		if (nftw(argv[optind], visit, FDS, FTW_PHYS) != 0) {
			fprintf(stderr, "replay: %s: %s\n", argv[optind],
				strerror(errno));
			return 1;
		}
	}
	for (size_t i = 0; i < kept_count; i++)
		give(kept[i].data, kept[i].len);
	for (unsigned long i = 0; i < randoms; i++)
		give_random();
	printf("%zu files, %lu random inputs\n", kept_count, randoms);
	while (kept_count > 0)
		free(kept[--kept_count].data);
	return 0;
}
