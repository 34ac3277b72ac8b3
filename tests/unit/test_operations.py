"""What docs/operations tells people to run: valid files, and only settings and commands that exist."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml
from celery.bin.worker import worker as celery_worker
from jsonschema import Draft202012Validator
from pydantic import AliasChoices

from scrapeq import cli
from scrapeq.settings import Settings

HERE = Path(__file__).parents[2] / "docs" / "operations"
SCHEMAS = Path(__file__).parents[1] / "schemas"
PAGES = sorted(HERE.glob("*.md"))
UNITS = sorted((HERE / "systemd").glob("*.*er")) + sorted((HERE / "systemd").glob("*.service"))
#: Variables of others: the images', the shell's, the files' own.
NOT_OURS = {
    *("REDIS_PASSWORD", "REDISCLI_AUTH", "SERVER_NAME"),
    *("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"),
}
#: A call in a unit or a page, what follows its name: at the start of a line, in a folder, behind kubectl's
#: `--` or compose's service, or in the middle of a sentence.
CALLED = re.compile(
    r"(?:^ {4}(?:\w+=\S+ )*scrapeq|/bin/scrapeq|-- scrapeq|`scrapeq|--rm (?:serve|worker)) ([a-z][^`\n]*)",
    re.MULTILINE,
)


def schema(name: str) -> Any:
    return json.loads(gzip.decompress((SCHEMAS / name).read_bytes()))


def text_of(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(text_of("compose.yaml"))


@pytest.fixture(scope="module")
def manifests() -> list[Any]:
    return list(yaml.safe_load_all(text_of("kubernetes/scrapeq.yaml")))


def test_the_compose_file_is_valid(compose: Any) -> None:
    assert list(Draft202012Validator(schema("compose.json.gz")).iter_errors(compose)) == []


def test_the_compose_file_names_only_what_it_has(compose: Any) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert set(service.get("networks", ())) <= set(compose["networks"])
        mounts = {mount.partition(":")[0] for mount in service.get("volumes", ())}
        assert mounts <= set(compose["volumes"])
    build = services["migrate"]["build"]
    assert ((HERE / build["context"]) / build["dockerfile"]).resolve() == HERE / "Dockerfile"


def test_the_manifests_are_valid(manifests: list[Any]) -> None:
    kubernetes = schema("kubernetes.json.gz")
    for manifest in manifests:
        kind = kubernetes["kinds"][f"{manifest['apiVersion']}/{manifest['kind']}"]
        validator = Draft202012Validator({**kubernetes, "$ref": f"#/$defs/{kind}"})
        assert list(validator.iter_errors(manifest)) == []


def test_the_schemas_refuse_what_is_wrong(compose: Any, manifests: list[Any]) -> None:
    wrong = {**compose, "services": {"worker": {"comand": ["worker"]}}}
    assert not Draft202012Validator(schema("compose.json.gz")).is_valid(wrong)
    kubernetes = schema("kubernetes.json.gz")
    deployment = {**kubernetes, "$ref": "#/$defs/io.k8s.api.apps.v1.Deployment"}
    for manifest in manifests:
        if manifest["kind"] == "Deployment":
            manifest["spec"]["template"]["spec"]["containers"][0]["arg"] = ["worker"]
            assert not Draft202012Validator(deployment).is_valid(manifest)
            del manifest["spec"]["template"]["spec"]["containers"][0]["arg"]


def test_the_manifests_fit_together(manifests: list[Any]) -> None:
    named = {(one["kind"], one["metadata"]["name"]) for one in manifests}
    pods = [one["spec"]["template"] for one in manifests if "template" in one.get("spec", {})]
    labels = {pod["metadata"]["labels"]["app"] for pod in pods}
    for pod in pods:
        for container in containers_of(pod["spec"]):
            for source in container.get("envFrom", ()):
                ((kind, reference),) = source.items()
                what = {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind]
                assert (what, reference["name"]) in named
    for one in manifests:
        if one["kind"] == "Service":
            assert one["spec"]["selector"]["app"] in labels


def test_the_units_are_valid(
    tmp_path: Path, needs_service: Callable[[str, object, str], None]
) -> None:
    needs_service("systemd", shutil.which("systemd-analyze"), "apt install systemd")
    programs = f"{Path(sys.executable).parent}/"
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/scrapeq/bin/", programs)
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text)
    names = [str(one) for one in sorted(tmp_path.iterdir())]

    # "no": a unit of the system that cannot be found is no fault of these
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    about_these = [line for line in verified.stderr.splitlines() if "scrapeq" in line]
    assert (about_these, verified.returncode) == ([], 0)


def test_every_variable_exists(compose: Any, manifests: list[Any]) -> None:
    aliases = [field.validation_alias for field in Settings.model_fields.values()]
    known = {
        str(name)
        for alias in aliases
        for name in (alias.choices if isinstance(alias, AliasChoices) else [alias])
    }
    named = set(re.findall(r"^([A-Z_]+)=", text_of("systemd/scrapeq.env"), re.MULTILINE))
    named |= {name for one in compose["services"].values() for name in one.get("environment", ())}
    for one in manifests:
        named |= {*one.get("data", ()), *one.get("stringData", ())}
    everything = "".join(path.read_text("utf-8") for path in HERE.rglob("*") if path.is_file())
    named |= set(re.findall(r"\b(?:SCRAPEQ|CELERY|REDIS)_[A-Z_]+\b", everything))

    assert named - known == named & NOT_OURS
    assert {"REDIS_URL", "SCRAPEQ_DATABASE_URL", "SCRAPEQ_SECRET_KEY"} <= named


def test_every_command_exists(compose: Any, manifests: list[Any]) -> None:
    found = list(commands(compose, manifests))

    for words in found:
        check_command(words)
    assert {words[0] for words in found} >= {"worker", "serve", "migrate", "token", "doctor"}


def commands(compose: Any, manifests: list[Any]) -> Iterator[list[str]]:
    """What follows `scrapeq`, wherever it is called."""
    for service in compose["services"].values():
        if service["image"] == "scrapeq":
            yield service["command"]
    for one in manifests:
        for container in containers_of(one.get("spec", {}).get("template", {}).get("spec", {})):
            if container["image"].startswith("scrapeq"):
                yield container["args"]
    for path in [*HERE.rglob("*.service"), *HERE.rglob("*.yaml"), *PAGES]:
        for called in CALLED.findall(path.read_text("utf-8")):
            yield shlex.split(called, comments=True)


def containers_of(spec: Any) -> list[Any]:
    return [*spec.get("initContainers", ()), *spec.get("containers", ())]


def check_command(words: list[str]) -> None:
    command: Any = typer.main.get_command(cli.app)
    context = click.Context(command)
    rest = list(words)
    while isinstance(command, click.Group | typer.core.TyperGroup):
        assert rest, f"{words} ends too soon"
        assert rest[0] in command.commands, f"there is no scrapeq {rest[0]} in {words}"
        command = command.commands[rest.pop(0)]
        context = click.Context(command, parent=context)
    options = [flag for one in command.params for flag in one.opts]
    if command.name == "worker":
        options = [flag for one in celery_worker.params for flag in one.opts]
    for word in rest:
        if word.startswith("-"):
            assert word.partition("=")[0] in options, f"{word} of {words}"
