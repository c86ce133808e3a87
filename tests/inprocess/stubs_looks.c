/* SPDX-License-Identifier: MIT */
/* A program that looks at what is mapped in it, or in another, and prints that: it is the same without stubs. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "stubs.h"

/* Lines that begin so, NULL: all, of the file of a process. */
static void show(const char *process, const char *file, const char *const *begins)
{
	char name[64], line[4096];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%s/%s", process, file);
	f = fopen(name, "re");
	CHECK(f);
	printf("%s\n", file);
	while (f && fgets(line, sizeof(line), f)) {
		int shown = !begins;

		for (int i = 0; begins && begins[i]; i++)
			shown |= !strncmp(line, begins[i], strlen(begins[i]));
		if (shown)
			printf("%s", line);
	}
	if (f)
		fclose(f);
}

static const char *const sizes[] = { "Size:", "VmFlags:", "VmSize:", "VmLib:", "VmExe:", NULL };

static void show_files(void)
{
	DIR *d = opendir("/proc/self/map_files");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n++;
	if (d)
		closedir(d);
	printf("map_files %d\n", n);
}

/* Maps a good deal more than lies between the stubs and the libraries at least. */
static void map_some(void)
{
	for (int i = 0; i < 40; i++)
		CHECK(mmap(NULL, 1 << 19, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

/* Each file first of all in a child of its own: the first look is what counts. */
void looks_at_itself(void)
{
	static const char *const files[] = { "maps", "smaps", "smaps_rollup", "status", "map_files", "maps" };

	reads(ENOUGH);
	map_some();
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		pid_t child = i + 1 < sizeof(files) / sizeof(files[0]) ? fork() : 0;
		int status = 0;

		if (child) {
			CHECK(wait_end(child, &status) == 1 && status == 0);
			continue;
		}
		if (i % 2 == 0)
			reads(ENOUGH);	/* its own stubs; else what it has of its parent's */
		if (!strcmp(files[i], "map_files"))
			show_files();
		else
			show("self", files[i], strstr(files[i], "maps") == files[i] ? NULL : sizes);
		reads(ENOUGH);
		CHECK(!is_mapped() || !strcmp(files[i], "maps"));
		if (i + 1 < sizeof(files) / sizeof(files[0]))
			_exit(failed);
	}
}

/* More lines than the kernel makes at a time. */
static void map_lines(void)
{
	for (int i = 0; i < 200; i++)
		CHECK(mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void read_to_end(int fd, size_t piece)
{
	char b[8192];
	ssize_t n;

	while ((n = read(fd, b, piece)) > 0) {
		printf("[%zd]", n);
		fwrite(b, 1, (size_t)n, stdout);
	}
	CHECK(n == 0);
}

/* A descriptor that stays open, is duplicated, left to a child, read again from its start, in pieces of any size. */
void looks_again(void)
{
	int fd = open("/proc/self/maps", O_RDONLY), copy, status;
	char b[100];
	pid_t child;

	map_lines();
	reads(ENOUGH);
	read_to_end(fd, 1);
	copy = dup(fd);
	close(fd);
	for (size_t piece = 7; piece <= 8192; piece = piece * 3 + 5) {
		CHECK(lseek(copy, 0, SEEK_SET) == 0);
		read_to_end(copy, piece);
		reads(ENOUGH);
	}
	CHECK(pread(copy, b, sizeof(b), 700) == sizeof(b));
	printf("%.100s\n", b);
	child = fork();
	if (child == 0) {
		reads(ENOUGH);
		CHECK(lseek(copy, 0, SEEK_SET) == 0);
		read_to_end(copy, 8192);
		close(copy);
		reads(ENOUGH);
		show("self", "maps", NULL);
		reads(ENOUGH);
		_exit(failed);
	}
	CHECK(wait_end(child, &status) == 1 && status == 0);
	close(copy);
	reads(ENOUGH);
}

static int ends[2];

static void *waits(void *arg)
{
	char c = 0;

	CHECK(read(ends[0], &c, 1) == 1 && c == 'x');
	return arg;
}

static void looks_now(void)
{
	show("self", "maps", NULL);
}

/* One thread that looks, one that waits in a read, three that work. */
void looks_with_threads(void)
{
	pthread_t t = 0;

	CHECK(pipe(ends) == 0 && pthread_create(&t, NULL, waits, NULL) == 0);
	usleep(20000);
	with_others(looks_now);
	CHECK(write(ends[1], "x", 1) == 1);
	pthread_join(t, NULL);
}

/* A child that looks at its parent, which waits for it in a read that a stub makes, then in wait4. */
static void is_looked_at(void)
{
	char name[64], c, *words[] = { "cat", name, NULL };
	int status, by[2];
	pid_t child;

	CHECK(pipe2(by, O_CLOEXEC) == 0);
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)getpid());
	child = vfork();
	if (child == 0) {
		fcntl(by[1], F_SETFD, 0);
		execv("/bin/cat", words);
		_exit(9);
	}
	close(by[1]);
	CHECK(read(by[0], &c, 1) == 0);
	CHECK(wait_end(child, &status) == 1 && status == 0);
}

static void is_waited_for(void)
{
	char name[64], *words[] = { "cat", name, NULL };
	int status;
	pid_t child;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)getpid());
	child = fork();
	if (child == 0) {
		execv("/bin/cat", words);
		_exit(9);
	}
	CHECK(wait_end(child, &status) == 1 && status == 0);
}

void looks_at_parent(void)
{
	int status;
	pid_t child;

	reads(ENOUGH);
	child = fork();
	if (child == 0) {
		reads(ENOUGH);
		is_looked_at();
		reads(ENOUGH);
		_exit(failed);
	}
	CHECK(wait_end(child, &status) == 1 && status == 0);
	child = fork();
	if (child == 0) {
		with_others(is_waited_for);
		_exit(failed);
	}
	CHECK(wait_end(child, &status) == 1 && status == 0);
	is_waited_for();
	reads(ENOUGH);
}
