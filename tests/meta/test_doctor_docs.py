"""The doctor's page: its table of faults is the code's own, and what it says to try in the local cloud can be tried."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from devcloud.directory import IdentityFaults
from devcloud.exchange.access import Access
from devcloud.exchange.config import Limits
from devcloud.exchange.faults_document import read_all
from devcloud.storage_faults import StorageFaults
from shared.edges import smtp_faults
from shared.edges.storage_credential import NO_TOKEN
from shared.rules import access_reasons, replies, reply_table, token_errors
from shared.rules.findings import Step
from shared.rules.outcome import Reason

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
ROWS = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \|$", PAGE.partition("## Every fault")[2], re.MULTILINE))
TRIED = re.findall(r"^\$ put (\S+) '(.+)'$", PAGE, re.MULTILINE)

OF_THE_WAY = (
    smtp_faults.NAME_NOT_FOUND,
    smtp_faults.UNREACHABLE,
    smtp_faults.CERTIFICATE_NOT_TRUSTED,
    smtp_faults.CERTIFICATE_OF_ANOTHER_HOST,
    smtp_faults.CERTIFICATE_OUT_OF_DATE,
    smtp_faults.TLS_FAILED,
    smtp_faults.XOAUTH2_NOT_OFFERED,
    replies.STARTTLS_NOT_OFFERED,
)


def of_logins() -> list[Reason]:
    """What Exchange says clearly enough at AUTH, MAIL and after DATA, where it concerns more than one mail."""
    concerns_all = {reply_table.ReplyKind.CONFIGURATION}
    rows = [row for row in reply_table.ROWS if row.kind in concerns_all and row.reason.fix != reply_table.ISSUE]
    return list({row.reason.code: row.reason for row in rows}.values())


def everything() -> dict[str, str]:
    """Every fault that the doctor tells apart, with its text."""
    said = (*access_reasons.ALL, *token_errors.ALL, *OF_THE_WAY, NO_TOKEN, *of_logins())
    return {reason.code: reason.text for reason in said}


def test_the_table_is_the_codes_own() -> None:
    """Every fault with the text that the doctor, the ledger and the logs have for it."""
    assert everything() == ROWS


def test_every_step_is_told() -> None:
    """By its name."""
    assert all(f"`{step}`" in PAGE for step in Step)


@pytest.mark.parametrize(("path", "body"), TRIED, ids=[body for _, body in TRIED])
def test_what_the_page_breaks_can_be_broken(path: str, body: str) -> None:
    """The local cloud takes each document as it stands there."""
    match path:
        case "/api/faults":
            read_all(body.encode(), Limits(), Access())
        case "/api/identity/faults":
            msgspec.json.decode(body, type=IdentityFaults)
        case "/api/storage/faults":
            msgspec.json.decode(body, type=StorageFaults)
        case _:
            pytest.fail(f"there is no {path}")
    assert json.loads(body)
