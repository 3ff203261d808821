"""Looking: list, show, find, health."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console

from ops.client import App
from ops.message_trace import command, too_old
from ops.options import FAULT, AsJson, Caller, Key, Reason, Sender, State, Token, Url, given
from ops.shown import inert, print_json, state
from ops.tables import addressed, facts, mails, place_of, recipients, stops, timeline, unreadable

MORE = "there are more; give --state, --sender, --caller or --reason"


def show(
    *,
    mail: Annotated[str, typer.Argument(help="the mail's id")],
    url: Url,
    key: Key = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Show one mail: its state, timeline, recipients and trace, and the line that traces it in Exchange."""
    body = App(url, key, token).get(f"operator/messages/{quote(mail, safe='')}")
    if as_json:
        print_json({**body, "message_trace": command(body)})
        return
    console = Console()
    for table in (facts("mail", _rows(body)), timeline(body["timeline"]), recipients(body["recipients"])):
        console.print(table)
    _print_trace(console, body)


def list_mails(  # noqa: PLR0913 - each is an option of the command line
    *,
    url: Url,
    key: Key = "",
    token: Token = "",
    state: State = None,
    sender: Sender = None,
    caller: Caller = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """List what a person should look at: stops, and mails that are parked, unknown, held at a stop or overdue.

    Rejected and expired mails are listed with --state, as long as they can be put back.
    """
    body = App(url, key, token).get("operator/messages", given(state=state, sender=sender, caller=caller, reason=reason))
    if as_json:
        print_json(body)
        return
    console = Console()
    if body["stops"]:
        console.print(stops("stopped", body["stops"]))
    if body["messages"]:
        console.print(mails("mails", body["messages"]))
    if body["unreadable"]:
        console.print(unreadable(body["unreadable"]))
    if not (body["stops"] or body["messages"] or body["unreadable"]):
        console.print("nothing to look at")
    if body["more"]:
        console.print(MORE)


def find(
    *,
    to: Annotated[str, typer.Option(help="the recipient's address")],
    url: Url,
    key: Key = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Find the mails to one address, the newest first, and what became of this recipient."""
    body = App(url, key, token).post("operator/find", {"to": to})
    if as_json:
        print_json(body)
    else:
        console = Console()
        console.print(
            addressed("mails to this address", body["messages"]) if body["messages"] else "no mail to this address"
        )
        if body["unreadable"]:
            console.print(unreadable(body["unreadable"]))
        if body["more"]:
            console.print("there are older ones")
    if not body["messages"]:
        raise typer.Exit(FAULT)


def health(*, url: Url, key: Key = "", token: Token = "", as_json: AsJson = False) -> None:
    """Ask whether the app could send, and what to set if not."""
    body = App(url, key, token).report("health")
    if as_json:
        print_json(body)
    else:
        rows: dict[str, object] = {
            name: state("ok" if part["ok"] else part.get("reason", "fault")) for name, part in body["parts"].items()
        }
        rows |= {f["name"]: f"{f['cause']} → {f['cure']}" for f in [*body["faults"], *body["warnings"]]}
        Console().print(facts("health", rows))
    if body["status"] != "ok":
        raise typer.Exit(FAULT)


def _rows(mail: dict[str, Any]) -> dict[str, object]:
    reply, reason, origin = mail["reply"] or {}, mail["reason"] or {}, mail["provenance"]
    rows = {
        "id": mail["id"],
        "state": state(mail["state"]),
        "attempts": mail["attempts"],
        "why": reason.get("text"),
        "what to do": reason.get("fix"),
        **_waiting(mail),
        "reply": f"{reply.get('code')} {reply.get('enhanced') or ''}" if reply else None,
        "Exchange's id": reply.get("exchange_id"),
        "Message-ID": mail["message_id"],
        "trace": mail["trace_id"],
        "sender": mail["sender"],
        "came from": f"{origin['caller']} ({origin['door']}), allowed by {origin['rule']}",
        "template": origin["template"] or None,
        "possible duplicate": "yes: Exchange may have taken it twice" if mail["possible_duplicate"] else None,
    }
    return {name: value for name, value in rows.items() if value is not None and value != ""}


def _waiting(mail: dict[str, Any]) -> dict[str, object]:
    """What the mail waits for, and until when."""
    stop, still, expires = mail["stopped"], mail["standstill_since"], mail["expires_at"]
    return {
        "stopped at": (place_of(stop) if stop["scope"] else stop["reason"]["text"]) if stop else None,
        "due": mail["due"],
        "expires": f"not before {expires}: its time stands still since {still}" if still else expires,
    }


def _print_trace(console: Console, mail: dict[str, Any]) -> None:
    """Not in a table, so that it can be copied whole."""
    line = command(mail)
    if line is None:
        return
    if too_old(mail, datetime.now(UTC)):
        console.print("Exchange's message trace reaches back 90 days; this mail is older")
        return
    console.print("in Exchange Online PowerShell:")
    console.print(inert(line), soft_wrap=True)
