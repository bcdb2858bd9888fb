#!/bin/bash
# The same as for OSS-Fuzz.
exec bash "$SRC/assay/fuzz/oss-fuzz/build.sh"
