"""The package as it is installed: what it is made of, and that it stands alone."""

import ast
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import chat_engine
from chat_engine import _native

# What every Linux has. The first is no file; the last is the loader itself.
LIBRARIES = re.compile(r"(linux-vdso|libc|libm|libgcc_s|libpthread|ld-linux[\w-]*)\.so\.\d+")


def test_nothing_is_required() -> None:
    required = distribution("chat-engine").metadata.get_all("Requires-Dist") or []
    assert [line for line in required if "extra ==" not in line] == []


def test_the_version_is_the_same_everywhere() -> None:
    metadata = distribution("chat-engine").metadata
    assert metadata["Name"] == "chat-engine"
    assert metadata["Version"] == chat_engine.__version__ == _native.__version__
    assert metadata["Requires-Python"] == ">=3.10"


def test_one_wheel_is_for_every_python() -> None:
    wheel = distribution("chat-engine").read_text("WHEEL") or ""
    tags = re.findall(r"^Tag: (.*)$", wheel, re.M)
    assert tags and all(tag.startswith("cp310-abi3-") for tag in tags), tags
    assert _native.__file__.endswith("/_native.abi3.so")


def test_the_module_needs_no_library_but_the_systems() -> None:
    listed = subprocess.run(["ldd", _native.__file__], capture_output=True, text=True, check=True).stdout
    needed = [Path(line.split()[0]).name for line in listed.splitlines()]
    assert needed
    assert [name for name in needed if not LIBRARIES.fullmatch(name)] == [], listed


def test_the_types_come_along() -> None:
    package = Path(chat_engine.__file__).parent
    assert (package / "py.typed").is_file()
    assert (package / "_native.pyi").is_file()


def test_everything_that_the_stubs_name_is_exported() -> None:
    stubs = ast.parse((Path(chat_engine.__file__).parent / "_native.pyi").read_text())
    named = {node.name for node in stubs.body if isinstance(node, ast.ClassDef)}
    named |= {node.target.id for node in stubs.body if isinstance(node, ast.AnnAssign) and hasattr(node.target, "id")}
    missing = {name for name in named if not name.startswith("_") and not hasattr(chat_engine, name)}
    assert not missing
    assert {name for name in named if not name.startswith("_")} <= set(chat_engine.__all__)
    assert all(hasattr(chat_engine, name) for name in chat_engine.__all__)


def test_it_is_imported_without_anything_else() -> None:
    # Django and everything around it might as well not exist.
    program = """
import sys
for name in ("django", "channels", "asgiref", "redis", "daphne"):
    sys.modules[name] = None
before = set(sys.modules)
import chat_engine
engine = chat_engine.Engine()
engine.open("r", title="R")
engine.close()
foreign = {name.partition(".")[0] for name in set(sys.modules) - before}
foreign -= {*sys.stdlib_module_names, "chat_engine"}
assert not foreign, foreign
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_import_starts_no_thread() -> None:
    program = "import chat_engine, os; print(len(os.listdir('/proc/self/task')))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "1"
