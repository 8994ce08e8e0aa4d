"""A server that others can reach does not start before somebody has a key, or wants none."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import httpx
import pytest

from tests.flows.access.processes import KEY, bearer, done, place, printed, starting

pytestmark = pytest.mark.long


def test_nobody_can_start_it_for_others_without_a_key_and_the_line_that_is_told_mends_it(
    tmp_path: Path,
) -> None:
    code, said = done(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")
    assert code == 1
    assert "listens" not in said
    told = re.search(r"polyvox (keys create [\w -]+)", said)
    assert told
    code, made = done(tmp_path, *shlex.split(told[1]))
    assert code == 0, made
    key = re.findall(KEY, made)[0]
    with starting(tmp_path) as said:
        assert not printed(said)
        assert httpx.get(f"{place(said)}/v1/keys").status_code == 401
        assert httpx.get(f"{place(said)}/v1/keys", headers=bearer(key)).status_code == 200


def test_a_key_that_manages_nothing_is_not_enough_to_start(tmp_path: Path) -> None:
    done(tmp_path, "keys", "create", "--name", "speaks")
    done(tmp_path, "keys", "create", "--name", "guest", "--scope", "admin", "--expires-in", "1e-6")
    time.sleep(0.1)
    assert done(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")[0] == 1


def test_who_asks_for_it_lets_everybody_in(tmp_path: Path) -> None:
    with starting(tmp_path, "--insecure") as said:
        assert httpx.get(f"{place(said)}/v1/keys").status_code == 200


def test_the_first_start_prints_a_key_and_no_later_one(tmp_path: Path) -> None:
    with starting(tmp_path, "--bootstrap") as said:
        (key,) = printed(said)
        answer = httpx.get(f"{place(said)}/v1/keys", headers=bearer(key)).json()
        assert [each["name"] for each in answer["keys"]] == ["admin"]
    with starting(tmp_path, "--bootstrap") as said:
        assert "pv_" not in said
        assert httpx.get(f"{place(said)}/v1/keys", headers=bearer(key)).status_code == 200
