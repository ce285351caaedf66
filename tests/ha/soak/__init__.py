"""A soak: real nodes under a load of actions, and faults, again and again.

Not tests by themselves: ``script/soak`` runs it for as long as somebody wants, and
``tests.ha.test_soak`` once. May import the harness of ``tests.ha``.

What is promised, and what a series of trials is held to:

* an engine that dies or stands still loses nothing and doubles nothing, and in the
  middle actions go on within two seconds;
* whatever else dies, actions that may be repeated are done, and once for who honours
  the idempotency key; of actions that may not, none is done twice, and those that were
  not done are in the list of those in doubt.
"""
