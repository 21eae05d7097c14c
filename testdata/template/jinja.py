#!/usr/bin/env python3
"""Writes jinja.json: what Jinja 3 makes of expressions and small templates.

    pip install 'jinja2>=3.1' && python3 jinja.py > jinja.json

A case has a template, its inputs and what Jinja prints; "error": true means
that Jinja raises. Inputs are JSON; {"$date": …} and the like are made dates.
Every {{ }} is printed with str(). Cases where the template language differs on
purpose (64-bit integers, calls, attributes, undefined names) are left out.
jinja_cases.txt has an expression a line; a line that begins with % is a whole
template, with \\n for a newline.
"""
import datetime, decimal, json, jinja2

env = jinja2.Environment(undefined=jinja2.StrictUndefined)
INPUTS = {
    "i": 7, "n": -7, "z": 0, "big": 9223372036854775807, "small": -9223372036854775808,
    "f": 2.5, "g": -0.1, "h": 1e300, "s": "Hello World", "e": "", "u": "Straße ÉÀ ŉ ﬁ ΣΑΣ", "sp": "  pad\t\n",
    "num": " 42 ", "fl": "42.23", "hexa": "ff", "junk": "x1", "t": True, "b": False, "nul": None,
    "l": [3, 1, 2, 3], "le": [], "ls": ["b", "a", "B", "a"], "lf": [1.5, 2.0], "lm": [1, "a", None, True, 2.5], "ll": [[1, 2], [3, 4]],
    "d": {"$date": "2020-02-29"}, "dt": {"$datetime": "2020-01-02T03:04:05.000600"}, "td": {"$timedelta": 90061.5}, "dec": {"$decimal": "12.50"},
}

def decode(v):
    if isinstance(v, dict):
        (k, x), = v.items()
        if k == "$date": return datetime.date.fromisoformat(x)
        if k == "$datetime": return datetime.datetime.fromisoformat(x).replace(tzinfo=datetime.timezone.utc)
        if k == "$timedelta": return datetime.timedelta(seconds=x)
        if k == "$decimal": return decimal.Decimal(x)
    return v

E = []
ops = ["+", "-", "*", "/", "//", "%"]
for a in ["i", "n", "z", "f", "g", "t", "17", "2.0", "-3"]:
    for b in ["i", "n", "z", "f", "t", "3", "-2", "0.5"]:
        for op in ops:
            E.append(f"{a} {op} {b}")
for a in ["2", "-2", "i", "f", "z", "t", "10"]:
    for b in ["0", "2", "3", "-1", "0.5", "f"]:
        E.append(f"{a} ** {b}")
names = ["i", "z", "f", "s", "e", "t", "b", "nul", "l", "le", "d", "dt", "td", "dec", "7", "7.0", "'a'", "[1]", "(1,)", "1"]
for a in names:
    for b in names:
        for op in ["==", "!=", "<", ">="]:
            E.append(f"{a} {op} {b}")
T = open("jinja_cases.txt", encoding="utf-8").read().splitlines()
E += [x for x in T if x and not x.startswith("#") and not x.startswith("%")]
TEMPLATES = [x[1:].replace("\\n", "\n") for x in T if x.startswith("%")]

def case(template):
    out = {"template": template}
    try:
        out["out"] = env.from_string(template).render({k: decode(v) for k, v in INPUTS.items()})
    except RecursionError:
        raise
    except Exception as e:
        out["error"] = True
    return out

seen, cases = set(), []
for t in ["{{ " + e + " }}" for e in E] + TEMPLATES:
    if t not in seen:
        seen.add(t)
        cases.append(case(t))
print("{\n\"jinja\": " + json.dumps(jinja2.__version__) + ",\n\"inputs\": " + json.dumps(INPUTS) + ",\n\"cases\": [\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]}")
