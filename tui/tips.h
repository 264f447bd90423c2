#ifndef SBX_TIPS_H
#define SBX_TIPS_H

/*
 * A word of help in the empty part of the list, in the first sessions of a
 * person.  How many there were is in a file; where it cannot be kept, there
 * are none.
 */

/* The tip of this session, which is counted; NULL: there were enough. */
const char *tips_next(void);

#endif
