"""The trigger on the private queue `sending`: every mail leaves through here."""

import azure.functions as func

from shared.rules.storage_names import SENDING
from shared.wiring import CONNECTION, house

blueprint = func.Blueprint()


@blueprint.function_name("send")
@blueprint.queue_trigger(arg_name="message", queue_name=SENDING, connection=CONNECTION)
async def send(message: func.QueueMessage) -> None:
    """Take one order as far as it goes. An unreadable order is a bug or a stranger's: the host gives it up, and the tick
    writes it down."""
    from shared.rules.orders import decode

    await house().send.process(decode(message.get_body()))
