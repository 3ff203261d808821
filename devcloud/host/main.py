"""`python -m devcloud host`: run one function app until SIGINT or SIGTERM."""

# Imports are inside the functions on purpose: the clock must be shifted before anything copies `time.time`.
import asyncio
import json
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devcloud.host.knobs import Knobs

EXIT_FAULT = 1
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
logger = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    """Run a host; return 0 after a polite stop, 1 when the app or its settings are wrong.

    Prints one line of JSON on standard output when everything listens:
    `{"ready": true, "port": …, "functions": [names]}`. Logs go to standard error.
    """
    from devcloud.host.faults import HostFault
    from devcloud.host.knobs import read_knobs

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    # The SDKs' own request logs hold addresses of queues and blobs.
    for noisy in ("azure", "msal", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        knobs = read_knobs(argv, os.environ)
        _prepare_process(knobs)
        ended = asyncio.run(_run(knobs))
    except HostFault as fault:
        logger.error("cannot start: %s", fault)  # noqa: TRY400 - the text says what to do; a traceback would bury it
        return EXIT_FAULT
    if not ended:
        # A thread that never returns would hold up the interpreter's exit for ever.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
    return 0


def _prepare_process(knobs: "Knobs") -> None:
    from devcloud.host import parentage, wallclock

    if knobs.dies_with_parent:
        parentage.die_with_parent()
    if knobs.clock_offset:
        wallclock.install(knobs.clock_offset)


async def _run(knobs: "Knobs") -> bool:
    from devcloud.host.host import Host

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, stop.set)
    host = Host(knobs, os.environ)
    try:
        port, functions = await host.start()
        print(json.dumps({"ready": True, "port": port, "functions": functions}), flush=True)
        logger.info("ready on port %d with %d functions", port, len(functions))
        await stop.wait()
        logger.info("stopping")
    finally:
        ended = await host.stop()
    return ended
