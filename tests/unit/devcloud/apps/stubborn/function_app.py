"""A sample app whose function begins, says so in a file, and ends only when it may."""

import os
import threading
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="message", queue_name="%JOBS_QUEUE%", connection="SampleStorage")
def work(message: func.QueueMessage) -> None:
    """Append the dequeue count to a file; the first attempt then blocks for SECONDS."""
    with Path(os.environ["STARTED_FILE"]).open("a", encoding="utf-8") as started:
        started.write(f"{message.dequeue_count}\n")
    if message.dequeue_count == 1:
        threading.Event().wait(float(os.environ["SECONDS"]))
