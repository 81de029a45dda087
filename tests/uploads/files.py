"""Files to send, and sending them."""

import uuid
from typing import Any

from tests.services.api import Account, Answer
from tests.services.waiting import eventually
from tests.users.pictures import plain

TEXT = b"Remember the milk.\n"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def form(
    data: bytes, name: str, field: str = "file", media_type: str = "application/octet-stream"
) -> tuple[bytes, str]:
    """A multipart body and its content type."""
    boundary = uuid.uuid4().hex
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{quoted}"\r\n'
    head += f"Content-Type: {media_type}\r\n\r\n"
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def send_file(person: Account, data: bytes, name: str = "notes.txt", path: str = "/uploads", **options: Any) -> Answer:
    body, content_type = form(data, name, **options)
    return person.request("POST", path, data=body, headers={"Content-Type": content_type})


def photo(**options: Any) -> bytes:
    return plain("JPEG", (900, 600), **options)


def uploaded(person: Account, data: bytes = TEXT, name: str = "notes.txt") -> Any:
    """Sent, and worked on as far as there is something to do."""
    upload = send_file(person, data, name).must(201)
    return settled(person, upload["id"])


def settled(person: Account, upload_id: str, timeout: float = 30) -> Any:
    found: Any = None

    def is_settled() -> bool:
        nonlocal found
        found = person.get(f"/uploads/{upload_id}").must()
        return bool(found["status"] != "processing")

    eventually(is_settled, timeout)
    return found


def fetch(person: Account, address: str, **headers: str) -> tuple[int, bytes, Any]:
    """Status, body and headers of what is at this address."""
    import urllib.error
    import urllib.request

    sent = {"Authorization": f"Bearer {person.token}", **headers}
    request = urllib.request.Request(person.url + address, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers
