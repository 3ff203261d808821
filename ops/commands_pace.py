"""How fast the mailboxes send, and what comes."""

import typer
from rich.console import Console

from ops.client import App
from ops.options import FAULT, AsJson, Key, Token, Url
from ops.pace_words import Times, is_faulty, sentences
from ops.shown import inert, print_json
from ops.tables import paces


def pace(*, url: Url, key: Key = "", token: Token = "", as_json: AsJson = False) -> None:
    """Show each mailbox's rate, backlog and connections, when the backlog is gone, and when the day's recipients run out.

    Exit code 1: the wall stands or mails lie behind it, others use a mailbox too, or the tenant's limit is reached.
    """
    body = App(url, key, token).get("operator/pace")
    if as_json:
        print_json(body)
    else:
        times, console = Times(body["at"]), Console()
        console.print(paces("pace", body["mailboxes"], times))
        for line in sentences(body, times):
            console.print(inert(line), soft_wrap=True)
    if is_faulty(body):
        raise typer.Exit(FAULT)
