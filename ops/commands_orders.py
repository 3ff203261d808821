"""Steering mails: redrive and cancel."""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ops.client import App, CouldNotAsk, Json
from ops.options import FAULT, AsJson, Caller, Key, Reason, Sender, State, Token, Url, Who, Why, complain, given, signed
from ops.shown import print_json, state
from ops.tables import facts, left, mails, unreadable

Mail = Annotated[str, typer.Argument(help="the mail's id")]
MaybeMail = Annotated[str | None, typer.Argument(help="the mail's id; without it, say which ones by options")]
Everything = Annotated[bool, typer.Option("--all", help="every mail that can be put back")]
Yes = Annotated[bool, typer.Option("--yes", help="do it; without this, many mails are only shown")]

LISTS = ("messages", "left", "unreadable")


def redrive(  # noqa: PLR0913 - each is an option of the command line
    *,
    mail: MaybeMail = None,
    why: Why,
    url: Url,
    key: Key = "",
    token: Token = "",
    everything: Everything = False,
    state: State = None,
    sender: Sender = None,
    caller: Caller = None,
    reason: Reason = None,
    yes: Yes = False,
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """Put back parked, rejected, expired or unknown mails, under the same id and Message-ID.

    One by its id, or many by what they have in common; many are only shown until you say --yes.
    """
    wanted = given(state=state, sender=sender, caller=caller, reason=reason)
    if sum((mail is not None, everything, bool(wanted))) != 1:
        raise typer.BadParameter("give a mail's id, or --all, or some of --state, --sender, --caller and --reason")
    app, order = App(url, key, token), signed(who, why)
    if mail is not None:
        _act(app, mail, "redrive", order, as_json=as_json)
        return
    done = _bulk(app, {**order, **wanted, "dry_run": not yes})
    if as_json:
        print_json({"dry_run": not yes, **done})
    else:
        _print_bulk(done, yes=yes)
    if done["left"] or done["unreadable"]:
        raise typer.Exit(FAULT)


def cancel(
    *, mail: Mail, why: Why, url: Url, key: Key = "", token: Token = "", who: Who = "", as_json: AsJson = False
) -> None:
    """End a mail that waits, or that waits for a person."""
    _act(App(url, key, token), mail, "cancel", signed(who, why), as_json=as_json)


def _act(app: App, mail: str, action: str, order: Json, *, as_json: bool) -> None:
    body = app.post(f"operator/messages/{quote(mail, safe='')}/{action}", order)
    if as_json:
        print_json(body)
    else:
        Console().print(facts(action, {"id": body["id"], "state": state(body["state"])}))


def _bulk(app: App, order: Json) -> dict[str, list[Any]]:
    """Repeat the order until the app has seen every mail."""
    done: dict[str, list[Any]] = {name: [] for name in LISTS}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("asking the app")
        while True:
            try:
                body = app.post("operator/redrive", order)
            except CouldNotAsk:
                complain(f"before this: {len(done['messages'])}. Give the same command again for the rest")
                raise
            for name in LISTS:
                done[name] += body[name]
            progress.update(task, description=f"mails so far: {len(done['messages'])}")
            if body["after"] is None:
                return done
            order = {**order, "after": body["after"]}


def _print_bulk(done: dict[str, list[Any]], *, yes: bool) -> None:
    console = Console()
    if done["messages"]:
        console.print(mails("put back" if yes else "would be put back", done["messages"]))
    if done["left"]:
        console.print(left(done["left"]))
    if done["unreadable"]:
        console.print(unreadable(done["unreadable"]))
    number = len(done["messages"])
    if yes:
        console.print(f"put back: {number}")
        return
    console.print(f"would be put back: {number}. Nothing was done; give the same command with --yes to do it")
    if unknown := sum(one["state"] == "unknown" for one in done["messages"]):
        console.print(f"unknown among them: {unknown}. Exchange may have taken these already, and would send them twice")
