"""Guards on the source: no decision hangs on words that people read, and only errors.py knows exit statuses."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import tui

FOR_PEOPLE = {"sentence", "title", "what_to_do", "message", "label", "way_out"}
ASKING = {"startswith", "endswith", "partition", "rpartition", "removeprefix", "removesuffix", "find", "replace"}
# Where words are compared all the same, and why.
ALLOWED = {
    ("cli/usage.py", "error.message"): "click says what is wrong with an option in its message alone",
    ("providers/declared/checks.py", "other.label"): "two values of one name could not be told apart",
    ("providers/declared/files.py", "outcome.title"): "two types of one title could not be told apart",
    ("widgets/frame.py", "self.sentence"): "a caller asks whether the sentence that it showed still stands",
    ("widgets/text_lines.py", "old.label"): "what is painted again depends on what is drawn",
    ("widgets/text_lines.py", "new.label"): "what is painted again depends on what is drawn",
}
PACKAGE = Path(tui.__file__).parent


@cache
def modules() -> dict[str, list[ast.AST]]:
    """All that each of the program's modules is made of, by path."""
    return {
        str(path.relative_to(PACKAGE)): list(ast.walk(ast.parse(path.read_text()))) for path in PACKAGE.rglob("*.py")
    }


def words_in(*nodes: ast.AST) -> list[str]:
    """The attributes of these expressions that people read; how long such a text is may be asked."""
    return [
        ast.unparse(part)
        for node in nodes
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("len", "max"))
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and part.attr in FOR_PEOPLE
    ]


def words_decided_by(node: ast.AST) -> list[str]:
    """The words that a comparison, a question about a text, a look-up or a match decides by."""
    match node:
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return []
        case ast.Compare():
            return words_in(node.left, *node.comparators)
        case ast.Call(func=ast.Attribute(attr=name, value=text)) if name in ASKING:
            return words_in(text)
        case ast.Call(func=ast.Attribute(attr="get"), args=[key, *_]) | ast.Subscript(slice=key):
            return words_in(key)
        case ast.Match(subject=subject):
            return words_in(subject)
    return []


def test_no_decision_depends_on_words_that_people_read() -> None:
    decisions = {
        (file, words) for file, nodes in modules().items() for node in nodes for words in words_decided_by(node)
    }
    assert decisions == set(ALLOWED)


def test_a_code_is_no_sentence() -> None:
    """What a code is called in words or in JSON stands beside it, so that rewording it decides nothing."""
    sentences = {
        (file, member.value)
        for file, nodes in modules().items()
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
        for member in ast.walk(node.slice)
        if isinstance(member, ast.Constant) and re.search(r"[,.;:'’]", str(member.value))
    }
    assert sentences == set()


def test_no_flag_is_passed_as_a_free_word() -> None:
    """A keyword argument that callers give as words in quotes, and the function asks for a part of, is a flag."""
    in_quotes = {
        keyword.arg
        for nodes in modules().values()
        for node in nodes
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str) and keyword.value.value
    }
    asked = {
        (function.name, call.func.value.id)
        for nodes in modules().values()
        for function in nodes
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ASKING
        if isinstance(call.func.value, ast.Name)
        if call.func.value.id in {argument.arg for argument in function.args.kwonlyargs}
    }
    assert {name for _, name in asked} & in_quotes == set(), asked


def test_whatever_has_an_exit_status_is_a_switchboard_error() -> None:
    """A second family of failures would have to be caught and reported beside this one."""
    assigned = {
        file
        for file, nodes in modules().items()
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if "exit_status" in ast.unparse(target)
    }
    assert assigned == {"errors.py"}
