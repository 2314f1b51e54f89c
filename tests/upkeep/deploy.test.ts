import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { parseAllDocuments } from "yaml";

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
