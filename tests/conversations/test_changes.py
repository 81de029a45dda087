"""Renaming, archiving and deleting, and who is told."""

from tests.services.people import People


def test_everybody_is_told_of_a_new_title(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace, title="Old")
    chats = [people.chat(person) for person in (ada, grace)]
    assert ada.patch(f"/conversations/{group}", {"title": "New"}).must()["title"] == "New"
    for person, chat in zip((ada, grace), chats, strict=True):
        assert chat.wait_for("conversation_changed", lambda c: c["title"] == "New") == person.conversation(group)


def test_archiving_is_personal_and_told_to_all_of_one_s_devices(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.everywhere(ada), people.chat(grace)
    archived = ada.patch(f"/conversations/{group}", {"archived": True}).must()["archived_at"]
    assert archived
    for chat in mine:
        assert chat.wait_for("conversation_changed", lambda c: c["archived_at"] == archived)
    assert [c["id"] for c in ada.get("/conversations").must()["items"]] == []
    assert [c["id"] for c in ada.get("/conversations", archived="true").must()["items"]] == [group]
    assert grace.conversation(group)["archived_at"] is None
    ada.patch(f"/conversations/{group}", {"title": "Later"}).must()
    hers.wait_for("conversation_changed", lambda c: c["title"] == "Later")
    assert {c["archived_at"] for c in hers.received("conversation_changed")} == {None}


def test_archiving_twice_keeps_the_first_time(people: People):
    ada = people.one()
    group = ada.group()
    first = ada.patch(f"/conversations/{group}", {"archived": True}).must()
    assert ada.patch(f"/conversations/{group}", {"archived": True}).must() == first
    assert ada.patch(f"/conversations/{group}", {"archived": False}).must()["archived_at"] is None


def test_title_and_archive_change_together_or_not_at_all(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace, title="Ours")
    grace.patch(f"/conversations/{group}", {"archived": True, "title": "Mine"}).error(403, "forbidden")
    assert grace.conversation(group)["archived_at"] is None
    assert grace.conversation(group)["title"] == "Ours"


def test_what_is_not_one_s_own_to_change_is_refused(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    for field in ("owner_id", "kind", "last_seq", "my_role", "member_count", "created_by"):
        ada.patch(f"/conversations/{group}", {field: grace.id}).error(422, "validation_failed")


def test_a_deleted_conversation_is_gone_for_all_and_all_are_told(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = ada.say(group, "soon gone")["id"]
    chats = [people.chat(person) for person in (ada, grace)]
    ada.delete(f"/conversations/{group}").must(204)
    for person, chat in zip((ada, grace), chats, strict=True):
        assert chat.wait_for("conversation_removed") == {"conversation_id": group, "id": group}
        person.get(f"/conversations/{group}").error(404, "not_found")
        person.get(f"/messages/{message}").error(404, "not_found")
        payload = {"conversation_id": group, "client_msg_id": "1", "content": "anybody?"}
        assert chat.refused("send_message", payload)["code"] == "not_found"
    ada.delete(f"/conversations/{group}").error(404, "not_found")


def test_the_count_of_members_is_told(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace)
    chat = people.chat(grace)
    ada.post(f"/conversations/{group}/members", {"user_ids": [linus.id]}).must(201)
    chat.wait_for("conversation_changed", lambda c: c["member_count"] == 3)
    linus.delete(f"/conversations/{group}/members/{linus.id}").must(204)
    chat.wait_for("conversation_changed", lambda c: c["member_count"] == 2)


def test_leaving_is_told_to_all_of_one_s_devices(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    devices = people.everywhere(grace)
    grace.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    for chat in devices:
        assert chat.wait_for("conversation_removed")["conversation_id"] == group
