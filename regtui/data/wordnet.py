"""WordNet's definitions and synonyms, chosen and cleaned: the text side of `python -m regtui.data.build`.

Formats: `man 5 wndb`, `man 5 senseidx`, `man 7 morphy`.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from regtui import data

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
