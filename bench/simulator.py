"""`python -m bench.simulator CA_FILE`: the Exchange Online simulator and a receiver of traces, in a process of their own.

Prints one JSON line and runs until SIGTERM. Nothing is throttled, so that the client's own cost shows.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from aiohttp import web

from devcloud.authority import ThrowAwayAuthority
from devcloud.directory import SYSTEM_ASSIGNED, Directory
from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.listening import listen
from devcloud.tokens import SigningKeys

WITHOUT_LIMIT = 10_000_000
"""Mails a minute, recipients a day, connections: far more than any run makes."""

_LONGEST_BODY = 64 * 1024 * 1024  # of one export: a full batch of spans has some hundred kilobytes


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulator listens, the receiver's origin, and a token that it accepts until `expires_at` (epoch seconds)."""

    smtp: int
    receiver: str
    token: str
    expires_at: float


def main(argv: Sequence[str]) -> int:
    """Run the process; returns its exit code."""
    asyncio.run(_run(Path(argv[0])))
    return 0


async def _run(ca_file: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    keys, authority = SigningKeys(), ThrowAwayAuthority()
    authority.write_certificate(ca_file)
    token, expires_at = Directory(keys=keys, clock=time.time).issue(
        SYSTEM_ASSIGNED, "https://outlook.office365.com", endpoint="identity"
    )
    limits = ExchangeConfig(messages_per_minute=WITHOUT_LIMIT, recipients_per_day=WITHOUT_LIMIT, connections=WITHOUT_LIMIT)
    exchange = Exchange(limits, authority.server_context(), keys.public_keys, time.time)
    smtp = await exchange.start()
    runner, port = await listen(_receiver())
    addresses = Addresses(smtp=smtp, receiver=f"http://127.0.0.1:{port}", token=token, expires_at=float(expires_at))
    print(msgspec.json.encode(addresses).decode(), flush=True)
    await stop.wait()
    await runner.cleanup()
    await exchange.stop()


def _receiver() -> web.Application:
    """Takes every export whole and forgets it."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(content_type="application/x-protobuf")

    app = web.Application(client_max_size=_LONGEST_BODY)
    app.router.add_post("/v1/{signal}", take)
    return app


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
