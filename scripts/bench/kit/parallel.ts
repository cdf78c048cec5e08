/** Does the same many times, some at once: connecting agents, sending files. */

const AT_ONCE = 16;

export async function inParallel(count: number, act: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
