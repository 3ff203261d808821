"""Ask a real Exchange Online what nobody has published, as the app itself: see docs/real-tenant.md.

    python -m infra.exchange.real_tenant login send --mailbox alerts@contoso.com

Runs where the app's identity is (a machine in Azure that has it), in a copy of this project: it needs azure-identity and
the project's `shared/rules`. Each probe is asked for by name; what it sends is said before it runs, and `--dry-run` says
only that. Exit codes: 0 every probe has an answer, 1 some have none, 2 it could not begin.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.exchange.app_token import AppToken, NoToken, Way, fetch
from infra.exchange.plan import PLANS
from infra.exchange.probes import EVERY, Bench
from infra.exchange.recording import Finding, Recording, told
from infra.exchange.wire import Record, Refused, Server, now
from shared.rules.clouds import CLOUDS, SUBMISSION_PORT, WORLDWIDE
from shared.rules.xoauth2 import initial_response

ANSWERED, UNANSWERED, COULD_NOT_BEGIN = 0, 1, 2

HERE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts of this machine: a simulator may have a token for Exchange, a stranger's host never."""

MOST_MINUTES = 26 * 60.0
"""Of one probe: a managed identity's token lives about 24 hours, and probe `expiry` may wait for its end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the probes that were asked for."""
    asked = read(arguments)
    for name in asked.probes:
        say(asked, f"{name}: {PLANS[name].told(asked.mailbox, asked.minutes)}")
    if asked.dry_run:
        return ANSWERED
    try:
        token = fetch(way_of(asked))
        recording = Recording(asked.record, head(asked, token))
    except NoToken as fault:
        return complain(str(fault))
    except FileExistsError:
        return complain("--record: the file is there already, and may be evidence; name another one")
    say(asked, f"\nThe record is {asked.record}. It holds addresses of your tenant, and no token.\n")
    for name in asked.probes:
        finding = run(name, asked, token)
        recording.add(finding)
        say(asked, f"{name:12} {'' if finding['answered'] else 'NO ANSWER: '}{finding['finding']}")
    if asked.json:
        sys.stdout.write(json.dumps(recording.document, ensure_ascii=False) + "\n")
    return ANSWERED if all(finding["answered"] for finding in recording.findings) else UNANSWERED


def run(name: str, asked: argparse.Namespace, token: AppToken) -> Finding:
    """One probe, from the login on."""
    sasl = [initial_response(mailbox, token.value).decode("ascii") for mailbox in (asked.mailbox, asked.outside) if mailbox]
    record = Record(secrets=[token.value, *sasl])
    bench = Bench(server_of(asked), token, asked.mailbox, asked.outside, asked.minutes * 60.0, record)
    began, answered = now(), True
    try:
        found = EVERY[name](bench)
    except Refused as refusal:
        answered, found = False, f"{refusal}; {_last(record)}"
    return Finding(
        probe=name,
        question=PLANS[name].question,
        began_at=began,
        ended_at=now(),
        answered=answered,
        finding=found,
        steps=record.steps,
    )


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked; ends the program with code 2 and the cure where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.exchange.real_tenant", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("probes", nargs="+", choices=sorted(EVERY), metavar="PROBE", help=", ".join(EVERY))
    parser.add_argument(
        "--mailbox", required=True, help="the service mailbox under test: it logs in, and all mail goes to it"
    )
    parser.add_argument(
        "--outside", default="", help="for probe scope: a mailbox that the app may not use, such as the decoy"
    )
    parser.add_argument("--cloud", default=WORLDWIDE.name, choices=sorted(CLOUDS))
    parser.add_argument("--identity", help="client id of a user-assigned identity; else the machine's own")
    parser.add_argument(
        "--app", help="client id of an app registration that trusts the identity; needs --tenant and --identity"
    )
    parser.add_argument("--tenant", help="tenant of the mailboxes, with --app")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long a long probe may take (30)")
    parser.add_argument(
        "--record", type=Path, default=Path(f"real-tenant-{now().replace(':', '')}.json"), help="the file to write"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    parser.add_argument("--json", action="store_true", help="print the record as JSON, and the rest to standard error")
    for name, kind in (("--host", str), ("--port", int), ("--ca-file", str)):
        parser.add_argument(name, type=kind, help="another server than the cloud's, for a simulator; only with --scope")
    parser.add_argument("--scope", help="another token scope than the cloud's; needed with --host")
    asked = parser.parse_args(arguments)
    fault = fault_of(asked)
    if fault:
        parser.error(fault)
    return asked


def fault_of(asked: argparse.Namespace) -> str:
    """What does not fit together, with its cure; '' where all is well."""
    ours = {cloud.scope for cloud in CLOUDS.values()}
    inside = asked.outside.casefold() in {"", asked.mailbox.casefold()}
    checks = (
        (
            bool(asked.port or asked.ca_file or asked.host) and not (asked.host and asked.scope),
            "--host, --port, --ca-file: only together with --host and --scope",
        ),
        (bool(asked.scope) and not asked.host, "--scope: only together with --host; a cloud's scope is fixed"),
        (
            bool(asked.host) and asked.host not in HERE and asked.scope in ours,
            "--host: a token for Exchange goes to Exchange's own hosts only, or to this machine",
        ),
        (
            bool(asked.app) and not (asked.tenant and asked.identity),
            "--app: name the mailboxes' --tenant and the --identity that the app trusts, too",
        ),
        (
            "scope" in asked.probes and inside,
            "--outside: probe scope needs a mailbox that the app may not use, another one than --mailbox",
        ),
        (not 0 < asked.minutes <= MOST_MINUTES, f"--minutes: above 0, at most {MOST_MINUTES:.0f}"),
        (not sound(asked.mailbox), "--mailbox: has to be a bare address"),
        (bool(asked.outside) and not sound(asked.outside), "--outside: has to be a bare address"),
    )
    return next((text for wrong, text in checks if wrong), "")


def sound(address: str) -> bool:
    """Whether an address can stand in a command: printable ASCII, one @ with something on both sides, no brackets."""
    name, _, domain = address.partition("@")
    visible = address.isascii() and address.isprintable() and not set(address) & set(" <>\"'\\")
    return visible and bool(name) and bool(domain) and "@" not in domain


def way_of(asked: argparse.Namespace) -> Way:
    """Whose token it is, and for what."""
    cloud = CLOUDS[asked.cloud]
    return Way(
        scope=asked.scope or cloud.scope,
        identity=asked.identity,
        app=asked.app,
        tenant=asked.tenant,
        audience=cloud.exchange_audience,
        authority=cloud.authority,
    )


def server_of(asked: argparse.Namespace) -> Server:
    """Whom to ask."""
    return Server(asked.host or CLOUDS[asked.cloud].smtp_host, asked.port or SUBMISSION_PORT, asked.ca_file)


def head(asked: argparse.Namespace, token: AppToken) -> dict[str, object]:
    """What the record begins with."""
    server, way = server_of(asked), way_of(asked)
    return {"server": f"{server.host}:{server.port}", "mailbox": asked.mailbox, "way": way.name, "token_says": told(token)}


def say(asked: argparse.Namespace, text: str) -> None:
    """For the person: on standard output, or beside it where that is for a program."""
    (sys.stderr if asked.json else sys.stdout).write(f"{text}\n")


def complain(text: str) -> int:
    """One line on standard error; gives the exit code."""
    sys.stderr.write(f"{text}\n")
    return COULD_NOT_BEGIN


def _last(record: Record) -> str:
    if not record.steps:
        return "nothing was said"
    step = record.steps[-1]
    return f"{step['code']} {step['text']}".strip()


if __name__ == "__main__":
    sys.exit(main())
