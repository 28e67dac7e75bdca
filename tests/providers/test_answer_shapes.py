"""Each shape in which a provider may answer is taken for what its row says, and the document says so too."""

from __future__ import annotations

import pytest

from tests.generate.provider_answers import DOCUMENT, document
from tests.support.answer_shapes import GROUPS
from tests.support.servers.exotel import AUTH_TOKEN


@pytest.mark.parametrize("title", GROUPS)
def test_each_shape_is_taken_for_what_its_row_says(title: str) -> None:
    shapes, told_of = GROUPS[title]
    for shape in shapes:
        told = told_of(shape)
        assert told.taken_for == shape.taken_for, (shape.shown, told)
        # Bad input gets a sentence what is wrong, and one what to do.
        if told.taken_for in {"no", "unknown"}:
            assert told.sentence.endswith(".")
            assert told.what_to_do.endswith(".")
        assert AUTH_TOKEN not in repr(told)
        if told.taken_for == "no":
            assert shape.source != "met" or shape.status != 200, shape.shown


def test_the_document_is_the_one_that_the_shapes_give() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()
