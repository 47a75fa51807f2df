"""What a test says about itself."""


def limits(seconds: float, alone: bool = False):
    """A total time limit, and whether the test streams in real time and so runs alone."""

    def mark(function):
        function.limit, function.alone = seconds, alone
        return function

    return mark
