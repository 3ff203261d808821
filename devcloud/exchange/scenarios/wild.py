"""Scenarios that fit any stage: cuts, silence, slowness, noise."""

from devcloud.exchange import replies
from devcloud.exchange.actions import Action, Answer, Bend, Cut, CutAfter, Dribble, Hang, Pause
from devcloud.exchange.replies import Raw, Reply, front
from devcloud.exchange.scenarios.registry import Moment, anywhere, scenario


@scenario(whole_connection=True, after_bytes=0)
def cut_after_client_bytes(at: Moment) -> Action:
    """Drops the connection once this many of the client's plain bytes have come, counted from the start."""
    return CutAfter("client", int(at.options["after_bytes"]))


@scenario(whole_connection=True, after_bytes=0)
def cut_after_server_bytes(at: Moment) -> Action:
    """Drops the connection once this many plain bytes have been said, counted from the start."""
    return CutAfter("server", int(at.options["after_bytes"]))


@scenario(*anywhere("dot"), reset=False)
def cut(at: Moment) -> Action:
    """Drops the connection in place of the answer, by end of file or by reset."""
    return Cut(reset=bool(at.options["reset"]))


@scenario(*anywhere("dot"))
def hang(_: Moment) -> Action:
    """Never answers, and keeps the connection."""
    return Hang()


@scenario(*anywhere("dot"), seconds=5.0)
def slow_reply(at: Moment) -> Action:
    """Waits before it goes on as usual."""
    return Pause(float(at.options["seconds"]))


@scenario("connect", seconds=5.0)
def tarpit(at: Moment) -> Action:
    """Waits before every answer of the connection."""
    return Bend({"tarpit": float(at.options["seconds"])})


@scenario(*anywhere("connect"))
def dribble(_: Moment) -> Action:
    """Sends every byte by itself from here on."""
    return Dribble()


@scenario(*anywhere("dot"), text="\x00\x1b\xffthis is not SMTP\r\n")
def garbage_reply(at: Moment) -> Action:
    """Answers with bytes that are no reply."""
    return Answer(Raw(str(at.options["text"]).encode("latin-1", "replace")))


@scenario(*anywhere("accepted"), length=100_000, code=250)
def over_long_reply(at: Moment) -> Action:
    """Answers with one line of this many octets."""
    text = "2.0.0 OK " if int(at.options["code"]) < 400 else "5.0.0 "
    return Answer(Reply(int(at.options["code"]), text + "x" * (int(at.options["length"]) - len(text) - 4)))


@scenario(*anywhere("accepted"), lines=1_000, code=250)
def endless_reply(at: Moment) -> Action:
    """Answers with this many continuation lines."""
    return Answer(Reply(int(at.options["code"]), "2.0.0 OK", more=("2.0.0 OK",) * (int(at.options["lines"]) - 1)))


@scenario(*anywhere("noop"))
def unrecognized_command(at: Moment) -> Action:
    """500 5.3.3: does not know the command."""
    return Answer(replies.unrecognized_command(at.stage.upper()))


@scenario(*anywhere("dot"), code=554, text="5.0.0 Refused by scenario")
def custom_reply(at: Moment) -> Action:
    """Any reply that a test wants."""
    return Answer(front(int(at.options["code"]), str(at.options["text"])))
