#ifndef SBX_FAULT_H
#define SBX_FAULT_H

/*
 * Failures on demand, so that every error path can be walked by a test; only
 * in a build with -DSBX_FAULTS, elsewhere nothing.  The environment variable
 * SBX_FAULT names a file.  While it holds
 *
 *	ROLE/NAME:ERRNO:NTH[+]
 *
 * the NTH call of the wrapper NAME (sys.c; "mem" for an allocation, "registry"
 * for a save of it) in a process of that ROLE fails: engine, keeper (and what
 * it has forked, until exec), anchor, client or any.  A fault without '+'
 * removes the file when it has happened; one with '+' goes on until somebody
 * else does.  With an ERRNO of 0 the call waits until the file is gone, with
 * -N it takes N ms longer.
 */

/*
 * SBX_CLOCK names a file that holds by how many milliseconds the wall clock
 * is off; writing to it is as if somebody set the clock.
 */

#ifdef SBX_FAULTS
#include <stdint.h>

int64_t	fault_clock_ms(void);
int	fault_clock_fd(void);	/* readable when it was set; -1: none */
/* 0, or the -errno with which this call has to fail. */
int	fault(const char *name);
#else
#define fault(name) 0
#define fault_clock_ms() 0
#define fault_clock_fd() (-1)
#endif

#endif
