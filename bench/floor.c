/* SPDX-License-Identifier: MIT */
/* floor OBJECT COMMAND…: runs the command while the object's programs are attached. */
#include <bpf/libbpf.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

int main(int argc, char **argv)
{
	struct bpf_object *o = argc > 2 ? bpf_object__open(argv[1]) : NULL;
	struct bpf_program *p;
	int status;
	pid_t pid;

	if (!o || bpf_object__load(o))
		return 1;
	bpf_object__for_each_program(p, o)
		if (!bpf_program__attach(p))
			return 1;
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	return wait_one(pid, &status, 0) > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
