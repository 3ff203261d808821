"""Names that one simulated server goes by, and the suffixes of its refusals."""

from datetime import UTC, datetime
from email.utils import format_datetime

from devcloud.exchange.replies import Layer

FRONT_END = "LO4P123CA0344"
FOREST = "GBRP123"
MAILBOX_SERVER = "LO2P123MB0001"

GREETING_NAME = f"{FRONT_END}.outlook.office365.com"


def session_id(connection: int) -> str:
    """16 hex digits that stay the same for a whole connection; made from its number, so that runs compare."""
    return f"08DE{connection:012X}"


def banner(now: float, session: str) -> str:
    """Text of the 220 with which a connection starts."""
    date = format_datetime(datetime.fromtimestamp(int(now), UTC))
    return f"{GREETING_NAME} Microsoft ESMTP MAIL Service ready at {date} [{session}]"


def suffix(layer: Layer, now: float, session: str) -> str:
    """What stands at the end of a refusal, by the layer that refuses."""
    if layer == "none":
        return ""
    if layer in {"store", "accepted"}:
        domain = "prod.outlook.com" if layer == "store" else "PROD.OUTLOOK.COM"  # both as seen
        return f"[Hostname={MAILBOX_SERVER}.{FOREST}.{domain}]"
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"[{FRONT_END}.{FOREST}.PROD.OUTLOOK.COM {at} {session}]"


def assigned_message_id(number: int) -> str:
    """A Message-ID as Exchange assigns them, different for every mail."""
    return f"<{MAILBOX_SERVER}{number:016X}@{MAILBOX_SERVER}.{FOREST}.PROD.OUTLOOK.COM>"
