"""A real S3-compatible server: moto's, which speaks the protocol over HTTP."""

import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.services.process import ROOT, Process, free_port
from tests.services.waiting import eventually

BUCKET = "files"


class S3Server(Process):
    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        super().__init__(command, directory / "s3.log", cwd=ROOT)

    @property
    def settings(self) -> dict[str, str]:
        """What tells the product to keep files here."""
        return {
            "S3_BUCKET": BUCKET,
            "S3_ENDPOINT": self.url,
            "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY": "testing",
            "S3_SECRET_KEY": "testing",
            "S3_PREFIX": "chat/",
        }

    def start(self) -> None:
        """Start, with an empty bucket."""
        super().start()
        eventually(self.is_ready, timeout=60)
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{BUCKET}", method="PUT"), timeout=10):
            pass

    def is_ready(self) -> bool:
        self.fail_if_ended()
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/", timeout=2):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
