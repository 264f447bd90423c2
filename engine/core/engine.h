#ifndef SBX_ENGINE_H
#define SBX_ENGINE_H

/*
 * The engine of one set: policy, logs, watches, terminals and the socket.
 * A child of the keeper, which starts a new one when this one dies and hands
 * everything over to it.  One thread, one loop.
 */

/*
 * The hidden verb: key is "rc:PATH" or "dir:PATH" and names the set; the
 * socket to the keeper is the descriptor in SBX_KEEPER_FD.  Returns the exit
 * status: 0 when the set is down.
 */
int	engine_main(const char *key);

#endif
