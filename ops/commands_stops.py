"""The stop button: pause and resume."""

from typing import Annotated

import typer
from rich.console import Console

from ops.client import App
from ops.options import AsJson, Key, Token, Url, Who, Why, given, signed
from ops.shown import inert, print_json
from ops.tables import place_of, stops

Sender = Annotated[str | None, typer.Option(help="what is sent as this sender, by its name in mail.toml")]
Caller = Annotated[str | None, typer.Option(help="what this caller sends, such as producer:default or function-key")]
Template = Annotated[str | None, typer.Option(help="what is made of this template")]
Mailbox = Annotated[str | None, typer.Option(help="what leaves through this mailbox, by its address")]
Everything = Annotated[bool, typer.Option("--all", help="all mail")]


def pause(  # noqa: PLR0913 - each is an option of the command line
    *,
    why: Why,
    url: Url,
    key: Key = "",
    token: Token = "",
    sender: Sender = None,
    caller: Caller = None,
    template: Template = None,
    everything: Everything = False,
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """Let mails wait until you resume: of one sender, caller or template, or all. Works everywhere within five seconds.

    Nothing is lost: new mails are accepted and wait too, and their time to live stands still.
    """
    place = _place(given(sender=sender, caller=caller, template=template), everything=everything)
    body = App(url, key, token).post("operator/pause", {**signed(who, why), **place})
    if as_json:
        print_json(body)
    else:
        Console().print(stops("stopped", [body]))


def resume(  # noqa: PLR0913 - each is an option of the command line
    *,
    why: Why,
    url: Url,
    key: Key = "",
    token: Token = "",
    sender: Sender = None,
    caller: Caller = None,
    template: Template = None,
    mailbox: Mailbox = None,
    everything: Everything = False,
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """End a pause, or a stop that the app set by itself, and put the mails back that wait there.

    --sender also ends the stops of the sender's mailboxes; --all ends the pause of all mail and no other stop.
    """
    place = _place(given(sender=sender, caller=caller, template=template, mailbox=mailbox), everything=everything)
    body = App(url, key, token).post("operator/resume", {**signed(who, why), **place})
    if as_json:
        print_json(body)
        return
    console = Console()
    for stop in body["stops"]:
        console.print(inert(f"resumed: {place_of(stop)}"))
    if not body["stops"]:
        console.print("nothing was stopped there")
    console.print(inert(f"put back at once: {body['messages']}; the app goes on with the rest, if there are more"))


def _place(names: dict[str, str], *, everything: bool) -> dict[str, object]:
    """Scope and name, where exactly one was given."""
    if len(names) + everything != 1:
        raise typer.BadParameter("give exactly one of the options that say what; --help lists them")
    if everything:
        return {"scope": "all"}
    ((scope, name),) = names.items()
    return {"scope": scope, "name": name}
