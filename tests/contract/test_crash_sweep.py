"""Killed anywhere: processes die by SIGKILL before and after every write and SMTP step, and the mail ends as promised.

Real processes, the real Azurite, the Exchange simulator. `tests/unit/test_crashes.py` does the same on fakes.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from devcloud.authority import ThrowAwayAuthority
from devcloud.storage_proxy import StorageProxy
from devcloud.tokens import SigningKeys
from tests.azurite import RunningAzurite
from tests.contract.crash_forks import Forks
from tests.contract.crash_stand import Stand, sweep
from tests.contract.crash_ways import SENDERS, WAYS, Way
from tests.contract.house_parts import CONFIG


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """One process that forks all workers."""
    forks = Forks()
    yield forks
    forks.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stand(forks: Forks, azurite: RunningAzurite, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """Storage and Exchange for all cases."""
    folder, authority = tmp_path_factory.mktemp("stand"), ThrowAwayAuthority()
    authority.write_certificate(folder / "ca.pem")
    (folder / "mail.toml").write_text(CONFIG)
    stand = Stand(forks, azurite, folder, SigningKeys(), authority.server_context())
    async with StorageProxy(azurite.origins(), around=stand.around) as stand.proxy:
        await stand.prepare()
        yield stand


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("rule", SENDERS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_killed_anywhere_a_mail_ends_as_promised(stand: Stand, way: Way, rule: str) -> None:
    """Under hold at most one copy, under resend one or two, two only where marked, and always a state that explains."""
    faults, deadly = await sweep(stand, way, rule)
    assert faults == []
    assert not way.missed(deadly)
