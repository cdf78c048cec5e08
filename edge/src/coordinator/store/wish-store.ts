/**
 * Objects that an attempt was given addresses for. A completion is looked up here, newest epoch first, so an
 * adopted attempt finds what it uploaded before under the key it had then.
 */
import type { ObjectWish } from "#protocol";
import { first, type Sql, type SqlValue } from "./sql.ts";

export interface Wish extends Record<string, SqlValue> {
  key: string;
  jobId: string;
  name: string;
  epoch: number;
  size: number;
  type: string;
  md5: string | null;
  /** Of a multipart upload, once it has been begun. */
  uploadId: string | null;
}

export interface WishStore {
  find(key: string): Wish | null;
  /** Asking again for the same key with another size or type replaces the wish. */
  note(jobId: string, epoch: number, key: string, wish: ObjectWish): Wish;
  setUpload(key: string, uploadId: string): void;
  /** Newest epoch first; only below the given prefixes. */
  candidates(jobId: string, name: string, prefixes: readonly string[]): Wish[];
  dropJob(jobId: string): void;
}

export function createWishStore(sql: Sql): WishStore {
  const find = (key: string) => first(sql.exec<Wish>("select * from wishes where key = ?", key));
  return {
    find,
    note: (jobId, epoch, key, wish) => {
      const md5 = wish.md5 ?? null;
      sql.exec(
        `insert into wishes (key, jobId, name, epoch, size, type, md5, uploadId) values (?, ?, ?, ?, ?, ?, ?, null)
         on conflict (key) do update set size = excluded.size, type = excluded.type, md5 = excluded.md5`,
        ...[key, jobId, wish.name, epoch, wish.size, wish.type, md5],
      );
      const { name, size, type } = wish;
      return find(key) ?? { key, jobId, name, epoch, size, type, md5, uploadId: null };
    },
    setUpload: (key, uploadId) =>
      void sql.exec("update wishes set uploadId = ? where key = ?", uploadId, key),
    candidates: (jobId, name, prefixes) =>
      sql
        .exec<Wish>("select * from wishes where jobId = ? and name = ? order by epoch desc", jobId, name)
        .toArray()
        .filter(({ key }) => prefixes.some((prefix) => key === prefix + name)),
    dropJob: (jobId) => void sql.exec("delete from wishes where jobId = ?", jobId),
  };
}
