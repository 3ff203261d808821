"""What the commands have in common: their options, how an order is signed, and how a fault ends the program."""

import getpass
from typing import Annotated

import typer
from rich.console import Console

from ops.shown import inert

FAULT = 1
COULD_NOT_ASK = 2

Url = Annotated[
    str, typer.Option(envvar="MAIL_OPS_URL", help="address of the function app, such as https://app.azurewebsites.net")
]
Key = Annotated[
    str, typer.Option(envvar="MAIL_OPS_KEY", help="the app's master key (_master), where mail.toml says auth = function-key")
]
Token = Annotated[
    str,
    typer.Option(
        envvar="MAIL_OPS_TOKEN",
        help="instead of the key, where mail.toml says auth = entra: an access token with the app role Mail.Operator, from "
        "az account get-access-token --resource api://... (mail.toml's http.audience) --query accessToken -o tsv",
    ),
]
Why = Annotated[str, typer.Option(help="why, in at most 40 characters; kept with the mail or the stop")]
Who = Annotated[str, typer.Option(help="who you are; your user name if not given. Kept as well")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs instead of tables")]

Sender = Annotated[str | None, typer.Option(help="only this sender's, by its name in mail.toml")]
Caller = Annotated[str | None, typer.Option(help="only this caller's, such as producer:default")]
Reason = Annotated[str | None, typer.Option(help="only those with this reason's code, such as payload-gone")]
State = Annotated[str | None, typer.Option(help="only those in this state, such as parked or rejected")]


def signed(who: str, why: str) -> dict[str, object]:
    """Who and why, as an order's body has them."""
    return {"who": named(who), "why": why}


def named(who: str) -> str:
    """Who asks: the name that was given, or the user's on this machine."""
    return who or _user()


def given(**names: str | None) -> dict[str, str]:
    """Those that were given."""
    return {name: value for name, value in names.items() if value is not None}


def complain(message: object) -> None:
    """One line on standard error."""
    Console(stderr=True).print(inert(message), soft_wrap=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise typer.BadParameter("this machine does not know your user name; say who you are", param_hint="--who") from None
