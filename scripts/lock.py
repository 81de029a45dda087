"""Write the pinned, hashed requirements files from pyproject.toml: `make lock`.

Versions that are pinned already stay; `make lock UPGRADE=1` moves everything to its newest. The files
hold for every supported Python and platform and name no index, so that a mirror can serve them.
"""

import os
import shutil
import subprocess
import sys

UV = "uv>=0.13,<0.14"
FILES = {
    "requirements.txt": ["pyproject.toml"],
    # The development file takes the runtime's pins as they are.
    "requirements-dev.txt": ["pyproject.toml", "--group", "dev", "--constraint=requirements.txt"],
    "requirements-node.txt": ["--group", "node"],
}
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--annotation-style=line",
    "--custom-compile-command=make lock",
    "--quiet",
]


def main() -> None:
    if not shutil.which("uv"):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", UV], check=True)
    uv = shutil.which("uv") or os.path.join(os.path.dirname(sys.executable), "uv")
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    for output, source in FILES.items():
        command = [uv, "pip", "compile", *source, *OPTIONS, *upgrade, "--output-file", output]
        subprocess.run(command, check=True)
        print(f"{output} written.")


if __name__ == "__main__":
    main()
