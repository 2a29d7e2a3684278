"""Why a code gives nothing."""


class Refused(Exception):
    """The code gives nothing here. `reason` is one of invalid_code, exhausted, ineligible, rolled_back,
    and beside other offers outdone or twice.

    `detail` is a sentence for the shopper where there is more to say.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason)


class NothingLeft(Refused):
    """All uses are taken, reservations included."""

    def __init__(self) -> None:
        super().__init__("exhausted")
