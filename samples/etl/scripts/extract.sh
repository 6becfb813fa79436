#!/bin/sh
# Stands in for a query: prints the sales of one region as CSV.
set -eu
echo "item,amount"
case "$1" in
  north) printf '%s\n' "tea,120" "cake,30" ;;
  south) printf '%s\n' "tea,80" "cake,95" ;;
  west) printf '%s\n' "tea,40" ;;
  *) echo "no such region: $1" >&2; exit 1 ;;
esac
