"""A token from the cache: our token source beside the identity SDK's own credential, both on a hit, in the same run."""

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from azure.identity import ManagedIdentityCredential

from bench.figures import Spread, Target, ratios
from bench.progress import Steps, steps
from bench.report import Column, Report, Row
from bench.tracing import Tracing, in_memory
from devcloud import identity
from devcloud.directory import Directory
from devcloud.listening import listen
from devcloud.tokens import SigningKeys
from shared.edges.token_managed import ManagedIdentityFetch
from shared.edges.token_source import TokenSource
from shared.telemetry import silent

MOST = 1.0
"""Of the time that the SDK's credential takes (issue 6)."""

GETS = 1000
"""In each lap: tens of milliseconds, and fewer spans than the 2,048 that wait for their export at most."""

SCOPE = "https://outlook.office365.com/.default"

_HEADER = "bench"  # the emulator's secret header; it listens on loopback for a few seconds

Lap = Callable[[], Awaitable[None]]


def measure(*, rounds: int) -> Report:
    """Let all take their turn, `rounds` times after one that warms them up.

    Raises `RuntimeError` where a lap was not of hits alone.
    """
    with in_memory() as tracing, steps("token", 3 * (rounds + 1)) as progress:
        found = asyncio.run(_race(tracing, rounds, progress))
    return _report(found)


async def _race(tracing: Tracing, rounds: int, progress: Steps) -> list[list[float]]:
    """Microseconds of one get, by lap: of the SDK's credential, of ours, and of ours where nothing is traced."""
    directory = Directory(keys=SigningKeys(), clock=time.time)
    runner, port = await listen(identity.build_app(directory, header=_HEADER))
    with ExitStack() as stack:
        stack.enter_context(_announced(f"http://127.0.0.1:{port}{identity.PATH}"))
        credential = stack.enter_context(ManagedIdentityCredential(use_env_settings=False))
        await asyncio.to_thread(credential.get_token, SCOPE)
        ours, untraced = [
            TokenSource(ManagedIdentityFetch(SCOPE), telemetry=telemetry, clock=time.time)
            for telemetry in (tracing.telemetry, silent())
        ]
        await ours.get()
        await untraced.get()
        fetched = directory.stats()["requests"]
        laps: list[Lap] = [_peer(credential), _traced(ours, tracing), _lap(untraced)]
        found = await _turns(laps, rounds, progress)
        if directory.stats()["requests"] != fetched:
            raise RuntimeError("something was fetched in a lap: it measured more than the cache")
    await runner.cleanup()
    return found


async def _turns(laps: Sequence[Lap], rounds: int, progress: Steps) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in laps]
    for number in range(rounds + 1):
        for times, lap in zip(found, laps, strict=True):
            gc.collect()  # what the others left behind is not on this one's bill
            began = time.perf_counter()
            await lap()
            took = (time.perf_counter() - began) / GETS * 1e6
            progress.done("token")
            if number:  # the first round loads modules
                times.append(took)
    return found


def _peer(credential: ManagedIdentityCredential) -> Lap:
    async def lap() -> None:
        for _ in range(GETS):
            credential.get_token(SCOPE)

    return lap


def _lap(source: TokenSource) -> Lap:
    async def lap() -> None:
        for _ in range(GETS):
            await source.get()

    return lap


def _traced(source: TokenSource, tracing: Tracing) -> Lap:
    async def lap() -> None:
        with tracing.telemetry.span("process sending"):  # a mail's token is never fetched outside of one
            for _ in range(GETS):
                await source.get()
        tracing.flush()

    return lap


@contextmanager
def _announced(endpoint: str) -> Iterator[None]:
    """The two variables by which App Service tells an app of its identity; nobody else of this process reads them."""
    names = {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": _HEADER}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _report(found: Sequence[Sequence[float]]) -> Report:
    peer, ours, untraced = found
    columns = (Column("microseconds", "µs", 1), Column("ratio", "ratio", 2))
    rows = (
        Row("ManagedIdentityCredential.get_token", (Spread.of(peer), None)),
        Row("TokenSource.get, nothing traced", (Spread.of(untraced), ratios(untraced, peer))),
        Row("TokenSource.get and its span", (Spread.of(ours), ratios(ours, peer))),
    )
    targets = (
        Target("a hit, neither traced, of the SDK's", ratios(untraced, peer), MOST, at_most=True),
        Target("a hit and its span, of the SDK's", ratios(ours, peer), MOST, at_most=True),
    )
    notes = (
        f"{GETS} hits per lap; no request reached the identity endpoint meanwhile. The token lives for a day.",
        "The SDK's credential is called as it is, in the event loop; through a thread it would take longer.",
        "Its span: each hit leaves a `token fetch`, exported when the lap ends. The SDK leaves none.",
    )
    return Report("token", "A token from the cache", len(peer), columns, rows, targets, notes)
