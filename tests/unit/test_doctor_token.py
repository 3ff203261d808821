"""The doctor's look at the token: a fresh one, or what is left where the endpoint gives none."""

import base64
import json
from dataclasses import dataclass

from shared.doctor_token import Checkup, TokenCheck
from shared.rules.findings import Standing
from shared.rules.token import Token
from shared.rules.token_errors import AMBIGUOUS, DOWN, TokenUnavailable
from tests.stage import a_config

NOW = 1_800_000_000.0


def a_token(**claims: object) -> Token:
    """An hour's token for Exchange, with these claims besides."""
    said = {"aud": "https://outlook.office365.com", "appid": "client", "oid": "object", "exp": NOW + 3600, **claims}
    middle = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return Token(f"eyJ.{middle}.sig", NOW, float(str(said["exp"])))


@dataclass
class Endpoint:
    """What the endpoint gives now, and what is at hand."""

    new: Token | TokenUnavailable
    old: Token | TokenUnavailable

    async def fresh(self) -> Token:
        """As the port says."""
        return given(self.new)

    async def get(self, margin: float) -> Token:  # noqa: ARG002 - the shape of the port
        """As the port says."""
        return given(self.old)


def given(token: Token | TokenUnavailable) -> Token:
    """The token, or the reason why there is none."""
    if isinstance(token, TokenUnavailable):
        raise token
    return token


async def look(endpoint: Endpoint, *, margin: float = 300.0) -> Checkup:
    """The check, without an export."""

    async def nothing() -> tuple[str, ...]:
        return ()

    return await TokenCheck(a_config(), endpoint, nothing, lambda: NOW).check(None, margin)


async def test_the_fresh_token_is_the_one_that_counts() -> None:
    """What the cache holds may be older than a change."""
    checkup = await look(Endpoint(a_token(oid="new"), a_token(oid="old")))
    assert checkup.object_id == "new"
    assert [one.standing for one in checkup.findings] == [Standing.OK]


async def test_an_endpoint_that_is_down_is_told_while_mail_still_goes() -> None:
    """A warning with its reason; the login is tried with the token at hand."""
    checkup = await look(Endpoint(TokenUnavailable(DOWN, 30.0), a_token()))
    down, token = checkup.findings
    assert (down.standing, down.reason) == (Standing.WARNING, DOWN)
    assert token.standing is Standing.OK
    assert checkup.token is not None


async def test_without_any_token_the_endpoints_reason_is_the_fault() -> None:
    """The newest one: what the cache remembers of an earlier failure may be over."""
    checkup = await look(Endpoint(TokenUnavailable(AMBIGUOUS, 900.0), TokenUnavailable(DOWN, 30.0)))
    (found,) = checkup.findings
    assert (found.standing, found.reason) == (Standing.FAULT, AMBIGUOUS)
    assert checkup.token is None


async def test_a_token_needs_the_life_that_its_mailboxes_ask_for() -> None:
    """High Volume Email asks for more than client submission."""
    short = Endpoint(a_token(exp=NOW + 400), a_token())
    assert [one.standing for one in (await look(short)).findings] == [Standing.OK]
    assert [one.standing for one in (await look(short, margin=660.0)).findings] == [Standing.WARNING]


async def test_what_is_shown_is_never_the_token() -> None:
    """Its claims, in words."""
    token = a_token(roles=["SMTP.SendAsApp"])
    (found,) = (await look(Endpoint(token, token))).findings
    assert token.value not in found.seen
    assert "roles SMTP.SendAsApp" in found.seen
    assert "60 minutes left" in found.seen
