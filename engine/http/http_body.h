#ifndef SBX_HTTP_BODY_H
#define SBX_HTTP_BODY_H

/*
 * The body of a request that names a command, for all operations that take
 * one.  Everything in it lives until http_command_fini.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct http_api;
struct http_request;

struct http_command {
	json_t *body;		/* an object */
	char **argv;		/* command and args, NULL-terminated */
	const char *cwd;	/* absolute; the set's directory if not given */
	bool own_cwd;		/* it was given */
	char **env;		/* "K=V" and "-K", or NULL */
	bool tty, interactive;
	uint64_t timeout_ms, max_output_bytes;
	bool has_timeout, has_max_output;
	char *own;		/* memory of cwd */
};

/* 0, or -1: what is wrong has been answered. */
int	http_body_command(struct http_request *r, struct http_api *api,
			  struct http_command *out);
/* Command and args as one list, whose words are borrowed; takes args, which may
 * be NULL.  Caller frees. */
char	**http_body_argv(const char *command, char **args);
void	http_command_fini(struct http_command *c);

#endif
