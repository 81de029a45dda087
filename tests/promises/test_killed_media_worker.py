"""P14: a Celery worker is killed in the middle of work on an image."""

import pytest

from tests.promises.outage import Stopwatch
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.process import is_gone, signal_if_there
from tests.services.sockets import Sockets
from tests.services.waiting import eventually
from tests.uploads.files import fetch, send_file, settled
from tests.users.pictures import huge_png

pytestmark = pytest.mark.promise("P14")

SIGKILL = 9


def test_a_killed_worker_loses_no_image_and_its_message_is_told_once(own_cluster: Deployment, sockets: Sockets, figure):
    """Its child is killed while it works on the image that a message holds; the next one finishes it."""
    people = People(own_cluster, sockets)
    ada, grace = people.some(2)
    group = ada.group(grace)
    screen = people.chat(grace)
    database = Database(own_cluster.database_url)
    assert own_cluster.worker
    upload = send_file(ada, huge_png(5000, 5000), "large.png").must(201)
    message = ada.say(group, "", attachment_ids=[upload["id"]])
    # It comes to the point of storing what it made, and waits there for this lock.
    with database.holding("SELECT 1 FROM conversations WHERE id = :id FOR UPDATE", id=group):
        eventually(lambda: database.one("SELECT attempts FROM uploads WHERE id = :id", id=upload["id"]) == 1, 30)
        child = next(process for process in own_cluster.worker.tree() if process.pid != own_cluster.worker.pid)
        signal_if_there(child, SIGKILL)
        eventually(lambda: is_gone(child))
        assert ada.get(f"/uploads/{upload['id']}").must()["status"] == "processing"
    watch = Stopwatch()
    ready = settled(ada, upload["id"], 60)
    figure(f"killed while it worked on an image of 25 megapixels: ready {watch.seconds:.1f} s after, told once")
    assert (ready["status"], ready["width"], len(ready["thumbnails"])) == ("ready", 5000, 2)
    changed = screen.wait_for("message_changed", lambda told: told["attachments"] == [ready])
    assert (changed["id"], changed["change"]) == (message["id"], 2)
    assert grace.history(group)["items"] == [changed]
    assert database.one("SELECT count(*) FROM upload_thumbnails WHERE upload_id = :id", id=upload["id"]) == 2
    assert fetch(grace, ready["url"])[0] == 200
