#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_report.py PAGE DOCUMENT [LIST CHANGES | OTHER]: holds a report against the JSON that it was made of.

The page must be well-formed, refer to nothing outside of itself, run no script, and show every figure and
difference of its tables, words and first chart exactly as the document has it. Every figure has a table
beside it, every table can be reached by keys, every link leads somewhere, every text can be read in both
colour schemes, and the page stays small. LIST and CHANGES are what `tach history` says as JSON of the class
of the first table of the history: the page shows its newest 60 runs, all of their points and changes, and no
others. OTHER is the document of the run that the page shows beside it. Last line: the sum.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as tree

sys.dont_write_bytecode = True
from count import done, expect

PAGE_MAX = 1 << 20
RUNS_MAX = 60


def shown(number):
    return "%.0f" % number if number == int(number) else "%.2f" % number


def local(tag):
    return tag.rsplit("}", 1)[-1]


def wanted(cell, rows):
    """The text that a cell must have, of its own attributes and the document; None: nothing says it."""
    member = cell.get("data-member")
    number = rows.get(cell.get("data-name"), {}).get(member)
    if number is None:
        return None
    if cell.get("data-peer") is not None:
        return "%.1f" % (float(cell.get("data-peer")) / number)
    if cell.get("data-minus") is None:
        return shown(number)
    other = rows.get(cell.get("data-minus"), {}).get(member)
    return other if other is None else "%s%s" % ("-" if number < other else "+", shown(abs(number - other)))


def signed(number):
    return ("-" if number < 0 else "+" if number > 0 else "") + shown(abs(number))


def check_beside(page, rows, others):
    """The figures of the other run, and the differences: its less the run's, or PCID's less its own."""
    cells = [cell for cell in page.iter() if cell.get("data-beside") is not None]
    expect(bool(cells) == bool(others), "%d figures of another run" % len(cells))
    for cell in cells:
        member, name = cell.get("data-member"), cell.get("data-name")
        number, minus = others[cell.get("data-beside")][member], cell.get("data-beside-minus")
        text = signed(number - rows[name][member]) if name else shown(number)
        if minus:
            text = "%s%s" % ("-" if number < others[minus][member] else "+", shown(abs(number - others[minus][member])))
        expect(cell.text == text, "%s beside %s: the page says %s, the documents %s" % (
            name, cell.get("data-beside"), cell.text, text))
    both = {name for name in others if name in rows}
    told = {cell.get("data-name") for cell in cells if cell.get("data-name")}
    expect(both == told, "of both runs, but not told: %s" % sorted(both ^ told)[:4])


def check_cells(page, rows):
    cells = [cell for cell in page.iter() if cell.get("data-name") is not None and cell.get("data-beside") is None]
    expect(len(cells) >= 8, "fewer than 8 figures in the tables")
    for cell in cells:
        text = wanted(cell, rows)
        expect(text is not None and cell.text == text, "%s %s %s: the page says %s, the document %s" % (
            cell.get("data-name"), cell.get("data-minus"), cell.get("data-member"), cell.text, text))
    bare = [cell.text for table in page.iter() if local(table.tag) == "table"
            for cell in table.iter() if local(cell.tag) == "td" and len(cell) == 0
            and not {"data-name", "data-judged", "data-beside"} & set(cell.attrib)
            and re.fullmatch(r"[+-]\d+(\.\d+)?", cell.text or "")]
    expect(not bare, "differences that nothing can be held against: %s" % bare[:5])


def check_past(page, listed, changes):
    """The history's points and changes, each way: nothing else is shown, and nothing is left out."""
    points = {(series["name"], point["run"]): point["value"] for series in listed if series["metric"] == "whole"
              for segment in series["segments"] for point in segment["points"]}
    changed = {(change["name"], change["at"]["run"]): change["percent"] for change in changes}
    cells = [cell for cell in page.iter() if cell.get("data-past") is not None]
    shown_points, shown_changes = {}, {}
    for cell in cells:
        place = cell.get("data-past"), cell.get("data-run")
        into = shown_points if cell.get("data-change") is None else shown_changes
        expect(place not in into, "a point of the history stands twice: %s %s" % place)
        into[place] = cell.text
    names, runs = ({place[i] for place in shown_points} for i in range(2))
    expect(len(runs) == min(RUNS_MAX, len({run for name, run in points if name in names})),
           "%d runs of the history" % len(runs))
    for source, there, text in ((points, shown_points, shown), (changed, shown_changes, lambda n: "%+.2f %%" % n)):
        wants = {place: text(number) for place, number in source.items() if place[0] in names and place[1] in runs}
        expect(there == wants, "the history says otherwise: %s" % sorted(set(there.items()) ^ set(wants.items()))[:4])
    expect(bool(shown_points), "no point of the history")


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
                expect("%.6g" % float(shown(rows[name][unit])) in labels, "no label in the first chart: " + name)


def check_structure(page):
    """Ids, links, headings, figures with their tables, tables that keys reach."""
    ids = [node.get("id") for node in page.iter() if node.get("id")]
    expect(len(ids) == len(set(ids)), "an id stands twice")
    for node in page.iter():
        for key, value in node.attrib.items():
            if local(key) in ("href", "aria-labelledby") and not value.startswith("#gnuplot"):
                expect(value.lstrip("#") in ids, "a link to nowhere: " + value)
    for section in (node for node in page.iter() if local(node.tag) == "section"):
        kinds = [local(node.tag) for node in section.iter()]
        expect(section.get("aria-labelledby") or section.get("aria-label"), "a section without a heading")
        expect("figure" not in kinds or "table" in kinds, "no table beside " + str(section.get("id")))
    expect(any(local(node.tag) == "figure" for node in page.iter()), "no figure")
    for holder in (node for node in page.iter() if any(local(child.tag) == "table" for child in node)):
        expect(holder.get("tabindex") == "0" and holder.get("role") == "region" and holder.get("aria-label"),
               "a table that keys do not scroll")
    for svg in (node for node in page.iter() if local(node.tag) == "svg"):
        expect(svg.get("role") == "img" and any(local(child.tag) == "title" and child.text for child in svg),
               "a drawing without a title")
    expect(any(node.get("class") == "skip" for node in page.iter()), "no way past the navigation")


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def check_colours(style):
    """Every colour that text has, on everything that it stands on, in both schemes."""
    schemes = [dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", block)) for block in re.findall(r":root\{([^}]*)\}", style)]
    expect(len(schemes) == 2 and "prefers-color-scheme:dark" in style, "not two colour schemes")
    for scheme in schemes:
        for ink in ("c0", "c1", "c13", "link", "good"):
            for paper in ("paper", "card"):
                expect(contrast(scheme[ink], scheme[paper]) >= 4.5, "%s on %s: contrast %.2f" % (
                    ink, paper, contrast(scheme[ink], scheme[paper])))
    for ink in set(re.findall(r"[{;]color:([^;}]+)", style)):
        expect(re.fullmatch(r"var\(--(c0|c1|c13|link|good)\)|inherit", ink), "a text colour unlooked at: " + ink)


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
    if len(sys.argv) not in (3, 4, 5):
        sys.exit(__doc__)
    page = tree.parse(sys.argv[1]).getroot()
    document = json.load(open(sys.argv[2], encoding="utf-8"))
    rows = {row["name"]: row for row in document["benchmarks"]}
    others = {}
    if len(sys.argv) == 4:
        with open(sys.argv[3], encoding="utf-8") as file:
            others = {row["name"]: row for row in json.load(file)["benchmarks"]}
    exact = document["context"]["tach_class"] in ("icount", "bochs")
    unit = "instructions" if exact else "cycles"
    expect(local(page.tag) == "html" and page.get("lang") == "en", "no HTML page in English")
    expect(os.path.getsize(sys.argv[1]) <= PAGE_MAX, "a page above %d bytes" % PAGE_MAX)
    check_colours("".join(text for node in page.iter() if local(node.tag) == "style"
                          for text in node.itertext()))
    check_structure(page)
    check_outside(page)
    check_cells(page, rows)
    check_beside(page, rows, others)
    check_words(page, rows, unit)
    check_chart(page, rows, unit)
    if len(sys.argv) == 5:
        check_past(page, *(json.load(open(name, encoding="utf-8")) for name in sys.argv[3:]))
    return done()


if __name__ == "__main__":
    sys.exit(main())
