import type { ErrorEntries } from "./entry.js";

export const fetchErrors = {
  FETCH_BUSY: { meaning: "A server has no place for the request now.", remedy: "Try again in a moment." },
  FETCH_FAILED: { meaning: "A server cannot be reached or broke off.", remedy: "Try later, or fetch from others." },
  FETCH_HASH_MISMATCH: { meaning: "A server gave other bytes than the hash names.", remedy: "Fetch from others." },
  FETCH_NOT_FOUND: { meaning: "Nobody who was asked has the file.", remedy: "Ask sooner, or where it is kept." },
  FETCH_REFUSED_ADDRESS: {
    meaning: "A location is no public http(s) origin, so it is not asked.",
    remedy: "On one machine or LAN set `allow_private_addresses: true`.",
  },
  FETCH_TIMEOUT: { meaning: "A server is too slow.", remedy: "Try later, or fetch from others." },
  FETCH_TOO_LARGE: {
    meaning: "A server sends more bytes than a valid file of that kind has.",
    remedy: "Fetch from others.",
  },
  FETCH_TURN_OVER: {
    meaning: "A slow download gave its place to another; it goes on in its next turn.",
    remedy: "Nothing.",
  },
  FETCH_UNAUTHORIZED: {
    meaning: "A server wants requests that a hotkey of the subnet signed.",
    remedy: "Register the hotkey; check this machine's clock.",
  },
} as const satisfies ErrorEntries;
