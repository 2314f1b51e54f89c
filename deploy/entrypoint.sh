#!/bin/sh
# blockzero …, blockzero-miner …, blockzero-validator …, or `health`: whether the program of this container is well; `signer-health` where it is a signer.
set -eu
program=${1:-blockzero}
[ "$#" -eq 0 ] || shift
case "$program" in
  blockzero) exec node /app/dist/cli/main.js "$@" ;;
  blockzero-miner) exec node /app/dist/miner/main.js "$@" ;;
  blockzero-validator) exec node /app/dist/validator/main.js "$@" ;;
  health) exec node -e 'fetch(`http://127.0.0.1:${process.env.BLOCKZERO_METRICS_LISTEN.split(":").at(-1)}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))' ;;
  signer-health) exec node -e 'require("node:http").get({ socketPath: process.env.BLOCKZERO_SIGNER_LISTEN.replace("unix://", ""), path: "/v1/key" }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on("error", () => process.exit(1))' ;;
  *) echo "there is no program $program: blockzero, blockzero-miner, blockzero-validator, health, signer-health" >&2; exit 2 ;;
esac
