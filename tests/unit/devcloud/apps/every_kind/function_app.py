"""A sample app with one function of each kind that the stand-in host runs."""

import json
import time

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="message", queue_name="%JOBS_QUEUE%", connection="SampleStorage")
@app.queue_output(arg_name="result", queue_name="%RESULTS_QUEUE%", connection="SampleStorage")
def work(message: func.QueueMessage, result: func.Out[str]) -> None:
    """Report what was received."""
    body = message.get_body().decode()
    result.set(json.dumps({"body": body, "id": message.id, "count": message.dequeue_count, "at": time.time()}))


@app.route("things/{kind}/{*rest}", methods=["GET", "POST"])
async def things(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Report how the request looks."""
    seen = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "headers": dict(req.headers),
        "body": req.get_body().decode(),
        "trace": context.trace_context.trace_parent,
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", status_code=201)


@app.timer_trigger(arg_name="timer", schedule="%TICK%")
@app.queue_output(arg_name="result", queue_name="%TICKS_QUEUE%", connection="SampleStorage")
async def tick(timer: func.TimerRequest, result: func.Out[str]) -> None:
    """Report that the timer has fired."""
    result.set("past due" if timer.past_due else "on time")
