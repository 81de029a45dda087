"""What has to be built before anything can be measured: the programs in C and the packages of the Node.js peer."""

import hashlib
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "benchmarks"
NODE = HERE / "peers" / "node"


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
