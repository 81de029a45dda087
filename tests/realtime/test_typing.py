"""Who is typing: told to the others, for a few seconds."""

from tests.services.people import People


def typing(conversation: str, person, on: bool) -> dict[str, object]:
    return {"conversation_id": conversation, "user_id": person.id, "on": on}


def test_the_others_see_it_begin_and_end(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    mine.do("typing", {"conversation_id": group, "on": True})
    assert hers.wait_for("typing") == typing(group, ada, True)
    mine.do("typing", {"conversation_id": group, "on": False})
    assert hers.wait_for("typing", lambda t: not t["on"]) == typing(group, ada, False)


def test_who_types_is_not_told_of_it(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    mine.do("typing", {"conversation_id": group, "on": True})
    hers.wait_for("typing")
    people.fence(ada, mine, via=ada.url)
    assert mine.received("typing") == []


def test_repeating_it_is_not_told_each_time(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    for _ in range(20):
        mine.do("typing", {"conversation_id": group, "on": True})
    mine.do("typing", {"conversation_id": group, "on": False})
    hers.wait_for("typing", lambda t: not t["on"])
    assert [t["on"] for t in hers.received("typing")] == [True, False]


def test_it_ends_by_itself_when_it_is_not_renewed(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    hers = people.chat(grace)
    people.chat(ada).do("typing", {"conversation_id": group, "on": True})
    assert hers.wait_for("typing", lambda t: not t["on"], timeout=9) == typing(group, ada, False)


def test_it_ends_when_the_socket_closes(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    mine.do("typing", {"conversation_id": group, "on": True})
    hers.wait_for("typing")
    mine.disconnect()
    hers.wait_for("typing", lambda t: not t["on"], timeout=3)


def test_ending_what_did_not_begin_is_told_to_nobody(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    mine.do("typing", {"conversation_id": group, "on": False})
    people.fence(grace, hers, via=ada.url)
    assert hers.received("typing") == []


def test_a_reader_does_not_type_and_who_becomes_one_stops(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    hers.do("typing", {"conversation_id": group, "on": True})
    mine.wait_for("typing", lambda t: t["on"])
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "read_only"}).must()
    hers.wait_for("conversation_changed", lambda c: c["my_role"] == "read_only")
    assert hers.refused("typing", {"conversation_id": group, "on": True})["code"] == "forbidden"
    assert mine.wait_for("typing", lambda t: not t["on"]) == typing(group, grace, False)
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "member"}).must()
    hers.wait_for("conversation_changed", lambda c: c["my_role"] == "member")
    mine.clear()
    hers.do("typing", {"conversation_id": group, "on": True})
    assert mine.wait_for("typing") == typing(group, grace, True)


def test_at_another_process_a_new_reader_stops_too(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    devices = people.everywhere(grace)
    for device in devices:
        device.do("typing", {"conversation_id": group, "on": True})
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "read_only"}).must()
    for device in devices:
        device.wait_for("conversation_changed", lambda c: c["my_role"] == "read_only", timeout=1)
        assert device.refused("typing", {"conversation_id": group, "on": True})["code"] == "forbidden"
