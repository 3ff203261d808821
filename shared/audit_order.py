"""An operator's order to audit now, with the grants export that it may bring."""

import json
from typing import Annotated, Any

import msgspec

from shared.rules.conversion import convert
from shared.rules.field_rules import single_line
from shared.rules.grants import LARGEST_EXPORT, Grants
from shared.rules.json_text import parse_json
from shared.rules.problems import Problem, Refused
from shared.rules.strict import Check
from shared.steer import LONGEST_NAME, ORDER_LIMIT

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]


class AuditOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Audit the permissions now. `grants` is what infra/exchange/export-grants.ps1 wrote; without it the last one counts."""

    who: Words
    why: Words
    grants: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The export as JSON text, as it is kept; '' without one."""
        return "" if self.grants is None else json.dumps(self.grants, separators=(",", ":"), ensure_ascii=False)


def audit_order_from(body: bytes) -> AuditOrder:
    """The order in a JSON body; raises `Refused` with every fault, those of the export too."""
    order = convert(parse_json(body, limit=LARGEST_EXPORT + ORDER_LIMIT), AuditOrder)
    export_of(order)
    return order


def export_of(order: AuditOrder) -> Grants | None:
    """The export that the order brings; raises `Refused` with every fault."""
    if len(order.text.encode()) > LARGEST_EXPORT:
        raise Refused([Problem("/grants", f"grants has more than {LARGEST_EXPORT} bytes; send an export of one identity")])
    return None if order.grants is None else convert(order.grants, Grants, pointer="/grants")
