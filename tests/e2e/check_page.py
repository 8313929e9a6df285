"""Reads a report.html as strictly as the standard library can, and prints its text.

    check_page.py PAGE

Fails on elements that are not closed in order, on anything that would run or be loaded, on pictures
without words for those who cannot see them, and on bytes that a page must not hold."""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "path", "rect"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text, self.pictures = [], [], 0

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert len(values) == len(attributes), f"{tag}: an attribute twice"
        assert tag not in {"script", "link", "iframe", "object", "form", "a"}, tag
        assert not any(name.startswith("on") or name == "href" for name in values), values
        if tag == "img":
            assert values["src"].startswith("data:image/jpeg;base64,/9j/") and values["alt"], values
            self.pictures += 1
        if tag == "svg":
            assert values.get("aria-label") or values.get("aria-hidden") == "true", values
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID, tag
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


source = open(sys.argv[1], "rb").read().decode("utf-8", "strict")
assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", source), "a control character"
assert not re.search("url\\(|https?:|@import", source), "something to load"
assert not re.search("\\bnan\\b|\\binf\\b", source), "a number that is none"
page = Page()
page.feed(source)
page.close()
assert not page.open, page.open
assert len(source) < 1e6, len(source)
print("".join(page.text))
print(page.pictures, "pictures")
