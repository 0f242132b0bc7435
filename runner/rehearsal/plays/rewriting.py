"""Rewrites the source of a journey so that each of its statements can be left to another person's player.

A statement of a function becomes

    for _firstbell_turn in _firstbell.turns("class.py:12:4", ("teacher", "code"), locals()):
        try:
            _firstbell_turn.begin()
            code = teacher.page.get_by_label("Code").input_value()
            code = _firstbell_turn.kept(code)
        except _firstbell.PlayedElsewhere as _firstbell_error:
            code = _firstbell_turn.skipped(_firstbell_error)
        except Exception:
            if not _firstbell_turn.is_void():
                raise
            code = _firstbell_turn.absent()
        finally:
            _firstbell_turn.end()

The condition of an `if` or `while`, what a `for` goes over, and what a `with` enters are statements of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TypeVar

RUNTIME = "firstbell.runner.rehearsal.plays.turns"
# One underscore at the front: two would be mangled inside a class.
NAME, TURN, ERROR, VALUE = "_firstbell", "_firstbell_turn", "_firstbell_error", "_firstbell_value"
_SUSPENDING = (ast.Yield, ast.YieldFrom, ast.Await)
Node = TypeVar("Node", bound=ast.stmt)


def rewrite(source: str | bytes, file_name: str) -> ast.Module:
    """Returns the rewritten module. Raises SyntaxError, and ValueError for a null byte."""
    module = ast.parse(source)
    _Rewriter(file_name).visit(module)
    module.body.insert(_first_line(module.body), ast.Import(names=[ast.alias(name=RUNTIME, asname=NAME)]))
    return ast.fix_missing_locations(module)


def _first_line(body: Sequence[ast.stmt]) -> int:
    """The index after the docstring and the imports from the future, which must come first."""
    for index, statement in enumerate(body):
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if not (is_docstring or is_future):
            return index
    return len(body)


class _Rewriter(ast.NodeTransformer):
    """Rewrites the bodies of functions; statements of modules and classes stay as they are."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._held = 0
        self._is_inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        was_inside, self._is_inside = self._is_inside, True
        self.generic_visit(node)
        self._is_inside = was_inside
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        was_inside, self._is_inside = self._is_inside, False
        self.generic_visit(node)
        self._is_inside = was_inside
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_plain(self, node: ast.stmt) -> ast.stmt | list[ast.stmt]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield) and node.value.value and self._is_inside:
            if _suspends(node.value.value):
                return node
            held = self._hold(node.value.value, node)
            return [held, _at(ast.Expr(ast.Yield(value=_load(held))), node)]
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        return self._turn(node) if self._is_inside and not is_text and not _suspends(node) else node

    visit_Expr = visit_Assign = visit_AnnAssign = visit_AugAssign = visit_Assert = visit_plain  # noqa: N815  # as ast asks

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        if node.value is None or not self._is_inside or _suspends(node):
            return [node]
        held = self._hold(node.value, node)
        return [held, _at(ast.Return(value=_call(_attribute(NAME, "returned"), _load(held))), node)]

    def visit_If(self, node: ast.If) -> list[ast.stmt]:
        return self._if(node) if self._is_inside and not _suspends(node.test) else [self._blocks_of(node)]

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        is_whole = not self._is_inside or bool(node.orelse) or _suspends(node.test)
        return [self._blocks_of(node)] if is_whole else self._while(node)

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        return self._for(node) if self._is_inside and not _suspends(node.iter) else [self._blocks_of(node)]

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        is_whole = not self._is_inside or any(_suspends(item.context_expr) for item in node.items)
        return [self._blocks_of(node)] if is_whole else self._with(node)

    def _blocks_of(self, node: ast.stmt) -> ast.stmt:
        self.generic_visit(node)
        return node

    def _block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        new: list[ast.stmt] = []
        for statement in body:
            visited = self.visit(statement)
            new += visited if isinstance(visited, list) else [visited]
        return new

    def _if(self, node: ast.If) -> list[ast.stmt]:
        held, bound = self._hold(_as_bool(node.test), node), _bound(node)
        inner = ast.If(test=_load(held), body=self._block(node.body), orelse=self._block(node.orelse))
        return [held, self._if_here(held, _at(inner, node), node, bound)]

    def _while(self, node: ast.While) -> list[ast.stmt]:
        held = self._hold(_as_bool(node.test), node)
        go_on = ast.BoolOp(op=ast.And(), values=[self._is_here(held, node), _load(held)])
        leave = _at(ast.If(test=ast.UnaryOp(op=ast.Not(), operand=go_on), body=[ast.Break()], orelse=[]), node)
        return [
            _at(ast.While(test=ast.Constant(value=True), body=[held, leave, *self._block(node.body)], orelse=[]), node)
        ]

    def _for(self, node: ast.For) -> list[ast.stmt]:
        held = self._hold(node.iter, node)
        bound = _bound(node)
        inner = _at(
            ast.For(target=node.target, iter=_load(held), body=self._block(node.body), orelse=self._block(node.orelse)),
            node,
        )
        return [held, self._if_here(held, inner, node, bound)]

    def _with(self, node: ast.With) -> list[ast.stmt]:
        item, *rest = node.items
        bound = _bound(node)
        inside = self._with(_at(ast.With(items=rest, body=node.body), node)) if rest else self._block(node.body)
        held = self._hold(item.context_expr, node)
        entered = ast.With(
            items=[ast.withitem(context_expr=_load(held), optional_vars=item.optional_vars)], body=inside
        )
        return [held, self._if_here(held, _at(entered, node), node, bound)]

    def _if_here(self, held: ast.For, inner: ast.stmt, node: ast.stmt, targets: Sequence[ast.expr]) -> ast.stmt:
        """Plays `inner` where the held value is there; elsewhere its names are bound to what stands for that value."""
        orelse: list[ast.stmt] = [_at(ast.Assign(targets=list(targets), value=_load(held)), node)] if targets else []
        return _at(ast.If(test=self._is_here(held, node), body=[inner], orelse=orelse), node)

    def _is_here(self, held: ast.For, node: ast.stmt) -> ast.expr:
        call = _call(_attribute(NAME, "is_here"), _load(held), _names(_loaded(node)), _call(_name("locals")))
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def _hold(self, value: ast.expr, node: ast.stmt) -> ast.For:
        """A statement that keeps a value in a name of its own."""
        self._held += 1
        target = ast.Name(id=f"{VALUE}_{self._held}", ctx=ast.Store())
        return self._turn(_at(ast.Assign(targets=[target], value=value), node, where=value))

    def _turn(self, node: ast.stmt) -> ast.For:
        targets = _bound(node)
        key = ast.Constant(f"{self._file_name}:{node.lineno}:{node.col_offset}")
        skipped = _call(_attribute(TURN, "skipped"), _name(ERROR))
        handler = ast.ExceptHandler(
            type=_attribute(NAME, "PlayedElsewhere"),
            name=ERROR,
            body=[ast.Assign(targets=list(targets), value=skipped) if targets else ast.Expr(skipped)],
        )
        unless_void = ast.UnaryOp(op=ast.Not(), operand=_call(_attribute(TURN, "is_void")))
        absent = _call(_attribute(TURN, "absent"))
        void = ast.ExceptHandler(
            type=_name("Exception"),
            name=None,
            body=[
                ast.If(test=unless_void, body=[ast.Raise()], orelse=[]),
                *([ast.Assign(targets=_bound(node), value=absent)] if targets else []),
            ],
        )
        value: list[ast.stmt] = []
        if isinstance(node, ast.Assign) and len(targets) == 1 and isinstance(node.targets[0], ast.Name):
            given = node.targets[0].id
            kept = _call(_attribute(TURN, "kept"), _name(given))
            value = [ast.Assign(targets=[ast.Name(id=given, ctx=ast.Store())], value=kept)]
        attempt = ast.Try(
            body=[ast.Expr(_call(_attribute(TURN, "begin"))), node, *value],
            handlers=[handler, void],
            orelse=[],
            finalbody=[ast.Expr(_call(_attribute(TURN, "end")))],
        )
        turns = _call(_attribute(NAME, "turns"), key, _names(_loaded(node)), _call(_name("locals")))
        loop = ast.For(target=ast.Name(id=TURN, ctx=ast.Store()), iter=turns, body=[attempt], orelse=[])
        return _at(loop, node)


def _bound(node: ast.stmt) -> list[ast.expr]:
    """The names and attributes that a statement binds, as targets of an assignment; not those of inner functions."""
    found: dict[str, ast.expr] = {}
    for inner in _walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found[inner.id] = ast.Name(id=inner.id, ctx=ast.Store())
        elif (
            isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name)
        ):
            value = ast.Name(id=inner.value.id, ctx=ast.Load())
            found[ast.unparse(inner)] = ast.Attribute(value=value, attr=inner.attr, ctx=ast.Store())
    return list(found.values())


def _walk(node: ast.AST) -> Iterable[ast.AST]:
    """All nodes of a statement, without scopes of their own."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(child, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        yield child
        yield from _walk(child)


def _loaded(node: ast.AST) -> list[str]:
    """The names that a statement reads, and their attributes as "name.attribute"."""
    read = [
        ast.unparse(inner)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name | ast.Attribute)
        and isinstance(inner.ctx, ast.Load)
        and (isinstance(inner, ast.Name) or isinstance(inner.value, ast.Name))
    ]
    return list(dict.fromkeys(name for name in read if not name.startswith(NAME)))


def _suspends(node: ast.AST) -> bool:
    return any(isinstance(inner, _SUSPENDING) for inner in ast.walk(node))


def _as_bool(value: ast.expr) -> ast.expr:
    return _call(_name("bool"), value)


def _load(held: ast.For) -> ast.Name:
    """The value that `_hold` kept."""
    attempt = held.body[0]
    assert isinstance(attempt, ast.Try)  # noqa: S101  # `_turn` made it
    kept = attempt.body[1]
    assert isinstance(kept, ast.Assign)  # noqa: S101
    assert isinstance(kept.targets[0], ast.Name)  # noqa: S101
    return _name(kept.targets[0].id)


def _name(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def _attribute(name: str, attribute: str) -> ast.Attribute:
    return ast.Attribute(value=_name(name), attr=attribute, ctx=ast.Load())


def _call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(func=function, args=list(arguments), keywords=[])


def _names(names: Iterable[str]) -> ast.Tuple:
    return ast.Tuple(elts=[ast.Constant(name) for name in names], ctx=ast.Load())


def _at(new: Node, node: ast.stmt, *, where: ast.expr | None = None) -> Node:
    """Gives a new statement the place of an old one, or of an expression in it."""
    ast.copy_location(new, where if where is not None and hasattr(where, "lineno") else node)
    return ast.fix_missing_locations(new)
