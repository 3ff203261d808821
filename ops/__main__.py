"""`python -m ops`: exit code 0 if all is well, 1 if a fault was found, 2 if the app could not be asked."""

import json
import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console

from ops.client import App, CouldNotAsk
from ops.shown import facts, inert, recipients, state, timeline

FAULT = 1
COULD_NOT_ASK = 2
NOT_FOUND = 404

program = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Ask and steer a keyless-mail app.")
Url = Annotated[
    str, typer.Option(envvar="MAIL_OPS_URL", help="address of the function app, such as https://app.azurewebsites.net")
]
Key = Annotated[str, typer.Option(envvar="MAIL_OPS_KEY", help="the app's master key (_master)")]
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


def _print_mail(mail: dict[str, Any]) -> None:
    console = Console()
    reply, reason = mail["reply"] or {}, mail["reason"] or {}
    rows: dict[str, object] = {
        "id": mail["id"],
        "state": state(mail["state"]),
        "attempts": mail["attempts"],
        "why": reason.get("text"),
        "what to do": reason.get("fix"),
        "reply": f"{reply.get('code')} {reply.get('enhanced')}" if reply else None,
        "Exchange's id": reply.get("exchange_id"),
        "trace": mail["trace_id"],
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
