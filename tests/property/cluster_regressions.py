"""Plans of simulated clusters that failed once, cut down to what it took, and what they found.

A failing seed is cut down by ``python -m congress.testing.cluster --seed N --shrink``,
which prints the plan as it is to be written here. The defect itself has a unit test:
a plan drifts away from it as the program changes.
"""

from congress.testing.cluster.plan import DEFAULT_PACE, LAYOUTS, SLOW_PACE, Plan, Step

FAILED_ONCE: dict[str, Plan] = {
    "old rows armed rules while those of a new epoch waited for their columns": Plan(
        seed=19,
        nodes=LAYOUTS[1],
        strategy="auto",
        pace=DEFAULT_PACE,
        restart=True,
        steps=(
            Step(8.237, "flip", ("s0", "d")),
            Step(8.594, "crash", ("ds2", "driver.poll", 19.0, 10.526, 1.0)),
            Step(13.047, "flip", ("s0", "b")),
            Step(14.461, "pause", ("all1", "", 0.0, 8.947)),
            Step(20.519, "flip", ("s0", "a")),
        ),
    ),
    "the same, after an orderly stop": Plan(
        seed=107,
        nodes=LAYOUTS[2],
        strategy="first-heard",
        pace=DEFAULT_PACE,
        restart=True,
        steps=(
            Step(18.363, "stop", ("all1", 7.285)),
            Step(21.364, "pause", ("all2", "driver.act", 1.0, 8.45)),
            Step(24.223, "partition", ("all2", 11.944)),
            Step(26.177, "flip", ("s0", "b")),
        ),
    ),
    "a claim that came too late was given back by nobody": Plan(
        seed=1159,
        nodes=LAYOUTS[3],
        strategy="auto",
        pace=DEFAULT_PACE,
        restart=False,
        steps=(
            Step(18.338, "flip", ("s0", "c")),
            Step(19.483, "pause", ("all1", "db.committed", 2.0, 8.325)),
        ),
    ),
    "a copy of desired actions was obeyed that lagged behind its engine": Plan(
        seed=2205,
        nodes=LAYOUTS[0],
        strategy="auto",
        pace=SLOW_PACE,
        restart=True,
        steps=(
            Step(0.0, "weather", (0.2, 0.0, 0.005, 0.0)),
            Step(10.638, "flip", ("s0", "c")),
            Step(12.352, "flip", ("s0", "e")),
            Step(20.939, "flip", ("s0", "d")),
        ),
    ),
    "an action was no longer repeated because a wall clock had been set": Plan(
        seed=451,
        nodes=LAYOUTS[1],
        strategy="lease",
        pace=SLOW_PACE,
        restart=True,
        steps=(
            Step(6.227, "flip", ("s0", "c")),
            Step(6.364, "outage", ("*", 4.873)),
            Step(6.473, "refuse", ("act", 3.0)),
            Step(13.403, "flip", ("s0", "d")),
            Step(13.417, "skew", ("ds2", 894.3)),
            Step(14.263, "refuse", ("act", 1.0)),
        ),
    ),
    "an engine that was not well when it published was never trusted to lead": Plan(
        seed=1061,
        nodes=LAYOUTS[3],
        strategy="lease",
        pace=SLOW_PACE,
        restart=False,
        steps=(
            Step(1.737, "flip", ("s1", "a")),
            Step(7.924, "flip", ("s0", "d")),
            Step(11.001, "flip", ("s0", "e")),
            Step(11.589, "toggle", (1.0, "all1")),
            Step(11.731, "toggle", (1.0, "all1")),
            Step(17.999, "crash", ("all1", "", 0.0, 14.501, 0.0)),
            Step(29.913, "flip", ("s0", "e")),
        ),
    ),
    "an engine that woke up led with what it had known before": Plan(
        seed=3276,
        nodes=LAYOUTS[0],
        strategy="auto",
        pace=SLOW_PACE,
        restart=True,
        steps=(
            Step(3.122, "pause", ("pe3", "", 0.0, 12.412)),
            Step(9.468, "flip", ("s0", "d")),
            Step(10.759, "broker", (4.387,)),
        ),
    ),
    "rows that had waited undid the news that contact was lost": Plan(
        seed=3340,
        nodes=LAYOUTS[1],
        strategy="auto",
        pace=DEFAULT_PACE,
        restart=False,
        steps=(
            Step(0.0, "weather", (0.2, 0.0, 0.05, 0.1)),
            Step(1.719, "down", ("s1", 6.224)),
            Step(2.296, "flip", ("s0", "c")),
            Step(6.967, "pause", ("pe1", "", 0.0, 3.435)),
            Step(8.25, "flip", ("s0", "c")),
            Step(13.51, "toggle", (0.0, "all1")),
            Step(16.03, "flip", ("s0", "b")),
            Step(21.982, "flip", ("s0", "a")),
            Step(22.02, "toggle", (3.0, "pe1")),
            Step(23.849, "crash", ("pe2", "", 0.0, 12.804, 1.0)),
        ),
    ),
    "an owner that overslept in a transaction carried out nothing any more": Plan(
        seed=40223,
        nodes=LAYOUTS[3],
        strategy="auto",
        pace=DEFAULT_PACE,
        restart=True,
        steps=(
            Step(4.536, "flip", ("s0", "b")),
            Step(8.345, "flip", ("s0", "d")),
            Step(23.107, "pause", ("all1", "db.begin", 14.0, 9.023)),
            Step(26.225, "flip", ("s0", "c")),
            Step(28.263, "flip", ("s0", "a")),
        ),
    ),
    "a write that was stored without being told so took effect a minute later": Plan(
        seed=10773,
        nodes=(("all1", ("datasources", "policy-engine")),),
        strategy="auto",
        pace=DEFAULT_PACE,
        restart=False,
        steps=(
            Step(15.71, "twin", ("all1", 9.363)),
            Step(25.277, "unsure", ("all1", 2.0)),
            Step(27.681, "toggle", (1.0, "all1")),
        ),
    ),
}
