#!/bin/bash
# The action and the examples for CI services are YAML, every shell piece in them passes bash -n and,
# where there is one, shellcheck; no input is written into a script: tools/lint-yaml.sh FILES
set -euo pipefail
if ! python3 -c 'import yaml' 2>/dev/null; then
    echo "lint-yaml: not run: python3-yaml is not installed ('make deps' installs it)"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - "$work" "$@" <<'PYTHON'
import os, sys, yaml

work, files, count = sys.argv[1], sys.argv[2:], 0

def pieces(node):
    """Every `run` text, and every line of before_script and script."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "run" and isinstance(value, str):
                yield value
            elif name in ("before_script", "script", "after_script") and isinstance(value, list):
                yield "\n".join(str(line) for line in value)
            else:
                yield from pieces(value)
    elif isinstance(node, list):
        for value in node:
            yield from pieces(value)

for path in files:
    with open(path, encoding="utf-8") as text:
        document = yaml.safe_load(text)
    if not isinstance(document, dict):
        sys.exit(f"lint-yaml: {path}: is no mapping")
    for piece in pieces(document):
        if "${{" in piece:
            sys.exit(f"lint-yaml: {path}: an expression within a script: hand it over by env")
        count += 1
        name = os.path.join(work, f"{os.path.basename(path)}.{count}.sh")
        with open(name, "w", encoding="utf-8") as out:
            out.write("#!/bin/bash\n" + piece + "\n")
if count == 0:
    sys.exit("lint-yaml: there is no shell in any of the files")
PYTHON
for piece in "$work"/*.sh; do
    bash -n "$piece"
    ! command -v shellcheck >/dev/null || shellcheck -S warning "$piece"
done
