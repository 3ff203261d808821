"""The permission audit: what the app's identity may do beyond sending, and what took place since the last one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.client import App
from ops.options import FAULT, AsJson, Key, Token, Url, Who, signed
from ops.shown import inert, print_json

SECONDS = 220.0
"""The app fetches tokens and tries the decoy, each with its silences; Azure's front end gives up after 230."""

BY_HAND = "by hand"
"""Why, where nobody says more: that somebody looks is reason enough."""

Entry = Mapping[str, Any]

_STYLES = {
    "minimal": "green",
    "excess": "bold red",
    "unknown": "yellow",
    "alarm": "bold red",
    "missing": "yellow",
    "note": "dim",
    "refused": "green",
    "accepted": "bold red",
    "inconclusive": "yellow",
}
_VERDICTS = {
    "minimal": "the identity may do what sending needs, and nothing more",
    "excess": "the identity may do more than sending needs",
    "unknown": "whether the identity may do more than sending needs is not known",
}

GrantsFile = Annotated[
    Path | None,
    typer.Option("--grants", help="the file that infra/exchange/export-grants.ps1 wrote; otherwise the last one"),
]
Why = Annotated[str, typer.Option(help="why, in at most 40 characters; kept with the audit")]


def audit(
    *,
    url: Url,
    key: Key = "",
    token: Token = "",
    grants: GrantsFile = None,
    why: Why = BY_HAND,
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """Audit the permissions of the app's identity now, and say for each excess which command removes it.

    Exit code 1: it may do more than sending needs, grants came or went, or Exchange let the app send from the decoy.
    """
    order = {**signed(who, why), **({} if grants is None else {"grants": _export(grants)})}
    body = App(url, key, token, seconds=SECONDS).post("operator/audit", order)
    if as_json:
        print_json(body)
    else:
        _show(body, Console())
    if is_faulty(body):
        raise typer.Exit(FAULT)


def audits(*, url: Url, key: Key = "", token: Token = "", as_json: AsJson = False) -> None:
    """List the audits that are kept, the newest first. Exit code 1: the newest one found something, as `audit` says."""
    body = App(url, key, token).get("operator/audit")
    if as_json:
        print_json(body)
    else:
        Console().print(_history(body["audits"]) if body["audits"] else "no audit yet; the tick makes one every week")
    if any(is_faulty(one) for one in body["audits"][:1]):
        raise typer.Exit(FAULT)


def is_faulty(one: Entry) -> bool:
    """Whether somebody should act."""
    return bool(one["verdict"] == "excess" or one["added"] or one["removed"] or one["decoy"] == "accepted")


def _export(path: Path) -> object:
    """What the file holds; PowerShell may have put a byte order mark before it."""
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except OSError:
        raise typer.BadParameter(
            "the file cannot be read; name the one that the script wrote", param_hint="--grants"
        ) from None
    except (ValueError, RecursionError):
        cure = "is no JSON in UTF-8; name the file that export-grants.ps1 wrote"
        raise typer.BadParameter(f"the file {cure}", param_hint="--grants") from None


def _show(one: Entry, console: Console) -> None:
    for finding in one["findings"]:
        _tell(finding, console)
    for title, names in (("granted since the last audit", one["added"]), ("gone since the last audit", one["removed"])):
        for name in names:
            console.print(Text.assemble((f"{title}: ", "bold"), inert(name)), soft_wrap=True)
    if one["decoy"]:
        console.print(Text.assemble("decoy: ", _styled(one["decoy"])))
    console.print(inert(f"grants export: {one['exported_at'] or 'none that counts'}"))
    verdict = _styled(one["verdict"])
    console.print(Text.assemble(verdict, ": ", inert(_VERDICTS.get(one["verdict"], "-"))), soft_wrap=True)


def _tell(finding: Entry, console: Console) -> None:
    """Cause and command on lines of their own: a command is there to be copied."""
    line = Text.assemble(_styled(finding["kind"]), " ", inert(finding["code"]), ": ", inert(finding["cause"]))
    console.print(line, soft_wrap=True)
    if finding["command"]:
        console.print(Text.assemble("  → ", inert(finding["command"])), soft_wrap=True)


def _history(entries: list[Entry]) -> Table:
    columns = ("at", "verdict", "found", "came", "went", "decoy", "export", "who", "why")
    table = Table(*columns, title="audits", title_justify="left")
    for one in entries:
        found = ", ".join(finding["code"] for finding in one["findings"])
        changes = (inert(len(one["added"])), inert(len(one["removed"])))
        decoy = _styled(one["decoy"]) if one["decoy"] else inert(None)
        facts = (inert(one["exported_at"]), inert(one["who"]), inert(one["why"]))
        table.add_row(inert(one["at"]), _styled(one["verdict"]), inert(found), *changes, decoy, *facts)
    return table


def _styled(word: str) -> Text:
    text = inert(word)
    text.stylize(_STYLES.get(word, "red"))
    return text
