"""The script that rebuilds the embedded data: what it refuses, chooses and packs, the same every time."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from regtui import data
from regtui.data import build, wordnet

needs_packages = pytest.mark.skipif(
    not (Path("/usr/share/datasets/fashion-mnist").is_dir() and Path("/usr/share/wordnet").is_dir()),
    reason="needs the Debian packages dataset-fashion-mnist and wordnet-base",
)


def synset(offset: int, number: int, gloss: str) -> str:
    """A line of data.noun for one word."""
    return f"{offset:08d} {number:02d} n 01 thing{offset} 0 000 | {gloss}  \n"


# ---------------------------------------------------------------- sources


def test_a_missing_package_is_one_sentence_that_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = build.main(["--images", str(tmp_path / "nowhere"), "--out", str(out)])
    message = capsys.readouterr().err
    assert code == 2
    assert message.count("\n") == 1
    assert "nowhere" in message
    assert "apt install dataset-fashion-mnist" in message
    assert not out.exists()


def test_an_altered_source_is_refused_with_both_checksums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"other"))
    code = build.main(["--images", str(tmp_path), "--out", str(tmp_path / "out")])
    message = capsys.readouterr().err
    assert code == 2
    assert message.count("\n") == 1
    for part in (
        "train-images-idx3-ubyte.gz",
        "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa",  # sha256 of b"other"
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "apt install",
    ):
        assert part in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(bytes(1000))[:-9]], ids=["other", "cut"])
def test_a_damaged_archive_is_refused_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    assert build.main(["--images", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "train-images-idx3-ubyte.gz" in message


@needs_packages
def test_an_altered_dictionary_leaves_what_was_built_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.noun").write_text("00001740 03 n 01 entity 0 000 | that which is\n")
    kept = tmp_path / data.fashion_sheet().name
    kept.write_bytes(b"kept")
    assert build.main(["--wordnet", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "wordnet-base" in capsys.readouterr().err
    assert kept.read_bytes() == b"kept"


@needs_packages
def test_what_is_shipped_is_what_is_built(tmp_path: Path) -> None:
    # Sets are ordered by this seed, which must not show; the shipped files were not built with it.
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    command = [sys.executable, "-m", "regtui.data.build", "--out", str(tmp_path)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert len(list(tmp_path.iterdir())) == 5
    for path in (data.fashion_labels(), data.wordnet_definitions(), data.wordnet_synonyms()):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    # Pixels, since the packing depends on the zlib of the machine.
    with Image.open(data.fashion_sheet()) as kept, Image.open(tmp_path / "fashion_mnist.png") as built:
        assert kept.tobytes() == built.tobytes()
    records = [json.loads(path.read_text()) for path in (data.checksums(), tmp_path / data.checksums().name)]
    assert records[0]["datasets"] == records[1]["datasets"] and records[0]["sources"] == records[1]["sources"]


# ---------------------------------------------------------------- images


def test_the_first_of_each_class_come_in_their_order() -> None:
    assert build.first_of_each_class(bytes([1, 1, 0, 1, 2, 0, 0, 2]), 2) == [0, 1, 2, 4, 5, 7]


def test_tiles_fill_the_sheet_row_by_row() -> None:
    tiles = [bytes([number] * 4) for number in range(6)]
    rows = [[0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5], [3, 3, 4, 4, 5, 5]]
    assert build.sheet_rows(tiles, side=2, across=3) == [bytes(row) for row in rows]


@pytest.mark.filterwarnings("ignore:.*TorchVision are deprecated:DeprecationWarning")
@pytest.mark.parametrize("seed", range(5))
def test_a_packed_picture_is_decoded_to_the_same_pixels(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    height, width = torch.randint(1, 40, (2,), generator=generator).tolist()
    pixels = torch.randint(0, 256, (height, width), dtype=torch.uint8, generator=generator)
    packed = build.gray_png([bytes(row.tolist()) for row in pixels])
    io = pytest.importorskip("torchvision.io")
    if not hasattr(io, "decode_png"):
        pytest.skip("this torchvision decodes no images")
    decoded = io.decode_png(torch.frombuffer(bytearray(packed), dtype=torch.uint8))
    assert torch.equal(decoded, pixels[None])


# ---------------------------------------------------------------- definitions


@pytest.mark.parametrize(
    ("gloss", "words"),
    [
        ("small short-haired dog; kept as a pet", "small short haired dog"),
        ("(zoology) a wolf (or a fox (or both)) of the north", "a wolf of the north"),
        ('a "big; and very old" kind of tree', "a kind of tree"),
        ("a Jewish writer, born in New York: author", "a jewish writer born in new york author"),
        ("a woman's coat and/or skirt", "a woman coat and or skirt"),
        ("a hotel called `Ritz' in Paris", "a hotel called ritz in paris"),
    ],
)
def test_definitions_become_plain_words(gloss: str, words: str) -> None:
    assert wordnet.definition_words(gloss) == words


@pytest.mark.parametrize(
    "gloss",
    [
        "a large dog",
        "word " * 41,
        "a dance of the 16th century",
        "a person who can't stay still",
        "a city in the U.S. on the coast",
        "prints signed Currier & Ives of old",
        "",
    ],
)
def test_definitions_that_are_not_4_to_40_plain_words_are_refused(gloss: str) -> None:
    assert wordnet.definition_words(gloss) is None


def test_bounds_of_the_length_are_allowed() -> None:
    for count in data.WORDS_PER_TEXT:
        assert wordnet.definition_words("word " * count) == " ".join(["word"] * count)


def test_definitions_are_chosen_once_and_without_ambiguity() -> None:
    nouns = "  1 a licence line\n" + "".join(
        [
            synset(1, 5, "a small animal of woods"),
            synset(2, 5, "a small animal of woods; another"),
            synset(3, 13, "a grain of the barley"),
            synset(4, 20, "a grain of the barley"),
            synset(5, 20, "a tree with white flowers"),
            synset(6, 18, "offensive term for a person of age"),
            synset(7, 3, "an entity of no class"),
        ]
    )
    chosen = wordnet.choose_definitions(nouns, 10)
    assert {name: texts for name, texts in chosen.items() if texts} == {
        "animal": ["a small animal of woods"],
        "plant": ["a tree with white flowers"],
    }


def test_fewer_definitions_are_the_first_of_more_and_do_not_follow_the_source() -> None:
    letters = "abcdefghijklmnop"
    nouns = "".join(synset(i, 5, f"an animal of kind {letter}") for i, letter in enumerate(letters))
    turned = "".join(synset(i, 5, f"an animal of kind {letter}") for i, letter in enumerate(letters[::-1]))
    everything = wordnet.choose_definitions(nouns, 100)["animal"]
    assert wordnet.choose_definitions(nouns, 5)["animal"] == everything[:5]
    assert wordnet.choose_definitions(turned, 100)["animal"] == everything
    assert everything not in (sorted(everything), sorted(everything, reverse=True))


# ---------------------------------------------------------------- synonyms


@pytest.fixture
def lexicon() -> wordnet.Lexicon:
    """A dictionary of a few words, each there for one rule."""
    synsets = {
        "noun": [
            "bone os pearl",
            "bones castanet",
            "rock stone",
            "rock music",
            "plant flora",
            "pit insult stone",
            "insult abuse",
            "of stone",
        ],
        "verb": ["find discover", "found establish", "plant sow"],
        "adj": ["red(a) crimson carmine deep_red Red"],
        "adv": [],
    }
    uses = {
        "noun": "bone 9 pearl 1 castanet 1 rock 5 stone 5 music 5 plant 3 pit 1 flora 1 insult 1 of 1",
        "verb": "find 50 found 3 discover 2 establish 2 plant 3 sow 1",
        "adj": "red 4 crimson 1 deep_red 1",
    }
    files = {f"{part}.exc": "" for part in synsets} | {"verb.exc": "found find\n"}
    for part, lines in synsets.items():
        content = "  1 licence\n"
        senses: dict[str, list[int]] = {}
        for line in lines:
            words = line.split()
            for word in words:
                senses.setdefault(word.partition("(")[0].lower(), []).append(len(content))
            gloss = "offensive term for people" if line == "insult abuse" else "gloss"
            fields = " ".join(f"{word} 0" for word in words)
            content += f"{len(content):08d} 03 {part[0]} {len(words):02x} {fields} 000 | {gloss}\n"
        files[f"data.{part}"] = content
        files[f"index.{part}"] = "  1 licence\n" + "".join(
            f"{word} {part[0]} {len(at)} 0 {len(at)} 0 {' '.join(f'{o:08d}' for o in at)}\n"
            for word, at in senses.items()
        )
    digit = {"noun": 1, "verb": 2, "adj": 3}
    files["cntlist.rev"] = "".join(
        f"{word}%{digit[part]}:00:00:: 1 {times}\n"
        for part, counts in uses.items()
        for word, times in re.findall(r"(\S+) (\d+)", counts)
    )
    return wordnet.Lexicon(files)


def test_synonyms_are_those_of_the_first_sense(lexicon: wordnet.Lexicon) -> None:
    assert lexicon.synonyms("rock") == ["stone"]


def test_synonyms_are_single_words_that_are_in_use(lexicon: wordnet.Lexicon) -> None:
    assert lexicon.synonyms("red") == ["crimson"]  # not "deep_red", "Red" or the never used "carmine"
    assert lexicon.synonyms("bone") == ["pearl"]  # not the short "os"


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("plant", "as often a verb as a noun"),
        ("found", "an irregular form of the commoner find"),
        ("bones", "a regular form of the commoner bone"),
        ("of", "a function word"),
        ("insult", "an offensive word has no place in a table"),
        ("unknown", "not in the dictionary"),
    ],
)
def test_doubtful_words_have_no_synonyms(lexicon: wordnet.Lexicon, word: str, why: str) -> None:
    assert lexicon.synonyms(word) == [], why


def test_offensive_words_are_no_synonyms(lexicon: wordnet.Lexicon) -> None:
    assert lexicon.synonyms("pit") == ["stone"]
