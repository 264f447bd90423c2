#ifndef SBX_MUST_H
#define SBX_MUST_H

/* The entry of a target, and a check that is there in every build. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(true_statement)                                                   \
	do {                                                                   \
		if (!(true_statement)) {                                       \
			fprintf(stderr, "not true: %s\n", #true_statement);    \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
