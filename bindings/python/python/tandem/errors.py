"""What goes wrong, named as on the control socket."""


class Error(Exception):
    """Anything that a receiver refuses or cannot do."""


class NoSuchPhone(Error):
    """No phone of this address or name is known."""


class NotPaired(Error):
    """The phone has no bond here."""


class NotConnected(Error):
    """The phone is not connected."""


class NothingToAnswer(Error):
    """No call rings."""


class NoCall(Error):
    """There is no such call."""


class NotSupported(Error):
    """The phone or the receiver cannot do this."""


class Refused(Error):
    """The phone said no."""


class TimedOut(Error, TimeoutError):
    """No answer in time."""


class BadValue(Error, ValueError):
    """A key is not known, or a value is out of its range."""


class Busy(Error):
    """Not now."""


class ControllerLost(Error):
    """The controller is gone, or the receiver is closed."""


class Ambiguous(Error):
    """Several phones have this name; give the address."""


class NoController(Error):
    """There is no such controller, or nobody answers there."""


class NotPermitted(Error, PermissionError):
    """Something may not be used; the text says what would permit it."""


class ControllerFailed(Error):
    """The controller failed while it was brought up; the text says at which step."""
