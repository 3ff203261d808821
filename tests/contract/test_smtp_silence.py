"""The server goes silent, and each timeout of ours ends that: not sent up to the final dot, unknown after it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pytest

from shared.edges.smtp_offer import Timeouts
from shared.rules.outcome import Fate, Retry, Sent, Unknown
from tests.fakes.scripted_smtp import EHLO, GOOD, SILENCE, ScriptedServer
from tests.fakes.smtp_client import SMALL, Client
from tests.fakes.tls import Authority, authority

TINY = 0.2
"""Seconds for the one timeout that a case is about."""

AMPLE = 10.0
"""Seconds for all others: a busy machine meets none of them."""

HUGE = b"Subject: x\r\n\r\n" + (b"0123456789abcdef" * 62 + b"\r\n") * 16_000
"""Octets that fit into no buffer between client and server: 16 million."""

AMPLY = Timeouts(**{timeout.name: AMPLE for timeout in fields(Timeouts)})

Replies = Mapping[str, list[bytes]]


@dataclass(frozen=True)
class Silence:
    """`timeout` is what ends it; the server is mute after a reply, or in place of one that `replies` names."""

    timeout: str
    replies: Replies = field(default_factory=dict)
    mute_after: str = ""
    content: bytes = SMALL


def half(name: str) -> dict[str, list[bytes]]:
    """The beginning of a reply, and then nothing."""
    return {name: [GOOD[name][:-3]]}


def nothing(name: str) -> dict[str, list[bytes]]:
    """No reply at all, once."""
    return {name: [SILENCE]}


WITHOUT_LIMIT: Replies = {"EHLO-TLS": [EHLO.replace(b"SIZE 1000000", b"SIZE 0")]}
"""RFC 1870: 0 means that the server knows no limit."""

COMMANDS = ("EHLO", "EHLO-TLS", "AUTH", "TOKEN", "MAIL", "RCPT", "DATA")

NOT_SENT = {
    **{
        f"{say.__name__} of {name}, connect": Silence("connect", say(name))
        for say in (nothing, half)
        for name in ("GREETING", "STARTTLS")
    },
    **{f"{say.__name__} of {name}, command": Silence("command", say(name)) for say in (nothing, half) for name in COMMANDS},
    **{
        f"{name}, opening": Silence("opening", nothing(name))
        for name in ("GREETING", "EHLO", "STARTTLS", "EHLO-TLS", "AUTH", "TOKEN")
    },
    "no TLS handshake, connect": Silence("connect", mute_after="STARTTLS"),
    "no TLS handshake, opening": Silence("opening", mute_after="STARTTLS"),
    "RCPT, offering": Silence("offering", nothing("RCPT")),
    "content is not read": Silence("content", WITHOUT_LIMIT, mute_after="DATA", content=HUGE),
}

UNKNOWN = {f"{say.__name__} of DOT": Silence("final_dot", say("DOT")) for say in (nothing, half)}

IN_THE_POOL = {
    f"{say.__name__} of MAIL": Silence("probe", {"MAIL": [GOOD["MAIL"], *say("MAIL")["MAIL"]]}) for say in (nothing, half)
}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


async def ended(trusted: Authority, silence: Silence, *, before: int = 0) -> tuple[object, int]:
    """The outcome of a mail that meets the silence, and how many the server has; `before` went well on the connection."""
    async with ScriptedServer(trusted.server, silence.replies, mute_after=silence.mute_after) as server:
        client = Client(trusted, server.port, timeouts=replace(AMPLY, **{silence.timeout: TINY}))
        async with client.gateway() as gateway:
            for _ in range(before):
                assert isinstance(await client.send(gateway), Sent)
            return await client.send(gateway, silence.content), len(server.mails) - before


async def all_ended(
    trusted: Authority, silences: Mapping[str, Silence], *, before: int = 0
) -> dict[str, tuple[object, int]]:
    """All of them at once: they only wait."""
    found = await asyncio.gather(*(ended(trusted, silence, before=before) for silence in silences.values()))
    return dict(zip(silences, found, strict=True))


async def test_up_to_the_final_dot_silence_means_not_sent(trusted: Authority) -> None:
    """Whichever command, the handshake or the content has to wait: tried again later, and nobody has the mail."""
    for name, (outcome, mails) in (await all_ended(trusted, NOT_SENT)).items():
        assert isinstance(outcome, Retry), name
        assert outcome.reason.code in {"server-timeout", "server-unreachable"}, name
        assert mails == 0, name


async def test_after_the_final_dot_silence_means_unknown(trusted: Authority) -> None:
    """The server has the mail, and nobody can know what it makes of it; half a reply is none."""
    for name, (outcome, mails) in (await all_ended(trusted, UNKNOWN)).items():
        assert isinstance(outcome, Unknown), name
        assert {result.fate for result in outcome.recipients.values()} == {Fate.UNKNOWN}, name
        assert mails == 1, name


async def test_a_connection_that_died_in_the_pool_without_a_word_is_replaced(trusted: Authority) -> None:
    """MAIL gets no answer in time; over another connection the mail is sent, once."""
    for name, (outcome, mails) in (await all_ended(trusted, IN_THE_POOL, before=1)).items():
        assert isinstance(outcome, Sent), name
        assert mails == 1, name


def test_every_timeout_is_met() -> None:
    """Each of them ends some silence of this file."""
    met = {silence.timeout for silence in (*NOT_SENT.values(), *UNKNOWN.values(), *IN_THE_POOL.values())}
    assert met == {timeout.name for timeout in fields(Timeouts)}
