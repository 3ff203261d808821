"""What an attacker may write into a title, and the pieces of which other such titles are made."""

PHISHING = [
    "Your token expired: https://evil.com/login",
    "HTTPS://EVIL.COM",
    "see (http://evil.com), or <https://evil.com/x>, or [here](https://evil.com)",
    "1.https://evil.com",
    "ignore_https://evil.com_",
    "https://github.com@evil.com/octo/site",
    "https://github.com%20login@evil.com/",
    "https://github.com:443@evil.com/",
    "https://github.com:x@evil.com",
    "https://github.com.evil.com/octo",
    "https://github.com),x.evil.com/",
    'https://github.com".evil.com/',
    "https://github.com%2eevil.com/",
    "https://github.com\u3002evil.com/",
    "https://github.com\uff0eevil.com/",
    "https://github.com\u200b.evil.com/",
    "https://g\u0456thub.com/",
    "https://xn--gthub-n4a.com/",
    "https://\u24d4\u24e5\u24d8\u24db.\u24d2\u24de\u24dc/",
    "https://github.com./x https://evil.com./",
    "https://github.com/ok https://evil.com",
    "https://github.com/a,https://evil.com",
    "https://github.com/a\uff0chttps://evil.com",
    "https://github.com/)www.evil.com",
    "https://github.com/%evil.com https://evil.com?https://github.com",
    "https://[::1]/ https://2130706433/ https://127.0.0.1:8080/",
    "https:\\\\evil.com\\x http:///evil.com",
    "www.evil.com WWW.evil.pdf www.%20@10.0.0.1",
    "log in at evil.com today",
    "log in at evil.com.Please do",
    "\u4eca\u5929evil.com\u3002\u660e\u5929",
    "evil\u3002com evil\uff0ecom",
    "\U0001f4a9.io i\u2764.net",
    "p\u00e4ypal.com pa\u0308ypal.com \u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    "evil.zip README.md setup.py",
    "github.com@evil.com github.com.evil.com",
    "mail bob@evil.test, mailto:bob@evil.test?cc=x",
    "javascript:alert(1) data:text/html,x vbscript:x",
    "file:///etc/passwd \\\\evil\\share tel:+15551234567",
    "ms-word:ofe|u|https://evil.com/x.docx search-ms:query=x&crumb=location:evil",
]
"""Titles that an attacker may give an issue; each leads somewhere that is not ours."""

FRAGMENTS = [
    *(
        "https://",
        "HTTP://",
        "www.",
        "ftp://",
        "//",
        "\\\\",
        "/",
        "evil",
        "github",
        ".com",
        "github.com",
        "evil.com",
        ".",
        "@",
    ),
    *("Please", "_", "-", "user@", ":443", "?x=", "#", "&", "%2e", "%", " ", "\n", "\t", "(", ")", "[", "]", "<", ">", '"'),
    *("'", ",", ";", "|", "$", "+", "\u3002", "\uff0e", "\u7136", "\u00e9", "\u0435", "\u24d4", "\uff43\uff4f\uff4d"),
    *("\u2764", "\ufe0f", "\u200d", "\u0301", "\u200b", "\u202e", "\u20e3", "1", "\u064a", "\u200c", "contoso.test", ".md"),
    *("javascript:", "mailto:", "file:", "hxxps://", "[.]", "[:]", "10.0.0.1", ".\u0440\u0444", "\u017f", "\r\n", "\u246b"),
]

LINKS = ("github.com", "Contoso.test")
"""The hosts that are known in these tests, as `mail.toml` may write them."""

HOSTS = {host.lower() for host in LINKS}
