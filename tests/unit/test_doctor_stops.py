"""What the doctor says of stops and pauses: why, and the command that ends each."""

from shared.doctor_stops import of_stops
from shared.rules.findings import Finding, Standing
from shared.rules.outcome import Reason, Reply, Retry
from shared.rules.stops import EVERYTHING, Place, Scope
from tests.stage import Stage

SEND_AS = Reason("send-as-denied", "made up", "Add-RecipientPermission <from-mailbox> -Trustee <mailbox>")


async def found(stage: Stage) -> list[Finding]:
    """What is said about sender alerts."""
    return await of_stops(stage.stops, [stage.config.senders["alerts"]])


async def test_nothing_stands() -> None:
    """And that is said, too."""
    (finding,) = await found(Stage())
    assert finding.standing is Standing.OK


async def test_a_refusal_that_the_app_has_met_is_told_with_its_cure_and_the_way_on() -> None:
    """The addresses of the place are filled in."""
    stage = Stage()
    stage.gateway.outcomes = [Retry(3600.0, SEND_AS, Reply(554, "5.2.252"))]
    await stage.accept()
    await stage.run()
    (finding,) = await found(stage)
    assert finding.standing is Standing.FAULT
    assert finding.reason is not None
    assert finding.reason.fix == (
        "Add-RecipientPermission alerts@contoso.test -Trustee alerts@contoso.test; "
        "then python -m ops resume --mailbox alerts@contoso.test --why cured"
    )


async def test_a_pause_is_told_as_what_it_is() -> None:
    """A warning, with who and why, and the one command that ends it."""
    stage = Stage()
    await stage.stops.pause(EVERYTHING, who="Kim", why="moving")
    await stage.stops.pause(Place(Scope.SENDER, "alerts"), who="Sam", why="wrong recipients")
    fixes = {one.reason.fix: one.seen for one in await found(stage) if one.reason is not None}
    assert fixes == {
        "python -m ops resume --all --why cured": "Kim: moving",
        "python -m ops resume --sender alerts --why cured": "Sam: wrong recipients",
    }


async def test_other_senders_stops_are_not_told() -> None:
    """They are not in the way of this one's mail."""
    stage = Stage()
    await stage.stops.pause(Place(Scope.SENDER, "reports"), who="Sam", why="x")
    (finding,) = await found(stage)
    assert finding.standing is Standing.OK
