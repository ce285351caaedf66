"""The datasources role: drivers run, their data published, their actions carried out.

Imports the interfaces, the model and the engine's name check; never another role.

Threads, and what each may wait for:

* the *fleet loop* (``fleet``) compares storage with what runs here;
* the *lease loop* (``fleet``) renews leases and looks after polls that do not end;
  it runs no code of a driver, so no driver can make this node lose its leases;
* each datasource has a *data loop* (``host``, ``poller``, ``intake`, `keeping``): construction,
  polls, pushes and closing of its driver;
* and an *action loop* (``executor``): leader, ledger and calls of its driver.

Only the last two run drivers, so a driver that hangs holds up nobody but itself.
"""
