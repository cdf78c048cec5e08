/**
 * What outlives an agent's connection: what it can do, what it failed at by its own fault, and how fast it
 * proved to be. Whether it is online is told by its socket, never by a row here.
 */
import type { Capabilities, JobKind } from "#protocol";
import { first, type Sql } from "./sql.ts";

export interface AgentRecord {
  agentId: string;
  label: string;
  bootId: string;
  version: string;
  capabilities: Capabilities;
  /** Until when it gets none of a kind. */
  drained: Partial<Record<JobKind, number>>;
  /** Cost units per second, by kind. */
  speed: Partial<Record<JobKind, number>>;
  seenAt: number;
  /** Jobs it has finished, and leases it has lost. */
  done: number;
  losses: number;
}

type Row = Record<keyof AgentRecord, string | number> & Pick<AgentRecord, "seenAt" | "done" | "losses">;

export interface AgentStore {
  find(agentId: string): AgentRecord | null;
  save(agent: AgentRecord): void;
  list(limit: number): AgentRecord[];
  setSpeed(agentId: string, speed: AgentRecord["speed"]): void;
  countDone(agentId: string, done: number): void;
  countLosses(agentId: string, lost: number): void;
  /** Its link ended then. */
  noteSeen(agentId: string, seenAt: number): void;
}

export function createAgentStore(sql: Sql): AgentStore {
  return {
    find: (agentId) => {
      const row = first(sql.exec<Row>("select * from agents where agentId = ?", agentId));
      return row && fromRow(row);
    },
    save: (agent) =>
      void sql.exec(
        `insert or replace into agents
           (agentId, label, bootId, version, capabilities, drained, speed, seenAt, done, losses)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[agent.agentId, agent.label, agent.bootId, agent.version, JSON.stringify(agent.capabilities)],
        ...[JSON.stringify(agent.drained), JSON.stringify(agent.speed), agent.seenAt],
        ...[agent.done, agent.losses],
      ),
    list: (limit) =>
      sql.exec<Row>("select * from agents order by seenAt desc limit ?", limit).toArray().map(fromRow),
    setSpeed: (agentId, speed) =>
      void sql.exec("update agents set speed = ? where agentId = ?", JSON.stringify(speed), agentId),
    countDone: (agentId, done) =>
      void sql.exec("update agents set done = done + ? where agentId = ?", done, agentId),
    countLosses: (agentId, lost) =>
      void sql.exec("update agents set losses = max(0, losses + ?) where agentId = ?", lost, agentId),
    noteSeen: (agentId, seenAt) =>
      void sql.exec("update agents set seenAt = max(seenAt, ?) where agentId = ?", seenAt, agentId),
  };
}

function fromRow(row: Row): AgentRecord {
  return {
    agentId: String(row.agentId),
    label: String(row.label),
    bootId: String(row.bootId),
    version: String(row.version),
    capabilities: JSON.parse(String(row.capabilities)) as Capabilities,
    drained: JSON.parse(String(row.drained)) as AgentRecord["drained"],
    speed: JSON.parse(String(row.speed)) as AgentRecord["speed"],
    seenAt: row.seenAt,
    done: row.done,
    losses: row.losses,
  };
}
