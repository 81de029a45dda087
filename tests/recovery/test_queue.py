"""What stands in the broker, and what happens when it is away."""

import base64
import json

from tests.recovery.conftest import Mailed
from tests.services.api import Api
from tests.services.waiting import eventually

QUEUE = "chatsphere.mail"


def test_the_broker_carries_addresses_and_ids_and_no_secret(mailed_cluster: Mailed):
    deployment, letters = mailed_cluster
    ada = Api(deployment.url).register()
    address = f"{ada.username}@example.org"
    letters.wait_for(address, "Confirm")
    assert deployment.redis is not None
    assert deployment.worker is not None
    deployment.worker.pause()
    try:
        with deployment.redis.client() as redis:
            # The worker was waiting for a job when it was paused: the first one goes to it.
            for email in ("nobody@example.org", "nobody@example.org", address):
                Api(deployment.url).post("/auth/password/forgot", {"email": email}).must(202)
            ada.post("/auth/email/verification").must(202)
            jobs = [json.loads(job) for job in redis.lrange(QUEUE, 0, -1)]
    finally:
        deployment.worker.resume()
    mails = [job for job in jobs if job["headers"]["task"].startswith("mail.")]
    assert {job["headers"]["task"] for job in mails} == {"mail.password_reset", "mail.verification"}
    for job in mails:
        args, kwargs, _ = json.loads(base64.b64decode(job["body"]))
        assert args in ([address], ["nobody@example.org"], [ada.id])
        assert kwargs == {}
    letters.wait_for(address, "Reset")
    letters.wait_for(address, "Confirm", nth=2)


def test_without_the_broker_known_and_unknown_addresses_are_answered_alike(mailed_cluster: Mailed):
    deployment, letters = mailed_cluster
    ada = Api(deployment.url).register()
    address = f"{ada.username}@example.org"
    letters.wait_for(address, "Confirm")
    assert deployment.redis is not None
    deployment.redis.stop()
    try:
        answers = [
            Api(deployment.url).post("/auth/password/forgot", {"email": email})
            for email in (address, "nobody@example.org")
        ]
    finally:
        deployment.redis.start()
    errors = [answer.error(503, "unavailable") | {"request_id": ""} for answer in answers]
    assert errors[0] == errors[1]
    assert all(answer.headers["Retry-After"] for answer in answers)

    def asked() -> bool:
        return Api(deployment.url).post("/auth/password/forgot", {"email": address}).status == 202

    eventually(asked)
    letters.wait_for(address, "Reset", timeout=20)
