#!/usr/bin/env python3
"""Writes a built dashboard as a C++ source: embed_web.py FOLDER OUTPUT.

Each file is kept plain and gzipped, with its media type and an ETag, as web_files.hpp declares.
"""

import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def array(name, data):
    lines = [f"constexpr std::array<unsigned char, {len(data)}> {name} = {{"]
    for at in range(0, len(data), 24):
        lines.append("    " + ",".join(map(str, data[at : at + 24])) + ",")
    lines.append("};")
    return "\n".join(lines)


def main(folder, output):
    folder = pathlib.Path(folder)
    arrays, entries = [], []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = "/" + path.relative_to(folder).as_posix()
        if path.suffix not in TYPES:
            sys.exit(f"embed_web.py: {path}: no media type is known for '{path.suffix}'; add it to TYPES")
        plain = path.read_bytes()
        plain_name, gzipped_name = f"plain_{len(entries)}", f"gzipped_{len(entries)}"
        arrays.append(array(plain_name, plain))
        arrays.append(array(gzipped_name, gzip.compress(plain, 9, mtime=0)))
        tag = hashlib.sha256(plain).hexdigest()[:20]
        entries.append(f'      {{"{name}", "{TYPES[path.suffix]}", "\\"{tag}\\"", bytes({plain_name}), bytes({gzipped_name})}},')
    new_line = "\n"
    pathlib.Path(output).write_text(f"""// Written by cmake/embed_web.py.
#include <array>

#include "outbox-processor/web_files.hpp"

namespace outbox {{
namespace {{

{new_line.join(arrays)}

template <std::size_t size>
std::string_view bytes(const std::array<unsigned char, size>& data) {{
  return {{reinterpret_cast<const char*>(data.data()), size}};
}}

}}  // namespace

std::span<const WebFile> web_files() {{
  static const std::array<WebFile, {len(entries)}> files = {{{{
{new_line.join(entries)}
  }}}};
  return files;
}}

}}  // namespace outbox
""")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
