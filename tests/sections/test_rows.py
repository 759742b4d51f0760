"""Rows are made anew where what they show has changed, and not otherwise."""

from perpbot.sections.rows import Rows


def test_a_row_is_made_once_for_each_object_that_it_shows() -> None:
    made: list[str] = []

    def make(thing: str) -> list[str]:
        made.append(thing)
        return [thing]

    rows = Rows[str, str, list[str]](make)
    one, other, newer = object(), object(), object()
    first = rows([("a", one, "1"), ("b", other, "2")])
    second = rows([("b", other, "2"), ("a", newer, "3")])
    assert made == ["1", "2", "3"]
    assert second == {"b": ["2"], "a": ["3"]}
    assert list(second) == ["b", "a"]
    assert second["b"] is first["b"]


def test_a_row_that_left_is_made_anew_when_it_comes_back() -> None:
    rows = Rows[str, int, list[int]](lambda thing: [thing])
    mark = object()
    first = rows([("a", mark, 1)])
    assert rows([]) == {}
    assert rows([("a", mark, 1)])["a"] is not first["a"]
