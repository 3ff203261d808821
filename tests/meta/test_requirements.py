"""The pinned files: every line pinned and hashed, no registry named, made from pyproject.toml, and installable in Azure."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.worker_libraries import REQUIREMENTS, pins

ROOT = Path(__file__).parents[2]
DEPLOYED = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "tests" / "requirements.txt"
BENCHMARK = ROOT / "bench" / "requirements.txt"
FILES = (DEPLOYED, DEVELOPMENT, REQUIREMENTS, BENCHMARK)
LOCKS = (ROOT / "devcloud" / "package-lock.json", ROOT / "bench" / "package-lock.json")

PYTHONS = ("3.11", "3.12")
"""Those that pyproject.toml allows."""

PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
"""Wheels that Azure's Linux takes: its oldest image for these Pythons has a newer C library than 2.28."""

PIP_SECONDS = 300.0
"""Some five where the packages are near; the rest is for a slow network."""

HASH = re.compile(r"sha256:[0-9a-f]{64}")


def name_of(path: Path) -> str:
    """Path from the root."""
    return str(path.relative_to(ROOT))


def entries(path: Path) -> list[str]:
    """The file's requirements, each with its hashes in one line; comments are left out."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return [line.strip() for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def pinned(path: Path) -> dict[str, Requirement]:
    """Name → requirement, hashes taken off."""
    parsed = [Requirement(entry.partition(" --hash=")[0]) for entry in entries(path)]
    return {one.name: one for one in parsed}


def version(requirement: Requirement) -> str:
    """The one version that a pin allows."""
    (only,) = requirement.specifier
    return only.version


def declared(*groups: str) -> list[Requirement]:
    """The direct dependencies of pyproject.toml, and those of its groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    texts = list(project["project"]["dependencies"])
    texts += [text for group in groups for text in project["dependency-groups"][group]]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    """Each names one version, by ==, and at least one SHA-256; nothing stands twice."""
    assert entries(path)
    for entry in entries(path):
        requirement, *hashes = entry.split(" --hash=")
        assert re.fullmatch(r"[a-z0-9.-]+==[^\s,*;]+(\s*;.+)?\s*", requirement), entry
        assert hashes, f"{requirement} has no hash"
        assert all(HASH.fullmatch(one.strip()) for one in hashes), entry
    assert len(pinned(path)) == len(entries(path))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_registry_is_named(path: Path) -> None:
    """Where packages come from is whose machine it is: no address, not even in a comment, and no option but the hashes."""
    assert "://" not in path.read_text()
    options = re.findall(r"(?<!\S)-[^\s=]*", "\n".join(entries(path)))
    assert set(options) == {"--hash"}


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_no_registry_of_node_packages_is_named(path: Path) -> None:
    """Every package is pinned by its hash, and none says where it was downloaded."""
    packages = {name: one for name, one in json.loads(path.read_text())["packages"].items() if name}
    assert packages
    assert all(one.get("integrity", "").startswith("sha512-") and "resolved" not in one for one in packages.values())


def test_the_deployed_set_comes_from_pyproject() -> None:
    """Every direct dependency is pinned, in a version that pyproject.toml asks for."""
    pins_of = pinned(DEPLOYED)
    for wanted in declared():
        assert wanted.name in pins_of, f"{wanted.name} is not pinned: run `make lock`"
        assert wanted.specifier.contains(version(pins_of[wanted.name]), prereleases=True), wanted


def test_tests_run_with_what_is_deployed() -> None:
    """The development set has the same versions, and on top what the groups of pyproject.toml ask for."""
    deployed, development = pinned(DEPLOYED), pinned(DEVELOPMENT)
    assert {name: str(one) for name, one in development.items() if name in deployed} == {
        name: str(one) for name, one in deployed.items()
    }
    for wanted in declared("ops", "devcloud", "tests"):
        assert wanted.specifier.contains(version(development[wanted.name]), prereleases=True), wanted


def test_the_benchmark_runs_with_what_is_tested() -> None:
    """Its peers are those that pyproject.toml asks for, and what both sets hold has the same version."""
    benchmark, development = pinned(BENCHMARK), pinned(DEVELOPMENT)
    for wanted in declared("bench")[len(declared()) :]:
        assert wanted.specifier.contains(version(benchmark[wanted.name]), prereleases=True), wanted
    both = benchmark.keys() & development.keys()
    assert {name: version(benchmark[name]) for name in both} == {name: version(development[name]) for name in both}


def test_nothing_of_the_worker_or_the_tools_is_deployed() -> None:
    """The worker's own package must not be in the file, and tools stay at home."""
    tools = {one.name for one in declared("ops", "devcloud", "tests")} - {one.name for one in declared()}
    # What exports the spans needs it as well.
    allowed = {"opentelemetry-proto"}
    assert not {"azure-functions-worker", "grpcio", *tools} & pinned(DEPLOYED).keys() - allowed


def test_the_workers_libraries_are_those_of_the_worker() -> None:
    """The classic worker 4.x asks for grpcio 1.59 and protobuf 4.25 on Python 3.11 and 3.12."""
    found = {name: text.rpartition(".")[0] for name, text in pins().items()}
    assert found == {"grpcio": "1.59", "protobuf": "4.25"}


@pytest.fixture(scope="module")
def resolutions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """What pip would install for each Python; it looks for all of them at the same time."""
    folder = tmp_path_factory.mktemp("resolutions")
    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        yield {python: pool.submit(resolve, python, folder) for python in PYTHONS}


def resolve(python: str, folder: Path) -> dict[str, Any]:
    """pip's report of installing the deployed set for a Python on Linux x86_64, without installing it."""
    report = folder / f"python{python}.json"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run"]
    command += ["--ignore-installed", "--require-hashes", "--only-binary=:all:", "--python-version", python]
    command += [f"--platform={platform}" for platform in PLATFORMS]
    command += ["--target", str(folder / "never-made"), "--report", str(report), "--requirement", str(DEPLOYED)]
    subprocess.run(command, check=True, timeout=PIP_SECONDS)  # noqa: S603 - our own command, no shell
    found: dict[str, Any] = json.loads(report.read_text())
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_it_installs_on_azures_linux(resolutions: dict[str, Future[dict[str, Any]]], python: str) -> None:
    """pip finds a wheel with a known hash for every pin, needs nothing that is not pinned, and sees no conflict."""
    report = resolutions[python].result()
    installed = {one["metadata"]["name"].lower().replace("_", "-"): one["metadata"]["version"] for one in report["install"]}
    assert installed == {name: version(one) for name, one in pinned(DEPLOYED).items()}
