"""Queue output bindings: what the function set becomes messages, written in parallel before the trigger is settled."""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Mapping

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.functions.meta import Datum
from azure.storage.queue.aio import QueueClient

from devcloud.host.loaded import LoadedFunction
from devcloud.host.options import Encoding


async def put(queue: QueueClient, body: str) -> None:
    """Add one message as it stands, creating the queue when it is missing."""
    try:
        await queue.send_message(body)
    except ResourceNotFoundError:
        with contextlib.suppress(ResourceExistsError):  # another instance may be quicker
            await queue.create_queue()
        await queue.send_message(body)


def encoded(body: bytes, encoding: Encoding) -> str:
    """Return the text that the host stores for a body.

    Raises:
        UnicodeDecodeError: without encoding, the body must be UTF-8.
    """
    return base64.b64encode(body).decode() if encoding == "base64" else body.decode()


def bodies(datum: Datum) -> list[bytes]:
    """Return the bodies of the messages that one output value stands for.

    A list gives one message for each element; of an object with a `body` (a `func.QueueMessage`) only the body counts.
    """
    if datum.type == "bytes":
        return [bytes(datum.value)]
    if datum.type == "json":
        value = json.loads(datum.value)
        return [_body(item) for item in (value if isinstance(value, list) else [value])]
    return [str(datum.value).encode()]


def _body(value: object) -> bytes:
    if isinstance(value, dict) and isinstance(value.get("body"), str):
        value = value["body"]
    return (value if isinstance(value, str) else json.dumps(value)).encode()


class OutputWriter:
    """Writes the queue outputs of all functions; `notify` wakes a listener of this host on the same queue."""

    def __init__(
        self,
        queues: Mapping[tuple[str, str], QueueClient],
        encoding: Encoding,
        notify: Callable[[QueueClient], None],
    ) -> None:
        self._queues = queues
        self._encoding: Encoding = encoding
        self._notify = notify

    async def write(self, function: LoadedFunction, outputs: Mapping[str, Datum | None]) -> None:
        """Write every output that was set, all at once; the first failure is raised when all have ended."""
        tasks = [self._add(function.name, name, body) for name, datum in outputs.items() if datum for body in bodies(datum)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _add(self, function: str, parameter: str, body: bytes) -> None:
        queue = self._queues[function, parameter]
        await put(queue, encoded(body, self._encoding))
        self._notify(queue)
