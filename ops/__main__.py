"""`python -m ops`: exit code 0 if all is well, 1 if a fault was found, 2 if the app could not be asked."""

import sys

import typer

from ops.client import CouldNotAsk, Refused
from ops.commands_audit import audit, audits
from ops.commands_doctor import doctor
from ops.commands_mails import find, health, list_mails, show
from ops.commands_orders import cancel, redrive
from ops.commands_pace import pace
from ops.commands_stops import pause, resume
from ops.options import COULD_NOT_ASK, FAULT, complain
from ops.shown import print_json

program = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Ask and steer a keyless-mail app.")
program.command("list")(list_mails)
for command in (show, find, redrive, cancel, pause, resume, pace, health, doctor, audit, audits):
    program.command()(command)


def main() -> None:
    """Run the command line."""
    try:
        program()
    except Refused as refusal:
        if "--json" in sys.argv:
            print_json(refusal.body)
        complain(refusal)
        sys.exit(FAULT)
    except CouldNotAsk as failure:
        complain(failure)
        sys.exit(COULD_NOT_ASK)
    except KeyError as missing:
        complain(f"the app's answer lacks {missing}; use the command line of the app's own version")
        sys.exit(COULD_NOT_ASK)


if __name__ == "__main__":
    main()
