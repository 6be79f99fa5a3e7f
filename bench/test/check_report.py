#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_report.py PAGE DOCUMENT: holds a report against the JSON that it was made of.

The page must be well-formed, refer to nothing outside of itself, run no script, and show every
figure of its tables, words and first chart exactly as the document has it. Last line: the sum.
"""
import json
import re
import sys
import xml.etree.ElementTree as tree

sys.dont_write_bytecode = True
from count import done, expect


def shown(number):
    return "%.0f" % number if number == int(number) else "%.2f" % number


def local(tag):
    return tag.rsplit("}", 1)[-1]


def check_cells(page, rows):
    cells = [cell for cell in page.iter() if cell.get("data-name") is not None]
    expect(len(cells) >= 8, "fewer than 8 figures in the tables")
    for cell in cells:
        name, member = cell.get("data-name"), cell.get("data-member")
        number = rows.get(name, {}).get(member)
        expect(number is not None and cell.text == shown(number),
               "%s %s: the page says %s, the document %s" % (name, member, cell.text, number))


def check_words(page, rows, unit):
    answers = " ".join("".join(item.itertext()) for item in page.iter()
                       if item.get("class") == "answers")
    for first, second in (("D4/size:8/space:two", "T2/size:8"), ("R1/size:8", "T2/size:8")):
        names = ["ipc/%s/pti:off" % cell for cell in (first, second)]
        if all(name in rows for name in names):
            delta = rows[names[1]][unit] - rows[names[0]][unit]
            text = "%s%s %s" % ("-" if delta < 0 else "+", shown(abs(delta)), unit)
            expect(text in answers, "the answer does not say: " + text)
    expect("isolation" in answers, "the answer does not speak of isolation")


def check_chart(page, rows, unit):
    labels = {"".join(text.itertext()).strip() for svg in list(page.iter())
              if local(svg.tag) == "svg" and svg.find(".//*[@id='answer-canvas']") is not None
              for text in svg.iter() if local(text.tag) == "text"}
    for cell in ("R0", "R1/size:8", "D4/size:8/space:two", "T2/size:8"):
        for pti in ("off", "on"):
            name = "ipc/%s/pti:%s" % (cell, pti)
            if name in rows:
                expect("%.6g" % rows[name][unit] in labels, "no label in the first chart: " + name)


def check_outside(page):
    for node in page.iter():
        expect(local(node.tag) not in ("script", "link", "iframe", "img", "object", "base"),
               "an element that may load: " + local(node.tag))
        for key, value in node.attrib.items():
            if local(key) in ("href", "src", "action", "data", "poster", "srcset"):
                expect(value.startswith("#"), "a reference outside: %s=%s" % (key, value))
            expect(not local(key).startswith("on"), "an event handler: " + key)
            expect("url(" not in value or re.fullmatch(r".*url\(#[\w-]+\).*", value) is not None,
                   "a reference outside: " + value)
        if local(node.tag) == "style":
            text = "".join(node.itertext())
            expect("url(" not in text and "@import" not in text, "the style sheet loads something")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page = tree.parse(sys.argv[1]).getroot()
    document = json.load(open(sys.argv[2], encoding="utf-8"))
    rows = {row["name"]: row for row in document["benchmarks"]}
    exact = document["context"]["tach_class"] in ("icount", "bochs")
    unit = "instructions" if exact else "cycles"
    ids = [node.get("id") for node in page.iter() if node.get("id")]
    expect(len(ids) == len(set(ids)), "an id stands twice")
    expect(local(page.tag) == "html" and page.get("lang") == "en", "no HTML page in English")
    style = "".join(text for node in page.iter() if local(node.tag) == "style"
                    for text in node.itertext())
    expect("prefers-color-scheme:dark" in style, "no dark colours")
    check_outside(page)
    check_cells(page, rows)
    check_words(page, rows, unit)
    check_chart(page, rows, unit)
    return done()


if __name__ == "__main__":
    sys.exit(main())
