// Prints our ciphertexts for tests/interop/timelock.py.
import { ourCiphertexts, ROUND } from "./timelock-ours.js";

console.log(JSON.stringify({ round: ROUND, ciphertexts: ourCiphertexts() }));
