#ifndef SBX_SAMPLE_H
#define SBX_SAMPLE_H

/*
 * Figures of all trees: processor time, memory, listening ports.  Taken while
 * somebody looks, once a second at most, ports of a run that is not young
 * every four.
 */

struct engine;

/* Figures of all trees, if the last ones are older than a second. */
void	sample_all(struct engine *e);

#endif
