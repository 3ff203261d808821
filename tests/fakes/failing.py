"""What all fakes of storage share: operations that can be told to fail."""

from collections import deque

from shared.rules.storage_errors import StorageFault


class Failing:
    """Operations that can be told to fail; `operations` is what was asked, in order."""

    def __init__(self) -> None:
        self.operations: list[str] = []
        self._faults: deque[StorageFault] = deque()

    def fail_next(self, fault: StorageFault, times: int = 1) -> None:
        """Let the next `times` operations raise `fault`."""
        self._faults.extend([fault] * times)

    def forgive(self) -> None:
        """From now on nothing fails any more."""
        self._faults.clear()

    def _begin(self, operation: str) -> None:
        self.operations.append(operation)
        if self._faults:
            raise self._faults.popleft()
