/** The used bytes of each shard, twice: as the counters have them, and recomputed from the rows alone. */
export const SUMS = `
  SELECT shard AS name, SUM(bytes) AS bytes FROM (
    SELECT shard, size AS bytes FROM files WHERE state IN ('pending', 'stored')
    UNION ALL
    SELECT files.shard, renditions.size FROM renditions JOIN files ON files.id = renditions.file_id
      WHERE files.state = 'stored' AND renditions.state = 'ready' AND renditions.object_key IS NOT NULL
    UNION ALL
    SELECT files.shard, rectangles.size FROM rectangles JOIN files ON files.id = rectangles.file_id
      WHERE files.state = 'stored'
  ) GROUP BY shard`;

export async function usedBytes(database: D1Database, shards: readonly string[]) {
  const byShard = async (query: string) => {
    const { results } = await database.prepare(query).all<{ name: string; bytes: number }>();
    return Object.fromEntries(
      shards.map((name) => [name, results.find((row) => row.name === name)?.bytes ?? 0]),
    );
  };
  return {
    counted: await byShard("SELECT name, used_bytes AS bytes FROM shards"),
    summed: await byShard(SUMS),
  };
}
