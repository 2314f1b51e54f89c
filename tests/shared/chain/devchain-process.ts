// A devchain in a process of its own, for tests that kill it: `node devchain-process.js HOME GENESIS_JSON BLOCK_TIME_MS`.
// Prints its endpoint as the first line.
import { startDevchain } from "#shared/simulators/devchain/start.js";

const [home, genesis, blockTimeMs] = process.argv.slice(2);
const { endpoint } = await startDevchain({
  home: home!,
  genesis: JSON.parse(genesis!),
  port: 0,
  blockTimeMs: Number(blockTimeMs),
});
console.log(endpoint);
