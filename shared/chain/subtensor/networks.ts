/** The public entry points of the named networks, with the names that `btcli` uses. */
export const NAMED_NETWORKS: Readonly<Record<string, string>> = {
  finney: "wss://entrypoint-finney.opentensor.ai:443",
  test: "wss://test.finney.opentensor.ai:443",
  archive: "wss://archive.chain.opentensor.ai:443",
  local: "ws://127.0.0.1:9944",
};

/** The URL of a named network. Any other text stays as it is. */
export const endpointOf = (nameOrUrl: string): string =>
  Object.hasOwn(NAMED_NETWORKS, nameOrUrl) ? NAMED_NETWORKS[nameOrUrl]! : nameOrUrl;
