"""What a provider tells of a person, made fit for an account."""

import pytest

from chat_app.oauth.profile import Profile


def of(username: object = None, email: object = "ada@example.org", verified: object = True, name: object = None):
    return Profile.of("oidc", "1", email, verified, username=username, name=name)


@pytest.mark.parametrize(
    ("told", "username"),
    [
        ("ada", "ada"),
        ("Ada.Lovelace", "Ada.Lovelace"),
        ("grace@corp.example", "grace"),
        ("zoë müller", "zoe-muller"),
        ("../../etc/passwd", "etc-passwd"),
        ("-._x_.-", "ada"),
        ("艾达", "ada"),
        (None, "ada"),
        (7, "ada"),
        ("x" * 100, "x" * 32),
        ("x" * 31 + ".y", "x" * 31),
    ],
)
def test_a_username_is_made_of_what_there_is(told: object, username: str):
    assert of(told).username == username


def test_without_any_usable_name_there_still_is_one():
    assert of(email="a@example.org").username == "user"
    assert of(email=None).username == "user"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (" Ada  Lovelace\n", "Ada Lovelace"),
        ("a\u202eb", "a b"),
        ("\x00", None),
        ("\ud800", None),
        (3, None),
        ("x" * 999, "x" * 64),
    ],
)
def test_a_display_name_is_one_visible_line(told: object, name: str | None):
    assert of(name=told).name == name


@pytest.mark.parametrize("said", [None, False, "false", "no", 2, {}, []])
def test_an_address_counts_as_verified_only_if_the_provider_says_so(said: object):
    assert not of(verified=said).email_verified


@pytest.mark.parametrize("address", [None, 1, "", "ada", "ada@", "ada@example.org\nbcc: x", "a" * 300 + "@example.org"])
def test_what_is_no_address_is_none_and_not_verified(address: object):
    profile = of(email=address)
    assert profile.email is None
    assert not profile.email_verified


@pytest.mark.parametrize("subject", [None, 5, "", "x" * 256, "a\x00b", "\ud800"])
def test_a_subject_that_cannot_be_kept_is_refused(subject: object):
    with pytest.raises(ValueError, match="subject"):
        Profile.of("oidc", subject, None, None)
