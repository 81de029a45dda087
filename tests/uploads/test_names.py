from chat_app.uploads.names import LONGEST, address, clean_name, renamed


def test_a_name_keeps_what_people_wrote():
    for name in ("Ferienfoto (1).jpg", "照片 2026.png", "naïve — résumé.pdf", "a.tar.gz", "👍.txt"):
        assert clean_name(name) == name


def test_a_long_name_keeps_its_suffix():
    assert clean_name("n" * 300 + ".jpeg") == "n" * (LONGEST - 5) + ".jpeg"
    assert len(clean_name("n" * 300)) == LONGEST
    assert len(renamed("n" * LONGEST, ".webp")) == LONGEST


def test_names_that_mean_something_else_in_addresses_get_another_one():
    for name in ("avatar.webp", "small.webp", "large.webp"):
        assert address("1", name) == f"/api/v1/media/1/file-{name}"
    assert address("1", "a/b?#.txt") == "/api/v1/media/1/a%2Fb%3F%23.txt"
