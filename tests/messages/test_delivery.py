"""A message reaches every device of every member, on every process, and nobody else."""

from tests.services.people import People


def test_all_devices_of_all_members_get_it(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    devices = [*people.everywhere(ada), *people.everywhere(grace), people.chat(grace.second_device())]
    message = ada.say(group, "hello")
    for device in devices:
        assert device.wait_for("message") == message


def test_strangers_hear_nothing(people: People):
    ada, grace, mallory = people.some(3)
    group = ada.group(grace)
    eavesdroppers = people.everywhere(mallory)
    message = ada.say(group, "a secret")["id"]
    ada.patch(f"/messages/{message}", {"content": "still a secret"}).must()
    people.chat(ada).do("mark_read", {"conversation_id": group, "seq": 1})
    people.chat(grace).do("typing", {"conversation_id": group, "on": True})
    for url in people.deployment.urls:
        for socket in eavesdroppers:
            people.fence(mallory, socket, via=url)
    for socket in eavesdroppers:
        told = [data for name, data in socket.events if isinstance(data, dict)]
        assert group not in str(told)


def test_a_private_chat_is_heard_by_two(people: People):
    ada, grace, linus = people.some(3)
    ada.group(grace, linus)
    private = ada.private(grace)
    mine, hers, his = (people.chat(person) for person in (ada, grace, linus))
    message = ada.say(private, "between us")
    assert mine.wait_for("message") == hers.wait_for("message") == message
    people.fence(linus, his, via=ada.url)
    assert message not in his.received("message")


def test_a_repeated_message_is_delivered_again_for_those_who_missed_it(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = ada.say(group, "hello", client_msg_id="once")
    hers = people.chat(grace)
    ada.post(f"/conversations/{group}/messages", {"content": "hello", "client_msg_id": "once"}).must(200)
    assert hers.wait_for("message") == message


def test_what_one_says_right_after_joining_arrives(people: People):
    ada, grace = people.some(2)
    room = ada.room()
    mine = people.chat(ada)
    grace.post(f"/rooms/{room}/join").must()
    grace.say(room, "here I am")
    assert mine.wait_for("message")["sender_id"] == grace.id


def test_one_order_for_everybody(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    writers = [*people.everywhere(ada), *people.everywhere(grace)]
    begun = [
        writer.begin("send_message", {"conversation_id": group, "client_msg_id": f"{which}-{n}", "content": "x"})
        for n in range(20)
        for which, writer in enumerate(writers)
    ]
    acks = [call.result(30)["message"] for call in begun]
    total = len(acks)
    assert {message["seq"] for message in acks} == set(range(1, total + 1))
    expected = sorted(acks, key=lambda message: message["seq"])
    for person in (ada, grace):
        assert person.history(group, limit=100, after_seq=0)["items"] == expected[:100]
    for writer in writers:
        writer.wait_for("message", lambda _, w=writer: len({m["id"] for m in w.received("message")}) == total)
        assert sorted(writer.received("message"), key=lambda m: m["seq"]) == expected
