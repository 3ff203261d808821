"""An entry of the index of open mails."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OpenMail:
    """One mail that was not final when its entry was written; `list` and `key` name the entry itself.

    `etag` is set for an entry that somebody may write anew under the same key: settling it must not remove what is newer.
    """

    mail_id: str
    list: str
    key: str
    etag: str = field(default="", compare=False)
