"""A real nginx before a web process, set up as a person would who read the documentation."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from tests.services.process import ROOT, Process, free_port
from tests.services.waiting import eventually

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
FILES = "/var/lib/chatsphere/media/files/"
"""Where our fragment for nginx looks for files."""
CONFIG = """
daemon off;
{user}
error_log stderr warn;
pid {directory}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    {temporary}
    client_max_body_size 20m;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass {upstream}; proxy_set_header Host $http_host; }}
        {media}
    }}
}}
"""


class Nginx(Process):
    """Before `upstream`, with the files of `media_dir` behind our own fragment."""

    def __init__(self, directory: Path, upstream: str, media_dir: Path) -> None:
        if NGINX is None:
            pytest.skip("nginx is not installed (on Debian and Ubuntu: apt-get install nginx-light)")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        config = CONFIG.format(
            user="user root;" if os.geteuid() == 0 else "",
            directory=directory,
            temporary="".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds),
            port=self.port,
            upstream=upstream,
            media=(ROOT / "deploy/nginx/media.conf").read_text().replace(FILES, f"{media_dir}/files/"),
        )
        (directory / "nginx.conf").write_text(config)
        super().__init__([NGINX, "-p", str(directory), "-c", "nginx.conf"], directory / "nginx.log", cwd=directory)

    def start(self) -> None:
        super().start()
        eventually(self.is_ready)

    def is_ready(self) -> bool:
        self.fail_if_ended()
        with socket.create_connection(("127.0.0.1", self.port), timeout=2):
            return True
