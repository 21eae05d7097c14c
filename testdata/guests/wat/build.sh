#!/bin/sh
# Builds every guest in this folder from its source, with wat2wasm of wabt 1.0.32.
# What is no module, and so has no text, stands as its bytes in a .hex file.
set -eu
cd "$(dirname "$0")"
for source in *.wat; do
	wat2wasm --enable-multi-memory "$source" -o "${source%.wat}.wasm"
done
for source in *.hex; do
	sed 's/#.*//' "$source" | xxd -r -p >"${source%.hex}.wasm"
done
