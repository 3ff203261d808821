"""mail.toml and the app settings that complete it: the file, its cloud, its app registration."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.rules.config import HttpAuth, Identity, IdentityWay, MailConfig
from shared.rules.config_checks import advise, check
from shared.rules.faults import Fault
from shared.rules.mail_toml import FILE, Tables, read_tables
from shared.rules.template_names import REQUIRED_FILES, valid_name
from shared.settings_environ import Registration, read_ca_file, read_cloud, read_registration
from shared.settings_table import AZURE_MARKS, CONFIG

TEMPLATES = "templates"

MAX_FILE = 1_000_000
"""Bytes of mail.toml. A real one has a few thousand; anything larger is another file."""

_POSITION = re.compile(r"(?P<cause>.*) \(at (?P<position>line \d+, column \d+|end of document)\)", re.DOTALL)
_NO_TABLES = Tables(cloud="", identity=Identity(), http_auth=HttpAuth.FUNCTION_KEY)


@dataclass(frozen=True, slots=True)
class MailPart:
    """What was read: `mail` is None as soon as there is one fault; `tables` holds what is sound all the same.

    `parsed` is False where the file could not be read at all, so that nothing is known of its names.
    """

    mail: MailConfig | None
    tables: Tables
    parsed: bool
    registration: Registration
    ca_file: str | None
    faults: list[Fault]
    warnings: list[Fault]


def read_mail(environ: Mapping[str, str], root: Path) -> MailPart:
    """mail.toml with everything that the environment adds to it; never raises for what somebody wrote there."""
    raw, digest, faults = _load(environ, root)
    tables = _NO_TABLES
    if raw is not None:
        tables, table_faults = read_tables(raw)
        faults += table_faults + check(tables, _template_names(root / TEMPLATES))
    needs_authority = tables.http_auth is HttpAuth.ENTRA or tables.identity.way is IdentityWay.FEDERATED
    cloud, cloud_faults = read_cloud(environ, tables.cloud, needs_authority=needs_authority) if tables.cloud else (None, [])
    ca_file, ca_faults = read_ca_file(environ, tables.cloud, root)
    registration, id_faults = read_registration(environ, tables)
    faults += cloud_faults + ca_faults + id_faults
    mail = None
    if cloud is not None and not faults:
        mail = MailConfig(
            cloud=cloud,
            identity=tables.identity,
            http_auth=tables.http_auth,
            http_audience=_audience(tables, registration),
            senders=tables.senders,
            callers=tables.callers,
            producers=tables.producers,
            webhooks=tables.webhooks,
            digests=tables.digests,
            retention=tables.retention,
            audit=tables.audit,
            licences=tables.licences,
            digest_of_file=digest,
        )
    return MailPart(mail, tables, raw is not None, registration, ca_file, faults, advise(tables))


def _audience(tables: Tables, registration: Registration) -> str | None:
    """Whom callers' tokens are for: unless the file says otherwise, the app registration by its usual name."""
    if tables.http_audience or tables.http_auth is not HttpAuth.ENTRA:
        return tables.http_audience
    return registration.client_id and f"api://{registration.client_id}"


def in_azure(environ: Mapping[str, str]) -> bool:
    """Whether the app runs on the platform and not on somebody's machine."""
    return any(mark in environ for mark in AZURE_MARKS)


def _load(environ: Mapping[str, str], root: Path) -> tuple[dict[str, Any] | None, str, list[Fault]]:
    """The parsed file and the SHA-256 of its bytes; (None, '', faults) where it cannot be read."""
    given = environ.get(CONFIG.name)
    path = root / (given or FILE)
    name = CONFIG.name if given else FILE
    try:
        if in_azure(environ) and not path.resolve().is_relative_to(root.resolve()):
            cause = "names a file outside the package, but in Azure only deployed files count"
            return None, "", [Fault(name, cause, f"deploy the file with the app, or remove the setting to use {FILE}")]
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a path that no file system can have
        cause = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({type(error).__name__})"
        return None, "", [Fault(name, f"the file {cause}", f"put {FILE} beside function_app.py, or set {CONFIG.name}")]
    raw, faults = _parse(content, name)
    return raw, hashlib.sha256(content).hexdigest(), faults


def _parse(content: bytes, name: str) -> tuple[dict[str, Any] | None, list[Fault]]:
    if len(content) > MAX_FILE:
        return None, [Fault(name, f"the file has more than {MAX_FILE} bytes", "name the right file")]
    try:
        return tomllib.loads(content.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, [Fault(name, f"line {line} is not UTF-8 text", "save the file as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        match = _POSITION.fullmatch(str(error))
        cause, position = (match["cause"], match["position"]) if match else ("the syntax is wrong", "an unknown place")
        return None, [Fault(name, f"is not valid TOML at {position}: {cause[:1].lower()}{cause[1:]}", "correct this line")]
    except RecursionError:
        return None, [Fault(name, "is nested too deeply", "write plain tables and arrays")]


def _template_names(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        return frozenset()
    complete = (path for path in folder.iterdir() if all((path / part).is_file() for part in REQUIRED_FILES))
    return frozenset(path.name for path in complete if valid_name(path.name))
