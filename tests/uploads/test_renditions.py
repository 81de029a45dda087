"""What is made of an image."""

from io import BytesIO
from pathlib import Path

import blurhash
import pytest
from PIL import Image, ImageCms

from chat_app.errors import ChatError
from chat_app.uploads.renditions import MAX_FRAMES, Renditions, render
from tests.users.pictures import RED, encoded, huge_png, plain

BLUE = (0, 0, 200)


def made(tmp_path: Path, data: bytes) -> Renditions:
    source = tmp_path / "source"
    source.write_bytes(data)
    return render(source, tmp_path)


def shown(renditions: Renditions) -> Image.Image:
    return Image.open(renditions.main.path)


@pytest.mark.parametrize(("kind", "becomes"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WEBP"), ("GIF", "PNG")])
def test_an_image_stays_what_it_is_but_for_gif(tmp_path: Path, kind: str, becomes: str):
    renditions = made(tmp_path, plain(kind, (400, 200)))
    image = shown(renditions)
    assert (image.format, image.size) == (becomes, (400, 200))
    assert renditions.media_type == f"image/{becomes.lower()}"
    assert renditions.suffix == (".png" if kind == "GIF" else "")
    assert {name: (file.width, file.height) for name, file in renditions.thumbnails.items()} == {
        "large": (400, 200),
        "small": (320, 160),
    }
    pixel = image.convert("RGB").getpixel((10, 10))
    assert all(abs(a - b) < 10 for a, b in zip(pixel, RED, strict=True))


def test_it_is_turned_upright(tmp_path: Path):
    """Left half red, right half blue, wider than high; turned by a quarter by what the camera noted."""
    picture = Image.new("RGB", (400, 200), RED)
    picture.paste(BLUE, (200, 0, 400, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    renditions = made(tmp_path, encoded(picture, "JPEG", exif=exif))
    assert (renditions.main.width, renditions.main.height) == (200, 400)
    image = shown(renditions)
    assert image.getpixel((100, 20))[0] > 150
    assert image.getpixel((100, 380))[2] > 150
    assert (renditions.thumbnails["small"].width, renditions.thumbnails["small"].height) == (160, 320)


def test_a_film_keeps_its_frames_and_their_times(tmp_path: Path):
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, BLUE, RED)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    renditions = made(tmp_path, data)
    image = shown(renditions)
    assert (renditions.media_type, renditions.suffix) == ("image/webp", ".webp")
    assert image.n_frames == 3
    image.seek(1)
    image.load()
    assert image.info["duration"] == 200


def test_a_film_that_is_too_long_is_refused(tmp_path: Path):
    frames = [Image.new("P", (2, 2), number % 250) for number in range(MAX_FRAMES + 1)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20, optimize=False)
    with Image.open(BytesIO(data)) as film:
        assert film.n_frames > MAX_FRAMES
    with pytest.raises(ChatError, match="moves for too long"):
        made(tmp_path, data)


def test_transparency_and_sixteen_bits_are_kept_as_they_look(tmp_path: Path):
    glass = shown(made(tmp_path, encoded(Image.new("RGBA", (40, 40), (9, 9, 9, 0)), "PNG")))
    assert glass.getpixel((5, 5))[3] == 0
    deep = Image.new("I;16", (40, 40), 65535 // 2)
    grey = shown(made(tmp_path, encoded(deep, "PNG"))).convert("RGB").getpixel((5, 5))
    assert all(abs(value - 127) < 3 for value in grey)


def test_a_colour_profile_is_applied_and_left_out_and_a_broken_one_does_no_harm(tmp_path: Path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"not a profile" * 20, srgb[:100]):
        image = shown(made(tmp_path, plain("JPEG", (40, 40), icc_profile=profile)))
        assert "icc_profile" not in image.info
        assert all(abs(a - b) < 10 for a, b in zip(image.getpixel((5, 5)), RED, strict=True))


def test_the_blurhash_is_that_of_the_image(tmp_path: Path):
    text = made(tmp_path, plain("PNG", (400, 200))).blurhash
    colour = blurhash.decode(text, 8, 8)[4][4]
    assert all(abs(a - b) < 25 for a, b in zip(colour, RED, strict=True)), colour


def test_the_largest_images_that_are_taken(tmp_path: Path):
    photo = made(tmp_path, encoded(Image.new("RGB", (8000, 6000), RED), "JPEG"))
    assert (photo.main.width, photo.main.height) == (4000, 3000)
    drawing = made(tmp_path, huge_png(5000, 5000))
    assert (drawing.main.width, drawing.main.height) == (5000, 5000)
    with pytest.raises(ChatError, match="megapixels"):
        made(tmp_path, huge_png(5001, 5000))
    with pytest.raises(ChatError, match="megapixels"):
        made(tmp_path, encoded(Image.new("1", (9000, 6000)).convert("L"), "JPEG"))
