"""The laws of docs/architecture.rst that can be read off the source: who may import whom, and who has the reactor."""

from __future__ import annotations

import ast
import configparser
import sys
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "sandf").rglob("*.py"))

PROVIDERS = ("vtsp", "fmsp", "dmsp", "mspi")
IMPURE = {
    *("socket", "time", "random", "secrets", "threading", "asyncio", "select", "selectors", "subprocess", "os"),
    *("multiprocessing", "signal", "ssl", "sqlite3", "concurrent", "_thread", "uuid"),
}
PURE_PARSERS = {"sipmessage", "pyrad"}


def module_name(path: Path) -> str:
    """The dotted name of the module in *path*."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The dotted names that the module in *path* imports, relative ones made absolute."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, node.module] if node.module else base)
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def offences(room: str, forbidden: tuple[str, ...]) -> list[str]:
    """Imports of *forbidden* modules from below sandf/*room*."""
    found = []
    for path in SOURCES:
        name = module_name(path)
        if name == f"sandf.{room}" or name.startswith(f"sandf.{room}."):
            for imported in imports(path):
                if any(imported == bad or imported.startswith(bad + ".") for bad in forbidden):
                    found.append(f"{name} imports {imported}")
    return found


def _in_tap(path: Path) -> bool:
    return path.parent.name == "tap"


class ImportLaws(SynchronousTestCase):
    def test_protocols_are_pure(self) -> None:
        found = []
        for path in SOURCES:
            name = module_name(path)
            if not name.startswith("sandf.protocols"):
                continue
            for imported in imports(path):
                top = imported.split(".")[0]
                if imported.startswith("sandf.protocols") or top in PURE_PARSERS:
                    continue
                if top not in sys.stdlib_module_names or top in IMPURE:
                    found.append(f"{name} imports {imported}")
        self.assertEqual(found, [])

    def test_providers_never_import_each_other_nor_what_stands_above(self) -> None:
        for provider in PROVIDERS:
            above = (*(p for p in PROVIDERS if p != provider), "apps", "tap", "oam", "cli", "dialpeer")
            self.assertEqual(offences(provider, tuple(f"sandf.{room}" for room in above)), [])

    def test_applications_see_neither_providers_nor_what_is_behind_the_interfaces(self) -> None:
        allowed = {"sandf", "sandf.apps", "sandf.callcontrol", "sandf.dialpeer", "sandf.causes", "sandf.logs"}
        allowed |= {"sandf.store.interfaces", "sandf.store.records", "sandf.aaa.interfaces"}
        found = []
        for path in SOURCES:
            if module_name(path).startswith("sandf.apps"):
                for imported in imports(path):
                    if imported.startswith("sandf") and not any(
                        imported == room or (room != "sandf" and imported.startswith(room + ".")) for room in allowed
                    ):
                        found.append(f"{module_name(path)} imports {imported}")
        self.assertEqual(found, [])

    def test_call_control_stands_alone(self) -> None:
        rooms = (*PROVIDERS, "apps", "tap", "oam", "cli", "store", "dialpeer", "config")
        self.assertEqual(offences("callcontrol", tuple(f"sandf.{room}" for room in rooms)), [])

    def test_nobody_imports_tap(self) -> None:
        for path in SOURCES:
            if not _in_tap(path):
                self.assertFalse([name for name in imports(path) if name.startswith("sandf.tap")], path)

    def test_only_tap_and_programs_of_their_own_import_the_reactor(self) -> None:
        for path in SOURCES:
            if _in_tap(path) or module_name(path).startswith("sandf.cli"):
                continue
            self.assertNotIn("twisted.internet.reactor", set(imports(path)), path)


class NamingLaws(SynchronousTestCase):
    def test_no_module_and_no_class_has_a_name_that_says_nothing(self) -> None:
        words = {"util", "utils", "helpers", "common", "manager", "handler", "engine", "processor"}
        endings = ("Handler", "Processor", "Engine", "Manager", "Component")
        for path in SOURCES:
            self.assertNotIn(path.stem, words, path)
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    self.assertFalse(node.name.endswith(endings), f"{path}: {node.name}")

    def test_no_folder_is_deeper_than_three(self) -> None:
        for path in SOURCES:
            self.assertLessEqual(len(path.relative_to(ROOT).parts) - 1, 3, path)


class PackagingLaws(SynchronousTestCase):
    def test_setup_cfg_lists_every_package(self) -> None:
        parser = configparser.ConfigParser()
        parser.read(ROOT / "setup.cfg")
        listed = set(parser["options"]["packages"].split())
        present = {module_name(path) for path in SOURCES if path.name == "__init__.py"}
        self.assertEqual(listed, present | {"twisted.plugins"})
        self.assertFalse(list((ROOT / "twisted").rglob("__init__.py")))
