"""Tables of texts: which column is which, what is left out, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtui.own import OwnDataError, texts

ROWS = [("Good, really", "pos"), ("it's bad", "neg"), ("fine film", "pos"), ("dull film", "neg")] * 3


def written(path: Path, head: str, rows: list[tuple[str, str]], delimiter: str = ",") -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in rows]
    path.write_text("\n".join(([head] if head else []) + lines), encoding="utf-8")
    return path


def everything(table: texts.Table) -> list[tuple[tuple[str, ...], str]]:
    return sorted(
        (words, table.classes[label])
        for part, given in table.texts.items()
        for words, label in zip(given, table.labels[part], strict=True)
    )


@pytest.mark.parametrize(
    ("head", "name", "delimiter"),
    [("", "t.csv", ","), ("text,label", "t.csv", ","), ("what,mood", "t.csv", ","), ("text\tlabel", "t.tsv", "\t"),
     ("text;label", "t.csv", ";")],
)  # fmt: skip
def test_a_heading_is_found_and_quotes_are_kept(tmp_path: Path, head: str, name: str, delimiter: str) -> None:
    table = texts.read(written(tmp_path / name, head, ROWS, delimiter))
    assert table.classes == ("neg", "pos")
    assert len(everything(table)) == len(ROWS)
    assert everything(table)[0] == (("dull", "film"), "neg")
    assert (("it's", "bad"), "neg") in everything(table)


def test_the_label_may_come_first_and_other_columns_may_stand_beside(tmp_path: Path) -> None:
    swapped = [(label, f"{text} {number}") for number, (text, label) in enumerate(ROWS)]
    assert texts.read(written(tmp_path / "swapped.csv", "", swapped)).classes == ("neg", "pos")
    wide = tmp_path / "wide.csv"
    wide.write_text("id,label,text\n" + "\n".join(f"{i},{b},{i} a" for i, (_, b) in enumerate(ROWS)))
    assert texts.read(wide).classes == ("neg", "pos")
    wide.write_text("1,2,3\n4,5,6\n")
    texts.read.cache_clear()
    with pytest.raises(OwnDataError, match=r"has 3 columns \(1, 2, 3\); allowed are two"):
        texts.read(wide)


def test_files_for_train_val_and_test_are_used_as_they_are(tmp_path: Path) -> None:
    for part, count in (("train", 12), ("val", 4), ("test", 2)):
        written(tmp_path / "set" / f"{part}.csv", "text,label", ROWS[:count])
    table = texts.read(tmp_path / "set")
    assert {part: len(rows) for part, rows in table.texts.items()} == {"train": 12, "validation": 4, "test": 2}
    assert table.leaked == 2


def test_equal_texts_stay_together_when_a_test_part_is_taken(tmp_path: Path) -> None:
    assert texts.read(written(tmp_path / "t.csv", "text,label", ROWS)).leaked == 0


def test_rows_that_lack_something_are_left_out_by_line(tmp_path: Path) -> None:
    table = texts.read(written(tmp_path / "t.csv", "text,label", [*ROWS, ("no label", "")]))
    assert table.skipped == ["t.csv line 14 has no label"]
    with pytest.raises(OwnDataError, match=r"3 of 15 rows cannot be used, more than 10%: .*line 14"):
        texts.read(written(tmp_path / "bad.csv", "text,label", [*ROWS, ("...", "pos"), ("", "pos"), ("x", "")]))


def test_what_is_no_table_of_texts_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("text,label\nfine,a\ncaf\u00e9,b\n".encode("latin-1"))
    with pytest.raises(OwnDataError, match=r"not UTF-8 text .byte 0xe9 in line 3"):
        texts.read(path)
    with pytest.raises(OwnDataError, match="is empty"):
        texts.read(written(tmp_path / "empty.csv", "", []))
    with pytest.raises(OwnDataError, match="one class, pos"):
        texts.read(written(tmp_path / "one.csv", "text,label", [row for row in ROWS if row[1] == "pos"]))
    with pytest.raises(OwnDataError, match="these are no classes"):
        texts.read(written(tmp_path / "many.csv", "text,label", [(f"a {i}", f"{i} b") for i in range(9)]))
    with pytest.raises(OwnDataError, match="not there"):
        texts.read(tmp_path / "nowhere.csv")


def test_the_length_holds_nine_texts_of_ten(tmp_path: Path) -> None:
    long = [("word " * count, "ab"[count % 2]) for count in range(1, 31)]
    assert texts.read(written(tmp_path / "t.csv", "text,label", long)).length == 40
    assert texts.read(written(tmp_path / "u.csv", "text,label", long[:12])).length == 16


def test_tables_as_other_programs_write_them(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "text,label", ROWS)
    plain = everything(texts.look(path))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert everything(texts.look(path)) == plain, "a byte order mark and Windows' line ends are no part of it"
    path.write_bytes(path.read_bytes().decode("utf-8-sig").encode("utf-16"))
    with pytest.raises(OwnDataError, match=r"t.csv is UTF-16, as some programs export tables; save it as UTF-8"):
        texts.look(path)
    path.write_bytes(path.read_bytes().decode("utf-16").encode("utf-16-le"))
    with pytest.raises(OwnDataError, match="has zero bytes in it"):
        texts.look(path)


def test_the_delimiter_is_looked_for_outside_of_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('"a; b; c; d",pos\n' + "\n".join(f'"fine; {n}",{"pn"[n % 2]}os' for n in range(20)))
    assert texts.look(path).classes == ("nos", "pos")


def test_columns_that_are_not_known_are_told_with_those_that_would_be(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,review_text,stars\n1,fine,5\n")
    with pytest.raises(OwnDataError, match=r"3 columns \(id, review_text, stars\); .* calls one of them text,"):
        texts.look(path)
    path.write_text("text|label\nfine|5\n")
    with pytest.raises(OwnDataError, match="one column between commas, tabs and semicolons; allowed are two"):
        texts.look(path)


def test_a_quotation_mark_without_an_end_is_told_by_the_line_that_it_begins_in(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = "\n".join(f"text number {n},a" for n in range(9000))
    path.write_text(f'text,label\nfine,a\n"not closed,b\n{rows}')
    with pytest.raises(OwnDataError, match=r"t.csv, line 3: field larger .* a quotation mark at its beginning and"):
        texts.look(path)


def test_two_files_for_one_part_are_refused(tmp_path: Path) -> None:
    for name in ("train.csv", "val.csv", "valid.tsv"):
        written(tmp_path / "set" / name, "text,label", ROWS)
    with pytest.raises(OwnDataError, match=r"has both val.csv and valid.tsv for validation; leave one of them"):
        texts.look(tmp_path / "set")


def test_rows_with_more_cells_than_the_heading_are_left_out_by_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"film {n},{'pn'[n % 2]}" for n in range(40)]
    path.write_text("\n".join(["text,label,,", *(f"{row},," for row in rows), "good, really,p"]))
    table = texts.look(path)
    assert table.classes == ("n", "p") and len(everything(table)) == 40
    assert table.skipped == ["t.csv line 42 has 3 cells, not 2: texts that hold a comma need quotation marks"]
    path.write_text("\n".join(["text,label", *(f"very, {row}" for row in rows)]))
    with pytest.raises(OwnDataError, match=r"40 of 40 rows cannot be used, .* line 2 has 3 cells, not 2"):
        texts.look(path)


def test_a_cell_that_goes_on_over_rows_is_no_text(tmp_path: Path) -> None:
    rows = [f"film {n}\t{'pn'[n % 2]}" for n in range(40)]
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(["text\tlabel", *rows[:9], '"so they say\tp', *rows[9:]]))
    with pytest.raises(OwnDataError, match=r"t.tsv, line 11: the cell that begins there goes on over rows"):
        texts.look(path)
    path.write_text("\n".join(["text\tlabel", *rows, '"so they say\nin\nmany\nlines"\tp']))
    assert len(everything(texts.look(path))) == 41


def test_json_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "fine", "label": "p"}\n' * 9)
    with pytest.raises(OwnDataError, match=r"t.jsonl is JSONL; text: reads CSV or TSV of a text and its label"):
        texts.look(path)
