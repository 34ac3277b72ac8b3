"""Make the schemas of this folder anew from two wheels: see README.md."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COMPOSE = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
KUBERNETES = "kubernetes_validate/kubernetes-json-schema/v1.33.0-local-strict/_definitions.json"
#: By group, version and kind, as the schemas name them.
KINDS = {
    "v1/Namespace": "io.k8s.api.core.v1.Namespace",
    "v1/Secret": "io.k8s.api.core.v1.Secret",
    "v1/ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "v1/Service": "io.k8s.api.core.v1.Service",
    "apps/v1/Deployment": "io.k8s.api.apps.v1.Deployment",
    "apps/v1/StatefulSet": "io.k8s.api.apps.v1.StatefulSet",
    "batch/v1/Job": "io.k8s.api.batch.v1.Job",
    "batch/v1/CronJob": "io.k8s.api.batch.v1.CronJob",
    "networking.k8s.io/v1/Ingress": "io.k8s.api.networking.v1.Ingress",
    "networking.k8s.io/v1/NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "policy/v1/PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
}


def read(wheel: str, name: str) -> Any:
    with zipfile.ZipFile(wheel) as packed:
        return json.loads(packed.read(name))


def without_words(value: Any, *, names: bool = False) -> Any:
    """A schema without its descriptions; names: the keys are those of properties."""
    if isinstance(value, list):
        return [without_words(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_words(one, names=key in {"properties", "$defs"} and not names)
        for key, one in value.items()
        if names or key != "description"
    }


def definitions_of(everything: dict[str, Any]) -> dict[str, Any]:
    """The definitions of `KINDS`, and those that they refer to."""
    found: dict[str, Any] = {}
    missing = list(KINDS.values())
    while missing:
        name = missing.pop()
        if name not in found:
            found[name] = without_words(everything[name])
            missing += references(found[name])
    return found


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in references(one)]
    if not isinstance(value, dict):
        return []
    own = value.get("$ref")
    named = [own.rpartition("/")[2]] if isinstance(own, str) else []
    return named + [name for one in value.values() for name in references(one)]


def write(name: str, schema: Any) -> None:
    text = json.dumps(schema, separators=(",", ":"), sort_keys=True).encode()
    (HERE / name).write_bytes(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    check_jsonschema, kubernetes_validate = sys.argv[1:]
    write("compose.json.gz", without_words(read(check_jsonschema, COMPOSE)))
    definitions = definitions_of(read(kubernetes_validate, KUBERNETES)["$defs"])
    write("kubernetes.json.gz", {"$defs": definitions, "kinds": KINDS})
