/**
 * The manifests of docs/kubernetes as far as a machine without a cluster can tell: they are YAML, what must fit
 * together does, and what they name in the agent and in /metrics is there. They have not been applied to a cluster.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { formatMetrics } from "../edge/src/fleet/metrics.ts";
import { root } from "./build-worker.ts";
import { parseDocuments } from "./testing/block-yaml.ts";

const Env = z.array(
  z.strictObject({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() }),
);
/** The fields we use, as the API has them; a key that is misspelt is one too many. */
const PodSpec = z.strictObject({
  restartPolicy: z.literal("Never").optional(),
  runtimeClassName: z.literal("nvidia"),
  nodeSelector: z.record(z.string(), z.string()),
  tolerations: z.array(
    z.strictObject({ key: z.string(), operator: z.literal("Exists"), effect: z.literal("NoSchedule") }),
  ),
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.number().int(),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.number().int().positive(),
    runAsGroup: z.number().int().positive(),
    fsGroup: z.number().int().positive(),
    seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
  }),
  containers: z.tuple([
    z.strictObject({
      name: z.string(),
      image: z.string().regex(/^\S+:\d+\.\d+\.\d+$/),
      env: Env,
      ports: z.array(z.strictObject({ name: z.string(), containerPort: z.number() })).optional(),
      readinessProbe: z.unknown().optional(),
      resources: z.strictObject({
        requests: z.record(z.string(), z.string()),
        limits: z.strictObject({
          memory: z.string(),
          "ephemeral-storage": z.string(),
          "nvidia.com/gpu": z.literal(1),
        }),
      }),
      securityContext: z.strictObject({
        allowPrivilegeEscalation: z.literal(false),
        readOnlyRootFilesystem: z.literal(true),
        capabilities: z.strictObject({ drop: z.tuple([z.literal("ALL")]) }),
      }),
      volumeMounts: z.array(
        z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }),
      ),
    }),
  ]),
  volumes: z.array(
    z.strictObject({
      name: z.string(),
      emptyDir: z.strictObject({ sizeLimit: z.string() }).optional(),
      secret: z.strictObject({ secretName: z.string(), defaultMode: z.literal(0o440) }).optional(),
    }),
  ),
});
const Template = z.strictObject({
  metadata: z.strictObject({ labels: z.record(z.string(), z.string()) }),
  spec: PodSpec,
});
const Trigger = z.strictObject({
  type: z.literal("prometheus"),
  metadata: z.strictObject({
    serverAddress: z.url(),
    query: z.string(),
    threshold: z.string(),
    activationThreshold: z.string(),
    ignoreNullValues: z.literal("false"),
  }),
});
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec: z.unknown().optional(),
});

function read(file: string) {
  const source = readFileSync(join(root, "docs", "kubernetes", file), "utf8");
  return parseDocuments(source).map((document) => Manifest.parse(document));
}

const fleet = read("gpu-agents.yaml");
const [job] = read("gpu-agent-job.yaml");
const ofKind = (kind: string) => fleet.find((one) => one.kind === kind);

const StatefulSet = z.looseObject({
  replicas: z.literal(0),
  serviceName: z.string(),
  selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
  template: Template,
});
const ScaledObject = z.looseObject({
  scaleTargetRef: z.strictObject({ apiVersion: z.literal("apps/v1"), kind: z.string(), name: z.string() }),
  minReplicaCount: z.literal(0),
  maxReplicaCount: z.number().int().positive(),
  triggers: z.tuple([Trigger]),
});
const ScaledJob = z.looseObject({
  minReplicaCount: z.literal(0),
  maxReplicaCount: z.literal(1),
  jobTargetRef: z.looseObject({ template: Template }),
  triggers: z.tuple([Trigger]),
});
const set = StatefulSet.parse(ofKind("StatefulSet")?.spec);
const scaler = ScaledObject.parse(ofKind("ScaledObject")?.spec);
const scaledJob = ScaledJob.parse(job?.spec);
const PODS = [
  ["of the fleet", set.template],
  ["of a job", scaledJob.jobTargetRef.template],
] as const;

test("everything stands in one namespace, and what refers to another thing finds it", () => {
  const namespace = ofKind("Namespace")?.metadata.name;
  for (const one of [...fleet, job]) {
    if (one?.kind !== "Namespace") expect(one?.metadata.namespace).toBe(namespace);
  }
  expect(scaler.scaleTargetRef).toMatchObject({
    kind: "StatefulSet",
    name: ofKind("StatefulSet")?.metadata.name,
  });
  expect(set.serviceName).toBe(ofKind("Service")?.metadata.name);
  expect(set.template.metadata.labels).toMatchObject(set.selector.matchLabels);
  for (const kind of ["Service", "NetworkPolicy"]) {
    expect(JSON.stringify(ofKind(kind)?.spec)).toContain(JSON.stringify(set.selector.matchLabels));
  }
  expect(scaledJob.jobTargetRef.template.metadata.labels).toEqual(set.selector.matchLabels);
});

test.each(PODS)("each agent %s has a key of its own, room to work in, and time to drain", (_, { spec }) => {
  const [{ env, volumeMounts }] = spec.containers;
  const value = (name: string) => env.find((one) => one.name === name)?.value ?? "";
  const keys = spec.volumes.find(({ secret }) => secret?.secretName === "capcloud-agent-keys");
  const mount = volumeMounts.find(({ name }) => name === keys?.name);
  expect(value("CAPCLOUD_KEY_FILE").startsWith(`${mount?.mountPath}/`)).toBe(true);
  for (const { name } of volumeMounts) expect(spec.volumes.map((volume) => volume.name)).toContain(name);
  // As `stopSeconds` of the agent's own services has it.
  expect(spec.terminationGracePeriodSeconds).toBe(Number(value("CAPCLOUD_DRAIN_SECONDS")) + 30);
  expect(value("NVIDIA_DRIVER_CAPABILITIES").split(",")).toEqual(
    expect.arrayContaining(["video", "compute"]),
  );
});

test("pods of the fleet never share a key: it is named after the pod", () => {
  const [{ env }] = set.template.spec.containers;
  const names = env.map(({ name }) => name);
  const key = env.find(({ name }) => name === "CAPCLOUD_KEY_FILE");
  expect(key?.value).toMatch(/\/\$\(POD_NAME\)$/);
  // What is used in a value has to stand before it.
  expect(names.indexOf("POD_NAME")).toBeLessThan(names.indexOf("CAPCLOUD_KEY_FILE"));
});

test.each(PODS)("the agent %s knows every setting that it is given", (_, { spec }) => {
  const settings = readFileSync(join(root, "transcoder-agent", "src", "settings", "settings.ts"), "utf8");
  const [{ env }] = spec.containers;
  for (const { name } of env.filter((one) => one.name.startsWith("CAPCLOUD_"))) {
    expect(settings, name).toContain(`"${name}"`);
  }
});

test.each([
  ["of the fleet", scaler.triggers[0]],
  ["of the job", scaledJob.triggers[0]],
])("the query %s asks for figures that are there on a host without agents", (_, { metadata }) => {
  const text = formatMetrics({
    pools: [
      {
        ...{ pool: "main", jobs: {}, waiting: [], oldestWaitMs: null, starving: 0, starvingWaitMs: null },
        ...{ agentsOnline: 0, outbox: 0, viewers: 0, leasesLost: 0, finished: [], seconds: [] },
      },
    ],
    agents: {},
    slots: { gpu: { busy: 0, free: 0 } },
    shards: [],
    unsent: 0,
    webhook: null,
  });
  const names = [...metadata.query.matchAll(/capcloud_[a-z_]+/g)].map(([name]) => name);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect(text).toMatch(new RegExp(`^${name}\\{`, "m"));
});

test("YAML that is read in more than one way is refused", () => {
  for (const text of [
    "a: yes",
    "a: 0440",
    "a: [1]",
    "a: &x 1",
    "a:\n\tb: 1",
    "a: 1\na: 2",
    "a: |\n  b",
    "a: 1\n   b: 2",
  ]) {
    expect(() => parseDocuments(text), text).toThrow();
  }
  expect(parseDocuments('a:\n- b: "x"\n  c: -1.5\n- d: 1 # e\n---\n# f\ng.h/i: "#j"')).toEqual([
    { a: [{ b: "x", c: -1.5 }, { d: 1 }] },
    { "g.h/i": "#j" },
  ]);
});
