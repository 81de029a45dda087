"""Answers and bells, in a green process and in one with threads. Each check runs in a Python of its own."""

import pytest

from tests.runtime.test_runtime import answer

MODES = pytest.mark.parametrize("mode", ["eventlet", "threading"])
BEGIN = """
from chat_app import runtime; runtime.patch()
import threading, time
from chat_app.runtime.handover import answer_type, new_bell
Answer = answer_type()
def start(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread
"""


@MODES
def test_a_value_reaches_who_waits_for_it_and_who_comes_later(mode: str):
    source = """
one, told = Answer(), []
waiting = start(lambda: told.append(one.result(5)))
start(lambda: one.set("hello"))
waiting.join(5)
print(told, one.result(5), one.done())
"""
    assert answer(BEGIN + source, CHAT_ASYNC_MODE=mode) == "['hello'] hello True"


@MODES
def test_an_error_is_raised_where_the_value_was_awaited(mode: str):
    source = """
one = Answer()
start(lambda: one.fail(KeyError("away")))
try:
    one.result(5)
except KeyError as error:
    print(error)
"""
    assert answer(BEGIN + source, CHAT_ASYNC_MODE=mode) == "'away'"


@MODES
def test_who_waits_too_long_is_told_and_the_others_wait_on(mode: str):
    source = """
late, good, told = Answer(), Answer(), []
waiting = start(lambda: told.append(good.result(5)))
try:
    late.result(0.05)
except TimeoutError:
    told.append("too late")
late_comer = Answer()
try:
    late_comer.result(0.05)
except TimeoutError:
    told.append("again")
good.set("good")
waiting.join(5)
print(told)
"""
    assert answer(BEGIN + source, CHAT_ASYNC_MODE=mode) == "['too late', 'again', 'good']"


@MODES
def test_a_bell_wakes_its_waiter_once_however_often_it_is_rung_and_also_before(mode: str):
    source = """
bell, heard, done = new_bell(), [], threading.Event()
bell.ring(); bell.ring()
def listen():
    bell.wait(); heard.append(1)
    bell.wait(); heard.append(2)
    done.set()
start(listen)
while not heard: time.sleep(0.001)
assert heard == [1]
bell.ring()
assert done.wait(5)
print(heard)
"""
    assert answer(BEGIN + source, CHAT_ASYNC_MODE=mode) == "[1, 2]"


def test_many_go_on_in_the_order_in_which_they_were_answered_whatever_one_of_them_raises():
    source = """
import eventlet, eventlet.debug
eventlet.debug.hub_exceptions(False)
answers, told = [Answer() for _ in range(5)], []
def wait(number):
    told.append(answers[number].result(5))
    if number == 2: raise ValueError
for number in range(5): eventlet.spawn(wait, number)
eventlet.sleep(0)
for number in (3, 2, 0, 4, 1): answers[number].set(number)
while len(told) < 5: eventlet.sleep(0.001)
print(told)
"""
    assert answer(BEGIN + source) == "[3, 2, 0, 4, 1]"


def test_a_greenlet_that_gave_up_is_not_woken_where_it_waits_next():
    source = """
import eventlet
one, told = Answer(), []
def impatient():
    try:
        with eventlet.Timeout(0.01): one.result(5)
    except eventlet.Timeout:
        began = time.monotonic()
        eventlet.sleep(0.2)
        told.append(time.monotonic() - began >= 0.2)
waiting = eventlet.spawn(impatient)
eventlet.sleep(0.05)
one.set("nobody waits any more")
waiting.wait()
print(told)
"""
    assert answer(BEGIN + source) == "[True]"
