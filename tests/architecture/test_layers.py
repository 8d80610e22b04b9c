"""The import contracts of pyproject.toml hold, and the tree keeps its shape."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:]


def test_no_drawers_for_homeless_functions() -> None:
    names = {"utils", "helpers", "common", "misc"}
    found = [p for base in ("app", "models") for p in (ROOT / base).rglob("*") if p.stem in names]
    assert not found


def test_method_files_stay_readable() -> None:
    for path in (ROOT / "models/methods").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 200, f"{path.name} is longer than a method may be"


def test_nothing_outside_methods_and_registry_names_a_method() -> None:
    """Engine, index, metrics and app follow the spec, never a name."""
    from models.registry import method_names

    for base in ("app", "models/engine", "models/index", "models/metrics", "models/codes", "models/networks"):
        for path in (ROOT / base).rglob("*.py"):
            text = path.read_text()
            named = [n for n in method_names() if f'"{n}"' in text or f"'{n}'" in text]
            assert not named, f"{path.relative_to(ROOT)} names {named}"


def test_opening_pages_needs_no_torch() -> None:
    """Browsing works from stored arrays; torch costs seconds and is loaded when something needs a network."""
    program = (
        "import sys, models.types, models.spec, models.data, models.metrics, models.index, models.codes, "
        "models.registry, models.engine.store; print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_no_path_of_a_machine_in_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    suspicious = ("/home" + "/", "/work" + "/main", "/root" + "/", "/Users" + "/")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".txt", ".yml", ".js", ".css"} and path.exists():
            text = path.read_text()
            assert not any(s in text for s in suspicious), f"{name} holds a path of a machine"
