"""Real threads: loops, pools and tasks keep their promises."""

import logging
import threading
import unittest

from congress.interfaces.runtime import Loop, Stop
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.testing.runtime import ManualClock

DEADLINE = 5.0


class ThreadsTestCase(unittest.TestCase):
    def setUp(self) -> None:
        self.threads = SystemThreads(SystemClock())
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def await_event(self, event: threading.Event) -> None:
        self.assertTrue(event.wait(DEADLINE), "did not happen in time")


class LoopTest(ThreadsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.loop = self.threads.loop("l")
        self.addCleanup(self.loop.close, DEADLINE)

    def hold(self, loop: Loop) -> threading.Event:
        """Keep a loop busy until the event that is returned is set."""
        gate = threading.Event()
        self.addCleanup(gate.set)
        loop.post(gate.wait)
        return gate

    def test_jobs_run_in_order_on_a_thread_of_that_name(self) -> None:
        ran: list[int] = []
        for number in range(100):
            self.loop.post(lambda number=number: ran.append(number))  # type: ignore[misc]
        self.assertEqual("l", self.loop.call(lambda: threading.current_thread().name, DEADLINE))
        self.assertEqual(list(range(100)), ran)

    def test_a_job_that_raises_is_counted_and_the_loop_goes_on(self) -> None:
        for error in (ValueError("x"), SystemExit(3), KeyboardInterrupt()):
            self.loop.post(self.raising(error))
        self.assertEqual(1, self.loop.call(lambda: 1, DEADLINE))
        self.assertEqual({"l": 3}, self.threads.failures())

    def raising(self, error: BaseException):  # type: ignore[no-untyped-def]
        def job() -> None:
            raise error

        return job

    def test_call_returns_or_raises_what_the_job_does(self) -> None:
        self.assertEqual(2, self.loop.call(lambda: 1 + 1, DEADLINE))
        with self.assertRaises(ZeroDivisionError):
            self.loop.call(lambda: 1 // 0, DEADLINE)
        self.assertEqual({}, self.threads.failures())

    def test_call_on_the_own_thread_runs_at_once(self) -> None:
        self.assertEqual(3, self.loop.call(lambda: self.loop.call(lambda: 3, 0.0), DEADLINE))

    def test_call_times_out_and_the_job_runs_all_the_same(self) -> None:
        gate, ran = threading.Event(), threading.Event()
        self.loop.post(lambda: gate.wait(DEADLINE))
        with self.assertRaises(TimeoutError):
            self.loop.call(ran.set, 0.01)
        gate.set()
        self.await_event(ran)

    def test_later_runs_once_and_in_the_order_due(self) -> None:
        ran: list[str] = []
        clock = ManualClock()
        loop = SystemThreads(clock).loop("l")
        self.addCleanup(loop.close, DEADLINE)
        gate = self.hold(loop)
        for delay, name in ((2.0, "b"), (1.0, "a"), (9.0, "c")):
            loop.later(delay, lambda name=name: ran.append(name))  # type: ignore[misc]
        clock.advance(3.0)
        gate.set()
        # The first job may stand before the timers, which join the queue as the gate opens.
        loop.call(lambda: None, DEADLINE)
        self.assertEqual(["a", "b"], loop.call(lambda: list(ran), DEADLINE))

    def test_every_runs_again_even_after_an_exception(self) -> None:
        intervals: list[float] = []
        done = threading.Event()

        def interval() -> float:
            intervals.append(0.001)
            return 0.001

        def job() -> None:
            if len(intervals) > 3:
                done.set()
            raise ValueError

        timer = self.loop.every(interval, job)
        self.await_event(done)
        timer.cancel()
        count = self.loop.call(lambda: len(intervals), DEADLINE)
        self.loop.call(lambda: None, DEADLINE)
        self.assertLessEqual(len(intervals), count + 1)

    def test_a_cancelled_timer_does_not_run(self) -> None:
        ran = threading.Event()
        done = threading.Event()
        gate = self.hold(self.loop)
        self.loop.later(0.0, ran.set).cancel()
        self.loop.later(0.0, done.set)
        gate.set()
        self.await_event(done)
        self.assertFalse(ran.is_set())

    def test_a_timer_may_be_set_further_ahead_than_the_system_can_wait(self) -> None:
        for delay in (threading.TIMEOUT_MAX * 2, 1e300, float("inf")):
            self.loop.later(delay, self.fail)
            self.loop.every(lambda delay=delay: delay, self.fail)  # type: ignore[misc]
        self.assertEqual(1, self.loop.call(lambda: 1, DEADLINE))
        self.assertEqual(2, self.loop.call(lambda: 2, DEADLINE))

    def test_close_runs_what_was_posted_and_drops_the_rest(self) -> None:
        ran: list[int] = []
        gate = threading.Event()
        self.loop.post(lambda: gate.wait(DEADLINE))
        self.loop.post(lambda: ran.append(1))
        self.loop.later(60.0, lambda: ran.append(2))
        self.assertFalse(self.loop.close(0.0))
        gate.set()
        self.assertTrue(self.loop.close(DEADLINE))
        self.loop.post(lambda: ran.append(3))
        self.assertEqual([1], ran)
        with self.assertRaises(TimeoutError):
            self.loop.call(lambda: 1, DEADLINE)

    def test_a_loop_can_close_itself(self) -> None:
        self.assertFalse(self.loop.call(lambda: self.loop.close(1.0), DEADLINE))
        self.assertTrue(self.loop.close(DEADLINE))

    def test_idle_since_tells_whether_a_job_runs(self) -> None:
        began, gate = threading.Event(), threading.Event()
        self.loop.post(lambda: (began.set(), gate.wait(DEADLINE)))
        self.await_event(began)
        self.assertIsNone(self.loop.idle_since())
        gate.set()
        idle = threading.Event()
        self.loop.later(0.01, lambda: None)
        self.loop.later(0.02, idle.set)
        self.await_event(idle)
        self.assertTrue(self.loop.close(DEADLINE))


class PoolTest(ThreadsTestCase):
    def test_no_more_than_size_run_and_no_more_than_queue_wait(self) -> None:
        pool = self.threads.pool("p", 2, 3)
        gate = threading.Event()
        accepted = [pool.submit(lambda: gate.wait(DEADLINE)) for _ in range(8)]
        self.assertEqual(5, sum(accepted))
        names = {one.name for one in threading.enumerate() if one.name.startswith("p-")}
        self.assertEqual({"p-1", "p-2"}, names)
        gate.set()
        self.assertTrue(pool.close(DEADLINE))

    def test_all_that_was_accepted_runs_before_the_end(self) -> None:
        pool = self.threads.pool("p", 3, 100)
        ran: list[int] = []
        for number in range(100):
            self.assertTrue(pool.submit(lambda number=number: ran.append(number)))  # type: ignore[misc]
        self.assertTrue(pool.close(DEADLINE))
        self.assertEqual(set(range(100)), set(ran))
        self.assertFalse(pool.submit(lambda: None))

    def test_a_job_that_raises_does_not_cost_a_thread(self) -> None:
        pool = self.threads.pool("p", 1, 10)
        done = threading.Event()
        pool.submit(lambda: 1 // 0)
        pool.submit(done.set)
        self.await_event(done)
        self.assertEqual({"p": 1}, self.threads.failures())
        self.assertTrue(pool.close(DEADLINE))

    def test_close_does_not_wait_for_ever(self) -> None:
        pool = self.threads.pool("p", 1, 1)
        gate = threading.Event()
        pool.submit(lambda: gate.wait(DEADLINE))
        self.assertFalse(pool.close(0.01))
        gate.set()
        self.assertTrue(pool.close(DEADLINE))


class TaskTest(ThreadsTestCase):
    def test_a_task_runs_until_it_is_told_to_stop(self) -> None:
        began = threading.Event()

        def target(stop: Stop) -> None:
            began.set()
            stop.wait(DEADLINE)

        task = self.threads.task("t", target)
        self.await_event(began)
        self.assertTrue(task.alive())
        self.assertTrue(task.stop(DEADLINE))
        self.assertFalse(task.alive())

    def test_a_task_that_hangs_is_given_up(self) -> None:
        gate = threading.Event()

        def target(stop: Stop) -> None:
            gate.wait(DEADLINE)

        task = self.threads.task("t", target)
        self.assertFalse(task.stop(0.01))
        gate.set()
        self.assertTrue(task.stop(DEADLINE))

    def test_a_task_that_raises_is_counted(self) -> None:
        def target(stop: Stop) -> None:
            raise SystemExit

        task = self.threads.task("t", target)
        self.assertTrue(task.stop(DEADLINE))
        self.assertEqual({"t": 1}, self.threads.failures())
