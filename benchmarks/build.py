"""What has to be built before anything can be measured: the programs in C and the packages of the Node.js peer."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "benchmarks"
NODE = HERE / "peers" / "node"
FASTAPI = HERE / "peers" / "fastapi"


def binary(name: str) -> Path:
    """`load/load` or `peers/floor`, compiled when its source has changed."""
    source = HERE / f"{name}.c"
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("There is no C compiler. On Debian and Ubuntu: apt-get install gcc libc6-dev")
    sources = [source, *sorted(HERE.rglob("*.h"))]
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:16]
    program = CACHE / f"{source.stem}-{digest}"
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source], check=True)
    return program


def node_packages_are_there() -> bool:
    return (NODE / "node_modules").is_dir()


def install_node_packages() -> None:
    if node_packages_are_there():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("There is no npm: the Node.js peer cannot be installed")
    print("Installing the packages of the Node.js peer …", flush=True)
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True)


def _environment(requirements: Path) -> Path:
    """Where the Python packages of a peer are: a folder of their own, another one when they change."""
    return CACHE / f"{requirements.parent.name}-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]}"


def python_packages_are_there(requirements: Path) -> bool:
    return (_environment(requirements) / "complete").exists()


def python_packages(requirements: Path) -> Path:
    """The folder `bin` of an environment with these packages, made when there is none: never in that of the product."""
    folder = _environment(requirements)
    if not python_packages_are_there(requirements):
        print(f"Installing the packages of {requirements.parent.name} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--requirement", requirements], check=True)
        (folder / "complete").touch()
    return folder / "bin"
