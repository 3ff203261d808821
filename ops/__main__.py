"""`python -m ops`: exit code 0 if all is well, 1 if a fault was found, 2 if the app could not be asked."""

import getpass
import json
import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console

from ops.client import App, CouldNotAsk
from ops.shown import facts, inert, mails, recipients, state, timeline

FAULT = 1
COULD_NOT_ASK = 2
NOT_FOUND = 404
OK = 200

program = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Ask and steer a keyless-mail app.")
Url = Annotated[
    str, typer.Option(envvar="MAIL_OPS_URL", help="address of the function app, such as https://app.azurewebsites.net")
]
Key = Annotated[str, typer.Option(envvar="MAIL_OPS_KEY", help="the app's master key (_master)")]
Why = Annotated[str, typer.Option(help="why, in a few words; kept with the mail")]
Who = Annotated[str, typer.Option(help="who you are; your user name if not given. Kept with the mail")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs instead of tables")]


@program.command()
def show(mail: str, url: Url, key: Key, as_json: AsJson = False) -> None:  # noqa: FBT002 - typer's way to say --json
    """Show one mail: its state, timeline, recipients and trace."""
    status, body = App(url, key).get(f"operator/messages/{quote(mail, safe='')}")
    if as_json:
        _print_json(body)
    elif status == NOT_FOUND:
        Console(stderr=True).print(inert(body.get("detail", "no such mail")))
    else:
        _print_mail(body)
    if status == NOT_FOUND:
        raise typer.Exit(FAULT)


@program.command("list")
def list_mails(url: Url, key: Key, as_json: AsJson = False) -> None:  # noqa: FBT002 - typer's way to say --json
    """List the mails that a person should look at: parked, unknown, overdue."""
    _, body = App(url, key).get("operator/messages")
    if as_json:
        _print_json(body)
    elif body["messages"]:
        Console().print(mails(body["messages"]))
    else:
        Console().print("nothing to look at")


@program.command()
def redrive(mail: str, why: Why, url: Url, key: Key, who: Who = "") -> None:
    """Put a parked, rejected, expired or unknown mail back, under the same id and Message-ID."""
    _act(App(url, key), mail, "redrive", who, why)


@program.command()
def cancel(mail: str, why: Why, url: Url, key: Key, who: Who = "") -> None:
    """End a mail that waits, or that waits for a person."""
    _act(App(url, key), mail, "cancel", who, why)


@program.command()
def health(url: Url, key: Key, as_json: AsJson = False) -> None:  # noqa: FBT002 - typer's way to say --json
    """Ask whether the app could send, and what to set if not."""
    _, body = App(url, key).get("health")
    if as_json:
        _print_json(body)
    else:
        rows: dict[str, object] = {
            name: state("ok" if part["ok"] else part.get("reason", "fault")) for name, part in body["parts"].items()
        }
        rows |= {f["name"]: f"{f['cause']} → {f['cure']}" for f in [*body["faults"], *body["warnings"]]}
        Console().print(facts("health", rows))
    if body["status"] != "ok":
        raise typer.Exit(FAULT)


def _act(app: App, mail: str, action: str, who: str, why: str) -> None:
    order = {"who": who or getpass.getuser(), "why": why}
    status, body = app.post(f"operator/messages/{quote(mail, safe='')}/{action}", order)
    if status != OK:
        details = [body.get("detail", ""), *(one["detail"] for one in body.get("errors", []))]
        Console(stderr=True).print(inert(" ".join(details)))
        raise typer.Exit(FAULT)
    Console().print(facts(action, {"id": body["id"], "state": state(body["state"])}))


def _print_mail(mail: dict[str, Any]) -> None:
    console = Console()
    reply, reason, origin = mail["reply"] or {}, mail["reason"] or {}, mail["provenance"]
    rows: dict[str, object] = {
        "id": mail["id"],
        "state": state(mail["state"]),
        "attempts": mail["attempts"],
        "why": reason.get("text"),
        "what to do": reason.get("fix"),
        "reply": f"{reply.get('code')} {reply.get('enhanced')}" if reply else None,
        "Exchange's id": reply.get("exchange_id"),
        "trace": mail["trace_id"],
        "came from": f"{origin['caller']} ({origin['door']}), allowed by {origin['rule']}",
        "possible duplicate": mail["possible_duplicate"],
    }
    for table in (facts("mail", rows), timeline(mail["timeline"]), recipients(mail["recipients"])):
        console.print(table)


def _print_json(body: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(body, indent=2) + "\n")


def main() -> None:
    """Run the command line."""
    try:
        program()
    except CouldNotAsk as failure:
        Console(stderr=True).print(inert(failure))
        sys.exit(COULD_NOT_ASK)


if __name__ == "__main__":
    main()
