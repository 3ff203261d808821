"""Trigger data for a function that an operator runs by hand."""

import datetime as dt
import time
import uuid

from azure.functions.meta import Datum

from devcloud.host.loaded import LoadedFunction
from devcloud.host.messages import ReceivedMessage, trigger_data
from devcloud.host.timers import Reason, payload
from devcloud.host.triggering import TriggerData


def manual_trigger_data(function: LoadedFunction, text: str) -> TriggerData:
    """Return what the worker gets: a timer that is not past due, or a message that exists in no queue."""
    if function.trigger.type == "timerTrigger":
        return TriggerData(Datum(payload(None, Reason.STARTUP), "json"))
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    message = ReceivedMessage(str(uuid.uuid4()), "", text, 1, now, None, None)
    return trigger_data(message, text.encode(), binary=function.trigger.is_binary)
