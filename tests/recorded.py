"""Writes what the record_*.py here recorded: a C header beside them, of lines that can be read."""
import os
import textwrap

WIDTH = 120


def wrapped(line):
    indent = line[:len(line) - len(line.lstrip())]
    return textwrap.fill(line, WIDTH, subsequent_indent=indent + "    ", break_long_words=False, break_on_hyphens=False)


def write(name, lines):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "w") as out:
        out.writelines(wrapped(line) + "\n" for line in lines)
