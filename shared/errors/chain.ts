import type { ErrorEntries } from "./entry.js";

export const chainErrors = {
  BLOCK_UNKNOWN: { meaning: "A block was asked for that is not built yet.", remedy: "Wait until it is." },
  CHAIN_BEHIND: { meaning: "An endpoint's newest block is old.", remedy: "Let the node catch up, or use another." },
  CHAIN_CLOSED: { meaning: "The connection was closed by this program.", remedy: "Connect again." },
  CHAIN_DISCONNECTED: { meaning: "The connection to the chain broke.", remedy: "Try again once the node is back." },
  CHAIN_ENDPOINT_INVALID: {
    meaning: "A text is not a chain endpoint.",
    remedy: "Give a ws:// or wss:// URL, or a network's name.",
  },
  CHAIN_OUTCOME_UNKNOWN: {
    meaning: "Nobody can tell any more whether an extrinsic was included.",
    remedy: "Look at the chain's state before you write it again.",
  },
  CHAIN_REJECTED: {
    meaning: "The chain refused a write; the message begins with the chain's name of the rule.",
    remedy: "Do what the line says about that rule.",
  },
  CHAIN_RESET: {
    meaning: "The endpoint serves another chain than before, or nobody has the blocks that another endpoint gave.",
    remedy: "Start again against the new chain.",
  },
  CHAIN_TIMEOUT: {
    meaning: "The endpoint does not answer in time.",
    remedy: "Check the node's load, or use another endpoint.",
  },
  CHAIN_UNREACHABLE: {
    meaning: "No usable answer comes from the endpoint.",
    remedy: "Check the endpoint, and that this version of BlockZero knows the chain's.",
  },
  KEY_FOLDER_UNUSABLE: {
    meaning: "The folder in which programs take turns with a key cannot be written.",
    remedy: "Make the folder beside the wallets writable, or name another with `wallet.keys_in_use`.",
  },
  KEY_IN_USE: {
    meaning: "Another process has been writing with this key for a minute.",
    remedy: "Wait for it, stop it, or use another hotkey.",
  },
  KEY_RECORD_MALFORMED: {
    meaning: "The record of a key's open writes cannot be read.",
    remedy: "See on chain that the last write has arrived, then delete the file.",
  },
  NONCE_TAKEN: {
    meaning: "Another writer used this key's nonces again and again.",
    remedy: "Give every program a hotkey of its own.",
  },
  NOT_A_DEVCHAIN: { meaning: "The endpoint is no devchain.", remedy: "Start `blockzero devchain`, or correct it." },
  NOT_A_SUBSTRATE_NODE: { meaning: "The endpoint is no Substrate node.", remedy: "Correct the endpoint." },
  NOT_INCLUDED: {
    meaning: "A write was signed again and again, and no block took it.",
    remedy: "Use another endpoint, or wait until the chain has room.",
  },
  NOT_SUBTENSOR: { meaning: "The endpoint's chain is not Bittensor's.", remedy: "Give a Bittensor node's endpoint." },
  RUNTIME_UNSUPPORTED: {
    meaning: "The chain's runtime lacks a call or storage item that is needed, or its metadata cannot be read.",
    remedy: "Check the endpoint, or update BlockZero.",
  },
  SCALE_MALFORMED: { meaning: "Bytes are not the SCALE encoding expected.", remedy: "Check their sender's version." },
  STATE_DISCARDED: {
    meaning: "The node no longer has the state of that block.",
    remedy: "Ask for a later block, or use an archive node.",
  },
  TIMELOCK_MALFORMED: {
    meaning: "A timelocked ciphertext or a beacon's round cannot be read.",
    remedy: "Check that both sides use the same beacon and format.",
  },
  WEIGHTS_MISSED: {
    meaning: "Weights were not set within their window.",
    remedy: "Check the validator permit and the chain's weights rate limit.",
  },
  WEIGHTS_PAYLOAD_MALFORMED: {
    meaning: "Opened weights cannot be read.",
    remedy: "Check the version of the program that committed them.",
  },
  WRONG_NETWORK: {
    meaning: "One endpoint serves another chain than the others.",
    remedy: "Take it out of `chain_endpoint`.",
  },
} as const satisfies ErrorEntries;
