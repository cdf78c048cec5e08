/**
 * D1 in a simulation: the real migrations on node:sqlite, behind the binding that drizzle speaks to. A request
 * takes its time, may fail before or after it was done, and a batch is one transaction.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Health } from "./faults.ts";
import type { Chance } from "./random.ts";
import type { World } from "./world.ts";

const FOLDER = join(import.meta.dirname, "../../../../migrations");
/** D1's limit for one statement. */
const MOST_PARAMETERS = 100;
/** One way, in milliseconds. */
const LATENCY_MS = 12;

type Rows = Record<string, unknown>[];

export class Catalogue {
  readonly database = new DatabaseSync(":memory:");
  readonly health = new Health(() => new Error("D1_ERROR: Network connection lost."));
  /** Called after each write that was done. */
  written: () => void = () => {};
  /** SQLite itself said no: a statement that is wrong, or breaks a rule of the tables. */
  refused: (error: unknown) => void = () => {};
  readonly #world: World;
  readonly #chance: Chance;
  readonly #statements = new Map<string, StatementSync>();

  constructor(world: World, chance: Chance) {
    this.#world = world;
    this.#chance = chance;
    this.database.exec("pragma foreign_keys = on");
    for (const sql of migrations()) this.database.exec(sql);
  }

  /** At once, by whoever checks. */
  rows<Row>(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#statement(sql, false).all(...parameters) as Row[];
  }

  /** As Workers see it. */
  binding(): D1Database {
    const prepare = (sql: string) => new Prepared(this, sql, []);
    const batch = (list: Prepared[]) =>
      this.#ask("d1 batch", () =>
        this.#together(() => list.map(({ sql, values }) => this.answer(sql, values))),
      );
    // Only what drizzle's driver calls.
    return { prepare, batch } as unknown as D1Database;
  }

  ask<T>(sql: string, act: () => T): Promise<T> {
    return this.#ask(`d1 ${sql.slice(0, 40)}`, () => this.#together(act));
  }

  answer(sql: string, values: SQLInputValue[]) {
    return { success: true, results: this.#all(sql, values, false), meta: {} };
  }

  raw(sql: string, values: SQLInputValue[]): unknown[][] {
    return this.#all(sql, values, true) as unknown as unknown[][];
  }

  #ask<T>(label: string, act: () => T): Promise<T> {
    const done = () => {
      const value = act();
      this.written();
      return value;
    };
    return this.#world.request(label, this.#chance, LATENCY_MS, done, () =>
      this.health.fate(this.#world.now),
    );
  }

  #together<T>(act: () => T): T {
    this.database.exec("begin");
    try {
      const value = act();
      this.database.exec("commit");
      return value;
    } catch (error) {
      this.refused(error);
      this.database.exec("rollback");
      throw error;
    }
  }

  #all(sql: string, values: SQLInputValue[], arrays: boolean): Rows {
    if (values.length > MOST_PARAMETERS) throw new Error("D1_ERROR: too many SQL variables");
    return this.#statement(sql, arrays).all(...values);
  }

  #statement(sql: string, arrays: boolean): StatementSync {
    const key = `${arrays ? "a" : "o"} ${sql}`;
    const known = this.#statements.get(key);
    if (known) return known;
    const statement = this.database.prepare(sql);
    statement.setReturnArrays(arrays);
    this.#statements.set(key, statement);
    return statement;
  }
}

class Prepared {
  readonly #catalogue: Catalogue;
  readonly sql: string;
  readonly values: SQLInputValue[];

  constructor(catalogue: Catalogue, sql: string, values: SQLInputValue[]) {
    this.#catalogue = catalogue;
    this.sql = sql;
    this.values = values;
  }

  bind(...values: SQLInputValue[]): Prepared {
    return new Prepared(this.#catalogue, this.sql, values);
  }

  all() {
    return this.#catalogue.ask(this.sql, () => this.#catalogue.answer(this.sql, this.values));
  }

  run() {
    return this.all();
  }

  raw() {
    return this.#catalogue.ask(this.sql, () => this.#catalogue.raw(this.sql, this.values));
  }

  async first() {
    return (await this.all()).results[0] ?? null;
  }
}

let texts: string[] | null = null;
function migrations(): string[] {
  texts ??= readdirSync(FOLDER)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => readFileSync(join(FOLDER, name), "utf8"));
  return texts;
}
