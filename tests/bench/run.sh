#!/bin/sh
# 'make bench': all figures of one run, as ratios against what they are
# measured beside.  Nothing here is asserted: figures are for reading.
#   BENCH="flood echo"   only these
exec python3 "$(dirname "$0")/run.py" ${BENCH:-}
