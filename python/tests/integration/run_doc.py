"""Runs the Python examples under one heading of a document, as they stand, in order: python3 run_doc.py FILE HEADING."""

import os
import pathlib
import re
import sys

from telling import tell

path, heading = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
sections = re.split(r"^#+ +(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
found = [text for title, text in zip(sections[1::2], sections[2::2], strict=True) if title == heading]
examples = re.findall(r"^```python\n(.*?)^```$", "".join(found), flags=re.MULTILINE | re.DOTALL)

# The examples name files of the project, and write into the folder they are run in.
here = os.getcwd()
os.symlink(path.parents[1] / "examples", "examples")
for number, example in enumerate(examples):
    exec(compile(example, f"{path.name}:{heading}:{number}", "exec"), {"__name__": "__main__"})  # noqa: S102
tell(heading, len(examples))
