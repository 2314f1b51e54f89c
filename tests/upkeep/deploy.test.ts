import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { parse, parseAllDocuments } from "yaml";

interface KubernetesObject {
  readonly kind: string;
  readonly spec: {
    readonly publishNotReadyAddresses?: boolean;
    readonly template?: { readonly spec: { readonly containers: readonly KubernetesContainer[] } };
  };
}

interface KubernetesContainer {
  readonly readinessProbe: { readonly httpGet: { readonly port: string } };
}

it("the example for Kubernetes serves a program's files also while its duties fail", () => {
  const text = readFileSync("deploy/kubernetes/miner.yaml", "utf8");
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
  const probes = objects.flatMap(({ spec }) => spec.template?.spec.containers ?? []).map((one) => one.readinessProbe);
  // Of the metrics' port, where the answer goes by duties.
  assert.deepEqual(
    probes.map(({ httpGet }) => httpGet.port),
    ["metrics"],
  );
  const services = objects.filter(({ kind }) => kind === "Service");
  assert.deepEqual(
    services.map(({ spec }) => spec.publishNotReadyAddresses),
    [true],
  );
});

it("the signer's compose file says whose key it is asked for, where nothing else tells its container", () => {
  const text = readFileSync("deploy/signer.compose.yaml", "utf8");
  const { services }: { services: { signer: { environment: object; volumes: string[] } } } = parse(text, {
    merge: true,
  });
  const { environment, volumes } = services.signer;
  const comment = text.slice(0, text.indexOf("\nname:"));
  for (const name of ["BLOCKZERO_WALLET_NAME", "BLOCKZERO_WALLET_HOTKEY"])
    assert.ok(name in environment || comment.includes(name), name);
  assert.ok(!volumes.some((volume) => volume.includes(".yaml")));
});
