"""One queue trigger for each `[producers.NAME]`."""

import azure.functions as func

from functions.traces import invocation_trace
from shared.rules.config import Producer
from shared.settings import Settings
from shared.wiring import CONNECTION, house


def build(settings: Settings) -> func.Blueprint:
    """A trigger per producer; none where `mail.toml` has faults, so that the queues stay untouched."""
    blueprint = func.Blueprint()
    for producer in settings.mail.producers.values() if settings.mail else ():
        _register(blueprint, producer)
    return blueprint


def _register(blueprint: func.Blueprint, producer: Producer) -> None:
    @blueprint.function_name(f"producer_{producer.name.replace('-', '_')}")
    @blueprint.queue_trigger(arg_name="message", queue_name=producer.queue, connection=CONNECTION)
    async def take(message: func.QueueMessage, context: func.Context) -> None:
        from shared.intake import Arrival

        arrival = Arrival(producer, message.get_body(), message.id or "", invocation_trace(context))
        await house().intake.take(arrival)
