#!/bin/sh
# The walk of soak.t for SOAK_SECONDS (an hour), or until SOAK_LIVES processes
# have lived.
#	soak.sh [SEED]
[ "${SOAK_LIVES-}" ] || SOAK_SECONDS=${SOAK_SECONDS:-3600}
[ $# -eq 0 ] || SEED=$1
# What is not set stays so.
export SOAK_SECONDS SEED
exec prove --timer -v "$(dirname "$0")/soak.t"
