import type { ApiPromise } from "@polkadot/api";
import type { SubmittableExtrinsic } from "@polkadot/api/types";
import { stringToU8a, u8aToHex } from "@polkadot/util";
import { reasonOf } from "#shared/errors/error.js";
import type { ChainCall } from "../call.js";
import { COMMITMENT_BYTES } from "../devchain/calls.js";
import { ChainRejected } from "../writer/chain-rejected.js";
import { encodeIp } from "./axon.js";
import type { RuntimeTraits } from "./hyper-parameters.js";

/** `AxonInfo`: the protocol is TCP, as for all neurons. */
const PROTOCOL = 4;
const AXON_VERSION = 1;
/** Tells `commit_timelocked_weights` the version of the ciphertext. */
export const COMMIT_REVEAL_VERSION = 4;

type Built = SubmittableExtrinsic<"promise">;

/** The runtime's own call, chosen by its metadata. Throws `ChainRejected` Malformed, CallUnknown, InvalidIpAddress. */
export const encodeCall = (api: ApiPromise, call: ChainCall, { timelockCall }: RuntimeTraits): Built => {
  const build = (pallet: string, name: string, ...args: readonly unknown[]): Built => {
    const found = api.tx[pallet]?.[name];
    if (!found) throw new ChainRejected("CallUnknown", `the chain's runtime has no ${pallet}.${name}`);
    try {
      return found(...args);
    } catch (cause) {
      throw new ChainRejected("Malformed", `${name}: ${reasonOf(cause).slice(0, 300)}`);
    }
  };
  switch (call.name) {
    case "burnedRegister":
      return build("subtensorModule", "burnedRegister", call.args.netuid, call.args.hotkey);
    case "addStake":
      return build("subtensorModule", "addStake", call.args.hotkey, call.args.netuid, call.args.amount);
    case "serveAxon": {
      const { netuid, ip, port } = call.args;
      const address = encodeIp(ip);
      return build(
        "subtensorModule",
        "serveAxon",
        ...[netuid, AXON_VERSION, address.ip, port, address.ipType, PROTOCOL, 0, 0],
      );
    }
    case "setCommitment": {
      const bytes = commitmentBytes(call.args.data);
      return build("commitments", "setCommitment", call.args.netuid, {
        fields: [{ [`Raw${bytes.length}`]: u8aToHex(bytes) }],
      });
    }
    case "setWeights": {
      const { netuid, dests, weights, versionKey } = call.args;
      return build("subtensorModule", "setWeights", netuid, dests, weights, versionKey);
    }
    case "commitWeights":
      return build("subtensorModule", "commitWeights", call.args.netuid, `0x${call.args.commit}`);
    case "revealWeights": {
      const { netuid, uids, values, salt, versionKey } = call.args;
      return build("subtensorModule", "revealWeights", netuid, uids, values, salt, versionKey);
    }
    case "commitTimelockedWeights": {
      const { netuid, commit, revealRound } = call.args;
      const name = timelockCall ?? "commitTimelockedWeights";
      const args = [netuid, `0x${commit}`, revealRound];
      return build(
        "subtensorModule",
        name,
        ...args,
        ...(name === "commitTimelockedWeights" ? [COMMIT_REVEAL_VERSION] : []),
      );
    }
  }
};

const commitmentBytes = (data: string): Uint8Array => {
  const bytes = stringToU8a(data);
  if (bytes.length <= COMMITMENT_BYTES && Buffer.from(bytes).toString() === data) return bytes;
  throw new ChainRejected("Malformed", `a commitment is UTF-8 text of at most ${COMMITMENT_BYTES} bytes`);
};

/** The traits of a runtime, from its metadata. */
export const runtimeTraits = (api: ApiPromise): RuntimeTraits => ({
  hasStatefulEpochs: api.query.subtensorModule?.subnetEpochIndex !== undefined,
  timelockCall: (["commitTimelockedWeights", "commitCrv3Weights"] as const).find(
    (name) => api.tx.subtensorModule?.[name] !== undefined,
  ),
});
