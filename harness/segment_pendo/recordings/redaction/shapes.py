"""The shapes of what must not be in a recording: keys, tokens, addresses, phone and card numbers.

Each has a clue, which none of its suspects is without: most texts have no clue at all, and to look for a
character costs a hundredth of what a pattern costs.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import cache, cached_property, partial
from typing import Final

from segment_pendo.base.steps import Steps

__all__ = [
    "EMAIL",
    "IPV4",
    "IPV6",
    "MAC",
    "PHONE",
    "PHONE_OF_AMERICA",
    "PLACE",
    "SHAPES",
    "SSN",
    "Shape",
    "is_global",
    "is_random",
]

_AT_A_TIME: Final = 256  # matches
type Judge = Callable[[str], bool]


class Shape:
    """What something looks like: `what` it is, and the `source` of its pattern, compiled when it is needed.

    `has_clue`: whether a text may have a suspect at all. `is_suspect`: whether a match is one; examples are
    not. `is_secret`: whoever it belongs to, the value itself must go, as pseudonyms do not know it.
    """

    def __init__(
        self,
        what: str,
        source: str,
        has_clue: Judge,
        is_suspect: Judge,
        flags: re.RegexFlag = re.ASCII,
        *,
        is_secret: bool = False,
    ) -> None:
        self.what = what
        self.source = source
        self.has_clue = has_clue
        self.is_suspect = is_suspect
        self.is_secret = is_secret
        self._flags = flags

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return the pattern; it matches examples, too."""
        return re.compile(self.source, self._flags)

    def matches(self, text: str) -> Iterable[re.Match[str]]:
        """Return the matches in a text, every suspect among them."""
        return self.pattern.finditer(text) if self.has_clue(text) else ()

    def replaced_in_steps(self, make: Callable[[re.Match[str]], str], text: str) -> Steps[str]:
        """Return a text with what `make` makes of each of these matches, some of them a step."""
        pieces, at = list[str](), 0
        for number, match in enumerate(self.matches(text), 1):
            pieces += (text[at : match.start()], make(match))
            at = match.end()
            if number % _AT_A_TIME == 0:
                yield None
        return "".join((*pieces, text[at:])) if at else text


# --- clues ---


def _with(*words: str) -> Judge:
    """Return what says whether one of these stands in a text."""
    return lambda text: any(word in text for word in words)


def _in_any_case(*words: str) -> Judge:
    """Return what says whether one of these stands in a text, in upper or lower case."""

    def has_clue(text: str) -> bool:
        if not text.isascii():  # to `re`, a few letters of other alphabets are the same as some of ours
            return True
        lowered = text.lower()
        return any(word in lowered for word in words)

    return has_clue


def _like(source: str) -> Judge:
    """Return what says whether a simple pattern is in a text; one that begins with a character is quick."""

    compiled = cache(partial(re.compile, source, re.ASCII))  # when it is needed
    return lambda text: compiled().search(text) is not None


# --- judges ---

_EXAMPLE: Final = r"@(?:[a-z0-9-]+\.)*(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)$"
# 555-01xx is for fiction in North America, as are these of other countries' authorities.
_FICTION: Final = r"55501\d\d$"
# Name servers, and the address of Segment's own examples.
_EVERYBODYS: Final = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "24.5.68.47"})


def _anything(_text: str) -> bool:
    return True


def _has_a_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_somebodys_mail(text: str) -> bool:
    return not re.search(_EXAMPLE, text.replace("%40", "@"), re.IGNORECASE)


def is_global(text: str) -> bool:
    """Whether a text is an IP address of the public internet: not private, not reserved for examples."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_public(text: str) -> bool:
    return is_global(text) and text not in _EVERYBODYS


def _is_somebodys_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 3 and not re.search(_FICTION, digits)


def _is_card(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    number = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return 15 <= len(plain) <= 34 and int(number) % 97 == 1


def is_random(text: str) -> bool:
    """Whether a text may be a real key: made-up keys repeat themselves or consist of words."""
    value = re.split(r"[=:/\s\"']", text.rstrip("\"'"))[-1]
    return (
        len(set(value.lower())) >= 12
        and any(character.isdigit() for character in value)
        and any(character.isalpha() for character in value)
    )


# --- shapes ---

# In a URL, @ stands as %40. A domain ends in letters: logo@2x.png and react@18.2.0 are files and versions.
EMAIL: Final = Shape(
    "e-mail address",
    r"(?<![\w.+%-])(?!\d+x\.)([\w.+'-]{1,64}?)(@|%40|%2540|&#64;|\uff20)(?!\dx\.)[\w-]{1,63}(?:\.[\w-]{1,63})*\.[^\W\d_]{2,63}(?![\w-])",
    _with("@", "%40", "%2540", "&#64;", "\uff20"),
    _is_somebodys_mail,
    re.IGNORECASE,
)
# A version is none: it stands under such a key, in JSON or in the JSON text of a webhook.
IPV4: Final = Shape(
    "IP address",
    r"(?<![\d.vV])(?<![A-Za-z]/)(?<!(?:ersion|.build)\":\")(?<!(?:ersion|.build)\": \")"
    r"(?<!(?:ersion|.build)\\\":\\\")(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)",
    _like(r"\.\d{1,3}\.\d{1,3}\.\d"),
    _is_public,
)
# Times match it, too; but an address has :: or seven colons.
IPV6: Final = Shape(
    "IP address",
    r"(?<![0-9A-Fa-f:])(?:(?:[0-9A-Fa-f]{1,4}:){2,7}:?(?:[0-9A-Fa-f]{1,4}:?){0,6}"
    r"|[23][0-9A-Fa-f]{3}::(?:[0-9A-Fa-f]{1,4}:){0,5}[0-9A-Fa-f]{1,4})(?![0-9A-Fa-f:])",
    _like(r":(?::|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:)"),
    _is_public,
)
PHONE: Final = Shape(
    "phone number",
    r"(?<![\w+.:])\+[1-9][\d ().-]{6,18}\d(?!\w)",
    _like(r"\+[1-9][\d ().-]{6}"),
    _is_somebodys_phone,
)
PHONE_OF_AMERICA: Final = Shape(
    "phone number",
    r"(?<![\w+.(-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\w-])",
    _like(r"[-.]\d{4}(?![\w-])"),
    _is_somebodys_phone,
)
SSN: Final = Shape(
    "social security number",
    r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])",
    _like(r"-\d\d-\d{4}"),
    _anything,
)
MAC: Final = Shape(
    "address of a device",
    r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])",
    _like(r":[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:"),
    _anything,
)
# Not two numbers of a list.
PLACE: Final = Shape(
    "place",
    r"(?<![\w.,\[-])-?\d{1,2}\.\d{4,}, ?-?\d{1,3}\.\d{4,}(?![\w.,\]])",
    _like(r"\.\d{4,}, ?-?\d{1,3}\.\d{4}"),
    _anything,
)
_CARD: Final = Shape(
    "card number",
    r"(?<![\w.-])(?:[3-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d{13}|3[47]\d\d[ -]\d{6}[ -]\d{5})"
    r"(?![\w-]|\.\d)",
    _like(r"[3-6]\d{3}[ -]?\d{4,6}[ -]?\d{4}"),
    _is_card,
    is_secret=True,
)
_BANK_ACCOUNT: Final = Shape(
    "bank account",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
    _like(r"[A-Z]{2}\d\d ?[A-Z0-9]{4} ?[A-Z0-9]{4}"),
    _is_iban,
    is_secret=True,
)
_PRIVATE_KEY: Final = Shape(
    "private key",
    r"-----BEGIN(?: |\+|%20)(?:[A-Z]+(?: |\+|%20))*PRIVATE(?: |\+|%20)KEY-----"
    r"(?:[^-]*-----END[A-Z %20+]*KEY-----|[^\"-]*)",
    _with("-----BEGIN"),
    _anything,
    is_secret=True,
)
# Also behind %22 or an escaped line break.
_SIGNED_TOKEN: Final = Shape(
    "token",
    r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
    r"eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){2,4}",
    _with("eyJ"),
    _anything,
    is_secret=True,
)
_TOKEN: Final = Shape(
    "token",
    r"(?<![A-Za-z0-9_])(?:[srp]k_(?:live|test)_\w{16,}|whsec_\w{16,}|gh[pousr]_\w{30,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{20}|xox[abprs]-[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{30,}|pypi-[\w-]{30,}|shp(?:at|ss)_[0-9a-f]{32}|dop_v1_[0-9a-f]{64}"
    r"|sk-(?:ant-|proj-)?[\w-]{20,})",
    _with(
        "k_live_", "k_test_", "whsec_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
        "xox", "AKIA", "ASIA", "AIza", "ya29.", "SG.", "npm_", "pypi-", "shpat_", "shpss_", "dop_v1_", "sk-",
    ),
    _anything,
    is_secret=True,
)  # fmt: skip
_SLACK_HOOK: Final = Shape(
    "token",
    r"(?<=hooks\.slack\.com/services/)[\w/]{20,}",
    _with("hooks.slack.com/services/"),
    _anything,
    is_secret=True,
)
_BEARER: Final = Shape(
    "token",
    r"(?<=Bearer )[A-Za-z0-9._~+/-]{16,}=*",
    _with("Bearer "),
    _has_a_digit,
    is_secret=True,
)
_PASSWORD_IN_URL: Final = Shape(
    "password in a URL",
    r"(?<=://)[^\s/:@\"']{1,64}:[^\s/:@\"']{4,64}(?=@)",
    _like(r"://[^\s/:@\"']{1,64}:"),
    _anything,
    re.NOFLAG,
    is_secret=True,
)
_PENDO_KEY: Final = Shape(
    "Pendo key",
    r"/data/\w+/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    _in_any_case("/data/"),
    is_random,
    re.IGNORECASE,
    is_secret=True,
)
_WRITE_KEY: Final = Shape(
    "write key",
    r"write_?key\\*[\"']?\s*[:=]\s*\\*[\"']?[A-Za-z0-9]{24,}",
    _in_any_case("writekey", "write_key"),
    is_random,
    re.IGNORECASE,
    is_secret=True,
)
_SECRET: Final = Shape(
    "secret",
    r"(?:passw(?:or)?d|secret|api_?key|(?:access|auth|refresh|id|reset|session)_?token|[?&;](?:token|sig|(?:x-amz-)?signature)"
    r"|cookie|\bsid|(?:access|secret)_key)\\*[\"']?\s*[:=]\s*\\*[\"']?[^\s\"'\\&;]{12,}",
    _in_any_case(
        "passwd", "password", "secret", "apikey", "api_key", "token", "?sig", "&sig", ";sig", "signature",
        "cookie", "sid", "access_key",
    ),
    is_random,
    re.IGNORECASE,
    is_secret=True,
)  # fmt: skip
# One table for what `scan` reports and what redaction replaces.
SHAPES: Final = (
    EMAIL, IPV4, IPV6, PHONE, PHONE_OF_AMERICA, SSN, MAC, PLACE, _CARD, _BANK_ACCOUNT, _PRIVATE_KEY,
    _SIGNED_TOKEN, _TOKEN, _SLACK_HOOK, _BEARER, _PASSWORD_IN_URL, _PENDO_KEY, _WRITE_KEY, _SECRET,
)  # fmt: skip
