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
import re
import struct
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from regtui import data


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

OFFENSIVE = re.compile(
    r"\bethnic slurs?\b|\bnegro|\bjewess\b"
    r"|\b(offensive|obscene|vulgar|derogatory|disparaging)\b[^;]{0,20}\b(terms?|names?|words?|slang)\b",
    re.IGNORECASE,
)
"""How glosses of 2006 mark or use words that insult; nobody should have to read those in a lesson."""

PARTS_OF_SPEECH = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
"""The digit after the % of a sense key (`man 5 senseidx`); 5 is an adjective satellite."""

ENDINGS = {
    "noun": "s: ses:s xes:x zes:z ches:ch shes:sh men:man ies:y",
    "verb": "s: ies:y es:e es: ed:e ed: ing:e ing:",
    "adj": "er: est: er:e est:e",
    "adv": "",
}
"""Ending of an inflected form and ending of its base form, the rules of `man 7 morphy`."""

FUNCTION_WORDS = """
a an the this that these those some any no none each every either neither all both half such more most much
many i me my mine myself we us our ours you your yours he him his himself she her hers herself it its itself
they them their theirs themselves who whom whose which what whatever one ones other others another someone
something in on at by of to for from with without within into onto upon over under above below between among
about around along across after before during against through throughout toward towards near off up down out
as than per via since until till behind beneath beside besides beyond inside outside except despite and or
but nor if so yet not only also then there here when where while how why whether because although though very
too rather quite just even still ever never again be am is are was were been being have has had having do
does did done doing can could may might must shall should will would zero two three four five six seven eight
nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty
fifty sixty seventy eighty ninety hundred thousand million billion first second third
"""
"""Words that hold a sentence together. WordNet knows their homographs only: `in` the inch, `at` astatine."""


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
    """Pack rows of gray pixels as a PNG without filters, which needs no arithmetic to read.

    That makes the sheet 1.77 MB; Paeth's filter makes it 1.63 MB, but slow to read without a library.
    """

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    packed = zlib.compress(b"".join(b"\0" + row for row in rows), level=9)  # each row starts with its filter
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)  # 8 bits, gray, not interlaced
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def definition_words(gloss: str) -> str | None:
    """Return the definition in a gloss as lower-case words of a-z, or None if it is not made of 4-40 words.

    Parentheses and quoted examples go, then all from the first semicolon on. Hyphens and slashes part words,
    a possessive loses its 's. A definition with a digit, a contraction or a dotted abbreviation is refused,
    so that no sentence is left with a hole.
    """
    remaining = 1
    while remaining:
        gloss, remaining = re.subn(r"\([^()]*\)", " ", gloss)  # innermost first
    clause = re.sub(r'"[^"]*"', " ", gloss).split(";")[0].lower()
    words = []
    for token in re.split(r"[\s/-]+", clause):
        word = token.strip(".,:!?`'\"").removesuffix("'s")
        if word and not re.fullmatch("[a-z]+", word):
            return None
        if word:
            words.append(word)
    fewest, most = data.WORDS_PER_TEXT
    return " ".join(words) if fewest <= len(words) <= most else None


def synsets(content: str) -> Iterator[tuple[int, int, list[str], str]]:
    """Yield offset, lexicographer file, words and gloss of each synset of a data.* file."""
    offset = 0
    for line in content.splitlines(keepends=True):
        if not line.startswith(" "):  # the licence is indented
            head, _, gloss = line.partition(" | ")
            fields = head.split()
            words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            yield offset, int(fields[1]), [word.partition("(")[0] for word in words], gloss  # "galore(ip)"
        offset += len(line)


def choose_definitions(nouns: str, count: int) -> dict[str, list[str]]:
    """Return for each class its first `count` definitions in the order of their sha256.

    None occurs twice or with two classes. The order of a hash knows no topic, unlike that of WordNet, so that
    any first N are a fair sample.
    """
    class_of = {number: name for name, number in data.LEXICOGRAPHER_FILES.items()}
    classes: dict[str, set[str]] = defaultdict(set)
    for _, number, _, gloss in synsets(nouns):
        if number in class_of and not OFFENSIVE.search(gloss) and (text := definition_words(gloss)):
            classes[text].add(class_of[number])
    order = sorted(classes, key=lambda text: hashlib.sha256(text.encode()).digest())
    return {name: [text for text in order if classes[text] == {name}][:count] for name in data.LEXICOGRAPHER_FILES}


class Lexicon:
    """The words of WordNet: how often each is used, what its first sense is, of what it may be a form."""

    def __init__(self, files: dict[str, str]) -> None:
        """Take the contents of data.*, index.*, *.exc and cntlist.rev by name."""
        self.uses: Counter[tuple[str, str]] = Counter()
        """Times that a (word, part of speech) was tagged in WordNet's corpus, all senses together."""
        self.never = set(FUNCTION_WORDS.split())
        """Words that neither have nor are synonyms: function words, and words with an offensive sense."""
        for line in files["cntlist.rev"].splitlines():
            key, _, times = line.split()
            word, _, rest = key.partition("%")
            self.uses[word, PARTS_OF_SPEECH[rest[0]]] += int(times)

        self.first_sense: dict[str, dict[str, list[str]]] = defaultdict(dict)
        """word -> part of speech -> words of the synset that is its most frequent sense."""
        self.irregular: dict[str, set[tuple[str, str]]] = defaultdict(set)
        """Irregular form -> its (base form, part of speech)."""
        for part in ENDINGS:
            by_offset = {}
            for offset, _, words, gloss in synsets(files[f"data.{part}"]):
                by_offset[offset] = words
                if OFFENSIVE.search(gloss):
                    self.never.update(word.lower() for word in words)
            for line in files[f"index.{part}"].splitlines():
                if not line.startswith(" "):
                    fields = line.split()
                    senses = int(fields[2])
                    self.first_sense[fields[0]][part] = by_offset[int(fields[-senses])]
            for line in files[f"{part}.exc"].splitlines():
                form, *bases = line.split()
                self.irregular[form].update((base, part) for base in bases)

    def base_forms(self, word: str) -> set[tuple[str, str]]:
        """Return each other (word, part of speech) that this word may be an inflected form of."""
        bases = set(self.irregular.get(word, ()))
        for part, endings in ENDINGS.items():
            for ending, _, base_ending in (rule.partition(":") for rule in endings.split()):
                base = word.removesuffix(ending) + base_ending
                if word.endswith(ending) and part in self.first_sense.get(base, ()):
                    bases.add((base, part))
        return {(base, part) for base, part in bases if base != word}

    def synonyms(self, word: str) -> list[str]:
        """Return the synonyms of the commonest sense of a word; none where that sense would be a guess.

        It would be one for words used equally often as two parts of speech, for forms of a commoner word
        (`found` is rarely to establish) and for function words. Synonyms are single words of three or more
        letters that WordNet's corpus uses; insults and function words are left out.
        """
        senses = self.first_sense.get(word, {})
        ranked = sorted(senses, key=lambda part: -self.uses[word, part])
        uses = [self.uses[word, part] for part in ranked]
        if not ranked or len(word) < 3 or word in self.never or uses[0] in uses[1:]:
            return []
        if any(self.uses[base] > uses[0] for base in self.base_forms(word)):
            return []
        others = [other for other in senses[ranked[0]] if other not in {word, *self.never}]
        plain = [other for other in others if re.fullmatch("[a-z]{3,}", other)]
        return [other for other in plain if any(self.uses[other, part] for part in ENDINGS)]


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


def build_wordnet(files: dict[str, str]) -> tuple[dict[str, bytes], dict[str, object]]:
    """Return the definitions and the synonyms by file name, and the record of the data set."""
    chosen = choose_definitions(files["data.noun"], data.TEXTS_PER_CLASS)
    definitions = "".join(f"{name}\t{text}\n" for name, texts in chosen.items() for text in texts).encode()
    words = [word for texts in chosen.values() for text in texts for word in text.split()]
    lexicon = Lexicon(files)
    found = {word: lexicon.synonyms(word) for word in sorted(set(words))}
    table = "".join(f"{word}\t{' '.join(others)}\n" for word, others in found.items() if others).encode()
    texts = sum(map(len, chosen.values()))
    record = {
        "sha256": hashlib.sha256(definitions + table).hexdigest(),
        "sha256_of": "the file of definitions, then the file of synonyms",
        "classes": len(chosen),
        "texts": texts,
        "words": len(words),
        "different_words": len(set(words)),
        "words_with_synonyms": sum(map(bool, found.values())),
    }
    return {data.wordnet_definitions().name: definitions, data.wordnet_synonyms().name: table}, record


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
