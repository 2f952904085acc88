"""A reload is taken whole or not at all."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from sandf.config import Configuration, embedded
from sandf.tap.gateway import Gateway

ROOMS = ("onramp", "offramp", "fax", "mail_server", "delivery", "mail", "notices")


def with_password_file(path: str) -> Configuration:
    """The embedded configuration, with a log-in at its mail server and fewer dials."""
    old = embedded()
    client = msgspec.structs.replace(old.smtp.client, user="fax", password_file=path)
    smtp = msgspec.structs.replace(old.smtp, client=client)
    return msgspec.structs.replace(old, smtp=smtp, retry=msgspec.structs.replace(old.retry, dials=1))


class ReloadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.gateway = Gateway.__new__(Gateway)
        self.gateway.configuration = embedded()
        for name in ROOMS:
            setattr(self.gateway, name, SimpleNamespace(settings="old"))
        setattr(self.gateway, "routing", SimpleNamespace(plan="old"))  # noqa: B010 - it is no Routing
        setattr(self.gateway, "workers", SimpleNamespace(reload=lambda settings: None))  # noqa: B010

    def test_password_file_that_cannot_be_read_changes_nothing(self) -> None:
        before = copy.deepcopy(vars(self.gateway))
        self.assertRaises(OSError, self.gateway.apply, with_password_file("/nowhere/password"))
        after = vars(self.gateway)
        self.assertEqual(after.keys(), before.keys())
        self.assertEqual(self.gateway.configuration, before["configuration"])
        for name in (*ROOMS, "routing"):
            self.assertEqual(vars(after[name]), vars(before[name]), name)

    def test_everything_is_taken(self) -> None:
        path = Path(self.mktemp())
        path.write_text("secret\n", encoding="utf-8")
        self.gateway.apply(with_password_file(str(path)))
        credentials = self.gateway.delivery.settings.credentials
        assert credentials is not None
        self.assertEqual(credentials.password, "secret")
        self.assertEqual(self.gateway.fax_schedule.dials, 1)
        for name in ROOMS:
            self.assertNotEqual(getattr(self.gateway, name).settings, "old", name)
