/**
 * The coordinator's own tables, as numbered steps that only ever grow: a running object may be older or newer
 * than its database for some minutes (deploys are deferred), so steps add and never rename or drop (but an index that nothing asks any more).
 */
import { first, type Sql } from "./sql.ts";

const STEPS: readonly string[] = [
  `
  create table jobs (
    id text primary key,
    fileId text not null, kind text not null, version text not null, sourceEtag text not null, part text not null,
    owner text not null, shard text not null, planId text,
    rank integer not null, turn integer not null, position integer not null, cost real not null,
    workMs real not null, recipe text, inputs text not null, makes text not null,
    state text not null, epoch integer not null, attempts integer not null, losses integer not null,
    faults integer not null, tries integer not null,
    agentId text, bootId text, secretHash text, formerEpoch integer, formerHash text, slot text,
    leaseEnd real, deadline real, notBefore real, waitingSince real not null, ageAt real not null,
    avoid text, fraction real not null, error text,
    prefixes text not null, manifest text, objects text not null,
    createdAt real not null, startedAt real, finishedAt real
  );
  create unique index jobs_by_key on jobs (fileId, kind, version, sourceEtag, part);
  create index jobs_waiting on jobs (owner, kind, turn, position, id) where state = 'ready';
  create index jobs_ageing on jobs (ageAt) where state = 'ready' and turn > 0;
  create index jobs_avoiding on jobs (waitingSince) where state = 'ready' and losses >= 2;
  create index jobs_leased on jobs (leaseEnd) where state = 'leased';
  create index jobs_held on jobs (agentId) where state = 'leased';
  create index jobs_set_aside on jobs (state) where state in ('blocked', 'dead');
  create index jobs_later on jobs (notBefore) where state in ('retry_wait', 'committing');

  create table parents (jobId text not null, parentId text not null, primary key (jobId, parentId)) without rowid;
  create index parents_by_parent on parents (parentId);

  create table wishes (
    key text primary key, jobId text not null, name text not null, epoch integer not null,
    size integer not null, type text not null, md5 text, uploadId text
  ) without rowid;
  create index wishes_by_job on wishes (jobId, name, epoch);

  create table claims (
    planId text not null, track text not null, segment integer not null,
    jobId text not null, objectKey text not null, size integer not null, etag text not null,
    offset integer not null, length integer not null, initOffset integer not null, initLength integer not null,
    codecs text not null, start integer not null, duration integer not null,
    primary key (planId, track, segment)
  ) without rowid;
  create index claims_by_job on claims (jobId);

  create table files (
    fileId text primary key, version integer not null, cancelled integer not null,
    planId text, plan text, planSaved integer not null default 0, changedAt real not null
  ) without rowid;
  create index files_by_plan on files (planId);

  create table outbox (
    id integer primary key autoincrement, fileId text not null, jobId text not null,
    tries integer not null, notBefore real not null, createdAt real not null, error text
  );
  create unique index outbox_by_job on outbox (jobId);
  create index outbox_due on outbox (notBefore);
  create index outbox_by_file on outbox (fileId);

  create table agents (
    agentId text primary key, label text not null, bootId text not null, version text not null,
    capabilities text not null, drained text not null, speed text not null, seenAt real not null
  ) without rowid;

  create table replies (
    agentId text not null, bootId text not null, seq integer not null, frame text not null,
    primary key (agentId, bootId, seq)
  ) without rowid;
  `,
  `
  alter table jobs add column needs text not null default 'io';
  update jobs set needs = 'encoder' where kind = 'video';
  alter table jobs add column startMs real not null default 0;
  update jobs set startMs = position;
  alter table jobs add column hedgeOf text;
  alter table jobs add column askedAt real;
  create index jobs_next on jobs (owner, kind, needs, turn, position, id) where state = 'ready';
  create index jobs_asked on jobs (askedAt) where state = 'ready' and askedAt is not null;
  create index jobs_hedging on jobs (hedgeOf) where hedgeOf is not null;
  alter table claims add column frames integer not null default 0;
  alter table files add column front real not null default 0;
  alter table files add column head text;
  alter table files add column holders text not null default '[]';
  `,
  `
  alter table jobs add column history text not null default '[]';
  `,
  `
  alter table agents add column done integer not null default 0;
  alter table agents add column losses integer not null default 0;
  create table orders (
    agentId text primary key, tier integer not null, state text not null, changedAt real not null
  ) without rowid;
  create table refusals (
    agentId text primary key, message text not null, version text, at real not null
  ) without rowid;
  `,
  `
  create index jobs_held_by_owner on jobs (owner) where state = 'leased';
  create index jobs_encoding on jobs (startedAt) where state = 'leased' and kind = 'video';
  `,
  `
  create table counters (name text primary key, value real not null) without rowid;
  `,
  `
  create index jobs_lost on jobs (waitingSince) where state = 'ready' and losses >= 1;
  create index jobs_suspected on jobs (agentId) where state = 'leased' and losses >= 1;
  `,
  `
  drop index jobs_waiting;
  create index jobs_since on jobs (kind, needs, waitingSince) where state = 'ready';
  `,
  `
  alter table files add column added text not null default '[]';
  `,
  `
  create table absences (
    agentId text primary key, since real not null, leases integer not null, told integer not null
  ) without rowid;
  create index absences_untold on absences (since) where told = 0;
  `,
  // A film's first rectangle has a rank of its own, 2: what came after what is awaited moves down by one. To an older
  // object, for its last minutes, some jobs are a rank lower: they are made a little later.
  `
  update jobs set rank = rank + 1, turn = case when turn >= 2 then turn + 1 else turn end where rank >= 2;
  `,
];

export function migrate(sql: Sql): void {
  sql.exec("create table if not exists schema_version (version integer not null)");
  const done =
    first(sql.exec<{ version: number }>("select max(version) as version from schema_version"))?.version ?? 0;
  for (const [at, step] of STEPS.entries()) {
    if (at < done) continue;
    sql.exec(step);
    sql.exec("insert into schema_version (version) values (?)", at + 1);
  }
}
