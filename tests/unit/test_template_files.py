"""The templates of the package: by name only, read once, with a hash that changes when any part does."""

from pathlib import Path

import pytest

from shared.edges.template_files import MAX_FILE, TemplateFiles, TemplateMissing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one complete template, one without its text, and a file that is none."""
    write(tmp_path / "good", subject="s", text="t")
    write(tmp_path / "half", subject="s")
    (tmp_path / "layout.html").write_text("layout")
    write(tmp_path / "Bad Name", subject="s", text="t")
    return tmp_path


def write(folder: Path, **parts: str) -> None:
    """A template's folder with these parts."""
    folder.mkdir()
    for part, content in parts.items():
        (folder / f"{part}.txt").write_text(content, "utf-8")


def test_a_complete_template_is_listed_and_read(folder: Path) -> None:
    """Subject and text are needed, HTML is not, the layout belongs to all."""
    files = TemplateFiles(folder)
    assert files.names() == ("good",)
    sources = files.sources("good")
    assert (sources.subject, sources.text, sources.html, sources.layout) == ("s", "t", None, "layout")


@pytest.mark.parametrize(
    "name", ["half", "gone", "", ".", "..", "../good", "good/", "/good", "Bad Name", "GOOD", "good\x00", "g" * 300]
)
def test_what_is_no_template_is_missing(folder: Path, name: str) -> None:
    """Paths, odd names and incomplete folders; the text repeats only proper names."""
    with pytest.raises(TemplateMissing) as caught:
        TemplateFiles(folder).sources(name)
    assert ".." not in str(caught.value)


def test_no_folder_means_no_templates(tmp_path: Path) -> None:
    """A package without templates is possible."""
    assert TemplateFiles(tmp_path / "templates").names() == ()


def test_a_template_is_read_once(folder: Path) -> None:
    """The package does not change while the app runs, so neither does the template."""
    files = TemplateFiles(folder)
    before = files.sources("good")
    (folder / "good" / "text.txt").write_text("changed")
    assert files.sources("good") is before


def test_the_hash_changes_with_every_part(folder: Path) -> None:
    """Subject, text, HTML and layout each count, and so does which of them holds what."""
    seen = {TemplateFiles(folder).hash("good")}
    for path, content in (
        (folder / "good" / "subject.txt", "st"),
        (folder / "good" / "text.txt", ""),
        (folder / "good" / "body.html", ""),
        (folder / "good" / "body.html", "html"),
        (folder / "layout.html", "other"),
    ):
        path.write_text(content)
        seen.add(TemplateFiles(folder).hash("good"))
    assert len(seen) == 6 - 1  # an empty HTML part has the hash of none: it renders to nothing worth telling apart
    assert TemplateFiles(folder).hash("good") in seen


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    """It would be kept in memory for good."""
    (folder / "good" / "text.txt").write_text("x" * (MAX_FILE + 1))
    with pytest.raises(ValueError, match=r"good/text.txt"):
        TemplateFiles(folder).sources("good")
