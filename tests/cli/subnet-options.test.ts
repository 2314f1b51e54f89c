import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { locationFrom, subnetOptions } from "#cli/subnet-options.js";

test("a command that looks at a subnet takes the chain by the name of the programs' setting too", () => {
  for (const name of ["--chain", "--chain_endpoint"]) {
    const command = subnetOptions(new Command()).exitOverride();
    command.parse([name, "ws://127.0.0.1:9944", "--netuid", "1"], { from: "user" });
    const { chain, netuid, home } = locationFrom(command.opts());
    assert.deepEqual([chain, netuid, home], ["ws://127.0.0.1:9944", 1, undefined], name);
  }
});
