"""The command line covers the API: every operation of the contract has a command."""

import re
import tempfile
from pathlib import Path

from congress.api.openapi import contract
from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, DesiredAction, action_id
from tests.unit.cli.case import CliTestCase

#: A command for each operation, by ``operationId``, in the order they are run.
COMMANDS = {
    "listVersions": "version list",
    "showReadiness": "health show",
    "listPolicies": "policy list",
    "createPolicy": "policy create p",
    "changePolicy": "policy update p --description d",
    "replacePolicy": "policy replace p {folder}/p.yaml",
    "showPolicy": "policy show p",
    "showPolicyStatus": "policy status show p",
    "actOnPolicy": "policy simulate p p(x) q+(1) action",
    "createRule": "rule create p p(7) --name n",
    "changeRule": "rule update p n --comment c",
    "replaceRule": "rule replace p n p(8) --name n",
    "showRule": "rule show p n",
    "showRuleStatus": "rule status show p n",
    "listRules": "rule list p",
    "deleteRule": "rule delete p n",
    "showPolicySchema": "policy schema show classification",
    "listPolicyTables": "table list classification",
    "showPolicyTable": "table show classification error",
    "showPolicyTableSchema": "policy table schema show classification error",
    "listPolicyRows": "row list classification error",
    "listChanges": "watch classification error --once",
    "deletePolicy": "policy delete p",
    "listDatasources": "datasource list",
    "createDatasource": "datasource create cloud c",
    "changeDatasource": "datasource update c --description d",
    "replaceDatasource": "datasource replace c",
    "showDatasource": "datasource show c",
    "showDatasourceStatus": "datasource status show c",
    "showDatasourceSchema": "datasource schema show c",
    "listDatasourceActions": "datasource actions show c",
    "actOnDatasource": "datasource request-refresh c",
    "receiveWebhook": 'datasource webhook send c {{"event":1}}',
    "listDatasourceTables": "datasource table list c",
    "showDatasourceTable": "datasource table show c servers",
    "showDatasourceTableSchema": "datasource table schema show c servers",
    "listDatasourceRows": "datasource row list c servers",
    "replaceRows": 'datasource row update c pushed [["a",1]]',
    "putRows": 'datasource row put c pushed [["b",1]]',
    "changeRows": 'datasource row change c pushed --put [["c",1]]',
    "deleteRows": 'datasource row delete c pushed [["b",1]]',
    "actOnLedgerEntry": "ledger retry {entry}",
    "deleteDatasource": "datasource delete c",
    "listDrivers": "driver list",
    "showDriver": "driver config show cloud",
    "listLedger": "ledger list",
    "listAudit": "audit list",
    "showSystemStatus": "system status",
    "createLibraryPolicy": "library create {folder}/p.yaml",
    "listLibrary": "library list",
    "showLibraryPolicy": "library show p",
    "changeLibraryPolicy": "library update p --description d",
    "replaceLibraryPolicy": "library replace p {folder}/p.yaml",
    "deleteLibraryPolicy": "library delete p",
    "loadLibrary": "library load",
}

#: Operations for programs, which need no command.
FOR_PROGRAMS = {"showContract", "showVersion", "checkHealth", "showLiveness", "showMetrics"}


class CoverageTest(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.behind.engine.rows["classification", "error"] = [["vm1", 3]]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "p.yaml").write_text("name: p\nrules:\n- rule: p(1)\n")
        entry = self.failed_action()
        self.commands = {
            operation: line.format(folder=folder, entry=entry).split()
            for operation, line in COMMANDS.items()
        }

    def failed_action(self) -> str:
        """The id of an action of ``c`` in the ledger."""
        desired = DesiredAction("p", "r", "c", "pause", ("vm1",))
        entry = LedgerEntry(desired.key, desired, 1, True, ActionState.FAILED)
        self.behind.storage.run(lambda tx: tx.ledger.put(entry, None))
        return action_id(desired.key, 1)

    def test_every_operation_has_a_command_that_asks_for_it(self) -> None:
        operations = {
            item[method]["operationId"]: (method.upper(), path)
            for path, item in contract()["paths"].items()
            for method in set(item) - {"parameters"}
        }
        self.assertEqual(set(), set(operations) - set(COMMANDS) - FOR_PROGRAMS)
        for operation, words in self.commands.items():
            if operation not in operations:
                continue
            method, path = operations[operation]
            pattern = re.sub(r"\{\w+\}", "[^/]+", path)
            with self.subTest(operation=operation):
                self.transport.sent.clear()
                code, _out, err = self.run_command(*words)
                self.assertEqual(0, code, err)
                self.assertTrue(
                    [sent for sent in self.transport.sent
                     if sent[0] == method and re.fullmatch(pattern, sent[1])]
                )  # fmt: skip
