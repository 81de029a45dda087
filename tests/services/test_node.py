import pytest

from tests.services.node import Node
from tests.services.process import ProcessFailed
from tests.services.waiting import eventually


def test_the_last_line_a_script_prints_is_its_answer(node: Node):
    assert node.json("console.log('working'); console.log(JSON.stringify(process.argv.slice(2)))", "a") == ["a"]


def test_a_failing_script_shows_its_error(node: Node):
    with pytest.raises(ProcessFailed, match="broken on purpose"):
        node.run("throw new Error('broken on purpose')")


def test_the_client_library_can_be_imported(node: Node):
    names = node.json('import * as client from "chatsphere-client"; console.log(JSON.stringify(Object.keys(client)))')
    assert names


def test_a_client_may_stay(node: Node):
    client = node.process("console.log('here'); setInterval(() => {}, 1000)")
    client.start()
    eventually(lambda: "here" in client.log_tail())
    client.close()
    assert not client.running
