"""The simulated runtime keeps the promises of ``interfaces/runtime.py``, repeatably."""

from congress.interfaces.runtime import Stop
from congress.testing.runtime import ManualClock, SimTestCase, SimThreads


class ClockTest(SimTestCase):
    def test_time_passes_only_when_told(self) -> None:
        before = self.clock.monotonic()
        self.clock.advance(2.5)
        self.assertEqual(2.5, self.clock.monotonic() - before)

    def test_the_wall_clock_steps_alone(self) -> None:
        monotonic, wall = self.clock.monotonic(), self.clock.time()
        self.clock.step_wall(-3600)
        self.assertEqual((monotonic, wall - 3600), (self.clock.monotonic(), self.clock.time()))

    def test_a_clock_without_threads_just_moves(self) -> None:
        clock = ManualClock(5.0)
        clock.advance(1)
        self.assertEqual(6.0, clock.monotonic())


class LoopTest(SimTestCase):
    def test_jobs_run_in_order(self) -> None:
        loop, seen = self.threads.loop("l"), []
        for number in range(3):
            loop.post(lambda n=number: seen.append(n))
        self.assertEqual([], seen)
        self.threads.run_ready()
        self.assertEqual([0, 1, 2], seen)

    def test_a_failed_job_is_noted_and_the_loop_goes_on(self) -> None:
        loop, seen = self.threads.loop("l"), []
        loop.post(lambda: 1 / 0)
        loop.post(lambda: seen.append(1))
        with self.assertLogs("congress.testing.runtime"):
            self.threads.run_ready()
        self.assertEqual([1], seen)
        self.assertEqual(["l"], [name for name, _ in self.threads.errors])
        self.threads.errors.clear()

    def test_later_and_cancel(self) -> None:
        loop, seen = self.threads.loop("l"), []
        loop.later(2, lambda: seen.append(self.clock.monotonic()))
        loop.later(1, lambda: seen.append("no")).cancel()
        start = self.clock.monotonic()
        self.clock.advance(5)
        self.assertEqual([start + 2], seen)

    def test_a_timer_is_cancelled_even_when_its_job_is_queued(self) -> None:
        loop, seen = self.threads.loop("l"), []
        timers = []
        loop.later(1, lambda: timers[0].cancel())
        timers.append(loop.later(1, lambda: seen.append("no")))
        self.clock.advance(2)
        self.assertEqual([], seen)

    def test_every_asks_its_interval_anew(self) -> None:
        loop, seen, interval = self.threads.loop("l"), [], [1.0]
        timer = loop.every(lambda: interval[0], lambda: seen.append(self.clock.monotonic()))
        start = self.clock.monotonic()
        self.clock.advance(2)
        interval[0] = 3.0
        self.clock.advance(4)
        timer.cancel()
        self.clock.advance(9)
        self.assertEqual([1.0, 2.0, 3.0, 6.0], [at - start for at in seen])

    def test_call_runs_inline_after_what_was_posted(self) -> None:
        loop, seen = self.threads.loop("l"), []
        loop.post(lambda: seen.append("posted"))
        self.assertEqual(7, loop.call(lambda: seen.append("called") or 7, 1))
        self.assertEqual(["posted", "called"], seen)

    def test_call_on_its_own_loop_runs_at_once(self) -> None:
        loop = self.threads.loop("l")
        self.assertEqual(3, loop.call(lambda: loop.call(lambda: 3, 1), 1))

    def test_calling_in_a_circle_times_out(self) -> None:
        one, two = self.threads.loop("one"), self.threads.loop("two")
        with self.assertRaises(TimeoutError):
            one.call(lambda: two.call(lambda: one.call(lambda: 3, 1), 1), 1)

    def test_close_runs_what_was_posted_and_nothing_more(self) -> None:
        loop, seen = self.threads.loop("l"), []
        loop.every(1, lambda: seen.append("timer"))
        loop.post(lambda: seen.append("posted"))
        self.assertTrue(loop.close(1))
        loop.post(lambda: seen.append("late"))
        self.clock.advance(5)
        self.assertEqual(["posted"], seen)
        with self.assertRaises(TimeoutError):
            loop.call(lambda: 1, 1)

    def test_idle_since(self) -> None:
        loop = self.threads.loop("l")
        loop.later(2, lambda: None)
        start = self.clock.monotonic()
        self.clock.advance(5)
        self.assertEqual(start + 2, loop.idle_since())
        self.assertIsNone(loop.call(loop.idle_since, 1))


class PoolTest(SimTestCase):
    def test_room_is_bounded(self) -> None:
        pool, seen = self.threads.pool("p", 1, 1), []
        taken = [pool.submit(lambda: seen.append(1)) for _ in range(3)]
        self.assertEqual([True, True, False], taken)
        self.threads.run_ready()
        self.assertEqual([1, 1], seen)

    def test_jobs_overlap_while_they_wait(self) -> None:
        pool, seen = self.threads.pool("p", 2, 2), []
        pool.submit(lambda: self.threads.wait(lambda: bool(seen), self.clock.monotonic() + 1))
        pool.submit(lambda: seen.append(1))
        start = self.clock.monotonic()
        self.assertTrue(pool.close(9))
        self.assertEqual(start, self.clock.monotonic())
        self.assertFalse(pool.submit(lambda: None))


class TaskTest(SimTestCase):
    def test_tasks_wait_side_by_side(self) -> None:
        seen: list[tuple[str, float]] = []
        start = self.clock.monotonic()

        def target(name: str, pause: float) -> None:
            def run(stop: Stop) -> None:
                while not stop.wait(pause):
                    seen.append((name, self.clock.monotonic() - start))

            tasks.append(self.threads.task(name, run))

        tasks: list = []
        target("slow", 3)
        target("fast", 2)
        self.clock.advance(6.5)
        self.assertEqual(
            [("fast", 2.0), ("slow", 3.0), ("fast", 4.0), ("slow", 6.0), ("fast", 6.0)],
            sorted(seen, key=lambda item: item[1]),
        )
        self.assertTrue(all(task.stop(1) for task in tasks))
        self.assertFalse(any(task.alive() for task in tasks))

    def test_a_task_that_fails_is_noted(self) -> None:
        self.threads.task("t", lambda stop: [].pop())
        with self.assertLogs("congress.testing.runtime"):
            self.threads.run_ready()
        self.assertIsInstance(self.threads.errors.pop()[1], IndexError)

    def test_a_task_may_call_a_loop(self) -> None:
        loop, seen = self.threads.loop("l"), []
        self.threads.task("t", lambda stop: seen.append(loop.call(lambda: 5, 1)))
        self.threads.run_ready()
        self.assertEqual([5], seen)


class GroupTest(SimTestCase):
    def test_a_paused_group_catches_up(self) -> None:
        group, seen = self.threads.group("node"), []
        group.loop("l").later(1, lambda: seen.append(self.clock.monotonic()))
        start = self.clock.monotonic()
        group.pause()
        self.clock.advance(5)
        self.assertEqual([], seen)
        group.resume()
        self.threads.run_ready()
        self.assertEqual([start + 5], seen)

    def test_a_killed_group_does_nothing_more(self) -> None:
        group, seen = self.threads.group("node"), []
        loop = group.loop("l")
        loop.every(1, lambda: seen.append("timer"))
        group.task("t", lambda stop: stop.wait(2) or seen.append("task"))
        group.pool("p", 1, 1).submit(
            lambda: (self.threads.wait(lambda: False, self.clock.monotonic() + 3), seen.append("p"))
        )
        self.threads.after(0.5, group.kill)
        self.clock.advance(9)
        loop.post(lambda: seen.append("posted"))
        self.threads.run_ready()
        self.assertEqual([], seen)

    def test_a_job_that_is_paused_while_it_waits_goes_on_when_resumed(self) -> None:
        group, seen = self.threads.group("node"), []
        start = self.clock.monotonic()

        def stop_here() -> None:
            group.pause()
            self.threads.after(4, group.resume)
            self.threads.wait(lambda: True, start + 1)
            seen.append(self.clock.monotonic() - start)

        group.loop("l").post(stop_here)
        self.clock.advance(9)
        self.assertEqual([4.0], seen)

    def test_a_call_ends_with_the_group_that_dies_meanwhile(self) -> None:
        group, seen = self.threads.group("node"), []
        inner, outer = group.loop("inner"), group.loop("outer")
        inner.post(group.kill)
        outer.post(lambda: (inner.call(lambda: seen.append("called"), 1), seen.append("more")))
        self.threads.wait(lambda: bool(outer.close(1)), self.clock.monotonic() + 1)
        self.assertEqual([], seen)


class SeedTest(SimTestCase):
    def test_equal_seeds_give_equal_runs(self) -> None:
        def run(seed: int | None) -> list[int]:
            threads, seen = SimThreads(ManualClock(), seed), []
            for number in range(8):
                threads.loop(str(number)).post(lambda n=number: seen.append(n))
            threads.run_ready()
            return seen

        self.assertEqual(run(3), run(3))
        self.assertEqual(list(range(8)), run(None))
        self.assertGreater(len({tuple(run(seed)) for seed in range(5)}), 1)
