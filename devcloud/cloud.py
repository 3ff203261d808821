"""The process that holds every emulator except Azurite: identity, token endpoint, Exchange, storage proxy, inbox.

`python -m devcloud cloud` reads its configuration as one JSON object from standard input, prints one JSON line when all
ports listen, and runs until SIGTERM.
"""

import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import msgspec
from azure.core.exceptions import HttpResponseError
from azure.storage.queue.aio import QueueServiceClient

from devcloud import control, entra, grants, identity
from devcloud.authority import ThrowAwayAuthority
from devcloud.directory import TENANT_ID, Directory
from devcloud.exchange import Exchange, ExchangeConfig, other_certificates
from devcloud.handshake import CloudAddresses, CloudConfig
from devcloud.inbox import build_app
from devcloud.listening import listen
from devcloud.storage_proxy import StorageProxy
from devcloud.tokens import SigningKeys


def main() -> int:
    """Run the process; returns its exit code."""
    # Finding the keys' primes takes longest of all: done while `up` still waits for Azurite.
    keys, authority = SigningKeys(), ThrowAwayAuthority()
    config = msgspec.json.decode(sys.stdin.read(), type=CloudConfig)
    asyncio.run(_run(config, keys, authority))
    return 0


async def _run(config: CloudConfig, keys: SigningKeys, authority: ThrowAwayAuthority) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    authority.write_certificate(Path(config.ca_file))
    async with AsyncExitStack() as stack:
        await _create_queues(config)
        addresses = await _start(stack, config, keys, authority)
        print(msgspec.json.encode(addresses).decode(), flush=True)
        await stop.wait()


async def _start(
    stack: AsyncExitStack, config: CloudConfig, keys: SigningKeys, authority: ThrowAwayAuthority
) -> CloudAddresses:
    directory = Directory(keys=keys, clock=time.time)
    proxy = await stack.enter_async_context(StorageProxy(config.azurite))
    exchange = Exchange(
        _exchange_config(config),
        authority.server_context(),
        keys.public_keys,
        time.time,
        certificates=other_certificates(authority.root),
    )
    smtp = await exchange.start()
    stack.push_async_callback(exchange.stop)
    identity_runner, identity_port = await listen(identity.build_app(directory, header=config.identity_header))
    stack.push_async_callback(identity_runner.cleanup)
    entra_runner, entra_port = await listen(entra.build_app(directory), tls=authority.server_context())
    stack.push_async_callback(entra_runner.cleanup)
    extra_routes = [*control.routes(directory, proxy), *grants.routes(directory, exchange)]
    inbox_runner, inbox_port = await listen(build_app(exchange, extra_routes=extra_routes))
    stack.push_async_callback(inbox_runner.cleanup)
    return CloudAddresses(
        storage=proxy.ports,
        smtp=smtp,
        authority=f"https://localhost:{entra_port}/{TENANT_ID}",
        tenant_id=TENANT_ID,
        identity_endpoint=f"http://127.0.0.1:{identity_port}{identity.PATH}",
        inbox=f"http://127.0.0.1:{inbox_port}",
    )


async def _create_queues(config: CloudConfig) -> None:
    async with QueueServiceClient.from_connection_string(config.connection) as storage:
        for name in config.queues:
            # Azure's rules for names are the app's to report, with the field that is wrong.
            with suppress(HttpResponseError, ValueError):
                await storage.create_queue(name)


def _exchange_config(config: CloudConfig) -> ExchangeConfig:
    return ExchangeConfig(
        messages_per_minute=config.messages_per_minute,
        connections=config.connections,
        tenants=(TENANT_ID,),
        send_as=config.send_as,
    )
