"""Entry point of the Azure Functions app (Python v2 model): the app object, and nothing else."""

import azure.functions as func

from functions import blueprints

app = func.FunctionApp()
for blueprint in blueprints():
    app.register_functions(blueprint)
