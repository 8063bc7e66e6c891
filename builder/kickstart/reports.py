"""Whether a kickstart tells the host how the installation ended."""

from builder.kickstart.words import comment
from builder.model.domain import RESULT_PORT
from builder.model.kickstart import NONCE


def reports(text: str) -> bool:
    """Tell whether a script of a rendered kickstart writes the build's nonce to our port.

    Without the nonce nothing that is said there counts. What a comment tells of does nothing.
    """
    code = "\n".join(line[: comment(line)] for line in text.split("\n"))
    return RESULT_PORT in code and NONCE in code
