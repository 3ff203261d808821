"""The record of a run: a JSON file on the operator's own disk, written anew after every probe."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

from infra.exchange.app_token import AppToken
from infra.exchange.wire import Step, now

ABOUT = (
    "Replies of a mail server, word for word, for docs/real-tenant.md. This file holds addresses and ids of your tenant: "
    "keep it, and take them out before you show it to anybody. It holds no token."
)
"""The file's first field."""


class Finding(TypedDict):
    """One probe: what it asked, what it found, and the steps that it rests on. `answered` False: it did not get that far."""

    probe: str
    question: str
    began_at: str
    ended_at: str
    answered: bool
    finding: str
    steps: list[Step]


class Recording:
    """The file. It must not exist: an older record is evidence, too."""

    def __init__(self, path: Path, head: dict[str, object]) -> None:
        """Make the file, readable by its owner only; raises `FileExistsError`."""
        self._path = path
        self._head = {"about": ABOUT, "began_at": now(), **head}
        self.findings: list[Finding] = []
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._write()

    def add(self, finding: Finding) -> None:
        """Keep one probe's finding, on disk at once: the next one may take an hour."""
        self.findings.append(finding)
        self._write()

    @property
    def document(self) -> dict[str, object]:
        """All of it."""
        return {**self._head, "findings": self.findings}

    def _write(self) -> None:
        self._path.write_text(json.dumps(self.document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def told(token: AppToken) -> dict[str, object]:
    """What a token says of itself, for the head of the record; the token is not in it."""
    return asdict(token.claims)
