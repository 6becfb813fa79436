#!/bin/sh
# Tells what is sown where.
set -eu

for plant in "$@"; do
  echo "sowing $plant in the $GARDEN"
done
