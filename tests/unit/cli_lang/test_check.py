"""Tests of ``congress lang check``."""

import json
import subprocess
import sys

from tests.unit.cli_lang.case import LangTestCase


class CheckTest(LangTestCase):
    def places(self, *arguments: str) -> list[str]:
        """File, line, column and code of every finding."""
        code, out, _err = self.lang("check", *arguments, "--format", "json")
        found = json.loads(out)
        self.assertEqual(int(any(each["severity"] == "error" for each in found)), code)
        places = []
        for each in found:
            span = each.get("span", {"line": 0, "column": 0})
            places.append(f"{each['file']}:{span['line']}:{span['column']} {each['code']}")
        return places

    def test_a_policy_that_is_all_right(self) -> None:
        self.write("p.rules", "a(1)\nb(x) :- a(x)\n")
        self.assertEqual("1 file: 0 errors, 0 warnings\n", self.output("check", "p.rules"))

    def test_everything_is_told_with_its_place(self) -> None:
        self.write("p.rules", "a(1,,)\nb(x) :- a(y)\n\nc(x) :- a(x), lt(x, 1)\n")
        code, out, _err = self.lang("check", "p.rules")
        self.assertEqual(1, code)
        self.assertIn(
            "p.rules:2:3: error[head-variable]: the head variable x does not occur in the body\n"
            "   2 | b(x) :- a(y)\n"
            "         ^\n"
            "  hint: ",
            out,
        )
        self.assertIn("p.rules:1:5: error[syntax]", out)
        self.assertIn("p.rules:4:15: warning[bare-builtin]", out)
        self.assertTrue(out.endswith("1 file: 2 errors, 1 warning\n"), out)

    def test_warnings_count_when_one_is_strict(self) -> None:
        self.write("p.rules", "a(1)\nb(x) :- a(x), lt(x, 2)")
        self.output("check", "p.rules")
        self.assertEqual(1, self.lang("check", "p.rules", "--strict")[0])

    def test_policies_are_checked_together(self) -> None:
        self.write("one.rules", "a(x) :- two:b(x)")
        self.write("two.rules", "b(1)")
        self.assertEqual([], self.places("one.rules", "two.rules"))
        self.assertEqual(["one.rules:1:9 undefined-table"], self.places("one.rules"))
        self.write("two.rules", "b(x) :- one:a(x)  b(1)")
        self.assertEqual(["two.rules:1:1 recursion"], self.places("one.rules", "two.rules"))

    def test_name_and_kind_in_the_file(self) -> None:
        self.write("x.rules", "# A policy.\n// congress: policy=graph kind=datalog\n\nr(1)\n")
        self.write("y.rules", "s(x) :- graph:r(x)")
        self.assertEqual([], self.places("x.rules", "y.rules"))
        self.write("x.rules", "# congress: kind=datalog\nr(x) :- r(x)  r(1)")
        self.assertEqual([], self.places("x.rules"))
        self.write("x.rules", "r(1)\n# congress: kind=datalog\nr(x) :- r(x)")
        self.assertEqual(["x.rules:3:1 recursion"], self.places("x.rules"))

    def test_a_name_is_made_of_a_file_name(self) -> None:
        self.write("my-checks.v2.rules", "a(1)")
        self.write("y.rules", "b(x) :- my_checks:a(x)")
        self.assertEqual([], self.places("my-checks.v2.rules", "y.rules"))

    def test_steps_that_come_first(self) -> None:
        self.write(
            "cloud.yaml",
            "- schema: {policy: cloud, tables: {t: [id, {name: n, type: integer}]}}",
        )
        self.write("p.rules", "a(x) :- cloud:t(x, n='many')")
        found = ["p.rules:1:22 constant-type"]
        self.assertEqual(found, self.places("p.rules", "--given", "cloud.yaml"))
        self.write("p.rules", "# congress: given=cloud.yaml\na(x) :- cloud:t(nn=x)")
        self.write("q.rules", "# congress: given=./cloud.yaml\na(x) :- cloud:t(id=x)")
        self.assertEqual(["p.rules:2:9 column-name"], self.places("p.rules", "q.rules"))

    def test_the_tables_of_a_driver(self) -> None:
        self.write("host.yaml", "- schema: {policy: host, driver: host}")
        self.write("p.rules", "# congress: given=host.yaml\na(x) :- host:listeners(portt=x)")
        self.assertEqual(["p.rules:2:9 column-name"], self.places("p.rules"))
        self.write("host.yaml", "- schema: {policy: host, driver: nobody}")
        self.assertIn("host.yaml, step 1:0:0 plugin", self.places("p.rules"))
        self.write("host.yaml", "- schema: {policy: host, driver: file}")
        self.assertIn("host.yaml, step 1:0:0 unsupported", self.places("p.rules"))

    def test_yaml_as_policies_are_created_from(self) -> None:
        self.write(
            "p.yaml",
            r"""
            name: p
            kind: datalog
            given:
            - schema: {policy: s, tables: {t: [id]}}
            rules:
            - rule: b(x) :- s:t(no=x)
            - {name: quoted, rule: 'c(x) :- a(x,   y), p:d(z)'}
            - comment: folded
              rule: >-
                e(x) :-
                a(x),
                lt(x, 1)
            - rule: |
                # two statements
                f(x) :- a(x)
                f(w) :- a(x)
            - rule: "g(z) :- a(x), h(\"\")"
            """,
        )
        lines = [place.partition(" ")[0] for place in self.places("p.yaml")]
        self.assertIn("p.yaml:6:17", lines)
        self.assertIn("p.yaml:7:48", lines)
        self.assertIn("p.yaml:12:5", lines)
        self.assertIn("p.yaml:16:7", lines)
        self.assertIn("p.yaml:17:9", lines)

    def test_the_end_of_a_rule_in_yaml_and_rules_that_yaml_merges(self) -> None:
        self.write("end.yaml", "name: p\nrules:\n- rule: 'b(x) :- a(x), c('\n- rule: b(\n")
        self.assertEqual(["end.yaml:3:26 syntax", "end.yaml:4:11 syntax"], self.places("end.yaml"))
        shared = "shape: &r {rule: b(x) :- a(}\nname: p\nrules:\n- {<<: *r}\n- *r\n"
        self.write("shared.yaml", shared)
        found = ["shared.yaml:4:3 syntax", "shared.yaml:1:28 syntax"]
        self.assertEqual(found, self.places("shared.yaml"))
        self.write("merged.yaml", "base: &b {rules: [rule: b(]}\nname: p\n<<: *b\n")
        self.assertEqual(["merged.yaml:1:1 syntax"], self.places("merged.yaml"))

    def test_what_cannot_be_used_hides_nothing_else(self) -> None:
        self.write("bad.yaml", "name: p\nrules: [{rule: 5}]")
        self.write("worse.yaml", "{")
        self.write("date.yaml", "2026-99-99")
        self.write("deep.yaml", "[" * 5000)
        self.write("set.rules", "# congress: it's=red")
        (self.folder / "latin.rules").write_bytes(b"a(\xe9)")
        self.write("not a name", "a(1)")
        self.write("kind.rules", "# congress: kind=fast")
        self.write("steps.yaml", "- insert: {policy: p, text: 'a('}")
        self.write("p.rules", "a(x)")
        names = ["bad.yaml", "worse.yaml", "date.yaml", "deep.yaml", "set.rules", "latin.rules"]
        names += ["gone", "kind.rules", "p.rules", "p.rules"]
        found = self.places(*names, "--given", "steps.yaml")
        for name in names[:7]:
            self.assertIn(f"{name}:0:0 invalid", found)
        self.assertIn("steps.yaml, step 1:0:0 no-policy", found)
        self.assertIn("kind.rules:0:0 bad-kind", found)
        self.assertIn("p.rules:0:0 duplicate-policy", found)
        self.assertIn("p.rules:1:3 not-ground", found)

    def test_no_server_and_no_service_library_is_needed(self) -> None:
        self.write("p.rules", "a(1)")
        program = (
            "import sys; from congress.cli.main import main; code = main(sys.argv[1:]);"
            "print([name for name in sys.modules if name in ('oslo_service', 'requests',"
            " 'oslo_messaging', 'sqlalchemy', 'flask')]); sys.exit(code)"
        )
        command = [sys.executable, "-c", program, "lang", "check", "p.rules"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertEqual(["1 file: 0 errors, 0 warnings", "[]"], done.stdout.splitlines())
