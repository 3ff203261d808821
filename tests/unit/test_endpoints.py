"""Where each mailbox logs in, and how much of a token's life is left for it."""

from dataclasses import replace

import pytest

from shared.edges.smtp_offer import Timeouts
from shared.rules.clouds import GCC_HIGH, WORLDWIDE
from shared.rules.config import EndpointName, Sender
from shared.rules.endpoints import HIGH_VOLUME_LIFE, Endpoint, endpoints_of
from shared.rules.token import EXPIRY_MARGIN
from tests.stage import Stage, a_sender

USUAL = Endpoint("smtp.office365.com", 587)


def bulk(*mailboxes: str) -> Sender:
    """A sender that uses High Volume Email."""
    return replace(a_sender("bulk"), mailboxes=mailboxes, endpoint=EndpointName.HIGH_VOLUME)


def test_a_mailbox_logs_in_where_its_sender_says() -> None:
    """However its address is written; whoever is no sender's, such as the audit's decoy, at the usual place."""
    endpoints = endpoints_of(WORLDWIDE, [a_sender(), bulk("Bulk-1@contoso.test", "bulk-2@contoso.test")])
    hosts = {box: endpoints.of(box).host for box in ("BULK-1@contoso.test", "bulk-2@contoso.test")}
    assert set(hosts.values()) == {"smtp.hve.mx.microsoft"}
    assert endpoints.of("alerts@contoso.test") == endpoints.of("decoy@contoso.test") == USUAL


def test_without_such_a_sender_everybody_logs_in_at_the_usual_place() -> None:
    """Also in a cloud that has no other one."""
    assert endpoints_of(WORLDWIDE, [a_sender()]).of("bulk@contoso.test") == USUAL
    assert endpoints_of(GCC_HIGH, [a_sender()]).of("bulk@contoso.test").host == GCC_HIGH.smtp_host


def test_a_cloud_without_high_volume_email_cannot_be_wired_for_it() -> None:
    """The check of mail.toml refuses it; what slipped through would log in at the wrong server."""
    with pytest.raises(ValueError, match="no High Volume Email"):
        endpoints_of(GCC_HIGH, [bulk("bulk@contoso.test")])


def test_high_volume_email_gets_tokens_with_more_than_ten_minutes_left() -> None:
    """At the moment of AUTH, so a little more when the token is taken; no session lives into its token's last minutes."""
    endpoint = endpoints_of(WORLDWIDE, [bulk("bulk@contoso.test")]).of("bulk@contoso.test")
    assert HIGH_VOLUME_LIFE == 600.0
    assert endpoint.login_margin >= HIGH_VOLUME_LIFE + Timeouts().opening
    assert endpoint.session_margin >= max(HIGH_VOLUME_LIFE, Timeouts().longest)
    assert (USUAL.login_margin, USUAL.session_margin) == (EXPIRY_MARGIN, 60.0)


async def test_a_mail_asks_for_a_token_with_its_mailbox_s_margin() -> None:
    """The gateway knows what the endpoint needs; the others go on with theirs, and so does a trial login."""
    stage = Stage()
    stage.gateway.margins["alerts@contoso.test"] = 660.0
    await stage.accept()
    await stage.run()
    await stage.transmission.probe("alerts@contoso.test")
    await stage.transmission.probe("reports@contoso.test")
    assert stage.tokens.margins == [660.0, 660.0, EXPIRY_MARGIN]
