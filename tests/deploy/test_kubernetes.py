"""The manifests fit Kubernetes' own schemas, and each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.deploy

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
NAMES = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
VERSIONS = ("1.30", "1.37")


def read(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def everything() -> list[dict[str, Any]]:
    return [manifest for name in NAMES for manifest in read(name)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_fits_the_schema(name: str, version: str) -> None:
    import kubernetes_validate  # type: ignore[import-not-found, import-untyped, unused-ignore]

    for manifest in read(name):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_that_does_not_fit_is_refused() -> None:
    import kubernetes_validate  # type: ignore[import-not-found, import-untyped, unused-ignore]

    wrong = read("jobs.yaml")[0]
    wrong["spec"]["template"]["spec"]["containers"][0]["arg"] = ["serve"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_file_is_in_the_list_or_named_there() -> None:
    listed = (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
    for name in NAMES:
        assert name in listed


def test_what_a_pod_takes_its_variables_from_is_there() -> None:
    there = {(each["kind"], each["metadata"]["name"]) for each in everything()}
    for manifest in everything():
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []):
            for source in container["envFrom"]:
                kind = "Secret" if "secretRef" in source else "ConfigMap"
                assert (kind, next(iter(source.values()))["name"]) in there


def test_whatever_chooses_pods_finds_some() -> None:
    pods = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in everything()
        if "template" in each.get("spec", {})
    ]
    for manifest in everything():
        if manifest["kind"] in ("Service", "PodDisruptionBudget"):
            chosen = manifest["spec"]["selector"]
            wanted = chosen.get("matchLabels", chosen).items()
            assert any(wanted <= labels.items() for labels in pods)


def test_a_worker_gets_the_token_and_no_other_secret() -> None:
    for name in ("worker.yaml", "worker-gpu.yaml"):
        container = read(name)[0]["spec"]["template"]["spec"]["containers"][0]
        assert container["envFrom"] == [{"secretRef": {"name": "polyvox-token"}}]


def test_the_first_key_is_made_where_the_database_is_known_and_no_log_tells_it() -> None:
    """With two gateways and a collector of logs, none of them prints one."""
    variables = read("settings.yaml")[0]["data"]
    assert variables["POLYVOX_ACCESS__BOOTSTRAP"] == "false"
    told = (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
    made_in = re.search(r"exec deploy/(\w+) -- polyvox keys create .*--scope admin$", told, re.M)
    assert made_in
    pod = read(f"{made_in[1]}.yaml")[0]["spec"]["template"]["spec"]["containers"][0]
    assert {"secretRef": {"name": "polyvox"}} in pod["envFrom"]


def test_workers_reach_a_gateway_that_is_not_ready_yet() -> None:
    """A gateway may be ready only once a worker has registered."""
    services = {
        each["metadata"]["name"]: each for each in everything() if each["kind"] == "Service"
    }
    for name in ("worker.yaml", "worker-gpu.yaml"):
        arguments = read(name)[0]["spec"]["template"]["spec"]["containers"][0]["args"]
        gateway = next(each for each in arguments if each.startswith("--gateway="))
        service = services[gateway.partition("//")[2].partition(":")[0]]
        assert service["spec"]["publishNotReadyAddresses"] is True
