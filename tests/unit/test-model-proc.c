/* SPDX-License-Identifier: MIT */
/* Processes and threads: birth, exec, death, and the numbers in between. */
#include "proc_scene.h"

static void fork_and_exit(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, 0);
	e = got(s, EV_FORK, 0);
	assert_int_equal(e->tid, 10);
	assert_int_equal(e->child_tid, 11);
	assert_false(e->call);
	assert_int_equal(proc_of(s, 11)->ppid, 10);
	assert_int_equal(proc_of(s, 11)->parent, proc_of(s, 10)->id);
	assert_string_equal(proc_of(s, 11)->comm.s, "prog");
	CALL(s, 10, "clone", 11, SIGCHLD);
	e = go(s);
	assert_int_equal(e->kind, EV_CALL);
	assert_int_equal(e->target_pid, 11);
	assert_int_equal(e->target_proc, proc_of(s, 11)->id);
	exit_(s, 11, 3 << 8);
	e = got(s, EV_EXIT, 0);
	assert_int_equal(e->pid, 11);
	assert_int_equal(e->status, 3 << 8);
	assert_null(world_task(s->w, 11));
	CALL(s, 10, "wait4", 11, ~0ull, 0, 0, 0);
	out(s, 1, &(int){ 3 << 8 }, sizeof(int));
	e = go(s);
	assert_int_equal(e->kind, EV_WAIT);
	assert_int_equal(e->target_pid, 11);
	assert_int_equal(e->target_proc, 2);
	assert_int_equal(e->status, 3 << 8);
}

static void threads_belong_to_their_process(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, THREAD);
	assert_int_equal(got(s, EV_THREAD, 0)->child_tid, 11);
	fork_(s, 11, 12, THREAD);
	assert_ptr_equal(proc_of(s, 12), proc_of(s, 10));
	assert_true(world_task(s->w, 12)->is_thread);
	assert_int_equal(world_task(s->w, 12)->creator, world_task(s->w, 11)->id);
	assert_int_equal(proc_of(s, 10)->nthreads, 3);
	exit_(s, 12, 0);
	assert_int_equal(got(s, EV_THREAD_EXIT, 0)->tid, 12);
	assert_null(got(s, EV_EXIT, 0));
	assert_int_equal(proc_of(s, 10)->nthreads, 2);
	assert_int_equal(proc_of(s, 10)->nthreads_ever, 3);
	fork_(s, 11, 13, 0);		/* a child of the process, whoever made it */
	assert_int_equal(proc_of(s, 13)->ppid, 10);
	assert_int_equal(world_ntasks_ever(s->w), 4);
}

static void exec_resets(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, 0);
	exec(s, 11, "./bin/tool", "-x");
	e = got(s, EV_EXEC, 0);
	assert_false(e->call);
	assert_string_equal(e->path, "/home/me/bin/tool");
	assert_string_equal(e->raw, "./bin/tool");
	assert_string_equal(proc_of(s, 11)->comm.s, "tool");
	assert_int_equal(proc_of(s, 11)->argc, 2);
	assert_string_equal(proc_of(s, 11)->argv[1].s, "-x");
	assert_string_equal(proc_of(s, 11)->cwd0.s, "/home/me");
	assert_int_equal(proc_of(s, 11)->nexecs, 1);
	CALL(s, 11, "execve", 0, 0, 0, 0);
	str(s, 0, "./bin/tool");
	assert_int_equal(go(s)->kind, EV_CALL);
	assert_int_equal(count(s, EV_EXEC), 1);
	assert_string_equal(proc_of(s, 10)->comm.s, "prog");
}

static void path_probes_are_no_execs(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	CALL(s, 10, "execve", -ENOENT, 0, 0, 0);
	str(s, 0, "/usr/local/bin/cat");
	e = go(s);
	assert_int_equal(e->kind, EV_EXEC_FAILED);
	assert_int_equal(e->err, ENOENT);
	assert_string_equal(e->path, "/usr/local/bin/cat");
	assert_int_equal(proc_of(s, 10)->nexecs, 0);
	assert_string_equal(proc_of(s, 10)->comm.s, "prog");
	for (int err = 0; err <= EACCES; err += EACCES) {	/* AT_EXECVE_CHECK: a question */
		CALL(s, 10, "execveat", -err, (uint32_t)AT_FDCWD, 0, 0, 0, 0x10000);
		str(s, 1, "/usr/bin/cat");
		e = go(s);
		assert_int_equal(e->kind, EV_LOOKUP);
		assert_int_equal(e->err, err);
		assert_string_equal(e->path, "/usr/bin/cat");
	}
	CALL(s, 10, "execve", 0, 0, 0, 0)->h.flags = CALL_UNFINISHED;	/* killed in it */
	str(s, 0, "/bin/x");
	assert_int_equal(go(s)->kind, EV_CALL);
}

static void exec_by_a_thread_takes_the_leaders_place(void **state)
{
	struct scene *s = *state;
	uint32_t leader = world_task(s->w, 10)->id;

	open_(s, 10, "/a", O_RDONLY, 3);
	fork_(s, 10, 11, THREAD);
	fork_(s, 10, 12, THREAD);
	exec(s, 11, "/bin/new", NULL);
	assert_int_equal(got(s, EV_EXEC, 0)->tid, 10);
	assert_int_equal(got(s, EV_EXEC, 0)->task, leader);
	assert_non_null(got(s, EV_THREAD_EXIT, 1));
	assert_null(got(s, EV_THREAD_EXIT, 2));
	assert_null(world_task(s->w, 11));
	assert_null(world_task(s->w, 12));
	assert_int_equal(proc_of(s, 10)->nthreads, 1);
	assert_string_equal(name_of(s, 10, 3), "/a");
	CALL(s, 11, "execve", 0, 0, 0, 0)->h.pid = 10;	/* recorded under the old number */
	str(s, 0, "/bin/new");
	assert_int_equal(go(s)->tid, 10);
	assert_int_equal(world_ntasks_ever(s->w), 3);
	exit_(s, 12, 0);			/* late news of a thread the exec ended */
	assert_int_equal(s->n, s->from);
	exit_(s, 10, 0);
	assert_non_null(got(s, EV_EXIT, 0));
}

static void leader_ends_before_its_threads(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	fork_(s, 11, 12, THREAD);
	open_(s, 11, "/a", O_RDONLY, 3);
	CALL(s, 11, "exit", 0, 5)->h.flags = CALL_UNFINISHED;
	go(s);
	exit_(s, 11, 5 << 8);
	assert_null(got(s, EV_EXIT, 0));
	assert_null(world_task(s->w, 11));
	assert_string_equal(name_of(s, 12, 3), "/a");
	open_(s, 12, "/b", O_RDONLY, 4);
	CALL(s, 12, "exit", 0, 9)->h.flags = CALL_UNFINISHED;
	go(s);
	exit_(s, 12, 9 << 8);
	assert_int_equal(got(s, EV_EXIT, 0)->status, 5 << 8);	/* the leader's */
	assert_int_equal(got(s, EV_EXIT, 0)->tid, 11);
	assert_int_equal(count(s, EV_RELEASE), 2);
}

static void exit_group_decides(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	fork_(s, 11, 12, THREAD);
	exit_(s, 11, 0);
	CALL(s, 12, "exit_group", 0, 7)->h.flags = CALL_UNFINISHED;
	go(s);
	exit_(s, 12, 7 << 8);
	assert_int_equal(got(s, EV_EXIT, 0)->status, 7 << 8);

	fork_(s, 10, 13, 0);	/* the same where the calls were not traced */
	fork_(s, 13, 14, THREAD);
	exit_(s, 13, 0);
	exit_(s, 14, 7 << 8);
	assert_int_equal(got(s, EV_EXIT, 0)->status, 7 << 8);

	fork_(s, 10, 15, 0);
	fork_(s, 15, 16, THREAD);
	exit_(s, 16, SIGSEGV | 0x80);
	exit_(s, 15, SIGSEGV | 0x80);
	assert_int_equal(got(s, EV_EXIT, 0)->status, SIGSEGV | 0x80);
}

static void orphans_find_a_parent(void **state)
{
	struct scene *s = *state;
	struct record_fork *r;

	CALL(s, 10, "prctl", 0, PR_SET_CHILD_SUBREAPER, 1);
	go(s);
	fork_(s, 10, 11, 0);
	fork_(s, 11, 12, 0);
	fork_(s, 12, 13, 0);
	exit_(s, 12, 0);
	assert_int_equal(proc_of(s, 13)->ppid, 10);
	assert_int_equal(proc_of(s, 13)->parent, proc_of(s, 10)->id);
	CALL(s, 10, "prctl", 0, PR_SET_CHILD_SUBREAPER, 0);
	go(s);
	exit_(s, 10, 0);
	assert_int_equal(proc_of(s, 13)->ppid, 1);
	assert_int_equal(proc_of(s, 13)->parent, 0);

	r = begin(s, RECORD_FORK, sizeof(*r), 20);	/* init of a pid namespace */
	r->parent_pid = r->parent_tid = 11;
	r->ns_tid = 1;
	feed(s);
	fork_(s, 20, 21, 0);
	fork_(s, 21, 22, 0);
	exit_(s, 21, 0);
	assert_int_equal(proc_of(s, 22)->ppid, 20);
	fork_(s, 11, 30, CLONE_PARENT);
	assert_int_equal(proc_of(s, 30)->ppid, 1);
}

static void numbers_are_used_again(void **state)
{
	struct scene *s = *state;
	uint32_t first, second;

	fork_(s, 10, 11, 0);
	first = proc_of(s, 11)->id;
	exit_(s, 11, 0);
	fork_(s, 10, 11, 0);
	second = proc_of(s, 11)->id;
	assert_int_not_equal(first, second);
	fork_(s, 11, 12, THREAD);
	fork_(s, 10, 11, 0);		/* its end was lost */
	assert_int_equal(got(s, EV_EXIT, 0)->status, -1);
	assert_int_equal(got(s, EV_EXIT, 0)->proc, second);
	assert_null(world_task(s->w, 12));
	assert_int_not_equal(proc_of(s, 11)->id, second);
	fork_(s, 10, 10, 0);		/* nonsense changes nothing */
	assert_int_equal(proc_of(s, 10)->pid, 10);
}

static void unknown_threads_are_made(void **state)
{
	struct scene *s = *state;

	open_(s, 77, "x", O_RDONLY, 3);
	assert_int_equal(got(s, EV_ATTACH, 0)->tid, 77);
	assert_true(proc_of(s, 77)->attached);
	assert_string_equal(name_of(s, 77, 3), "x");	/* where it works is not known */
	s->pid_of[78] = 77;
	io(s, 78, "read", 3, 5);
	assert_ptr_equal(proc_of(s, 78), proc_of(s, 77));
	assert_int_equal(file_of(s, 77, 3)->bytes_read, 5);
	fork_(s, 500, 501, 0);		/* an unknown parent */
	assert_int_equal(proc_of(s, 501)->ppid, 500);
	exit_(s, 600, 0);
	assert_non_null(got(s, EV_EXIT, 0));
}

static void detached_tasks_are_forgotten(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/a", O_RDONLY, 3);
	fork_(s, 10, 11, THREAD);
	begin(s, RECORD_DETACH, sizeof(struct record), 10);
	feed(s);
	assert_non_null(got(s, EV_DETACH, 0));
	assert_string_equal(name_of(s, 11, 3), "/a");
	begin(s, RECORD_DETACH, sizeof(struct record), 11);
	feed(s);
	assert_null(world_task(s->w, 11));
	assert_int_equal(count(s, EV_EXIT), 0);
	assert_int_equal(count(s, EV_RELEASE), 0);	/* it lives on, and has them open */
}

static void sessions_and_groups(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	CALL(s, 11, "setsid", 11);
	assert_int_equal(go(s)->kind, EV_SESSION);
	fork_(s, 11, 12, 0);
	assert_int_equal(proc_of(s, 12)->sid, 11);
	assert_int_equal(proc_of(s, 12)->pgid, 11);
	CALL(s, 11, "setpgid", 0, 12, 0);
	assert_int_equal(go(s)->target_proc, proc_of(s, 12)->id);
	assert_int_equal(proc_of(s, 12)->pgid, 12);
	CALL(s, 12, "setpgid", -EPERM, 0, 11);
	go(s);
	assert_int_equal(proc_of(s, 12)->pgid, 12);
	assert_int_equal(proc_of(s, 12)->sid, 11);
}

static void names_of_threads(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, THREAD);
	CALL(s, 11, "prctl", 0, PR_SET_NAME, 0x1000);
	str(s, 1, "worker-of-a-long-name");
	go(s);
	assert_string_equal(world_task(s->w, 11)->comm.s, "worker-of-a-lon");
	assert_string_equal(proc_of(s, 10)->comm.s, "prog");
	CALL(s, 10, "prctl", 0, PR_SET_NAME, 0x1000);
	str(s, 1, "main");
	go(s);
	assert_string_equal(proc_of(s, 10)->comm.s, "main");
}

static void working_directories(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, CLONE_FS);
	fork_(s, 10, 12, 0);
	fork_(s, 10, 13, THREAD);
	CALL(s, 11, "chdir", 0, 0);
	str(s, 0, "sub/../work");
	e = go(s);
	assert_int_equal(e->kind, EV_CHDIR);
	assert_string_equal(e->path, "/home/me/work");
	assert_string_equal(open_(s, 10, "f", O_RDONLY, -ENOENT)->path, "/home/me/work/f");
	assert_string_equal(open_(s, 13, "f", O_RDONLY, -ENOENT)->path, "/home/me/work/f");
	assert_string_equal(open_(s, 12, "f", O_RDONLY, -ENOENT)->path, "/home/me/f");
	CALL(s, 13, "unshare", 0, CLONE_FS);
	go(s);
	CALL(s, 13, "chdir", -ENOENT, 0);
	str(s, 0, "/nowhere");
	assert_int_equal(go(s)->err, ENOENT);
	open_(s, 13, "/srv", O_RDONLY | O_DIRECTORY, 3);
	CALL(s, 13, "fchdir", 0, 3);
	assert_string_equal(go(s)->path, "/srv");
	assert_string_equal(open_(s, 13, "f", O_RDONLY, -ENOENT)->path, "/srv/f");
	assert_string_equal(open_(s, 11, "f", O_RDONLY, -ENOENT)->path, "/home/me/work/f");
	CALL(s, 12, "chroot", 0, 0);
	str(s, 0, "/home");
	go(s);
	assert_string_equal(world_task(s->w, 12)->fs->root.s, "/home");
	assert_string_equal(world_task(s->w, 12)->fs->cwd.s, "/me");
	assert_string_equal(open_(s, 12, "/etc/x", O_RDONLY, -ENOENT)->path, "/etc/x");	/* as it sees it */
}

static struct record_waiting *waiting(struct scene *s, uint32_t tid, const char *name, unsigned how, uint64_t since_ns)
{
	struct record_waiting *r = begin(s, RECORD_WAITING, sizeof(*r), tid);

	r->how = (rec_u8)how;
	r->since_ns = since_ns;
	if (name)
		r->nr = (rec_u32)syscall_number(name);
	return r;
}

/* The call a thread was in when it was attached to is the next that ends, or it is not there. */
static void calls_that_were_under_way(void **state)
{
	struct scene *s = *state;
	struct record_call *c;
	const struct seen *e;

	s->now = 1000000;
	waiting(s, 10, "read", WAITING_CALL, 400000)->args[0] = 0;
	part(s, 0, PART_HOLDER, 0, "process 7", 9);
	feed(s);
	e = got(s, EV_WAITING, 0);
	assert_non_null(e);
	assert_true(e->call);
	assert_int_equal(e->before_ns, 600000);
	assert_int_equal(e->fd, 0);
	assert_string_equal(e->text, "process 7");
	/* interrupted by being attached to, and entered again: still the one that was found */
	c = CALL(s, 10, "read", -512, 0);
	c->h.flags = CALL_RESTARTED;
	assert_true(go(s)->found);
	CALL(s, 10, "read", 5, 0);
	e = go(s);
	assert_true(e->found);
	assert_int_equal(e->before_ns, s->now - 1000 - 400000);
	assert_int_equal(e->kind, EV_READ);
	CALL(s, 10, "read", 5, 0);
	assert_false(go(s)->found);

	/* another one came first: the end was not seen */
	waiting(s, 10, "poll", WAITING_CALL, 0);
	feed(s);
	assert_int_equal(got(s, EV_WAITING, 0)->before_ns, 0);
	CALL(s, 10, "getpid", 5, 0);
	assert_false(go(s)->found);
	CALL(s, 10, "poll", 1, 0);
	assert_false(go(s)->found);

	/* let go in it: so long it took until then */
	waiting(s, 10, "futex", WAITING_CALL, s->now - 100);
	feed(s);
	c = CALL(s, 10, "futex", 0, 0);
	c->h.flags = CALL_UNFINISHED | CALL_RUNNING;
	c->exit_ns = s->now + 5000;
	e = go(s);
	assert_true(e->found);
	assert_int_equal(e->dur_ns, 5000);
	assert_int_equal(e->before_ns, 1100);

	/* in no call: the number means nothing, and no call is expected */
	waiting(s, 10, "read", WAITING_KERNEL, 0);
	part(s, 0, PART_WCHAN, 0, "folio_wait", 10);
	feed(s);
	e = got(s, EV_WAITING, 0);
	assert_false(e->call);
	assert_string_equal(e->text, "folio_wait");
	CALL(s, 10, "read", 5, 0);
	assert_false(go(s)->found);
	/* flags are what tracing does to the program, and not those of the call */
	waiting(s, 10, "openat", WAITING_CALL, 0)->args[2] = O_RDWR | O_CREAT;
	feed(s);
	assert_int_equal(got(s, EV_WAITING, 0)->flags, 0);
	waiting(s, 10, NULL, WAITING_UNREADABLE, 0);
	feed(s);
	assert_int_equal(got(s, EV_WAITING, 0)->flags, EXEC_UNREADABLE);
	/* no task is made by it */
	waiting(s, 999, "read", WAITING_CALL, 0);
	feed(s);
	assert_null(got(s, EV_WAITING, 0));
}

/* What ended is gone: a long trace does not grow with what is over. */
static void memory_of_the_dead_is_freed(void **state)
{
	struct scene *s = *state;

	for (uint32_t i = 0; i < 20000; i++) {
		fork_(s, 10, 100 + i % 50, 0);
		open_(s, 100 + i % 50, "/a", O_RDONLY, 3);
		fork_(s, 100 + i % 50, 200, THREAD);
		exit_(s, 100 + i % 50, 0);
		exit_(s, 200, 0);
		assert_null(world_task(s->w, 100 + i % 50));
		s->n = 0;
	}
	assert_int_equal(proc_of(s, 10)->nthreads, 1);
	assert_int_equal(world_ntasks_ever(s->w), 40001);
}

static void usage(struct scene *s, uint32_t tid, unsigned flags, uint64_t rss)
{
	struct record_usage *r = begin(s, RECORD_USAGE, sizeof(*r), tid);

	r->h.flags = (rec_u16)flags;
	r->rss = rss;
	feed(s);
}

/* What is its own counts, however little; what may be another's only beyond what there was before. */
static void memory_of_its_own(void **state)
{
	struct scene *s = *state;

	usage(s, 10, USAGE_BEFORE, 3 << 20);
	usage(s, 10, 0, 3 << 20);
	assert_int_equal(proc_of(s, 10)->rss_peak, 0);
	usage(s, 10, USAGE_OWN, 1 << 20);
	assert_int_equal(proc_of(s, 10)->rss_peak, 1 << 20);
	assert_true(proc_of(s, 10)->rss_own);
	usage(s, 10, USAGE_OWN, 0);
	assert_int_equal(proc_of(s, 10)->rss_peak, 1 << 20);
	fork_(s, 10, 11, 0);
	usage(s, 11, 0, 50 << 20);
	assert_int_equal(proc_of(s, 11)->rss_peak, 50 << 20);
	assert_false(proc_of(s, 11)->rss_own);
	fork_(s, 10, 12, CLONE_VM | CLONE_VFORK);
	usage(s, 12, USAGE_OWN, 1 << 20);
	assert_int_equal(proc_of(s, 12)->rss_peak, 0);
	exec(s, 12, "/bin/x", NULL);
	usage(s, 12, USAGE_OWN, 1 << 20);
	assert_int_equal(proc_of(s, 12)->rss_peak, 1 << 20);
	/* threads report it, too, and the most counts */
	fork_(s, 12, 13, THREAD);
	usage(s, 13, USAGE_OWN, 4 << 20);
	usage(s, 12, USAGE_OWN, 2 << 20);
	assert_int_equal(proc_of(s, 12)->rss_peak, 4 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(fork_and_exit), SCENE(threads_belong_to_their_process), SCENE(exec_resets),
		SCENE(path_probes_are_no_execs), SCENE(exec_by_a_thread_takes_the_leaders_place),
		SCENE(leader_ends_before_its_threads), SCENE(exit_group_decides), SCENE(orphans_find_a_parent),
		SCENE(numbers_are_used_again), SCENE(unknown_threads_are_made),
		SCENE(detached_tasks_are_forgotten), SCENE(sessions_and_groups), SCENE(names_of_threads),
		SCENE(working_directories), SCENE(calls_that_were_under_way),
		SCENE(memory_of_the_dead_is_freed), SCENE(memory_of_its_own),
	};

	return cmocka_run_group_tests_name("model-proc", tests, NULL, NULL);
}
