"""What a test says about itself."""


def limits(seconds: float, alone: bool = False, urgent: bool = False):
    """A total time limit, and whether the test streams in real time: it runs alone where its sound must
    be whole, and is only urgent where it is about who is heard."""

    def mark(function):
        function.limit, function.alone, function.urgent = seconds, alone, alone or urgent
        return function

    return mark
