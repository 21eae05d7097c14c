#!/bin/sh
# Builds every guest in this folder from its source, with wat2wasm of wabt 1.0.32.
set -eu
cd "$(dirname "$0")"
for source in *.wat; do
	wat2wasm --enable-multi-memory "$source" -o "${source%.wat}.wasm"
done
