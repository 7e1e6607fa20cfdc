"""docs/fleet.md and its plots: what is committed, and what the simulation makes of it."""

import os
import re

import facts
import paper

PAPER = "docs/fleet.md"
PLOTS = "docs/fleet"
MARKS = re.compile(r"(<!-- begin: ([a-z -]+), made by tests/fleet/simulate -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)


def committed():
    """The paper as it is."""
    return facts.read(PAPER)


def made(text):
    """All files by their paths, as the simulation makes them; of the paper only what is marked."""
    blocks = paper.blocks()
    found = [name for _, name, _, _ in MARKS.findall(text)]
    if sorted(found) != sorted(blocks):
        raise facts.Stale(f"{PAPER} must have each of these marks once: {', '.join(sorted(blocks))}; it has {', '.join(sorted(found))}")
    files = {PAPER: MARKS.sub(lambda part: f"{part[1]}{blocks[part[2]]}{part[4]}", text)}
    files.update({f"{PLOTS}/{name}": text for name, text in paper.pictures().items()})
    return files


def write(path, text):
    """Writes a file of the tree."""
    path = os.path.join(facts.TOP, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
