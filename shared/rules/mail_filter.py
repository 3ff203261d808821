"""Which mails an operator means: by state, sender, caller and reason. All that are given have to fit."""

from typing import Annotated

import msgspec

from shared.rules.field_rules import single_line
from shared.rules.mail_row import MailRow
from shared.rules.states import State
from shared.rules.strict import Check

LONGEST_NAME = 256
"""Characters of a name in a filter: as long as any that a row holds."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]


class MailFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None fits everything. `reason` is the code of the last setback, such as `payload-gone`, or of the last step."""

    state: State | None = None
    sender: Name | None = None
    caller: Name | None = None
    reason: Name | None = None

    def fits(self, row: MailRow) -> bool:
        """Whether the mail is meant."""
        wanted = (self.state, self.sender, self.caller)
        found = (row.state, row.sender, row.provenance.caller)
        fits = all(one is None or one == other for one, other in zip(wanted, found, strict=True))
        return fits and (self.reason is None or self.reason in reason_codes(row))


def reason_codes(row: MailRow) -> tuple[str, ...]:
    """The codes under which a mail's present state can be asked for."""
    last = (row.timeline[-1].reason,) if row.timeline else ()
    return (*last, row.why.code) if row.why else last
