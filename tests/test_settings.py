"""Settings: who wins, what is refused, what a file looks like."""

import tomllib
from pathlib import Path

import pytest

from polyvox import settings
from polyvox.domain.errors import InvalidInput
from polyvox.settings import load


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_arguments_win_over_environment_over_dotenv_over_file_over_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load().server.port == 8080
    write("polyvox.toml", "[server]\nport = 1\nhost = '0.0.0.0'\n[cache]\nmax_mb = 7\n")
    assert load().server.port == 1
    write(".env", "POLYVOX_SERVER__PORT=2\nSOMETHING_ELSE=x\n")
    assert load().server.port == 2
    monkeypatch.setenv("POLYVOX_SERVER__PORT", "3")
    assert load().server.port == 3
    loaded = load({"server": {"port": 4}})
    assert (loaded.server.port, loaded.server.host, loaded.cache.max_mb) == (4, "0.0.0.0", 7)


def test_the_folders_file_wins_over_the_users(tmp_path: Path) -> None:
    write("config/polyvox/polyvox.toml", "[server]\nport = 1\n")
    assert load().server.port == 1
    write("config.yaml", "server:\n  port: 2\n")
    assert load().server.port == 2
    write("polyvox.toml", "[server]\nport = 3\n")
    assert load().server.port == 3
    assert load(file=write("other.yaml", "server: {port: 4}")).server.port == 4


def test_platforms_own_variables_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d?sslmode=require")
    monkeypatch.setenv("REDIS_URL", "redis://h")
    loaded = load()
    assert loaded.database_url == "postgresql://u:p@h/d?sslmode=require"
    assert loaded.storage.redis == "redis://h"
    monkeypatch.setenv("POLYVOX_STORAGE__DATABASE", "sqlite:///x.db")
    assert load().database_url == "sqlite:///x.db"


@pytest.mark.parametrize("value", ["espeak,tone", '["espeak", "tone"]', " espeak , tone "])
def test_lists_are_written_as_one_likes(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("POLYVOX_ENGINES__ENABLED", value)
    assert load().engines.enabled == ("espeak", "tone")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nprot = 1", "server.prot.*server.port"),
        ("[servr]\nport = 1", "servr"),
        ("[server]\nport = 'high'", "server.port"),
        ("[server]\nport = 70000", "server.port"),
        ("[cache]\nenabled = 'perhaps'", "cache.enabled"),
        ("server = 3", "server"),
        ("[[[", "malformed"),
        ("\x00", "malformed"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, named: str) -> None:
    write("polyvox.toml", text)
    with pytest.raises(InvalidInput, match=named):
        load()


def test_unknown_variables_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYVOX_SPEECH__VIOCE", "nova")
    with pytest.raises(InvalidInput, match=r"speech\.vioce.*speech\.voice"):
        load()


def test_a_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.toml"):
        load(file=Path("nowhere.toml"))
    monkeypatch.setenv("POLYVOX_CONFIG", "gone.toml")
    with pytest.raises(InvalidInput, match=r"gone\.toml"):
        load()


def test_the_default_file_changes_nothing_and_names_everything() -> None:
    text = settings.default_file()
    write("polyvox.toml", text)
    plain = load()
    uncommented = "\n".join(
        line.removeprefix("# ") if " = " in line else line for line in text.splitlines()
    )
    assert {f"{s}.{k}" for s, keys in tomllib.loads(uncommented).items() for k in keys} == set(
        settings.known_keys()
    )
    write("polyvox.toml", uncommented)
    assert load() == plain
