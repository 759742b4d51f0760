"""How a simulated venue refuses a request."""

from typing import ClassVar, Generic, TypeVar

Code = TypeVar("Code", bound=int | str)


class RequestError(Exception, Generic[Code]):
    """A request that a venue refuses: its code and text for that, and the HTTP status that they come with."""

    usual_status: ClassVar[int] = 400

    def __init__(self, code: Code, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = self.usual_status if status is None else status
