"""As much of BitBake as it takes to run the layer's own functions without it."""

import ast
import os
import re
import textwrap


def function(path, name):
    """The function that the recipe at `path` defines by `def`."""
    source = re.search(rf"^def {name}\(d\):\n(?:(?: .*)?\n)+", read(path), re.M).group(0)
    names = {}
    exec(compile(source, os.path.basename(path), "exec"), names)
    return names[name]


def task(path, name):
    """The code of what the class at `path` defines by `python NAME() {`."""
    body = re.search(rf"^python {name}\(\) \{{\n(.*?)^\}}", read(path), re.M | re.S).group(1)
    return compile(ast.parse(textwrap.dedent(body)), os.path.basename(path), "exec")


def run(code, variables):
    """What the code told BitBake: "note", "warn", "fatal" or nothing, and its words."""
    told = BitBake()
    try:
        exec(code, {"d": Store(variables), "bb": told})
    except Stopped:
        pass
    return told.outcome, told.text


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Store:
    """BitBake's `d`, as far as the functions here use it."""

    def __init__(self, variables):
        self.variables = variables

    def getVar(self, name):
        return self.variables[name]


class Stopped(Exception):
    """What bb.fatal throws."""


class BitBake:
    """As much of bb as the class uses; keeps what it was told last."""

    def __init__(self):
        self.outcome = ""
        self.text = ""

    def told(self, outcome, said):
        self.outcome = outcome
        self.text += said + "\n"

    def note(self, said):
        self.told("note", said)

    def warn(self, said):
        self.told("warn", said)

    def fatal(self, said):
        self.told("fatal", said)
        raise Stopped
