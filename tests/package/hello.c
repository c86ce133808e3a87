/* SPDX-License-Identifier: MIT */
/* What is traced in an empty root: says what it found, leaves a child's status and its own. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	char magic[4] = { 0 };
	int fd = open("/compendium", O_RDONLY), status = 0;
	pid_t pid;

	if (fd < 0 || read(fd, magic, sizeof(magic)) != sizeof(magic) || magic[1] != 'E')
		return 1;
	close(fd);
	if (open("/not-there", O_RDONLY) >= 0)
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(4);
	if (pid < 0 || wait(&status) != pid || WEXITSTATUS(status) != 4)
		return 5;
	puts("hello");
	return 3;
}
