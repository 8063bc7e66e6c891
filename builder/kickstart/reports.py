"""Whether a kickstart tells the host how the installation ended."""

import re

from builder.model.domain import RESULT_PORT
from builder.model.kickstart import NONCE


def reports(text: str) -> bool:
    """Tell whether a script of a rendered kickstart writes the build's nonce to our port.

    Without the nonce nothing that is said there counts. Lines that are comments do nothing; a # in
    others may be anything: ${name#prefix}.
    """
    code = re.sub(r"^[ \t]*#.*", "", text, flags=re.MULTILINE)
    return RESULT_PORT in code and NONCE in code
