/**
 * What helps where WebAssembly gets no memory although there is some: V8 reserves 10 GiB of addresses for each memory, which a limit such as
 * `ulimit -v` does not let it have. Without its trap handler it reserves what it uses.
 */
export const ADDRESS_SPACE_HINT =
  "where `ulimit -v` limits this process, lift it or set NODE_OPTIONS=--disable-wasm-trap-handler";
