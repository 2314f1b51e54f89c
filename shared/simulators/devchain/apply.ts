import { type Extrinsic, extrinsicHash, isSignatureValid } from "#shared/chain/devchain/extrinsic.js";
import { type Genesis, hashGenesis } from "#shared/chain/devchain/genesis.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Block, extrinsicsRoot, genesisHeader, headerHash } from "./block.js";
import { coinbase } from "./coinbase.js";
import { dispatch } from "./dispatch.js";
import { Fault } from "./fault.js";
import { type ChainState, withEntry } from "./state.js";
import { createSubnet } from "./subnet.js";

/** The result of an extrinsic in a block. */
export interface Outcome {
  readonly hash: string;
  /** The rule that it broke. Its nonce is used in any case. */
  readonly error?: { readonly reason: string; readonly message: string };
}

export interface Applied {
  readonly state: ChainState;
  /** In the block's order. */
  readonly outcomes: readonly Outcome[];
}

/** The state of block 0. Throws `BlockZeroError` GENESIS_INVALID if the genesis breaks a rule of the chain. */
export const genesisState = (genesis: Genesis): ChainState => {
  const header = genesisHeader(hashGenesis(genesis), genesis.timestamp);
  const empty: ChainState = {
    genesis,
    genesisHash: headerHash(header),
    block: 0,
    blockHash: headerHash(header),
    timestamp: genesis.timestamp,
    subnets: new Map(),
    nonces: new Map(),
    balances: new Map(Object.entries(genesis.balances).map(([account, amount]) => [account, BigInt(amount)])),
    owners: new Map(),
  };
  try {
    return genesis.subnets.reduce((state, subnet) => createSubnet(state, subnet, 0), empty);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new BlockZeroError("GENESIS_INVALID", `${error.reason}: ${error.message}`, "correct the genesis file", {
      cause: error,
    });
  }
};

/**
 * The state after one more block. Pure: the given state does not change. If a rule forbids an extrinsic, this is an outcome. A block that
 * should not exist (wrong parent or root, forged or replayed extrinsic) throws `BlockZeroError` BLOCK_INVALID.
 */
export const applyBlock = (parent: ChainState, { header, extrinsics }: Block): Applied => {
  const require = (condition: boolean, what: string) => {
    if (!condition) {
      throw new BlockZeroError(
        "BLOCK_INVALID",
        `block ${header.number}: ${what}`,
        "the block log was altered or damaged",
      );
    }
  };
  require(header.number === parent.block + 1, `does not follow block ${parent.block}`);
  require(header.parent === parent.blockHash, "its parent is another block");
  require(header.timestamp > parent.timestamp, "its time is not after its parent's");
  require(header.extrinsicsRoot === extrinsicsRoot(extrinsics), "its extrinsics are not those of its header");

  let state = coinbase(parent, header.number);
  const outcomes: Outcome[] = [];
  for (const extrinsic of extrinsics) {
    const hash = extrinsicHash(extrinsic);
    require(extrinsic.genesis === state.genesisHash, `extrinsic ${hash} is for another chain`);
    require(extrinsic.nonce === nonceOf(state, extrinsic.signer), `extrinsic ${hash} has nonce ${extrinsic.nonce}`);
    require(isSignatureValid(extrinsic), `extrinsic ${hash} is not signed by ${extrinsic.signer}`);
    const spent = { ...state, nonces: withEntry(state.nonces, extrinsic.signer, extrinsic.nonce + 1) };
    const { after, error } = attempt(spent, extrinsic, header.number);
    state = after;
    outcomes.push(error ? { hash, error } : { hash });
  }
  return {
    state: { ...state, block: header.number, blockHash: headerHash(header), timestamp: header.timestamp },
    outcomes,
  };
};

export const nonceOf = (state: ChainState, account: string): number => state.nonces.get(account) ?? 0;

const attempt = (
  state: ChainState,
  { call, signer }: Extrinsic,
  block: number,
): { after: ChainState; error?: { reason: string; message: string } } => {
  try {
    return { after: dispatch(state, call, { signer, block }) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { after: state, error: { reason: error.reason, message: error.message } };
  }
};
