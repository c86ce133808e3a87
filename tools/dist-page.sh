#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# meson dist runs this: the tarball carries the built page, so that building
# from it needs neither Node.js nor network.
set -euo pipefail

"$(dirname "$0")/build-report.sh" "$MESON_DIST_ROOT/report/template.html" /dev/null
