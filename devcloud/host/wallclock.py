"""A wall clock that is wrong on purpose.

`--clock-offset S` must look to the app like a machine whose clock is off by S seconds. `install` therefore replaces
`time.time` and `time.time_ns` **before** the app, the Azure SDKs and OpenTelemetry are imported, so that also
`from time import time` gets the shifted function: the app, the request dates of the SDKs and the times of spans are
all shifted alike, and so are the timers of this host, as on a real machine.

Not shifted: `datetime.now()` and the other C code that asks the kernel directly (replacing the `datetime` class breaks
`isinstance` and pickling in libraries), log records, and the monotonic clock, on which all waiting rests.
"""

import time
from collections.abc import Callable

NANOSECONDS = 1_000_000_000


def install(offset: float) -> Callable[[], None]:
    """Shift this process's `time.time` and `time.time_ns` by `offset` seconds; return a function that undoes it."""
    real_time, real_time_ns = time.time, time.time_ns
    offset_ns = round(offset * NANOSECONDS)

    def shifted_time() -> float:
        return real_time() + offset

    def shifted_time_ns() -> int:
        return real_time_ns() + offset_ns

    def undo() -> None:
        time.time, time.time_ns = real_time, real_time_ns

    time.time, time.time_ns = shifted_time, shifted_time_ns
    return undo
