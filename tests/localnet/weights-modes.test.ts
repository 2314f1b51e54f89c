import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { devchainHost } from "#localnet/devchain-host.js";
import { type LocalnetParticipant, participantConfig } from "#localnet/roles.js";
import type { WeightsMode } from "#shared/chain/chain.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { loadConfig } from "#shared/config/load.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID, template } from "#tests/support/micro-network.js";
import { beaconOf, validatorSettings } from "#validator/config.js";

const modes: readonly WeightsMode[] = ["plain", "hash", "timelock"];

describe("a localnet's devchain", { timeout: HANG_GUARD }, () => {
  for (const weights of modes)
    it(`takes weights as told: ${weights}; its validators know its beacon`, async (t) => {
      const home = temporaryFolder(t);
      const owner = await signerFromUri("//Owner");
      const host = devchainHost(
        { ...template, netuid: NETUID },
        owner,
        { home, seed: 7, weights, sealed: false, blockTime: 800 },
        {},
      );
      const args = host.process(0, () => 0).args();
      const genesis = JSON.parse(readFileSync(args[args.indexOf("--genesis") + 1]!, "utf8"));
      const node = await startDevchain({ home: join(home, "chain"), genesis, port: 0, blockTimeMs: 0 });
      t.after(() => node.close());
      const chain = await connectDevchain({ endpoint: node.endpoint });
      t.after(() => chain.close());
      assert.equal((await chain.hyperParameters(NETUID)).weightsMode, weights);

      const participant: LocalnetParticipant = {
        name: "validator-1",
        program: "validator",
        behaviour: "validator",
        stake: 1n,
        address: host.address,
        port: 1,
        metricsPort: 0,
        signer: owner,
      };
      const config = join(home, "validator.yaml");
      const { endpoint } = node;
      writeFileSync(
        config,
        participantConfig(participant, {
          home,
          endpoint,
          netuid: NETUID,
          seed: 7,
          profile: "exact",
          training: {},
          keepCycles: 8,
          settings: {},
          beacon: host.beacon,
        }),
      );
      const beacon = beaconOf(loadConfig(validatorSettings, { file: config, env: {}, flags: {} }));
      // Only on a chain without a beacon do owners reveal what they committed.
      const hasBeacon = weights !== "hash";
      assert.equal(host.beacon !== undefined, hasBeacon);
      if (hasBeacon) assert.deepEqual(beacon, host.beacon);
    });
});
