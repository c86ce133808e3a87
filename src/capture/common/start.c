/* SPDX-License-Identifier: MIT */
#include "capture/common/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/process.h"
#include "capture/common/command.h"
#include "capture/common/environ.h"
#include "capture/source.h"

int start_find(struct start *ret, const struct capture_options *opt, struct diag *diag)
{
	int rc;

	*ret = (struct start){ .opt = opt, .go_fd = -1, .error_fd = -1 };
	rc = command_find(opt->argv[0], &ret->path, diag);
	return rc == 0 && opt->user ? user_find(opt->user, &ret->as, diag) : rc;
}

static _Noreturn void child(const struct start *st, int go_fd, int error_fd)
{
	int err = 0;
	char word;

	/* the write end is closed in us: end of file means the tracer died */
	if (read(go_fd, &word, 1) != 1)
		_exit(125);
	command_restore_signals();
	if (st->prepare)
		st->prepare(st->ctx, word);
	if (st->opt->user)
		err = user_become(&st->as);	/* negative: no failure of execve */
	if (!err) {
		execve(st->path, st->opt->argv, environ_given());
		err = errno;
	}
	if (write(error_fd, &err, sizeof(err)) < 0)
		_exit(125);
	_exit(err == ENOENT ? 127 : 126);
}

int start_fork(struct start *st, struct diag *diag)
{
	int go[2], error[2], rc = 0;

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0)
		return diag_set(diag, 125, errno, "cannot make a pipe: %s", strerror(errno));
	st->pid = command_fork();
	if (st->pid == 0) {
		close(go[1]);
		close(error[0]);
		child(st, go[0], error[1]);
	}
	if (st->pid < 0) {
		rc = diag_set(diag, 125, errno, "cannot start a process: %s", strerror(errno));
		st->pid = 0;
	}
	close(go[0]);
	close(error[1]);
	st->go_fd = go[1];
	st->error_fd = error[0];
	return rc;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void start_go(struct start *st, char word)
{
	if (write(st->go_fd, &word, 1) != 1)
		kill_one(st->pid, SIGKILL);
	shut(&st->go_fd);
}

void start_kill(struct start *st)
{
	shut(&st->go_fd);
	shut(&st->error_fd);
	kill_one(st->pid, SIGKILL);
	wait_end(st->pid, NULL);
	st->pid = 0;
}

int start_result(struct start *st, struct diag *diag)
{
	int err = 0;
	ssize_t n;

	/* closed by the exec, or the reason why there is none */
	do
		n = read(st->error_fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	shut(&st->error_fd);
	if (n == 0)
		return 0;
	if (n != sizeof(err))
		return start_was_killed(diag);
	return err < 0 ? user_refused(st->opt->user, -err, diag) : command_exec_failed(st->path, err, diag);
}

int start_was_killed(struct diag *diag)
{
	return diag_set(diag, 125, ECANCELED, "the command was killed before it began");
}

void start_done(struct start *st)
{
	shut(&st->go_fd);
	shut(&st->error_fd);
	free(st->path);
	free(st->as.groups);
	st->path = NULL;
	st->as.groups = NULL;
}
