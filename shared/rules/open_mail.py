"""An entry of the index of open mails."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenMail:
    """One mail that was not final when its entry was written; `list` and `key` name the entry itself."""

    mail_id: str
    list: str
    key: str
