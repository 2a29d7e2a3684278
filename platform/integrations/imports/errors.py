"""What can be wrong with a file, or with one of its rows."""


class BadFile(Exception):
    """The file cannot be taken as a whole; the sentence says what to do."""


class BadMapping(Exception):
    """The mapping does not fit the file; `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


class BadRow(Exception):
    """A row is not taken; the sentence says why."""
