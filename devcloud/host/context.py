"""The `context` argument of a function, with the attributes of the worker's own class."""

import re
import secrets
import threading
from dataclasses import dataclass, field

# W3C Trace Context level 1, 3.2: version, trace id, parent id and flags; all-zero ids and version ff are invalid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

# One for the whole process, as in the worker: each thread writes its own invocation id into it.
THREAD_LOCAL = threading.local()


@dataclass(frozen=True, slots=True)
class TraceContext:
    """W3C trace context of one invocation; both spellings of the worker's properties exist."""

    trace_parent: str
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def Traceparent(self) -> str:  # noqa: N802 - the worker's older spelling
        """Older spelling of `trace_parent`."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:  # noqa: N802 - the worker's older spelling
        """Older spelling of `trace_state`."""
        return self.trace_state

    @property
    def Attributes(self) -> dict[str, str]:  # noqa: N802 - the worker's older spelling
        """Older spelling of `attributes`."""
        return self.attributes


@dataclass(frozen=True, slots=True)
class RetryContext:
    """Retries of one invocation; this host runs no retry policies, so both numbers stay 0."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a function gets that has a parameter named `context`."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext
    retry_context: RetryContext = field(default_factory=RetryContext)
    thread_local_storage: threading.local = THREAD_LOCAL


def trace_context(traceparent: str | None = None, tracestate: str | None = None) -> TraceContext:
    """Continue the caller's trace, or begin a new sampled one when there is none or it is malformed."""
    if traceparent and _TRACEPARENT.fullmatch(traceparent):
        return TraceContext(traceparent, tracestate or "")
    return TraceContext(f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
