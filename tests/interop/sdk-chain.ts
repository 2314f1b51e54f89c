// A subnet on the real runtime, written with this toolkit, for the Bittensor SDK to read: `node dist/tests/interop/sdk-chain.js`
// with BLOCKZERO_SUBTENSOR_RUNTIME set. Prints one JSON line, { endpoint, netuid, expected }, then serves until its input ends.
import { addStake, burnedRegister, setCommitment, setWeights } from "#shared/chain/call.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { openRuntimeSubnet, TOKEN } from "#tests/support/subtensor.js";

const subnet = await openRuntimeSubnet();
const { chain, own, netuid, coldkey, node } = subnet;
const [validator, miner] = await Promise.all([signerFromUri("//Sdk//Validator"), signerFromUri("//Sdk//Miner")]);
const commitment = "blockzero says hello to the SDK ü";
const axon = { ip: "203.0.113.5", port: 8091 };
const weights = [
  [0, 20000],
  [2, 65535],
] as const;

node.setBlockTime(100);
await Promise.all([validator, miner].map(({ address }) => chain.submit(burnedRegister(netuid, address), coldkey)));
await Promise.all([
  chain.submit(addStake(netuid, validator.address, 2000n * TOKEN), coldkey),
  chain.submit(setCommitment(netuid, commitment), miner),
  chain.submit({ name: "serveAxon", args: { netuid, ...axon } }, miner),
]);
const epoch = await chain.nextEpoch(netuid);
await own.newBlocks(Math.max(1, epoch + 1 - (await chain.head()).number));
await chain.submit(setWeights(netuid, weights, 0), validator);
await own.newBlocks(Math.max(1, (await chain.nextEpoch(netuid)) + 1 - (await chain.head()).number));
// The SDK waits for blocks now and then.
node.setBlockTime(3000);

const { neurons } = await chain.metagraph(netuid);
const expected = {
  hotkeys: neurons.map(({ hotkey }) => hotkey),
  miner: { hotkey: miner.address, uid: 2, commitment, axon },
  validator: { hotkey: validator.address, uid: 1, weights },
  incentive: neurons.map(({ incentive }) => incentive),
};
console.log(JSON.stringify({ endpoint: node.endpoint, netuid, expected }));
process.stdin.resume();
process.stdin.once("end", () => void subnet.close());
