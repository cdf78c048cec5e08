/**
 * A Dockerfile and a compose file for this agent: pure text. Both have been checked as text only; no image of them was
 * built by us (`README.md` says so too).
 */
import { stopSeconds, type ServiceSpec } from "./spec.ts";

/** Debian's ffmpeg 5.1 and the Node that the agent is tested with. */
const BASE = "node:24-bookworm-slim";
/** Inside the container. */
const WORK = "/work";

export function dockerfile({ version, healthPort }: ServiceSpec): string {
  return [
    `# Made by \`capcloud-agent service --docker\` ${version}.`,
    `FROM ${BASE}`,
    "RUN apt-get update \\",
    "  && apt-get install -y --no-install-recommends ffmpeg util-linux tini \\",
    "  && rm -rf /var/lib/apt/lists/*",
    `RUN npm install --global capcloud-agent@${version} && npm cache clean --force`,
    "# What ffmpeg reads is strangers' files: nothing here runs as root.",
    `RUN install -d -o node -g node -m 700 ${WORK}`,
    "USER node",
    `ENV CAPCLOUD_WORKSPACE=${WORK}/agent XDG_CACHE_HOME=${WORK}/cache LOG_FORMAT=json`,
    `VOLUME ${WORK}`,
    ...(healthPort === null ? [] : [healthcheck(healthPort)]),
    "STOPSIGNAL SIGTERM",
    'ENTRYPOINT ["tini", "--", "capcloud-agent"]',
    "",
  ].join("\n");
}

function healthcheck(port: number): string {
  const ask = `fetch('http://127.0.0.1:${port}/healthz').then(a => process.exit(a.ok ? 0 : 1), () => process.exit(1))`;
  return `HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "-e", "${ask}"]`;
}

export function composeFile(spec: ServiceSpec): string {
  const environment = Object.entries(spec.environment).map(
    ([name, value]) => `      ${name}: ${string(value)}`,
  );
  return [
    `# Made by \`capcloud-agent service --docker\` ${spec.version}. Start it with: docker compose up -d --build`,
    "services:",
    "  agent:",
    "    build: .",
    "    restart: on-failure",
    `    stop_grace_period: ${stopSeconds(spec)}s`,
    "    read_only: true",
    "    cap_drop: [ALL]",
    "    security_opt: [no-new-privileges:true]",
    "    tmpfs: [/tmp]",
    "    # As much as you want to lend. An encode takes 0.5 GB with two cores, of 4K to 4K 1.5 GB, and more with more cores.",
    "    # mem_limit: 4g",
    "    # cpus: 4",
    "    environment:",
    ...environment,
    "      CAPCLOUD_KEY_FILE: /run/secrets/key",
    "    secrets: [key]",
    `    volumes: [work:${WORK}]`,
    "    # Docker's own rules let nobody make namespaces inside a container, so ffmpeg is held by limits alone there;",
    "    # `check` says so. To confine it as on a bare machine, add to security_opt: seccomp:unconfined and apparmor:unconfined",
    "    #",
    "    # A GPU by VAAPI or Quick Sync (the numbers of the groups: getent group render video):",
    "    # devices: [/dev/dri]",
    '    # group_add: ["992", "44"]',
    "    #",
    "    # A GPU of NVIDIA (with its container toolkit; Debian's ffmpeg knows NVENC):",
    "    # deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu, video, utility]}]}}}",
    "secrets:",
    "  key:",
    "    # The container's user (1000) must be able to read it.",
    `    file: ${string(spec.keyFile)}`,
    "volumes:",
    "  work:",
    "",
  ].join("\n");
}

/** A YAML string that means itself; compose fills in variables unless the dollar is doubled. */
function string(text: string): string {
  return JSON.stringify(text.replaceAll("$", "$$$$"));
}
