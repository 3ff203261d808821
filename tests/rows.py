"""Rows for tests: sound ones, to be changed where a test needs it."""

from shared.rules.config import OnUnknown
from shared.rules.mail_row import MailRow, Provenance
from shared.rules.outcome import Fate, RecipientResult
from shared.rules.states import State


def a_row(mail_id: str = "0" * 32, *, state: State = State.WAITING, recipients: int = 1) -> MailRow:
    """A mail accepted at second 10 that may be tried for a day."""
    return MailRow(
        id=mail_id,
        state=state,
        sender="alerts",
        provenance=Provenance(caller="producer:default", door="queue", rule="producers.default"),
        content_hash="c" * 64,
        payload_hash="p" * 64,
        message_id=f"<{mail_id}@contoso.test>",
        date=10.0,
        accepted_at=10.0,
        due=10.0,
        expires_at=86_410.0,
        on_unknown=OnUnknown.RESEND,
        recipients=tuple(RecipientResult(Fate.PENDING) for _ in range(recipients)),
    )
