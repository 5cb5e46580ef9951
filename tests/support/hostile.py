"""Texts that run as a script wherever somebody forgot that they are texts."""

from itertools import product

WORDS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>", "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<details open ontoggle=alert(1)>", "<input autofocus onfocus=alert(1)>", "<video><source onerror=alert(1)></video>",
    "<a href=javascript:alert(1) autofocus onfocus=alert(1)>x</a>", "<svg><script>alert(1)</script></svg>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>", "<object data=javascript:alert(1)></object>",
    "<style onload=alert(1)></style>", "<template><script>alert(1)</script></template><img src=x onerror=alert(1)>",
    " onmouseover=alert(1) autofocus onfocus=alert(1) x=", "javascript:alert(1)", "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}", "&lt;img src=x onerror=alert(1)&gt;",
)  # fmt: skip
BEFORE = ("", '">', "'>", "</title>", "</textarea></script>", "-->", "]]>", '"', "'", "\\u003c/script>")

TEXTS = [f"{before}{word}" for before, word in product(BEFORE, WORDS)]
"""Two hundred of them."""

ELSEWHERE = (
    "//elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example", "\\/elsewhere.example", "https://elsewhere.example",
    "https:elsewhere.example", "/\t/elsewhere.example", "/\n/elsewhere.example", "\t//elsewhere.example", " //elsewhere.example",
    "///elsewhere.example", "/%5c/elsewhere.example", "/.//elsewhere.example", "/..//elsewhere.example", "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "http://localhost@elsewhere.example", "//localhost:80@elsewhere.example/",
    "／／elsewhere.example", "/\u3002elsewhere.example",
)  # fmt: skip
"""Addresses that would lead away, or that some browsers read so."""
