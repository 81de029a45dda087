from flask import Flask

from chat_app.addresses import LazyRule


def an_app() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = LazyRule
    app.add_url_rule("/things/<int:thing>/<name>", "thing", lambda thing, name: f"{thing} {name}")
    return app


def test_a_rule_writes_its_address_when_it_is_asked_to():
    app = an_app()
    with app.test_request_context():
        for _ in range(2):
            assert app.url_for("thing", thing=3, name="a b") == "/things/3/a%20b"
            assert app.url_for("thing", thing=3, name="a", page=2) == "/things/3/a?page=2"


def test_nothing_is_compiled_before():
    rule = next(an_app().url_map.iter_rules())
    assert rule._build.__func__.__qualname__.startswith("LazyRule.")
    assert rule._build_unknown.__func__.__qualname__.startswith("LazyRule.")


def test_it_finds_its_view():
    assert an_app().test_client().get("/things/3/a").text == "3 a"
