"""``congress watch``: the changes of a table, as they happen."""

import argparse
import json
import threading

from congress.cli.client import RequestFailed, read_failure
from congress.cli.command import ApiCommand, printable
from congress.cli.commands.policy import add_policy
from congress.cli.events import Event

#: Seconds before a lost connection is made again.
PAUSE = 2.0


class WatchTable(ApiCommand):
    """Print every row that a table gains or loses, until interrupted."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument("table", metavar="<table>", help="name of the table")
        parser.add_argument(
            "--since", metavar="<mark>", default="", help="go on from a mark that was printed"
        )
        parser.add_argument("--once", action="store_true", help="print what is new by now, and end")
        parser.add_argument(
            "--json", action="store_true", help="print each event as one line of JSON"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self._path = ("policies", parsed_args.policy_name, "tables", parsed_args.table, "changes")
        self._mark: str = parsed_args.since
        self._json: bool = parsed_args.json
        if parsed_args.once:
            self._look()
            return
        while True:
            self._follow()
            print("the connection was lost; connecting again", file=self.app.stderr)
            threading.Event().wait(PAUSE)

    def _look(self) -> None:
        told = self.client.get(*self._path, since=self._mark or None)
        if told["reset"]:
            self._tell(Event("reset", {"reason": told["reset"]}))
        for change in told["changes"]:
            self._tell(Event("change", change))
        mark = {"transaction": told["transaction"], "coverage": told["coverage"]}
        self._tell(Event("mark", mark, told["mark"]))

    def _follow(self) -> None:
        """Print events as long as the connection lasts.

        :raises RequestFailed: it cannot be hoped for another one.
        """
        try:
            for event in self.client.events(*self._path, since=self._mark):
                self._mark = event.mark or self._mark
                if event.name == "end":
                    raise read_failure(event.data, "the table is gone")
                if event.name != "mark" or self._json:
                    self._tell(event)
        except RequestFailed as failure:
            codes = [diagnostic.code for diagnostic in failure.diagnostics]
            if not self._mark or "unavailable" not in codes:
                raise

    def _tell(self, event: Event) -> None:
        if self._json:
            line = {"event": event.name, "data": event.data, "mark": event.mark or None}
            print(json.dumps(line), file=self.app.stdout)
        elif event.name == "change":
            for sign, rows in (("-", event.data["removed"]), ("+", event.data["added"])):
                for row in rows:
                    text = json.dumps(row, ensure_ascii=False)
                    print(sign, printable(text), file=self.app.stdout)
        elif event.name == "reset":
            print(f"# all rows ({event.data['reason']})", file=self.app.stdout)
        elif event.name == "mark":
            print(f"# {event.mark}", file=self.app.stdout)
        self.app.stdout.flush()
