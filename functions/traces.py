"""The trace that the host gives to an invocation."""

import azure.functions as func


def invocation_trace(context: func.Context) -> str:
    """The invocation's traceparent, '' where the host gives none."""
    trace = getattr(context, "trace_context", None)
    return getattr(trace, "trace_parent", None) or ""
