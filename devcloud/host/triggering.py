"""What passes between the host and the worker for one invocation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from azure.functions.meta import Datum


@dataclass(frozen=True, slots=True)
class TriggerData:
    """The trigger's value and its metadata, in the typed form that the host sends."""

    datum: Datum
    metadata: dict[str, Datum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function produced: the value for `$return`, and the outputs that were set, by parameter name."""

    returned: Datum | None = None
    outputs: Mapping[str, Datum | None] = field(default_factory=dict)
