"""What an operator sees of the pace, in a running app."""

import json

from tests.flows.client import Client
from tests.flows.operating import ops
from tests.flows.processes import Cloud


def test_an_operator_sees_what_a_mailbox_sent(client: Client, cloud: Cloud, fresh_sender: str) -> None:
    """Before its first mail a mailbox has an empty pace; afterwards its recipients count, also those of other domains."""
    assert _box(cloud, fresh_sender)["recipients"]["used"] == 0
    mail = client.submit(sender=fresh_sender, to=["ops@contoso.test", "bob@fabrikam.test"])
    assert client.settled(mail)["state"] == "sent"
    box = _box(cloud, fresh_sender)
    assert (box["recipients"]["used"], box["recipients"]["external"]) == (2, 1)
    assert box["last_minute"]["sent"] >= 1
    shown = ops(cloud, "pace").stdout
    assert f"{fresh_sender}@contoso.test" in shown
    assert "set licences in [cloud] of mail.toml" in shown


def test_the_pace_is_for_operators_alone(client: Client) -> None:
    """It names the mailboxes: a caller's key opens nothing there."""
    assert client.get("operator/pace").status_code == 401


def _box(cloud: Cloud, sender: str) -> dict[str, dict[str, int]]:
    """What the app says of this sender's mailbox; exit code 1 is fine, as other tests let Exchange slow others down."""
    done = ops(cloud, "pace", "--json")
    assert done.returncode in (0, 1), done.stderr
    (box,) = (one for one in json.loads(done.stdout)["mailboxes"] if one["mailbox"].startswith(f"{sender}@"))
    assert isinstance(box, dict)
    return box
