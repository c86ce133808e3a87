#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a small C project, the same one every time: bench/project.py DIR FILES

FILES translation units, a header each, a program that calls them all, and a
Makefile. What it computes does not matter; what its build does to a system does:
a compiler driver, a compiler and an assembler for every file, then the linker.
"""
import pathlib
import sys

UNIT = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "part{n}.h"
{others}
"""
FUNCTION = """
unsigned part{n}_step{k}(unsigned x)
{{
	unsigned table[16];

	for (unsigned i = 0; i < 16; i++)
		table[i] = x * {a}u + (i ^ {b}u);
	for (unsigned i = 1; i < 16; i++)
		if (table[i] % {c}u > table[i - 1] % {d}u)
			table[i] += table[i - 1] >> (i & 7);
	return table[x & 15];
}}
"""
MAKEFILE = """CFLAGS = -O1 -Wall
OBJECTS = main.o {objects}

app: $(OBJECTS)
	$(CC) -o $@ $(OBJECTS)
$(OBJECTS): $(wildcard *.h)
run: app
	./app > app.out
	sort app.out | uniq | wc -l > app.count
clean:
	rm -f app app.out app.count $(OBJECTS)
.PHONY: run clean
"""
STEPS = 12


def write_project(where, files):
    where.mkdir(parents=True, exist_ok=True)
    names = [f"part{n}" for n in range(files)]
    for n, name in enumerate(names):
        prototypes = "\n".join(f"unsigned {name}_step{k}(unsigned x);" for k in range(STEPS))
        (where / f"{name}.h").write_text(f"#pragma once\n{prototypes}\nunsigned {name}(unsigned x);\n")
        body = UNIT.format(n=n, others="\n".join(f'#include "part{(n + k) % files}.h"' for k in (1, 2, 3)))
        for k in range(STEPS):
            body += FUNCTION.format(n=n, k=k, a=2 * n + 3, b=k + 7, c=n % 11 + 2, d=k % 13 + 3)
        calls = "".join(f"\tx = {name}_step{k}(x);\n" for k in range(STEPS))
        body += f"\nunsigned {name}(unsigned x)\n{{\n{calls}\treturn x;\n}}\n"
        (where / f"{name}.c").write_text(body)
    includes = "".join(f'#include "{name}.h"\n' for name in names)
    lines = "".join(f'\tprintf("{name} %u\\n", {name}(7));\n' for name in names)
    (where / "main.c").write_text(f"#include <stdio.h>\n{includes}\nint main(void)\n{{\n{lines}\treturn 0;\n}}\n")
    (where / "Makefile").write_text(MAKEFILE.format(objects=" ".join(f"{name}.o" for name in names)))


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit() or int(sys.argv[2]) < 1:
        sys.exit("usage: bench/project.py DIR FILES")
    write_project(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
