"""What a socket hears from the moment on at which it came."""

from tests.services.people import People


def test_a_socket_hears_all_conversations_of_its_person_and_no_others(people: People):
    ada, grace, eve = people.some(3)
    shared = [ada.group(grace) for _ in range(30)]
    foreign = ada.group(eve)
    left = ada.group(grace)
    ada.delete(f"/conversations/{left}/members/{grace.id}").must(204)
    screen = people.chat(grace)
    for number, conversation in enumerate([left, foreign, *shared]):
        ada.say(conversation, f"word {number}")
    last = screen.wait_for("message", lambda message: message["content"] == "word 31")
    assert last["conversation_id"] == shared[-1]
    heard = [message["conversation_id"] for message in screen.received("message")]
    assert sorted(heard) == sorted(shared)


def test_who_is_in_no_conversation_yet_hears_the_first_one(people: People):
    ada, grace = people.some(2)
    screen = people.chat(grace)
    conversation = ada.group(grace)
    ada.say(conversation, "hello")
    assert screen.wait_for("message", lambda message: True)["conversation_id"] == conversation
