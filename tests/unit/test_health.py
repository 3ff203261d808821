"""Health: a cached yes or no per part."""

from shared.health import REMEMBER, Health
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageForbidden


class Part:
    """A part that can be down; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False

    async def __call__(self) -> None:
        """Answer, or say what is missing."""
        self.asked += 1
        if self.down:
            raise StorageForbidden(Reason("storage-forbidden", "a role is missing", "give it"))


async def test_a_part_that_is_down_is_named_with_its_cure() -> None:
    """503's body says what to do."""
    part = Part()
    part.down = True
    report = await Health({"storage": part}, lambda: 0.0).report()
    assert report["status"] == "fault"
    assert report["parts"]["storage"] == {
        "ok": False,
        "code": "storage-forbidden",
        "reason": "a role is missing",
        "fix": "give it",
    }


async def test_an_answer_stands_for_a_while() -> None:
    """Monitors ask often; the parts are asked once per period."""
    part, now = Part(), [0.0]
    health = Health({"storage": part}, lambda: now[0])
    for now[0] in (0.0, REMEMBER - 1, REMEMBER):
        assert (await health.report())["status"] == "ok"
    assert part.asked == 2
