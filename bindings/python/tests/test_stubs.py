"""The stubs say what the compiled module has."""

import ast
import inspect
import unittest
from importlib.resources import files

from tandem import _tandem


def stub():
    return ast.parse((files("tandem") / "_tandem.pyi").read_text())


def parameters(function):
    """Names of a stub's parameters, and whether each may be left out."""
    arguments = function.args
    required = len(arguments.args) - len(arguments.defaults)
    return [(a.arg, n >= required) for n, a in enumerate(arguments.args)]


def signature(function):
    return [
        (p.name, p.default is not inspect.Parameter.empty)
        for p in inspect.signature(function).parameters.values()
    ]


def public(names):
    return {name for name in names if not name.startswith("_")}


class Stubs(unittest.TestCase):
    def test_names_are_the_same(self):
        names = set()
        for node in stub().body:
            if isinstance(node, ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.AnnAssign):
                names.add(node.target.id)
                self.assertIsInstance(getattr(_tandem, node.target.id), float)
        self.assertEqual(names, public(vars(_tandem)))

    def test_methods_are_the_same(self):
        for node in stub().body:
            if not isinstance(node, ast.ClassDef):
                continue
            cls = getattr(_tandem, node.name)
            methods = {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}
            self.assertEqual(public(methods), public(vars(cls)), node.name)
            for name, function in methods.items():
                if name == "__buffer__":
                    # Python itself has it from 3.12 on.
                    continue
                if any(getattr(d, "id", None) == "property" for d in function.decorator_list):
                    self.assertTrue(inspect.isgetsetdescriptor(getattr(cls, name)), name)
                    continue
                expected = parameters(function)
                if name == "__new__":
                    self.assertEqual(expected[1:], signature(cls), node.name)
                else:
                    self.assertEqual(expected, signature(getattr(cls, name)), name)
            self.assertRaises(TypeError, type, "Child", (cls,), {})

    def test_the_package_says_that_it_is_typed(self):
        self.assertTrue((files("tandem") / "py.typed").is_file())
