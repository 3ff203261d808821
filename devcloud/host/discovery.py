"""From a folder to loaded functions, through the public azure-functions API only (worker loader.py is the model)."""

import importlib
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from azure.functions import Function, FunctionRegister

from devcloud.host.faults import LoadFault
from devcloud.host.loaded import Binding, LoadedFunction
from devcloud.host.signatures import load

SCRIPT_SETTING = "PYTHON_SCRIPT_FILE_NAME"
DEFAULT_SCRIPT = "function_app.py"

logger = logging.getLogger(__name__)


def discover(directory: Path, settings: Mapping[str, str]) -> list[LoadedFunction]:
    """Import the app in `directory` and load its functions.

    Raises:
        LoadFault: in Azure this would show as "0 functions found" or as a load error.
    """
    script = settings.get(SCRIPT_SETTING, DEFAULT_SCRIPT)
    return index(find_app(import_script(directory, script), script))


def import_script(directory: Path, script: str) -> ModuleType:
    """Import `script` with `directory` first on the module path.

    Raises:
        LoadFault: the name is no module, the file does not exist, or importing it fails.
    """
    path = directory / script
    if path.suffix != ".py" or not path.stem.isidentifier() or path.parent != directory:
        raise LoadFault(f"{SCRIPT_SETTING}: {script!r} is not the name of a Python file in the app's folder")
    if not path.is_file():
        # The real worker falls back to looking for function.json folders, finds none and reports 0 functions.
        raise LoadFault(f"{script} does not exist in the app's folder, so there are 0 functions")
    sys.path.insert(0, str(directory))
    try:
        return importlib.import_module(path.stem)
    except Exception as error:
        raise LoadFault(f"importing {script} failed: {type(error).__name__}: {error}") from error


def find_app(module: ModuleType, script: str = DEFAULT_SCRIPT) -> FunctionRegister:
    """Return the one app object that `module` defines.

    Raises:
        LoadFault: it defines none, or has more than one name for one.
    """
    values = [getattr(module, name, None) for name in dir(module)]
    apps = [value for value in values if isinstance(value, FunctionRegister)]
    if not apps:
        raise LoadFault(f"{script} defines no function app at its top level")
    if len(apps) > 1:
        raise LoadFault(f"{script} defines more than one function app at its top level")
    return apps[0]


def index(app: FunctionRegister) -> list[LoadedFunction]:
    """Ask `app` for its functions, once, and check each of them.

    Raises:
        LoadFault: no function, two of one name, a function without trigger, or a check of `signatures` fails.
    """
    try:
        functions = app.get_functions()
    except ValueError as error:
        raise LoadFault(f"the function app cannot be indexed: {error}") from error
    if not functions:
        raise LoadFault("the function app defines 0 functions")
    return [_loaded(function) for function in functions]


def _loaded(function: Function) -> LoadedFunction:
    name = function.get_function_name() or ""
    retry: dict[str, Any] | None = function.get_settings_dict("retry_policy")
    if retry is not None:
        logger.warning("function %s has a retry policy, which this stand-in does not run", name)
    bindings = [_binding(json.loads(raw)) for raw in function.get_raw_bindings()]
    return load(name, function.get_user_function(), bindings, retry)


def _binding(raw: dict[str, object]) -> Binding:
    return Binding(
        name=str(raw.get("name", "")),
        type=str(raw.get("type", "")),
        direction=str(raw.get("direction", "")).upper(),
        fields=raw,
    )
