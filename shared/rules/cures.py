"""The command that cures, with this deployment's own ids in place of `<client id>` and the like.

Only what the operator sees is filled in: logs and the ledger keep the angle brackets, as addresses have no place there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

_PLACEHOLDER = re.compile(r"<([a-z][a-z -]*)>")
_BARE = re.compile(r"[A-Za-z0-9@._+:/-]+")
"""What every shell takes as one plain word."""


@dataclass(frozen=True, slots=True)
class Ids:
    """This deployment's names; '' for what is not known. `app` and `group` are the function app's, as the platform tells."""

    client_id: str = ""
    object_id: str = ""
    mailbox: str = ""
    from_mailbox: str = ""
    app: str = ""
    group: str = ""
    storage_account: str = ""
    server: str = ""
    port: str = ""
    queue: str = ""


PLACEHOLDERS = frozenset(field.name.replace("_", " ") for field in fields(Ids)) | {"from-mailbox"}
"""Every word that may stand in angle brackets in a fix."""


def filled(fix: str, ids: Ids) -> str:
    """The fix with the ids that are known; the others stay in their brackets, for the operator to put in."""
    known = _known(ids)
    return _PLACEHOLDER.sub(lambda found: known.get(found[1].replace("-", " "), found[0]), fix)


def _known(ids: Ids) -> Mapping[str, str]:
    values = ((field.name.replace("_", " "), getattr(ids, field.name)) for field in fields(Ids))
    return {name: _quoted(value) for name, value in values if value}


def _quoted(value: str) -> str:
    """One word in PowerShell and in a POSIX shell; what only one of them could quote does not stand in an id."""
    return value if _BARE.fullmatch(value) else "'" + value.replace("'", "''") + "'"
