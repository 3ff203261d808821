"""Mails for the tests of `mime`, and their bytes."""

from typing import Any

from shared.rules.mail import Mail
from shared.rules.mime import build

SMALL = Mail(sender="alerts", subject="Disk full", to=("ops@contoso.test",), text="On server 12.\n")


def changed(**changes: Any) -> Mail:  # noqa: ANN401 - any field of the mail
    """The small mail with changes."""
    fields = {name: getattr(SMALL, name) for name in SMALL.__struct_fields__}
    return Mail(**{**fields, **changes})


def built(mail: Mail = SMALL, *, from_name: str = "Contoso Alerts", blobs: dict[str, bytes] | None = None) -> bytes:
    """The mail's bytes."""
    return build(
        mail,
        from_name=from_name,
        from_address="alerts@contoso.test",
        message_id="<67ccd9b879851b6a3dbb0e5289d8e41b@contoso.test>",
        date=1795424400.0,
        blobs=blobs,
    )
