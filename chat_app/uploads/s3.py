"""Contents in an S3-compatible store. Only loaded where S3_BUCKET is set: boto3 takes a third of a second and 20 MB."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from chat_app.errors import unavailable
from chat_app.settings import Settings

BLOCK = 256 * 1024
LIMITS = Config(
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=32,
    retries={"mode": "standard", "max_attempts": 3},
    # Of other makers' stores only some know the checksums that AWS has added since.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class S3:
    """One object for each content, `{S3_PREFIX}{digest}`. Its sockets are green in a green process."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._prefix = settings.s3_prefix
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.s3_endpoint or None,
            region_name=settings.s3_region or None,
            aws_access_key_id=settings.s3_access_key or None,
            aws_secret_access_key=settings.s3_secret_key or None,
            config=LIMITS,
        )

    def _object(self, digest: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + digest}

    def put(self, digest: str, file: Path) -> None:
        with _answering(), file.open("rb") as body:
            self._client.put_object(**self._object(digest), Body=body, ContentType="application/octet-stream")

    def has(self, digest: str) -> bool:
        try:
            with _answering():
                self._client.head_object(**self._object(digest))
        except FileNotFoundError:
            return False
        return True

    def open(self, digest: str) -> BinaryIO:
        with _answering():
            size = self._client.head_object(**self._object(digest))["ContentLength"]
        return cast(BinaryIO, io.BufferedReader(_Object(self._client, self._object(digest), size), BLOCK))

    @contextmanager
    def local(self, digest: str) -> Iterator[Path]:
        with tempfile.NamedTemporaryFile() as copy:
            with _answering():
                body = self._client.get_object(**self._object(digest))["Body"]
                for block in body.iter_chunks(BLOCK):
                    copy.write(block)
            copy.flush()
            yield Path(copy.name)

    def delete(self, digest: str) -> None:
        with _answering():
            self._client.delete_object(**self._object(digest))


class _Object(io.RawIOBase):
    """An object as a file. A request is made with the first byte that is read after a seek, from there to the end."""

    def __init__(self, client: Any, where: dict[str, str], size: int) -> None:
        self._client = client
        self._where = where
        self._size = size
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset != self._position:
            self._position = base + offset
            self._drop()
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        with _answering():
            if self._body is None:
                answer = self._client.get_object(**self._where, Range=f"bytes={self._position}-")
                self._body = answer["Body"]
            data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._drop()
        super().close()


@contextmanager
def _answering() -> Iterator[None]:
    """The store's errors as ours: `FileNotFoundError` for what is not there, `unavailable` for all else."""
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"].get("HTTPStatusCode") == HTTPStatus.NOT_FOUND:
            raise FileNotFoundError from None
        raise unavailable("The store of files refuses us at present. Please try again.") from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise unavailable("The store of files does not answer at present. Please try again.") from error
