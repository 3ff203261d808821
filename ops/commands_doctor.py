"""What stands between a mail and Exchange: the doctor's walk inside the app."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.client import App
from ops.options import FAULT, AsJson, Key, Token, Url, Who, given, named
from ops.shown import inert, print_json

SECONDS = 220.0
"""The app's whole walk, with every silence in it; Azure's front end gives up after 230."""

_SIGNS = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "fault": ("FAULT", "bold red"),
    "skipped": ("skipped", "dim"),
}
_VERDICTS = {"proven": "green", "not-proven": "yellow", "fault": "bold red"}

Sender = Annotated[str | None, typer.Option(help="only this sender, by its name in mail.toml; otherwise all")]
Send = Annotated[
    bool, typer.Option("--send", help="also send a mail from each sender to its own mailbox: only that proves it")
]


def doctor(
    *,
    url: Url,
    key: Key = "",
    token: Token = "",
    sender: Sender = None,
    send: Send = False,
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """Walk the way of a mail inside the app, step by step, and say at each fault what causes it and which command cures it.

    Settings, storage (each right), DNS, TCP, STARTTLS, EHLO, token, login, MAIL FROM. Exit code 1: a fault was found.
    """
    order = {"who": named(who), "send": send, **given(sender=sender)}
    with Console(stderr=True).status("the app looks for itself; where a server is silent that takes a minute"):
        body = App(url, key, token, seconds=SECONDS).post("operator/doctor", order)
    if as_json:
        print_json(body)
    else:
        _show(body, Console())
    if body["verdict"] == "fault":
        raise typer.Exit(FAULT)


def _show(body: Mapping[str, Any], console: Console) -> None:
    console.print(_table(body["findings"]))
    cures: set[str] = set()
    for finding in body["findings"]:
        if finding["code"]:
            _tell(finding, console, known=cures)
    told = inert(body["told"])
    told.stylize(_VERDICTS.get(body["verdict"], "red"))
    console.print(told, soft_wrap=True)


def _table(findings: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title="doctor", title_justify="left")
    for column in ("step", "what", "", "seen"):
        table.add_column(column, overflow="fold")
    for one in findings:
        table.add_row(inert(one["step"]), inert(one["subject"]), _sign(one["standing"]), inert(one["seen"] or one["cause"]))
    return table


def _sign(standing: str) -> Text:
    word, style = _SIGNS.get(standing, (standing, "red"))
    sign = inert(word)
    sign.stylize(style)
    return sign


def _tell(finding: Mapping[str, Any], console: Console, *, known: set[str]) -> None:
    """Cause and cure on lines of their own: a command is there to be copied. One that cures several stands there once."""
    where = " ".join(part for part in (finding["step"], finding["subject"]) if part)
    line = Text.assemble(_sign(finding["standing"]), " ", inert(where), ": ", inert(finding["cause"]))
    console.print(line, soft_wrap=True)
    if finding["fix"] and finding["fix"] not in known:
        known.add(finding["fix"])
        console.print(Text.assemble("  → ", inert(finding["fix"])), soft_wrap=True)
