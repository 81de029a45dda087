"""Messages with files in them."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.services.people import People
from tests.uploads.files import PDF, fetch, photo, send_file, settled, uploaded


def body(**fields: object) -> dict[str, object]:
    return {"content": "", "client_msg_id": uuid.uuid4().hex, **fields}


def test_everybody_gets_a_message_with_its_files_in_their_order(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    screens = people.everywhere(grace)
    picture, paper = uploaded(ada, photo(), "beach.jpg"), uploaded(ada, PDF, "paper.pdf")
    sender = people.chat(ada)
    ids = [paper["id"], picture["id"]]
    sent = sender.call("send_message", {"conversation_id": group, **body(content="Look", attachment_ids=ids)})
    message = sent["message"]
    assert (message["type"], message["content"], message["seq"], message["change"]) == ("file", "Look", 1, 1)
    assert [each["id"] for each in message["attachments"]] == ids
    assert message["attachments"][0] == {**paper, "message_id": message["id"]}
    for screen in screens:
        assert screen.wait_for("message", lambda told: told["id"] == message["id"]) == message
    assert grace.history(group)["items"] == [message]
    assert grace.get(f"/messages/{message['id']}").must() == message
    epoch = grace.post("/sync", {}).must()["epoch"]
    assert grace.post("/sync", {"epoch": epoch, "conversations": {group: 0}}).must()["messages"] == [message]
    assert grace.conversation(group)["last_message"] == message
    assert grace.conversation(group)["unread"] == 1
    assert ada.say(group, "next")["seq"] == 2


def test_images_alone_make_a_message_an_image(people: People):
    ada = people.one()
    group = ada.group()
    first, second = (uploaded(ada, photo(), "beach.jpg") for _ in range(2))
    assert ada.say(group, "", attachment_ids=[first["id"]])["type"] == "image"
    assert ada.say(group, "", type="file", attachment_ids=[second["id"]])["type"] == "file"
    paper = uploaded(ada, PDF, "paper.pdf")
    post = f"/conversations/{group}/messages"
    ada.post(post, body(type="image", attachment_ids=[paper["id"]])).error(422, "validation_failed")
    for fields in ({"type": "image", "content": "x"}, {"type": "file", "content": "x"}, {"content": " "}):
        ada.post(post, body(**fields)).error(422, "validation_failed")


def test_an_image_may_be_sent_before_it_is_ready_and_all_see_when_it_is(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    screen = people.chat(grace)
    upload = send_file(ada, photo(), "beach.jpg").must(201)
    message = ada.say(group, "", attachment_ids=[upload["id"]])
    ready = settled(ada, upload["id"])

    def is_shown(told: dict) -> bool:
        return told["id"] == message["id"] and told["attachments"] == [ready]

    if message["attachments"][0]["status"] == "processing":
        assert screen.wait_for("upload_changed", lambda told: told["id"] == upload["id"]) == ready
        changed = screen.wait_for("message_changed", is_shown)
        assert changed["change"] > message["change"]
    assert grace.history(group)["items"][0]["attachments"] == [ready]


def test_the_same_message_again_is_the_same_and_with_other_files_a_conflict(people: People):
    ada = people.one()
    group = ada.group()
    first, second = (uploaded(ada, PDF, "paper.pdf") for _ in range(2))
    sent = body(attachment_ids=[first["id"]])
    post = f"/conversations/{group}/messages"
    with ThreadPoolExecutor(8) as pool:
        urls = people.deployment.urls * 4
        answers = list(pool.map(lambda url: ada.at(url).post(post, sent), urls))
    assert sorted({answer.status for answer in answers}) == [200, 201]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert all(answer.json["attachments"][0]["id"] == first["id"] for answer in answers)
    ada.post(post, {**sent, "attachment_ids": [second["id"]]}).error(409, "conflict")
    ada.post(post, {**sent, "attachment_ids": [], "content": "words"}).error(409, "conflict")
    assert [message["seq"] for message in ada.history(group)["items"]] == [1]


def test_only_own_uploads_that_are_free_can_be_attached(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    post = f"/conversations/{group}/messages"
    hers, used = uploaded(grace, PDF, "hers.pdf"), uploaded(ada, PDF, "used.pdf")
    free = uploaded(ada, PDF, "free.pdf")
    ada.say(group, "", attachment_ids=[used["id"]])
    broken = uploaded(ada, photo()[:2000], "half.jpg")
    assert broken["status"] == "failed"
    for other in (hers["id"], used["id"], broken["id"], str(uuid.uuid4())):
        error = ada.post(post, body(attachment_ids=[free["id"], other])).error(422, "validation_failed")
        assert error["errors"][0]["field"] == "attachment_ids"
    ada.post(post, body(attachment_ids=[free["id"]] * 2)).error(422, "validation_failed")
    ada.post(post, body(attachment_ids=[str(uuid.uuid4()) for _ in range(11)])).error(422, "validation_failed")
    assert ada.get(f"/uploads/{free['id']}").must()["message_id"] is None
    assert ada.history(group)["items"][-1]["seq"] == 1


def test_one_upload_goes_into_one_message_though_two_want_it(people: People):
    ada = people.one()
    groups = [ada.group() for _ in range(6)]
    upload = uploaded(ada, PDF, "paper.pdf")
    urls = people.deployment.urls * 6

    def send(number: int) -> int:
        post = f"/conversations/{groups[number]}/messages"
        return ada.at(urls[number]).post(post, body(attachment_ids=[upload["id"]])).status

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == [201] + [422] * 5


def test_who_may_not_write_binds_nothing(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    upload = uploaded(grace, PDF, "paper.pdf")
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "read_only"}).must()
    post = f"/conversations/{group}/messages"
    grace.post(post, body(attachment_ids=[upload["id"]])).error(403, "forbidden")
    ada.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    grace.post(post, body(attachment_ids=[upload["id"]])).error(404, "not_found")
    assert grace.get(f"/uploads/{upload['id']}").must()["message_id"] is None


def test_with_a_deleted_message_its_files_are_gone(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    upload = uploaded(ada, photo(), "beach.jpg")
    message = ada.say(group, "Look", attachment_ids=[upload["id"]])
    ada.delete(f"/uploads/{upload['id']}").error(409, "conflict")
    edited = ada.patch(f"/messages/{message['id']}", {"content": "Look here"}).must()
    assert edited["attachments"] == message["attachments"]
    screen = people.chat(grace)
    ada.delete(f"/messages/{message['id']}").must()
    told = screen.wait_for("message_changed", lambda told: told["id"] == message["id"])
    assert (told["attachments"], told["content"]) == ([], "")
    for person in (ada, grace):
        assert fetch(person, upload["url"])[0] == 404
        person.get(f"/uploads/{upload['id']}").error(404, "not_found")
