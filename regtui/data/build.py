"""Build the embedded data from two Debian packages: `python -m regtui.data.build`.

dataset-fashion-mnist gives the image sheet, wordnet-base the definitions and the synonyms. Each file that is
read must have its known sha256, so the result is the same everywhere; building twice gives the same bytes.
(The packed bytes of the PNG also depend on the machine's zlib, its pixels do not.) Needs the standard library
only.

Formats: IDX at https://github.com/zalandoresearch/fashion-mnist, WordNet's files in `man 5 wndb`, PNG at
https://www.w3.org/TR/png-3/.
"""

import argparse
import gzip
import hashlib
import json
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regtui import data
from regtui.data.wordnet import build_wordnet


@dataclass(frozen=True)
class Package:
    """A Debian package that data is made from."""

    name: str
    """As `apt install` takes it."""
    option: str
    """The option of this program that names another directory."""
    sha256: dict[str, str]
    """Of each file that is read; of what a .gz unpacks to, since Debian's carry headers of their own."""


FASHION = Package(
    "dataset-fashion-mnist",
    "--images",
    {
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
)
WORDNET = Package(
    "wordnet-base",
    "--wordnet",
    {
        "data.noun": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
        "data.verb": "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
        "data.adj": "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
        "data.adv": "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
        "index.noun": "a490d99d93d017bf4822fe2f0ffa51fd73911ce271dc7535fade21f8814b5a04",
        "index.verb": "e2ac24816c3a8289dcb72aaa9cf8db81fdf25ec34d792bfc96ac5b7a20c8b4ae",
        "index.adj": "c9865d7b4d1f805bdef82ccdcea5282436e23083e6f6f1b33e716327c4eda810",
        "index.adv": "6f5465ed5758fe9c8a2f7ec17b1300f3aa875756c70ff7cba162f7e71bcf88ea",
        "noun.exc": "2b5d675c380b39ecf595af9fa9d4e7feb1d58c643b0bff08c40ed5bfe41fab7a",
        "verb.exc": "dbbcf9a601b2d77e934e413b91d90e88ec7f933a8b77cfc00602a923b891b42c",
        "adj.exc": "8824cc24bbedd797b9702316b27f07cd4c2b76b629539f0a1276f03926758016",
        "adv.exc": "e7291461b629abfe63301bbe1998cee09fd575ed7107abd7ea9763adb05bf0a8",
        "cntlist.rev": "a198580b8f705fa02797bba8b13e5cbe4a9f9f40cb1697e774c7fc6a5865b035",
    },
)

HEADER_BYTES = {"images": 16, "labels": 8}
"""Length of the IDX header: magic number, then one 32-bit size for each dimension."""


class SourceError(Exception):
    """A source is missing or is not the expected one; the message says what to do."""


def read_source(package: Package, directory: Path, name: str) -> bytes:
    """Return the unpacked bytes of a source file; raise SourceError if they are not the expected ones."""
    path = directory / name
    remedy = f"`apt install {package.name}` or {package.option} DIR"
    try:
        raw = path.read_bytes()
        content = gzip.decompress(raw) if name.endswith(".gz") else raw
    except FileNotFoundError:
        raise SourceError(f"{path} is missing: {remedy} provides it.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path} cannot be read ({error}): {remedy} provides it.") from None
    found, expected = hashlib.sha256(content).hexdigest(), package.sha256[name]
    if found != expected:
        remedy = f"`apt install --reinstall {package.name}` or {package.option} DIR"
        raise SourceError(f"{path} has sha256 {found}, expected {expected}: {remedy} provides the right one.")
    return content


def first_of_each_class(labels: bytes, count: int) -> list[int]:
    """Return the indices of the first `count` items of every class, in ascending order."""
    seen: Counter[int] = Counter()
    chosen = []
    for index, label in enumerate(labels):
        if seen[label] < count:
            seen[label] += 1
            chosen.append(index)
    return chosen


def fashion_split(files: dict[str, bytes], split: str) -> tuple[list[bytes], bytes]:
    """Return the chosen images of a split, 784 bytes each, and their labels, one byte each."""
    images = files[f"{split}-images-idx3-ubyte.gz"][HEADER_BYTES["images"] :]
    labels = files[f"{split}-labels-idx1-ubyte.gz"][HEADER_BYTES["labels"] :]
    chosen = first_of_each_class(labels, data.IMAGES_PER_CLASS)
    size = data.TILE * data.TILE
    return [images[i * size : (i + 1) * size] for i in chosen], bytes(labels[i] for i in chosen)


def sheet_rows(tiles: Sequence[bytes], side: int, across: int) -> list[bytes]:
    """Lay square tiles out, `across` in a row, and return the rows of pixels of the sheet."""
    rows = []
    for start in range(0, len(tiles), across):
        line = tiles[start : start + across]
        rows += [b"".join(tile[y * side : (y + 1) * side] for tile in line) for y in range(side)]
    return rows


def gray_png(rows: Sequence[bytes]) -> bytes:
    """Pack rows of gray pixels as a PNG without filters, with the standard library alone."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    packed = zlib.compress(b"".join(b"\0" + row for row in rows), level=9)  # each row starts with its filter
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)  # 8 bits, gray, not interlaced
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def build_fashion(files: dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, object]]:
    """Return the sheet and the labels by file name, and the record of the data set."""
    (train, train_labels), (test, test_labels) = fashion_split(files, "train"), fashion_split(files, "t10k")
    tiles = train + test
    lines = ["".join(map(str, labels)) + "\n" for labels in (train_labels, test_labels)]
    content = hashlib.sha256(b"".join(tiles) + train_labels + test_labels)
    record = {
        "sha256": content.hexdigest(),
        "sha256_of": "pixels of all images in the order of the sheet, then one byte for each label",
        "classes": len(data.FASHION_CLASSES),
        "train": len(train),
        "test": len(test),
    }
    sheet = gray_png(sheet_rows(tiles, data.TILE, data.TILES_PER_ROW))
    return {data.fashion_sheet().name: sheet, data.fashion_labels().name: "".join(lines).encode()}, record


def build(images: Path, wordnet: Path) -> dict[str, bytes]:
    """Return the content of every file of the embedded data by name; read and check all sources first."""
    image_files = {name: read_source(FASHION, images, name) for name in FASHION.sha256}
    word_files = {name: read_source(WORDNET, wordnet, name).decode("ascii") for name in WORDNET.sha256}
    fashion_files, fashion_record = build_fashion(image_files)
    wordnet_files, wordnet_record = build_wordnet(word_files)
    files = fashion_files | wordnet_files
    record = {
        "datasets": {"fashion-mnist": fashion_record, "wordnet": wordnet_record},
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        },
        "sources": {package.name: package.sha256 for package in (FASHION, WORDNET)},
    }
    return files | {data.checksums().name: (json.dumps(record, indent=2) + "\n").encode()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0 built, 1 not written, 2 a source is missing or wrong."""
    parser = argparse.ArgumentParser("python -m regtui.data.build", description="Build the embedded data.")
    directories = {
        FASHION.option: (Path("/usr/share/datasets/fashion-mnist"), "the four .gz files of Fashion-MNIST"),
        WORDNET.option: (Path("/usr/share/wordnet"), "the files of WordNet 3.0"),
        "--out": (data.DIRECTORY, "where the files go"),
    }
    for option, (default, what) in directories.items():
        text = f"{what} (default: {default})"
        parser.add_argument(option, type=Path, default=default, metavar="DIR", help=text)
    options = parser.parse_args(arguments)
    try:
        files = build(options.images, options.wordnet)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            half_written = options.out / f"{name}.new"
            half_written.write_bytes(content)
            half_written.replace(options.out / name)
            print(f"{options.out / name}  {len(content):,} bytes")
    except OSError as error:
        print(f"{options.out} cannot be written: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
