#!/bin/sh
# SPDX-License-Identifier: MIT
# make-man.sh SCDOC PAGE OPTIONS: PAGE with OPTIONS in place of @OPTIONS@, as roff.
set -eu
sed -e "/^@OPTIONS@\$/{r $3" -e 'd}' "$2" | "$1"
