/**
 * Whoever waits inside the object for something to be made: in memory only, bounded in time and number. A
 * viewer who left is never seen, so waits lapse, and a viewer's newest wait ends the one before it.
 */

/** Waits at once; beyond them the answer is "not yet" at once. */
const MAX_WAITS = 500;
const MAX_WAITS_PER_FILE = 64;

interface Wait {
  topic: string;
  fileId: string;
  viewer: string | undefined;
  end: (happened: boolean) => void;
}

export interface Waiters {
  /** True when the topic was called before `ms` were over; false at once where too many wait already. */
  wait(topic: string, fileId: string, ms: number, viewer?: string): Promise<boolean>;
  call(topic: string): void;
  /** The file is gone: nobody need wait for anything of it. */
  endFile(fileId: string): void;
  count(): number;
}

export function createWaiters(): Waiters {
  const waits = new Set<Wait>();
  const endWhere = (matches: (wait: Wait) => boolean, happened: boolean) => {
    for (const wait of waits) if (matches(wait)) wait.end(happened);
  };
  return {
    wait: (topic, fileId, ms, viewer) => {
      if (viewer !== undefined) endWhere((wait) => wait.viewer === viewer && wait.topic !== topic, false);
      const ofFile = [...waits].filter((wait) => wait.fileId === fileId).length;
      if (waits.size >= MAX_WAITS || ofFile >= MAX_WAITS_PER_FILE) return Promise.resolve(false);
      return new Promise((resolve) => {
        const wait: Wait = {
          topic,
          fileId,
          viewer,
          end: (happened) => {
            clearTimeout(timer);
            waits.delete(wait);
            resolve(happened);
          },
        };
        const timer = setTimeout(() => wait.end(false), ms);
        waits.add(wait);
      });
    },
    call: (topic) => endWhere((wait) => wait.topic === topic, true),
    endFile: (fileId) => endWhere((wait) => wait.fileId === fileId, false),
    count: () => waits.size,
  };
}

export const topics = {
  /** Anything of the file changed. */
  file: (fileId: string) => `file ${fileId}`,
  plan: (fileId: string) => `plan ${fileId}`,
  segment: (planId: string, track: string, segment: number) => `segment ${planId} ${track} ${segment}`,
};
