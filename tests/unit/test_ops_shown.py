"""The command line shows data from outside inert: a hostile app or mail changes nothing on the operator's screen."""

import io
import json

import pytest
from rich.console import Console

from ops import tables
from ops.pace_words import Times, sentences
from ops.shown import inert, plain, print_json
from tests.unit.hostile import FRAME, HOSTILE, SEEN, a_mail, a_pace, a_stop


def printed(*things: object) -> str:
    """What a terminal with colours would get."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=200, color_system=None, legacy_windows=False)
    for thing in things:
        console.print(thing)
    return out.getvalue().replace("\x1b[1m", "").replace("\x1b[3m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_value_is_printed_with_every_character_seen(value: str) -> None:
    """What a terminal would act on, hide or reorder stands there as its escape; markup is text."""
    assert set(plain(value)) <= SEEN
    assert printed(inert(value)).replace("\n", "") == plain(value)


def test_what_can_be_seen_stays_as_it_is() -> None:
    """Letters of any script, with an accent made of two characters as one."""
    assert plain("Zoë, Łódź, 東京, Ωmega, e\u0301") == "Zoë, Łódź, 東京, Ωmega, é"
    assert plain(None) == plain("") == "-"
    assert plain(0) == "0"


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_every_table_is_inert(value: str) -> None:
    """Whatever column the data stands in."""
    mail = a_mail(value)
    made = [
        tables.mails("mails", [mail]),
        tables.addressed("mails", [mail]),
        tables.left([mail]),
        tables.unreadable([mail]),
        tables.stops("stopped", [a_stop(value)]),
        tables.timeline(mail["timeline"]),
        tables.recipients(mail["recipients"]),
        tables.facts("facts", {value: value}),
        tables.paces("pace", a_pace(value)["mailboxes"], Times(value)),
        *map(inert, sentences(a_pace(value), Times(value))),
    ]
    assert set(printed(*made)) <= SEEN | FRAME


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_json_is_inert_and_means_the_same(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the value that the app gave; a terminal sees ASCII."""
    print_json({"value": value})
    out = capsys.readouterr().out
    assert set(out) <= SEEN | {"\n"}
    assert json.loads(out) == {"value": value}
